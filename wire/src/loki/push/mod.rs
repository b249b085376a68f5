//! Loki's push: how its agents send lines on.
//!
//! A body is one block of snappy. In it:
//!
//! ~~~text
//! PushRequest  1 streams*
//! Stream       1 labels, as text: {app="api", env="prod"} · 2 entries* · 3 hash
//! Entry        1 timestamp (1 seconds · 2 nanos) · 2 line · 3 structured metadata* (1 name · 2 value)
//! ~~~
//!
//! 1. `labels` reads the text of labels.
//! 2. `metadata` names structured metadata as Loki does.
//! 3. `decode` goes over a body twice: once to see that it is whole, then for the sink. A body that
//!    is damaged anywhere changes nothing.
//!
//! Source: Loki's `push.proto` and the answers of its push endpoint.

mod decode;
mod labels;
mod metadata;
mod receiver;

pub use receiver::{Receiver, decode};

/// Bytes that a body may have when decompressed, unless the receiver says otherwise: as in Loki.
pub const BODY_BYTES_MAX_DEFAULT: usize = 100 << 20;
