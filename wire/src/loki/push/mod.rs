//! Loki's push: how its agents send lines on.
//!
//! A body is JSON, or one block of snappy with a protobuf message in it:
//!
//! ~~~text
//! PushRequest  1 streams*
//! Stream       1 labels, as text: {app="api", env="prod"} · 2 entries* · 3 hash
//! Entry        1 timestamp (1 seconds · 2 nanos) · 2 line · 3 structured metadata* (1 name · 2 value)
//! ~~~
//!
//! 1. `labels` reads the text of labels.
//! 2. `metadata` names structured metadata as Loki does.
//! 3. `decode` reads protobuf and `json` reads JSON into a `batch`: once, and all of it before the sink
//!    gets anything. A body that is damaged anywhere changes nothing.
//!
//! `encode` is the way back. Source: Loki's `push.proto` and the answers of its push endpoint.

mod batch;
mod decode;
mod encode;
mod encoding;
mod json;
mod labels;
mod metadata;
mod receiver;

pub use encode::encode;
pub use encoding::Encoding;
pub use receiver::{Receiver, decode, decode_as};

/// Bytes that a body may have when decompressed, unless the receiver says otherwise: as in Loki.
pub const BODY_BYTES_MAX_DEFAULT: usize = 100 << 20;
