//! Answers, owned.

use std::sync::Arc;

use telemetry_core::model::{SpanId, TraceId};
use telemetry_core::source::span::{SpanField, SpanValue};
use telemetry_core::time::Nanos;

/// The answer to a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchResult {
    /// Traces with at least one span that was kept, the latest start first; equal starts by id.
    pub traces: Vec<TraceMatch>,
}

/// A trace that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceMatch {
    /// Its identity.
    pub id: TraceId,
    /// Name of its root span; none where no stored span is a root.
    pub root_name: Option<Arc<str>>,
    /// Service of its root span; none without a root, empty where the root names none.
    pub root_service: Option<Arc<str>>,
    /// Earliest start of its spans.
    pub start: Nanos,
    /// Latest end of its spans minus `start`, in nanoseconds.
    pub duration_nanos: i64,
    /// The spansets that were kept: one, unless `by()` split it. Never empty.
    pub spansets: Vec<SpansetMatch>,
    /// Spans and errors per service, by name; empty unless asked for.
    pub services: Vec<ServiceStatistics>,
}

/// Spans of one service in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceStatistics {
    /// The service; empty where the resource names none.
    pub service: Arc<str>,
    /// Its spans.
    pub spans: u32,
    /// Those whose status is an error.
    pub errors: u32,
}

/// Spans of one trace that were kept together.
#[derive(Clone, Debug, PartialEq)]
pub struct SpansetMatch {
    /// Results of aggregates and of `by()`, each under its text, in the order of the query.
    pub attributes: Vec<(Arc<str>, SpanValue)>,
    /// How many spans were kept.
    pub matched: usize,
    /// The first of them by start time, as many as were asked for.
    pub spans: Vec<SpanMatch>,
}

/// A span that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanMatch {
    /// Its id.
    pub id: SpanId,
    /// Its operation.
    pub name: Arc<str>,
    /// When it began.
    pub start: Nanos,
    /// How long it took, in nanoseconds.
    pub duration_nanos: i64,
    /// Values of the fields that the query looks at or selects, where the span has one; of fields
    /// with several values the first that holds a test of the query, else the last.
    pub attributes: Vec<(SpanField, SpanValue)>,
}

/// A label of a series: its name and its value.
pub type Label = (Arc<str>, SpanValue);

/// The answer to a metrics query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricsResult {
    /// The points of all series, ascending; each is the end of its interval.
    pub times: Vec<Nanos>,
    /// The series that have a value somewhere, in order of their labels.
    pub series: Vec<Series>,
}

/// Numbers over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// `__name__` alone for a query without `by()`; else a label per attribute that has a value.
    pub labels: Vec<Label>,
    /// A number per point; NaN where there is none.
    pub values: Vec<f64>,
}
