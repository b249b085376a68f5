//! Whether a block has what its source has, sample by sample.

use std::path::Path;
use std::sync::Arc;

use telemetry_core::model::{CounterReset, Histogram, is_stale};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Columns, MetricSource, SeriesRequest};
use telemetry_core::storage::fs::Volume;
use telemetry_core::time::MillisRange;

use super::block::BlockFiles;
use super::export::samples;
use super::select::Sources;
use crate::error::{Error, Result};

/// Compares a block with what `request` selects of a source.
///
/// # Errors
///
/// The first sample that differs; what reading fails with.
pub(super) fn verify(
    volume: &Volume,
    path: &Path,
    source: &dyn MetricSource,
    request: &SeriesRequest,
) -> Result<()> {
    let block = Arc::new(BlockFiles::open(volume, path)?);
    let sources = Sources { blocks: vec![block], head: None };
    let all = SeriesRequest { sorted: true, ..SeriesRequest::new(Vec::new(), MillisRange::ALL) };
    let context = QueryContext::new();
    let written = sources.select(&all, &context)?;
    let expected = source.select(request, &context)?;
    let written: &dyn telemetry_core::source::SeriesSet = &written;
    let (mut a, mut b) = (Columns::default(), Columns::default());
    let mut next = 0;
    for at in 0..expected.len() {
        samples(expected.as_ref(), at, request.window, &mut a)?;
        if a.floats.times.is_empty() && a.histograms.times.is_empty() {
            continue;
        }
        let labels = expected.labels(at);
        let differs =
            |time| Error::Differs { block: path.to_path_buf(), series: labels.to_string(), time };
        if written.labels(next) != labels {
            return Err(differs(request.window.start.0));
        }
        samples(written, next, MillisRange::ALL, &mut b)?;
        if let Some(time) = first_difference(&a, &b) {
            return Err(differs(time));
        }
        next += 1;
    }
    if next == written.len() {
        return Ok(());
    }
    let series = written.labels(next).to_string();
    Err(Error::Differs { block: path.to_path_buf(), series, time: request.window.start.0 })
}

/// The time of the first sample that differs.
fn first_difference(a: &Columns, b: &Columns) -> Option<i64> {
    let (floats, others) = (&a.floats, &b.floats);
    let pairs = floats.times.iter().zip(&floats.values);
    let mut pairs = pairs.zip(others.times.iter().zip(&others.values));
    let same =
        |((t, a), (u, b)): &((&i64, &f64), (&i64, &f64))| t == u && a.to_bits() == b.to_bits();
    if let Some(((time, _), _)) = pairs.find(|pair| !same(pair)) {
        return Some(*time);
    }
    let (histograms, more) = (&a.histograms, &b.histograms);
    let pairs = histograms.times.iter().zip(&histograms.values);
    let mut pairs = pairs.zip(more.times.iter().zip(&more.values));
    if let Some(((time, _), _)) = pairs.find(|((t, a), (u, b))| t != u || !same_histogram(a, b)) {
        return Some(*time);
    }
    if floats.times.len() != others.times.len() {
        return floats.times.last().or(others.times.last()).copied();
    }
    if histograms.times.len() != more.times.len() {
        return histograms.times.last().or(more.times.last()).copied();
    }
    None
}

/// The same observations: empty buckets do not count, and a chunk may know more about resets.
fn same_histogram(a: &Histogram, b: &Histogram) -> bool {
    if is_stale(a.sum) || is_stale(b.sum) {
        return is_stale(a.sum) && is_stale(b.sum);
    }
    let gauge = |histogram: &Histogram| histogram.counter_reset == CounterReset::Gauge;
    let bits = |a: f64, b: f64| a.to_bits() == b.to_bits();
    let live = |(_, population): &(i32, f64)| *population != 0.0;
    let same = |a: (i32, f64), b: (i32, f64)| a.0 == b.0 && bits(a.1, b.1);
    gauge(a) == gauge(b)
        && a.schema == b.schema
        && bits(a.zero_threshold, b.zero_threshold)
        && bits(a.zero_count, b.zero_count)
        && bits(a.count, b.count)
        && bits(a.sum, b.sum)
        && a.custom_bounds.len() == b.custom_bounds.len()
        && a.custom_bounds.iter().zip(&b.custom_bounds).all(|(a, b)| bits(*a, *b))
        && equal(a.positive().filter(live), b.positive().filter(live), same)
        && equal(a.negative().filter(live), b.negative().filter(live), same)
}

fn equal<T: Copy>(
    mut a: impl Iterator<Item = T>,
    mut b: impl Iterator<Item = T>,
    same: impl Fn(T, T) -> bool,
) -> bool {
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) if same(a, b) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}
