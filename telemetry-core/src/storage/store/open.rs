//! Opening for writing: lock, manifest, replay, and what a crash left over.

use super::engine::Engine;
use super::opened::{Opened, Place, Writer};
use super::options::{OnCorruption, StoreOptions};
use super::quarantine::set_aside;
use super::replay::Replayer;
use super::retire::Retired;
use super::snapshot::View;
use crate::storage::error::{Error, Result};
use crate::storage::event::Event;
use crate::storage::fs::{FileSystem, Volume};
use crate::storage::lock::WriterLock;
use crate::storage::maintenance::{Chore, Maintenance};
use crate::storage::manifest::{MANIFEST_FILE, Manifest};
use crate::storage::monotonic;
use crate::storage::runtime::{Runtime, RuntimeOptions};
use crate::storage::stats::RecoveryReport;
use crate::storage::ulid::Ulid;
use crate::storage::wal::{Ending, LogOptions, LogWriter, Replay, replay, segments};
use parking_lot::{Mutex, RwLock};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Instant;

impl<E: Engine> Opened<E> {
    pub(super) fn open(
        engine: E,
        fs: Arc<dyn FileSystem>,
        path: &Path,
        mut options: StoreOptions,
    ) -> Result<Arc<Self>> {
        let started = monotonic::now();
        let engine = Arc::new(engine);
        let place = Place::new(Volume::new(fs), path);
        place.volume.create_dir_all(path)?;
        // Taken out, so that closing lets go of the only one that the store holds.
        let lock = match options.lock.take() {
            Some(lock) => lock,
            None => WriterLock::acquire(&place.volume, path)?,
        };
        let manifest = load_or_create(&*engine, &place)?;
        place.volume.create_dir_all(&place.blocks)?;
        place.volume.create_dir_all(&place.log)?;
        let runtime =
            options.runtime.clone().unwrap_or_else(|| Runtime::new(RuntimeOptions::default()));

        let mut replayer = Replayer::new(&*engine, &manifest);
        let format = engine.format();
        let replayed = replay(
            &place.volume,
            &place.log,
            format.engine,
            manifest.replay_from,
            &mut |record| replayer.take(record),
        )?;
        if options.on_corruption == OnCorruption::Fail {
            replayed.ending.check()?;
        }
        let is_corrupt = matches!(replayed.ending, Ending::Corrupt { .. });
        let end = if is_corrupt { end_of_segments(&place)? } else { replayed.end };
        let log = if options.log {
            let log_options = LogOptions {
                engine: format.engine,
                segment_bytes_max: options.segment_bytes_max,
                salt: runtime.randomness().next_u64() as u32,
            };
            Some(LogWriter::open(&place.volume, &place.log, log_options, end)?)
        } else {
            None
        };
        let Replayer { head, sealed, tombstones, last_commit, head_first_commit, .. } = replayer;
        let view = View { head: head.clone(), sealed, blocks: Vec::new(), tombstones };
        let writer = Writer {
            log,
            replay_end: end,
            head,
            head_first_commit,
            last_commit,
            record: Vec::new(),
        };
        let opened = Self::assemble(engine, place, options, runtime, manifest, view, Some(writer));
        *opened.writer_lock.lock() = Some(lock);
        opened.visible.store(last_commit, std::sync::atomic::Ordering::Release);
        opened.recover(replayed, started)?;
        let chore: Arc<dyn Chore> = opened.clone();
        let id = opened.maintenance.add(Arc::downgrade(&chore));
        *opened.chore.lock() = Some(id);
        Ok(opened)
    }

    /// Puts the parts together; blocks are taken from the manifest.
    pub(super) fn assemble(
        engine: Arc<E>,
        place: Place,
        options: StoreOptions,
        runtime: Arc<Runtime>,
        manifest: Manifest,
        view: View<E>,
        writer: Option<Writer<E>>,
    ) -> Arc<Self> {
        let log = writer.as_ref().and_then(|writer| writer.log.as_ref());
        let maintenance = match &options.maintenance {
            Some(maintenance) => maintenance.clone(),
            None if writer.is_some() => Maintenance::thread(),
            None => Maintenance::manual(),
        };
        let opened = Opened {
            log_sync: log.map(|log| log.sync().clone()),
            memory: runtime.memory().share(options.head_bytes_max),
            sealed_bytes: AtomicU64::new(0),
            flush_wanted: AtomicBool::new(false),
            newest_seen: Mutex::new(None),
            engine,
            place,
            options,
            runtime,
            maintenance,
            chore: Mutex::new(None),
            writer: Mutex::new(writer),
            replay_from: AtomicU64::new(manifest.replay_from),
            manifest: Mutex::new(manifest),
            view: RwLock::new(Arc::new(view)),
            visible: AtomicU64::new(0),
            flushing: Mutex::new(()),
            compacting: Mutex::new(()),
            retired: Mutex::default(),
            failures: Default::default(),
            unsynced: Default::default(),
            counters: Default::default(),
            recovery: Mutex::default(),
            writer_lock: Mutex::new(None),
            reader: None,
            closing: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        };
        let entries = opened.manifest.lock().blocks.clone();
        opened.change_view(|view| {
            view.blocks.extend(entries.into_iter().map(|entry| opened.live_block(entry)));
            view.sort_blocks();
        });
        opened.measure_heads();
        Arc::new(opened)
    }

    /// Deals with how the log ended, and with what a crash left over.
    fn recover(&self, replayed: Replay, started: Instant) -> Result<()> {
        let from = self.manifest.lock().replay_from;
        let mut report = RecoveryReport {
            records: replayed.records,
            log_bytes: replayed.end.saturating_sub(from),
            ending: Some(replayed.ending.clone()),
            ..RecoveryReport::default()
        };
        match &replayed.ending {
            Ending::Torn { path, at, bytes } => {
                self.emit(Event::TornTail { path: path.clone(), at: *at, bytes: *bytes });
            }
            Ending::Corrupt { .. } => {
                report.quarantined = self.quarantine(&replayed)?;
            }
            _ => {}
        }
        if replayed.end == 0 && replayed.records == 0 {
            report.ending = None;
        }
        report.orphans = self.find_orphans()?;
        self.sweep();
        self.keep_reserve();
        report.took = started.elapsed();
        *self.recovery.lock() = report;
        Ok(())
    }

    fn quarantine(&self, replayed: &Replay) -> Result<Vec<std::path::PathBuf>> {
        let Err(error) = replayed.ending.check() else { return Ok(Vec::new()) };
        let bytes = match &replayed.ending {
            Ending::Corrupt { bytes, .. } => *bytes,
            _ => 0,
        };
        let old = segments(&self.place.volume, &self.place.log)?;
        let paths = set_aside(&self.place, &old, replayed.end)?;
        // What was read before the damage goes into a block, and the log goes on behind it all.
        let turn = self.flushing.lock();
        self.flush_in_turn(true)?;
        drop(turn);
        self.emit(Event::Quarantined { paths: paths.clone(), bytes, cause: Arc::new(error) });
        Ok(paths)
    }

    /// Retires what no manifest names. Gives how many blocks that were.
    fn find_orphans(&self) -> Result<u64> {
        let Place { volume, blocks, log, directory } = &self.place;
        let manifest = self.manifest.lock().clone();
        let mut orphans = 0;
        for entry in volume.list_if_there(blocks)? {
            let id = Ulid::parse(&entry.name);
            let is_live = |id: Ulid| manifest.blocks.iter().any(|block| block.id == id);
            if id.is_some_and(|id| !is_live(id)) && entry.is_dir {
                orphans += 1;
                self.retire([Retired::Tree(blocks.join(&entry.name))]);
            }
        }
        let old = segments(volume, log)?.into_iter();
        let old = old.filter(|segment| segment.base < manifest.replay_from);
        self.retire(old.map(|segment| Retired::File(segment.path)));
        let beside = directory.join(format!("{MANIFEST_FILE}.new"));
        if volume.exists(&beside)? {
            volume.remove_file(&beside)?;
        }
        Ok(orphans)
    }
}

fn load_or_create<E: Engine>(engine: &E, place: &Place) -> Result<Manifest> {
    let Place { volume, directory, log, blocks } = place;
    if let Some(manifest) = Manifest::load(volume, directory, engine.format())? {
        return Ok(manifest);
    }
    // The manifest is the first thing that a store writes: data without one has lost it.
    let has_blocks = volume.list_if_there(blocks)?.iter().any(|e| Ulid::parse(&e.name).is_some());
    if has_blocks || !segments(volume, log)?.is_empty() {
        return Err(Error::ManifestMissing { path: directory.join(MANIFEST_FILE) });
    }
    let manifest = Manifest::new(engine.format());
    manifest.store(volume, directory)?;
    Ok(manifest)
}

/// The first log offset that no segment can reach.
fn end_of_segments(place: &Place) -> Result<u64> {
    let mut end = 0;
    for segment in segments(&place.volume, &place.log)? {
        let bytes = place.volume.metadata(&segment.path)?.bytes;
        end = end.max(segment.base.saturating_add(bytes).saturating_add(1));
    }
    Ok(end)
}
