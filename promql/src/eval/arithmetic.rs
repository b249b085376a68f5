//! Operators between two values.

use std::sync::Arc;

use telemetry_core::model::{CounterReset, Histogram, SampleValue};
use telemetry_core::syntax::Span;

use super::{Evaluator, Note, Row};
use crate::ast::BinaryOp;
use crate::native::{self, Incompatible, Trim, Working};

/// What an operator makes of two floats; of a comparison 1 or 0.
pub(crate) fn scalar_arithmetic(op: BinaryOp, left: f64, right: f64) -> f64 {
    match arithmetic(op) {
        Some(function) => function(left, right),
        None => f64::from(u8::from(holds(op, left, right))),
    }
}

/// The function of an operator that computes; none of one that compares.
fn arithmetic(op: BinaryOp) -> Option<fn(f64, f64) -> f64> {
    Some(match op {
        BinaryOp::Add => |a, b| a + b,
        BinaryOp::Subtract => |a, b| a - b,
        BinaryOp::Multiply => |a, b| a * b,
        BinaryOp::Divide => |a, b| a / b,
        BinaryOp::Modulo => |a, b| a % b,
        BinaryOp::Power => f64::powf,
        BinaryOp::Atan2 => f64::atan2,
        _ => return None,
    })
}

/// Whether a comparison holds.
#[inline]
fn holds(op: BinaryOp, left: f64, right: f64) -> bool {
    match op {
        BinaryOp::Equal => left == right,
        BinaryOp::NotEqual => left != right,
        BinaryOp::Greater => left > right,
        BinaryOp::Less => left < right,
        BinaryOp::GreaterOrEqual => left >= right,
        BinaryOp::LessOrEqual => left <= right,
        _ => false,
    }
}

/// An operator between two rows, at the steps at which both have a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowOperator {
    pub(super) op: BinaryOp,
    pub(super) return_bool: bool,
    /// Whether a comparison that holds gives the value of the right side.
    pub(super) keep_right: bool,
    pub(super) span: Span,
}

/// Applies `$function` to both columns where the operator is known, so that each loop is its own.
macro_rules! columns {
    ($left:expr, $right:expr, $out:expr, $function:expr) => {
        for (slot, (a, b)) in $out.iter_mut().zip($left.iter().zip($right)) {
            *slot = $function(*a, *b);
        }
    };
}

impl RowOperator {
    /// Computes `left op right` into `out`.
    pub(super) fn apply(&self, evaluator: &Evaluator<'_>, left: &Row, right: &Row, out: &mut Row) {
        out.reset(left.steps());
        out.presence.clone_from(&left.presence);
        out.presence.intersect(&right.presence);
        let trims = matches!(self.op, BinaryOp::TrimLower | BinaryOp::TrimUpper);
        if left.has_histograms() || right.has_histograms() || trims {
            self.apply_any(evaluator, left, right, out);
            return;
        }
        match arithmetic(self.op) {
            Some(function) => self.compute(function, left, right, out),
            None => self.compare(left, right, out),
        }
    }

    fn compute(&self, function: fn(f64, f64) -> f64, left: &Row, right: &Row, out: &mut Row) {
        let (left, right) = (&left.floats, &right.floats);
        match self.op {
            BinaryOp::Add => columns!(left, right, out.floats, |a: f64, b: f64| a + b),
            BinaryOp::Subtract => columns!(left, right, out.floats, |a: f64, b: f64| a - b),
            BinaryOp::Multiply => columns!(left, right, out.floats, |a: f64, b: f64| a * b),
            BinaryOp::Divide => columns!(left, right, out.floats, |a: f64, b: f64| a / b),
            _ => columns!(left, right, out.floats, function),
        }
    }

    fn compare(&self, left: &Row, right: &Row, out: &mut Row) {
        if self.return_bool {
            let value = |a, b| f64::from(u8::from(holds(self.op, a, b)));
            columns!(&left.floats, &right.floats, out.floats, value);
            return;
        }
        let kept = if self.keep_right { right } else { left };
        out.floats.copy_from_slice(&kept.floats);
        for at in 0..out.presence.words().len() {
            let word = out.presence.words()[at];
            let mut keep = 0_u64;
            let steps = at * 64..left.floats.len().min(at * 64 + 64);
            let pairs = left.floats[steps.clone()].iter().zip(&right.floats[steps]);
            for (bit, (a, b)) in pairs.enumerate() {
                keep |= u64::from(holds(self.op, *a, *b)) << bit;
            }
            out.presence.set_word(at, word & keep);
        }
    }

    /// Step by step: there may be histograms.
    fn apply_any(&self, evaluator: &Evaluator<'_>, left: &Row, right: &Row, out: &mut Row) {
        let steps: Vec<usize> = out.presence.ones().collect();
        for step in steps {
            let (Some(a), Some(b)) = (left.get(step), right.get(step)) else { continue };
            match self.apply_values(evaluator, &a, &b) {
                Some(value) => out.set(step, value),
                None => out.presence.remove(step),
            }
        }
    }

    fn apply_values(
        &self,
        evaluator: &Evaluator<'_>,
        left: &SampleValue,
        right: &SampleValue,
    ) -> Option<SampleValue> {
        let compared = |holds: bool| {
            let kept = if self.keep_right { right } else { left };
            match (self.return_bool, holds) {
                (true, holds) => Some(SampleValue::Float(f64::from(u8::from(holds)))),
                (false, true) => Some(kept.clone()),
                (false, false) => None,
            }
        };
        match (left, right) {
            (SampleValue::Float(a), SampleValue::Float(b)) => match arithmetic(self.op) {
                Some(function) => Some(SampleValue::Float(function(*a, *b))),
                None if self.op.is_comparison() => compared(holds(self.op, *a, *b)),
                None => self.incompatible(evaluator, left, right),
            },
            (SampleValue::Histogram(a), SampleValue::Histogram(b)) => match self.op {
                BinaryOp::Add | BinaryOp::Subtract => self.joined(evaluator, a, b),
                BinaryOp::Equal => compared(native::equal(a, b)),
                BinaryOp::NotEqual => compared(!native::equal(a, b)),
                _ => self.incompatible(evaluator, left, right),
            },
            (SampleValue::Histogram(a), SampleValue::Float(b)) => match self.op {
                BinaryOp::Multiply => histogram(native::scaled(a, *b)),
                BinaryOp::Divide => histogram(native::divided(a, *b)),
                BinaryOp::TrimUpper => histogram(native::trim(a, Trim::Upper, *b)),
                BinaryOp::TrimLower => histogram(native::trim(a, Trim::Lower, *b)),
                _ => self.incompatible(evaluator, left, right),
            },
            (SampleValue::Float(a), SampleValue::Histogram(b)) => match self.op {
                BinaryOp::Multiply => histogram(native::scaled(b, *a)),
                _ => self.incompatible(evaluator, left, right),
            },
        }
    }

    /// The sum or difference of two histograms.
    fn joined(
        &self,
        evaluator: &Evaluator<'_>,
        left: &Histogram,
        right: &Histogram,
    ) -> Option<SampleValue> {
        let subtract = self.op == BinaryOp::Subtract;
        let operation = if subtract { "subtraction" } else { "addition" };
        let mut working = Working::from(left);
        let remark = |note| evaluator.annotations.add(note, self.span);
        match working.add(right, subtract) {
            Ok(joined) => {
                if joined.collision {
                    remark(Note::ResetCollision { operation });
                }
                if joined.reconciled {
                    remark(Note::ReconciledBuckets { operation });
                }
                if subtract {
                    working.counter_reset = CounterReset::Gauge;
                }
                histogram(working.finish())
            }
            Err(Incompatible) => {
                remark(Note::IncompatibleBuckets { operator: self.op.name() });
                None
            }
        }
    }

    /// Values that the operator cannot join: a remark, and no value.
    fn incompatible(
        &self,
        evaluator: &Evaluator<'_>,
        left: &SampleValue,
        right: &SampleValue,
    ) -> Option<SampleValue> {
        let kind = |value: &SampleValue| match value {
            SampleValue::Float(_) => "float",
            SampleValue::Histogram(_) => "histogram",
        };
        let (left, operator, right) = (kind(left), self.op.name(), kind(right));
        let note = Note::IncompatibleTypes { left, operator, right };
        evaluator.annotations.add(note, self.span);
        None
    }
}

fn histogram(histogram: Histogram) -> Option<SampleValue> {
    Some(SampleValue::Histogram(Arc::new(histogram)))
}
