//! What a query has in common with the one before it.
//!
//! Who cuts a long time into windows asks for the same series again and again: the matchers of the
//! query before are not made again, their regular expressions not compiled again, and texts are
//! shared too.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::labels::{MatchOp, Matcher};

use super::request::Query;
use crate::error::{Error, Fault};
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader};

/// The first byte of a matcher in a query: field 3, of a length.
const MATCHER_TAG: u8 = 0x1a;

/// The matchers of a query while it is read.
#[derive(Debug, Default)]
pub(super) struct Matchers<'a> {
    /// Those of the query before, where they are the same.
    same: Option<Arc<[Matcher]>>,
    own: Vec<Matcher>,
    /// Where they lie in the request, if in one piece.
    piece: &'a [u8],
}

impl<'a> Matchers<'a> {
    /// Reads the matchers that follow each other in the `query`; the tag of the first has been
    /// read. `before` is the query before with the piece that its matchers were read from.
    pub(super) fn read(
        &mut self,
        query: &mut Reader<'a>,
        before: Option<(&Query, &'a [u8])>,
    ) -> Result<(), Fault> {
        let run = query.run(MATCHER_TAG)?;
        let is_first = self.same.is_none() && self.own.is_empty();
        self.piece = if is_first { run.bytes } else { &[] };
        if let Some((before, piece)) = before
            && is_first
            && piece == run.bytes
        {
            self.same = Some(Arc::clone(&before.matchers));
            return Ok(());
        }
        if let Some(same) = self.same.take() {
            self.own.extend_from_slice(&same);
        }
        let mut run = run.message();
        while let Some(message) = run.next_of_run()? {
            self.own.push(read_matcher(message)?);
        }
        Ok(())
    }

    /// The matchers, and the piece that they were read from.
    pub(super) fn finish(self) -> (Arc<[Matcher]>, &'a [u8]) {
        (self.same.unwrap_or_else(|| self.own.into()), self.piece)
    }
}

/// The text of `bytes`, which `before` may be already; what is not UTF-8 is replaced by U+FFFD.
pub(super) fn text(bytes: Bytes<'_>, before: Option<&Arc<str>>) -> Arc<str> {
    match before {
        Some(before) if before.as_bytes() == bytes.bytes => Arc::clone(before),
        _ => bytes.text().into(),
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
    Matcher::new(op, utf8(name)?, utf8(value)?)
        .map_err(|error| Box::new(Error::Matcher { position, source: Some(Box::new(error)) }))
}

fn utf8(bytes: Bytes<'_>) -> Result<&str, Fault> {
    str::from_utf8(bytes.bytes)
        .map_err(|_| Box::new(Error::Matcher { position: bytes.at, source: None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::Writer;

    /// A query with these matchers, between some of which is another field.
    fn message(pieces: &[&[&str]]) -> Vec<u8> {
        let mut out = Writer::default();
        for piece in pieces {
            for name in *piece {
                out.message(3, |out| out.bytes(2, name.as_bytes()));
            }
            out.varint(1, 7);
        }
        out.finish()
    }

    #[test]
    fn matchers_in_pieces_are_all_there() {
        let messages: [&[&[&str]]; 6] = [
            &[&["a", "b"]],
            &[&["a", "b"], &["c"]],
            &[&["a", "b"], &["c"]],
            &[&["a"], &["b"], &["c", "d"]],
            &[&["a"]],
            &[&["a"], &["a"]],
        ];
        let bytes = messages.map(message);
        let (mut before, mut piece): (Option<Query>, _) = (None, &[][..]);
        for (bytes, pieces) in bytes.iter().zip(messages) {
            let (mut matchers, mut reader) = (Matchers::default(), Reader::new(bytes));
            while let Some(tag) = reader.tag().unwrap() {
                if tag == (3, Len) {
                    let before = before.as_ref().map(|before| (before, piece));
                    matchers.read(&mut reader, before).unwrap();
                } else {
                    reader.skip(tag).unwrap();
                }
            }
            let read = matchers.finish();
            let names: Vec<_> = read.0.iter().map(Matcher::name).collect();
            assert_eq!(names, pieces.concat());
            let window = telemetry_core::time::MillisRange::new(0, 0);
            let hints = super::super::request::Hints::default();
            before = Some(Query { window, matchers: read.0, hints });
            piece = read.1;
        }
    }
}
