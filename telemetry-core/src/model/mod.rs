//! The items that the four signals are made of.
//!
//! Plain data with public fields: what a host hands in and gets back. Engines keep columns
//! instead (see [`crate::source`]); these types are for the edges.

mod attribute;
mod exemplar;
mod histogram;
mod log;
mod metadata;
mod profile;
mod sample;
mod span;

pub use attribute::{AttributeValue, KeyValue};
pub use exemplar::Exemplar;
pub use histogram::{BucketSpan, CUSTOM_BUCKETS_SCHEMA, CounterReset, Histogram, HistogramError};
pub use log::LogEntry;
pub use metadata::{Metadata, MetricKind};
pub use profile::{
    Function, Line, Location, Mapping, Profile, ProfileError, ProfileSample, SampleLabel,
    SampleLabelValue, ValueType,
};
pub use sample::{STALE_BITS, STALE_MARKER, Sample, SampleValue, is_stale};
pub use span::{
    IdError, Resource, Scope, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, StatusCode,
    Trace, TraceId,
};
