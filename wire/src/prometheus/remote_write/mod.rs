//! Remote write: how Prometheus and its agents send samples on.
//!
//! A body is one block of snappy. In it, of version 1.0 (2.0 is drawn in `decode_v2`):
//!
//! ~~~text
//! WriteRequest  1 timeseries* · 3 metadata*
//! TimeSeries    1 labels* · 2 samples* · 3 exemplars* · 4 histograms*
//! Label         1 name · 2 value
//! Sample        1 value · 2 timestamp
//! Exemplar      1 labels* · 2 value · 3 timestamp
//! Metadata      1 type · 2 metric family · 4 help · 5 unit
//! ~~~
//!
//! Senders repeat themselves: a shard sends the same series again and again, mostly in the same
//! order. A [`Receiver`] keeps what it knows of them, so that a label is read once and later
//! samples of its series cost a comparison.
//!
//! 1. `known` finds the series of a message by the bytes of its labels.
//! 2. `decode` reads messages, `histogram` those in them; `decode_v2` those of version 2.0, whose
//!    texts are `symbols`.
//! 3. What was read is kept until the whole body has been, then handed to the sink: a body that is
//!    damaged anywhere changes nothing.
//!
//! Source: the remote-write specifications 1.0 and 2.0, and what Prometheus does where it is silent.

mod decode;
mod decode_v2;
mod encode;
mod encode_v2;
pub(super) mod histogram;
mod known;
pub(super) mod labels;
mod receiver;
mod symbols;

pub use encode::{Encoder, SeriesEncoder};
pub use encode_v2::{EncoderV2, SeriesEncoderV2};
pub use receiver::{Received, Receiver, Version, decode};

/// Bytes that a body may have when decompressed, unless the receiver says otherwise: as in
/// Prometheus.
pub const BODY_BYTES_MAX_DEFAULT: usize = 32 << 20;
