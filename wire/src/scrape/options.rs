//! What may be chosen about a scrape.

use crate::prometheus::Format;
use crate::relabel::Relabeling;

/// How a target is scraped. The default is Prometheus'; a limit of 0 is none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScrapeOptions {
    /// Whether labels that the target exposes win over the target's own. Else they are kept as
    /// `exported_…`.
    pub honor_labels: bool,
    /// Whether times that the target exposes are kept.
    pub honor_timestamps: bool,
    /// Whether series that have times of their own become stale when they disappear.
    pub track_timestamps_staleness: bool,
    /// Whether native histograms are read; else their classic form.
    pub scrape_native_histograms: bool,
    /// Whether the classic form of a native histogram is read beside it.
    pub always_scrape_classic_histograms: bool,
    /// Whether classic histograms become native ones with custom buckets; their classic form is read
    /// beside them only with `always_scrape_classic_histograms`. One whose parts do not fit together
    /// is left out, as in Prometheus.
    pub convert_classic_histograms_to_nhcb: bool,
    /// Buckets that a native histogram may have. More are joined into coarser ones; where that does
    /// not help, the scrape fails.
    pub native_histogram_bucket_limit: usize,
    /// The factor by which a bucket's bound must exceed the one before it at least: finer native
    /// histograms are made coarser.
    pub native_histogram_min_bucket_factor: f64,
    /// Whether names of metrics and labels must be classic, else the scrape fails: Prometheus'
    /// `metric_name_validation_scheme: legacy`.
    pub legacy_names: bool,
    /// Whether `_created` series of OpenMetrics are the start timestamps of their metrics, not
    /// series. Prometheus does so behind a feature flag.
    pub created_as_start: bool,
    /// Whether the timeout, the sample limit and the size of the body are reported too.
    pub extra_scrape_metrics: bool,
    /// Rules for what is scraped; they see the target's labels.
    pub metric_relabeling: Relabeling,
    /// The format of a body whose content type names none: Prometheus'
    /// `fallback_scrape_protocol`.
    pub fallback_format: Option<Format>,
    /// Bytes that a body may have.
    pub body_size_limit: usize,
    /// Samples that may be left after relabeling.
    pub sample_limit: u64,
    /// Labels that a series may have, its name included.
    pub label_limit: usize,
    /// Bytes that a label's name may have.
    pub label_name_length_limit: usize,
    /// Bytes that a label's value may have.
    pub label_value_length_limit: usize,
    /// Seconds after which the host gives up, for the report.
    pub scrape_timeout_seconds: f64,
}

impl Default for ScrapeOptions {
    fn default() -> Self {
        ScrapeOptions {
            honor_labels: false,
            honor_timestamps: true,
            track_timestamps_staleness: false,
            scrape_native_histograms: false,
            always_scrape_classic_histograms: false,
            convert_classic_histograms_to_nhcb: false,
            native_histogram_bucket_limit: 0,
            native_histogram_min_bucket_factor: 0.0,
            legacy_names: false,
            created_as_start: false,
            extra_scrape_metrics: false,
            metric_relabeling: Relabeling::default(),
            fallback_format: None,
            body_size_limit: 0,
            sample_limit: 0,
            label_limit: 0,
            label_name_length_limit: 0,
            label_value_length_limit: 0,
            scrape_timeout_seconds: 10.0,
        }
    }
}
