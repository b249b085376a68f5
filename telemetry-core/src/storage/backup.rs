//! Bringing a backup back.
//!
//! A backup is made by [`super::store::Store::backup`], and is a store itself: it can be opened
//! where it is. Restoring copies it elsewhere, file by file, the manifest last.

use super::error::{Error, Result};
use super::fs::{FileSystem, Volume};
use super::lock::{LOCK_FILE, READERS_FILE};
use super::manifest::MANIFEST_FILE;
use std::path::Path;
use std::sync::Arc;

/// How deep directories may lie in a backup: the root, its stores, their blocks, one block.
const DEPTH_MAX: usize = 6;
/// Bytes copied at once.
const COPY_BYTES: usize = 1 << 20;

/// Copies the backup in `from` to `to`, which must not exist or be empty. Several stores under one
/// root are copied together.
///
/// # Errors
/// [`Error::NotEmpty`]; the file system's.
pub fn restore(fs: &Arc<dyn FileSystem>, from: &Path, to: &Path) -> Result<()> {
    let volume = Volume::new(fs.clone());
    if !volume.list_if_there(to)?.is_empty() {
        return Err(Error::NotEmpty { path: to.to_path_buf() });
    }
    copy_tree(&volume, from, to, DEPTH_MAX)
}

fn copy_tree(volume: &Volume, from: &Path, to: &Path, depth: usize) -> Result<()> {
    volume.create_dir_all(to)?;
    let mut entries = volume.list(from)?;
    entries.retain(|entry| ![LOCK_FILE, READERS_FILE].contains(&entry.name.as_str()));
    // A copy that was cut off has no manifest, and so is no store.
    entries.sort_by_key(|entry| entry.name == MANIFEST_FILE);
    for entry in entries {
        let (source, target) = (from.join(&entry.name), to.join(&entry.name));
        if !entry.is_dir {
            if entry.name == MANIFEST_FILE {
                volume.sync_dir(to)?;
            }
            copy_file(volume, &source, &target)?;
        } else if depth > 0 {
            copy_tree(volume, &source, &target, depth - 1)?;
        }
    }
    volume.sync_dir(to)
}

fn copy_file(volume: &Volume, from: &Path, to: &Path) -> Result<()> {
    let (source, target) = (volume.open(from)?, volume.create(to)?);
    let mut buffer = vec![0; COPY_BYTES];
    let mut done = 0;
    loop {
        let count = source.read_up_to(&mut buffer, done)?;
        target.append(buffer.get(..count).unwrap_or_default())?;
        done += count as u64;
        if count < COPY_BYTES {
            return target.sync();
        }
    }
}
