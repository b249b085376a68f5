//! What series there are and why there are so many: counts by metric, label and pair, and how the
//! set of series changes from hour to hour.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hashbrown::HashMap;
use telemetry_core::labels::{Labels, METRIC_NAME};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{
    Columns, LabelRequest, MetricSource, SeriesRequest, SeriesSet, SourceError,
};
use telemetry_core::time::MillisRange;

use crate::db::Tsdb;

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;
/// Series between two looks at whether to stop.
const CHECK_EVERY: usize = 1_024;

/// The series with samples in a window, counted. Counts are exact; lists come largest first, and
/// among equals in the order of their texts, cut at the limit of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cardinality {
    /// Series.
    pub series: u64,
    /// Metrics by their number of series. Series without a metric name are in none.
    pub metrics: Vec<MetricCardinality>,
    /// Labels by their number of different values.
    pub labels: Vec<LabelCardinality>,
    /// Labels with a value by their number of series.
    pub pairs: Vec<PairCardinality>,
    /// Hours in which series began or ended, ascending; not cut.
    pub hours: Vec<Churn>,
}

/// A metric and its series.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricCardinality {
    /// The metric's name.
    pub metric: String,
    /// Its series.
    pub series: u64,
}

/// A label and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelCardinality {
    /// The label's name.
    pub name: String,
    /// Its different values.
    pub values: u64,
    /// Series that have it.
    pub series: u64,
}

/// A label with a value, and the series that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PairCardinality {
    /// The label's name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Series that have it.
    pub series: u64,
}

/// How the set of series changed in an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Churn {
    /// When the hour begins, in milliseconds since the epoch: a multiple of an hour.
    pub start: i64,
    /// Series whose first sample in the window is in this hour.
    pub began: u64,
    /// Series whose last sample in the window is in this hour.
    pub ended: u64,
}

impl Tsdb {
    /// The series that satisfy every matcher and have samples in the window, sorted.
    ///
    /// # Errors
    ///
    /// Past a bound of `context`; a block that cannot be read.
    pub fn find_series(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<Labels>, SourceError> {
        let LabelRequest { matchers, window, limit } = request;
        let mut wanted = SeriesRequest::new(matchers.clone(), *window);
        wanted.sorted = true;
        wanted.hints.labels_only = true;
        let set = self.select(&wanted, context)?;
        Ok((0..set.len().min(*limit)).map(|index| set.labels(index).clone()).collect())
    }

    /// Counts the series that satisfy every matcher and have samples in the window.
    ///
    /// ```
    /// # use telemetry_core::{labels, query::QueryContext, source::LabelRequest, time::MillisRange};
    /// # let db = tsdb::Tsdb::in_memory()?;
    /// for pod in ["a", "b"] {
    ///     let series = db.series(&labels! { "__name__" => "up", "pod" => pod })?;
    ///     series.append(3_600_000, 1.0)?;
    /// }
    /// let request = LabelRequest { matchers: vec![], window: MillisRange::ALL, limit: 10 };
    /// let counted = db.cardinality(&request, &QueryContext::new()).unwrap();
    /// assert_eq!(counted.series, 2);
    /// assert_eq!(counted.labels[0].name, "pod");
    /// assert_eq!((counted.hours[0].start, counted.hours[0].began), (3_600_000, 2));
    /// # Ok::<(), tsdb::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Past a bound of `context`; a block that cannot be read.
    pub fn cardinality(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Cardinality, SourceError> {
        let LabelRequest { matchers, window, limit } = request;
        let set = self.select(&SeriesRequest::new(matchers.clone(), *window), context)?;
        let mut counts: HashMap<&str, HashMap<&str, u64>> = HashMap::new();
        let mut hours: BTreeMap<i64, Churn> = BTreeMap::new();
        for index in 0..set.len() {
            if index % CHECK_EVERY == 0 {
                context.check()?;
            }
            for (name, value) in set.labels(index) {
                *counts.entry(name).or_default().entry(value).or_default() += 1;
            }
            if let Some((first, last)) = extent(&*set, index, *window)? {
                hour(&mut hours, first).began += 1;
                hour(&mut hours, last).ended += 1;
            }
        }
        Ok(Cardinality {
            series: set.len() as u64,
            metrics: metrics(&counts, *limit),
            labels: labels(&counts, *limit),
            pairs: pairs(&counts, *limit),
            hours: hours.into_values().collect(),
        })
    }
}

/// First and last sample of a series in the window.
fn extent(
    set: &dyn SeriesSet,
    index: usize,
    window: MillisRange,
) -> Result<Option<(i64, i64)>, SourceError> {
    let mut extent: Option<(i64, i64)> = None;
    let mut add = |first: i64, last: i64| {
        extent = Some(extent.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
    };
    for chunk in set.chunks(index)? {
        let held = chunk.statistics().window;
        if window.start <= held.start && held.end <= window.end {
            add(held.start.0, held.end.0);
            continue;
        }
        let mut columns = Columns::default();
        chunk.decode(window, &mut columns)?;
        for times in [&columns.floats.times, &columns.histograms.times] {
            if let (Some(first), Some(last)) = (times.first(), times.last()) {
                add(*first, *last);
            }
        }
    }
    Ok(extent)
}

fn hour(hours: &mut BTreeMap<i64, Churn>, time: i64) -> &mut Churn {
    let start = time.div_euclid(HOUR).saturating_mul(HOUR);
    hours.entry(start).or_insert(Churn { start, ..Churn::default() })
}

type Counts<'a> = HashMap<&'a str, HashMap<&'a str, u64>>;

fn metrics(counts: &Counts<'_>, limit: usize) -> Vec<MetricCardinality> {
    let names = counts.get(METRIC_NAME).into_iter().flatten();
    let names = names.map(|(metric, series)| (Reverse(*series), *metric));
    let metric = |(Reverse(series), metric): (_, &str)| MetricCardinality {
        metric: metric.to_owned(),
        series,
    };
    largest(names, limit).map(metric).collect()
}

fn labels(counts: &Counts<'_>, limit: usize) -> Vec<LabelCardinality> {
    let labels = counts
        .iter()
        .map(|(name, values)| (Reverse(values.len() as u64), *name, values.values().sum::<u64>()));
    let label = |(Reverse(values), name, series): (_, &str, _)| LabelCardinality {
        name: name.to_owned(),
        values,
        series,
    };
    largest(labels, limit).map(label).collect()
}

fn pairs(counts: &Counts<'_>, limit: usize) -> Vec<PairCardinality> {
    let pairs = counts.iter().flat_map(|(name, values)| {
        values.iter().map(|(value, series)| (Reverse(*series), *name, *value))
    });
    let pair = |(Reverse(series), name, value): (_, &str, &str)| PairCardinality {
        name: name.to_owned(),
        value: value.to_owned(),
        series,
    };
    largest(pairs, limit).map(pair).collect()
}

/// The first `limit` in order.
fn largest<T: Ord>(all: impl Iterator<Item = T>, limit: usize) -> impl Iterator<Item = T> {
    let mut all: Vec<T> = all.collect();
    if limit < all.len() {
        all.select_nth_unstable(limit);
        all.truncate(limit);
    }
    all.sort_unstable();
    all.into_iter()
}
