//! What container runtimes write.

use serde_json::Value;

use crate::record::Record;
use crate::stamp;

/// `2026-11-25T06:34:57.1Z stdout F text`; `P` instead of `F` where the text goes on.
pub(super) fn cri(line: &[u8]) -> Option<Record> {
    let mut parts = line.splitn(4, |byte| *byte == b' ');
    let time = stamp::date_and_time(std::str::from_utf8(parts.next()?).ok()?)?;
    let stream = match parts.next()? {
        b"stdout" => "stdout",
        b"stderr" => "stderr",
        _ => return None,
    };
    let is_partial = match parts.next()? {
        b"F" => false,
        b"P" => true,
        _ => return None,
    };
    Some(Record {
        time: Some(time),
        line: parts.next().unwrap_or_default().to_vec(),
        metadata: vec![("stream", stream.into())],
        is_partial,
    })
}

/// `{"log":"text\n","stream":"stdout","time":"…"}`; without the line break the text goes on.
pub(super) fn docker(line: &[u8]) -> Option<Record> {
    if !line.starts_with(b"{") {
        return None;
    }
    let object: Value = serde_json::from_slice(line).ok()?;
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let log = text("log")?;
    let time = stamp::date_and_time(text("time")?)?;
    Some(Record {
        time: Some(time),
        line: log.strip_suffix('\n').unwrap_or(log).into(),
        metadata: text("stream").map(|stream| ("stream", stream.to_owned())).into_iter().collect(),
        is_partial: !log.ends_with('\n'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_goes_on_is_marked() {
        let part = cri(b"2026-11-25T06:34:57Z stderr P half a ").unwrap();
        assert!(part.is_partial);
        assert_eq!(part.line, b"half a ");
        let object = br#"{"log":"half","stream":"stdout","time":"2026-11-25T06:34:57.5Z"}"#;
        assert!(docker(object).unwrap().is_partial);
    }
}
