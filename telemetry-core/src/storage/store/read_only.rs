//! Opening for reading, beside a writer: nothing is written, truncated or repaired.
//!
//! The shared lock on `READERS` comes first; while it is held the writer deletes nothing, so the
//! manifest that is read next stays true on disk. The log is read to its last intact record; a
//! record that the writer is just appending is not intact yet.

use super::engine::Engine;
use super::opened::{Opened, Place, Reader};
use super::options::{OnCorruption, StoreOptions};
use super::replay::Replayer;
use super::snapshot::{LiveBlock, View};
use crate::storage::error::{Error, Result};
use crate::storage::fs::{FileSystem, Volume};
use crate::storage::lock::ReaderLock;
use crate::storage::manifest::{MANIFEST_FILE, Manifest};
use crate::storage::runtime::{Runtime, RuntimeOptions};
use crate::storage::stats::RecoveryReport;
use crate::storage::wal::{Ending, Record, Replay, replay};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How often the log is read again before what looks like damage counts as such: a page that the
/// writer was just filling may have been read half.
const ATTEMPTS: u32 = 3;

impl<E: Engine> Opened<E> {
    pub(super) fn open_read_only(
        engine: E,
        fs: Arc<dyn FileSystem>,
        path: &Path,
        options: StoreOptions,
    ) -> Result<Arc<Self>> {
        let engine = Arc::new(engine);
        let place = Place::new(Volume::new(fs), path);
        let manifest_path = path.join(MANIFEST_FILE);
        if !place.volume.exists(&manifest_path)? {
            return Err(Error::NoStore { path: manifest_path });
        }
        let lock = ReaderLock::acquire(&place.volume, path)?;
        let (manifest, replayer, replayed) = read(&*engine, &place, &options)?;
        let reader = Reader {
            lock: Some(lock),
            applied: replayed.end,
            last_commit: replayer.last_commit,
            head_first_commit: replayer.head_first_commit,
        };
        let runtime =
            options.runtime.clone().unwrap_or_else(|| Runtime::new(RuntimeOptions::default()));
        let Replayer { head, sealed, tombstones, last_commit, .. } = replayer;
        let view = View { head, sealed, blocks: Vec::new(), tombstones };
        let report = RecoveryReport {
            records: replayed.records,
            log_bytes: replayed.end.saturating_sub(manifest.replay_from),
            ending: Some(replayed.ending),
            ..RecoveryReport::default()
        };
        let opened = Self::assemble(engine, place, options, runtime, manifest, view, None);
        // Nobody else has it yet.
        let mut opened = Arc::into_inner(opened).ok_or(Error::Closed)?;
        opened.reader = Some(Mutex::new(reader));
        opened.visible.store(last_commit, Ordering::Release);
        *opened.recovery.lock() = report;
        Ok(Arc::new(opened))
    }

    /// Reads what the writer has done since. Gives whether there was anything.
    pub(super) fn refresh(&self) -> Result<bool> {
        let Some(reader) = &self.reader else { return Ok(false) };
        let mut reader = reader.lock();
        if reader.lock.is_none() {
            return Err(Error::Closed);
        }
        let Place { volume, directory, .. } = &self.place;
        let found = Manifest::load(volume, directory, self.engine.format())?;
        let missing = || Error::ManifestMissing { path: directory.join(MANIFEST_FILE) };
        let manifest = found.ok_or_else(missing)?;
        if manifest.sequence == self.manifest.lock().sequence {
            return self.follow(&mut reader, &manifest);
        }
        let (manifest, replayer, replayed) = read(&*self.engine, &self.place, &self.options)?;
        let Replayer { head, sealed, tombstones, last_commit, head_first_commit, .. } = replayer;
        self.change_view(|view| {
            let known = |id| view.blocks.iter().find(|block| block.entry().id == id).cloned();
            let blocks: Vec<Arc<LiveBlock<E>>> = manifest
                .blocks
                .iter()
                .map(|entry| known(entry.id).unwrap_or_else(|| self.live_block(entry.clone())))
                .collect();
            *view = View { head, sealed, blocks, tombstones };
            view.sort_blocks();
        });
        self.replay_from.store(manifest.replay_from, Ordering::Release);
        *self.manifest.lock() = manifest;
        self.visible.store(last_commit, Ordering::Release);
        reader.applied = replayed.end;
        reader.last_commit = last_commit;
        reader.head_first_commit = head_first_commit;
        self.measure_heads();
        Ok(true)
    }

    /// Applies the records that came since to the head that is there.
    fn follow(&self, reader: &mut Reader, manifest: &Manifest) -> Result<bool> {
        let head = self.view().head.clone();
        let mut replayer = Replayer::resume(
            &*self.engine,
            head,
            reader.last_commit,
            reader.head_first_commit,
            reader.applied,
        );
        let take = &mut |record: Record<'_>| replayer.take(record);
        let replayed = read_log(&*self.engine, &self.place, manifest, take)?;
        if self.options.on_corruption == OnCorruption::Fail {
            replayed.ending.check()?;
        }
        let changed = replayed.end > reader.applied;
        reader.applied = replayed.end.max(reader.applied);
        reader.last_commit = replayer.last_commit;
        reader.head_first_commit = replayer.head_first_commit;
        let Replayer { head, sealed, tombstones, last_commit, .. } = replayer;
        if !tombstones.is_empty() {
            self.change_view(|view| {
                view.head = head;
                view.sealed.extend(sealed);
                view.tombstones.extend(tombstones);
            });
        }
        self.visible.store(last_commit, Ordering::Release);
        self.measure_heads();
        Ok(changed)
    }
}

fn read_log<E: Engine>(
    engine: &E,
    place: &Place,
    manifest: &Manifest,
    take: &mut dyn FnMut(Record<'_>) -> Result<()>,
) -> Result<Replay> {
    let tag = engine.format().engine;
    replay(&place.volume, &place.log, tag, manifest.replay_from, take)
}

fn read<'a, E: Engine>(
    engine: &'a E,
    place: &Place,
    options: &StoreOptions,
) -> Result<(Manifest, Replayer<'a, E>, Replay)> {
    let mut attempt = 1;
    loop {
        let found = Manifest::load(&place.volume, &place.directory, engine.format())?;
        let missing = || Error::ManifestMissing { path: place.directory.join(MANIFEST_FILE) };
        let manifest = found.ok_or_else(missing)?;
        let mut replayer = Replayer::new(engine, &manifest);
        let replayed = read_log(engine, place, &manifest, &mut |record| replayer.take(record))?;
        let is_corrupt = matches!(replayed.ending, Ending::Corrupt { .. });
        if is_corrupt && attempt < ATTEMPTS {
            attempt += 1;
            continue;
        }
        if options.on_corruption == OnCorruption::Fail {
            replayed.ending.check()?;
        }
        return Ok((manifest, replayer, replayed));
    }
}
