//! What the kernel's store is told about metrics. Joins the rooms; no algorithm here.

use std::sync::Arc;

use hashbrown::HashSet;
use parking_lot::Mutex;
use telemetry_core::storage::Result;
use telemetry_core::storage::block::BlockReader;
use telemetry_core::storage::manifest::EngineFormat;
use telemetry_core::storage::store::{
    BlockOutput, Carry, Engine, HeadSize, MergeInput, PlanBlock, Seal,
};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::storage::ulid::Ulid;

use crate::block::Block;
use crate::compact;
use crate::head::{Head, Notes, Target, layout_hash};
use crate::options::{Limits, OutOfOrder};
use crate::record;
use crate::registry::Registry;
use crate::stats::RefusedCounters;

/// The kind of store, and the revision of its records and blocks.
const FORMAT: EngineFormat = EngineFormat { engine: *b"tsdb", revision: 7 };

/// The metrics engine.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) registry: Registry,
    pub(crate) out_of_order: OutOfOrder,
    pub(crate) refused: RefusedCounters,
    /// Hashes of layouts that came once, see `head/stage.rs`.
    pub(crate) layouts_seen: Mutex<HashSet<u64>>,
    /// The highest level of the windows that blocks cover.
    level_max: u32,
}

impl Metrics {
    pub(crate) fn new(limits: Limits, out_of_order: OutOfOrder, retention_ms: Option<i64>) -> Self {
        Metrics {
            registry: Registry::new(limits),
            out_of_order,
            refused: RefusedCounters::default(),
            layouts_seen: Mutex::default(),
            level_max: compact::level_max(retention_ms),
        }
    }
}

impl Engine for Metrics {
    type Head = Head;
    type Block = Arc<Block>;

    fn format(&self) -> EngineFormat {
        FORMAT
    }

    /// Of a store that is open for reading this is the flush that its writer did.
    fn new_head(&self) -> Head {
        self.registry.end_epoch();
        self.registry.evict();
        let notes = Notes::new(self.registry.limits().exemplars_max);
        Head::new(notes, self.registry.hold())
    }

    fn head_size(&self, head: &Head) -> HeadSize {
        HeadSize { bytes: head.bytes(), items: head.items() }
    }

    fn head_range(&self, head: &Head) -> Option<(i64, i64)> {
        head.range()
    }

    fn replay(&self, head: &Head, record: &[u8]) -> Result<()> {
        let mut state = head.replay.lock();
        let mut series = |labels: &[(&str, &str)]| self.registry.restore(labels).ok();
        let mut target = |series: &[u32]| {
            let known = head.target(layout_hash(series), series);
            known.unwrap_or_else(|| Arc::new(Target::new(series)))
        };
        let decoded = record::decode(&mut state, record, &mut series, &mut target)?;
        head.apply_replayed(&decoded.staged, &decoded.values);
        Ok(())
    }

    fn seal(&self, head: &Head, reason: Seal, carry: &mut Carry) -> Result<Head> {
        head.hand_over(&self.registry);
        let notes = head.notes().read().next();
        if reason == Seal::Flush && notes.has_metadata() {
            let mut bytes = Vec::new();
            record::encode_notes(&notes, &mut bytes);
            carry.push(bytes);
        }
        if reason == Seal::Flush {
            self.registry.end_epoch();
        }
        Ok(Head::new(notes, self.registry.hold()))
    }

    fn flush(
        &self,
        head: &Head,
        tombstones: &[Arc<Tombstone>],
        output: &mut BlockOutput<'_>,
    ) -> Result<()> {
        compact::flush(&self.registry, head, self.level_max, tombstones, output)?;
        self.registry.evict();
        Ok(())
    }

    fn open_block(&self, block: BlockReader) -> Result<Arc<Block>> {
        Block::open(&block).map(Arc::new)
    }

    fn plan(&self, blocks: &[PlanBlock<'_>]) -> Option<Vec<Ulid>> {
        compact::plan(blocks, self.level_max)
    }

    fn plan_at_rest(&self, blocks: &[PlanBlock<'_>]) -> Option<Vec<Ulid>> {
        compact::plan_at_rest(blocks, self.level_max)
    }

    fn merge(&self, inputs: &[MergeInput<'_, Self>], output: &mut BlockOutput<'_>) -> Result<()> {
        compact::merge(inputs, output)
    }

    fn verify_block(&self, block: &Arc<Block>) -> Result<()> {
        block.verify()
    }
}
