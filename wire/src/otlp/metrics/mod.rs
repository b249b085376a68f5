//! Metrics: `ExportMetricsServiceRequest`, translated into Prometheus' model.
//!
//! 1. `decode` walks the request and collects which samples belong to which data point.
//! 2. `metric` reads a metric's head: name, unit, kind; `name` and `unit` make the Prometheus name.
//! 3. `point` reads data points, `labels` makes label sets of their attributes.
//! 4. `number`, `histogram`, `exponential` and `summary` turn a point of their kind into samples.
//! 5. `target_info` adds the series that carries the resource's other attributes.
//!
//! Semantics: Prometheus 3.14, all translation strategies, promotion of resource attributes and of
//! the scope. Delta temporality is not there yet: deltas are refused point by point.

mod decode;
mod exemplar;
mod exponential;
mod histogram;
mod labels;
mod metric;
mod name;
mod number;
mod options;
mod point;
mod summary;
mod target;
mod target_info;
mod unit;

pub use decode::decode_metrics;
pub use options::{MetricOptions, Promotion, Translation};
