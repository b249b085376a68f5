//! Exemplars: single observations that point from a metric to a trace.

use crate::labels::Labels;
use crate::time::Millis;

/// An observation behind a sample, with labels of its own (usually `trace_id`, `span_id`).
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// The exemplar's own labels, not those of the series.
    pub labels: Labels,
    /// The observed value.
    pub value: f64,
    /// When it was observed.
    pub time: Millis,
}
