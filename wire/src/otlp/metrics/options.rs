//! What may be chosen about metrics.

/// Half of Prometheus' default look-back, in milliseconds.
const TARGET_INFO_INTERVAL_MS: i64 = 150_000;

/// How metrics are translated. The default is Prometheus'.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MetricOptions {
    /// Whether `target_info` is written for resources that have attributes besides those that
    /// make `job` and `instance`.
    pub target_info: bool,
    /// Milliseconds between two samples of `target_info` where the data points of a resource
    /// stretch over a longer time. Half of the queries' look-back keeps the series visible.
    pub target_info_interval_ms: i64,
}

impl Default for MetricOptions {
    fn default() -> Self {
        MetricOptions { target_info: true, target_info_interval_ms: TARGET_INFO_INTERVAL_MS }
    }
}
