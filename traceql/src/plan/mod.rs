//! What is decided before a span is looked at.
//!
//! 1. Every field that the query names gets a *slot*; columns are kept by slot.
//! 2. Every filter becomes a [`Predicate`]: logic over tests of one field against a constant, which a
//!    source can answer from its columns, and over the rest, which is evaluated row by row.
//! 3. The tests that a trace must or may hold become the conditions of the request ([`conditions`]).

mod compile;
mod conditions;
mod predicate;

pub(crate) use compile::Expr;
pub(crate) use conditions::request;
pub(crate) use predicate::Predicate;

use telemetry_core::source::span::{AttributeScope, SpanCondition, SpanField, SpanTest};

use crate::ast::{
    Aggregate, AggregateOp, Part, Pipeline, ScalarExpr, SpansetExpr, SpansetOp, Stage,
};
use crate::error::{CheckError, CheckErrorKind};
use telemetry_core::source::span::{Comparison, SpanValue};

/// Fields by slot, and tests of single fields by position.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Fields by slot.
    pub(crate) fields: Vec<SpanField>,
    /// Tests, as the source is asked them.
    pub(crate) tests: Vec<(usize, SpanTest)>,
}

impl Plan {
    /// The slot of a field.
    pub(crate) fn slot(&mut self, field: &SpanField) -> usize {
        match self.fields.iter().position(|known| known == field) {
            Some(slot) => slot,
            None => {
                self.fields.push(field.clone());
                self.fields.len() - 1
            }
        }
    }

    /// The field of a slot.
    pub(crate) fn field(&self, slot: usize) -> SpanField {
        let nowhere = || SpanField::attribute(AttributeScope::Any, "");
        self.fields.get(slot).cloned().unwrap_or_else(nowhere)
    }

    /// The tests as conditions of a request.
    pub(crate) fn conditions(&self) -> Vec<SpanCondition> {
        let condition = |(slot, test): &(usize, SpanTest)| SpanCondition {
            field: self.field(*slot),
            test: test.clone(),
        };
        self.tests.iter().map(condition).collect()
    }
}

/// A pipeline, compiled.
#[derive(Debug)]
pub(crate) struct Steps(pub(crate) Vec<Step>);

/// A stage, compiled.
#[derive(Debug)]
pub(crate) enum Step {
    /// Keeps some spans.
    Spansets(SpansetStep),
    /// Keeps spansets whose aggregate holds a comparison with a constant.
    Scalar {
        /// Which aggregate.
        op: AggregateOp,
        /// Over what; none for `count()`.
        operand: Option<Expr>,
        /// The comparison.
        comparison: Comparison,
        /// The constant.
        bound: SpanValue,
        /// The aggregate's text, under which its value appears in the answer.
        label: String,
    },
    /// Splits spansets.
    By(Expr, String),
    /// Joins spansets.
    Coalesce,
}

/// An expression over sets of spans, compiled.
#[derive(Debug)]
pub(crate) enum SpansetStep {
    /// A filter.
    Filter(Predicate),
    /// Two joined.
    Binary(SpansetOp, Box<SpansetStep>, Box<SpansetStep>),
    /// A pipeline of its own.
    Steps(Steps),
}

impl Steps {
    /// Compiles a pipeline that has been checked. `select()` adds its fields to `plan` only.
    pub(crate) fn compile(plan: &mut Plan, pipeline: &Pipeline) -> Result<Self, CheckError> {
        let mut steps = Vec::with_capacity(pipeline.stages.len());
        for stage in &pipeline.stages {
            match stage {
                Stage::Spansets(expr) => steps.push(Step::Spansets(spanset(plan, expr)?)),
                Stage::Scalar(filter) => {
                    let (ScalarExpr::Aggregate(aggregate), ScalarExpr::Static(bound, _)) =
                        (&filter.left, &filter.right)
                    else {
                        let what = "comparing anything but one aggregate with a constant";
                        let kind = CheckErrorKind::Unsupported { what };
                        return Err(CheckError { kind, span: filter.at.0 });
                    };
                    let Aggregate { op, operand, .. } = aggregate;
                    let operand = match operand {
                        Some(operand) => Some(Expr::compile(plan, operand)?),
                        None => None,
                    };
                    steps.push(Step::Scalar {
                        op: *op,
                        operand,
                        comparison: filter.op,
                        bound: bound.clone(),
                        label: aggregate.to_string(),
                    });
                }
                Stage::By(by, _) => {
                    steps.push(Step::By(Expr::compile(plan, by)?, format!("by({by})")));
                }
                Stage::Coalesce(_) => steps.push(Step::Coalesce),
                Stage::Select(list, _) => {
                    list.iter().for_each(|attribute| {
                        plan.slot(&attribute.field);
                    });
                }
            }
        }
        Ok(Steps(steps))
    }
}

fn spanset(plan: &mut Plan, expr: &SpansetExpr) -> Result<SpansetStep, CheckError> {
    Ok(match expr {
        SpansetExpr::Filter(filter, _) => SpansetStep::Filter(Predicate::compile(plan, filter)?),
        SpansetExpr::Binary { op, left, right, .. } => {
            let (left, right) = (spanset(plan, left)?, spanset(plan, right)?);
            SpansetStep::Binary(*op, Box::new(left), Box::new(right))
        }
        SpansetExpr::Pipeline(pipeline) => SpansetStep::Steps(Steps::compile(plan, pipeline)?),
    })
}

/// Fields whose values belong to the answer of a search: those that filters, aggregates and `by()` look at and
/// those that `select()` names, in the order of the query.
pub(crate) fn shown_fields(pipeline: &Pipeline) -> Vec<SpanField> {
    let mut fields = Vec::<SpanField>::new();
    let mut add = |field: &SpanField| {
        if !fields.contains(field) {
            fields.push(field.clone());
        }
    };
    pipeline.parts(&mut |part| match part {
        Part::Filter(expr) | Part::Value(expr) => expr.attributes(&mut |a| add(&a.field)),
        Part::Select(list) => list.iter().for_each(|a| add(&a.field)),
    });
    fields
}
