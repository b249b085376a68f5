//! What is known about a metric beside its samples.

use std::fmt;

/// Type, unit and help of a metric.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// The metric's type.
    pub kind: MetricKind,
    /// Its unit; empty if none.
    pub unit: String,
    /// Its help text; empty if none.
    pub help: String,
}

/// The type of a metric, as Prometheus and OpenMetrics name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// Not known.
    #[default]
    Unknown,
    /// Only rises, or starts again from zero.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts per bucket.
    Histogram,
    /// A histogram that may fall.
    GaugeHistogram,
    /// Quantiles computed by the application.
    Summary,
    /// Constant 1 with facts as labels.
    Info,
    /// One boolean per state.
    StateSet,
}

impl MetricKind {
    /// The name in exposition formats.
    pub fn as_str(self) -> &'static str {
        match self {
            MetricKind::Unknown => "unknown",
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
            MetricKind::GaugeHistogram => "gaugehistogram",
            MetricKind::Summary => "summary",
            MetricKind::Info => "info",
            MetricKind::StateSet => "stateset",
        }
    }
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
