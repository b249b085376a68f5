//! Scalars, folded as far as they do not depend on the step.

use super::planner::{PlanResult, Planned, Planner, Scope, strip};
use super::{Scalar, Vector};
use crate::ast::{Call, Expr, UnaryOp, ValueType};
use crate::check::type_of;
use crate::eval::{EvaluationError, scalar_arithmetic};
use crate::functions::{greatest, least};

impl Planner {
    pub(super) fn is_scalar(&self, expr: &Expr) -> bool {
        type_of(expr) == ValueType::Scalar
    }

    /// An expression that must be a scalar.
    pub(super) fn scalar(&mut self, expr: &Expr, scope: Scope) -> PlanResult<Scalar> {
        match strip(expr) {
            Expr::Number(node) => Ok(Planned::fixed(Scalar::Constant(node.value))),
            Expr::Unary(node) => {
                let inner = self.scalar(&node.expr, scope)?;
                Ok(match (node.op, inner.node) {
                    (UnaryOp::Plus, node) => Planned { node, fixed: inner.fixed },
                    (_, Scalar::Constant(value)) => Planned::fixed(Scalar::Constant(-value)),
                    (_, node) => {
                        Planned { node: Scalar::Negate(Box::new(node)), fixed: inner.fixed }
                    }
                })
            }
            Expr::Binary(node) => {
                let left = self.scalar(&node.left, scope)?;
                let right = self.scalar(&node.right, scope)?;
                if let (Scalar::Constant(a), Scalar::Constant(b)) = (&left.node, &right.node) {
                    let value = scalar_arithmetic(node.op, *a, *b);
                    return Ok(Planned::fixed(Scalar::Constant(value)));
                }
                let op = node.op;
                Ok(pair(left, right, |left, right| Scalar::Binary { op, left, right }))
            }
            Expr::Call(node) => self.scalar_call(node, scope),
            other => Err(EvaluationError::Misplaced { span: other.span() }),
        }
    }

    fn scalar_call(&mut self, node: &Call, scope: Scope) -> PlanResult<Scalar> {
        let grid = self.settings.grid;
        let constant = |value| Ok(Planned::fixed(Scalar::Constant(value)));
        let seconds = |millis: i64| millis as f64 / 1e3;
        match (&*node.name, node.args.as_slice()) {
            ("pi", []) => constant(std::f64::consts::PI),
            ("time", []) => Ok(Planned::varying(Scalar::Time)),
            ("start", []) => constant(seconds(grid.start)),
            ("end", []) => constant(seconds(self.settings.end)),
            ("range", []) => constant(seconds(self.settings.end.saturating_sub(grid.start))),
            ("step", []) if !self.settings.is_range => constant(0.0),
            ("step", []) => constant(seconds(grid.step)),
            ("scalar", [input]) => {
                let input = self.vector(input, scope)?;
                let fixed = input.fixed;
                Ok(Planned { node: Scalar::OfVector(Box::new(input.node)), fixed })
            }
            (name @ ("min_of" | "max_of"), [left, right]) => {
                let (left, right) = (self.scalar(left, scope)?, self.scalar(right, scope)?);
                let is_least = name == "min_of";
                match (&left.node, &right.node) {
                    (Scalar::Constant(a), Scalar::Constant(b)) => {
                        constant(if is_least { least(*a, *b) } else { greatest(*a, *b) })
                    }
                    _ if is_least => Ok(pair(left, right, Scalar::Least)),
                    _ => Ok(pair(left, right, Scalar::Greatest)),
                }
            }
            _ => Err(EvaluationError::Misplaced { span: node.span }),
        }
    }
}

fn pair(
    left: Planned<Scalar>,
    right: Planned<Scalar>,
    join: impl FnOnce(Box<Scalar>, Box<Scalar>) -> Scalar,
) -> Planned<Scalar> {
    if left.fixed && right.fixed {
        return Planned::fixed(join(Box::new(left.node), Box::new(right.node)));
    }
    Planned::varying(join(Box::new(left.once()), Box::new(right.once())))
}

/// Two vectors as parts of one node: fixed if both are, else the fixed one is evaluated once.
pub(super) fn pair_vectors(
    left: Planned<Vector>,
    right: Planned<Vector>,
    join: impl FnOnce(Vector, Vector) -> Vector,
) -> Planned<Vector> {
    if left.fixed && right.fixed {
        return Planned::fixed(join(left.node, right.node));
    }
    Planned::varying(join(left.once(), right.once()))
}

/// A vector and scalars as parts of one node.
pub(super) fn with_scalars<const N: usize>(
    vector: Planned<Vector>,
    scalars: [Planned<Scalar>; N],
    join: impl FnOnce(Vector, [Scalar; N]) -> Vector,
) -> Planned<Vector> {
    if vector.fixed && scalars.iter().all(|scalar| scalar.fixed) {
        return Planned::fixed(join(vector.node, scalars.map(|scalar| scalar.node)));
    }
    Planned::varying(join(vector.once(), scalars.map(Planned::<Scalar>::once)))
}
