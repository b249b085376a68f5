//! The answer to a request: series, reachable in any order.

use std::sync::Arc;

use hashbrown::HashTable;
use parking_lot::Mutex;
use telemetry_core::labels::Labels;
use telemetry_core::source::{
    Chunk, ChunkStatistics, Columns, Newest, SeriesSet, SourceError, newest_of, newest_of_series,
};
use telemetry_core::storage::store::Snapshot;
use telemetry_core::time::MillisRange;

use super::{Part, Samples, Selection, merge};
use crate::block::{Block, HeldPage};
use crate::engine::Metrics;

/// Series that a language is likely to ask one after the other, on one thread.
const TOGETHER: usize = 64;
/// Pages that are held for that.
const THREADS: usize = 8;

/// Selected series. Holds the snapshot that they were selected from: nothing of it is deleted.
pub(crate) struct Selected {
    series: Vec<Series>,
    window: MillisRange,
    none: Labels,
    /// The pages that [`SeriesSet::newest`] was in last, each with the address of its block, which
    /// stays as long as the snapshot: one for each of the threads that are in different places.
    held: [Mutex<(usize, Option<HeldPage>)>; THREADS],
    _snapshot: Snapshot<Metrics>,
}

struct Series {
    labels: Labels,
    /// In order of time if none overlap, else older ones first.
    parts: Vec<Part>,
    time_column: Option<u64>,
}

impl Selected {
    pub(crate) fn new(
        selection: Selection,
        window: MillisRange,
        snapshot: Snapshot<Metrics>,
    ) -> Self {
        let mut columns = TimeColumns::default();
        let mut series: Vec<Series> = Vec::with_capacity(selection.series.len());
        for (labels, mut parts) in selection.series {
            // Parts come in the order of their age, which decides between samples at one time.
            // Where none overlap, the order of time does as well.
            if !follow_each_other(&parts) {
                let mut in_time = parts.clone();
                in_time.sort_by_key(|part| part.first);
                if follow_each_other(&in_time) {
                    parts = in_time;
                }
            }
            let time_column = columns.column_of(&parts, &series);
            series.push(Series { labels, parts, time_column });
        }
        let held = std::array::from_fn(|_| Mutex::default());
        Selected { series, window, none: Labels::empty(), held, _snapshot: snapshot }
    }
}

impl SeriesSet for Selected {
    fn len(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        self.series.get(index).map_or(&self.none, |series| &series.labels)
    }

    fn chunks<'a>(&'a self, index: usize) -> Result<Vec<Box<dyn Chunk + 'a>>, SourceError> {
        let Some(series) = self.series.get(index) else { return Ok(Vec::new()) };
        if let [part] = &series.parts[..]
            && part.hidden.is_none()
        {
            return Ok(vec![Box::new(PartChunk::new(part.clone())?)]);
        }
        let mut chunks: Vec<Box<dyn Chunk + 'a>> = Vec::new();
        for cluster in clusters(&series.parts) {
            match &cluster[..] {
                [part] if part.hidden.is_none() => {
                    chunks.push(Box::new(PartChunk::new(part.clone())?));
                }
                parts => {
                    let merged = merge(parts, self.window).map_err(SourceError::store)?;
                    if let Some(part) = Part::held(merged) {
                        chunks.push(Box::new(PartChunk::new(part)?));
                    }
                }
            }
        }
        Ok(chunks)
    }

    fn newest(&self, index: usize, range: MillisRange) -> Result<Option<Newest>, SourceError> {
        if let Some(series) = self.series.get(index)
            && follow_each_other(&series.parts)
            && let Some(part) = series.parts.last()
            && let Some((time, value)) = self.newest_float(index, part, range)?
        {
            return Ok(Some(Newest { time, value: value.into() }));
        }
        newest_of_series(self, index, range)
    }

    fn time_column(&self, index: usize) -> Option<u64> {
        self.series.get(index)?.time_column
    }
}

impl Selected {
    /// The newest float of a part of series `index`, if it is in `range` and the part knows it.
    fn newest_float(
        &self,
        index: usize,
        part: &Part,
        range: MillisRange,
    ) -> Result<Option<(i64, f64)>, SourceError> {
        let is_last = range.start.0 <= part.last && part.last <= range.end.0;
        if part.hidden.is_some() || !is_last {
            return Ok(None);
        }
        let Samples::Coded { block, chunk } = &part.samples else {
            return Ok(part.newest_row(range));
        };
        let mut held = self.held.get(index / TOGETHER % self.held.len()).map(|held| held.lock());
        let (mut none, of) = (None, std::ptr::from_ref::<Block>(block).addr());
        let page = match &mut held {
            Some(held) => {
                if held.0 != of {
                    **held = (of, None);
                }
                &mut held.1
            }
            None => &mut none,
        };
        let last = block.last_float(chunk, page).map_err(SourceError::store)?;
        Ok(last.map(|last| (part.last, last)))
    }
}

/// Groups of parts that overlap in time, in order of time. Within a group parts keep their order.
fn clusters(parts: &[Part]) -> Vec<Vec<Part>> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|index| parts[*index].first);
    let mut clusters: Vec<(i64, Vec<usize>)> = Vec::new();
    for index in order {
        let part = &parts[index];
        match clusters.last_mut() {
            Some((last, cluster)) if part.first <= *last => {
                *last = part.last.max(*last);
                cluster.push(index);
            }
            _ => clusters.push((part.last, vec![index])),
        }
    }
    let in_age = |(_, mut cluster): (i64, Vec<usize>)| {
        cluster.sort_unstable();
        cluster.into_iter().map(|index| parts[index].clone()).collect()
    };
    clusters.into_iter().map(in_age).collect()
}

/// A part as a chunk.
struct PartChunk {
    part: Part,
    statistics: ChunkStatistics,
}

impl PartChunk {
    fn new(part: Part) -> Result<Self, SourceError> {
        let statistics = part.statistics().map_err(SourceError::store)?;
        Ok(PartChunk { part, statistics })
    }
}

impl Chunk for PartChunk {
    fn statistics(&self) -> ChunkStatistics {
        self.statistics
    }

    fn decode(&self, range: MillisRange, into: &mut Columns) -> Result<(), SourceError> {
        self.part.decode(range, into).map_err(SourceError::store)
    }

    fn decode_values(&self, range: MillisRange, into: &mut Vec<f64>) -> Result<bool, SourceError> {
        self.part.decode_values(range, into).map_err(SourceError::store)
    }

    fn newest(&self, range: MillisRange) -> Result<Option<Newest>, SourceError> {
        match self.part.newest_row(range) {
            Some((time, value)) => Ok(Some(Newest { time, value: value.into() })),
            None => newest_of(self, range),
        }
    }
}

/// Numbers series by their times: equal numbers, equal times.
#[derive(Default)]
struct TimeColumns {
    /// The first series of each number.
    known: HashTable<usize>,
}

impl TimeColumns {
    /// The number for the times of `parts`, a series that comes behind `series`.
    fn column_of(&mut self, parts: &[Part], series: &[Series]) -> Option<u64> {
        let plain = |part: &Part| part.hidden.is_none() && !part.has_histograms();
        if !parts.iter().all(plain) || !follow_each_other(parts) {
            return None;
        }
        let parts_of = |index: &usize| series.get(*index).map_or(&[][..], |series| &series.parts);
        let hash = times_hash(parts);
        let found = self.known.find(hash, |index| same_times(parts_of(index), parts));
        let first = match found {
            Some(index) => *index,
            None => {
                let index = series.len();
                self.known.insert_unique(hash, index, |index| times_hash(parts_of(index)));
                index
            }
        };
        Some(first as u64)
    }
}

fn follow_each_other(parts: &[Part]) -> bool {
    parts.iter().zip(parts.iter().skip(1)).all(|(a, b)| a.last < b.first)
}

fn times_hash(parts: &[Part]) -> u64 {
    let mix =
        |hash: u64, value: u64| (hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    parts.iter().fold(parts.len() as u64, |hash, part| {
        let ends = [part.first.cast_unsigned(), part.last.cast_unsigned(), part.count() as u64];
        ends.into_iter().fold(hash, mix)
    })
}

fn same_times(a: &[Part], b: &[Part]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_part_times(a, b))
}

fn same_part_times(a: &Part, b: &Part) -> bool {
    match (&a.samples, &b.samples) {
        (Samples::Rows { view: a, .. }, Samples::Rows { view: b, .. }) => {
            a.identity() == b.identity() || a.times == b.times
        }
        (Samples::Held(a), Samples::Held(b)) => a.floats.times == b.floats.times,
        (Samples::Coded { block: a, chunk: one }, Samples::Coded { block: b, chunk: other }) => {
            Arc::ptr_eq(a, b) && one.column == other.column
        }
        _ => false,
    }
}
