//! A directory that holds several stores: one lock for all, and what says that it is one.
//! ~~~text
//! FORMAT
//! offset  size  field
//! 0       8     magic     "QUADROOT"
//! 8       2     version   u16 LE  FORMAT_VERSION of the log's format
//! 10      4     revision  u32 LE  FORMAT_REVISION of the log's format
//! 14      4     crc       u32 LE  CRC-32C of the 14 bytes before
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::cursor::Cursor;
use super::error::{Damage, Damaged, Error, Result};
use super::fs::{FileSystem, Volume};
use super::lock::{FORMAT_FILE, WriterLock};
use super::wal::format::{FORMAT_REVISION, FORMAT_VERSION};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"QUADROOT";
const FILE_BYTES_MAX: u64 = 1 << 10;

/// A root that is open for writing. Its stores are opened with [`Root::lock`] as their lock, in
/// the directories that [`Root::store`] gives.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    lock: Arc<WriterLock>,
}

impl Root {
    /// Opens the root in a directory, creating it where needed.
    ///
    /// # Errors
    /// [`Error::Locked`]; another build's format; the file system's.
    pub fn open(fs: &Arc<dyn FileSystem>, path: &Path) -> Result<Root> {
        let volume = Volume::new(fs.clone());
        volume.create_dir_all(path)?;
        let lock = WriterLock::acquire(&volume, path)?;
        let file = path.join(FORMAT_FILE);
        if volume.exists(&file)? {
            check(&volume, &file)?;
        } else {
            volume.replace(&file, &encode())?;
        }
        Ok(Root { path: path.to_path_buf(), lock })
    }

    /// Checks that a directory is a root that this build reads, and writes nothing.
    ///
    /// # Errors
    /// [`Error::NoStore`]; another build's format; the file system's.
    pub fn check(fs: &Arc<dyn FileSystem>, path: &Path) -> Result<()> {
        let volume = Volume::new(fs.clone());
        let file = path.join(FORMAT_FILE);
        match volume.exists(&file)? {
            true => check(&volume, &file),
            false => Err(Error::NoStore { path: file }),
        }
    }

    /// The lock that its stores share.
    pub fn lock(&self) -> &Arc<WriterLock> {
        &self.lock
    }

    /// The directory of a store in it.
    pub fn store(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

fn encode() -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    out.extend_from_slice(&FORMAT_REVISION.to_le_bytes());
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

fn check(volume: &Volume, path: &Path) -> Result<()> {
    let bytes = volume.read(path, FILE_BYTES_MAX)?;
    let read = || {
        let mut cursor = Cursor::new(&bytes);
        let covered = cursor.clone().take(14)?;
        if cursor.array()? != MAGIC {
            return Err(Damaged::at(0, Damage::Magic { what: "Quadra directory" }));
        }
        let format = (cursor.u16()?, cursor.u32()?);
        let (expected, found) = (cursor.u32()?, crc32c::crc32c(covered));
        if found != expected {
            return Err(Damaged::at(0, Damage::Checksum { found, expected }));
        }
        cursor.finish()?;
        Ok(format)
    };
    let (version, revision) = read().map_err(|damaged| damaged.in_file(path, 0))?;
    if (version, revision) == (FORMAT_VERSION, FORMAT_REVISION) {
        return Ok(());
    }
    Err(Error::Format {
        path: path.to_path_buf(),
        found_version: version,
        found_revision: revision,
        version: FORMAT_VERSION,
        revision: FORMAT_REVISION,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::fs::FaultyFileSystem;

    #[test]
    fn golden_bytes_are_as_in_the_diagram() {
        let mut golden = b"QUADROOT\0\0\x01\0\0\0".to_vec();
        let crc = crc32c::crc32c(&golden);
        golden.extend_from_slice(&crc.to_le_bytes());
        assert_eq!(encode(), golden);
    }

    #[test]
    fn a_root_is_opened_once_and_damage_is_found() {
        let faulty = FaultyFileSystem::new(1);
        let fs: Arc<dyn FileSystem> = Arc::new(faulty.clone());
        let path = Path::new("/db");
        assert!(matches!(Root::check(&fs, path), Err(Error::NoStore { .. })));
        let root = Root::open(&fs, path).unwrap();
        assert!(matches!(Root::open(&fs, path), Err(Error::Locked { .. })));
        assert_eq!(root.store("logs"), Path::new("/db/logs"));
        drop(root);
        Root::check(&fs, path).unwrap();
        let file = path.join(FORMAT_FILE);
        let whole = faulty.content(&file).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x20;
            faulty.damage(&file, damaged);
            assert!(Root::open(&fs, path).is_err(), "byte {at}");
        }
    }
}
