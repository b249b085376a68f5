//! From a data directory of a Prometheus into a store of our own.
//!
//! Time is cut where blocks begin and end, and into days at most; each piece is read series by
//! series, blocks and head merged, so that samples of a series come in order of time. In memory
//! are the labels of one piece and the samples of one commit.

use std::collections::BTreeSet;

use telemetry_core::labels::Matcher;
use telemetry_core::model::SampleValue;
use telemetry_core::query::QueryContext;
use telemetry_core::sink::{Committed, RefusalReason};
use telemetry_core::source::{Columns, MetricSource, SeriesRequest};
use telemetry_core::time::MillisRange;

use super::directory::Directory;
use super::export::{Progress, samples};
use crate::batch::Batch;
use crate::db::Tsdb;
use crate::error::{Error, Result};

/// The longest piece of time that is read at once: a day.
const PIECE_MS: i64 = 24 * 3600 * 1000;
/// Samples of one commit.
const BATCH_SAMPLES: usize = 16 << 10;
/// Series between two reports.
const REPORT_EVERY: usize = 1_024;

/// What is imported.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Samples outside are left out; both ends included.
    pub range: MillisRange,
    /// Series that do not satisfy all of them are left out.
    pub matchers: Vec<Matcher>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        ImportOptions { range: MillisRange::ALL, matchers: Vec::new() }
    }
}

/// What was imported.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Imported {
    /// Samples that the store has now, those it had before included.
    pub samples: u64,
    /// Samples that the store refused.
    pub refused: u64,
    /// Why it refused the first of them.
    pub first_refusal: Option<RefusalReason>,
    /// Series that the store refused, with all their samples.
    pub series_refused: u64,
    /// Exemplars that were handed over; the store keeps a bounded number.
    pub exemplars: u64,
    /// Metrics whose metadata was taken over.
    pub metadata: u64,
}

/// Copies what a Prometheus has into a store: floats, histograms, exemplars and metadata. Deleted
/// samples are left behind. Samples may be as old as they like, whatever the store's window for
/// late ones. Importing again changes nothing.
///
/// # Errors
///
/// The directory's; the store's. What was committed before stays.
pub fn import(
    from: &Directory,
    into: &Tsdb,
    options: &ImportOptions,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Imported> {
    let pieces = pieces(from, options.range);
    let mut imported = Imported::default();
    let mut state = Progress { windows: pieces.len() as u64, ..Progress::default() };
    let mut batch = into.batch();
    batch.accept_any_time();
    let mut columns = Columns::default();
    for piece in pieces {
        let request = SeriesRequest::new(options.matchers.clone(), piece);
        let set = from.select(&request, &QueryContext::new())?;
        state.series = set.len() as u64;
        for at in 0..set.len() {
            state.series_done = at as u64;
            if at % REPORT_EVERY == 0 {
                progress(&state);
            }
            samples(set.as_ref(), at, piece, &mut columns)?;
            if columns.floats.times.is_empty() && columns.histograms.times.is_empty() {
                continue;
            }
            let series = match into.series(set.labels(at)) {
                Ok(series) => series.reference(),
                Err(Error::Refused(reason)) => {
                    imported.series_refused += 1;
                    imported.first_refusal.get_or_insert(reason);
                    continue;
                }
                Err(error) => return Err(error),
            };
            state.samples += push(&columns, series, &mut batch);
            if batch.len() >= BATCH_SAMPLES {
                count(batch.commit()?, &mut imported);
            }
        }
        count(batch.commit()?, &mut imported);
        state.windows_done += 1;
        progress(&state);
    }
    notes(from, into, options, &mut batch, &mut imported)?;
    Ok(imported)
}

fn push(columns: &Columns, series: telemetry_core::sink::SeriesRef, batch: &mut Batch) -> u64 {
    let (floats, histograms) = (&columns.floats, &columns.histograms);
    for (at, (time, value)) in floats.times.iter().zip(&floats.values).enumerate() {
        match floats.starts.get(at) {
            Some(start) => batch.append_with_start(series, *time, *value, *start),
            None => batch.append_ref(series, *time, *value),
        };
    }
    for (at, (time, value)) in histograms.times.iter().zip(&histograms.values).enumerate() {
        let start = histograms.starts.get(at).copied().unwrap_or(0);
        let value = SampleValue::Histogram(std::sync::Arc::clone(value));
        batch.append_with_start(series, *time, value, start);
    }
    (floats.times.len() + histograms.times.len()) as u64
}

/// Exemplars and metadata, which only the head has.
fn notes(
    from: &Directory,
    into: &Tsdb,
    options: &ImportOptions,
    batch: &mut Batch,
    imported: &mut Imported,
) -> Result<()> {
    let Some(head) = &from.sources.head else { return Ok(()) };
    for (labels, exemplar) in &head.exemplars {
        let wanted = options.matchers.iter().all(|matcher| matcher.matches_labels(labels));
        if wanted && options.range.contains(exemplar.time) {
            batch.exemplar(into.series(labels)?.reference(), exemplar.clone());
            imported.exemplars += 1;
        }
    }
    for (metric, metadata) in &head.metadata {
        batch.metadata(metric, metadata);
        imported.metadata += 1;
    }
    count(batch.commit()?, imported);
    Ok(())
}

fn count(committed: Committed, imported: &mut Imported) {
    imported.samples += committed.stored;
    imported.refused += committed.refused.len() as u64;
    if imported.first_refusal.is_none() {
        imported.first_refusal = committed.refused.into_iter().next().map(|it| it.reason);
    }
}

/// Pieces of time that together cover what there is.
fn pieces(from: &Directory, range: MillisRange) -> Vec<MillisRange> {
    let blocks = from.sources.blocks.iter().map(|block| block.meta.range());
    let ranges: Vec<MillisRange> =
        blocks.chain(from.sources.head.iter().map(|head| head.range())).collect();
    let mut cuts = BTreeSet::new();
    for range in ranges.iter().filter(|range| !range.is_empty()) {
        cuts.insert(range.start.0);
        cuts.insert(range.end.0.saturating_add(1));
    }
    let cuts: Vec<i64> = cuts.into_iter().collect();
    let mut pieces = Vec::new();
    for (start, end) in cuts.iter().zip(cuts.iter().skip(1)) {
        let whole = MillisRange::new(*start, end.saturating_sub(1)).intersect(&range);
        if whole.is_empty() || !ranges.iter().any(|range| range.overlaps(&whole)) {
            continue;
        }
        let mut at = whole.start.0;
        loop {
            let last = at.saturating_add(PIECE_MS - 1).min(whole.end.0);
            pieces.push(MillisRange::new(at, last));
            if last >= whole.end.0 {
                break;
            }
            at = last + 1;
        }
    }
    pieces
}
