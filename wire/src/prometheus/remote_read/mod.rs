//! Remote read: how Prometheus asks another store for samples.
//!
//! A request is one block of snappy. An answer is one too, of samples; or, where the request takes
//! that, a stream of frames of encoded chunks.
//!
//! ~~~text
//! ReadRequest  1 queries* · 2 accepted response types* (0 samples · 1 chunks)
//! Query        1 start · 2 end (milliseconds, both included) · 3 matchers* · 4 hints
//! Matcher      1 type (0 =, 1 !=, 2 =~, 3 !~) · 2 name · 3 value
//! Hints        1 step · 2 function · 3 start · 4 end · 5 grouping* · 6 by · 7 range
//! ReadResponse 1 results* · of each: 1 timeseries* as in remote write 1.0
//! ~~~
//!
//! `request` has the questions, `repeated` what they have in common; `samples` answers of samples,
//! `chunks` those of chunks, `labels` the labels of both. Chunks are handed on as they are: what is
//! in them is the store's affair.
//!
//! Source: Prometheus' `remote.proto` and its documentation of the remote read API.

mod chunks;
mod labels;
mod repeated;
mod request;
mod samples;

pub use chunks::{Chunk, ChunkEncoding, ChunkFrame, ChunkedSeries, decode_chunks, encode_chunks};
pub use request::{Hints, Query, ReadRequest, ResponseKind};
pub use samples::{ReadResponse, ReadSeries};

/// Bytes that a request or an answer of samples may have when decompressed: as in Prometheus.
pub const BODY_BYTES_MAX: usize = 32 << 20;
