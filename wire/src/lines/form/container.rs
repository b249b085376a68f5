//! What container runtimes write.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use super::Record;
use crate::json::Reader;
use crate::lines::stamp;

/// `2026-11-25T06:34:57.1Z stdout F text`; `P` instead of `F` where the text goes on.
pub(super) fn cri(line: &[u8]) -> Option<Record<'_>> {
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
        line: parts.next().unwrap_or_default().into(),
        metadata: vec![("stream", stream.into())],
        is_partial,
    })
}

/// `{"log":"text\n","stream":"stdout","time":"…"}`; without the line break the text goes on.
pub(super) fn docker(line: &[u8]) -> Option<Record<'_>> {
    if !line.starts_with(b"{") {
        return None;
    }
    let mut reader = Reader::new(line).ok()?;
    let [mut log, mut time, mut stream] = [const { None::<Cow<'_, str>> }; 3];
    let read = reader.object(|reader, name| {
        let into = match name {
            "log" => &mut log,
            "time" => &mut time,
            "stream" => &mut stream,
            _ => return reader.skip(),
        };
        if reader.peek() == b'"' {
            *into = Some(reader.string()?);
            Ok(())
        } else {
            reader.skip()
        }
    });
    read.and_then(|()| reader.end()).ok()?;
    let (log, time) = (log?, stamp::date_and_time(&time?)?);
    let is_partial = !log.ends_with('\n');
    let line = match log {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix('\n').unwrap_or(text).as_bytes()),
        Cow::Owned(mut text) => {
            text.truncate(text.strip_suffix('\n').map_or(text.len(), str::len));
            Cow::Owned(text.into_bytes())
        }
    };
    let metadata = stream.map(|stream| ("stream", stream)).into_iter().collect();
    Some(Record { time: Some(time), line, metadata, is_partial })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_goes_on_is_marked() {
        let part = cri(b"2026-11-25T06:34:57Z stderr P half a ").unwrap();
        assert!(part.is_partial);
        assert_eq!(&*part.line, b"half a ");
        let object = br#"{"log":"half","stream":"stdout","time":"2026-11-25T06:34:57.5Z"}"#;
        assert!(docker(object).unwrap().is_partial);
        let object = br#"{"attrs":{"a":[1]},"log":"\u00e9 end\n","time":"2026-11-25T06:34:57.5Z"}"#;
        let whole = docker(object).unwrap();
        assert!(!whole.is_partial && whole.metadata.is_empty());
        assert_eq!(&*whole.line, "é end".as_bytes());
        assert_eq!(docker(br#"{"log":1,"time":"2026-11-25T06:34:57.5Z"}"#), None);
        assert_eq!(docker(b"{"), None);
    }
}
