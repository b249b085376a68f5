//! The value of durations.
//!
//! A duration is arithmetic over seconds. Most are fixed by the text; those that name `step()` or
//! `range()` are known with the times of the query.

use super::{CheckError, CheckErrorKind, refuse};
use crate::ast::{Duration, DurationExpr, DurationExprKind, DurationKind, DurationOp};
use telemetry_core::syntax::Span;

/// Milliseconds of a second.
const SECOND: f64 = 1000.0;
/// 2^63 nanoseconds in seconds: Prometheus' durations are below this.
const SECONDS_END: f64 = 9_223_372_036.854_775;

/// The milliseconds of `duration` in a query with this step and this distance of its first and last
/// evaluation time, both in milliseconds and both 0 in an instant query.
///
/// # Errors
/// A division by zero, or a result that is too large or no number. The sign is not checked.
pub fn duration_millis(
    duration: &Duration,
    step_ms: i64,
    range_ms: i64,
) -> Result<i64, CheckError> {
    let expr = match &duration.kind {
        DurationKind::Millis(millis) => return Ok(*millis),
        DurationKind::Expr(expr) => expr,
    };
    let times = Times { step: step_ms as f64 / SECOND, range: range_ms as f64 / SECOND };
    let seconds = times.seconds(expr)?;
    if seconds.is_nan() || seconds.abs() >= SECONDS_END {
        return refuse(CheckErrorKind::DurationOutOfRange, duration.span);
    }
    Ok(millis_of(seconds))
}

/// The milliseconds of a number of seconds that is within bounds. What is left below a millisecond
/// is cut off, as Prometheus does, unless it is only a float's error.
pub(crate) fn millis_of(seconds: f64) -> i64 {
    /// Seconds below 2^33 have at least 20 bits behind the point.
    const FLOAT_ERROR_MS: f64 = 1e-3;
    let millis = seconds * SECOND;
    let nearest = millis.round();
    let whole = if (millis - nearest).abs() < FLOAT_ERROR_MS { nearest } else { millis.trunc() };
    whole as i64
}

/// Whether the text alone says how long `duration` is.
pub fn is_fixed(duration: &Duration) -> bool {
    match &duration.kind {
        DurationKind::Millis(_) => true,
        DurationKind::Expr(expr) => fixed(expr),
    }
}

/// A range or a step: what is known of it is above zero.
pub(super) fn positive(duration: &Duration) -> Result<(), CheckError> {
    match known(duration)? {
        Some(millis) if millis <= 0 => refuse(CheckErrorKind::DurationNotPositive, duration.span),
        _ => Ok(()),
    }
}

/// An offset.
pub(super) fn any_sign(duration: &Duration) -> Result<(), CheckError> {
    known(duration).map(|_| ())
}

fn known(duration: &Duration) -> Result<Option<i64>, CheckError> {
    match &duration.kind {
        DurationKind::Expr(expr) if !fixed(expr) => literal_zeros(expr).map(|()| None),
        _ => duration_millis(duration, 0, 0).map(Some),
    }
}

fn fixed(expr: &DurationExpr) -> bool {
    match &expr.kind {
        DurationExprKind::Number { .. } => true,
        DurationExprKind::Step | DurationExprKind::Range => false,
        DurationExprKind::Negate(inner) | DurationExprKind::Paren(inner) => fixed(inner),
        DurationExprKind::MinOf(left, right)
        | DurationExprKind::MaxOf(left, right)
        | DurationExprKind::Binary(_, left, right) => fixed(left) && fixed(right),
    }
}

/// Refuses divisions by a zero that is written there, in an expression whose value is not known.
fn literal_zeros(expr: &DurationExpr) -> Result<(), CheckError> {
    match &expr.kind {
        DurationExprKind::Number { .. } | DurationExprKind::Step | DurationExprKind::Range => {
            Ok(())
        }
        DurationExprKind::Negate(inner) | DurationExprKind::Paren(inner) => literal_zeros(inner),
        DurationExprKind::MinOf(left, right) | DurationExprKind::MaxOf(left, right) => {
            literal_zeros(left)?;
            literal_zeros(right)
        }
        DurationExprKind::Binary(op, left, right) => {
            literal_zeros(left)?;
            literal_zeros(right)?;
            match right.kind {
                DurationExprKind::Number { value, .. } => divisor(*op, value, right.span),
                _ => Ok(()),
            }
        }
    }
}

fn divisor(op: DurationOp, value: f64, span: Span) -> Result<(), CheckError> {
    match op {
        DurationOp::Divide if value == 0.0 => refuse(CheckErrorKind::DivisionByZero, span),
        DurationOp::Modulo if value == 0.0 => refuse(CheckErrorKind::ModuloByZero, span),
        _ => Ok(()),
    }
}

/// The times of a query, in seconds.
struct Times {
    step: f64,
    range: f64,
}

impl Times {
    fn seconds(&self, expr: &DurationExpr) -> Result<f64, CheckError> {
        Ok(match &expr.kind {
            DurationExprKind::Number { value, .. } => *value,
            DurationExprKind::Step => self.step,
            DurationExprKind::Range => self.range,
            DurationExprKind::Negate(inner) => -self.seconds(inner)?,
            DurationExprKind::Paren(inner) => self.seconds(inner)?,
            DurationExprKind::MinOf(left, right) => self.seconds(left)?.min(self.seconds(right)?),
            DurationExprKind::MaxOf(left, right) => self.seconds(left)?.max(self.seconds(right)?),
            DurationExprKind::Binary(op, left, right) => {
                let (a, b) = (self.seconds(left)?, self.seconds(right)?);
                divisor(*op, b, right.span)?;
                match op {
                    DurationOp::Add => a + b,
                    DurationOp::Subtract => a - b,
                    DurationOp::Multiply => a * b,
                    DurationOp::Divide => a / b,
                    DurationOp::Modulo => a % b,
                    DurationOp::Power => a.powf(b),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Expr;
    use crate::parse::{ParseOptions, parse_unchecked};

    fn range(text: &str) -> Duration {
        let query = format!("a[{text}]");
        match parse_unchecked(&query, &ParseOptions::default()).unwrap() {
            Expr::Matrix(matrix) => matrix.range,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn arithmetic_is_in_seconds() {
        for (text, millis) in [
            ("1h/2", 1_800_000),
            ("-10s+15s", 5_000),
            ("1h30m % 1h", 1_800_000),
            ("2^3^2", 512_000),
            ("-2^2+5", 1_000),
            ("min_of(step(), 1m) + range()", 130_000),
            ("max_of(step() * 2, 1)", 60_000),
            ("1.0005", 1_000),
            ("101d4h42m58s347ms", 8_743_378_347),
        ] {
            assert_eq!(duration_millis(&range(text), 30_000, 100_000), Ok(millis), "{text}");
        }
    }

    #[test]
    fn a_zero_divisor_is_refused_with_its_place() {
        let error = duration_millis(&range("5s/(1-1)"), 0, 0).unwrap_err();
        assert_eq!(error.kind, CheckErrorKind::DivisionByZero);
        assert_eq!(error.span, Span::new(5, 10));
    }

    #[test]
    fn only_fixed_durations_are_judged_by_the_text() {
        assert!(positive(&range("step() - 5s")).is_ok());
        assert!(positive(&range("4s - 5s")).is_err());
        assert!(positive(&range("step() % 0")).is_err());
    }
}
