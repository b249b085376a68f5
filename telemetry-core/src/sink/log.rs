//! The write side of a log store.

use super::{Committed, RawLabels, RefusalReason, SinkError};

/// Labels of which Loki takes the first one present for `service_name` by default.
pub const SERVICE_NAME_LABELS: [&str; 13] = [
    "service",
    "app",
    "application",
    "app_name",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
];

/// A line as it lies in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRecord<'a> {
    /// When it was written, in nanoseconds.
    pub time: i64,
    /// The line, without its line end.
    pub line: &'a [u8],
    /// Structured metadata, in any order.
    pub metadata: &'a [(&'a str, &'a str)],
}

/// Takes log lines.
pub trait LogSink {
    /// Adds a line of the stream with these labels to the commit: the next item.
    fn push(&mut self, stream: &RawLabels<'_>, record: LogRecord<'_>);

    /// Counts an item that the caller could not hand in, so that positions stay right.
    fn refuse(&mut self, reason: RefusalReason);

    /// Stores the commit.
    ///
    /// # Errors
    ///
    /// Where nothing could be stored at all.
    fn commit(&mut self) -> Result<Committed, SinkError>;
}
