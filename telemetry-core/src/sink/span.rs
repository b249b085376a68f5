//! The write side of a trace store.

use super::{Committed, RawSpan, RefusalReason, SinkError};

/// Takes spans.
pub trait SpanSink {
    /// Adds a span to the commit: the next item. Spans of one export share their resource and
    /// scope by reference. A sink that keeps the span makes its own of it:
    /// [`RawSpan::to_span`].
    fn push(&mut self, span: &RawSpan<'_>);

    /// Counts an item that the caller could not hand in, so that positions stay right.
    fn refuse(&mut self, reason: RefusalReason);

    /// Stores the commit.
    ///
    /// # Errors
    ///
    /// Where nothing could be stored at all.
    fn commit(&mut self) -> Result<Committed, SinkError>;
}
