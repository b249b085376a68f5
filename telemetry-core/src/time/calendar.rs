//! Days, months and years of the proleptic Gregorian calendar in UTC, and RFC 3339.
//!
//! Days are turned into dates by counting in eras of 400 years (146,097 days) that start on the
//! first of March, so that the leap day is the last day of a year. Source: Howard Hinnant,
//! "chrono-Compatible Low-Level Date Algorithms".
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::instant::Nanos;
use std::fmt;

/// Nanoseconds of a second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// Seconds of a day; leap seconds are not counted.
pub const SECONDS_PER_DAY: i64 = 86_400;
const DAYS_PER_ERA: i64 = 146_097;
const DAYS_PER_WEEK: i64 = 7;
/// Days from the first of March of the year 0 to the Unix epoch.
const EPOCH_DAYS: i64 = 719_468;

/// A date and the time of its day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Civil {
    /// The year; 0 is 1 BC.
    pub year: i64,
    /// From 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// From 0 to 23.
    pub hour: u8,
    /// From 0 to 59.
    pub minute: u8,
    /// From 0 to 59.
    pub second: u8,
}

impl Civil {
    /// The date of a count of seconds since the Unix epoch; of any.
    pub fn from_seconds(seconds: i64) -> Self {
        let days = seconds.div_euclid(SECONDS_PER_DAY);
        let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        let (year, month, day) = date_of_days(days);
        Civil {
            year,
            month,
            day,
            hour: small(of_day / 3600),
            minute: small(of_day / 60 % 60),
            second: small(of_day % 60),
        }
    }

    /// Seconds since the Unix epoch; `None` where they do not fit `i64`.
    pub fn to_seconds(self) -> Option<i64> {
        let of_day =
            i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        // The first day of `i64` begins before the first second of `i64`.
        let days = days_of_date(self.year, self.month, self.day)?;
        let seconds = i128::from(days) * i128::from(SECONDS_PER_DAY) + i128::from(of_day);
        i64::try_from(seconds).ok()
    }

    /// Day of the week, Sunday as 0.
    pub fn weekday(self) -> u8 {
        // The epoch was a Thursday. No date of `from_seconds` overflows.
        let days = days_of_date(self.year, self.month, self.day).unwrap_or_default();
        small((days.rem_euclid(DAYS_PER_WEEK) + 4) % DAYS_PER_WEEK)
    }

    /// Day of the year, from 1.
    pub fn year_day(self) -> u16 {
        let before: u16 = (1..self.month).map(|m| u16::from(days_in_month(self.year, m))).sum();
        before + u16::from(self.day)
    }

    /// Days of this month.
    pub fn days_in_month(self) -> u8 {
        days_in_month(self.year, self.month)
    }
}

/// A value that the calendar keeps below 256.
fn small(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// Whether the year has a 29th of February.
pub fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month, counted from 1; 0 where there is no such month.
pub fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// Year, month and day of a count of days since the Unix epoch.
pub fn date_of_days(days: i64) -> (i64, u8, u8) {
    // Only days that come from seconds are asked for; far ones stop at the end.
    let days = days.saturating_add(EPOCH_DAYS);
    let era = days.div_euclid(DAYS_PER_ERA);
    let of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, small(month), small(day))
}

/// Days since the Unix epoch; `None` where they do not fit `i64`. The day may lie outside its
/// month and then counts on from it.
pub fn days_of_date(year: i64, month: u8, day: u8) -> Option<i64> {
    let month = i64::from(month);
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = (month + 9) % 12;
    let of_year = (153 * march_month + 2) / 5 + i64::from(day) - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era.checked_mul(DAYS_PER_ERA)?.checked_add(of_era - EPOCH_DAYS)
}

/// Writes seconds since the epoch and the nanoseconds of the second as RFC 3339 in UTC, without
/// the zeros at the fraction's end. Years outside 0–9999 get a sign or more digits.
pub(super) fn write_rfc3339(out: &mut impl fmt::Write, seconds: i64, nanos: i64) -> fmt::Result {
    let Civil { year, month, day, hour, minute, second } = Civil::from_seconds(seconds);
    let sign = if year < 0 { "-" } else { "" };
    let year = year.unsigned_abs();
    write!(out, "{sign}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
    if nanos != 0 {
        let digits = format!("{nanos:09}");
        write!(out, ".{}", digits.trim_end_matches('0'))?;
    }
    out.write_char('Z')
}

/// Reads RFC 3339, as Go's `time.Parse(time.RFC3339Nano, …)` does: `T` and `Z` in upper case, the
/// fraction optional and cut after nine digits, a zone of `Z` or `±hh:mm`.
///
/// `None` where the text is no such time or does not fit [`Nanos`].
///
/// ```
/// use telemetry_core::time::{Nanos, calendar::parse_rfc3339};
/// assert_eq!(parse_rfc3339("1970-01-01T01:00:00.5+01:00"), Some(Nanos(500_000_000)));
/// assert_eq!(parse_rfc3339("1970-02-30T00:00:00Z"), None);
/// ```
pub fn parse_rfc3339(text: &str) -> Option<Nanos> {
    let mut rest = text.as_bytes();
    let year = digits(&mut rest, 4)?;
    byte(&mut rest, b"-")?;
    let month = digits(&mut rest, 2)?;
    byte(&mut rest, b"-")?;
    let day = digits(&mut rest, 2)?;
    byte(&mut rest, b"T")?;
    let hour = digits(&mut rest, 2)?;
    byte(&mut rest, b":")?;
    let minute = digits(&mut rest, 2)?;
    byte(&mut rest, b":")?;
    let second = digits(&mut rest, 2)?;
    let nanos = fraction(&mut rest)?;
    let offset = zone(&mut rest)?;
    let civil = Civil {
        year,
        month: small(month),
        day: small(day),
        hour: small(hour),
        minute: small(minute),
        second: small(second),
    };
    let in_range = (1..=12).contains(&month)
        && (1..=i64::from(civil.days_in_month())).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !rest.is_empty() || !in_range {
        return None;
    }
    let seconds = civil.to_seconds()?.checked_sub(offset)?;
    let nanos = i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(nanos);
    i64::try_from(nanos).ok().map(Nanos)
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    head.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
}

fn byte(rest: &mut &[u8], one_of: &[u8]) -> Option<u8> {
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    one_of.contains(first).then_some(*first)
}

/// Nanoseconds of `.digits`, or of nothing.
fn fraction(rest: &mut &[u8]) -> Option<i64> {
    // Go takes a comma as well.
    if !matches!(rest.first(), Some(b'.' | b',')) {
        return Some(0);
    }
    let body = rest.get(1..)?;
    let count = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (head, tail) = body.split_at_checked(count)?;
    if head.is_empty() {
        return None;
    }
    *rest = tail;
    let padded = head.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    Some(padded.fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// Seconds that the zone is ahead of UTC.
fn zone(rest: &mut &[u8]) -> Option<i64> {
    let sign = match byte(rest, b"Z+-")? {
        b'Z' => return Some(0),
        b'-' => -1,
        _ => 1,
    };
    let hours = digits(rest, 2)?;
    byte(rest, b":")?;
    let minutes = digits(rest, 2)?;
    // Go's own bounds.
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_a_millennium_goes_both_ways() {
        let first = days_of_date(1500, 1, 1).unwrap();
        let mut expected = (1500, 1, 1);
        for days in first..first + 400_000 {
            assert_eq!(date_of_days(days), expected);
            assert_eq!(days_of_date(expected.0, expected.1, expected.2), Some(days));
            expected.2 += 1;
            if expected.2 > days_in_month(expected.0, expected.1) {
                expected = (expected.0, expected.1 + 1, 1);
            }
            if expected.1 > 12 {
                expected = (expected.0 + 1, 1, 1);
            }
        }
    }

    #[test]
    fn knows_the_day_of_the_week_and_of_the_year() {
        let civil = Civil::from_seconds(0);
        assert_eq!((civil.weekday(), civil.year_day()), (4, 1));
        let leap = Civil::from_seconds(1_709_210_096);
        assert_eq!((leap.weekday(), leap.year_day(), leap.days_in_month()), (4, 60, 29));
        assert_eq!(Civil::from_seconds(-1).weekday(), 3);
    }

    #[test]
    fn any_second_has_a_date() {
        for seconds in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX] {
            let civil = Civil::from_seconds(seconds);
            assert_eq!(civil.to_seconds(), Some(seconds));
            civil.weekday();
        }
        assert_eq!(date_of_days(i64::MAX).1, date_of_days(i64::MAX - EPOCH_DAYS).1);
    }

    #[test]
    fn reads_what_go_reads() {
        let seconds = |text| parse_rfc3339(text).map(|nanos| nanos.0);
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("1970-01-01T00:00:00.1234567891Z"), Some(123_456_789));
        assert_eq!(seconds("1969-12-31T16:00:00-08:00"), Some(0));
        for bad in [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01 00:00:00Z",
            "1970-01-01T00:00:00z",
            "1970-13-01T00:00:00Z",
            "1970-00-01T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:60Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00Z ",
            "1970-01-01T00:00:00+0100",
            "9999-01-01T00:00:00Z",
            "1970-01-01T00:00:00+25:00",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
