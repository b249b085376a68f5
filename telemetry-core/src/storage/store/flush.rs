//! From the head to blocks.
//!
//! 1. Cut: under the commit lock the log goes on in a new segment, the head is sealed and the next
//!    one takes its place; what moves on to it is the first thing in the new segment.
//! 2. Every sealed head is written as blocks, which are durable when the engine returns.
//! 3. The log is synced, so that what was carried is durable, and the manifest is replaced: it
//!    names the blocks and says that a replay begins at the cut.
//! 4. The view shows the blocks instead of the heads, and the log before the cut is retired.
//!
//! A failure before step 3 leaves the sealed heads as they are, for the next flush, which cuts
//! again.

use super::engine::{Carry, Engine, Seal};
use super::opened::{Opened, Writer, guarded};
use super::output::Lineage;
use super::retire::Retired;
use super::snapshot::{SealedHead, View};
use crate::storage::error::{Action, Error, Result};
use crate::storage::event::Event;
use crate::storage::manifest::{BlockEntry, Manifest};
use crate::storage::monotonic;
use crate::storage::wal::{RecordKind, segments};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a replay may begin once the heads that were sealed by then are in blocks.
struct Cut<E: Engine> {
    replay_from: u64,
    commits: u64,
    /// As it was at the cut: a delete may seal another head at once, whose records are behind it.
    view: Arc<View<E>>,
}

impl<E: Engine> Opened<E> {
    /// Writes everything in heads as blocks. Gives whether there was anything.
    ///
    /// # Errors
    /// The file system's or the engine's; see the [module](self) for what then holds.
    pub(super) fn flush(&self) -> Result<bool> {
        let _turn = self.flushing.lock();
        self.check_writable()?;
        self.flush_in_turn(false)
    }

    /// Flushes, unless that is not needed any more once whoever flushes at the moment is done: another
    /// flush right behind would make a small block of the little that came meanwhile.
    pub(super) fn flush_where(&self, is_needed: impl Fn(&Self) -> bool) -> Result<bool> {
        let _turn = self.flushing.lock();
        self.check_writable()?;
        if is_needed(self) { self.flush_in_turn(false) } else { Ok(false) }
    }

    /// With `always`, the cut is made and the manifest replaced even where nothing is in heads.
    pub(super) fn flush_in_turn(&self, always: bool) -> Result<bool> {
        let started = monotonic::now();
        // Most of what is to be synced is so before the commit lock is taken.
        self.sync_log()?;
        let Some(cut) = self.watch(self.cut(always))? else {
            self.flush_wanted.store(false, Ordering::Relaxed);
            return Ok(false);
        };
        self.measure_heads();
        let blocks = self.watch(self.write_heads(&cut.view))?;
        let result = self.sync_log().and_then(|()| self.enter_blocks(&cut, &blocks));
        if let Err(error) = result {
            // A manifest that names them may be there after all: then they must stay.
            if !matches!(error, Error::Poisoned { .. }) {
                self.discard(&blocks);
            }
            return Err(error);
        }
        self.measure_heads();
        // Not after a failure: the next attempt comes with time, not with the next commit.
        self.flush_wanted.store(false, Ordering::Relaxed);
        self.retire_log(cut.replay_from);
        self.counters.flushes.fetch_add(1, Ordering::Relaxed);
        self.emit(Event::Flushed {
            items: blocks.iter().map(|block| block.items).sum(),
            bytes: blocks.iter().map(|block| block.bytes).sum(),
            blocks: blocks.into_iter().map(|block| block.id).collect(),
            took: started.elapsed(),
        });
        Ok(true)
    }

    fn cut(&self, always: bool) -> Result<Option<Cut<E>>> {
        let mut writer = self.writer.lock();
        let writer = writer.as_mut().ok_or(Error::Closed)?;
        let is_empty = self.engine.head_size(&writer.head).items == 0;
        let view = self.view();
        // A delete in the log is moved into the manifest, or forgotten if it hides nothing.
        let has_deletes = view.newest_tombstone() > self.manifest.lock().commits;
        if is_empty && view.sealed.is_empty() && !has_deletes && !always {
            return Ok(None);
        }
        let replay_from = match &mut writer.log {
            Some(log) => log.rotate()?,
            None => writer.replay_end,
        };
        let carry = self.seal(writer, Seal::Flush)?;
        if let Some(log) = &mut writer.log {
            for record in &carry.records {
                log.append(RecordKind::Carry, record)?;
            }
        }
        Ok(Some(Cut { replay_from, commits: writer.last_commit, view: self.view() }))
    }

    /// Puts an empty head in the place of the active one. The caller holds the commit lock.
    pub(super) fn seal(&self, writer: &mut Writer<E>, reason: Seal) -> Result<Carry> {
        let mut carry = Carry::default();
        let is_empty = self.engine.head_size(&writer.head).items == 0;
        if is_empty && reason == Seal::Delete {
            return Ok(carry);
        }
        let call = || self.engine.seal(&writer.head, reason, &mut carry);
        let next = Arc::new(guarded(Action::Flush, call)?);
        let old = std::mem::replace(&mut writer.head, next.clone());
        let sealed = (!is_empty).then(|| {
            Arc::new(SealedHead {
                head: old,
                first_commit: writer.head_first_commit.min(writer.last_commit),
                last_commit: writer.last_commit,
            })
        });
        // Data that was carried keeps its first commit.
        if self.engine.head_size(&next).items == 0 {
            writer.head_first_commit = writer.last_commit + 1;
        }
        self.change_view(|view| {
            view.sealed.extend(sealed);
            view.head = next;
        });
        Ok(carry)
    }

    /// Writes the sealed heads of `view`; all or none of the blocks are there afterwards.
    fn write_heads(&self, view: &View<E>) -> Result<Vec<BlockEntry>> {
        let mut blocks = Vec::new();
        // A flush is short and is finished even while the store is closed: that is when it runs.
        let stop = AtomicBool::new(false);
        for sealed in &view.sealed {
            let tombstones = view.tombstones_after(sealed.last_commit);
            let mut output = self.output(
                Lineage {
                    level: 0,
                    first_commit: sealed.first_commit,
                    last_commit: sealed.last_commit,
                    cleaned: view.newest_tombstone(),
                },
                &stop,
            );
            let call = || self.engine.flush(&sealed.head, &tombstones, &mut output);
            let result = guarded(Action::Flush, call);
            blocks.extend(output.into_blocks());
            if let Err(error) = result {
                self.discard(&blocks);
                return Err(error);
            }
        }
        Ok(blocks)
    }

    /// The blocks are live, the heads that were sealed at the cut are gone.
    fn enter_blocks(&self, cut: &Cut<E>, blocks: &[BlockEntry]) -> Result<()> {
        self.change_manifest(
            |manifest| {
                manifest.replay_from = cut.replay_from;
                manifest.commits = cut.commits;
                manifest.blocks.extend(blocks.iter().cloned());
            },
            |view| {
                let is_done = |sealed: &Arc<SealedHead<E>>| {
                    cut.view.sealed.iter().any(|other| Arc::ptr_eq(sealed, other))
                };
                view.sealed.retain(|sealed| !is_done(sealed));
                view.blocks.extend(blocks.iter().map(|entry| self.live_block(entry.clone())));
            },
        )
    }

    /// Replaces the manifest by what `edit` makes of it and, once that is durable, shows what
    /// `show` makes of the view. Tombstones that hide nothing any more leave both.
    pub(super) fn change_manifest(
        &self,
        edit: impl FnOnce(&mut Manifest),
        show: impl FnOnce(&mut View<E>),
    ) -> Result<()> {
        let mut manifest = self.manifest.lock();
        let mut next = manifest.clone();
        edit(&mut next);
        next.sequence += 1;
        next.blocks.sort_by_key(|block| block.id);
        // Later ones are in the log.
        let commits = next.commits;
        next.tombstones = self.view().tombstones.clone();
        next.tombstones.retain(|tombstone| tombstone.sequence <= commits);
        next.drop_spent_tombstones();
        self.store_manifest(&next)?;
        self.change_view(|view| {
            show(view);
            view.sort_blocks();
            view.tombstones.retain(|tombstone| {
                let is_kept = |other| Arc::ptr_eq(tombstone, other);
                tombstone.sequence > commits || next.tombstones.iter().any(is_kept)
            });
        });
        self.replay_from.store(next.replay_from, Ordering::Release);
        *manifest = next;
        Ok(())
    }

    /// The segments of the log before `offset` are needed no more.
    pub(super) fn retire_log(&self, offset: u64) {
        if let Ok(files) = segments(&self.place.volume, &self.place.log) {
            let old = files.into_iter().filter(|segment| segment.base < offset);
            self.retire(old.map(|segment| Retired::File(segment.path)));
        }
        self.sweep();
    }
}
