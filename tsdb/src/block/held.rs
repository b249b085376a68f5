//! Pages of chunks that a reader holds on to while it goes through a block.
//!
//! Chunks are asked for in about the order in which they lie. Whoever reads many keeps the pages that
//! the last ones were in, and asks the cache once a page; a merge, which reads every chunk once before
//! the block goes, does not use the cache at all: it would push out of it what queries need.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use telemetry_core::storage::Result;

use super::places::ChunkPlace;
use super::reader::Block;

/// Pages that are kept for a merge: a chunk may refer to one that lies a little before it.
const KEPT: usize = 4;

/// A page of VALUES.
#[derive(Clone, Debug)]
pub(crate) struct HeldPage {
    /// Which part of the content of all pages it is.
    pub(super) content: Range<u64>,
    pub(super) bytes: Bytes,
}

impl HeldPage {
    /// The encoded values of a chunk that lies in the page.
    pub(crate) fn chunk(&self, chunk: &ChunkPlace) -> Option<&[u8]> {
        self.bytes.get(self.place(chunk)?)
    }

    /// Where a chunk lies in the page.
    pub(super) fn place(&self, chunk: &ChunkPlace) -> Option<Range<usize>> {
        if chunk.position >= self.content.end {
            return None;
        }
        let start = usize::try_from(chunk.position.checked_sub(self.content.start)?).ok()?;
        let end = start.checked_add(chunk.bytes as usize)?;
        (end <= self.bytes.len()).then_some(start..end)
    }
}

/// The pages that merges of a block were in last.
#[derive(Debug, Default)]
pub(super) struct MergedPages {
    merges: AtomicUsize,
    pages: Mutex<VecDeque<HeldPage>>,
}

impl MergedPages {
    /// Whether a merge goes on.
    pub(super) fn in_use(&self) -> bool {
        self.merges.load(Ordering::Relaxed) > 0
    }

    /// The page that a chunk lies in, if it was read before or else by `read`.
    pub(super) fn page(
        &self,
        chunk: &ChunkPlace,
        read: impl FnOnce() -> Result<HeldPage>,
    ) -> Result<HeldPage> {
        let found = |page: &&HeldPage| page.content.contains(&chunk.position);
        if let Some(page) = self.pages.lock().iter().find(found) {
            return Ok(page.clone());
        }
        let page = read()?;
        let mut pages = self.pages.lock();
        pages.truncate(KEPT - 1);
        pages.push_front(page.clone());
        Ok(page)
    }
}

/// While it is there, the chunks of a block are read past the cache.
#[derive(Debug)]
pub(crate) struct Merging<'a>(&'a MergedPages);

impl<'a> Merging<'a> {
    /// Begins to merge a block.
    pub(crate) fn new(block: &'a Block) -> Self {
        block.merged_pages.merges.fetch_add(1, Ordering::Relaxed);
        Merging(&block.merged_pages)
    }
}

impl Drop for Merging<'_> {
    fn drop(&mut self) {
        if self.0.merges.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.pages.lock().clear();
        }
    }
}
