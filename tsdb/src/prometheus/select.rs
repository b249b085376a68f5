//! Blocks and a head as one source of series.
//!
//! Where two of them have a sample at the same time, blocks count before the head, and earlier
//! blocks before later ones. A series may be selected whose chunks span the window without a
//! sample in it: to know would mean to decode them.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashTable;
use telemetry_core::labels::Labels;
use telemetry_core::model::CounterReset;
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::{
    Chunk, ChunkStatistics, Columns, LabelRequest, SeriesRequest, SeriesSet, SourceError,
};
use telemetry_core::storage::{Damaged, Result};
use telemetry_core::time::MillisRange;

use super::block::BlockFiles;
use super::chunk::{count, decode};
use super::head::Head;
use super::index::ChunkPlace;
use super::run::{Run, Samples, between};

/// What is read together.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    /// In order of their times.
    pub(super) blocks: Vec<Arc<BlockFiles>>,
    pub(super) head: Option<Arc<Head>>,
}

/// Samples of a series in one place.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Block { block: Arc<BlockFiles>, chunks: Arc<[ChunkPlace]>, hidden: Option<Arc<[MillisRange]>> },
    Head { head: Arc<Head>, series: usize },
}

/// Series with the places that their samples are in.
#[derive(Debug, Default)]
pub(super) struct Found {
    series: Vec<(Labels, Vec<Piece>)>,
    by_labels: HashTable<usize>,
}

impl Found {
    /// The places of a series, which is added if it is not there.
    pub(super) fn pieces(&mut self, labels: &Labels) -> &mut Vec<Piece> {
        let series = &mut self.series;
        let entry = self.by_labels.entry(
            labels.hash64(),
            |index| series.get(*index).is_some_and(|(known, _)| known == labels),
            |index| series.get(*index).map_or(0, |(known, _)| known.hash64()),
        );
        let index = *entry
            .or_insert_with(|| {
                series.push((labels.clone(), Vec::new()));
                series.len() - 1
            })
            .get();
        &mut self.series[index].1
    }
}

impl Sources {
    /// As [`MetricSource::select`](telemetry_core::source::MetricSource::select).
    pub(super) fn select(
        &self,
        request: &SeriesRequest,
        context: &QueryContext,
    ) -> Result<Selected, SourceError> {
        context.check()?;
        let SeriesRequest { matchers, window, sorted, .. } = request;
        let mut found = Found::default();
        for block in &self.blocks {
            if block.meta.range().overlaps(window) {
                block.select(matchers, *window, &mut found, context)?;
            }
        }
        if let Some(head) = &self.head {
            head.select(matchers, *window, &mut found, context)?;
        }
        let mut series = found.series;
        context.bound(Resource::Series, series.len() as u64)?;
        context.statistics().add_series(series.len() as u64);
        if *sorted {
            series.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        }
        Ok(Selected { series, window: *window, none: Labels::empty() })
    }

    pub(super) fn label_names(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        let all = SeriesRequest::new(request.matchers.clone(), request.window);
        let mut names = BTreeSet::new();
        for (labels, _) in &self.select(&all, context)?.series {
            names.extend(labels.iter().map(|(name, _)| name.to_owned()));
        }
        Ok(names.into_iter().take(request.limit).collect())
    }

    pub(super) fn label_values(
        &self,
        name: &str,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        let all = SeriesRequest::new(request.matchers.clone(), request.window);
        let mut values = BTreeSet::new();
        for (labels, _) in &self.select(&all, context)?.series {
            values.extend(labels.get(name).map(str::to_owned));
        }
        Ok(values.into_iter().take(request.limit).collect())
    }
}

/// Selected series.
pub(super) struct Selected {
    series: Vec<(Labels, Vec<Piece>)>,
    window: MillisRange,
    none: Labels,
}

impl Selected {
    /// The samples of a series in the window of the request, in order.
    pub(super) fn runs(&self, index: usize) -> Result<Vec<Run>> {
        let Some((_, pieces)) = self.series.get(index) else { return Ok(Vec::new()) };
        let mut runs = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Block { block, chunks, hidden } => {
                    block_runs(block, chunks, hidden, &mut runs)?;
                }
                Piece::Head { head, series } => head.runs(*series, self.window, &mut runs)?,
            }
        }
        Ok(runs)
    }
}

impl SeriesSet for Selected {
    fn len(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        self.series.get(index).map_or(&self.none, |(labels, _)| labels)
    }

    fn chunks<'a>(&'a self, index: usize) -> Result<Vec<Box<dyn Chunk + 'a>>, SourceError> {
        let runs = self.runs(index).map_err(SourceError::store)?;
        let mut out: Vec<Box<dyn Chunk>> = Vec::new();
        for cluster in clusters(runs) {
            match <[Run; 1]>::try_from(cluster) {
                Ok([run]) if run.hidden.is_none() => out.push(Box::new(run)),
                Ok(runs) => out.extend(merged(&runs, self.window)?),
                Err(runs) => out.extend(merged(&runs, self.window)?),
            }
        }
        Ok(out)
    }
}

fn block_runs(
    block: &Arc<BlockFiles>,
    chunks: &[ChunkPlace],
    hidden: &Option<Arc<[MillisRange]>>,
    runs: &mut Vec<Run>,
) -> Result<()> {
    let references: Vec<u64> = chunks.iter().map(|chunk| chunk.reference).collect();
    let mut raw = Vec::with_capacity(references.len());
    block.segments.read(&references, &mut raw)?;
    for (place, chunk) in chunks.iter().zip(raw) {
        let (path, offset) = block.segments.place(chunk.reference);
        let in_file = |damaged: Damaged| damaged.in_file(path, offset);
        let times = MillisRange::new(place.first, place.last);
        let overlaps = |range: &MillisRange| range.overlaps(&times);
        runs.push(Run {
            first: place.first,
            last: place.last,
            count: count(chunk.encoding, &chunk.data).map_err(in_file)?,
            samples: Samples::Coded(chunk.encoding, chunk.data),
            place: (path.into(), offset),
            hidden: hidden.clone().filter(|hidden| hidden.iter().any(overlaps)),
        });
    }
    Ok(())
}

/// Groups of runs that overlap in time, in order of time. Within a group runs keep their order.
fn clusters(runs: Vec<Run>) -> Vec<Vec<Run>> {
    let mut order: Vec<(usize, Run)> = runs.into_iter().enumerate().collect();
    order.sort_by_key(|(_, run)| run.first);
    let mut clusters: Vec<(i64, Vec<(usize, Run)>)> = Vec::new();
    for (index, run) in order {
        match clusters.last_mut() {
            Some((last, cluster)) if run.first <= *last => {
                *last = run.last.max(*last);
                cluster.push((index, run));
            }
            _ => clusters.push((run.last, vec![(index, run)])),
        }
    }
    let in_age = |(_, mut cluster): (i64, Vec<(usize, Run)>)| {
        cluster.sort_by_key(|(index, _)| *index);
        cluster.into_iter().map(|(_, run)| run).collect()
    };
    clusters.into_iter().map(in_age).collect()
}

/// Runs that overlap or have hidden samples, as one chunk; none where nothing is left.
fn merged(runs: &[Run], window: MillisRange) -> Result<Option<Box<dyn Chunk>>, SourceError> {
    let mut decoded = Vec::with_capacity(runs.len());
    for run in runs {
        let mut columns = Columns::default();
        run.decode(window, &mut columns)?;
        decoded.push(columns);
    }
    // Time, run, whether a float, place.
    let mut places: Vec<(i64, usize, bool, usize)> = Vec::new();
    for (from, columns) in decoded.iter().enumerate() {
        let hides = |time: &i64| runs.get(from).is_some_and(|run| run.hides(*time));
        for (times, float) in [(&columns.floats.times, true), (&columns.histograms.times, false)] {
            let shown = times.iter().enumerate().filter(|(_, time)| !hides(time));
            places.extend(shown.map(|(at, time)| (*time, from, float, at)));
        }
    }
    places.sort_unstable();
    places.dedup_by_key(|(time, ..)| *time);
    let mut columns = Columns::default();
    let mut before = None;
    for (time, from, float, at) in places {
        let Some(source) = decoded.get(from) else { continue };
        let start = |starts: &[i64]| starts.get(at).copied().unwrap_or(0);
        if float {
            let floats = &source.floats;
            if let Some(value) = floats.values.get(at) {
                columns.floats.push(time, *value, start(&floats.starts));
            }
        } else if let Some(value) = source.histograms.values.get(at) {
            let mut value = Arc::clone(value);
            // What is known about a reset is known about the one before it in its own run.
            if before != Some(from) && value.counter_reset != CounterReset::Gauge {
                Arc::make_mut(&mut value).counter_reset = CounterReset::Unknown;
            }
            columns.histograms.push(time, value, start(&source.histograms.starts));
        }
        before = Some(from);
    }
    Ok(Run::held(columns).map(|run| Box::new(run) as Box<dyn Chunk>))
}

impl Chunk for Run {
    fn statistics(&self) -> ChunkStatistics {
        ChunkStatistics {
            count: self.count,
            window: MillisRange::new(self.first, self.last),
            has_histograms: match &self.samples {
                Samples::Coded(encoding, _) => encoding.is_histogram(),
                Samples::Held(columns) => !columns.histograms.times.is_empty(),
            },
            floats: None,
        }
    }

    fn decode(&self, range: MillisRange, into: &mut Columns) -> Result<(), SourceError> {
        let (encoding, data) = match &self.samples {
            Samples::Held(columns) => {
                between(columns, range, into);
                return Ok(());
            }
            Samples::Coded(encoding, data) => (*encoding, data),
        };
        let in_file = |damaged: Damaged| {
            let (path, offset) = &self.place;
            SourceError::store(damaged.in_file(path, *offset))
        };
        let whole = range.start.0 <= self.first && self.last <= range.end.0;
        let (floats, histograms) = (into.floats.times.len(), into.histograms.times.len());
        if whole {
            decode(encoding, data, into).map_err(in_file)?;
        } else {
            let mut columns = Columns::default();
            decode(encoding, data, &mut columns).map_err(in_file)?;
            between(&columns, range, into);
        }
        let fits = |times: &[i64], from: usize| {
            let new = times.get(from..).unwrap_or_default();
            new.first().is_none_or(|first| self.first <= *first)
                && new.last().is_none_or(|last| *last <= self.last)
        };
        if fits(&into.floats.times, floats) && fits(&into.histograms.times, histograms) {
            Ok(())
        } else {
            Err(in_file(Damaged::field(0, "times of a chunk")))
        }
    }
}
