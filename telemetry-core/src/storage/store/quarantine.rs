//! Damaged files are kept aside, for whoever wants to look into them; nothing reads them again.

use super::engine::Engine;
use super::opened::{Opened, Place};
use crate::storage::error::{Error, Result};
use crate::storage::ulid::Ulid;
use crate::storage::wal::Segment;
use std::io;
use std::path::PathBuf;

/// The directory of damaged files in a store's directory.
const QUARANTINE_DIRECTORY: &str = "quarantine";
/// Bytes copied at once.
const COPY_BYTES: usize = 1 << 20;

/// Gives the segments that reach beyond the log offset `end` a second name in the quarantine. The
/// first one is removed with the rest of the old log.
pub(super) fn set_aside(place: &Place, segments: &[Segment], end: u64) -> Result<Vec<PathBuf>> {
    let volume = &place.volume;
    let directory = place.directory.join(QUARANTINE_DIRECTORY);
    volume.create_dir_all(&directory)?;
    let mut paths = Vec::new();
    for segment in segments {
        let bytes = volume.metadata(&segment.path)?.bytes;
        if segment.base.saturating_add(bytes) <= end {
            continue;
        }
        let Some(name) = segment.path.file_name() else { continue };
        let aside = directory.join(name);
        match volume.hard_link(&segment.path, &aside) {
            Ok(()) => {}
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) => copy(place, &segment.path, &aside, bytes)?,
        }
        paths.push(aside);
    }
    volume.sync_dir(&directory)?;
    Ok(paths)
}

impl<E: Engine> Opened<E> {
    /// Takes a damaged block out of the store and keeps its files aside. Gives where they are;
    /// nothing where there is no such block.
    pub(super) fn quarantine_block(&self, id: Ulid) -> Result<Vec<PathBuf>> {
        let _turn = self.compacting.lock();
        self.check_writable()?;
        let view = self.view();
        let Some(block) = view.blocks.iter().find(|block| block.entry().id == id) else {
            return Ok(Vec::new());
        };
        let volume = &self.place.volume;
        let directory = self.place.directory.join(QUARANTINE_DIRECTORY).join(id.to_string());
        volume.create_dir_all(&directory)?;
        let mut paths = Vec::new();
        for entry in volume.list_if_there(block.reader().directory())? {
            let source = block.reader().directory().join(&entry.name);
            let aside = directory.join(&entry.name);
            if volume.hard_link(&source, &aside).is_err() {
                copy(&self.place, &source, &aside, volume.metadata(&source)?.bytes)?;
            }
            paths.push(aside);
        }
        volume.sync_dir(&directory)?;
        self.replace_blocks(std::slice::from_ref(block), &[])?;
        Ok(paths)
    }
}

/// Copies the first `bytes` of a file, durably except for the name.
pub(super) fn copy(
    place: &Place,
    from: &std::path::Path,
    to: &std::path::Path,
    bytes: u64,
) -> Result<()> {
    let (source, target) = (place.volume.open(from)?, place.volume.create(to)?);
    let mut buffer = vec![0; COPY_BYTES];
    let mut done = 0;
    while done < bytes {
        let wanted = usize::try_from(bytes - done).unwrap_or(COPY_BYTES).min(COPY_BYTES);
        let piece = buffer.get_mut(..wanted).unwrap_or_default();
        source.read_exact_at(piece, done)?;
        target.append(piece)?;
        done += wanted as u64;
    }
    target.sync()
}
