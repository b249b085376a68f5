//! Numbers as Go reads and prints them.
//!
//! Reading: [`parse_number`] takes what a number may be in PromQL (Go's integer literals, hex,
//! octal and binary, else a float), [`parse_float`] what `strconv.ParseFloat` takes: decimal and
//! hexadecimal floats, digits separated by `_`, `Inf`, `Infinity` and `NaN` in any case.
//!
//! Printing, always the shortest digits that read back to the same number:
//!
//! | function | Go | exponent |
//! |---|---|---|
//! | [`write_f`] | `'f', -1` | never |
//! | [`write_e`] | `'e', -1` | always, signed, at least two digits |
//! | [`write_g`] | `'g', -1`, `%v` | where it is below -4 or at least 6 |
//! | [`write_json`] | Prometheus' JSON encoder | below 1e-6 and from 1e21 on |
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::fmt::{self, Write};

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// It is not spelt as a number.
    #[error("invalid number syntax")]
    Syntax,
    /// It is a number, but greater than every finite float.
    #[error("number out of range")]
    OutOfRange,
}

/// Reads a number literal as Prometheus does: first as an integer of Go's base 0 (`0x1F`, `0o17`,
/// `017`, `0b11`, `1_000`), else as [`parse_float`].
///
/// # Errors
/// [`NumberError`].
///
/// ```
/// use telemetry_core::syntax::number::parse_number;
/// assert_eq!(parse_number("0x_FF"), Ok(255.0));
/// assert_eq!(parse_number("010"), Ok(8.0));
/// assert_eq!(parse_number("1e3"), Ok(1000.0));
/// ```
pub fn parse_number(text: &str) -> Result<f64, NumberError> {
    match parse_integer(text) {
        // An integer of 64 bits is rounded to the nearest float, as in Go.
        Some(value) => Ok(value as f64),
        None => parse_float(text),
    }
}

/// Go's `strconv.ParseInt(text, 0, 64)`; `None` where the text is no integer or too large.
pub fn parse_integer(text: &str) -> Option<i64> {
    let (negative, magnitude) = sign(text);
    let (radix, digits) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, magnitude.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, magnitude.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, magnitude.get(2..)?),
        [b'0', _, ..] => (8, magnitude.get(1..)?),
        _ => (10, magnitude),
    };
    if digits.is_empty() || !underscores_are_right(magnitude) {
        return None;
    }
    let mut value: u64 = 0;
    for c in digits.chars().filter(|c| *c != '_') {
        let digit = c.to_digit(radix)?;
        value = value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))?;
    }
    if negative { 0i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() }
}

/// Go's `strconv.ParseFloat(text, 64)`.
///
/// # Errors
/// [`NumberError::OutOfRange`] where Go gives an infinity with an error.
pub fn parse_float(text: &str) -> Result<f64, NumberError> {
    let (negative, magnitude) = sign(text);
    let signed = |value: f64| if negative { -value } else { value };
    if magnitude.eq_ignore_ascii_case("inf") || magnitude.eq_ignore_ascii_case("infinity") {
        return Ok(signed(f64::INFINITY));
    }
    // Go takes no sign in front of NaN.
    if text.eq_ignore_ascii_case("nan") {
        return Ok(f64::NAN);
    }
    if !underscores_are_right(magnitude) {
        return Err(NumberError::Syntax);
    }
    let value = match magnitude.get(..2) {
        Some("0x" | "0X") => parse_hex_float(magnitude.get(2..).unwrap_or_default()),
        _ => parse_decimal_float(magnitude),
    };
    match value {
        Some(value) if value.is_infinite() => Err(NumberError::OutOfRange),
        Some(value) => Ok(signed(value)),
        None => Err(NumberError::Syntax),
    }
}

/// Whether a minus leads, and the text behind the sign.
fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Underscores stand between digits, or between a base prefix and a digit.
fn underscores_are_right(magnitude: &str) -> bool {
    if !magnitude.contains('_') {
        return true;
    }
    let bytes = magnitude.as_bytes();
    let prefix = matches!(bytes, [b'0', b'x' | b'X' | b'b' | b'B' | b'o' | b'O', ..]);
    let hex = matches!(bytes, [b'0', b'x' | b'X', ..]);
    let body = if prefix { bytes.get(2..).unwrap_or_default() } else { bytes };
    // The prefix counts as a digit.
    let mut after_digit = prefix;
    let mut after_underscore = false;
    for byte in body {
        let digit = byte.is_ascii_digit() || (hex && byte.is_ascii_hexdigit());
        match byte {
            b'_' if !after_digit => return false,
            _ if *byte != b'_' && !digit && after_underscore => return false,
            _ => {}
        }
        after_digit = digit;
        after_underscore = *byte == b'_';
    }
    !after_underscore
}

fn parse_decimal_float(magnitude: &str) -> Option<f64> {
    let is_spelt = |byte: u8| matches!(byte, b'0'..=b'9' | b'_' | b'.' | b'e' | b'E' | b'+' | b'-');
    let starts_right = matches!(magnitude.as_bytes().first(), Some(b'0'..=b'9' | b'.'));
    if !starts_right || !magnitude.bytes().all(is_spelt) {
        return None;
    }
    if magnitude.contains('_') {
        return magnitude.replace('_', "").parse().ok();
    }
    magnitude.parse().ok()
}

/// Bits of a float's significand, the leading one included.
const SIGNIFICAND_BITS: i64 = 53;
/// Exponent of the last bit of the smallest float.
const MIN_EXPONENT: i64 = -1074;

/// Reads what follows `0x`: hex digits with an optional point and an exponent of two, which Go
/// demands. The result is rounded to the nearest float, to the even one of two.
fn parse_hex_float(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let (negative, exponent) = sign(exponent);
    let first_is_digit = exponent.as_bytes().first().is_some_and(u8::is_ascii_digit);
    if !first_is_digit || !exponent.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return None;
    }
    // What does not fit is far beyond every float; Go stops counting at 10,000.
    let exponent = exponent.replace('_', "").parse::<i64>().unwrap_or(i64::MAX).min(1 << 40);
    let mut exponent = if negative { -exponent } else { exponent };

    let mut mantissa: u64 = 0;
    let mut digits_seen = 0;
    let mut after_point = false;
    for c in digits.chars().filter(|c| *c != '_') {
        if c == '.' {
            if after_point {
                return None;
            }
            after_point = true;
            continue;
        }
        let digit = u64::from(c.to_digit(16)?);
        digits_seen += 1;
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
            exponent -= if after_point { 4 } else { 0 };
        } else {
            // More than 60 bits are there: the rest only says whether something follows.
            mantissa |= u64::from(digit != 0);
            exponent += if after_point { 0 } else { 4 };
        }
    }
    (digits_seen > 0).then(|| round(mantissa, exponent))
}

/// The float nearest to `mantissa · 2^exponent`; the mantissa's last bit may be sticky.
fn round(mantissa: u64, exponent: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let bits = 64 - i64::from(mantissa.leading_zeros());
    // Bits that are dropped: those past the significand and those below the smallest float.
    let drop = (bits - SIGNIFICAND_BITS).max(MIN_EXPONENT - exponent);
    let (kept, exponent) = match drop {
        ..=0 => (mantissa, exponent),
        1..=64 => {
            let wide = u128::from(mantissa);
            let (kept, dropped) = (wide >> drop, wide & ((1 << drop) - 1));
            let half = 1 << (drop - 1);
            let up = dropped > half || (dropped == half && kept & 1 == 1);
            // What is kept has at most 53 bits.
            (u64::try_from(kept).unwrap_or(u64::MAX) + u64::from(up), exponent + drop)
        }
        _ => return 0.0,
    };
    // Both factors are exact and so is the product, unless it overflows, which is right as well.
    scale(kept as f64, exponent)
}

/// `value · 2^exponent` where the exponent is not below that of the smallest float. Every step but
/// the last gives a normal float, and the result's bits fit, so nothing is rounded on the way.
fn scale(mut value: f64, exponent: i64) -> f64 {
    let mut left = exponent.clamp(-2200, 2200);
    while left != 0 {
        let step = left.clamp(-1000, 1000);
        value *= power_of_two(step);
        left -= step;
    }
    value
}

/// `2^exponent` for an exponent of a normal float.
fn power_of_two(exponent: i64) -> f64 {
    const EXPONENT_BIAS: i64 = 1023;
    f64::from_bits((exponent + EXPONENT_BIAS).unsigned_abs() << (SIGNIFICAND_BITS - 1))
}

/// Writes a float as Go's `'f', -1`: never an exponent; `+Inf`, `-Inf`, `NaN`.
///
/// # Errors
/// Those of the writer.
pub fn write_f(out: &mut impl Write, value: f64) -> fmt::Result {
    match special(value) {
        Some(text) => out.write_str(text),
        None => write!(out, "{value}"),
    }
}

/// Writes a float as Go's `'e', -1`: `1.5e+06`.
///
/// # Errors
/// Those of the writer.
pub fn write_e(out: &mut impl Write, value: f64) -> fmt::Result {
    if let Some(text) = special(value) {
        return out.write_str(text);
    }
    let shortest = Shortest::of(value);
    write_exponent(out, shortest.digits(), shortest.exponent())
}

/// Writes a float as Go's `'g', -1` and `%v` do: as [`write_e`] where the decimal exponent is
/// below -4 or at least 6 (`1e-05`, `1.234567e+06`), else as [`write_f`].
///
/// # Errors
/// Those of the writer.
pub fn write_g(out: &mut impl Write, value: f64) -> fmt::Result {
    if let Some(text) = special(value) {
        return out.write_str(text);
    }
    let shortest = Shortest::of(value);
    match shortest.exponent() {
        exponent if G_PLAIN.contains(&exponent) => write!(out, "{value}"),
        exponent => write_exponent(out, shortest.digits(), exponent),
    }
}

/// Writes a float as Prometheus' JSON encoder does: as [`write_e`] where its size is below 1e-6
/// or at least 1e21, zero excepted, else as [`write_f`].
///
/// # Errors
/// Those of the writer.
pub fn write_json(out: &mut impl Write, value: f64) -> fmt::Result {
    let size = value.abs();
    if size != 0.0 && size.is_finite() && !(1e-6..1e21).contains(&size) {
        return write_e(out, value);
    }
    write_f(out, value)
}

/// The decimal exponents that `'g'` writes without one.
const G_PLAIN: std::ops::Range<i32> = -4..6;

fn special(value: f64) -> Option<&'static str> {
    match value {
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ if value.is_nan() => Some("NaN"),
        _ => None,
    }
}

fn write_exponent(out: &mut impl Write, digits: &str, exponent: i32) -> fmt::Result {
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(out, "{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// The shortest digits of a float as the standard library's `{:e}` gives them: at most a sign, 17
/// digits, a point, `e` and a signed exponent of three digits.
struct Shortest {
    buffer: [u8; 32],
    len: usize,
}

impl Shortest {
    fn of(value: f64) -> Self {
        let mut shortest = Shortest { buffer: [0; 32], len: 0 };
        // The buffer is long enough for every float.
        let _ = write!(shortest, "{value:e}");
        shortest
    }

    fn parts(&self) -> (&str, &str) {
        let text = self.buffer.get(..self.len).unwrap_or_default();
        std::str::from_utf8(text).ok().and_then(|text| text.split_once('e')).unwrap_or(("0", "0"))
    }

    fn digits(&self) -> &str {
        self.parts().0
    }

    fn exponent(&self) -> i32 {
        self.parts().1.parse().unwrap_or_default()
    }
}

impl Write for Shortest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.buffer.get_mut(self.len..self.len + text.len()).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// [`write_f`] as a value that can be printed.
#[derive(Clone, Copy, Debug)]
pub struct F(pub f64);
/// [`write_e`] as a value that can be printed.
#[derive(Clone, Copy, Debug)]
pub struct E(pub f64);
/// [`write_g`] as a value that can be printed.
#[derive(Clone, Copy, Debug)]
pub struct G(pub f64);
/// [`write_json`] as a value that can be printed.
#[derive(Clone, Copy, Debug)]
pub struct Json(pub f64);

impl fmt::Display for F {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_f(f, self.0)
    }
}

impl fmt::Display for E {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_e(f, self.0)
    }
}

impl fmt::Display for G {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_g(f, self.0)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_json(f, self.0)
    }
}

/// `value` as [`write_f`] writes it.
pub fn format_f(value: f64) -> String {
    F(value).to_string()
}

/// `value` as [`write_e`] writes it.
pub fn format_e(value: f64) -> String {
    E(value).to_string()
}

/// `value` as [`write_g`] writes it.
pub fn format_g(value: f64) -> String {
    G(value).to_string()
}

/// `value` as [`write_json`] writes it.
pub fn format_json(value: f64) -> String {
    Json(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_gos_integers() {
        for (text, value) in [
            ("0", 0),
            ("+7", 7),
            ("-0x1f", -31),
            ("0X_FF", 255),
            ("0b101", 5),
            ("0o17", 15),
            ("017", 15),
            ("1_000_000", 1_000_000),
            ("0_7", 7),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse_integer(text), Some(value), "{text}");
        }
        for text in ["", "-", "08", "0x", "1__0", "_1", "1_", "0x_", "9223372036854775808", "1.0"] {
            assert_eq!(parse_integer(text), None, "{text}");
        }
    }

    #[test]
    fn reads_gos_floats() {
        for (text, value) in [
            ("1", 1.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1e3", 1e3),
            ("1E+3", 1e3),
            ("1_0.2_5", 10.25),
            ("007", 7.0),
            ("0x1p3", 8.0),
            ("0x1.8p0", 1.5),
            ("0X_1_F.p-1", 15.5),
            ("0x.8p1", 1.0),
            ("+Inf", f64::INFINITY),
            ("-infinity", f64::NEG_INFINITY),
            ("1e-400", 0.0),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x1.fffffffffffff7p1023", f64::MAX),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000080001p0", 1.0 + f64::EPSILON),
            ("0x1.00000000000018p0", 1.0 + 2.0 * f64::EPSILON),
            ("0x123456789abcdef0123456789p-96", 1.137_777_777_777_777_8),
        ] {
            assert_eq!(parse_float(text), Ok(value), "{text}");
        }
        assert!(parse_float("nAn").unwrap().is_nan());
        for text in [
            "",
            ".",
            "e5",
            "1e",
            "+nan",
            "-nan",
            "0x10",
            "0x1p",
            "0xp1",
            "1__0",
            "1_.5",
            "1_e5",
            "_1",
            "1_",
            "1e5_",
            "in",
            "infinit",
            "1 ",
            "0b1",
            "1.5.5",
            "0x1.1.1p1",
            "é",
            "+-1",
            "1e5.5",
        ] {
            assert_eq!(parse_float(text), Err(NumberError::Syntax), "{text}");
        }
        for text in ["1e400", "-1e400", "0x1p1024", "0x1.fffffffffffff8p1023", "0x1p999999999999"] {
            assert_eq!(parse_float(text), Err(NumberError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn numbers_are_integers_first() {
        assert_eq!(parse_number("0x10"), Ok(16.0));
        assert_eq!(parse_number("010"), Ok(8.0));
        assert_eq!(parse_number("010.0"), Ok(10.0));
        assert_eq!(parse_number("089"), Ok(89.0));
        assert_eq!(parse_number("18446744073709551616"), Ok(18_446_744_073_709_551_616.0));
    }

    #[test]
    fn prints_as_go_does() {
        for (value, f, g, json) in [
            (1e21, "1000000000000000000000", "1e+21", "1e+21"),
            (1e6, "1000000", "1e+06", "1000000"),
            (123_456.0, "123456", "123456", "123456"),
            (1_234_567.0, "1234567", "1.234567e+06", "1234567"),
            (1e-7, "0.0000001", "1e-07", "1e-07"),
            (1e-4, "0.0001", "0.0001", "0.0001"),
            (1e-5, "0.00001", "1e-05", "0.00001"),
            (1.0, "1", "1", "1"),
            (0.0, "0", "0", "0"),
            (-0.0, "-0", "-0", "-0"),
            (0.1 + 0.2, "0.30000000000000004", "0.30000000000000004", "0.30000000000000004"),
            (f64::INFINITY, "+Inf", "+Inf", "+Inf"),
            (f64::NEG_INFINITY, "-Inf", "-Inf", "-Inf"),
            (f64::NAN, "NaN", "NaN", "NaN"),
        ] {
            assert_eq!(format_f(value), f);
            assert_eq!(format_g(value), g);
            assert_eq!(format_json(value), json);
        }
        assert_eq!(format_e(0.0), "0e+00");
        assert_eq!(format_e(-f64::MAX), "-1.7976931348623157e+308");
        assert_eq!(format_e(5e-324), "5e-324");
    }
}
