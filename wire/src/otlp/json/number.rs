//! Numbers of protobuf in JSON: bare or in quotes.
#![deny(clippy::indexing_slicing)]

use std::borrow::Cow;

use crate::error::{Error, JsonErrorKind};
use crate::json::{Reader, is_number};

/// 2 to the 64th: the first float past every integer of 64 bits.
const PAST_U64: f64 = 18_446_744_073_709_551_616.0;

/// An integer of any type of protobuf, bare or in quotes. A fraction of zero and an exponent are
/// tolerated (`1e3`, `5.0`): some producers write every number as a float.
pub(super) fn integer(reader: &mut Reader<'_>, kind: &'static str) -> Result<i128, Error> {
    let (at, text) = text(reader)?;
    parse_integer(&text).ok_or_else(|| reader.error_at(at, JsonErrorKind::Number { kind }))
}

fn parse_integer(text: &str) -> Option<i128> {
    if !is_number(text) {
        return None;
    }
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let value: f64 = text.parse().ok()?;
    let is_whole = value.trunc() == value && value.abs() < PAST_U64;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 65 bits")]
    is_whole.then_some(value as i128)
}

/// A `double`, bare or in quotes; `NaN`, `Infinity` and `-Infinity` in quotes.
pub(super) fn double(reader: &mut Reader<'_>) -> Result<f64, Error> {
    let (at, text) = text(reader)?;
    match &*text {
        "NaN" => Ok(f64::NAN),
        "Infinity" => Ok(f64::INFINITY),
        "-Infinity" => Ok(f64::NEG_INFINITY),
        text => match text.parse::<f64>() {
            Ok(value) if is_number(text) && value.is_finite() => Ok(value),
            _ => Err(reader.error_at(at, JsonErrorKind::Number { kind: "double" })),
        },
    }
}

/// Where the number stands and its text.
fn text<'a>(reader: &mut Reader<'a>) -> Result<(usize, Cow<'a, str>), Error> {
    let quoted = reader.peek() == b'"';
    let at = reader.at();
    let text = if quoted { reader.string()? } else { Cow::Borrowed(reader.number()?) };
    Ok((at, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_may_be_quoted_and_spelt_as_floats() {
        let cases = [
            ("10", Some(10)),
            ("\"10\"", Some(10)),
            ("-3", Some(-3)),
            ("1e3", Some(1000)),
            ("5.0", Some(5)),
            ("18446744073709551615", Some(u64::MAX.into())),
            ("\"1544712660300000000\"", Some(1_544_712_660_300_000_000)),
            ("5.5", None),
            ("\"\"", None),
            ("\"abc\"", None),
            ("\" 1\"", None),
            ("\"+1\"", None),
            ("1e30", None),
        ];
        for (text, expected) in cases {
            let mut reader = Reader::new(text.as_bytes()).unwrap();
            assert_eq!(integer(&mut reader, "int64").ok(), expected, "{text}");
        }
    }

    #[test]
    fn floats_have_words_for_what_json_lacks() {
        let read = |text: &str| double(&mut Reader::new(text.as_bytes()).unwrap());
        assert_eq!(read("637.704").unwrap(), 637.704);
        assert_eq!(read("\"1e3\"").unwrap(), 1000.0);
        assert!(read("\"NaN\"").unwrap().is_nan());
        assert_eq!(read("\"-Infinity\"").unwrap(), f64::NEG_INFINITY);
        for wrong in ["\"inf\"", "\"\"", "1e999", "true", "\"0x1\""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
