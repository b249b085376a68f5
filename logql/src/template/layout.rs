//! Times as Go's package `time` prints and reads them: by a layout that shows how the moment
//! `Mon Jan 2 15:04:05 MST 2006` would look.

use super::zone::{Abbreviation, UTC, Zone};
use std::fmt;
use telemetry_core::time::calendar::Civil;

/// A moment and the offset of its zone from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GoTime {
    /// Whole seconds since the Unix epoch: Go's zero time does not fit nanoseconds.
    seconds: i64,
    nanos: u32,
    offset_seconds: i32,
    /// The short name of the zone, where it has one.
    zone: Abbreviation,
}

const NANOS: i64 = 1_000_000_000;

impl GoTime {
    /// Go's zero: the first moment of the year 1.
    pub(super) const ZERO: GoTime =
        GoTime { seconds: -62_135_596_800, nanos: 0, offset_seconds: 0, zone: UTC };

    /// A moment in UTC.
    pub(super) fn utc(nanos: i64) -> Self {
        GoTime {
            seconds: nanos.div_euclid(NANOS),
            nanos: u32::try_from(nanos.rem_euclid(NANOS)).unwrap_or_default(),
            offset_seconds: 0,
            zone: UTC,
        }
    }

    /// Nanoseconds since the Unix epoch.
    pub(super) fn nanos(&self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS) + i128::from(self.nanos)
    }

    fn civil(&self) -> Civil {
        Civil::from_seconds(self.seconds.saturating_add(i64::from(self.offset_seconds)))
    }
}

impl fmt::Display for GoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format(*self, "2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

/// A piece of a layout.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece<'l> {
    Text(&'l str),
    Year,
    YearShort,
    MonthName,
    MonthShort,
    Month,
    MonthZero,
    WeekdayName,
    WeekdayShort,
    Day,
    DayBlank,
    DayZero,
    YearDayZero,
    Hour,
    Hour12,
    Hour12Zero,
    Minute,
    MinuteZero,
    Second,
    SecondZero,
    HalfUpper,
    HalfLower,
    ZoneName,
    /// An offset: whether UTC is `Z`, whether a colon stands in it, whether it has minutes.
    Offset {
        z: bool,
        colon: bool,
        minutes: bool,
    },
    /// A fraction of a second: digits, whether zeros at the end go, and the character before it.
    Fraction {
        digits: usize,
        trims: bool,
        comma: bool,
    },
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What layouts are made of; longer ones before those they begin with.
const WORDS: [(&str, Piece<'static>); 32] = [
    ("January", Piece::MonthName),
    ("Jan", Piece::MonthShort),
    ("Monday", Piece::WeekdayName),
    ("Mon", Piece::WeekdayShort),
    ("MST", Piece::ZoneName),
    ("2006", Piece::Year),
    ("01", Piece::MonthZero),
    ("002", Piece::YearDayZero),
    ("02", Piece::DayZero),
    ("03", Piece::Hour12Zero),
    ("04", Piece::MinuteZero),
    ("05", Piece::SecondZero),
    ("06", Piece::YearShort),
    ("15", Piece::Hour),
    ("1", Piece::Month),
    ("_2006", Piece::Text("_")),
    ("_2", Piece::DayBlank),
    ("2", Piece::Day),
    ("3", Piece::Hour12),
    ("4", Piece::Minute),
    ("5", Piece::Second),
    ("PM", Piece::HalfUpper),
    ("pm", Piece::HalfLower),
    ("-07:00", Piece::Offset { z: false, colon: true, minutes: true }),
    ("-0700", Piece::Offset { z: false, colon: false, minutes: true }),
    ("-07", Piece::Offset { z: false, colon: false, minutes: false }),
    ("Z07:00", Piece::Offset { z: true, colon: true, minutes: true }),
    ("Z0700", Piece::Offset { z: true, colon: false, minutes: true }),
    ("Z07", Piece::Offset { z: true, colon: false, minutes: false }),
    (".", Piece::Text(".")),
    (",", Piece::Text(",")),
    ("\0", Piece::Text("\0")),
];

/// The piece at the head of a layout, and its length; `None` where plain text stands.
fn piece(layout: &str) -> Option<(Piece<'_>, usize)> {
    if layout.starts_with(['.', ',']) {
        return fraction(layout);
    }
    let (word, piece) = WORDS.iter().find(|(word, _)| layout.starts_with(word))?;
    if *word == "_2006" {
        return Some((Piece::Text("_"), 1));
    }
    // A month name goes on in lower case only if it is another word.
    let rest = layout.get(word.len()..).unwrap_or_default();
    if *word == "Jan" && rest.starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    Some((*piece, word.len()))
}

/// `.000` or `.999`, with as many digits as there are, not followed by another digit.
fn fraction(layout: &str) -> Option<(Piece<'_>, usize)> {
    let body = layout.get(1..)?;
    let digit = body.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = body.chars().take_while(|c| *c == digit).count();
    if body.get(digits..)?.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let comma = layout.starts_with(',');
    Some((Piece::Fraction { digits, trims: digit == '9', comma }, 1 + digits))
}

/// The pieces of a layout.
fn pieces(layout: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = layout;
    let mut text = rest;
    while let Some(c) = rest.chars().next() {
        let Some((piece, len)) = piece(rest) else {
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        };
        let before = text.get(..text.len() - rest.len()).unwrap_or_default();
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(piece);
        rest = rest.get(len..).unwrap_or_default();
        text = rest;
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

/// A time in the way a layout shows.
pub(super) fn format(time: GoTime, layout: &str) -> String {
    let date = time.civil();
    let month = |names: &[&'static str]| {
        names.get(usize::from(date.month.saturating_sub(1))).copied().unwrap_or_default()
    };
    let weekday = DAYS.get(usize::from(date.weekday())).copied().unwrap_or_default();
    let half = (date.hour + 11) % 12 + 1;
    let mut out = String::with_capacity(layout.len() + 8);
    for piece in pieces(layout) {
        out.push_str(&match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Year => format!("{:04}", date.year),
            Piece::YearShort => format!("{:02}", date.year.rem_euclid(100)),
            Piece::MonthName => month(&MONTHS).to_string(),
            Piece::MonthShort => month(&MONTHS).get(..3).unwrap_or_default().to_string(),
            Piece::Month => date.month.to_string(),
            Piece::MonthZero => format!("{:02}", date.month),
            Piece::WeekdayName => weekday.to_string(),
            Piece::WeekdayShort => weekday.get(..3).unwrap_or_default().to_string(),
            Piece::Day => date.day.to_string(),
            Piece::DayBlank => format!("{:2}", date.day),
            Piece::DayZero => format!("{:02}", date.day),
            Piece::YearDayZero => format!("{:03}", date.year_day()),
            Piece::Hour => format!("{:02}", date.hour),
            Piece::Hour12 => half.to_string(),
            Piece::Hour12Zero => format!("{half:02}"),
            Piece::Minute => date.minute.to_string(),
            Piece::MinuteZero => format!("{:02}", date.minute),
            Piece::Second => date.second.to_string(),
            Piece::SecondZero => format!("{:02}", date.second),
            Piece::HalfUpper => (if date.hour < 12 { "AM" } else { "PM" }).to_string(),
            Piece::HalfLower => (if date.hour < 12 { "am" } else { "pm" }).to_string(),
            Piece::ZoneName if time.zone != Abbreviation::default() => {
                let name = time.zone.utf8_chunks().next().map_or("", |chunk| chunk.valid());
                name.trim_end_matches('\0').to_string()
            }
            Piece::ZoneName if time.offset_seconds == 0 => "UTC".to_string(),
            Piece::ZoneName => offset(time, false, false, true),
            Piece::Offset { z, colon, minutes } => offset(time, z, colon, minutes),
            Piece::Fraction { digits, trims, comma } => shown_fraction(time, digits, trims, comma),
        });
    }
    out
}

fn offset(time: GoTime, z: bool, colon: bool, minutes: bool) -> String {
    if z && time.offset_seconds == 0 {
        return "Z".into();
    }
    let sign = if time.offset_seconds < 0 { '-' } else { '+' };
    let size = time.offset_seconds.unsigned_abs() / 60;
    let (hours, rest) = (size / 60, size % 60);
    match (minutes, colon) {
        (true, true) => format!("{sign}{hours:02}:{rest:02}"),
        (true, false) => format!("{sign}{hours:02}{rest:02}"),
        (false, _) => format!("{sign}{hours:02}"),
    }
}

fn shown_fraction(time: GoTime, digits: usize, trims: bool, comma: bool) -> String {
    let all = format!("{:09}", time.nanos);
    let mut shown: String = all.chars().chain(std::iter::repeat('0')).take(digits).collect();
    if trims {
        shown = shown.trim_end_matches('0').to_string();
        if shown.is_empty() {
            return shown;
        }
    }
    format!("{}{shown}", if comma { ',' } else { '.' })
}

/// Reads a time that is written as a layout shows; without an offset it is in `zone`.
pub(super) fn parse(layout: &str, text: &str, zone: &Zone) -> Option<GoTime> {
    let mut date = Civil { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
    let (mut nanos, mut offset_seconds) = (0u32, None);
    let mut afternoon = None;
    let mut rest = text;
    let pieces = pieces(layout);
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(expected) => rest = literal(rest, expected)?,
            Piece::Year => date.year = digits(&mut rest, 4, 4)?.into(),
            Piece::YearShort => {
                let year = i64::from(digits(&mut rest, 2, 2)?);
                date.year = if year >= 69 { 1900 + year } else { 2000 + year };
            }
            Piece::MonthName => date.month = name(&mut rest, &MONTHS, usize::MAX)? + 1,
            Piece::MonthShort => date.month = name(&mut rest, &MONTHS, 3)? + 1,
            Piece::Month | Piece::MonthZero => {
                let zero = *piece == Piece::MonthZero;
                date.month = small(&mut rest, zero)?;
            }
            Piece::WeekdayName => {
                name(&mut rest, &DAYS, usize::MAX)?;
            }
            Piece::WeekdayShort => {
                name(&mut rest, &DAYS, 3)?;
            }
            Piece::Day | Piece::DayBlank | Piece::DayZero => {
                rest = rest.strip_prefix(' ').unwrap_or(rest);
                date.day = small(&mut rest, *piece == Piece::DayZero)?;
            }
            Piece::YearDayZero => {
                let day = digits(&mut rest, 3, 3)?;
                (date.month, date.day) = month_and_day(date.year, day)?;
            }
            Piece::Hour => date.hour = small(&mut rest, false)?,
            Piece::Hour12 | Piece::Hour12Zero => {
                date.hour = small(&mut rest, *piece == Piece::Hour12Zero)?;
            }
            Piece::Minute | Piece::MinuteZero => {
                date.minute = small(&mut rest, *piece == Piece::MinuteZero)?;
            }
            Piece::Second | Piece::SecondZero => {
                date.second = small(&mut rest, *piece == Piece::SecondZero)?;
                // A fraction may follow even if the layout does not show one.
                let shown = matches!(pieces.get(at + 1), Some(Piece::Fraction { .. }));
                if !shown && rest.starts_with(['.', ',']) {
                    nanos = read_fraction(&mut rest)?;
                }
            }
            Piece::HalfUpper | Piece::HalfLower => {
                let word = rest.get(..2)?.to_ascii_uppercase();
                afternoon = Some(match word.as_str() {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                rest = rest.get(2..)?;
            }
            Piece::ZoneName => {
                let len = rest.find(|c: char| !c.is_ascii_uppercase()).unwrap_or(rest.len());
                if len < 3 {
                    return None;
                }
                if matches!(rest.get(..len), Some("UTC")) {
                    offset_seconds = Some(0);
                }
                rest = rest.get(len..)?;
            }
            Piece::Offset { z, colon, minutes } => {
                offset_seconds = Some(read_offset(&mut rest, *z, *colon, *minutes)?);
            }
            Piece::Fraction { trims, digits, .. } => {
                if rest.starts_with(['.', ',']) {
                    let before = rest.len();
                    nanos = read_fraction(&mut rest)?;
                    if !trims && before - rest.len() != digits + 1 {
                        return None;
                    }
                } else if !trims {
                    return None;
                }
            }
        }
    }
    if !rest.is_empty() {
        return None;
    }
    match afternoon {
        Some(true) if date.hour < 12 => date.hour += 12,
        Some(false) if date.hour == 12 => date.hour = 0,
        _ => {}
    }
    let fits = (1..=12).contains(&date.month)
        && date.day >= 1
        && date.day <= date.days_in_month()
        && date.hour < 24
        && date.minute < 60
        && date.second < 60;
    let seconds = fits.then(|| date.to_seconds()).flatten()?;
    Some(match offset_seconds {
        Some(offset_seconds) => {
            let zone = if offset_seconds == 0 { UTC } else { Abbreviation::default() };
            let seconds = seconds.checked_sub(i64::from(offset_seconds))?;
            GoTime { seconds, nanos, offset_seconds, zone }
        }
        None => {
            let (seconds, offset_seconds, zone) = zone.moment_of(seconds);
            GoTime { seconds, nanos, offset_seconds, zone }
        }
    })
}

/// Skips what a layout says in plain text; blanks of any number meet blanks.
fn literal<'t>(text: &'t str, expected: &str) -> Option<&'t str> {
    let mut rest = text;
    for c in expected.chars() {
        if c == ' ' {
            rest = rest.trim_start_matches(' ');
        } else {
            rest = rest.strip_prefix(c)?;
        }
    }
    Some(rest)
}

fn digits(rest: &mut &str, min: usize, max: usize) -> Option<u16> {
    let len = rest.bytes().take(max).take_while(u8::is_ascii_digit).count();
    if len < min {
        return None;
    }
    let value = rest.get(..len)?.parse().ok()?;
    *rest = rest.get(len..)?;
    Some(value)
}

/// One or two digits; two if `zero`.
fn small(rest: &mut &str, zero: bool) -> Option<u8> {
    u8::try_from(digits(rest, if zero { 2 } else { 1 }, 2)?).ok()
}

/// The place of the name, cut to `len` bytes, that the text begins with.
fn name(rest: &mut &str, names: &[&str], len: usize) -> Option<u8> {
    let found = names.iter().position(|name| {
        let name = name.get(..len.min(name.len())).unwrap_or_default();
        rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
    })?;
    let len = names.get(found)?.len().min(len);
    *rest = rest.get(len..)?;
    u8::try_from(found).ok()
}

fn read_fraction(rest: &mut &str) -> Option<u32> {
    let body = rest.get(1..)?;
    let len = body.bytes().take_while(u8::is_ascii_digit).count();
    if len == 0 {
        return None;
    }
    let shown = body.get(..len.min(9))?;
    *rest = body.get(len..)?;
    format!("{shown:0<9}").parse().ok()
}

fn read_offset(rest: &mut &str, z: bool, colon: bool, minutes: bool) -> Option<i32> {
    if z && rest.starts_with('Z') {
        *rest = rest.get(1..)?;
        return Some(0);
    }
    let sign = match rest.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    *rest = rest.get(1..)?;
    let hours = i32::from(digits(rest, 2, 2)?);
    if colon {
        *rest = rest.strip_prefix(':')?;
    }
    let minutes = if minutes { i32::from(digits(rest, 2, 2)?) } else { 0 };
    (hours < 25 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn month_and_day(year: i64, day: u16) -> Option<(u8, u8)> {
    let mut left = day;
    for month in 1..=12 {
        let days = u16::from(telemetry_core::time::calendar::days_in_month(year, month));
        if left <= days {
            return Some((month, u8::try_from(left).ok()?));
        }
        left -= days;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_by_layout() {
        let time = GoTime::utc(1_661_518_453_244_672_570);
        for (layout, text) in [
            ("2006-01-02", "2022-08-26"),
            ("2006-01-02T15:04:05.999999999Z07:00", "2022-08-26T12:54:13.24467257Z"),
            ("Mon, 02 Jan 2006 15:04:05 MST", "Fri, 26 Aug 2022 12:54:13 UTC"),
            ("3:04PM _2/1/06 .000", "12:54PM 26/8/22 .244"),
            ("January 002 -0700", "August 238 +0000"),
        ] {
            assert_eq!(format(time, layout), text, "{layout}");
        }
    }

    #[test]
    fn times_are_read_by_layout() {
        for (layout, text, nanos) in [
            ("2006-01-02", "2021-11-02", Some(1_635_811_200_000_000_000i128)),
            (
                "2006-01-02T15:04:05.999999999Z",
                "2023-03-10T01:32:40.340485723Z",
                Some(1_678_411_960_340_485_723),
            ),
            (
                "Jan _2 3:04PM 2006 -07:00",
                "Mar  1 1:05PM 2020 +02:00",
                Some(1_583_060_700_000_000_000),
            ),
            ("2006-01-02", "2021-13-02", None),
            ("2006-01-02", "2021-11-02x", None),
        ] {
            assert_eq!(
                parse(layout, text, &Zone::Utc).map(|time| time.nanos()),
                nanos,
                "{layout} {text}"
            );
        }
    }
}
