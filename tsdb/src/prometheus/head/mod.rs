//! The head of a Prometheus: what is not in blocks yet, from its log.
//!
//! ~~~text
//! log.rs ─→ snappy.rs ─→ record.rs ─→ replay.rs      series with their chunks
//! ~~~
//!
//! What counts is what Prometheus itself would have after a restart: samples in the main log from
//! the end of the blocks on, each later than the one before it in its series (the others are in
//! the log of late samples as well); late samples; deletes. All of it is in the logs, so
//! `chunks_head/`, which saves Prometheus reading them, is not needed.
//!
//! In memory samples are as small as Prometheus keeps them: as chunks.

mod log;
mod record;
mod replay;
mod snappy;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::{Exemplar, Metadata};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Columns, SourceError};
use telemetry_core::storage::Result;
use telemetry_core::storage::fs::Volume;
use telemetry_core::storage::postings::{self, MemoryPostings};
use telemetry_core::time::MillisRange;

use super::chunk::Coded;
use super::run::{Run, Samples};
use super::select::{Found, Piece};

use replay::Replay;

/// Series between two looks at the clock.
const CHECK_EVERY: usize = 1_024;

/// Samples that are not in blocks yet.
#[derive(Debug)]
pub(super) struct Head {
    path: Arc<Path>,
    series: Vec<HeadSeries>,
    postings: MemoryPostings,
    range: MillisRange,
    pub(super) exemplars: Vec<(Labels, Exemplar)>,
    pub(super) metadata: Vec<(String, Metadata)>,
}

#[derive(Debug)]
struct HeadSeries {
    labels: Labels,
    /// In order of time; then late ones.
    chunks: Vec<HeadChunk>,
    /// With start timestamps, which no chunk that we write keeps.
    held: Vec<Arc<Columns>>,
    hidden: Option<Arc<[MillisRange]>>,
}

#[derive(Debug)]
struct HeadChunk {
    coded: Coded,
    data: Bytes,
}

impl Head {
    /// Reads the log of a data directory; none if there is none. In the main log, samples before
    /// `stored_until` are in blocks.
    ///
    /// # Errors
    ///
    /// The file system's; the log is damaged.
    pub(super) fn open(
        volume: &Volume,
        directory: &Path,
        stored_until: i64,
    ) -> Result<Option<Head>> {
        let path = directory.join("wal");
        let segments = log::segments(volume, &path)?;
        if segments.is_empty() {
            return Ok(None);
        }
        let mut replay = Replay::new(stored_until);
        read_all(volume, &segments, &mut replay)?;
        replay.late();
        read_all(volume, &log::segments(volume, &directory.join("wbl"))?, &mut replay)?;
        Ok(Some(replay.finish(path.into())))
    }

    /// Times of its samples.
    pub(super) fn range(&self) -> MillisRange {
        self.range
    }

    /// Adds the series that satisfy every matcher and may have samples in the window.
    pub(super) fn select(
        self: &Arc<Self>,
        matchers: &[Matcher],
        window: MillisRange,
        found: &mut Found,
        context: &QueryContext,
    ) -> std::result::Result<(), SourceError> {
        if !self.range.overlaps(&window) {
            return Ok(());
        }
        let ids = postings::select(&self.postings, matchers).map_err(SourceError::store)?;
        let mut runs = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            if at % CHECK_EVERY == 0 {
                context.check()?;
            }
            let series = id as usize;
            runs.clear();
            self.runs(series, window, &mut runs).map_err(SourceError::store)?;
            if let Some(known) = self.series.get(series)
                && !runs.is_empty()
            {
                found.pieces(&known.labels).push(Piece::Head { head: Arc::clone(self), series });
            }
        }
        Ok(())
    }

    /// Adds the runs of a series that overlap a window.
    pub(super) fn runs(
        &self,
        series: usize,
        window: MillisRange,
        out: &mut Vec<Run>,
    ) -> Result<()> {
        let Some(series) = self.series.get(series) else { return Ok(()) };
        let coded = series.chunks.iter().map(|chunk| {
            let Coded { encoding, first, last, count, .. } = chunk.coded;
            let samples = Samples::Coded(encoding, chunk.data.clone());
            Run { first, last, count, samples, place: (Arc::clone(&self.path), 0), hidden: None }
        });
        let held = series.held.iter().filter_map(|columns| Run::held(columns.as_ref().clone()));
        for mut run in coded.chain(held) {
            let times = MillisRange::new(run.first, run.last);
            if !times.overlaps(&window) {
                continue;
            }
            let hidden = series.hidden.clone();
            run.hidden = hidden.filter(|hidden| hidden.iter().any(|range| range.overlaps(&times)));
            let covers = |range: &MillisRange| range.covers(&times);
            if !run.hidden.as_ref().is_some_and(|hidden| hidden.iter().any(covers)) {
                out.push(run);
            }
        }
        Ok(())
    }
}

fn read_all(volume: &Volume, segments: &[std::path::PathBuf], replay: &mut Replay) -> Result<()> {
    for (at, path) in segments.iter().enumerate() {
        let is_last = at + 1 == segments.len();
        log::read_segment(volume, path, is_last, &mut |bytes, offset| {
            record::read(bytes, replay).map_err(|damaged| damaged.in_file(path, offset))
        })?;
    }
    Ok(())
}

/// Reads the bytes of a segment, and then as a single record: for the fuzz target.
pub(super) fn exercise(data: &[u8]) {
    let mut replay = Replay::new(i64::MIN);
    let _ = record::read(data, &mut replay);
    let _ = log::records(data, true, &mut |bytes, _| record::read(bytes, &mut replay).is_ok());
    let _ = snappy::decompress(data);
    let head = Arc::new(replay.finish(Path::new("").into()));
    let mut runs = Vec::new();
    for series in 0..head.series.len() {
        let _ = head.runs(series, MillisRange::ALL, &mut runs);
    }
}
