//! Joins samples into data points.
//!
//! Samples of a classic histogram or summary make one point if they have everything but the bound
//! in common, labels, time and start, and fit together:
//!
//! - a histogram has `_count` and a bucket at infinity that agree, and buckets that do not fall;
//! - a summary has `_count` and `_sum`;
//! - counts are integers, bounds differ, and either all of it is stale or nothing.
//!
//! What does not is sent sample by sample, as sums that are not monotonic: those keep name and start.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use telemetry_core::labels::Labels;
use telemetry_core::model::{Histogram, MetricKind, SampleValue};
use telemetry_core::syntax::number::parse_float;

use super::series::{MetricEncoder, Sample, Series};
use crate::prometheus::native::integer;

/// A data point.
#[derive(Debug)]
pub(super) struct Point<'e> {
    pub(super) target: usize,
    pub(super) metric: &'e str,
    pub(super) attributes: Cow<'e, Labels>,
    pub(super) time: i64,
    pub(super) start: i64,
    pub(super) is_stale: bool,
    pub(super) data: Data<'e>,
    /// Positions of its samples.
    pub(super) samples: Vec<usize>,
}

/// What a point says.
#[derive(Debug)]
pub(super) enum Data<'e> {
    Gauge(f64),
    Counter(f64),
    /// A sum that is not monotonic.
    Sum(f64),
    Native(&'e Histogram),
    /// A population per bound and one more, whose bound is infinity.
    Histogram {
        count: u64,
        sum: Option<f64>,
        bounds: Vec<f64>,
        populations: Vec<u64>,
    },
    /// Quantiles with their values.
    Summary {
        count: u64,
        sum: f64,
        quantiles: Vec<(f64, f64)>,
    },
}

/// Which part of its point a sample is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Sum,
    Count,
    /// `le` or `quantile`.
    Bound(f64),
}

/// What a series is to the family that it belongs to.
struct Role<'e> {
    part: Part,
    base: &'e str,
    is_histogram: bool,
    /// Number of the label set that its point has.
    identity: usize,
    attributes: Labels,
}

/// The data points that `samples` make, in the order of their first samples.
pub(super) fn points<'e>(encoder: &'e MetricEncoder, samples: &'e [Sample]) -> Vec<Point<'e>> {
    let roles = Roles::of(encoder, samples);
    let mut points = Vec::new();
    let mut groups: HashMap<(usize, i64), usize> = HashMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (at, sample) in samples.iter().enumerate() {
        let role = roles.by_series.get(&sample.series);
        match (role, &sample.value) {
            (Some(role), SampleValue::Float(_)) => {
                let next = members.len();
                let group = *groups.entry((role.identity, sample.time)).or_insert(next);
                if group == next {
                    members.push(Vec::new());
                }
                members.get_mut(group).into_iter().for_each(|group| group.push(at));
            }
            _ => members.push(vec![at]),
        }
    }
    for members in members {
        match roles.joined(encoder, samples, &members) {
            Some(point) => points.push(point),
            None => points.extend(members.iter().filter_map(|at| {
                let sample = samples.get(*at)?;
                let series = encoder.series.get(sample.series)?;
                let is_part = roles.by_series.contains_key(&sample.series);
                Some(single(encoder, series, sample, *at, is_part))
            })),
        }
    }
    points
}

/// The point of one sample.
fn single<'e>(
    encoder: &'e MetricEncoder,
    series: &'e Series,
    sample: &'e Sample,
    at: usize,
    is_part: bool,
) -> Point<'e> {
    let data = match &sample.value {
        SampleValue::Histogram(histogram) => Data::Native(histogram),
        SampleValue::Float(value) => match encoder.kind(&series.name) {
            _ if is_part => Data::Sum(*value),
            Some(MetricKind::Counter) => Data::Counter(*value),
            None if series.name.ends_with("_total") => Data::Counter(*value),
            Some(MetricKind::Histogram | MetricKind::GaugeHistogram | MetricKind::Summary) => {
                Data::Sum(*value)
            }
            _ => Data::Gauge(*value),
        },
    };
    Point {
        target: series.target,
        metric: &series.name,
        attributes: Cow::Borrowed(&series.attributes),
        time: sample.time,
        start: sample.start,
        is_stale: sample.value.is_stale(),
        data,
        samples: vec![at],
    }
}

/// The roles of series in families.
struct Roles<'e> {
    by_series: HashMap<usize, Role<'e>>,
}

impl<'e> Roles<'e> {
    fn of(encoder: &'e MetricEncoder, samples: &[Sample]) -> Self {
        let mut roles = Roles { by_series: HashMap::new() };
        let used: HashSet<usize> = samples.iter().map(|sample| sample.series).collect();
        let mut used: Vec<usize> = used.into_iter().collect();
        used.sort_unstable();
        let families = Families::of(encoder, &used);
        let mut identities: HashMap<(usize, &str, Labels), usize> = HashMap::new();
        for at in used {
            let Some(series) = encoder.series.get(at) else { continue };
            let Some((part, base, is_histogram)) = families.part(encoder, series) else { continue };
            let attributes = match part {
                Part::Bound(_) if is_histogram => series.attributes.without(&["le"]),
                Part::Bound(_) => series.attributes.without(&["quantile"]),
                Part::Sum | Part::Count => series.attributes.clone(),
            };
            let next = identities.len();
            let key = (series.target, base, attributes.clone());
            let identity = *identities.entry(key).or_insert(next);
            let role = Role { part, base, is_histogram, identity, attributes };
            roles.by_series.insert(at, role);
        }
        roles
    }

    /// The point that these samples make together; none where they do not.
    fn joined(
        &self,
        encoder: &MetricEncoder,
        samples: &[Sample],
        members: &[usize],
    ) -> Option<Point<'e>> {
        let first = samples.get(*members.first()?)?;
        let role = self.by_series.get(&first.series)?;
        let is_stale = first.value.is_stale();
        let [mut sum, mut count] = [None; 2];
        let mut bounds = Vec::new();
        for at in members {
            let sample = samples.get(*at)?;
            let SampleValue::Float(value) = sample.value else { return None };
            if sample.start != first.start || sample.value.is_stale() != is_stale {
                return None;
            }
            let value = if is_stale { 0.0 } else { value };
            let before = match self.by_series.get(&sample.series)?.part {
                Part::Sum => sum.replace(value),
                Part::Count => count.replace(value),
                Part::Bound(bound) if bound.is_nan() => return None,
                Part::Bound(bound) => {
                    bounds.push((bound, value));
                    None
                }
            };
            if before.is_some() {
                return None;
            }
        }
        bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let count = integer(count?)?;
        let data = if role.is_histogram {
            histogram(count, sum, &bounds)?
        } else {
            let differ = bounds.is_sorted_by(|a, b| a.0 < b.0);
            let sum = sum.filter(|_| differ)?;
            Data::Summary { count, sum, quantiles: bounds }
        };
        Some(Point {
            target: encoder.series.get(first.series)?.target,
            metric: role.base,
            attributes: Cow::Owned(role.attributes.clone()),
            time: first.time,
            start: first.start,
            is_stale,
            data,
            samples: members.to_vec(),
        })
    }
}

/// A histogram of populations up to bounds, which are sorted.
fn histogram<'e>(count: u64, sum: Option<f64>, buckets: &[(f64, f64)]) -> Option<Data<'e>> {
    let (last, finite) = buckets.split_last()?;
    if last.0 != f64::INFINITY || integer(last.1)? != count {
        return None;
    }
    let (mut bounds, mut populations) = (Vec::new(), Vec::new());
    let mut total = 0;
    for (bound, up_to) in finite {
        if bounds.last().is_some_and(|before| before >= bound) || *bound == f64::INFINITY {
            return None;
        }
        let up_to = integer(*up_to)?;
        bounds.push(*bound);
        populations.push(up_to.checked_sub(total)?);
        total = up_to;
    }
    populations.push(count.checked_sub(total)?);
    Some(Data::Histogram { count, sum, bounds, populations })
}

/// Names of classic histograms and of summaries.
struct Families<'e> {
    histograms: HashSet<&'e str>,
    summaries: HashSet<&'e str>,
}

impl<'e> Families<'e> {
    /// Those that metadata say, and of which nothing else is said but that have bounds.
    fn of(encoder: &'e MetricEncoder, used: &[usize]) -> Self {
        let mut families = Families { histograms: HashSet::new(), summaries: HashSet::new() };
        for (name, metadata) in &encoder.metadata {
            match metadata.kind {
                MetricKind::Histogram => families.histograms.insert(name),
                MetricKind::Summary => families.summaries.insert(name),
                _ => false,
            };
        }
        let says_nothing = |name| matches!(encoder.kind(name), None | Some(MetricKind::Unknown));
        for series in used.iter().filter_map(|at| encoder.series.get(*at)) {
            let base = series.name.strip_suffix("_bucket");
            if let Some(base) = base.filter(|base| says_nothing(base))
                && series.attributes.contains("le")
            {
                families.histograms.insert(base);
            } else if series.attributes.contains("quantile") && says_nothing(&series.name) {
                families.summaries.insert(&series.name);
            }
        }
        families
    }

    /// What a series is a part of, and whether that is a histogram.
    fn part(&self, encoder: &MetricEncoder, series: &'e Series) -> Option<(Part, &'e str, bool)> {
        let name = series.name.as_str();
        let bound = |label| series.attributes.get(label).and_then(|text| parse_float(text).ok());
        let known = |suffix| {
            let base = name.strip_suffix(suffix)?;
            let is_histogram = self.histograms.contains(base);
            let is_own = encoder.metadata.contains_key(name);
            (!is_own && (is_histogram || self.summaries.contains(base)))
                .then_some((base, is_histogram))
        };
        if self.summaries.contains(name) {
            return Some((Part::Bound(bound("quantile")?), name, false));
        }
        if let Some((base, true)) = known("_bucket") {
            return Some((Part::Bound(bound("le")?), base, true));
        }
        let part = known("_sum").map(|known| (Part::Sum, known));
        let (part, (base, is_histogram)) =
            part.or_else(|| known("_count").map(|known| (Part::Count, known)))?;
        Some((part, base, is_histogram))
    }
}
