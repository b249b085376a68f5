//! From blocks to fewer blocks: the plan is the engine's, carrying it out is here.

use super::engine::{Engine, MergeInput, PlanBlock};
use super::opened::{Opened, guarded};
use super::output::Lineage;
use super::retire::Retired;
use super::snapshot::{LiveBlock, View};
use crate::storage::error::{Action, Result};
use crate::storage::event::Event;
use crate::storage::manifest::BlockEntry;
use crate::storage::monotonic;
use crate::storage::tombstone::Tombstone;
use crate::storage::ulid::Ulid;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Blocks that are merged.
struct Work<E: Engine> {
    inputs: Vec<Arc<LiveBlock<E>>>,
    /// What hides a part of each.
    tombstones: Vec<Vec<Arc<Tombstone>>>,
    newest_tombstone: u64,
}

impl<E: Engine> Opened<E> {
    /// Merges until the plan finds nothing to do, as if nobody wrote any more. Gives how many merges
    /// there were.
    pub(super) fn compact(&self) -> Result<u64> {
        let mut merges = 0;
        while self.compact_once(true)? {
            merges += 1;
        }
        Ok(merges)
    }

    /// Carries out one plan, if there is one.
    pub(super) fn compact_once(&self, at_rest: bool) -> Result<bool> {
        let _turn = self.compacting.lock();
        self.check_writable()?;
        let Some(work) = self.work(at_rest) else { return Ok(false) };
        let started = monotonic::now();
        let outputs = self.watch(self.merge(&work))?;
        let inputs = work.inputs;
        self.replace_blocks(&inputs, &outputs)?;
        self.counters.compactions.fetch_add(1, Ordering::Relaxed);
        self.emit(Event::Compacted {
            bytes_before: inputs.iter().map(|block| block.entry().bytes).sum(),
            bytes_after: outputs.iter().map(|entry| entry.bytes).sum(),
            inputs: inputs.iter().map(|block| block.entry().id).collect(),
            outputs: outputs.iter().map(|entry| entry.id).collect(),
            took: started.elapsed(),
        });
        Ok(true)
    }

    /// What the plan says is to be merged, if anything. It takes from the view what it needs of it: a
    /// merge is long, and a view would keep heads in memory that are flushed meanwhile.
    fn work(&self, at_rest: bool) -> Option<Work<E>> {
        let view = self.view();
        let ids = self.plan(&view, at_rest)?;
        let chosen = |block: &&Arc<LiveBlock<E>>| ids.contains(&block.entry().id);
        let inputs: Vec<_> = view.blocks.iter().filter(chosen).cloned().collect();
        if inputs.is_empty() {
            return None;
        }
        let tombstones = inputs.iter().map(|input| view.tombstones_of(input.entry())).collect();
        Some(Work { inputs, tombstones, newest_tombstone: view.newest_tombstone() })
    }

    /// Whether something is to be merged as soon as nobody writes any more.
    pub(super) fn waits_for_rest(&self) -> bool {
        self.plan(&self.view(), true).is_some()
    }

    fn plan(&self, view: &View<E>, at_rest: bool) -> Option<Vec<Ulid>> {
        let blocks: Vec<PlanBlock<'_>> = view
            .blocks
            .iter()
            .map(|block| PlanBlock {
                entry: block.entry(),
                has_tombstones: !view.tombstones_of(block.entry()).is_empty(),
            })
            .collect();
        if at_rest { self.engine.plan_at_rest(&blocks) } else { self.engine.plan(&blocks) }
    }

    fn merge(&self, work: &Work<E>) -> Result<Vec<BlockEntry>> {
        let Work { inputs, tombstones, newest_tombstone } = work;
        let mut merge = Vec::with_capacity(inputs.len());
        for (input, tombstones) in inputs.iter().zip(tombstones) {
            let entry = input.entry();
            let block = guarded(Action::Compact, || input.open())?;
            merge.push(MergeInput { entry, block, tombstones: tombstones.clone() });
        }
        let entries = || inputs.iter().map(|input| input.entry());
        let level = entries().map(|entry| entry.level).max().unwrap_or_default();
        let lineage = Lineage {
            // A block that is only cleaned stays what it was.
            level: if inputs.len() > 1 { level.saturating_add(1) } else { level },
            first_commit: entries().map(|entry| entry.first_commit).min().unwrap_or_default(),
            last_commit: entries().map(|entry| entry.last_commit).max().unwrap_or_default(),
            cleaned: (*newest_tombstone)
                .max(entries().map(|entry| entry.cleaned).min().unwrap_or_default()),
        };
        let mut output = self.output(lineage, &self.closing);
        let result = guarded(Action::Compact, || self.engine.merge(&merge, &mut output));
        let outputs = output.into_blocks();
        if let Err(error) = result {
            self.discard(&outputs);
            return Err(error);
        }
        Ok(outputs)
    }

    /// `outputs` are live instead of `inputs`, which are retired.
    pub(super) fn replace_blocks(
        &self,
        inputs: &[Arc<LiveBlock<E>>],
        outputs: &[BlockEntry],
    ) -> Result<()> {
        let is_input = |id: Ulid| inputs.iter().any(|input| input.entry().id == id);
        let result = self.change_manifest(
            |manifest| {
                manifest.blocks.retain(|entry| !is_input(entry.id));
                manifest.blocks.extend(outputs.iter().cloned());
            },
            |view| {
                view.blocks.retain(|block| !is_input(block.entry().id));
                view.blocks.extend(outputs.iter().map(|entry| self.live_block(entry.clone())));
            },
        );
        if let Err(error) = result {
            if self.poisoned().is_none() {
                self.discard(outputs);
            }
            return Err(error);
        }
        self.retire(inputs.iter().cloned().map(Retired::Block));
        Ok(())
    }
}
