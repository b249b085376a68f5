//! Reads a line of InfluxDB's line protocol.
//!
//! ~~~text
//! line      measurement ("," tag "=" value)* " " field "=" value ("," field "=" value)* (" " time)?
//! value     float | integer "i" | integer "u" | t T true True TRUE f F false False FALSE | "text"
//! escapes   \  in front of , = space \  outside of texts, of " \ within; else it stands for itself
//! ~~~
//!
//! What stands in front of the first space that is not escaped, the *head*, names the series together
//! with a field's name: only where the two have not been seen yet are tags read.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

use memchr::{memchr, memchr2};
use telemetry_core::labels::METRIC_NAME;
use xxhash_rust::xxh3::xxh3_128;

use super::options::InfluxOptions;
use super::report::{LineFault, Refused};
use super::row::{Piece, Row, Times};
use crate::decimal;

/// Between texts that are hashed together: no text has this byte.
const SEPARATOR: u8 = 0xff;

/// Whether a line is a comment.
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

impl InfluxOptions {
    /// Reads the samples of a line.
    pub(super) fn read(&self, line: &str, row: &mut Row) -> Result<(), Refused> {
        let bytes = line.as_bytes();
        let start = bytes.iter().take_while(|byte| **byte == b' ').count();
        let end = end_of(bytes, start, |byte| byte == b' ');
        row.head = start..end;
        let mut hashed = std::mem::take(&mut row.hashed);
        hashed.clear();
        hashed.extend_from_slice(bytes.get(row.head.clone()).unwrap_or_default());
        let read = self.fields(line, end, row, &mut hashed);
        if self.skips_single_field && row.cells.len() == 1 {
            // Beside other fields it has another name.
            hashed.push(SEPARATOR);
        }
        row.key = xxh3_128(&hashed);
        row.hashed = hashed;
        let at = read?;
        let time = line.get(at..).unwrap_or_default().trim_matches(' ');
        let mut millis = None;
        if !time.is_empty() {
            let wrong = || Refused::new(after_spaces(bytes, at), LineFault::Time);
            millis = Some(self.precision.millis(time).ok_or_else(wrong)?);
        }
        row.times = Times::Row(millis);
        Ok(())
    }

    /// Reads the fields behind the head; gives where they end.
    fn fields(
        &self,
        line: &str,
        head_end: usize,
        row: &mut Row,
        hashed: &mut Vec<u8>,
    ) -> Result<usize, Refused> {
        let bytes = line.as_bytes();
        let mut at = after_spaces(bytes, head_end);
        if at == bytes.len() {
            return Err(Refused::expected(at, "fields"));
        }
        loop {
            let key = at..end_of(bytes, at, |byte| matches!(byte, b'=' | b',' | b' '));
            if key.is_empty() || bytes.get(key.end) != Some(&b'=') {
                return Err(Refused::expected(key.end, "a field's name and `=`"));
            }
            at = key.end + 1;
            let (value, end) = match number_at(bytes, at) {
                Some((value, end)) => (Ok(value), end),
                None => {
                    let end = end_of_value(bytes, at)?;
                    (number(line.get(at..end).unwrap_or_default()), end)
                }
            };
            match value {
                Ok(value) => {
                    // No text has this byte.
                    hashed.push(SEPARATOR);
                    hashed.extend_from_slice(bytes.get(key.clone()).unwrap_or_default());
                    row.push(row.cells.len(), value);
                }
                Err(fault) => row.refused.push(Refused::new(at, fault)),
            }
            row.cells.push(Piece::Line(key));
            at = end;
            match bytes.get(at) {
                Some(b',') => at += 1,
                _ => return Ok(at),
            }
        }
    }

    /// Makes the labels of the series of a field's sample.
    pub(super) fn series(&self, line: &str, part: usize, row: &mut Row) -> Result<(), Refused> {
        row.clear_labels();
        let bytes = line.as_bytes();
        let Range { start, end } = row.head;
        let of_head = |at: usize, is_end: fn(u8) -> bool| end_of(bytes, at, is_end).min(end);
        let measurement = start..of_head(start, |byte| byte == b',');
        if measurement.is_empty() && !self.skips_measurement {
            return Err(Refused::expected(start, "a measurement"));
        }
        let field = match row.cells.get(part) {
            Some(Piece::Line(field)) => field.clone(),
            _ => 0..0,
        };
        let is_single = row.cells.len() == 1 && self.skips_single_field;
        let name = row.keep(|arena| {
            if !self.skips_measurement {
                unescape(line, measurement.clone(), arena);
            }
            if !is_single || self.skips_measurement {
                arena.push_str(if self.skips_measurement { "" } else { &self.separator });
                unescape(line, field, arena);
            }
        });
        let label = row.keep(|arena| arena.push_str(METRIC_NAME));
        row.label(label, name);
        let mut at = measurement.end;
        while at < end {
            // The comma.
            at += 1;
            let key = at..of_head(at, |byte| matches!(byte, b'=' | b','));
            if key.is_empty() || bytes.get(key.end) != Some(&b'=') {
                return Err(Refused::expected(key.end, "a tag's name and `=`"));
            }
            let value = key.end + 1..of_head(key.end + 1, |byte| byte == b',');
            at = value.end;
            let key = row.keep(|arena| unescape(line, key, arena));
            let value = row.keep(|arena| unescape(line, value, arena));
            row.label(key, value);
        }
        Ok(())
    }
}

/// Where the first byte from `at` on is that ends it and is not escaped, or the line's end.
fn end_of(bytes: &[u8], mut at: usize, is_end: impl Fn(u8) -> bool) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            byte if is_end(*byte) => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Where the value that begins at `start` ends.
fn end_of_value(bytes: &[u8], start: usize) -> Result<usize, Refused> {
    let rest = |at: usize| bytes.get(at..).unwrap_or_default();
    if bytes.get(start) != Some(&b'"') {
        return Ok(start + memchr2(b',', b' ', rest(start)).unwrap_or(rest(start).len()));
    }
    let mut at = start + 1;
    loop {
        let found = memchr2(b'"', b'\\', rest(at)).map(|len| at + len);
        let found = found.ok_or_else(|| Refused::new(start, LineFault::Quotes))?;
        if bytes.get(found) == Some(&b'\\') {
            at = found + 2;
            continue;
        }
        return match bytes.get(found + 1) {
            None | Some(b',' | b' ') => Ok(found + 1),
            _ => Err(Refused::new(start, LineFault::Quotes)),
        };
    }
}

fn after_spaces(bytes: &[u8], at: usize) -> usize {
    let spaces = bytes.get(at..).unwrap_or_default().iter().take_while(|byte| **byte == b' ');
    at + spaces.count()
}

/// A plainly spelt number at `at`, and where it ends: in front of whatever ends a value.
#[inline]
fn number_at(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    let (value, len) = decimal::float(bytes.get(at..)?)?;
    let end = at + len;
    matches!(bytes.get(end), None | Some(b',' | b' ')).then_some((value, end))
}

/// A value that is not a text.
fn number(text: &str) -> Result<f64, LineFault> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => return Ok(1.0),
        "f" | "F" | "false" | "False" | "FALSE" => return Ok(0.0),
        _ if text.starts_with('"') => return Err(LineFault::Text),
        _ => {}
    }
    if let Some(integer) = text.strip_suffix('i') {
        let digits = integer.strip_prefix(['-', '+']).unwrap_or(integer);
        let value = integer.parse::<i64>().ok().filter(|_| is_digits(digits));
        return value.map(|value| value as f64).ok_or(LineFault::Number);
    }
    if let Some(unsigned) = text.strip_suffix('u') {
        let value = unsigned.parse::<u64>().ok().filter(|_| is_digits(unsigned));
        return value.map(|value| value as f64).ok_or(LineFault::Number);
    }
    // Rust reads the names of what is not finite too.
    let is_decimal = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let value = text.parse::<f64>().ok().filter(|value| is_decimal && value.is_finite());
    value.ok_or(LineFault::Number)
}

/// Appends a part of the line without its backslashes.
fn unescape(line: &str, part: Range<usize>, out: &mut String) {
    let mut rest = line.get(part).unwrap_or_default();
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let behind = escape.get(1..).unwrap_or_default();
        match behind.chars().next() {
            Some(c @ (',' | '=' | ' ' | '\\')) => {
                out.push(c);
                rest = behind.get(1..).unwrap_or_default();
            }
            _ => {
                out.push('\\');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_types() {
        let cases = [
            ("1", Ok(1.0)),
            ("-1.5e3", Ok(-1500.0)),
            (".5", Ok(0.5)),
            ("-7i", Ok(-7.0)),
            ("18446744073709551615u", Ok(18_446_744_073_709_551_615.0)),
            ("T", Ok(1.0)),
            ("False", Ok(0.0)),
            ("\"t\"", Err(LineFault::Text)),
            ("-1u", Err(LineFault::Number)),
            ("1.5i", Err(LineFault::Number)),
            ("9223372036854775808i", Err(LineFault::Number)),
            ("inf", Err(LineFault::Number)),
            ("NaN", Err(LineFault::Number)),
            ("1e999", Err(LineFault::Number)),
            ("tRUE", Err(LineFault::Number)),
            ("", Err(LineFault::Number)),
        ];
        for (text, value) in cases {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn backslashes_escape_only_what_needs_it() {
        let text = r"a\,b\=c\ d\\e\f\";
        let mut out = String::new();
        unescape(text, 0..text.len(), &mut out);
        assert_eq!(out, r"a,b=c d\e\f\");
    }
}
