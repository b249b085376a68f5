//! Walks over a tree.

use super::{Attribute, FieldExpr, Pipeline, ScalarExpr, SpansetExpr, Stage};

impl FieldExpr {
    /// Calls `visit` with every field of the expression, from left to right.
    pub fn attributes<'a>(&'a self, visit: &mut impl FnMut(&'a Attribute)) {
        match self {
            FieldExpr::Static(..) | FieldExpr::Parent(_) => {}
            FieldExpr::Attribute(attribute) => visit(attribute),
            FieldExpr::Unary { operand, .. } => operand.attributes(visit),
            FieldExpr::Binary { left, right, .. } => {
                left.attributes(visit);
                right.attributes(visit);
            }
        }
    }

    /// Whether the value can differ between spans.
    pub fn references_span(&self) -> bool {
        let mut found = matches!(self, FieldExpr::Parent(_));
        self.attributes(&mut |_| found = true);
        found
    }
}

impl SpansetExpr {
    /// Calls `visit` with every field expression and every `select()` list in it.
    pub fn parts<'a>(&'a self, visit: &mut impl FnMut(Part<'a>)) {
        match self {
            SpansetExpr::Filter(filter, _) => visit(Part::Filter(filter)),
            SpansetExpr::Binary { left, right, .. } => {
                left.parts(visit);
                right.parts(visit);
            }
            SpansetExpr::Pipeline(pipeline) => pipeline.parts(visit),
        }
    }
}

/// A piece of a pipeline that names fields.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// The inside of `{ … }`.
    Filter(&'a FieldExpr),
    /// The inside of an aggregate or of `by(…)`.
    Value(&'a FieldExpr),
    /// The list of `select(…)`.
    Select(&'a [Attribute]),
}

impl Pipeline {
    /// Calls `visit` with every field expression and every `select()` list in it.
    pub fn parts<'a>(&'a self, visit: &mut impl FnMut(Part<'a>)) {
        for stage in &self.stages {
            match stage {
                Stage::Spansets(spansets) => spansets.parts(visit),
                Stage::Scalar(filter) => {
                    filter.left.parts(visit);
                    filter.right.parts(visit);
                }
                Stage::By(by, _) => visit(Part::Value(by)),
                Stage::Coalesce(_) => {}
                Stage::Select(attributes, _) => visit(Part::Select(attributes)),
            }
        }
    }
}

impl ScalarExpr {
    fn parts<'a>(&'a self, visit: &mut impl FnMut(Part<'a>)) {
        match self {
            ScalarExpr::Static(..) => {}
            ScalarExpr::Aggregate(aggregate) => {
                aggregate.operand.iter().for_each(|operand| visit(Part::Value(operand)));
            }
            ScalarExpr::Binary { left, right, .. } => {
                left.parts(visit);
                right.parts(visit);
            }
            ScalarExpr::Pipeline(pipeline, scalar, _) => {
                pipeline.parts(visit);
                scalar.parts(visit);
            }
        }
    }
}
