//! The text format, line by line.
//!
//! Spaces and tabs may stand between any two tokens of a sample. A comma between labels may be
//! missing, one behind the last is free; both as in Prometheus. Escapes are `\\`, `\"` and `\n`;
//! any other backslash stands for itself.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use telemetry_core::model::MetricKind;
use telemetry_core::syntax::number::{NumberError, parse_float};

use super::bound::normalise;
use super::cursor::Cursor;
use super::entry::{Entry, Exposed, ExposedValue, Label};
use crate::error::{Error, ExpositionErrorKind as Kind};

/// The NaN that stands for every NaN of the text: none of them is the staleness marker.
pub(super) const NORMAL_NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

/// Hands every entry of a text to `visit`.
pub(super) fn read(input: &[u8], visit: &mut impl FnMut(Entry<'_>)) -> Result<(), Error> {
    let mut cursor = Cursor::new(input);
    let mut labels = Vec::new();
    let mut kind = MetricKind::Unknown;
    while !cursor.is_at_end() {
        match line(&mut cursor, &mut labels)? {
            Line::Nothing => {}
            Line::Help { family, text } => visit(Entry::Help { family: &family, text: &text }),
            Line::Type { family, kind: found } => {
                // It holds until the next one, whatever the names in between.
                kind = found;
                visit(Entry::Type { family: &family, kind });
            }
            Line::Sample { name, value, time } => {
                normalise(&mut labels, kind);
                visit(Entry::Sample(Exposed {
                    name: &name,
                    labels: &labels,
                    value: ExposedValue::Float(value),
                    time,
                    start: 0,
                    exemplars: &[],
                    kind,
                }));
            }
        }
    }
    Ok(())
}

/// What a line says.
#[derive(Debug)]
enum Line<'a> {
    Help {
        family: Cow<'a, str>,
        text: String,
    },
    Type {
        family: Cow<'a, str>,
        kind: MetricKind,
    },
    Sample {
        name: Cow<'a, str>,
        value: f64,
        time: Option<i64>,
    },
    /// Empty, or a comment.
    Nothing,
}

/// Reads a line with its line feed; the labels of a sample replace what is in `labels`.
fn line<'a>(cursor: &mut Cursor<'a>, labels: &mut Vec<Label<'a>>) -> Result<Line<'a>, Error> {
    cursor.blanks();
    match cursor.peek() {
        b'\n' => {
            cursor.advance(1);
            Ok(Line::Nothing)
        }
        b'#' => comment(cursor),
        _ => sample(cursor, labels),
    }
}

/// A comment, which is `HELP` and `TYPE` too.
fn comment<'a>(cursor: &mut Cursor<'a>) -> Result<Line<'a>, Error> {
    cursor.advance(1);
    let is_meta = cursor.blanks();
    let keyword = ["HELP", "TYPE"].into_iter().find(|keyword| {
        let after = cursor.rest().strip_prefix(keyword.as_bytes());
        is_meta && after.is_some_and(|rest| matches!(rest.first(), Some(b' ' | b'\t')))
    });
    let Some(keyword) = keyword else {
        to_line_end(cursor);
        return Ok(Line::Nothing);
    };
    cursor.advance(keyword.len());
    cursor.blanks();
    let family = family_name(cursor, keyword)?;
    // One separator, of whatever kind; what follows is the text to the last byte.
    let start = cursor.at();
    let text = to_line_end(cursor);
    let text = text.get(1..).unwrap_or_default();
    if keyword == "HELP" {
        let Ok(text) = str::from_utf8(text) else {
            return Err(cursor.error_at(start, Kind::Utf8));
        };
        return Ok(Line::Help { family, text: unescape(text, false).into_owned() });
    }
    let kind = match text {
        b"counter" => MetricKind::Counter,
        b"gauge" => MetricKind::Gauge,
        b"histogram" => MetricKind::Histogram,
        b"summary" => MetricKind::Summary,
        b"untyped" => MetricKind::Unknown,
        _ => return Err(cursor.error_at(start, Kind::MetricType)),
    };
    Ok(Line::Type { family, kind })
}

/// The rest of the line; steps over the line feed.
pub(super) fn to_line_end<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    let rest = cursor.rest();
    let len = memchr(b'\n', rest).unwrap_or(rest.len());
    cursor.advance(len + 1);
    rest.get(..len).unwrap_or_default()
}

fn sample<'a>(cursor: &mut Cursor<'a>, labels: &mut Vec<Label<'a>>) -> Result<Line<'a>, Error> {
    let start = cursor.at();
    labels.clear();
    let bare = metric_name(cursor);
    let mut name = (!bare.is_empty()).then_some(Cow::Borrowed(bare));
    if name.is_some() {
        cursor.blanks();
    }
    if cursor.take(b'{') {
        read_labels(cursor, labels, &mut name)?;
        cursor.blanks();
    } else if name.is_none() {
        return Err(cursor.error(Kind::Start));
    }
    let Some(name) = name else { return Err(cursor.error_at(start, Kind::NoName)) };
    let value = value(cursor)?;
    cursor.blanks();
    let time = match cursor.peek() {
        b'\n' => None,
        _ => Some(timestamp(cursor)?),
    };
    cursor.blanks();
    if !cursor.take(b'\n') {
        return Err(cursor.error(Kind::LineEnd));
    }
    Ok(Line::Sample { name, value, time })
}

/// Labels up to the closing brace. A quoted text without a value is the metric's name.
fn read_labels<'a>(
    cursor: &mut Cursor<'a>,
    labels: &mut Vec<Label<'a>>,
    metric: &mut Option<Cow<'a, str>>,
) -> Result<(), Error> {
    loop {
        cursor.blanks();
        if cursor.take(b'}') {
            return Ok(());
        }
        let is_quoted = cursor.peek() == b'"';
        let name = if is_quoted {
            quoted(cursor, Kind::LabelName)?
        } else {
            match label_name(cursor) {
                "" => return Err(cursor.error(Kind::LabelName)),
                name => Cow::Borrowed(name),
            }
        };
        cursor.blanks();
        if is_quoted && matches!(cursor.peek(), b',' | b'}') {
            if metric.replace(name).is_some() {
                return Err(cursor.error(Kind::SecondName));
            }
            cursor.take(b',');
            continue;
        }
        if !cursor.take(b'=') {
            return Err(cursor.error(Kind::Equal));
        }
        cursor.blanks();
        if cursor.peek() != b'"' {
            return Err(cursor.error(Kind::LabelValue));
        }
        labels.push((name, quoted(cursor, Kind::LabelValue)?));
        cursor.blanks();
        cursor.take(b',');
    }
}

#[inline]
fn value(cursor: &mut Cursor<'_>) -> Result<f64, Error> {
    let start = cursor.at();
    let text = cursor.while_any(|byte| !matches!(byte, b'{' | b' ' | b'\t' | b'\n'));
    if text.is_empty() {
        return Err(cursor.error(Kind::Value));
    }
    float(text).map_err(|kind| cursor.error_at(start, kind))
}

/// A number, with one NaN for all.
#[inline]
pub(super) fn float(text: &[u8]) -> Result<f64, Kind> {
    if let Some(value) = small_decimal(text) {
        return Ok(value);
    }
    // What Go reads beyond this, exponents of two and digits in groups, is not in the format.
    let text = str::from_utf8(text).ok().filter(|text| !text.contains(['p', 'P', '_']));
    match text.map_or(Err(NumberError::Syntax), parse_float) {
        Ok(value) if value.is_nan() => Ok(NORMAL_NAN),
        Ok(value) => Ok(value),
        Err(NumberError::OutOfRange) => Err(Kind::OutOfRange),
        Err(_) => Err(Kind::Number),
    }
}

/// Powers of ten that a float holds exactly, as many as [`small_decimal`] needs.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Digits with at most one point among them, 15 in all: most values. Both the digits and the power
/// of ten are exact then, so the quotient is the nearest float.
#[inline]
fn small_decimal(text: &[u8]) -> Option<f64> {
    if text.len() > POWERS.len() {
        return None;
    }
    let (mut digits, mut number, mut decimals, mut pointed) = (0_usize, 0_u64, 0_usize, false);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                number = number * 10 + u64::from(byte - b'0');
                digits += 1;
                decimals += usize::from(pointed);
            }
            b'.' if !pointed => pointed = true,
            _ => return None,
        }
    }
    if digits == 0 || digits >= POWERS.len() {
        return None;
    }
    Some(number as f64 / POWERS.get(decimals)?)
}

/// Milliseconds.
fn timestamp(cursor: &mut Cursor<'_>) -> Result<i64, Error> {
    let start = cursor.at();
    let negative = cursor.take(b'-');
    let digits = cursor.while_any(|byte| byte.is_ascii_digit());
    let number = digits.iter().try_fold(0_i64, |number, digit| {
        let digit = i64::from(digit - b'0');
        number.checked_mul(10)?.checked_add(if negative { -digit } else { digit })
    });
    match number {
        Some(number) if !digits.is_empty() => Ok(number),
        _ => Err(cursor.error_at(start, Kind::Timestamp)),
    }
}

/// The name of a family behind a keyword.
pub(super) fn family_name<'a>(
    cursor: &mut Cursor<'a>,
    keyword: &'static str,
) -> Result<Cow<'a, str>, Error> {
    let kind = Kind::FamilyName { keyword };
    match cursor.peek() {
        b'"' => quoted(cursor, kind),
        _ => match metric_name(cursor) {
            "" => Err(cursor.error(kind)),
            name => Ok(Cow::Borrowed(name)),
        },
    }
}

#[inline]
pub(super) fn metric_name<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    word(cursor, |byte| byte == b':')
}

#[inline]
pub(super) fn label_name<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    word(cursor, |_| false)
}

/// Letters, digits, `_` and what `more` allows, not starting with a digit; empty if there is none.
#[inline]
fn word<'a>(cursor: &mut Cursor<'a>, more: impl Fn(u8) -> bool) -> &'a str {
    if cursor.peek().is_ascii_digit() {
        return "";
    }
    let word = cursor.while_any(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || more(byte));
    // It is ASCII.
    str::from_utf8(word).unwrap_or_default()
}

/// A text in double quotes, which ends on this line. `kind` is the error where it does not.
pub(super) fn quoted<'a>(cursor: &mut Cursor<'a>, kind: Kind) -> Result<Cow<'a, str>, Error> {
    let start = cursor.at();
    cursor.advance(1);
    let rest = cursor.rest();
    let mut len = 0;
    loop {
        let tail = rest.get(len..).unwrap_or_default();
        let Some(found) = memchr2(b'"', b'\\', tail) else {
            return Err(cursor.error_at(start, kind));
        };
        len += found;
        if rest.get(len) == Some(&b'"') {
            break;
        }
        len += 2;
    }
    let body = rest.get(..len).unwrap_or_default();
    if memchr(b'\n', body).is_some() {
        return Err(cursor.error_at(start, kind));
    }
    let Ok(text) = str::from_utf8(body) else { return Err(cursor.error_at(start, Kind::Utf8)) };
    cursor.advance(len + 1);
    Ok(unescape(text, true))
}

/// Replaces escapes; `quotes` says whether quotes are escaped too.
pub(super) fn unescape(text: &str, quotes: bool) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let replaced = match after.as_bytes().first() {
            Some(b'\\') => Some('\\'),
            Some(b'n') => Some('\n'),
            Some(b'"') if quotes => Some('"'),
            _ => None,
        };
        out.push(replaced.unwrap_or('\\'));
        // The replaced letter is one byte.
        rest = after.get(usize::from(replaced.is_some())..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}
