//! A run of samples of one series in one place: rows of a target, a buffer, a chunk of a block.

use std::sync::Arc;

use telemetry_core::source::{ChunkStatistics, Columns, FloatColumn, HistogramColumn};
use telemetry_core::storage::Result;
use telemetry_core::time::MillisRange;

use crate::block::{Block, ChunkPlace};
use crate::chunk::{histogram, statistics};
use crate::head::TargetView;

/// Times that tombstones hide, if any.
pub(crate) type Hidden = Option<Arc<[MillisRange]>>;

/// A run of samples whose times rise strictly.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) samples: Samples,
    /// Times of the first and last sample.
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) hidden: Hidden,
}

/// Where the samples are.
#[derive(Clone, Debug)]
pub(crate) enum Samples {
    /// A column of a target.
    Rows { view: Arc<TargetView>, column: u32 },
    /// Right here.
    Held(Arc<Columns>),
    /// A chunk of a block.
    Coded { block: Arc<Block>, chunk: ChunkPlace },
}

impl Part {
    /// A part of samples that are here; none if there are none.
    pub(crate) fn held(columns: Columns) -> Option<Part> {
        let ends = |times: &[i64]| Some((*times.first()?, *times.last()?));
        let (floats, histograms) = (ends(&columns.floats.times), ends(&columns.histograms.times));
        let (first, last) = match (floats, histograms) {
            (Some(a), Some(b)) => (a.0.min(b.0), a.1.max(b.1)),
            (a, b) => a.or(b)?,
        };
        Some(Part { samples: Samples::Held(Arc::new(columns)), first, last, hidden: None })
    }

    /// A part that is a chunk of a block.
    pub(crate) fn coded(block: &Arc<Block>, chunk: ChunkPlace, hidden: Hidden) -> Part {
        let (first, last, _) = block.extent(&chunk);
        Part { samples: Samples::Coded { block: Arc::clone(block), chunk }, first, last, hidden }
    }

    /// Whether it may have samples in the window.
    pub(crate) fn overlaps(&self, window: MillisRange) -> bool {
        self.first <= window.end.0 && window.start.0 <= self.last
    }

    /// Whether it has samples in the window that are not hidden.
    ///
    /// # Errors
    ///
    /// A block that cannot be read.
    pub(crate) fn has_samples(&self, window: MillisRange) -> Result<bool> {
        if !self.overlaps(window) {
            return Ok(false);
        }
        if self.hidden.is_none() {
            let within = |time: i64| window.start.0 <= time && time <= window.end.0;
            if within(self.first) || within(self.last) {
                return Ok(true);
            }
        }
        let visible = |times: &[i64]| {
            let (start, end) = bounds(times, window);
            times.get(start..end).unwrap_or_default().iter().any(|time| !self.hides(*time))
        };
        Ok(match &self.samples {
            Samples::Rows { view, .. } => visible(&view.times),
            Samples::Held(columns) => {
                visible(&columns.floats.times) || visible(&columns.histograms.times)
            }
            Samples::Coded { block, chunk } => visible(&block.times(chunk.column)?),
        })
    }

    /// Whether a time is hidden.
    pub(crate) fn hides(&self, time: i64) -> bool {
        let covers = |range: &MillisRange| range.start.0 <= time && time <= range.end.0;
        self.hidden.as_ref().is_some_and(|hidden| hidden.iter().any(covers))
    }

    /// Number of samples, hidden ones included.
    pub(crate) fn count(&self) -> usize {
        match &self.samples {
            Samples::Rows { view, .. } => view.times.len(),
            Samples::Held(columns) => columns.floats.times.len() + columns.histograms.times.len(),
            Samples::Coded { block, chunk } => block.extent(chunk).2,
        }
    }

    /// Whether any sample is a histogram.
    pub(crate) fn has_histograms(&self) -> bool {
        match &self.samples {
            Samples::Rows { .. } => false,
            Samples::Held(columns) => !columns.histograms.times.is_empty(),
            Samples::Coded { chunk, .. } => chunk.is_histogram,
        }
    }

    /// What is known without decoding.
    ///
    /// # Errors
    ///
    /// A block that cannot be read.
    pub(crate) fn statistics(&self) -> Result<ChunkStatistics> {
        let (has_histograms, floats) = match &self.samples {
            Samples::Rows { .. } => (false, None),
            Samples::Held(columns) => {
                let has_histograms = !columns.histograms.times.is_empty();
                let floats =
                    if has_histograms { None } else { statistics::of(&columns.floats.values) };
                (has_histograms, floats)
            }
            Samples::Coded { chunk, .. } if chunk.is_histogram => (true, None),
            Samples::Coded { block, chunk } => (false, block.peek(chunk)?),
        };
        Ok(ChunkStatistics {
            count: self.count() as u64,
            window: MillisRange::new(self.first, self.last),
            has_histograms,
            floats,
        })
    }

    /// Appends the samples in `range`, hidden ones included.
    ///
    /// # Errors
    ///
    /// A block that cannot be read.
    pub(crate) fn decode(&self, range: MillisRange, into: &mut Columns) -> Result<()> {
        match &self.samples {
            Samples::Rows { view, column } => {
                let (start, end) = bounds(&view.times, range);
                let floats = &mut into.floats;
                floats.times.extend_from_slice(view.times.get(start..end).unwrap_or_default());
                view.column(*column, start, end, &mut floats.values);
                if !floats.starts.is_empty() {
                    floats.starts.resize(floats.times.len(), 0);
                }
            }
            Samples::Held(columns) => {
                append_floats(&columns.floats, range, &mut into.floats);
                append_histograms(&columns.histograms, range, &mut into.histograms);
            }
            Samples::Coded { block, chunk } => decode_coded(block, chunk, range, into)?,
        }
        Ok(())
    }

    /// Appends the values in `range` without their times, hidden ones included. False, and nothing
    /// appended, if there are histograms.
    ///
    /// # Errors
    ///
    /// A block that cannot be read.
    pub(crate) fn decode_values(&self, range: MillisRange, into: &mut Vec<f64>) -> Result<bool> {
        if self.has_histograms() {
            return Ok(false);
        }
        match &self.samples {
            Samples::Rows { view, column } => {
                let (start, end) = bounds(&view.times, range);
                view.column(*column, start, end, into);
            }
            Samples::Held(columns) => {
                let (start, end) = bounds(&columns.floats.times, range);
                into.extend_from_slice(columns.floats.values.get(start..end).unwrap_or_default());
            }
            Samples::Coded { block, chunk } => {
                let times = block.times(chunk.column)?;
                let (start, end) = bounds(&times, range);
                if start < end {
                    block.floats(chunk, times.len(), start..end, into, &mut Vec::new())?;
                }
            }
        }
        Ok(true)
    }

    /// The newest float in `range`, if it can be had without decoding.
    pub(crate) fn newest_row(&self, range: MillisRange) -> Option<(i64, f64)> {
        let Samples::Rows { view, column } = &self.samples else { return None };
        let (start, end) = bounds(&view.times, range);
        let at = end.checked_sub(1).filter(|at| *at >= start)?;
        let mut value = Vec::with_capacity(1);
        view.column(*column, at, end, &mut value);
        view.times.get(at).copied().zip(value.pop())
    }
}

fn decode_coded(
    block: &Block,
    chunk: &ChunkPlace,
    range: MillisRange,
    into: &mut Columns,
) -> Result<()> {
    let times = block.times(chunk.column)?;
    let (start, end) = bounds(&times, range);
    if start == end {
        return Ok(());
    }
    let mut starts = Vec::new();
    if chunk.is_histogram {
        let HistogramColumn { times: known, values, starts: known_starts } = &mut into.histograms;
        let before = known.len();
        histogram::decode(&block.values(chunk)?, times.len(), values, &mut starts)
            .map_err(|damaged| block.damaged(chunk, damaged))?;
        keep(values, before, start, end);
        known.extend_from_slice(times.get(start..end).unwrap_or_default());
        append_starts(&starts, (start, end), before, known_starts);
    } else {
        let FloatColumn { times: known, values, starts: known_starts } = &mut into.floats;
        let before = known.len();
        block.floats(chunk, times.len(), start..end, values, &mut starts)?;
        known.extend_from_slice(times.get(start..end).unwrap_or_default());
        append_starts(&starts, (start, end), before, known_starts);
    }
    Ok(())
}

/// Of what was appended behind `before`, keeps the places `start..end`.
fn keep<T>(values: &mut Vec<T>, before: usize, start: usize, end: usize) {
    values.truncate(before + end);
    values.drain(before..before + start);
}

/// The places of the times in a range: from the first to behind the last.
pub(crate) fn bounds(times: &[i64], range: MillisRange) -> (usize, usize) {
    let start = times.partition_point(|time| *time < range.start.0);
    let end = times.partition_point(|time| *time <= range.end.0);
    (start, end.max(start))
}

fn append_floats(from: &FloatColumn, range: MillisRange, into: &mut FloatColumn) {
    let (start, end) = bounds(&from.times, range);
    let before = into.times.len();
    into.times.extend_from_slice(from.times.get(start..end).unwrap_or_default());
    into.values.extend_from_slice(from.values.get(start..end).unwrap_or_default());
    append_starts(&from.starts, (start, end), before, &mut into.starts);
}

fn append_histograms(from: &HistogramColumn, range: MillisRange, into: &mut HistogramColumn) {
    let (start, end) = bounds(&from.times, range);
    let before = into.times.len();
    into.times.extend_from_slice(from.times.get(start..end).unwrap_or_default());
    into.values.extend_from_slice(from.values.get(start..end).unwrap_or_default());
    append_starts(&from.starts, (start, end), before, &mut into.starts);
}

/// Appends start timestamps to a column that had `before` samples. A column without any stays
/// without as long as all are unknown.
pub(crate) fn append_starts(
    from: &[i64],
    (start, end): (usize, usize),
    before: usize,
    into: &mut Vec<i64>,
) {
    match from.get(start..end) {
        Some(starts) if starts.iter().any(|start| *start != 0) || !into.is_empty() => {
            into.resize(before, 0);
            into.extend_from_slice(starts);
        }
        _ if !into.is_empty() => into.resize(before + end - start, 0),
        _ => {}
    }
}
