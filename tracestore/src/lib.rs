//! The trace engine of Quadra: spans in, traces out.
//!
//! ~~~text
//! push/batch ─▶ log ─▶ head (spans by trace) ──flush──▶ block (columns) ──compaction──▶ block
//!                        └───────────── SpanSource: conditions, columns, trace by id ─────┘
//! ~~~
//! A [`TraceStore`] keeps whole spans exactly as they came and answers from columns. It implements the
//! read trait [`SpanSource`](telemetry_core::source::span::SpanSource), over which languages run, and
//! hands out the write trait [`SpanSink`](telemetry_core::sink::SpanSink) to decoders. Spans of a trace
//! may come late and in any order: whoever reads a trace sees all that was stored of it before.
#![forbid(unsafe_code)]

mod block;
mod compact;
mod delete;
mod engine;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod head;
mod limits;
mod lookup;
mod options;
mod record;
mod search;
mod span;
mod store;

pub use error::Error;
pub use limits::Limits;
pub use options::Builder;
pub use store::{Batch, TraceStore};
