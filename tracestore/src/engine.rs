//! Traces as an engine of the storage kernel.

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;
use telemetry_core::query::QueryContext;
use telemetry_core::source::SourceError;
use telemetry_core::storage::Result;
use telemetry_core::storage::block::BlockReader;
use telemetry_core::storage::manifest::EngineFormat;
use telemetry_core::storage::store::{BlockOutput, Engine, HeadSize, MergeInput};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::storage::ulid::Ulid;

use crate::block::Block;
use crate::delete::hides;
use crate::head::Head;
use crate::lookup::Overlaps;
use crate::{compact, record};

/// How commits, heads and blocks of spans are made, and what queries remember about blocks.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    /// Traces that live in several blocks.
    pub(crate) overlaps: Overlaps,
    /// Traces of blocks that deletes hide a part of.
    pub(crate) deleted: Deleted,
}

/// Remembers which traces of a block deletes touch.
#[derive(Debug, Default)]
pub(crate) struct Deleted {
    known: Mutex<HashMap<Ulid, Touched>>,
}

/// The newest delete that was looked at, and the traces.
type Touched = (u64, Arc<[u32]>);

impl Deleted {
    /// Ordinals of the traces of `block` of which the tombstones hide a span, ascending.
    ///
    /// # Errors
    ///
    /// The block cannot be read or is damaged; the query is stopped.
    pub(crate) fn of(
        &self,
        id: Ulid,
        tombstones: &[Arc<Tombstone>],
        block: &Block,
        context: &QueryContext,
    ) -> Result<Arc<[u32]>, SourceError> {
        let newest = tombstones.iter().map(|t| t.sequence).max().unwrap_or_default();
        if let Some((until, known)) = self.known.lock().get(&id)
            && *until == newest
        {
            return Ok(known.clone());
        }
        let mut deleted = Vec::new();
        for group in 0..block.groups() {
            context.check()?;
            deleted.extend(block.deleted(group, tombstones).map_err(SourceError::store)?);
        }
        let deleted: Arc<[u32]> = deleted.into();
        self.known.lock().insert(id, (newest, deleted.clone()));
        Ok(deleted)
    }

    /// Forgets blocks that are not live any more.
    pub(crate) fn keep(&self, is_live: impl Fn(&Ulid) -> bool) {
        self.known.lock().retain(|id, _| is_live(id));
    }
}

impl Engine for Traces {
    type Head = Head;
    type Block = Block;

    fn format(&self) -> EngineFormat {
        EngineFormat { engine: *b"trac", revision: 1 }
    }

    fn new_head(&self) -> Head {
        Head::default()
    }

    fn head_size(&self, head: &Head) -> HeadSize {
        let (bytes, items) = head.size();
        HeadSize { bytes, items }
    }

    fn head_range(&self, head: &Head) -> Option<(i64, i64)> {
        head.range()
    }

    fn replay(&self, head: &Head, record: &[u8]) -> Result<()> {
        head.apply(record::decode(record)?);
        Ok(())
    }

    fn flush(
        &self,
        head: &Head,
        tombstones: &[Arc<Tombstone>],
        output: &mut BlockOutput<'_>,
    ) -> Result<()> {
        let arranged = head.arranged();
        if tombstones.is_empty() {
            return compact::write(&arranged, output);
        }
        compact::write(&arranged.without(|span| hides(tombstones, span)), output)
    }

    fn open_block(&self, block: BlockReader) -> Result<Block> {
        Block::open(&block)
    }

    fn merge(&self, inputs: &[MergeInput<'_, Self>], output: &mut BlockOutput<'_>) -> Result<()> {
        compact::merge(inputs, output)
    }

    fn verify_block(&self, block: &Block) -> Result<()> {
        block.verify()
    }
}
