//! Native histograms as the scripts write them, and what building series of them needs.
//!
//! ~~~text
//! {{schema:0 sum:5 count:4 z_bucket:1 z_bucket_w:0.001 buckets:[1 2] offset:1 n_buckets:[1]}}
//! ~~~

use std::collections::BTreeMap;
use telemetry_core::model::{BucketSpan, CUSTOM_BUCKETS_SCHEMA, CounterReset, Histogram};

/// The histogram that `text` writes.
pub(super) fn parse(text: &str) -> Option<Histogram> {
    parse_with_hint(text).map(|(histogram, _)| histogram)
}

/// As [`parse`], and whether the text names the counter reset hint.
fn parse_with_hint(text: &str) -> Option<(Histogram, bool)> {
    let mut rest = text.strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let mut histogram = Histogram::default();
    let (mut offset, mut n_offset) = (0, 0);
    let (mut buckets, mut n_buckets) = (Vec::new(), Vec::new());
    let mut hinted = false;
    while !rest.is_empty() {
        let (key, behind) = rest.split_once(':')?;
        let behind = behind.trim_start();
        let end = match behind.strip_prefix('[') {
            Some(_) => behind.find(']')? + 1,
            None => behind.find(char::is_whitespace).unwrap_or(behind.len()),
        };
        let (value, next) = behind.split_at(end);
        match key.trim() {
            "schema" => histogram.schema = value.parse().ok()?,
            "sum" => histogram.sum = super::series::float(value)?,
            "count" => histogram.count = super::series::float(value)?,
            "z_bucket" => histogram.zero_count = super::series::float(value)?,
            "z_bucket_w" => histogram.zero_threshold = super::series::float(value)?,
            "offset" => offset = value.parse().ok()?,
            "n_offset" => n_offset = value.parse().ok()?,
            "buckets" => buckets = floats(value)?,
            "n_buckets" => n_buckets = floats(value)?,
            "custom_values" => histogram.custom_bounds = floats(value)?,
            "counter_reset_hint" => {
                hinted = true;
                histogram.counter_reset = hint(value)?;
            }
            _ => return None,
        }
        rest = next.trim_start();
    }
    (histogram.positive_spans, histogram.positive_buckets) = one_span(offset, buckets);
    (histogram.negative_spans, histogram.negative_buckets) = one_span(n_offset, n_buckets);
    Some((histogram, hinted))
}

/// Whether the text of an expected histogram names its counter reset hint.
pub(super) fn names_hint(text: &str) -> bool {
    text.contains("counter_reset_hint")
}

fn hint(text: &str) -> Option<CounterReset> {
    Some(match text {
        "unknown" => CounterReset::Unknown,
        "reset" => CounterReset::Reset,
        "not_reset" => CounterReset::NotReset,
        "gauge" => CounterReset::Gauge,
        _ => return None,
    })
}

fn floats(text: &str) -> Option<Vec<f64>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.split_whitespace().map(super::series::float).collect()
}

fn one_span(offset: i32, buckets: Vec<f64>) -> (Vec<BucketSpan>, Vec<f64>) {
    match u32::try_from(buckets.len()) {
        Ok(length) if length > 0 => (vec![BucketSpan { offset, length }], buckets),
        _ => (Vec::new(), Vec::new()),
    }
}

/// `a + factor · b`, in the resolution of `a`; none where that of `b` is coarser.
pub(super) fn add(a: &Histogram, b: &Histogram, factor: f64) -> Option<Histogram> {
    let custom = a.has_custom_bounds() || b.has_custom_bounds();
    if a.schema > b.schema || (custom && a.custom_bounds != b.custom_bounds) {
        return None;
    }
    let finer = u32::try_from(b.schema - a.schema).ok()?;
    let merge = |a: BTreeMap<i32, f64>, b: BTreeMap<i32, f64>| {
        let mut merged = a;
        for (index, population) in b {
            // Bucket `i` of a schema lies in bucket `ceil(i / 2)` of the next coarser one.
            let index = if finer == 0 { index } else { ((index - 1) >> finer) + 1 };
            *merged.entry(index).or_insert(0.0) += factor * population;
        }
        spans(&merged)
    };
    let (positive_spans, positive_buckets) = merge(a.positive().collect(), b.positive().collect());
    let (negative_spans, negative_buckets) = merge(a.negative().collect(), b.negative().collect());
    Some(Histogram {
        schema: a.schema,
        zero_threshold: a.zero_threshold.max(b.zero_threshold),
        zero_count: a.zero_count + factor * b.zero_count,
        count: a.count + factor * b.count,
        sum: a.sum + factor * b.sum,
        positive_spans,
        positive_buckets,
        negative_spans,
        negative_buckets,
        custom_bounds: a.custom_bounds.clone(),
        counter_reset: joined_hint(a.counter_reset, b.counter_reset),
    })
}

fn joined_hint(a: CounterReset, b: CounterReset) -> CounterReset {
    match (a, b) {
        _ if a == b => a,
        (CounterReset::Gauge, _) | (_, CounterReset::Gauge) => CounterReset::Gauge,
        _ => CounterReset::Unknown,
    }
}

/// Populations by bucket as spans.
pub(super) fn spans(buckets: &BTreeMap<i32, f64>) -> (Vec<BucketSpan>, Vec<f64>) {
    let mut spans: Vec<BucketSpan> = Vec::new();
    let mut next = 0;
    for (at, index) in buckets.keys().enumerate() {
        match spans.last_mut() {
            Some(span) if *index == next => span.length += 1,
            _ => {
                spans.push(BucketSpan { offset: index - if at == 0 { 0 } else { next }, length: 1 })
            }
        }
        next = index + 1;
    }
    (spans, buckets.values().copied().collect())
}

/// A histogram with custom buckets from cumulative counts by upper bound, as `load_with_nhcb` makes
/// it; none where the counts fall.
pub(super) fn from_classic(
    bounds: &[(f64, f64)],
    count: Option<f64>,
    sum: Option<f64>,
) -> Option<Histogram> {
    // One bound may be spelt in several ways (`0.2`, `2e-1`); the last one counts.
    let mut sorted: Vec<_> = bounds.iter().rev().copied().collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    sorted.dedup_by_key(|(bound, _)| *bound);
    // `0.2` and `2e-1` are one bound.
    sorted.dedup_by(|next, kept| next.0 == kept.0);
    let last = sorted.last().map_or(0.0, |(_, cumulative)| *cumulative);
    let closed = sorted.last().is_some_and(|(bound, _)| *bound == f64::INFINITY);
    let total = if closed { last } else { count.unwrap_or(last) };
    if !closed {
        sorted.push((f64::INFINITY, total));
    }
    let mut populations = BTreeMap::new();
    let mut before = 0.0;
    for (index, (_, cumulative)) in sorted.iter().enumerate() {
        let population = cumulative - before;
        if population < 0.0 {
            return None;
        }
        if population != 0.0 {
            populations.insert(i32::try_from(index).ok()?, population);
        }
        before = *cumulative;
    }
    let (positive_spans, positive_buckets) = spans(&populations);
    Some(Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count: count.unwrap_or(total),
        sum: sum.unwrap_or(0.0),
        positive_spans,
        positive_buckets,
        custom_bounds: sorted.iter().map(|(bound, _)| *bound).filter(|b| b.is_finite()).collect(),
        ..Histogram::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_any_order() {
        let histogram = parse("{{buckets:[1 2] schema:1 offset:-1 sum:NaN count:3}}").unwrap();
        assert_eq!(histogram.positive().collect::<Vec<_>>(), [(-1, 1.0), (0, 2.0)]);
        assert!(histogram.sum.is_nan());
        assert_eq!(parse("{{}}"), Some(Histogram::default()));
        assert_eq!(parse("{{what:1}}"), None);
    }

    #[test]
    fn sums_keep_the_coarser_resolution() {
        let coarse = parse("{{schema:0 buckets:[1 1]}}").unwrap();
        let fine = parse("{{schema:1 offset:1 buckets:[1 1 1]}}").unwrap();
        let sum = add(&coarse, &fine, 1.0).unwrap();
        assert_eq!(sum.positive().collect::<Vec<_>>(), [(0, 1.0), (1, 3.0), (2, 1.0)]);
        assert!(add(&fine, &coarse, 1.0).is_none());
    }

    #[test]
    fn classic_buckets_become_differences() {
        let buckets = [(1.0, 9.0), (f64::INFINITY, 5.0), (2.0, 2.0), (1.0, 2.0)];
        let histogram = from_classic(&buckets, Some(5.0), Some(9.0)).unwrap();
        assert_eq!(histogram.custom_bounds, [1.0, 2.0]);
        assert_eq!(histogram.positive().collect::<Vec<_>>(), [(0, 2.0), (2, 3.0)]);
        assert_eq!(histogram.validate(), Ok(()));
        assert!(from_classic(&[(1.0, 2.0), (2.0, 1.0)], None, None).is_none());
    }
}
