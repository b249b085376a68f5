//! A little room on the disk that is kept for freeing more of it.
//!
//! Deletes and retention write before they free: a record, a manifest. On a full disk the file
//! `RESERVE` is given up for that, and made again when there is room.

use super::engine::Engine;
use super::opened::Opened;
use crate::storage::error::Result;
use crate::storage::manifest::Manifest;
use std::path::PathBuf;

const RESERVE_FILE: &str = "RESERVE";
const RESERVE_BYTES: usize = 64 << 10;

impl<E: Engine> Opened<E> {
    fn reserve_path(&self) -> PathBuf {
        self.place.directory.join(RESERVE_FILE)
    }

    /// Makes the reserve, if there is none and there is room. It needs no sync: a crash may lose
    /// it.
    pub(super) fn keep_reserve(&self) {
        let (volume, path) = (&self.place.volume, self.reserve_path());
        if !self.options.log || volume.exists(&path).unwrap_or(true) {
            return;
        }
        let made = volume.create(&path).and_then(|file| file.append(&[0; RESERVE_BYTES]));
        if made.is_err() {
            let _ = volume.remove_file(&path);
        }
    }

    /// `result`, or where that is a full disk, what `again` gives after the reserve was given up.
    pub(super) fn with_reserve<T>(
        &self,
        result: Result<T>,
        again: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        match result {
            Err(error) if error.is_disk_full() => {
                match self.place.volume.remove_file(&self.reserve_path()) {
                    Ok(()) => again(),
                    Err(_) => Err(error),
                }
            }
            result => result,
        }
    }

    /// Makes a manifest the one on disk.
    pub(super) fn store_manifest(&self, manifest: &Manifest) -> Result<()> {
        let store = || manifest.store(&self.place.volume, &self.place.directory);
        let result = store();
        self.watch(self.with_reserve(result, store))
    }
}
