//! [`Receiver`]: bodies in, commits out.

use telemetry_core::sink::LogSink;

use super::BODY_BYTES_MAX_DEFAULT;
use super::decode::{check, entries};
use crate::error::Error;
use crate::otlp::texts::Texts;
use crate::outcome::Outcome;
use crate::snappy;

/// Takes bodies and hands their entries to a sink. It keeps its memory from body to body.
#[derive(Debug)]
pub struct Receiver<S> {
    sink: S,
    body_bytes_max: usize,
    body: Vec<u8>,
}

impl<S: LogSink> Receiver<S> {
    /// A receiver that writes to `sink`.
    pub fn new(sink: S) -> Self {
        Receiver { sink, body_bytes_max: BODY_BYTES_MAX_DEFAULT, body: Vec::new() }
    }

    /// Bytes that a body may have when decompressed; [`BODY_BYTES_MAX_DEFAULT`] by default.
    #[must_use]
    pub fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// Hands the entries of a body to the sink and commits them. Lines are bytes and stay as they
    /// are; metadata that is not UTF-8 is changed and counted.
    ///
    /// # Errors
    ///
    /// Where the body is not one block of snappy with a push request in it, is too large, the
    /// labels of a stream cannot be read, or the sink cannot store anything. Nothing is stored
    /// then, and the receiver can go on.
    pub fn receive(&mut self, body: &[u8]) -> Result<Outcome, Error> {
        receive(body, self.body_bytes_max, &mut self.body, &mut self.sink)
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// The sink, for good.
    pub fn into_sink(self) -> S {
        self.sink
    }
}

/// Hands the entries of one body to `sink` and commits them: [`Receiver::receive`] for one body,
/// of at most [`BODY_BYTES_MAX_DEFAULT`].
///
/// # Errors
///
/// As there.
pub fn decode(body: &[u8], sink: &mut dyn LogSink) -> Result<Outcome, Error> {
    receive(body, BODY_BYTES_MAX_DEFAULT, &mut Vec::new(), sink)
}

fn receive<S: LogSink + ?Sized>(
    body: &[u8],
    body_bytes_max: usize,
    memory: &mut Vec<u8>,
    sink: &mut S,
) -> Result<Outcome, Error> {
    let body = snappy::decompress(body, body_bytes_max, memory)?;
    check(body)?;
    let mut texts = Texts::default();
    entries(body, &mut texts, sink)?;
    Ok(Outcome::of(sink.commit()?, texts.replaced))
}
