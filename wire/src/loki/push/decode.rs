//! Reads the messages of a body.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::sink::{LogRecord, LogSink, RawLabels, RefusalReason};

use super::labels;
use super::metadata::Metadata;
use crate::error::Fault;
use crate::otlp::texts::Texts;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader, pairs};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Checks that `body` is a `PushRequest`, and that all labels can be read.
pub(super) fn check(body: &[u8]) -> Result<(), Fault> {
    each_stream(body, |stream| {
        labels::read(text_of_labels(stream)?)?;
        let mut fields = stream;
        while let Some(tag) = fields.tag()? {
            match tag {
                (2, Len) => {
                    let entry = Entry::read(fields.message()?)?;
                    entry.each_pair(|_, _| ())?;
                }
                _ => fields.skip(tag)?,
            }
        }
        Ok(())
    })
}

/// Hands the entries of `body` to `sink`. Gives the number of streams.
pub(super) fn entries<S: LogSink + ?Sized>(
    body: &[u8],
    texts: &mut Texts,
    sink: &mut S,
) -> Result<u64, Fault> {
    let mut streams = 0;
    each_stream(body, |stream| {
        streams += 1;
        let pairs = labels::read(text_of_labels(stream)?)?;
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, &**value)).collect();
        let labels = RawLabels::new(&pairs);
        let mut metadata = Metadata::default();
        let mut fields = stream;
        while let Some(tag) = fields.tag()? {
            match tag {
                (2, Len) => {
                    let entry = Entry::read(fields.message()?)?;
                    metadata.clear();
                    entry.each_pair(|name, value| metadata.add(name, value, &pairs, texts))?;
                    match entry.time {
                        Some(time) => metadata.with(|metadata| {
                            sink.push(&labels, LogRecord { time, line: entry.line, metadata });
                        }),
                        None => sink.refuse(RefusalReason::InvalidTime { time: i64::MAX }),
                    }
                }
                _ => fields.skip(tag)?,
            }
        }
        Ok(())
    })?;
    Ok(streams)
}

fn each_stream<'a>(
    body: &'a [u8],
    mut then: impl FnMut(Reader<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut request = Reader::new(body);
    while let Some(tag) = request.tag()? {
        match tag {
            (1, Len) => then(request.message()?)?,
            _ => request.skip(tag)?,
        }
    }
    Ok(())
}

/// The text of a stream's labels: in front of its entries, but nothing says that it must be.
fn text_of_labels(mut stream: Reader<'_>) -> Result<Bytes<'_>, Fault> {
    let at = stream.position();
    while let Some(tag) = stream.tag()? {
        match tag {
            (1, Len) => return stream.bytes(),
            _ => stream.skip(tag)?,
        }
    }
    Ok(Bytes { bytes: b"", at })
}

/// A line with its time; its metadata is among the fields of its message.
struct Entry<'a> {
    message: Reader<'a>,
    /// None where 64 bits of nanoseconds do not hold it.
    time: Option<i64>,
    line: &'a [u8],
    has_metadata: bool,
}

impl<'a> Entry<'a> {
    #[inline]
    fn read(message: Reader<'a>) -> Result<Self, Fault> {
        let mut entry = Entry { message, time: Some(0), line: b"", has_metadata: false };
        let mut fields = message;
        while let Some(tag) = fields.tag()? {
            match tag {
                (1, Len) => entry.time = timestamp(fields.message()?)?,
                (2, Len) => entry.line = fields.bytes()?.bytes,
                (3, Len) => {
                    entry.has_metadata = true;
                    fields.skip(tag)?;
                }
                _ => fields.skip(tag)?,
            }
        }
        Ok(entry)
    }

    /// Calls `then` with name and value of each pair of the metadata.
    #[inline]
    fn each_pair(&self, mut then: impl FnMut(Bytes<'a>, Bytes<'a>)) -> Result<(), Fault> {
        if !self.has_metadata {
            return Ok(());
        }
        let mut fields = self.message;
        while let Some(tag) = fields.tag()? {
            match tag {
                (3, Len) => {
                    let [name, value] = pairs::texts(fields.message()?)?;
                    then(name, value);
                }
                _ => fields.skip(tag)?,
            }
        }
        Ok(())
    }
}

#[inline]
fn timestamp(message: Reader<'_>) -> Result<Option<i64>, Fault> {
    let (seconds, nanos) = pairs::timestamp(message)?;
    let whole = seconds.checked_mul(NANOS_PER_SECOND);
    Ok(whole.and_then(|whole| whole.checked_add(nanos.into())))
}
