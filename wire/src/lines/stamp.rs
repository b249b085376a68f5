//! Times at the head of a line, in the spellings that logs use.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::time::calendar::{Civil, parse_rfc3339};

const NANOS: i64 = 1_000_000_000;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Bytes at the head of a line in which a time is looked for.
const HEAD_BYTES: usize = 96;

/// The time of a plain line: at its head, behind an opening bracket, or in the brackets of an access
/// log (`host - - [25/Nov/2026:06:34:57 +0000] …`). A zone that is not written is UTC.
pub fn of_line(line: &[u8]) -> Option<i64> {
    let head = line.get(..HEAD_BYTES.min(line.len()))?;
    let head = match std::str::from_utf8(head) {
        Ok(head) => head,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
    };
    let start = head.trim_start_matches(['[', ' ', '"']);
    date_and_time(start).or_else(|| access_log(head)).or_else(|| epoch(start))
}

/// `2026-11-25T06:34:57.123Z`, `2026-11-25 06:34:57,123`, `2026/11/25 06:34:57`.
pub fn date_and_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let separator = *bytes.get(4)?;
    if !matches!(separator, b'-' | b'/') || *bytes.get(7)? != separator {
        return None;
    }
    if !matches!(bytes.get(10)?, b'T' | b't' | b' ' | b'_') {
        return None;
    }
    let clock = text.get(11..19)?;
    let rest = text.get(19..)?;
    let (fraction, rest) = match rest.strip_prefix(['.', ',']) {
        Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("", rest),
    };
    let (year, month, day) = (text.get(..4)?, text.get(5..7)?, text.get(8..10)?);
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    let zone = zone(rest);
    Some(parse_rfc3339(&format!("{year}-{month}-{day}T{clock}.{fraction}{zone}"))?.0)
}

/// The zone at the head of `rest` as RFC 3339 spells it; UTC where there is none.
fn zone(rest: &str) -> String {
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let digits = |from: usize, to: usize| {
        rest.get(from..to).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let sign = rest.get(..1).filter(|sign| matches!(*sign, "+" | "-"));
    let hours = digits(1, 3);
    let minutes = digits(3, 5).or_else(|| digits(4, 6).filter(|_| rest.get(3..4) == Some(":")));
    match (sign, hours, minutes) {
        (Some(sign), Some(hours), Some(minutes)) => format!("{sign}{hours}:{minutes}"),
        _ => "Z".into(),
    }
}

/// `[25/Nov/2026:06:34:57 +0000]`.
fn access_log(head: &str) -> Option<i64> {
    let text = head.split_once('[')?.1;
    let (day, rest) = text.split_once('/')?;
    let (month, rest) = rest.split_once('/')?;
    let (year, rest) = rest.split_once(':')?;
    let month = number_of_month(month)?;
    let clock = rest.get(..8)?;
    let zone = zone(rest.get(8..)?);
    Some(parse_rfc3339(&format!("{year:0>4}-{month:02}-{day:0>2}T{clock}{zone}"))?.0)
}

/// Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by their size.
fn epoch(text: &str) -> Option<i64> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let whole: i64 = text.get(..length)?.parse().ok()?;
    let scale = match length {
        10 => NANOS,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    let digits = text.get(length..)?.strip_prefix('.').unwrap_or_default();
    let fraction: String = digits.chars().take_while(char::is_ascii_digit).take(9).collect();
    let fraction = format!("{fraction:0<9}").parse::<i64>().ok()? / (NANOS / scale).max(1);
    whole.checked_mul(scale)?.checked_add(if scale == NANOS { fraction } else { 0 })
}

/// A number as an epoch, as JSON logs have it.
pub fn of_number(number: f64) -> Option<i64> {
    let nanos = match number.abs() {
        n if n < 1e11 => number * 1e9,
        n if n < 1e14 => number * 1e6,
        n if n < 1e17 => number * 1e3,
        _ => number,
    };
    #[expect(clippy::cast_possible_truncation, reason = "what 64 bits hold, to the nanosecond")]
    (nanos.abs() < 9e18).then_some(nanos as i64)
}

/// `Nov 25 06:34:57`, which has no year: the latest one that is not after `latest`.
pub fn without_year(text: &str, latest: i64) -> Option<i64> {
    let month = number_of_month(text.get(..3)?)?;
    let day: u8 = text.get(4..6)?.trim_start().parse().ok()?;
    let clock = text.get(7..15)?;
    let mut parts = clock.split(':').map(|part| part.parse::<u8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if day == 0 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let of_year = |year| Civil { year, month, day, hour, minute, second }.to_seconds();
    let year = Civil::from_seconds(latest / NANOS).year;
    // A clock may be a day off.
    let seconds = of_year(year).filter(|seconds| *seconds <= latest / NANOS + 86_400);
    seconds.or_else(|| of_year(year - 1))?.checked_mul(NANOS)
}

fn number_of_month(name: &str) -> Option<u8> {
    let at = MONTHS.iter().position(|month| *month == name)?;
    u8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_every_usual_spelling() {
        let expected = 1_795_588_497 * NANOS;
        for line in [
            "2026-11-25T06:34:57Z up",
            "2026-11-25 06:34:57,000 INFO up",
            "[2026-11-25T07:34:57.000+01:00] up",
            "2026/11/25 06:34:57 [notice] up",
            r#"::1 - - [25/Nov/2026:01:34:57 -0500] "GET / HTTP/1.1" 200"#,
            "1795588497.000 up",
            "1795588497000 up",
        ] {
            assert_eq!(of_line(line.as_bytes()), Some(expected), "{line}");
        }
        assert_eq!(without_year("Nov 25 06:34:57", expected), Some(expected));
        assert_eq!(of_line(b"up since 2026-11-25"), None);
        assert_eq!(of_line("é".repeat(60).as_bytes()), None);
    }

    #[test]
    fn a_date_without_a_year_lies_in_the_past() {
        let new_year = 1_798_761_600 * NANOS;
        let seconds = without_year("Dec 31 23:00:00", new_year).unwrap() / NANOS;
        assert_eq!(Civil::from_seconds(seconds).year, 2026);
    }
}
