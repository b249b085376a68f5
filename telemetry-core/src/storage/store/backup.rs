//! A copy of a store that is itself a store, made while writing goes on.
//!
//! Blocks never change, so they are linked, or copied where the file system cannot link. Of the log
//! what was written when the backup began is copied. The manifest comes last: without it the copy
//! is no store.

use super::engine::Engine;
use super::opened::{Opened, Place};
use super::quarantine::copy;
use crate::storage::error::{Error, Result};
use crate::storage::wal::segments;
use std::path::Path;

impl<E: Engine> Opened<E> {
    pub(super) fn backup(&self, to: &Path) -> Result<()> {
        let volume = &self.place.volume;
        if !volume.list_if_there(to)?.is_empty() {
            return Err(Error::NotEmpty { path: to.to_path_buf() });
        }
        if !self.options.log && self.reader.is_none() {
            self.flush()?;
        }
        // Neither blocks nor segments are retired meanwhile, in the order of the locks.
        let _compacting = self.compacting.lock();
        let _flushing = self.flushing.lock();
        let manifest = self.manifest.lock().clone();
        let target = Place::new(volume.clone(), to);
        for directory in [to, &target.blocks, &target.log] {
            volume.create_dir_all(directory)?;
        }
        for entry in &manifest.blocks {
            let name = entry.id.to_string();
            self.link_block(&self.place.blocks.join(&name), &target.blocks.join(&name))?;
        }
        self.copy_log(&target, manifest.replay_from)?;
        for directory in [&target.blocks, &target.log] {
            volume.sync_dir(directory)?;
        }
        manifest.store(volume, to)
    }

    fn link_block(&self, from: &Path, to: &Path) -> Result<()> {
        let volume = &self.place.volume;
        volume.create_dir_all(to)?;
        for entry in volume.list(from)? {
            let (source, target) = (from.join(&entry.name), to.join(&entry.name));
            if volume.hard_link(&source, &target).is_err() {
                let bytes = volume.metadata(&source)?.bytes;
                copy(&self.place, &source, &target, bytes)?;
            }
        }
        volume.sync_dir(to)
    }

    /// Copies whole records only: the writer publishes how far it has come after each. A store
    /// that is open for reading copies what it has read.
    fn copy_log(&self, target: &Place, from: u64) -> Result<()> {
        let written = match (&self.log_sync, &self.reader) {
            (Some(sync), _) => sync.written(),
            (None, Some(reader)) => reader.lock().applied,
            (None, None) => return Ok(()),
        };
        let files = segments(&self.place.volume, &self.place.log)?;
        for (i, segment) in files.iter().enumerate() {
            let next = files.get(i + 1).map_or(u64::MAX, |next| next.base);
            let bytes = written.min(next).saturating_sub(segment.base);
            if segment.base < from || bytes == 0 {
                continue;
            }
            if let Some(name) = segment.path.file_name() {
                copy(&self.place, &segment.path, &target.log.join(name), bytes)?;
            }
        }
        Ok(())
    }
}
