//! `stage.metrics`: counters, gauges and histograms of lines.

use std::collections::BTreeMap;
use std::time::Duration;

use telemetry_core::model::{Metadata, MetricKind, SampleValue};
use telemetry_core::sink::{MetricSink, RawLabels};
use telemetry_core::syntax::number;
use telemetry_core::time::{Nanos, duration};

use super::super::entry::{Entry, Value};
use super::super::pipeline::Context;
use super::{Run, StageSetupError, required};

const STAGE: &str = "metrics";

/// Label sets that one metric keeps; lines of further ones count for
/// [`Drops`](crate::process::Drops) under this reason, though they go on.
const SERIES_MAX: usize = 100_000;
const TOO_MANY: &str = "metrics_series_limit";

/// Keeps metrics of lines, a series for each label set. They are handed out by
/// [`Pipeline::write_metrics`](crate::process::Pipeline::write_metrics).
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// The metrics.
    pub metrics: Vec<Metric>,
}

/// A metric.
#[derive(Clone, Debug)]
pub enum Metric {
    /// One that only rises.
    Counter(Counter),
    /// One that may fall.
    Gauge(Gauge),
    /// One with classic buckets.
    Histogram(Histogram),
}

macro_rules! metric {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            /// The name, without `prefix`.
            pub name: String,
            /// What it is.
            pub description: String,
            /// Before the name.
            pub prefix: String,
            /// The extracted value that it is about; empty: the one of its name.
            pub source: String,
            /// What the value must be for the line to count; empty: anything.
            pub value: String,
            /// Series that did not change for this long are forgotten.
            pub max_idle_duration: Duration,
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    name: String::new(),
                    description: String::new(),
                    prefix: "loki_process_custom_".to_owned(),
                    source: String::new(),
                    value: String::new(),
                    max_idle_duration: Duration::from_secs(300),
                    $($field: Default::default(),)*
                }
            }
        }

        impl $name {
            fn common(&self, kind: Kind) -> Kept {
                Kept {
                    name: format!("{}{}", self.prefix, self.name),
                    description: self.description.clone(),
                    source: if self.source.is_empty() { &self.name } else { &self.source }.clone(),
                    value: self.value.clone(),
                    idle: i64::try_from(self.max_idle_duration.as_nanos()).unwrap_or(i64::MAX),
                    kind,
                    series: BTreeMap::new(),
                }
            }
        }
    };
}

metric! {
    /// A counter.
    Counter {
        /// What a line does to it.
        action: CounterAction,
        /// Whether every line counts, whatever is extracted.
        match_all: bool,
        /// Whether the bytes of the line are added.
        count_entry_bytes: bool,
    }
}

metric! {
    /// A gauge.
    Gauge {
        /// What a line does to it.
        action: GaugeAction,
    }
}

metric! {
    /// A histogram.
    Histogram {
        /// Upper bounds of the buckets, rising; the one of everything is added.
        buckets: Vec<f64>,
    }
}

/// What a line does to a counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CounterAction {
    /// Adds one.
    #[default]
    Inc,
    /// Adds the value.
    Add,
}

/// What a line does to a gauge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GaugeAction {
    /// Sets it to the value.
    #[default]
    Set,
    /// Adds one.
    Inc,
    /// Subtracts one.
    Dec,
    /// Adds the value.
    Add,
    /// Subtracts the value.
    Sub,
}

impl Metrics {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required(STAGE, "a metric", !self.metrics.is_empty())?;
        let kept = self.metrics.iter().map(|metric| {
            let (name, kept) = match metric {
                Metric::Counter(counter) => {
                    let &Counter { action, match_all, count_entry_bytes, .. } = counter;
                    let goes = !match_all || counter.value.is_empty();
                    required(STAGE, "only one of match_all and value", goes)?;
                    let goes = !count_entry_bytes || (match_all && action == CounterAction::Add);
                    required(STAGE, "match_all and action add beside count_entry_bytes", goes)?;
                    let kind = Kind::Counter { action, match_all, count_entry_bytes };
                    (&counter.name, counter.common(kind))
                }
                Metric::Gauge(gauge) => (&gauge.name, gauge.common(Kind::Gauge(gauge.action))),
                Metric::Histogram(histogram) => {
                    required(STAGE, "buckets", !histogram.buckets.is_empty())?;
                    let rising = histogram.buckets.is_sorted_by(|a, b| a < b);
                    let rule = "a list of rising numbers";
                    if !rising {
                        let option = "buckets";
                        return Err(StageSetupError::Option { stage: STAGE, option, rule });
                    }
                    let kind = Kind::Histogram(histogram.buckets.clone());
                    (&histogram.name, histogram.common(kind))
                }
            };
            required(STAGE, "the name of a metric", !name.is_empty())?;
            Ok(kept)
        });
        let kept: Vec<Kept> = kept.collect::<Result<_, StageSetupError>>()?;
        Ok(Box::new(Keeper(kept)))
    }
}

#[derive(Debug)]
struct Keeper(Vec<Kept>);

/// A metric with its series.
#[derive(Debug)]
struct Kept {
    name: String,
    description: String,
    source: String,
    value: String,
    /// How long a series may stay as it is, in nanoseconds.
    idle: i64,
    kind: Kind,
    series: BTreeMap<BTreeMap<String, String>, Series>,
}

#[derive(Debug)]
enum Kind {
    Counter { action: CounterAction, match_all: bool, count_entry_bytes: bool },
    Gauge(GaugeAction),
    Histogram(Vec<f64>),
}

/// The values of one series.
#[derive(Debug, Default)]
struct Series {
    /// A counter's or gauge's value, a histogram's sum.
    value: f64,
    /// A histogram's counts, bucket by bucket, the last one for all that is above.
    counts: Vec<u64>,
    changed: i64,
}

impl Kept {
    /// What a line does; none if it does not count.
    fn amount(&self, entry: &Entry) -> Option<f64> {
        if let Kind::Counter { match_all: true, action, count_entry_bytes } = self.kind {
            if count_entry_bytes {
                return Some(entry.line.len() as f64);
            }
            if action == CounterAction::Inc {
                return Some(1.0);
            }
        }
        let value = entry.extracted.get(&self.source)?;
        if !self.value.is_empty() && value.text()? != self.value {
            return None;
        }
        let is_step = matches!(
            self.kind,
            Kind::Counter { action: CounterAction::Inc, .. }
                | Kind::Gauge(GaugeAction::Inc | GaugeAction::Dec)
        );
        let amount = if is_step { 1.0 } else { number_of(value)? };
        let falls = matches!(self.kind, Kind::Counter { .. }) && amount < 0.0;
        (!falls).then_some(amount)
    }

    /// Takes an amount; false if there are too many series.
    fn take(&mut self, labels: &BTreeMap<String, String>, amount: f64, now: i64) -> bool {
        if !self.series.contains_key(labels) {
            if self.series.len() >= SERIES_MAX {
                return false;
            }
            self.series.insert(labels.clone(), Series::default());
        }
        let Some(series) = self.series.get_mut(labels) else { return false };
        series.changed = now;
        match &self.kind {
            Kind::Counter { .. } | Kind::Gauge(GaugeAction::Inc | GaugeAction::Add) => {
                series.value += amount;
            }
            Kind::Gauge(GaugeAction::Set) => series.value = amount,
            Kind::Gauge(GaugeAction::Dec | GaugeAction::Sub) => series.value -= amount,
            Kind::Histogram(bounds) => {
                series.value += amount;
                series.counts.resize(bounds.len() + 1, 0);
                let bucket = bounds.partition_point(|bound| *bound < amount);
                if let Some(count) = series.counts.get_mut(bucket) {
                    *count += 1;
                }
            }
        }
        true
    }

    fn write(&self, millis: i64, sink: &mut dyn MetricSink) {
        let kind = match self.kind {
            Kind::Counter { .. } => MetricKind::Counter,
            Kind::Gauge(_) => MetricKind::Gauge,
            Kind::Histogram(_) => MetricKind::Histogram,
        };
        let help = self.description.clone();
        sink.metadata(&self.name, &Metadata { kind, help, ..Metadata::default() });
        for (labels, series) in &self.series {
            let Kind::Histogram(bounds) = &self.kind else {
                write_sample(sink, &self.name, labels, None, millis, series.value);
                continue;
            };
            let bucket = format!("{}_bucket", self.name);
            let mut total = 0;
            for (at, count) in series.counts.iter().enumerate() {
                total += count;
                let bound = bounds.get(at).copied().unwrap_or(f64::INFINITY);
                let le = number::format_g(bound);
                write_sample(sink, &bucket, labels, Some(&le), millis, total as f64);
            }
            let (sum, count) = (format!("{}_sum", self.name), format!("{}_count", self.name));
            write_sample(sink, &sum, labels, None, millis, series.value);
            write_sample(sink, &count, labels, None, millis, total as f64);
        }
    }
}

fn write_sample(
    sink: &mut dyn MetricSink,
    name: &str,
    labels: &BTreeMap<String, String>,
    le: Option<&str>,
    millis: i64,
    value: f64,
) {
    let mut pairs: Vec<(&str, &str)> = labels.iter().map(|(n, v)| (&**n, &**v)).collect();
    pairs.push(("__name__", name));
    pairs.extend(le.map(|le| ("le", le)));
    match sink.resolve(&RawLabels::new(&pairs)) {
        Ok(series) => sink.append(series, millis, SampleValue::Float(value), 0),
        Err(reason) => sink.refuse(reason),
    }
}

/// A value as a number: what is spelt as one, and durations of Go in seconds.
fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(value) => Some(*value),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Text(text) => match number::parse_float(text) {
            Ok(value) => Some(value),
            Err(_) => Some(duration::parse_go(text).ok()? as f64 / 1e9),
        },
        Value::Null => None,
    }
}

impl Run for Keeper {
    fn run(&mut self, entry: Entry, context: &mut Context, out: &mut Vec<Entry>) {
        for metric in &mut self.0 {
            if let Some(amount) = metric.amount(&entry)
                && !metric.take(&entry.labels, amount, context.now)
            {
                context.drops.count(TOO_MANY);
            }
        }
        out.push(entry);
    }

    fn write_metrics(&mut self, now: i64, sink: &mut dyn MetricSink) {
        for metric in &mut self.0 {
            let oldest = now.saturating_sub(metric.idle);
            metric.series.retain(|_, series| series.changed >= oldest);
            metric.write(Nanos(now).to_millis().0, sink);
        }
    }
}
