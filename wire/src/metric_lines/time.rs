//! Times as lines spell them.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::time::calendar::parse_rfc3339;

use crate::decimal;

/// The spelling of a time. Numbers count from 1970; fractions are rounded to milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeForm {
    /// Seconds: `unix_s`.
    Seconds,
    /// Milliseconds: `unix_ms`.
    Millis,
    /// Microseconds: `unix_us`.
    Micros,
    /// Nanoseconds: `unix_ns`.
    Nanos,
    /// `2026-11-25T06:34:57.5Z`: `rfc3339`.
    Rfc3339,
}

const NAMES: [(&str, TimeForm); 5] = [
    ("unix_s", TimeForm::Seconds),
    ("unix_ms", TimeForm::Millis),
    ("unix_us", TimeForm::Micros),
    ("unix_ns", TimeForm::Nanos),
    ("rfc3339", TimeForm::Rfc3339),
];

impl TimeForm {
    /// The form of this name in a CSV layout.
    pub fn of_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|known| known.0 == name).map(|known| known.1)
    }

    /// Its name in a CSV layout.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|known| known.1 == self).map_or("rfc3339", |known| known.0)
    }

    /// The time in milliseconds; none where the text is not of this form, or out of range.
    pub fn millis(self, text: &str) -> Option<i64> {
        let (more, less) = match self {
            TimeForm::Seconds => (1_000, 1),
            TimeForm::Millis => (1, 1),
            TimeForm::Micros => (1, 1_000),
            TimeForm::Nanos => (1, 1_000_000),
            TimeForm::Rfc3339 => return parse_rfc3339(text).map(|time| time.to_millis().0),
        };
        let plain = decimal::integer(text.as_bytes()).filter(|(_, len)| *len == text.len());
        if let Some(whole) = plain.map(|plain| plain.0).or_else(|| text.parse::<i64>().ok()) {
            return Some(whole.checked_mul(more)?.div_euclid(less));
        }
        // Past this a float does not hold every millisecond.
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        let is_decimal = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        let number = text.parse::<f64>().ok().filter(|_| is_decimal)?;
        let millis = (number * more as f64 / less as f64).round();
        #[expect(clippy::cast_possible_truncation, reason = "checked before")]
        (millis.abs() < EXACT_MAX).then_some(millis as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_gives_milliseconds() {
        let cases = [
            (TimeForm::Seconds, "1700000000", Some(1_700_000_000_000)),
            (TimeForm::Seconds, "1700000000.1234", Some(1_700_000_000_123)),
            (TimeForm::Seconds, "-1", Some(-1_000)),
            (TimeForm::Millis, "7", Some(7)),
            (TimeForm::Micros, "-1", Some(-1)),
            (TimeForm::Nanos, "1999999", Some(1)),
            (TimeForm::Rfc3339, "1970-01-01T00:00:01.5Z", Some(1_500)),
            (TimeForm::Rfc3339, "1", None),
            (TimeForm::Seconds, "9223372036854775807", None),
            (TimeForm::Seconds, "1e300", None),
            (TimeForm::Seconds, "inf", None),
            (TimeForm::Millis, "", None),
            (TimeForm::Millis, " 1", None),
        ];
        for (form, text, millis) in cases {
            assert_eq!(form.millis(text), millis, "{form:?} {text:?}");
        }
        for (name, form) in NAMES {
            assert_eq!((TimeForm::of_name(name), form.as_str()), (Some(form), name));
        }
    }
}
