//! A JSON object a line. The line stays as it is, for `| json` to read.

use serde_json::Value;

use crate::record::Record;
use crate::stamp;

/// Members that hold the time, the usual ones first.
const TIMES: [&str; 8] =
    ["time", "ts", "timestamp", "@timestamp", "t", "datetime", "date", "Timestamp"];

pub(super) fn record(line: &[u8]) -> Option<Record> {
    if !line.starts_with(b"{") {
        return None;
    }
    let object: Value = serde_json::from_slice(line).ok()?;
    let object = object.as_object()?;
    let time = TIMES.iter().filter_map(|name| object.get(*name)).find_map(|value| match value {
        Value::String(text) => stamp::of_line(text.as_bytes()),
        Value::Number(number) => stamp::of_number(number.as_f64()?),
        _ => None,
    });
    Some(Record { time, line: line.to_vec(), ..Record::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_a_text_or_a_number() {
        let time = |line: &str| record(line.as_bytes()).unwrap().time;
        assert_eq!(time(r#"{"ts":1.5,"msg":"a"}"#), Some(1_500_000_000));
        assert_eq!(time(r#"{"@timestamp":"1970-01-01T00:00:01Z"}"#), Some(1_000_000_000));
        assert_eq!(time(r#"{"msg":"a"}"#), None);
        assert!(record(b"{").is_none());
    }
}
