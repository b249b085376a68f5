//! [`Receiver`]: bodies in, commits out.

use telemetry_core::sink::LogSink;

use super::batch::Batch;
use super::{BODY_BYTES_MAX_DEFAULT, Encoding, decode as protobuf, json};
use crate::error::Error;
use crate::otlp::texts::Texts;
use crate::outcome::Outcome;
use crate::snappy;

/// Takes bodies and hands their entries to a sink. It keeps its memory from body to body.
#[derive(Debug)]
pub struct Receiver<S> {
    sink: S,
    body_bytes_max: usize,
    memory: Memory,
}

/// What is used for body after body.
#[derive(Debug, Default)]
struct Memory {
    batch: Batch,
    /// A body in protobuf, decompressed.
    message: Vec<u8>,
    /// What the strings of a body in JSON stand for.
    texts: String,
}

impl<S: LogSink> Receiver<S> {
    /// A receiver that writes to `sink`.
    pub fn new(sink: S) -> Self {
        Receiver { sink, body_bytes_max: BODY_BYTES_MAX_DEFAULT, memory: Memory::default() }
    }

    /// Bytes that a body may have when decompressed; [`BODY_BYTES_MAX_DEFAULT`] by default.
    #[must_use]
    pub fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// Hands the entries of a body in protobuf to the sink: [`receive_as`](Self::receive_as).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn receive(&mut self, body: &[u8]) -> Result<Outcome, Error> {
        self.receive_as(Encoding::Protobuf, body)
    }

    /// Hands the entries of a body to the sink and commits them. Lines are bytes and stay as they
    /// are; metadata that is not UTF-8 is changed and counted.
    ///
    /// # Errors
    ///
    /// Where the body is no push in this encoding, is too large, has no stream, the labels of a
    /// stream cannot be read, or the sink cannot store anything. Nothing is stored then, and the
    /// receiver can go on.
    pub fn receive_as(&mut self, encoding: Encoding, body: &[u8]) -> Result<Outcome, Error> {
        receive(encoding, body, self.body_bytes_max, &mut self.memory, &mut self.sink)
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

/// Hands the entries of one body in protobuf to `sink` and commits them: [`Receiver::receive`] for
/// one body, of at most [`BODY_BYTES_MAX_DEFAULT`].
///
/// # Errors
///
/// As there.
pub fn decode(body: &[u8], sink: &mut dyn LogSink) -> Result<Outcome, Error> {
    decode_as(Encoding::Protobuf, body, sink)
}

/// Hands the entries of one body to `sink` and commits them: [`Receiver::receive_as`] for one body,
/// of at most [`BODY_BYTES_MAX_DEFAULT`].
///
/// # Errors
///
/// As there.
///
/// ```
/// # fn receive(sink: &mut dyn telemetry_core::sink::LogSink) -> Result<(), wire::Error> {
/// use wire::loki::push::{Encoding, decode_as};
///
/// let body = br#"{"streams":[{"stream":{"app":"api"},"values":[["1","it works"]]}]}"#;
/// let outcome = decode_as(Encoding::of("application/json"), body, sink)?;
/// assert_eq!(outcome.items, 1);
/// # Ok(())
/// # }
/// ```
pub fn decode_as(
    encoding: Encoding,
    body: &[u8],
    sink: &mut dyn LogSink,
) -> Result<Outcome, Error> {
    receive(encoding, body, BODY_BYTES_MAX_DEFAULT, &mut Memory::default(), sink)
}

fn receive<S: LogSink + ?Sized>(
    encoding: Encoding,
    body: &[u8],
    body_bytes_max: usize,
    memory: &mut Memory,
    sink: &mut S,
) -> Result<Outcome, Error> {
    let Memory { batch, message, texts } = memory;
    batch.clear();
    let texts = match encoding {
        Encoding::Protobuf => {
            let message = snappy::decompress(body, body_bytes_max, message)?;
            protobuf::read(message, batch)?;
            message
        }
        Encoding::Json if body.len() > body_bytes_max => {
            return Err(Error::TooLarge { limit: body_bytes_max });
        }
        Encoding::Json => {
            json::read(body, texts, batch)?;
            texts.as_bytes()
        }
    };
    if batch.is_empty() {
        return Err(Error::NoStreams);
    }
    let mut counted = Texts::default();
    batch.hand_over(texts, &mut counted, sink);
    Ok(Outcome::of(sink.commit()?, counted.replaced))
}
