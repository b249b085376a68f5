//! Operators and aggregations.

use telemetry_core::labels::METRIC_NAME;
use telemetry_core::vector::Grouping;

use super::fold::{pair_vectors, with_scalars};
use super::planner::{PlanResult, Planned, Planner, Scope, text};
use super::{Aggregate, Binary, Set, Vector, WithScalar};
use crate::ast::{
    Aggregate as AggregateNode, AggregateOp, Binary as BinaryNode, BinaryOp,
    Grouping as GroupingNode, MatchingLabels,
};
use crate::eval::EvaluationError;

impl BinaryOp {
    /// Whether the result is another quantity than the operands: the metric name goes.
    pub(crate) fn is_arithmetic(self) -> bool {
        let trims = matches!(self, BinaryOp::TrimLower | BinaryOp::TrimUpper);
        !self.is_comparison() && !self.is_set() && !trims
    }
}

impl Planner {
    pub(super) fn vector_binary(&mut self, node: &BinaryNode, scope: Scope) -> PlanResult<Vector> {
        // As in Prometheus: what is around an operator says nothing about its operands.
        let counts_only = std::mem::replace(&mut self.counts_only, false);
        let function = std::mem::take(&mut self.function);
        let planned = self.vector_operands(node, scope);
        (self.counts_only, self.function) = (counts_only, function);
        planned
    }

    fn vector_operands(&mut self, node: &BinaryNode, scope: Scope) -> PlanResult<Vector> {
        let (op, return_bool, span) = (node.op, node.return_bool, node.span);
        match (self.is_scalar(&node.left), self.is_scalar(&node.right)) {
            (true, true) => {
                let scalar = self.scalar(&crate::ast::Expr::Binary(node.clone()), scope)?;
                Ok(Planned { fixed: scalar.fixed, node: Vector::OfScalar(scalar.node) })
            }
            (false, false) => {
                let left = self.vector(&node.left, scope)?;
                let right = self.vector(&node.right, scope)?;
                let grouping = matching(&node.matching.labels);
                if op.is_set() {
                    return Ok(pair_vectors(left, right, |left, right| {
                        Vector::Set(Box::new(Set { op, left, right, grouping, span }))
                    }));
                }
                let group = node.matching.group.as_ref();
                let group = group.map(|group| (group.many, group.include.clone()));
                let fill = node.matching.fill;
                Ok(pair_vectors(left, right, |left, right| {
                    Vector::Binary(Box::new(Binary {
                        op,
                        return_bool,
                        left,
                        right,
                        grouping,
                        group,
                        fill,
                        span,
                    }))
                }))
            }
            (scalar_left, _) => {
                let (vector, scalar) =
                    if scalar_left { (&node.right, &node.left) } else { (&node.left, &node.right) };
                let scalar = self.scalar(scalar, scope)?;
                let (vector, slot) = (self.vector(vector, scope)?, self.slot());
                Ok(with_scalars(vector, [scalar], |vector, [scalar]| {
                    Vector::WithScalar(Box::new(WithScalar {
                        op,
                        return_bool,
                        vector,
                        scalar,
                        scalar_left,
                        span,
                        slot,
                    }))
                }))
            }
        }
    }

    pub(super) fn aggregate(&mut self, node: &AggregateNode, scope: Scope) -> PlanResult<Vector> {
        let op = node.op;
        let mut label = Box::<str>::default();
        let mut parameter = None;
        match (op, node.param.as_deref()) {
            (AggregateOp::CountValues, Some(param)) => {
                let (name, span) = text(param)?;
                if !self.is_label_name(name) {
                    return Err(EvaluationError::LabelName { name: name.into(), span });
                }
                label = name.into();
            }
            (_, Some(param)) => parameter = Some(self.scalar(param, scope)?),
            (_, None) => {}
        }
        let function = std::mem::replace(&mut self.function, op.name());
        let input = self.vector(&node.expr, scope)?;
        self.function = function;
        let grouping = match &node.grouping {
            GroupingNode::By(names) => Grouping::By(names.clone()),
            GroupingNode::Without(names) => without(names),
        };
        let span = node.expr.span();
        let parameter_span = node.param.as_ref().map_or(node.span, |param| param.span());
        let aggregate = |input, parameter| {
            Vector::Aggregate(Box::new(Aggregate {
                op,
                grouping,
                input,
                parameter,
                label,
                span,
                parameter_span,
            }))
        };
        Ok(match parameter {
            Some(parameter) => with_scalars(input, [parameter], |input, [parameter]| {
                aggregate(input, Some(parameter))
            }),
            None => Planned { fixed: input.fixed, node: aggregate(input.node, None) },
        })
    }
}

fn matching(labels: &MatchingLabels) -> Grouping {
    match labels {
        MatchingLabels::On(names) => Grouping::By(names.clone()),
        MatchingLabels::Ignoring(names) => without(names),
    }
}

/// All labels but `names` and the metric name.
fn without(names: &[Box<str>]) -> Grouping {
    Grouping::Without(names.iter().cloned().chain([METRIC_NAME.into()]).collect())
}
