//! Durations and sizes as LogQL spells them.
//!
//! Three dialects meet: a window is a Prometheus duration (`1h30m`, whole numbers, units in
//! falling order), a duration in a filter is that or a Go duration (`1.5h`, `-3s`), a size is what
//! the Go package humanize reads (`4k`, `1.5 KiB`, `12MB`, commas ignored).

use super::BadToken;
use telemetry_core::time::duration::{DurationErrorKind, parse_go, parse_prometheus};

/// The nanoseconds of a window: a Prometheus duration.
pub(super) fn parse_range(text: &str) -> Result<i64, BadToken> {
    parse_prometheus(text).map_err(|error| match error.kind {
        DurationErrorKind::Empty => BadToken::EmptyDuration,
        DurationErrorKind::UnknownUnit => {
            BadToken::DurationUnit { unit: error.span.text(text).into(), text: text.into() }
        }
        DurationErrorKind::OutOfRange => BadToken::DurationOverflow,
        _ => BadToken::Duration(text.into()),
    })
}

/// The nanoseconds of a duration in a filter: Prometheus' spelling or Go's.
pub(super) fn parse_duration(text: &str) -> Option<i64> {
    parse_prometheus(text).or_else(|_| parse_go(text)).ok()
}

/// Why a text is no Go duration; printed as Go does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GoDurationError {
    #[error("time: invalid duration {0:?}")]
    Invalid(String),
    #[error("time: missing unit in duration {0:?}")]
    MissingUnit(String),
    #[error("time: unknown unit {unit:?} in duration {text:?}")]
    UnknownUnit { unit: String, text: String },
}

/// The nanoseconds of a Go duration: `-1h2.5m`, `3us`, `0`.
pub(crate) fn parse_go_duration(text: &str) -> Result<i64, GoDurationError> {
    parse_go(text).map_err(|error| match error.kind {
        DurationErrorKind::MissingUnit => GoDurationError::MissingUnit(text.into()),
        DurationErrorKind::UnknownUnit => {
            GoDurationError::UnknownUnit { unit: error.span.text(text).into(), text: text.into() }
        }
        _ => GoDurationError::Invalid(text.into()),
    })
}

/// Why a text is no size; printed as humanize does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BytesError {
    #[error("strconv.ParseFloat: parsing {0:?}: invalid syntax")]
    Number(String),
    #[error("unhandled size name: {0}")]
    Unit(String),
    #[error("too large: {0}")]
    TooLarge(String),
}

/// The bytes of a size: `4k`, `1.5 KiB`, `12 MB`, `1,024`.
pub(crate) fn parse_human_bytes(text: &str) -> Result<u64, BytesError> {
    let end = super::run(text, |c| c.is_ascii_digit() || c == '.' || c == ',');
    let (number, unit) = text.split_at(end);
    let number = number.replace(',', "");
    let value: f64 = match number.parse() {
        Ok(value) if !number.is_empty() => value,
        _ => return Err(BytesError::Number(number)),
    };
    let unit = unit.trim().to_lowercase();
    let scale = byte_scale(&unit).ok_or(BytesError::Unit(unit))?;
    let bytes = value * scale;
    if bytes >= 18_446_744_073_709_551_615.0 {
        return Err(BytesError::TooLarge(text.into()));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked against u64::MAX above")]
    #[expect(clippy::cast_sign_loss, reason = "a size has no sign")]
    Ok(bytes as u64)
}

fn byte_scale(unit: &str) -> Option<f64> {
    let (prefix, base) = match unit {
        "" | "b" => return Some(1.0),
        _ => match (unit.strip_suffix("ib").or_else(|| unit.strip_suffix('i')), unit) {
            (Some(prefix), _) => (prefix, 1024f64),
            (None, unit) => (unit.strip_suffix('b').unwrap_or(unit), 1000f64),
        },
    };
    let power = ["k", "m", "g", "t", "p", "e"].iter().position(|known| *known == prefix)?;
    Some(base.powi(i32::try_from(power).ok()? + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        for (text, nanos) in [
            ("1us", 1_000),
            ("1µs", 1_000),
            ("1h15m30.918273645s", 4_530_918_273_645),
            ("-1s", -1_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("0", 0),
            ("-0", 0),
        ] {
            assert_eq!(parse_go_duration(text), Ok(nanos), "{text}");
        }
        for (text, message) in [
            ("", r#"time: invalid duration """#),
            ("x", r#"time: invalid duration "x""#),
            ("5", r#"time: missing unit in duration "5""#),
            ("1d", r#"time: unknown unit "d" in duration "1d""#),
            ("2weeeeee", r#"time: unknown unit "weeeeee" in duration "2weeeeee""#),
            ("9999999999h", r#"time: invalid duration "9999999999h""#),
        ] {
            assert_eq!(parse_go_duration(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn units_of_a_window_fall() {
        assert_eq!(parse_range("1w2d"), Ok(9 * 86_400_000_000_000));
        assert!(parse_range("1m1h").is_err());
        assert!(parse_range("1m1m").is_err());
        assert!(parse_range(" 1m").is_err());
        assert_eq!(parse_range("300y"), Err(BadToken::DurationOverflow));
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0B", 0),
            ("4k", 4_000),
            ("1kb", 1_000),
            ("12 MB", 12_000_000),
            ("1,5", 15),
            ("13MiB", 13_631_488),
            ("2.5KiB", 2_560),
            ("1Mi", 1 << 20),
            ("42", 42),
        ] {
            assert_eq!(parse_human_bytes(text), Ok(bytes), "{text}");
        }
        assert_eq!(parse_human_bytes("2qb").unwrap_err().to_string(), "unhandled size name: qb");
        assert!(parse_human_bytes("-1").is_err());
        assert!(parse_human_bytes("1.2.3").is_err());
        assert!(parse_human_bytes("99EiB").is_err());
    }
}
