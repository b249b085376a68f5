//! A job as Prometheus' configuration spells it: the fields of a `scrape_config` that need no socket.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use telemetry_core::labels::Labels;
use telemetry_core::time::duration::parse_prometheus;

use super::options::ScrapeOptions;
use super::target::{Target, TargetError, TargetOptions};
use crate::prometheus::Format;
use crate::relabel::Relabeling;

/// A job: which targets it has, and how they are scraped.
///
/// It is read by serde from the fields of a `scrape_config`, under their names and with their
/// defaults: all but those about fetching, signing in, and finding targets elsewhere than in
/// `static_configs`. One of those, or one that is misspelt, is an error.
///
/// ```
/// use wire::scrape::ScrapeConfig;
/// let config: ScrapeConfig = serde_json::from_str(r#"{
///     "job_name": "node",
///     "sample_limit": 10000,
///     "body_size_limit": "10MB",
///     "static_configs": [{"targets": ["a:9100", "b:9100"], "labels": {"zone": "x"}}],
///     "relabel_configs": [{"source_labels": ["__address__"], "regex": "b:.*", "action": "drop"}],
///     "metric_relabel_configs": [{"source_labels": ["__name__"], "regex": "go_.*", "action": "drop"}]
/// }"#)?;
/// let targets = config.targets()?;
/// assert_eq!(targets.len(), 1);
/// assert_eq!(targets[0].labels.to_string(), r#"{instance="a:9100", job="node", zone="x"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScrapeConfig {
    /// What makes targets.
    pub target: TargetOptions,
    /// How they are scraped.
    pub scrape: ScrapeOptions,
    /// How often, where that is said.
    pub scrape_interval: Option<Duration>,
    /// What `static_configs` say, as discovery would.
    pub found: Vec<Labels>,
}

impl ScrapeConfig {
    /// The targets that are not dropped.
    ///
    /// # Errors
    ///
    /// The first that cannot be scraped.
    pub fn targets(&self) -> Result<Vec<Target>, TargetError> {
        let discovered = |found| Target::discovered(found, &self.target).transpose();
        self.found.iter().filter_map(discovered).collect()
    }
}

/// The fields as they are spelt.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    job_name: String,
    #[serde(default)]
    honor_labels: bool,
    #[serde(default = "yes")]
    honor_timestamps: bool,
    #[serde(default)]
    track_timestamps_staleness: bool,
    scrape_interval: Option<Text<Millis>>,
    scrape_timeout: Option<Text<Millis>>,
    metrics_path: Option<String>,
    scheme: Option<String>,
    #[serde(default)]
    params: BTreeMap<String, Vec<String>>,
    fallback_scrape_protocol: Option<Text<Format>>,
    #[serde(default)]
    scrape_native_histograms: bool,
    #[serde(default)]
    always_scrape_classic_histograms: bool,
    #[serde(default)]
    convert_classic_histograms_to_nhcb: bool,
    #[serde(default)]
    native_histogram_bucket_limit: usize,
    #[serde(default)]
    native_histogram_min_bucket_factor: f64,
    metric_name_validation_scheme: Option<Text<Scheme>>,
    #[serde(default)]
    extra_scrape_metrics: bool,
    body_size_limit: Option<Text<Size>>,
    #[serde(default)]
    sample_limit: u64,
    #[serde(default)]
    label_limit: usize,
    #[serde(default)]
    label_name_length_limit: usize,
    #[serde(default)]
    label_value_length_limit: usize,
    #[serde(default)]
    static_configs: Vec<Static>,
    #[serde(default)]
    relabel_configs: Relabeling,
    #[serde(default)]
    metric_relabel_configs: Relabeling,
}

fn yes() -> bool {
    true
}

/// Targets that are listed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Static {
    targets: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for ScrapeConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        let mut target = TargetOptions::new(fields.job_name);
        target.metrics_path = fields.metrics_path.unwrap_or(target.metrics_path);
        target.scheme = fields.scheme.unwrap_or(target.scheme);
        // Of several values rules see the first.
        let first =
            |(name, values): (String, Vec<String>)| Some((name, values.into_iter().next()?));
        target.params = fields.params.into_iter().filter_map(first).collect();
        target.relabeling = fields.relabel_configs;
        let mut scrape = ScrapeOptions {
            honor_labels: fields.honor_labels,
            honor_timestamps: fields.honor_timestamps,
            track_timestamps_staleness: fields.track_timestamps_staleness,
            scrape_native_histograms: fields.scrape_native_histograms,
            always_scrape_classic_histograms: fields.always_scrape_classic_histograms,
            convert_classic_histograms_to_nhcb: fields.convert_classic_histograms_to_nhcb,
            native_histogram_bucket_limit: fields.native_histogram_bucket_limit,
            native_histogram_min_bucket_factor: fields.native_histogram_min_bucket_factor,
            legacy_names: fields.metric_name_validation_scheme.is_some_and(|it| it.0.is_legacy),
            extra_scrape_metrics: fields.extra_scrape_metrics,
            metric_relabeling: fields.metric_relabel_configs,
            fallback_format: fields.fallback_scrape_protocol.map(|format| format.0),
            body_size_limit: fields.body_size_limit.map_or(0, |size| size.0.0),
            sample_limit: fields.sample_limit,
            label_limit: fields.label_limit,
            label_name_length_limit: fields.label_name_length_limit,
            label_value_length_limit: fields.label_value_length_limit,
            ..ScrapeOptions::default()
        };
        if let Some(timeout) = fields.scrape_timeout {
            scrape.scrape_timeout_seconds = timeout.0.0.as_secs_f64();
        }
        let scrape_interval = fields.scrape_interval.map(|interval| interval.0.0);
        let found = fields.static_configs.iter().flat_map(|group| {
            group.targets.iter().map(|address| {
                let labels =
                    group.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                labels.chain([("__address__", address.as_str())]).collect()
            })
        });
        let found = found.collect();
        Ok(ScrapeConfig { target, scrape, scrape_interval, found })
    }
}

/// What is spelt as a text.
struct Text<T>(T);

trait Spelt: Sized {
    const EXPECTED: &'static str;

    fn parse(text: &str) -> Option<Self>;
}

impl<'de, T: Spelt> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor(std::marker::PhantomData)).map(Text)
    }
}

struct TextVisitor<T>(std::marker::PhantomData<T>);

impl<T: Spelt> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let parsed = T::parse(&number.to_string());
        parsed.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
    }
}

/// A duration of Prometheus.
struct Millis(Duration);

impl Spelt for Millis {
    const EXPECTED: &'static str = "a duration such as 15s";

    fn parse(text: &str) -> Option<Self> {
        let nanos = parse_prometheus(text).ok()?;
        Some(Millis(Duration::from_nanos(u64::try_from(nanos).ok()?)))
    }
}

/// A number of bytes, units counted by powers of 1024 however they are spelt.
struct Size(usize);

impl Spelt for Size {
    const EXPECTED: &'static str = "a number of bytes such as 10MB";

    fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits)?;
        let power = match unit {
            "" | "B" => 0,
            unit => {
                let prefix = unit.strip_suffix('B')?;
                let prefix = prefix.strip_suffix('i').unwrap_or(prefix);
                1 + ["K", "M", "G", "T", "P", "E"].iter().position(|known| *known == prefix)?
            }
        };
        let scale = 1_u64.checked_shl(u32::try_from(10 * power).ok()?)?;
        let bytes = number.parse::<u64>().ok()?.checked_mul(scale)?;
        Some(Size(usize::try_from(bytes).ok()?))
    }
}

/// Which names are taken.
struct Scheme {
    is_legacy: bool,
}

impl Spelt for Scheme {
    const EXPECTED: &'static str = "utf8 or legacy";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "utf8" => Some(Scheme { is_legacy: false }),
            "legacy" => Some(Scheme { is_legacy: true }),
            _ => None,
        }
    }
}

impl Spelt for Format {
    const EXPECTED: &'static str = "a scrape protocol such as PrometheusText0.0.4";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "PrometheusText0.0.4" | "PrometheusText1.0.0" => Some(Format::Text),
            "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" => Some(Format::OpenMetrics),
            "PrometheusProto" => Some(Format::Protobuf),
            _ => None,
        }
    }
}
