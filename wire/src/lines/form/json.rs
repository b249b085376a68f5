//! A JSON object a line. The line stays as it is, for a query to read.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::Record;
use crate::json::Reader;
use crate::lines::stamp;

pub(super) fn record<'r>(line: &'r [u8], time_fields: &[String]) -> Option<Record<'r>> {
    if !line.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let mut reader = Reader::new(line).ok()?;
    let mut best: Option<(usize, i64)> = None;
    let read = reader.object(|reader, name| {
        let place = time_fields.iter().position(|known| known == name);
        let place = place.filter(|place| best.is_none_or(|best| *place < best.0));
        let time = match (place, reader.peek()) {
            (Some(_), b'"') => stamp::of_line(reader.string()?.as_bytes()),
            (Some(_), b'-' | b'0'..=b'9') => epoch(reader.number()?),
            _ => {
                reader.skip()?;
                None
            }
        };
        best = place.zip(time).or(best);
        Ok(())
    });
    read.ok()?;
    Some(Record { time: best.map(|best| best.1), line: line.into(), ..Record::default() })
}

/// An epoch; a whole number exactly.
fn epoch(text: &str) -> Option<i64> {
    stamp::of_line(text.as_bytes()).or_else(|| stamp::of_number(text.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_a_text_or_a_number() {
        let fields = ["@timestamp", "ts"].map(str::to_owned);
        let time = |line: &str| record(line.as_bytes(), &fields).unwrap().time;
        assert_eq!(time(r#"{"ts":1.5,"msg":"a"}"#), Some(1_500_000_000));
        assert_eq!(time(r#"{"@timestamp":"1970-01-01T00:00:01Z"}"#), Some(1_000_000_000));
        assert_eq!(time(r#"{"msg":"a"}"#), None);
        assert!(record(b"{", &fields).is_none());
        assert!(record(b"[1]", &fields).is_none());
    }
}
