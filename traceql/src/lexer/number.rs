//! Integers, floats and durations.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::syntax::number::parse_float;
use telemetry_core::time::duration::{parse_go, parse_prometheus};

use super::{TokenKind, failure, rest};
use crate::error::{SyntaxError, SyntaxErrorKind};

/// A duration in Prometheus' or, failing that, Go's spelling, in nanoseconds.
pub(crate) fn duration(text: &str) -> Option<i64> {
    // Both spellings take a bare zero, which is an integer here.
    if !text.ends_with(|c: char| c.is_alphabetic()) {
        return None;
    }
    parse_prometheus(text).or_else(|_| parse_go(text)).ok()
}

/// The number at the start of `text` and its length; none where no number begins.
pub(super) fn number(text: &str) -> Result<Option<(TokenKind, usize)>, SyntaxError> {
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let whole = digits(text);
    let fraction = rest(text, whole).strip_prefix('.').map(digits);
    if whole == 0 && fraction.unwrap_or_default() == 0 {
        return Ok(None);
    }
    let mut len = whole + fraction.map_or(0, |digits| digits + 1);
    let mut float = fraction.is_some();
    if let Some(exponent) = rest(text, len).strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let exponent = digits(rest(exponent, sign));
        if exponent > 0 {
            (len, float) = (len + 1 + sign + exponent, true);
        }
    }
    // A unit right behind makes it a duration, which may go on with more digits and units.
    let unit = |c: char| c.is_ascii_digit() || c == '.' || "nuµμmshdwy".contains(c);
    let end = text.find(|c: char| !unit(c)).unwrap_or(text.len());
    if end > len
        && let Some(nanos) = text.get(..end).and_then(duration)
    {
        return Ok(Some((TokenKind::Duration(nanos), end)));
    }
    let spelling = text.get(..len).unwrap_or_default();
    let kind = if float {
        parse_float(spelling).map(TokenKind::Float).ok()
    } else {
        match spelling.parse::<u64>() {
            Ok(value) if value == i64::MIN.unsigned_abs() => Some(TokenKind::MinInt),
            Ok(value) => i64::try_from(value).map(TokenKind::Int).ok(),
            Err(_) => None,
        }
    };
    match kind {
        Some(kind) => Ok(Some((kind, len))),
        None => Err(failure(SyntaxErrorKind::Number, 0, len)),
    }
}
