//! A whole data directory of a Prometheus, open for reading.
//!
//! ~~~text
//! <ULID>/…                  blocks
//! wal/  chunks_head/  wbl/  the head: what is not in blocks yet
//! ~~~
//! Other names, unfinished blocks (`*.tmp-for-creation`, `*.tmp-for-deletion`) among them, are not
//! looked at. Nothing is written, locked or repaired.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use telemetry_core::query::QueryContext;
use telemetry_core::source::{LabelRequest, MetricSource, SeriesRequest, SeriesSet, SourceError};
use telemetry_core::storage::fs::{OsFileSystem, Volume};
use telemetry_core::storage::ulid::Ulid;
use telemetry_core::time::MillisRange;

use super::block::{Block, BlockFiles};
use super::head::Head;
use super::select::Sources;

/// A data directory of a Prometheus, open for reading. A clone is the same.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
    pub(super) sources: Sources,
}

impl Directory {
    /// Opens a data directory: its blocks, and its head from the log.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`](crate::Error::Storage): the file system's; a file is damaged or of a
    /// version that is not known.
    pub fn open(path: impl AsRef<Path>) -> crate::Result<Directory> {
        let path = path.as_ref();
        let volume = Volume::new(Arc::new(OsFileSystem));
        let mut blocks = Vec::new();
        for entry in volume.list(path)? {
            if entry.is_dir && Ulid::parse(&entry.name).is_some() {
                blocks.push(Arc::new(BlockFiles::open(&volume, &path.join(&entry.name))?));
            }
        }
        blocks.sort_by_key(|block| (block.meta.min_time, block.meta.max_time));
        let in_order = blocks.iter().filter(|block| !block.meta.is_out_of_order());
        let stored_until = in_order.map(|block| block.meta.max_time).max();
        let head = Head::open(&volume, path, stored_until.unwrap_or(i64::MIN))?;
        let sources = Sources { blocks, head: head.map(Arc::new) };
        Ok(Directory { path: path.to_path_buf(), sources })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its blocks, in order of time.
    pub fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        self.sources.blocks.iter().map(|block| Block(Arc::clone(block)))
    }

    /// Times that samples may have, both ends included; none if there are no samples.
    pub fn time_range(&self) -> Option<MillisRange> {
        let blocks = self.sources.blocks.iter().map(|block| block.meta.range());
        let head = self.sources.head.iter().map(|head| head.range());
        let all = blocks.chain(head).fold(MillisRange::EMPTY, |all, range| all.union(&range));
        (!all.is_empty()).then_some(all)
    }
}

impl MetricSource for Directory {
    fn select(
        &self,
        request: &SeriesRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn SeriesSet + '_>, SourceError> {
        Ok(Box::new(self.sources.select(request, context)?))
    }

    fn label_names(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        self.sources.label_names(request, context)
    }

    fn label_values(
        &self,
        name: &str,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        self.sources.label_values(name, request, context)
    }
}
