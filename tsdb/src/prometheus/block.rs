//! A block directory, open for reading.
//!
//! ~~~text
//! <ULID>/meta.json  index  chunks/000001…  tombstones
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use telemetry_core::labels::{LabelsBuilder, Matcher};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{LabelRequest, MetricSource, SeriesRequest, SeriesSet, SourceError};
use telemetry_core::storage::Result;
use telemetry_core::storage::fs::{OsFileSystem, Volume};
use telemetry_core::storage::postings;
use telemetry_core::time::MillisRange;

use super::index::Index;
use super::meta::BlockMeta;
use super::segments::Segments;
use super::select::{Found, Piece, Sources};
use super::tombstones::Tombstones;

/// Past this a `meta.json` is none.
const META_BYTES_MAX: u64 = 64 << 20;
/// Past this a file of tombstones is not read.
const TOMBSTONES_BYTES_MAX: u64 = 1 << 30;
/// Series between two looks at the clock.
const CHECK_EVERY: usize = 1_024;

/// One block of a Prometheus, open for reading. A clone is the same block.
///
/// The index is opened at once; series, posting lists and chunks are read when a query needs
/// them, and checked against their checksums then.
#[derive(Clone, Debug)]
pub struct Block(pub(super) Arc<BlockFiles>);

impl Block {
    /// Opens the block in a directory.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`](crate::Error::Storage): the file system's; a file is damaged or of a
    /// version that is not known.
    pub fn open(directory: impl AsRef<Path>) -> crate::Result<Block> {
        let volume = Volume::new(Arc::new(OsFileSystem));
        Ok(Block(Arc::new(BlockFiles::open(&volume, directory.as_ref())?)))
    }

    /// What the block says about itself.
    pub fn meta(&self) -> &BlockMeta {
        &self.0.meta
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    fn sources(&self) -> Sources {
        Sources { blocks: vec![Arc::clone(&self.0)], head: None }
    }
}

impl MetricSource for Block {
    fn select(
        &self,
        request: &SeriesRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn SeriesSet + '_>, SourceError> {
        Ok(Box::new(self.sources().select(request, context)?))
    }

    fn label_names(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        self.sources().label_names(request, context)
    }

    fn label_values(
        &self,
        name: &str,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        self.sources().label_values(name, request, context)
    }
}

/// The files of a block.
#[derive(Debug)]
pub(super) struct BlockFiles {
    path: PathBuf,
    pub(super) meta: BlockMeta,
    index: Index,
    pub(super) segments: Segments,
    tombstones: Tombstones,
}

impl BlockFiles {
    pub(super) fn open(volume: &Volume, path: &Path) -> Result<BlockFiles> {
        let meta_path = path.join("meta.json");
        let meta = BlockMeta::read(&volume.read(&meta_path, META_BYTES_MAX)?)
            .map_err(|damaged| damaged.in_file(&meta_path, 0))?;
        let stones_path = path.join("tombstones");
        let tombstones = if volume.exists(&stones_path)? {
            Tombstones::read(&volume.read(&stones_path, TOMBSTONES_BYTES_MAX)?)
                .map_err(|damaged| damaged.in_file(&stones_path, 0))?
        } else {
            Tombstones::default()
        };
        let index = Index::open(volume, &path.join("index"))?;
        let segments = Segments::open(volume, &path.join("chunks"))?;
        Ok(BlockFiles { path: path.to_path_buf(), meta, index, segments, tombstones })
    }

    /// Adds the series that satisfy every matcher and have chunks in the window.
    pub(super) fn select(
        self: &Arc<Self>,
        matchers: &[Matcher],
        window: MillisRange,
        found: &mut Found,
        context: &QueryContext,
    ) -> Result<(), SourceError> {
        let ids = postings::select(&self.index, matchers).map_err(SourceError::store)?;
        let mut builder = LabelsBuilder::new();
        let mut chunks = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            if at % CHECK_EVERY == 0 {
                context.check()?;
            }
            let labels = self.index.series(id, &mut builder, &mut chunks);
            let labels = labels.map_err(SourceError::store)?;
            let hidden = self.tombstones.0.get(&id.into());
            chunks.retain(|chunk| {
                let times = MillisRange::new(chunk.first, chunk.last);
                let covered =
                    hidden.is_some_and(|hidden| hidden.iter().any(|range| range.covers(&times)));
                times.overlaps(&window) && !covered
            });
            if !chunks.is_empty() {
                let chunks = chunks.as_slice().into();
                let (block, hidden) = (Arc::clone(self), hidden.cloned());
                found.pieces(&labels).push(Piece::Block { block, chunks, hidden });
            }
        }
        Ok(())
    }
}
