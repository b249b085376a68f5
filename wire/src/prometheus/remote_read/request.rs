//! What is asked.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::labels::{MatchOp, Matcher};
use telemetry_core::time::MillisRange;

use super::BODY_BYTES_MAX;
use super::repeated::Repeated;
use crate::error::{Error, Fault};
use crate::protobuf::Wire::*;
use crate::protobuf::{Reader, Writer};
use crate::snappy;

/// Queries and matchers of each that room is made for before they are there: a byte of a request
/// must not cost more than it holds.
const QUERIES_RESERVED: usize = 64;
const MATCHERS_RESERVED: usize = 8;

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
    /// All must hold.
    pub matchers: Vec<Matcher>,
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
        let mut repeated = Repeated::default();
        request.queries.reserve(count(message).min(QUERIES_RESERVED));
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => read_query(message.message()?, &mut repeated, &mut request.queries)?,
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

fn read_query<'a>(
    mut message: Reader<'a>,
    repeated: &mut Repeated<'a>,
    queries: &mut Vec<Query>,
) -> Result<(), Fault> {
    let (mut start, mut end, mut hints) = (0, 0, Hints::default());
    // As many as the query before has.
    let count = queries.last().map_or(0, |query| query.matchers.len());
    let mut matchers = Vec::with_capacity(count.min(MATCHERS_RESERVED));
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => start = message.int64()?,
            (2, Varint) => end = message.int64()?,
            (3, Len) => matchers.push(repeated.matcher(message.bytes()?)?),
            (4, Len) => {
                hints = Hints::default();
                read_hints(message.message()?, repeated, &mut hints)?;
            }
            _ => message.skip(tag)?,
        }
    }
    queries.push(Query { window: MillisRange::new(start, end), matchers, hints });
    Ok(())
}

fn read_hints(
    mut message: Reader<'_>,
    repeated: &mut Repeated<'_>,
    hints: &mut Hints,
) -> Result<(), Fault> {
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => hints.step_ms = message.int64()?,
            (2, Len) => hints.function = repeated.text(message.bytes()?),
            (3, Varint) => hints.start_ms = message.int64()?,
            (4, Varint) => hints.end_ms = message.int64()?,
            (5, Len) => hints.grouping.push(repeated.text(message.bytes()?)),
            (6, Varint) => hints.by = message.bool()?,
            (7, Varint) => hints.range_ms = message.int64()?,
            _ => message.skip(tag)?,
        }
    }
    Ok(())
}

fn write_query(out: &mut Writer, query: &Query) {
    out.nonzero(1, query.window.start.0.cast_unsigned());
    out.nonzero(2, query.window.end.0.cast_unsigned());
    for matcher in &query.matchers {
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
