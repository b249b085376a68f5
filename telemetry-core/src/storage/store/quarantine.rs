//! Damaged files are kept aside, for whoever wants to look into them; nothing reads them again.

use super::shared::Place;
use crate::storage::error::{Error, Result};
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
