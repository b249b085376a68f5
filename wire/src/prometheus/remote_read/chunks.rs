//! Answers of chunks: a stream of frames, each of some series of one query.
//!
//! ~~~text
//! frame    length varint · CRC-32C of the message u32 BE · message
//! message  1 series* · 2 number of the query
//! series   1 labels* · 2 chunks*
//! chunk    1 time of the first sample · 2 of the last · 3 encoding · 4 data
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::Labels;

use super::labels::{LabelReader, write_labels};
use crate::error::{Error, Fault};
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader, Writer};

/// Some series of the answer to one query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChunkFrame {
    /// Number of the query in the request.
    pub query: u64,
    /// The series. One that does not fit a frame goes on in the next.
    pub series: Vec<ChunkedSeries>,
}

/// A series with its chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChunkedSeries {
    /// Its labels.
    pub labels: Labels,
    /// Its chunks by rising time.
    pub chunks: Vec<Chunk>,
}

/// Encoded samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Time of the first sample, in milliseconds.
    pub start_ms: i64,
    /// Time of the last one.
    pub end_ms: i64,
    /// How they are coded.
    pub encoding: ChunkEncoding,
    /// The code, as it lies in a block of Prometheus.
    pub data: Vec<u8>,
}

/// How samples are coded: the numbers of Prometheus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkEncoding(pub u32);

impl ChunkEncoding {
    /// Floats.
    pub const XOR: ChunkEncoding = ChunkEncoding(1);
    /// Histograms of integers.
    pub const HISTOGRAM: ChunkEncoding = ChunkEncoding(2);
    /// Histograms of floats.
    pub const FLOAT_HISTOGRAM: ChunkEncoding = ChunkEncoding(3);
    /// Floats with start timestamps.
    pub const XOR2: ChunkEncoding = ChunkEncoding(4);
    /// Histograms of integers with start timestamps.
    pub const HISTOGRAM_ST: ChunkEncoding = ChunkEncoding(5);
    /// Histograms of floats with start timestamps.
    pub const FLOAT_HISTOGRAM_ST: ChunkEncoding = ChunkEncoding(6);
}

/// Reads the first frame of a stream, and gives it with what follows it; none at the end.
///
/// # Errors
///
/// Where the frame is cut ([`Error::Protobuf`]), its checksum is another ([`Error::Checksum`]), or
/// it has labels that are none ([`Error::Unusable`]). Positions count from the start of `stream`.
pub fn decode_chunks(stream: &[u8]) -> Result<Option<(ChunkFrame, &[u8])>, Error> {
    if stream.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader::new(stream);
    let len = usize::try_from(reader.varint()?).unwrap_or(usize::MAX);
    let sum = u32::from_be_bytes(reader.fixed32()?.to_le_bytes());
    let message = reader.exactly(len)?;
    let found = crc32c::crc32c(message.bytes);
    if found != sum {
        return Err(Error::Checksum { position: message.at, found, expected: sum });
    }
    let rest = stream.get(message.at + len..).unwrap_or_default();
    Ok(Some((read_frame(message)?, rest)))
}

/// Appends a frame to a stream.
pub fn encode_chunks(frame: &ChunkFrame, stream: &mut Vec<u8>) {
    let mut out = Writer::default();
    for series in &frame.series {
        out.message(1, |out| {
            write_labels(out, &series.labels);
            for chunk in &series.chunks {
                out.message(2, |out| {
                    out.nonzero(1, chunk.start_ms.cast_unsigned());
                    out.nonzero(2, chunk.end_ms.cast_unsigned());
                    out.nonzero(3, chunk.encoding.0.into());
                    out.bytes(4, &chunk.data);
                });
            }
        });
    }
    out.nonzero(2, frame.query);
    let message = out.finish();
    let mut length = Writer::default();
    length.raw_varint(message.len() as u64);
    stream.extend_from_slice(&length.finish());
    stream.extend_from_slice(&crc32c::crc32c(&message).to_be_bytes());
    stream.extend_from_slice(&message);
}

fn read_frame(message: Bytes<'_>) -> Result<ChunkFrame, Fault> {
    let (mut frame, mut fields) = (ChunkFrame::default(), message.message());
    let mut labels = LabelReader::default();
    while let Some(tag) = fields.tag()? {
        match tag {
            (1, Len) => frame.series.push(read_series(fields.bytes()?, &mut labels)?),
            (2, Varint) => frame.query = fields.varint()?,
            _ => fields.skip(tag)?,
        }
    }
    Ok(frame)
}

fn read_series<'a>(
    message: Bytes<'a>,
    labels: &mut LabelReader<'a>,
) -> Result<ChunkedSeries, Fault> {
    let mut chunks = Vec::new();
    let mut fields = labels.head(message)?;
    while let Some(tag) = fields.tag()? {
        match tag {
            (1, Len) => labels.label(fields.message()?)?,
            (2, Len) => chunks.push(read_chunk(fields.message()?)?),
            _ => fields.skip(tag)?,
        }
    }
    Ok(ChunkedSeries { labels: labels.build(message.at)?, chunks })
}

fn read_chunk(mut message: Reader<'_>) -> Result<Chunk, Fault> {
    let mut chunk = Chunk::default();
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => chunk.start_ms = message.int64()?,
            (2, Varint) => chunk.end_ms = message.int64()?,
            (3, Varint) => chunk.encoding = ChunkEncoding(message.uint32()?),
            (4, Len) => chunk.data = message.bytes()?.bytes.to_vec(),
            _ => message.skip(tag)?,
        }
    }
    Ok(chunk)
}
