//! Durations as Prometheus and as Go spell them.
//!
//! Both are signed nanoseconds in an `i64`, as in the originals, hence at most 292 years.
//!
//! * Prometheus: whole numbers with the units `y w d h m s ms`, each at most once, largest first:
//!   `1d12h`. A year has 365 days. No sign, no fraction; `0` needs no unit. Source:
//!   `model.ParseDuration` and `model.Duration.String` of `prometheus/common`.
//! * Go: decimal numbers with the units `h m s ms us µs ns` in any order, with a sign: `-1.5h30m`.
//!   Source: `time.ParseDuration` and `time.Duration.String`.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use crate::syntax::Span;
use std::fmt;

const MICROSECOND: i64 = 1_000;
const MILLISECOND: i64 = 1_000 * MICROSECOND;
const SECOND: i64 = 1_000 * MILLISECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
const YEAR: i64 = 365 * DAY;

/// Prometheus' units, largest first, with whether they are only printed where nothing is left
/// over: 90d is easier to read than 12w6d.
const PROMETHEUS_UNITS: [(&str, i64, bool); 7] = [
    ("y", YEAR, true),
    ("w", WEEK, true),
    ("d", DAY, false),
    ("h", HOUR, false),
    ("m", MINUTE, false),
    ("s", SECOND, false),
    ("ms", MILLISECOND, false),
];

/// Go's units. The micro sign and the Greek letter both mean micro.
const GO_UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", MICROSECOND),
    ("\u{b5}s", MICROSECOND),
    ("\u{3bc}s", MICROSECOND),
    ("ms", MILLISECOND),
    ("s", SECOND),
    ("m", MINUTE),
    ("h", HOUR),
];

/// Why a text is no duration, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct DurationError {
    /// What is wrong.
    pub kind: DurationErrorKind,
    /// The bytes at fault, counted from the start of the text given.
    pub span: Span,
}

/// What can be wrong with a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationErrorKind {
    /// There is no text.
    #[error("empty duration string")]
    Empty,
    /// A number was expected.
    #[error("not a valid duration string")]
    NotANumber,
    /// A number has no unit.
    #[error("missing unit in duration")]
    MissingUnit,
    /// The unit is not known.
    #[error("unknown unit in duration")]
    UnknownUnit,
    /// A unit comes after a smaller one or a second time.
    #[error("duration units must be in descending order")]
    UnitOrder,
    /// The duration does not fit 64 bits of nanoseconds.
    #[error("duration out of range")]
    OutOfRange,
}

fn error(kind: DurationErrorKind, start: usize, end: usize) -> DurationError {
    DurationError { kind, span: Span::new(start, end) }
}

/// Reads a duration in Prometheus' spelling; gives nanoseconds.
///
/// # Errors
/// [`DurationError`] with the place.
///
/// ```
/// use telemetry_core::time::duration::parse_prometheus;
/// assert_eq!(parse_prometheus("1h30m"), Ok(5_400_000_000_000));
/// assert!(parse_prometheus("30m1h").is_err());
/// ```
pub fn parse_prometheus(text: &str) -> Result<i64, DurationError> {
    match text {
        "" => return Err(error(DurationErrorKind::Empty, 0, 0)),
        "0" => return Ok(0),
        _ => {}
    }
    let mut total: i64 = 0;
    let mut units_left: &[(&str, i64, bool)] = &PROMETHEUS_UNITS;
    let mut at = 0;
    while at < text.len() {
        let number_end = at + run(text, at, |byte| byte.is_ascii_digit());
        if number_end == at {
            return Err(error(DurationErrorKind::NotANumber, at, text.len()));
        }
        let unit_end = number_end + run(text, number_end, |byte| !byte.is_ascii_digit());
        let unit = text.get(number_end..unit_end).unwrap_or_default();
        let Some(position) = units_left.iter().position(|(name, ..)| *name == unit) else {
            let kind = match unit {
                "" => DurationErrorKind::MissingUnit,
                _ if PROMETHEUS_UNITS.iter().any(|(name, ..)| *name == unit) => {
                    DurationErrorKind::UnitOrder
                }
                _ => DurationErrorKind::UnknownUnit,
            };
            return Err(error(kind, number_end, unit_end));
        };
        let unit_nanos = units_left.get(position).map_or(0, |(_, nanos, _)| *nanos);
        units_left = units_left.get(position + 1..).unwrap_or_default();
        // The digits are ASCII, so all that can go wrong is the range.
        let number = text.get(at..number_end).and_then(|digits| digits.parse::<i64>().ok());
        total = number
            .and_then(|number| number.checked_mul(unit_nanos))
            .and_then(|nanos| nanos.checked_add(total))
            .ok_or_else(|| error(DurationErrorKind::OutOfRange, 0, text.len()))?;
        at = unit_end;
    }
    Ok(total)
}

/// Bytes from `at` on that satisfy `is_in`.
fn run(text: &str, at: usize, is_in: impl Fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    rest.iter().take_while(|byte| is_in(**byte)).count()
}

/// Prints nanoseconds as Prometheus does, in whole milliseconds: `1h30m`, `90d`, `0s`.
#[derive(Clone, Copy, Debug)]
pub struct Prometheus(pub i64);

impl fmt::Display for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = (self.0 / MILLISECOND).unsigned_abs();
        if rest == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        for (name, nanos, exact) in PROMETHEUS_UNITS {
            let unit = (nanos / MILLISECOND).unsigned_abs();
            let count = rest / unit;
            if count > 0 && (!exact || rest.is_multiple_of(unit)) {
                write!(f, "{count}{name}")?;
                rest -= count * unit;
            }
        }
        Ok(())
    }
}

/// `nanos` as [`Prometheus`] prints them.
pub fn format_prometheus(nanos: i64) -> String {
    Prometheus(nanos).to_string()
}

/// Reads a duration in Go's spelling; gives nanoseconds.
///
/// # Errors
/// [`DurationError`] with the place.
///
/// ```
/// use telemetry_core::time::duration::parse_go;
/// assert_eq!(parse_go("-1.5h"), Ok(-5_400_000_000_000));
/// assert!(parse_go("1d").is_err());
/// ```
pub fn parse_go(text: &str) -> Result<i64, DurationError> {
    // The smallest `i64` has no positive counterpart: it is only in range with a minus.
    const LIMIT: u64 = 1 << 63;
    let out_of_range = || error(DurationErrorKind::OutOfRange, 0, text.len());
    let negative = text.starts_with('-');
    let mut at = usize::from(text.starts_with(['-', '+']));
    match text.get(at..).unwrap_or_default() {
        "0" => return Ok(0),
        "" if at == 0 => return Err(error(DurationErrorKind::Empty, 0, 0)),
        "" => return Err(error(DurationErrorKind::NotANumber, 0, at)),
        _ => {}
    }
    let mut total: u64 = 0;
    while at < text.len() {
        let number = GoNumber::read(text, at).ok_or_else(out_of_range)?;
        if number.end == at {
            return Err(error(DurationErrorKind::NotANumber, at, text.len()));
        }
        let unit_end =
            number.end + run(text, number.end, |byte| byte != b'.' && !byte.is_ascii_digit());
        let unit = text.get(number.end..unit_end).unwrap_or_default();
        if number.digits == 0 {
            return Err(error(DurationErrorKind::NotANumber, at, unit_end.max(number.end)));
        }
        let Some((_, unit_nanos)) = GO_UNITS.iter().find(|(name, _)| *name == unit) else {
            let kind = match unit {
                "" => DurationErrorKind::MissingUnit,
                _ => DurationErrorKind::UnknownUnit,
            };
            return Err(error(kind, number.end, unit_end));
        };
        total = number
            .nanos(unit_nanos.unsigned_abs())
            .filter(|nanos| *nanos <= LIMIT)
            .and_then(|nanos| total.checked_add(nanos))
            .filter(|total| *total <= LIMIT)
            .ok_or_else(out_of_range)?;
        at = unit_end;
    }
    match (negative, i64::try_from(total)) {
        (true, Ok(total)) => Ok(-total),
        (true, Err(_)) => Ok(i64::MIN),
        (false, total) => total.map_err(|_| out_of_range()),
    }
}

/// A decimal number of a Go duration.
struct GoNumber {
    whole: u64,
    /// Numerator of the fraction.
    fraction: u64,
    /// Denominator of the fraction.
    scale: f64,
    /// Digits on both sides of the point.
    digits: usize,
    end: usize,
}

impl GoNumber {
    /// `None` where the whole part is out of range.
    fn read(text: &str, start: usize) -> Option<GoNumber> {
        let is_digit = |byte: u8| byte.is_ascii_digit();
        let whole_digits = run(text, start, is_digit);
        let mut end = start + whole_digits;
        let whole = match text.get(start..end)? {
            "" => 0,
            digits => digits.parse::<u64>().ok().filter(|whole| *whole <= 1 << 63)?,
        };
        let mut number = GoNumber { whole, fraction: 0, scale: 1.0, digits: whole_digits, end };
        if text.as_bytes().get(end) != Some(&b'.') {
            return Some(number);
        }
        end += 1;
        let fraction_digits = run(text, end, is_digit);
        for digit in text.as_bytes().get(end..end + fraction_digits)? {
            // Digits past what 63 bits hold make no difference to nanoseconds.
            let next = number.fraction.checked_mul(10);
            let next = next.and_then(|value| value.checked_add(u64::from(digit - b'0')));
            match next.filter(|value| *value <= 1 << 63) {
                Some(value) => number.fraction = value,
                None => break,
            }
            number.scale *= 10.0;
        }
        number.digits += fraction_digits;
        number.end = end + fraction_digits;
        Some(number)
    }

    fn nanos(&self, unit: u64) -> Option<u64> {
        let whole = self.whole.checked_mul(unit)?;
        if self.fraction == 0 {
            return Some(whole);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a fraction of a unit is not negative and at most an hour; Go cuts it off too"
        )]
        let part = (self.fraction as f64 * (unit as f64 / self.scale)) as u64;
        whole.checked_add(part)
    }
}

/// Prints nanoseconds as Go does: `1h30m0s`, `1.5ms`, `0s`.
#[derive(Clone, Copy, Debug)]
pub struct Go(pub i64);

impl fmt::Display for Go {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if nanos == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let [micro, milli, second, minute, hour] =
            [MICROSECOND, MILLISECOND, SECOND, MINUTE, HOUR].map(i64::unsigned_abs);
        if nanos < second {
            let (unit, name) = match nanos {
                _ if nanos < micro => (1, "ns"),
                _ if nanos < milli => (micro, "µs"),
                _ => (milli, "ms"),
            };
            write_decimal(f, nanos, unit)?;
            return f.write_str(name);
        }
        if nanos >= hour {
            write!(f, "{}h", nanos / hour)?;
        }
        if nanos >= minute {
            write!(f, "{}m", nanos % hour / minute)?;
        }
        write_decimal(f, nanos % minute, second)?;
        f.write_str("s")
    }
}

/// Writes `nanos / unit` with as many decimals as are not zero; `unit` is a power of ten.
fn write_decimal(f: &mut fmt::Formatter<'_>, nanos: u64, unit: u64) -> fmt::Result {
    write!(f, "{}", nanos / unit)?;
    let fraction = nanos % unit;
    if fraction == 0 {
        return Ok(());
    }
    let width = usize::try_from(unit.ilog10()).unwrap_or_default();
    let digits = format!("{fraction:0width$}");
    write!(f, ".{}", digits.trim_end_matches('0'))
}

/// `nanos` as [`Go`] prints them.
pub fn format_go(nanos: i64) -> String {
    Go(nanos).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use DurationErrorKind::*;

    #[test]
    fn reads_prometheus_durations() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("00s", 0),
            ("324ms", 324),
            ("3s", 3_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("4d1h", 4 * 86_400_000 + 3_600_000),
            ("3w2d1h", 23 * 86_400_000 + 3_600_000),
            ("1y2w3d4h5m6s7ms", 382 * 86_400_000 + 14_706_007),
        ] {
            assert_eq!(parse_prometheus(text), Ok(millis * MILLISECOND), "{text}");
        }
        for (text, kind, at) in [
            ("", Empty, 0),
            ("1", MissingUnit, 1),
            ("1h1", MissingUnit, 3),
            ("-1s", NotANumber, 0),
            ("m", NotANumber, 0),
            ("1.5h", UnknownUnit, 1),
            ("5 m", UnknownUnit, 1),
            ("1us", UnknownUnit, 1),
            ("1s1m", UnitOrder, 3),
            ("1m1m", UnitOrder, 3),
            ("294y", OutOfRange, 0),
            ("99999999999999999999s", OutOfRange, 0),
            ("292y52w", OutOfRange, 0),
        ] {
            let error = parse_prometheus(text).unwrap_err();
            assert_eq!((error.kind, error.span.start), (kind, at), "{text}");
        }
    }

    #[test]
    fn prints_prometheus_durations() {
        for (text, printed) in [
            ("0", "0s"),
            ("90m", "1h30m"),
            ("24h", "1d"),
            ("48h", "2d"),
            ("7d", "1w"),
            ("8d", "8d"),
            ("90d", "90d"),
            ("365d", "1y"),
            ("1y1d", "366d"),
            ("60s", "1m"),
            ("1500ms", "1s500ms"),
        ] {
            assert_eq!(format_prometheus(parse_prometheus(text).unwrap()), printed);
        }
        assert_eq!(format_prometheus(-90 * SECOND), "-1m30s");
        assert_eq!(format_prometheus(999), "0s");
    }

    #[test]
    fn reads_go_durations() {
        for (text, nanos) in [
            ("0", 0),
            ("+0", 0),
            ("1.5h", 5_400 * SECOND),
            ("1h15m30.918273645s", 4_530_918_273_645),
            ("-.5s", -500 * MILLISECOND),
            ("5.s", 5 * SECOND),
            ("1us", 1_000),
            ("1µs", 1_000),
            ("1μs", 1_000),
            ("1s1h", 3_601 * SECOND),
            ("0.3333333333333333333h", 20 * MINUTE),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("0.830103483285477580700h", 2_988_372_539_827),
        ] {
            assert_eq!(parse_go(text), Ok(nanos), "{text}");
        }
        for (text, kind, at) in [
            ("", Empty, 0),
            ("-", NotANumber, 0),
            ("1", MissingUnit, 1),
            ("1d", UnknownUnit, 1),
            (".", NotANumber, 0),
            (".s", NotANumber, 0),
            ("h", NotANumber, 0),
            ("1h ", UnknownUnit, 1),
            ("9223372036854775808ns", OutOfRange, 0),
            ("3000000h", OutOfRange, 0),
        ] {
            let error = parse_go(text).unwrap_err();
            assert_eq!((error.kind, error.span.start), (kind, at), "{text}");
        }
    }

    #[test]
    fn prints_go_durations() {
        for (nanos, printed) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (5 * MINUTE + 5 * SECOND, "5m5s"),
            (5 * MINUTE + 5_001 * MILLISECOND, "5m5.001s"),
            (HOUR, "1h0m0s"),
            (90 * MINUTE, "1h30m0s"),
            (-MINUTE, "-1m0s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(format_go(nanos), printed);
        }
    }
}
