//! What is asked.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::labels::{MatchOp, Matcher};
use telemetry_core::time::MillisRange;

use super::BODY_BYTES_MAX;
use super::repeated::{Matchers, text};
use crate::error::{Error, Fault};
use crate::protobuf::Wire::*;
use crate::protobuf::{Reader, Writer};
use crate::snappy;

/// Queries that room is made for before they are there: a request must not cost more than it holds.
const QUERIES_RESERVED: usize = 64;

/// Several queries that are answered together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadRequest {
    /// The queries; an answer has a result for each, in this order.
    pub queries: Vec<Query>,
    /// What the asker understands, the best first; with none samples.
    pub accepts: Vec<ResponseKind>,
}

/// How an answer is coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseKind {
    /// One message of samples.
    #[default]
    Samples,
    /// A stream of encoded chunks.
    Chunks,
}

/// Which samples are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Times of the samples, both ends included.
    pub window: MillisRange,
    /// All must hold. Queries one after the other that select the same share them.
    pub matchers: Arc<[Matcher]>,
    /// What is done with the samples.
    pub hints: Hints,
}

/// What the asker does with the samples. An answer may use it, or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Milliseconds between two evaluations; 0 if there is one only.
    pub step_ms: i64,
    /// The function or aggregation around the selector; empty if there is none.
    pub function: Arc<str>,
    /// Start and end of the query as a whole, in milliseconds.
    pub start_ms: i64,
    /// See [`start_ms`](Self::start_ms).
    pub end_ms: i64,
    /// Labels that the aggregation groups by, or leaves out.
    pub grouping: Vec<Arc<str>>,
    /// Whether the grouping is by these labels.
    pub by: bool,
    /// Length of the range that is read at each evaluation, in milliseconds.
    pub range_ms: i64,
}

impl ReadRequest {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Where the body is no request, is larger than [`BODY_BYTES_MAX`], or has a matcher that is
    /// none: [`Error::Matcher`].
    pub fn decode(body: &[u8]) -> Result<Self, Error> {
        let mut memory = Vec::new();
        let mut message = Reader::new(snappy::decompress(body, BODY_BYTES_MAX, &mut memory)?);
        let (mut request, mut kinds) = (ReadRequest::default(), Vec::new());
        let mut piece = &[][..];
        request.queries.reserve(count(message).min(QUERIES_RESERVED));
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => piece = read_query(message.message()?, piece, &mut request.queries)?,
                (2, Len) => {
                    let mut packed = message.message()?;
                    while !packed.is_empty() {
                        kinds.push(packed.int32()?);
                    }
                }
                (2, Varint) => kinds.push(message.int32()?),
                _ => message.skip(tag)?,
            }
        }
        // A kind that is not known yet is none that could be answered with.
        request.accepts = kinds.into_iter().filter_map(kind).collect();
        Ok(request)
    }

    /// The body, compressed.
    ///
    /// # Errors
    ///
    /// [`Error::Snappy`]: it is larger than the 4 GiB that snappy can hold.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut out = Writer::default();
        for query in &self.queries {
            out.message(1, |out| write_query(out, query));
        }
        for kind in &self.accepts {
            out.varint(2, u64::from(*kind == ResponseKind::Chunks));
        }
        snappy::compress(&out.finish())
    }
}

fn kind(number: i32) -> Option<ResponseKind> {
    match number {
        0 => Some(ResponseKind::Samples),
        1 => Some(ResponseKind::Chunks),
        _ => None,
    }
}

/// How many queries there are, up to what is wrong.
fn count(mut message: Reader<'_>) -> usize {
    let mut queries = 0;
    while let Ok(Some(tag)) = message.tag() {
        queries += usize::from(tag == (1, Len));
        if message.skip(tag).is_err() {
            break;
        }
    }
    queries
}

/// Reads a query. `piece` is what the matchers of the last of `queries` were read from; gives that of
/// its own.
fn read_query<'a>(
    mut message: Reader<'a>,
    piece: &'a [u8],
    queries: &mut Vec<Query>,
) -> Result<&'a [u8], Fault> {
    let before = queries.last();
    let (mut start, mut end, mut hints) = (0, 0, Hints::default());
    let mut matchers = Matchers::default();
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => start = message.int64()?,
            (2, Varint) => end = message.int64()?,
            (3, Len) => matchers.read(&mut message, before.map(|before| (before, piece)))?,
            (4, Len) => {
                hints = read_hints(message.message()?, before.map(|before| &before.hints))?;
            }
            _ => message.skip(tag)?,
        }
    }
    let (matchers, piece) = matchers.finish();
    queries.push(Query { window: MillisRange::new(start, end), matchers, hints });
    Ok(piece)
}

fn read_hints(mut message: Reader<'_>, before: Option<&Hints>) -> Result<Hints, Fault> {
    let mut hints = Hints::default();
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => hints.step_ms = message.int64()?,
            (2, Len) => {
                hints.function = text(message.bytes()?, before.map(|hints| &hints.function));
            }
            (3, Varint) => hints.start_ms = message.int64()?,
            (4, Varint) => hints.end_ms = message.int64()?,
            (5, Len) => {
                let before = before.and_then(|before| before.grouping.get(hints.grouping.len()));
                hints.grouping.push(text(message.bytes()?, before));
            }
            (6, Varint) => hints.by = message.bool()?,
            (7, Varint) => hints.range_ms = message.int64()?,
            _ => message.skip(tag)?,
        }
    }
    Ok(hints)
}

fn write_query(out: &mut Writer, query: &Query) {
    out.nonzero(1, query.window.start.0.cast_unsigned());
    out.nonzero(2, query.window.end.0.cast_unsigned());
    for matcher in &*query.matchers {
        out.message(3, |out| {
            let op = match matcher.op() {
                MatchOp::Equal => 0,
                MatchOp::NotEqual => 1,
                MatchOp::Regex => 2,
                MatchOp::NotRegex => 3,
            };
            out.nonzero(1, op);
            out.nonempty(2, matcher.name().as_bytes());
            out.nonempty(3, matcher.value().as_bytes());
        });
    }
    let hints = &query.hints;
    if *hints == Hints::default() {
        return;
    }
    out.message(4, |out| {
        out.nonzero(1, hints.step_ms.cast_unsigned());
        out.nonempty(2, hints.function.as_bytes());
        out.nonzero(3, hints.start_ms.cast_unsigned());
        out.nonzero(4, hints.end_ms.cast_unsigned());
        hints.grouping.iter().for_each(|name| out.bytes(5, name.as_bytes()));
        out.nonzero(6, hints.by.into());
        out.nonzero(7, hints.range_ms.cast_unsigned());
    });
}
