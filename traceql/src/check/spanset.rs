//! Pipelines over sets of spans.

use telemetry_core::source::span::SpanValueKind;

use super::{attribute, kind, refuse, unsupported};
use crate::ast::{Aggregate, FieldExpr, Pipeline, ScalarExpr, ScalarFilter, SpansetExpr, Stage};
use crate::error::{CheckError, CheckErrorKind, TypeName};

pub(super) fn pipeline(pipeline: &Pipeline) -> Result<(), CheckError> {
    pipeline.stages.iter().try_for_each(|stage| match stage {
        Stage::Spansets(spansets) => spanset(spansets),
        Stage::Scalar(filter) => scalar_filter(filter),
        Stage::By(by, at) => {
            if !by.references_span() {
                return refuse(CheckErrorKind::GroupConstant, *at);
            }
            kind::type_of(by).map(|_| ())
        }
        Stage::Coalesce(_) => Ok(()),
        Stage::Select(list, _) => list.iter().try_for_each(attribute),
    })
}

/// The inside of `{ … }`.
pub(super) fn filter(filter: &FieldExpr) -> Result<(), CheckError> {
    match kind::type_of(filter)? {
        TypeName::Attribute | TypeName::Value(SpanValueKind::Bool) => Ok(()),
        found => refuse(CheckErrorKind::FilterType { found }, filter.at()),
    }
}

fn spanset(spansets: &SpansetExpr) -> Result<(), CheckError> {
    match spansets {
        SpansetExpr::Filter(inside, _) => filter(inside),
        SpansetExpr::Binary { left, right, .. } => {
            spanset(left)?;
            spanset(right)
        }
        SpansetExpr::Pipeline(inside) => pipeline(inside),
    }
}

/// Only an aggregate on the left and a constant on the right have a meaning yet.
fn scalar_filter(filter: &ScalarFilter) -> Result<(), CheckError> {
    scalar(&filter.left)?;
    scalar(&filter.right)?;
    match (&filter.left, &filter.right) {
        (ScalarExpr::Aggregate(_), ScalarExpr::Static(..)) => Ok(()),
        _ => unsupported("comparing anything but one aggregate with a constant", filter.at),
    }
}

fn scalar(scalar_expr: &ScalarExpr) -> Result<(), CheckError> {
    match scalar_expr {
        ScalarExpr::Static(..) => Ok(()),
        ScalarExpr::Aggregate(found) => aggregate(found),
        ScalarExpr::Binary { left, right, .. } => {
            scalar(left)?;
            scalar(right)
        }
        ScalarExpr::Pipeline(inside, last, _) => {
            pipeline(inside)?;
            scalar(last)
        }
    }
}

fn aggregate(aggregate: &Aggregate) -> Result<(), CheckError> {
    let Some(operand) = &aggregate.operand else { return Ok(()) };
    match kind::type_of(operand)? {
        TypeName::Attribute => {}
        TypeName::Value(kind) if kind.is_number() => {}
        found => return refuse(CheckErrorKind::AggregateType { found }, operand.at()),
    }
    if operand.references_span() {
        Ok(())
    } else {
        refuse(CheckErrorKind::AggregateConstant, operand.at())
    }
}
