//! Profiles as an engine of the storage kernel.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use telemetry_core::labels::Labels;
use telemetry_core::storage::Result;
use telemetry_core::storage::block::BlockReader;
use telemetry_core::storage::manifest::EngineFormat;
use telemetry_core::storage::store::{BlockOutput, Engine, HeadSize, MergeInput};
use telemetry_core::storage::tombstone::Tombstone;

use crate::block::{self, Block};
use crate::record;
use crate::samples::Row;
use crate::set::ProfileSet;
use crate::stacks::Used;

/// How commits, heads and blocks of profiles are made.
#[derive(Debug, Default)]
pub(crate) struct Profiles;

/// Profiles in memory. Readers keep the set that they saw: a commit copies it if one still does.
#[derive(Debug, Default)]
pub(crate) struct Head {
    set: RwLock<Arc<ProfileSet>>,
    bytes: AtomicU64,
    rows: AtomicU64,
}

impl Head {
    /// The profiles as they are now.
    pub(crate) fn snapshot(&self) -> Arc<ProfileSet> {
        self.set.read().clone()
    }

    /// Takes over a commit.
    pub(crate) fn absorb(&self, commit: &ProfileSet) {
        let mut set = self.set.write();
        let set = Arc::make_mut(&mut set);
        set.absorb(commit);
        self.bytes.store(set.bytes() as u64, Ordering::Relaxed);
        self.rows.fetch_add(commit.rows().count() as u64, Ordering::Relaxed);
    }
}

/// Whether any of the tombstones hides a profile.
pub(crate) fn is_deleted(tombstones: &[Arc<Tombstone>], labels: &Labels, time: i64) -> bool {
    tombstones.iter().any(|tombstone| tombstone.covers(time) && tombstone.selects(labels))
}

impl Engine for Profiles {
    type Head = Head;
    type Block = Block;

    fn format(&self) -> EngineFormat {
        EngineFormat { engine: *b"prof", revision: 1 }
    }

    fn new_head(&self) -> Head {
        Head::default()
    }

    fn head_size(&self, head: &Head) -> HeadSize {
        HeadSize {
            bytes: head.bytes.load(Ordering::Relaxed),
            items: head.rows.load(Ordering::Relaxed),
        }
    }

    fn head_range(&self, head: &Head) -> Option<(i64, i64)> {
        let set = head.snapshot();
        let times = || set.rows().map(|(_, row)| row.time);
        Some((times().min()?, times().max()?))
    }

    fn replay(&self, head: &Head, record: &[u8]) -> Result<()> {
        head.absorb(&record::decode(record)?);
        Ok(())
    }

    fn flush(
        &self,
        head: &Head,
        tombstones: &[Arc<Tombstone>],
        output: &mut BlockOutput<'_>,
    ) -> Result<()> {
        let set = head.snapshot();
        if tombstones.is_empty() {
            return block::write(&set, output);
        }
        let is_kept = |labels: &Labels, row: &Row| !is_deleted(tombstones, labels, row.time);
        let rows = || set.rows().filter(|(labels, row)| is_kept(labels, row));
        let stacks = rows().flat_map(|(_, row)| row.stacks.iter().copied());
        let used = Used::only(&set.stacks, stacks);
        let mut kept = ProfileSet::default();
        let translate = kept.absorb_symbols(&set.symbols, &set.stacks, &used);
        for (labels, row) in rows() {
            kept.push(labels, Arc::new(row.translated(&translate)));
        }
        block::write(&kept, output)
    }

    fn open_block(&self, block: BlockReader) -> Result<Block> {
        Block::open(&block)
    }

    fn merge(&self, inputs: &[MergeInput<'_, Self>], output: &mut BlockOutput<'_>) -> Result<()> {
        block::merge(inputs, output)
    }

    fn verify_block(&self, block: &Block) -> Result<()> {
        block.verify()
    }
}
