//! Matchers and texts that the queries of a request have in common.
//!
//! The panels of a dashboard ask for much the same: each matcher is made once, its regular
//! expression compiled once, and the others share it.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::labels::{MatchOp, Matcher};

use crate::error::{Error, Fault};
use crate::protobuf::Bytes;
use crate::protobuf::Wire::*;

/// So many matchers and so many texts are remembered, the first ones: each is compared with all.
const REPEATED_MAX: usize = 32;

/// What the queries read so far have.
#[derive(Debug, Default)]
pub(super) struct Repeated<'a> {
    /// By their messages.
    matchers: Vec<(&'a [u8], Matcher)>,
    texts: Vec<Arc<str>>,
}

impl<'a> Repeated<'a> {
    /// Reads a matcher.
    pub(super) fn matcher(&mut self, message: Bytes<'a>) -> Result<Matcher, Fault> {
        let known = self.matchers.iter().find(|(bytes, _)| *bytes == message.bytes);
        if let Some((_, matcher)) = known {
            return Ok(matcher.clone());
        }
        let matcher = read_matcher(message)?;
        if self.matchers.len() < REPEATED_MAX {
            self.matchers.push((message.bytes, matcher.clone()));
        }
        Ok(matcher)
    }

    /// Reads a text; what is not UTF-8 is replaced by U+FFFD.
    pub(super) fn text(&mut self, bytes: Bytes<'_>) -> Arc<str> {
        if let Some(text) = self.texts.iter().find(|text| text.as_bytes() == bytes.bytes) {
            return Arc::clone(text);
        }
        let text: Arc<str> = bytes.text().into();
        if self.texts.len() < REPEATED_MAX {
            self.texts.push(Arc::clone(&text));
        }
        text
    }
}

fn read_matcher(message: Bytes<'_>) -> Result<Matcher, Fault> {
    let (position, mut fields) = (message.at, message.message());
    let (mut op, mut name, mut value) = (0, Bytes::default(), Bytes::default());
    while let Some(tag) = fields.tag()? {
        match tag {
            (1, Varint) => op = fields.int32()?,
            (2, Len) => name = fields.bytes()?,
            (3, Len) => value = fields.bytes()?,
            _ => fields.skip(tag)?,
        }
    }
    let op = match op {
        0 => MatchOp::Equal,
        1 => MatchOp::NotEqual,
        2 => MatchOp::Regex,
        3 => MatchOp::NotRegex,
        _ => return Err(Box::new(Error::Matcher { position, source: None })),
    };
    Matcher::new(op, text(name)?, text(value)?)
        .map_err(|error| Box::new(Error::Matcher { position, source: Some(Box::new(error)) }))
}

fn text(bytes: Bytes<'_>) -> Result<&str, Fault> {
    str::from_utf8(bytes.bytes)
        .map_err(|_| Box::new(Error::Matcher { position: bytes.at, source: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_matchers_and_texts_are_made_once() {
        // 1: =~ · 2: "a" · 3: "b.*"
        let messages = [&b"\x08\x02\x12\x01a\x1a\x03b.*"[..], b"\x12\x01a\x1a\x01b"];
        let mut repeated = Repeated::default();
        for _ in 0..3 {
            for (bytes, expected) in messages.into_iter().zip([r#"a=~"b.*""#, r#"a="b""#]) {
                assert_eq!(repeated.matcher(Bytes { bytes, at: 0 }).unwrap().to_string(), expected);
                assert_eq!(&*repeated.text(Bytes { bytes: b"rate", at: 0 }), "rate");
            }
        }
        assert_eq!((repeated.matchers.len(), repeated.texts.len()), (2, 1));
    }

    #[test]
    fn past_the_bound_nothing_is_remembered() {
        let mut repeated = Repeated::default();
        for at in 0..100_u8 {
            let text = [b'0' + at / 10, b'0' + at % 10];
            assert_eq!(repeated.text(Bytes { bytes: &text, at: 0 }).as_bytes(), text);
        }
        assert_eq!(repeated.texts.len(), REPEATED_MAX);
    }
}
