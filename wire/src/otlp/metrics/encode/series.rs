//! What waits to be sent: series, samples, exemplars, metadata.

use std::collections::{BTreeMap, HashMap};

use telemetry_core::labels::{Labels, METRIC_NAME};
use telemetry_core::model::{CounterReset, Exemplar, Histogram, Metadata, SampleValue};
use telemetry_core::sink::{
    Committed, MetricSink, RawLabels, Refusal, RefusalReason, SeriesRef, SinkError,
};

use super::request;
use crate::otlp::json::{self, Encoding};
use crate::prometheus::native::integer;

/// Buckets that an exponential histogram may have between its first and its last, empty ones
/// included: OTLP has no spans, so that gaps are written out.
const BUCKETS_MAX: i64 = 1 << 14;

/// Series and metrics that are remembered; past that a request forgets them all.
const SERIES_MAX: usize = 1 << 20;

/// The latest time that OTLP's nanoseconds, as they are read, hold.
const TIME_MAX: i64 = i64::MAX / 1_000_000;

/// Collects series and makes OTLP requests of them.
///
/// It is a [`MetricSink`]: what any decoder gives can be sent on as OTLP. It takes metadata for the
/// kinds of metrics. Without any, a metric is a counter if its name ends in `_total`, a
/// histogram or a summary if its series make one, and else a gauge.
///
/// # What comes back
///
/// [`MetricReceiver`](super::super::MetricReceiver) makes the same series, times, values and start
/// timestamps of it, with these exceptions, which Prometheus' translation has:
///
/// - Names that are not classic come back under
///   [`NoTranslation`](super::super::Translation::NoTranslation) only; so do counters whose names do
///   not end in `_total`.
/// - Bounds and quantiles are spelt as OTLP's receivers spell them: `1.0` comes back as `1`.
/// - A native histogram with custom buckets comes back as one if the receiver is told so
///   ([`histograms_as_custom_buckets`](super::super::MetricOptions::histograms_as_custom_buckets)),
///   and then classic histograms do too. A zero threshold becomes `1e-128`,
///   and what is known about counter resets gets lost.
/// - In JSON every NaN is the same one.
/// - Gauges lose start timestamps and exemplars, summaries exemplars. An exemplar of a classic
///   histogram goes to the bucket that its value is in.
/// - Of the metadata, a unit is sent where the name says it too, so that no receiver adds it.
/// - `target_info` is made anew, at the times of the resource's points.
///
/// # What is refused
///
/// Times before 1970; native histograms whose populations are no integers, that are gauges, or whose
/// buckets span too many indexes.
///
/// ```
/// use telemetry_core::labels;
/// use telemetry_core::sink::MetricSink;
/// use wire::otlp::{Encoding, MetricEncoder};
///
/// let mut encoder = MetricEncoder::new();
/// let requests = encoder.series(&labels! { "__name__" => "requests_total", "job" => "shop/api" })?;
/// encoder.append(requests, 1_700_000_015_000, 7.0.into(), 1_700_000_000_000);
/// assert!(encoder.commit()?.is_complete());
/// let body = encoder.take(Encoding::Json);
/// assert!(body.starts_with(br#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MetricEncoder {
    pub(super) series: Vec<Series>,
    /// The handle of the first of them: those below are forgotten.
    first: u64,
    series_max: usize,
    by_labels: HashMap<Labels, SeriesRef>,
    by_hash: HashMap<u128, SeriesRef>,
    pub(super) targets: Vec<Target>,
    by_target: HashMap<(String, String), usize>,
    pub(super) samples: Vec<Sample>,
    pub(super) exemplars: HashMap<usize, Vec<Exemplar>>,
    pub(super) metadata: BTreeMap<String, Metadata>,
    /// Items of the present commit.
    items: u64,
    refused: Vec<Refusal>,
}

/// A series by its parts.
#[derive(Debug)]
pub(super) struct Series {
    /// Position of its target.
    pub(super) target: usize,
    pub(super) name: String,
    /// What is neither in the name nor in the target.
    pub(super) attributes: Labels,
}

/// Where series come from: a resource.
#[derive(Debug, Default)]
pub(super) struct Target {
    pub(super) job: String,
    pub(super) instance: String,
    /// The newest `target_info`, and when it was.
    pub(super) info: Option<(i64, Labels)>,
}

/// A sample.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) series: usize,
    pub(super) time: i64,
    pub(super) value: SampleValue,
    pub(super) start: i64,
}

/// The name of the series that carries a resource's attributes.
const TARGET_INFO: &str = "target_info";

impl MetricEncoder {
    /// An encoder that knows no series.
    pub fn new() -> Self {
        MetricEncoder {
            series: Vec::new(),
            first: 0,
            series_max: SERIES_MAX,
            by_labels: HashMap::new(),
            by_hash: HashMap::new(),
            targets: Vec::new(),
            by_target: HashMap::new(),
            samples: Vec::new(),
            exemplars: HashMap::new(),
            metadata: BTreeMap::new(),
            items: 0,
            refused: Vec::new(),
        }
    }

    /// The handle of the series with these labels, made if there is none.
    ///
    /// # Errors
    ///
    /// Where the labels have no metric name, or one of them has no name.
    pub fn series(&mut self, labels: &Labels) -> Result<SeriesRef, RefusalReason> {
        if let Some(known) = self.by_labels.get(labels) {
            return Ok(*known);
        }
        let name = labels.name().filter(|name| !name.is_empty());
        let name = name.ok_or(RefusalReason::Malformed { rule: "a series has a metric name" })?;
        if labels.contains("") {
            return Err(RefusalReason::InvalidLabel { name: String::new() });
        }
        let text = |label| labels.get(label).unwrap_or_default().to_owned();
        let identity = (text("job"), text("instance"));
        let next = self.targets.len();
        let target = *self.by_target.entry(identity.clone()).or_insert(next);
        if target == next {
            let (job, instance) = identity;
            self.targets.push(Target { job, instance, info: None });
        }
        let series = SeriesRef(self.first + self.series.len() as u64);
        self.series.push(Series {
            target,
            name: name.to_owned(),
            attributes: labels.without(&[METRIC_NAME, "job", "instance"]),
        });
        self.by_labels.insert(labels.clone(), series);
        Ok(series)
    }

    /// The request with everything since the last one. Handles of series stay valid, unless there are
    /// more than a million: then all are forgotten, and [`is_live`](MetricSink::is_live) says so.
    pub fn take(&mut self, encoding: Encoding) -> Vec<u8> {
        let request = request::write(self);
        self.make_room();
        match encoding {
            Encoding::Protobuf => request,
            Encoding::Json => json::print(&request, &json::METRICS),
        }
    }

    /// Forgets series and what is known about metrics, where there are too many. No sample waits.
    fn make_room(&mut self) {
        if self.series.len() > self.series_max {
            self.first += self.series.len() as u64;
            self.series = Vec::new();
            (self.by_labels, self.by_hash) = Default::default();
            (self.targets, self.by_target) = Default::default();
        }
        if self.metadata.len() > self.series_max {
            self.metadata.clear();
        }
    }

    /// Whether nothing has been added since the last request.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    fn check(&self, series: SeriesRef, time: i64, value: &SampleValue) -> Option<RefusalReason> {
        if self.position(series).is_none() {
            return Some(RefusalReason::UnknownSeries { handle: series.0 });
        }
        if !(0..=TIME_MAX).contains(&time) {
            return Some(RefusalReason::InvalidTime { time });
        }
        match value {
            SampleValue::Histogram(histogram) if !value.is_stale() => check_histogram(histogram),
            _ => None,
        }
    }

    fn position(&self, series: SeriesRef) -> Option<usize> {
        let at = usize::try_from(series.0.checked_sub(self.first)?).ok()?;
        (at < self.series.len()).then_some(at)
    }
}

impl Default for MetricEncoder {
    fn default() -> Self {
        MetricEncoder::new()
    }
}

fn check_histogram(histogram: &Histogram) -> Option<RefusalReason> {
    if histogram.validate().is_err() {
        return Some(RefusalReason::Malformed { rule: "the parts of a histogram fit together" });
    }
    if histogram.counter_reset == CounterReset::Gauge {
        return Some(RefusalReason::Unsupported { what: "a gauge histogram" });
    }
    let buckets = histogram.positive_buckets.iter().chain(&histogram.negative_buckets);
    let all = [histogram.count, histogram.zero_count];
    if !all.iter().chain(buckets).all(|population| integer(*population).is_some()) {
        let what = "a histogram whose populations are no integers";
        return Some(RefusalReason::Unsupported { what });
    }
    let extent = |mut indexes: Box<dyn Iterator<Item = (i32, f64)> + '_>| {
        let first = indexes.next().map_or(0, |(index, _)| i64::from(index));
        indexes.last().map_or(first, |(index, _)| i64::from(index)) - first
    };
    let sides = [extent(Box::new(histogram.positive())), extent(Box::new(histogram.negative()))];
    if sides.into_iter().any(|extent| extent >= BUCKETS_MAX) {
        let what = "buckets between the first and the last of a histogram";
        return Some(RefusalReason::TooMany { what, limit: BUCKETS_MAX.unsigned_abs() });
    }
    None
}

impl MetricSink for MetricEncoder {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        if let Some(known) = self.by_hash.get(&labels.hash()) {
            return Ok(*known);
        }
        if let Some(name) = labels.duplicate() {
            return Err(RefusalReason::DuplicateLabel { name: name.to_owned() });
        }
        let series = self.series(&labels.build())?;
        self.by_hash.insert(labels.hash(), series);
        Ok(series)
    }

    fn is_live(&mut self, series: SeriesRef) -> bool {
        self.position(series).is_some()
    }

    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, start: i64) {
        if let Some(reason) = self.check(series, time, &value) {
            return self.refuse(reason);
        }
        self.items += 1;
        let Some(at) = self.position(series) else { return };
        let Some(known) = self.series.get(at) else { return };
        if known.name == TARGET_INFO {
            let is_on = matches!(value, SampleValue::Float(value) if value == 1.0);
            if let Some(target) = self.targets.get_mut(known.target)
                && is_on
                && target.info.as_ref().is_none_or(|(newest, _)| *newest <= time)
            {
                target.info = Some((time, known.attributes.clone()));
            }
            return;
        }
        let start = if (1..=TIME_MAX).contains(&start) { start } else { 0 };
        self.samples.push(Sample { series: at, time, value, start });
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.refused.push(Refusal { index: self.items, reason });
        self.items += 1;
    }

    /// The exemplar goes with the first sample of the series that is not older, or with the last
    /// one of the request; without any it is dropped.
    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) {
        if let Some(at) = self.position(series) {
            self.exemplars.entry(at).or_default().push(exemplar);
        }
    }

    fn metadata(&mut self, metric: &str, metadata: &Metadata) {
        self.metadata.insert(metric.to_owned(), metadata.clone());
    }

    /// Counts what was added: it is in the next request.
    fn commit(&mut self) -> Result<Committed, SinkError> {
        let refused = std::mem::take(&mut self.refused);
        let stored = std::mem::take(&mut self.items) - refused.len() as u64;
        Ok(Committed { stored, refused })
    }
}

#[cfg(test)]
mod tests {
    use telemetry_core::labels;

    use super::*;

    #[test]
    fn series_are_forgotten_where_there_are_too_many() {
        let mut encoder = MetricEncoder { series_max: 2, ..MetricEncoder::new() };
        for round in 0..5 {
            let name = |at: i64| format!("m{at}");
            let of = |at| labels! { "__name__" => name(at), "job" => name(at) };
            let handles = [round, round + 1].map(|at| encoder.series(&of(at)).unwrap());
            for handle in handles {
                encoder.append(handle, 1, 1.0.into(), 0);
            }
            encoder.metadata(&name(round), &Metadata::default());
            assert!(encoder.commit().unwrap().is_complete());
            let request = encoder.take(Encoding::Json);
            let request = String::from_utf8(request).unwrap();
            assert!(request.contains(&name(round)) && request.contains(&name(round + 1)));
            let kept = encoder.series.len();
            assert!(kept <= 2 && encoder.targets.len() == kept && encoder.metadata.len() <= 2);
            for handle in handles {
                assert_eq!(encoder.is_live(handle), kept > 0);
            }
            if kept == 0 {
                encoder.append(handles[0], 2, 1.0.into(), 0);
                assert_eq!(encoder.commit().unwrap().refused.len(), 1);
            }
        }
    }
}
