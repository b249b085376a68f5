//! The write side: what a decoder needs from a store.
//!
//! Decoders are push parsers over borrowed bytes. They hand items to a sink one by one and call
//! `commit` once: the sink numbers the items from 0 since the last commit, refuses them one by
//! one, and stores the rest as one atomic record.

mod log;
mod metric;
mod outcome;
mod profile;
mod raw;
mod raw_span;
mod span;

pub use log::{LogRecord, LogSink, SERVICE_NAME_LABELS};
pub use metric::{MetricSink, SeriesRef};
pub use outcome::{Committed, Refusal, RefusalReason, SinkError};
pub use profile::ProfileSink;
pub use raw::RawLabels;
pub use raw_span::{RawAttribute, RawEvent, RawLink, RawSpan, RawValue};
pub use span::SpanSink;
