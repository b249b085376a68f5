//! From any source of series to blocks that a Prometheus opens.
//!
//! 1. Find the windows of [`ExportOptions::block_ms`] that have samples, from the chunks' times.
//! 2. For each, in order: write the chunks and the index series by series, then `meta.json`, in
//!    a directory with the suffix `.tmp-for-creation`; rename it.
//! 3. Open the block as a reader does, and compare every sample with the source.
//!
//! In memory are the labels and posting lists of one block and the samples of one series.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Columns, MetricSource, SeriesRequest, SeriesSet};
use telemetry_core::storage::fs::{OsFileSystem, Volume};
use telemetry_core::storage::ulid::{Randomness, Ulid};
use telemetry_core::time::{Clock, Millis, MillisRange, SystemClock};

use super::chunk::{Coded, write};
use super::index::{ChunkPlace, IndexWriter};
use super::meta::BlockMeta;
use super::segments::SegmentsWriter;
use super::tombstones::Tombstones;
use super::verify::verify;
use crate::error::Result;

/// Prometheus's smallest block: two hours.
const BLOCK_MS: i64 = 2 * 3600 * 1000;
/// Series between two reports.
const REPORT_EVERY: usize = 1_024;

/// What is exported, and how.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// Samples outside are left out; both ends included.
    pub range: MillisRange,
    /// Series that do not satisfy all of them are left out.
    pub matchers: Vec<Matcher>,
    /// Length of a block, which begins at a multiple of it. Two hours by default: what Prometheus
    /// itself cuts, and what an upload of blocks into Mimir takes.
    pub block_ms: i64,
    /// Whether every block is read back and compared. By default it is.
    pub verify: bool,
    /// Where the names of blocks take their time from.
    pub clock: Arc<dyn Clock>,
}

impl Default for ExportOptions {
    fn default() -> Self {
        ExportOptions {
            range: MillisRange::ALL,
            matchers: Vec::new(),
            block_ms: BLOCK_MS,
            verify: true,
            clock: Arc::new(SystemClock),
        }
    }
}

/// How far an export or an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Windows of time that are done.
    pub windows_done: u64,
    /// Windows in all.
    pub windows: u64,
    /// Series of this window that are done.
    pub series_done: u64,
    /// Series of this window.
    pub series: u64,
    /// Samples so far.
    pub samples: u64,
}

/// What was exported.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Exported {
    /// The blocks, in order of time; each is in a directory of its name.
    pub blocks: Vec<BlockMeta>,
    /// Samples in all blocks.
    pub samples: u64,
    /// Series, counted once per block.
    pub series: u64,
    /// Chunks.
    pub chunks: u64,
    /// Bytes of chunks and indexes.
    pub bytes: u64,
    /// Whether every sample was read back and found the same.
    pub verified: bool,
    /// Start timestamps that were left out: the encodings that keep them are not written, since
    /// Prometheus before 3.14 does not read them. Exemplars and metadata have no place in blocks.
    pub start_timestamps_left_out: u64,
}

/// Writes what a source has as blocks into a directory, which is made where needed. Deleted
/// samples are not written. A block is there as a whole or not at all.
///
/// # Errors
///
/// The source's; the file system's; [`Error::Differs`](crate::Error::Differs) where a sample
/// read back is another one, and then the block is removed.
///
/// ```
/// use telemetry_core::labels;
/// use telemetry_core::source::MemoryMetrics;
/// use tsdb::prometheus::{Block, ExportOptions, export};
///
/// # let directory = tempfile::tempdir().unwrap();
/// let mut metrics = MemoryMetrics::new();
/// metrics.insert(&labels! { "__name__" => "up" }, 1_000, 1.0);
/// let exported = export(&metrics, directory.path(), &ExportOptions::default(), &mut |_| ())?;
/// assert_eq!((exported.samples, exported.verified), (1, true));
/// let block = Block::open(directory.path().join(exported.blocks[0].ulid.to_string()))?;
/// assert_eq!(block.meta().series, 1);
/// # Ok::<(), tsdb::Error>(())
/// ```
pub fn export(
    source: &dyn MetricSource,
    directory: impl AsRef<Path>,
    options: &ExportOptions,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Exported> {
    let volume = Volume::new(Arc::new(OsFileSystem));
    let directory = directory.as_ref();
    volume.create_dir_all(directory)?;
    let block_ms = options.block_ms.max(1);
    let windows = windows(source, options, block_ms)?;
    let names = Randomness::system();
    let mut exported = Exported { verified: options.verify, ..Exported::default() };
    let mut state = Progress { windows: windows.len() as u64, ..Progress::default() };
    for index in windows {
        let start = index.saturating_mul(block_ms);
        let window = MillisRange::new(start, start.saturating_add(block_ms - 1));
        let request = SeriesRequest {
            sorted: true,
            ..SeriesRequest::new(options.matchers.clone(), window.intersect(&options.range))
        };
        let ulid = names.ulid(options.clock.now_millis());
        let job = Job { volume: &volume, directory, source, request: &request };
        if let Some(meta) = job.write(ulid, &mut exported, &mut state, progress)? {
            let path = directory.join(ulid.to_string());
            if options.verify
                && let Err(error) = verify(&volume, &path, source, &request)
            {
                volume.remove_tree(&path)?;
                return Err(error);
            }
            exported.blocks.push(meta);
        }
        state.windows_done += 1;
        progress(&state);
    }
    Ok(exported)
}

/// Numbers of the windows that have samples.
fn windows(
    source: &dyn MetricSource,
    options: &ExportOptions,
    block_ms: i64,
) -> Result<BTreeSet<i64>> {
    let request = SeriesRequest::new(options.matchers.clone(), options.range);
    let set = source.select(&request, &QueryContext::new())?;
    let mut windows = BTreeSet::new();
    let mut columns = Columns::default();
    for series in 0..set.len() {
        for chunk in set.chunks(series)? {
            let known = chunk.statistics();
            let times = known.window.intersect(&options.range);
            if times.is_empty() {
                continue;
            }
            let (first, last) =
                (times.start.0.div_euclid(block_ms), times.end.0.div_euclid(block_ms));
            if last.saturating_sub(first) <= 1 {
                windows.extend([first, last]);
                continue;
            }
            columns.clear();
            chunk.decode(times, &mut columns)?;
            let all = columns.floats.times.iter().chain(&columns.histograms.times);
            windows.extend(all.map(|time| time.div_euclid(block_ms)));
        }
    }
    Ok(windows)
}

/// One block.
struct Job<'a> {
    volume: &'a Volume,
    directory: &'a Path,
    source: &'a dyn MetricSource,
    request: &'a SeriesRequest,
}

impl Job<'_> {
    /// Writes the block; none if there are no samples.
    fn write(
        &self,
        ulid: Ulid,
        exported: &mut Exported,
        state: &mut Progress,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Option<BlockMeta>> {
        let Job { volume, directory, source, request } = self;
        let set = source.select(request, &QueryContext::new())?;
        if set.is_empty() {
            return Ok(None);
        }
        let unfinished: PathBuf = directory.join(format!("{ulid}.tmp-for-creation"));
        volume.create_dir_all(&unfinished.join("chunks"))?;
        let mut segments = SegmentsWriter::new(volume, unfinished.join("chunks"));
        let texts = (0..set.len()).flat_map(|at| set.labels(at).iter());
        let texts = texts.flat_map(|(name, value)| [name, value]);
        let mut index = IndexWriter::create(volume, &unfinished.join("index"), texts)?;
        let mut meta = BlockMeta {
            ulid,
            min_time: i64::MAX,
            max_time: i64::MIN,
            samples: 0,
            series: 0,
            chunks: 0,
            level: 1,
            hints: Vec::new(),
            kinds: (0, 0),
        };
        state.series = set.len() as u64;
        let (mut columns, mut chunks) = (Columns::default(), Vec::new());
        for at in 0..set.len() {
            state.series_done = at as u64;
            if at % REPORT_EVERY == 0 {
                progress(state);
            }
            samples(set.as_ref(), at, request.window, &mut columns)?;
            exported.start_timestamps_left_out += starts(&columns);
            chunks.clear();
            write(&columns, &mut chunks);
            let labels: &Labels = set.labels(at);
            push(labels, &chunks, &mut segments, &mut index, &mut meta)?;
            meta.kinds.0 += columns.floats.times.len() as u64;
            meta.kinds.1 += columns.histograms.times.len() as u64;
            let count = columns.floats.times.len() + columns.histograms.times.len();
            state.samples += count as u64;
        }
        segments.end()?;
        let index_bytes = index.finish()?;
        if meta.samples == 0 {
            volume.remove_tree(&unfinished)?;
            return Ok(None);
        }
        exported.samples += meta.samples;
        exported.series += meta.series;
        exported.chunks += meta.chunks;
        exported.bytes += index_bytes + segments.bytes;
        volume.write(&unfinished.join("tombstones"), &Tombstones::none())?;
        volume.write(&unfinished.join("meta.json"), meta.write().as_bytes())?;
        volume.sync_dir(&unfinished.join("chunks"))?;
        volume.sync_dir(&unfinished)?;
        volume.rename(&unfinished, &directory.join(ulid.to_string()))?;
        volume.sync_dir(directory)?;
        Ok(Some(meta))
    }
}

fn push<'a>(
    labels: &'a Labels,
    chunks: &[Coded],
    segments: &mut SegmentsWriter,
    index: &mut IndexWriter<'a>,
    meta: &mut BlockMeta,
) -> Result<()> {
    let mut places = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let reference = segments.push(chunk)?;
        places.push(ChunkPlace { first: chunk.first, last: chunk.last, reference });
        meta.min_time = meta.min_time.min(chunk.first);
        meta.max_time = meta.max_time.max(chunk.last.saturating_add(1));
        meta.samples += chunk.count;
    }
    if !places.is_empty() {
        index.series(labels, &places)?;
        meta.series += 1;
        meta.chunks += places.len() as u64;
    }
    Ok(())
}

/// The samples of a series in a window.
pub(super) fn samples(
    set: &dyn SeriesSet,
    at: usize,
    window: MillisRange,
    columns: &mut Columns,
) -> Result<()> {
    columns.clear();
    for chunk in set.chunks(at)? {
        if chunk.statistics().window.overlaps(&window) {
            chunk.decode(window, columns)?;
        }
    }
    Ok(())
}

fn starts(columns: &Columns) -> u64 {
    let starts = columns.floats.starts.iter().chain(&columns.histograms.starts);
    starts.filter(|start| Millis(**start) != Millis(0)).count() as u64
}
