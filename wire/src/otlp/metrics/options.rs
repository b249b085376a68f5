//! What may be chosen about metrics.

/// Half of Prometheus' default look-back, in milliseconds.
const TARGET_INFO_INTERVAL_MS: i64 = 150_000;

/// How names of metrics and attributes become names of Prometheus: its `translation_strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Translation {
    /// Words joined by `_`, with the unit and the kind at the end: `http_requests_total`.
    #[default]
    UnderscoreEscapingWithSuffixes,
    /// Words joined by `_`, nothing added.
    UnderscoreEscapingWithoutSuffixes,
    /// Names as they are, with the unit and the kind at the end: `http.requests_total`.
    NoUtf8EscapingWithSuffixes,
    /// Names as they are. Metrics that differ in unit or kind alone may run together.
    NoTranslation,
}

impl Translation {
    pub(super) fn escapes(self) -> bool {
        use Translation::{UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes};
        matches!(self, UnderscoreEscapingWithSuffixes | UnderscoreEscapingWithoutSuffixes)
    }

    pub(super) fn adds_suffixes(self) -> bool {
        use Translation::{NoUtf8EscapingWithSuffixes, UnderscoreEscapingWithSuffixes};
        matches!(self, UnderscoreEscapingWithSuffixes | NoUtf8EscapingWithSuffixes)
    }
}

/// Which attributes of a resource become labels of all its series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// These: `promote_resource_attributes`.
    Only(Vec<String>),
    /// All but these: `promote_all_resource_attributes` and `ignore_resource_attributes`.
    AllExcept(Vec<String>),
}

impl Default for Promotion {
    fn default() -> Self {
        Promotion::Only(Vec::new())
    }
}

impl Promotion {
    pub(super) fn takes(&self, key: &[u8]) -> bool {
        let has = |keys: &[String]| keys.iter().any(|known| known.as_bytes() == key);
        match self {
            Promotion::Only(keys) => has(keys),
            Promotion::AllExcept(keys) => !has(keys),
        }
    }

    pub(super) fn is_none(&self) -> bool {
        *self == Promotion::default()
    }
}

/// How deltas are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaOptions {
    /// Series whose totals are kept; a point of one more is refused. A million by default, of about
    /// 60 bytes each, native histograms with their buckets.
    pub series_max: usize,
    /// Milliseconds, by the times of points, after which a series that nothing was added to is
    /// forgotten: its next delta starts a new total. Five minutes by default.
    pub stale_after_ms: i64,
}

impl Default for DeltaOptions {
    fn default() -> Self {
        DeltaOptions { series_max: 1 << 20, stale_after_ms: 5 * 60 * 1000 }
    }
}

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
    /// How names are made.
    pub translation: Translation,
    /// Which attributes of the resource are labels of every series. An attribute of the point that
    /// has the same name wins.
    pub promotion: Promotion,
    /// Whether name, version, schema URL and attributes of the scope are labels of every series,
    /// under names that begin with `otel_scope_`. Only for scopes that have a name.
    pub promote_scope_metadata: bool,
    /// Whether `target_info` has the attributes that make `job` and `instance` too.
    pub keep_identifying_resource_attributes: bool,
    /// Whether histograms with explicit bounds become native histograms with custom buckets, one
    /// series, not a classic histogram.
    pub histograms_as_custom_buckets: bool,
    /// How deltas become running totals. Only [`MetricReceiver`](crate::otlp::MetricReceiver) can, since
    /// it remembers; without this, and of `decode_metrics` always, deltas are refused.
    pub deltas: Option<DeltaOptions>,
}

impl Default for MetricOptions {
    fn default() -> Self {
        MetricOptions {
            target_info: true,
            target_info_interval_ms: TARGET_INFO_INTERVAL_MS,
            translation: Translation::default(),
            promotion: Promotion::default(),
            promote_scope_metadata: false,
            keep_identifying_resource_attributes: false,
            histograms_as_custom_buckets: false,
            deltas: None,
        }
    }
}
