//! Metrics: `ExportMetricsServiceRequest`, translated into Prometheus' model.
//!
//! 1. `decode` walks the request and collects which samples belong to which data point.
//! 2. `metric` reads a metric's head: name, unit, kind; `name` and `unit` make the Prometheus name.
//! 3. `point` reads data points, `labels` makes label sets of their attributes.
//! 4. `number`, `histogram`, `exponential` and `summary` turn a point of their kind into samples.
//! 5. `output` hands them over; it remembers the series of points, and `deltas` the totals of
//!    series of delta temporality, both from request to request of a `receiver`.
//! 6. `target_info` adds the series that carries the resource's other attributes.
//! 7. `encode` goes the other way.
//!
//! Semantics: Prometheus 3.14, all translation strategies, promotion of resource attributes and of
//! the scope.

mod decode;
mod deltas;
mod encode;
mod exemplar;
mod exponential;
mod histogram;
mod labels;
mod metric;
mod name;
mod number;
mod options;
mod output;
mod point;
mod receiver;
mod sum;
mod summary;
mod target;
mod target_info;
mod unit;

pub use decode::decode_metrics;
pub use encode::MetricEncoder;
pub use options::{DeltaOptions, MetricOptions, Promotion, Translation};
pub use receiver::MetricReceiver;
