//! The machine's file system: the only file of the kernel that knows one system from another.
//!
//! Written for Linux, macOS and Windows; tested on Linux only. On macOS the standard library's
//! sync is `F_FULLFSYNC`, which reaches the medium. On Windows directories cannot be synced; NTFS
//! logs changes of names itself, so [`FileSystem::sync_dir`] does nothing there.

use super::{DirEntry, File, FileLock, FileSystem, LockMode, Metadata};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// The file system of the machine, through the standard library.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFileSystem;

#[derive(Debug)]
struct OsFile(fs::File);

#[derive(Debug)]
struct OsLock {
    /// Dropping the handle gives the lock back.
    _file: fs::File,
}

impl FileLock for OsLock {}

impl File for OsFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match read_at(&self.0, buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.0).write_all(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        // The size is part of what is needed to read the data back, so it is synced too.
        self.0.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

#[cfg(unix)]
fn read_at(file: &fs::File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &fs::File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    // Moves the file's own position, which nobody uses: files are opened for appending.
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(unix)]
fn sync_dir(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

#[cfg(windows)]
fn sync_dir(_path: &Path) -> io::Result<()> {
    Ok(())
}

impl FileSystem for OsFileSystem {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(OsFile(fs::File::open(path)?)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        // Emptied by truncating and then opened for appending: the two do not go together in one
        // call.
        drop(fs::File::create(path)?);
        self.append(path)
    }

    fn append(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = fs::OpenOptions::new().read(true).append(true).create(true).open(path)?;
        Ok(Arc::new(OsFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            // Names that are not UTF-8 are not ours.
            if let Ok(name) = entry.file_name().into_string() {
                entries.push(DirEntry { name, is_dir: entry.file_type()?.is_dir() });
            }
        }
        Ok(entries)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        sync_dir(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let metadata = fs::metadata(path)?;
        Ok(Metadata { bytes: metadata.len(), is_dir: metadata.is_dir() })
    }

    fn try_lock(&self, path: &Path, mode: LockMode) -> io::Result<Option<Box<dyn FileLock>>> {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            // A reader may be allowed to read the directory only; it can still share a lock.
            .or_else(|error| match mode {
                LockMode::Shared => fs::File::open(path).map_err(|_| error),
                LockMode::Exclusive => Err(error),
            })?;
        let locked = match mode {
            LockMode::Shared => file.try_lock_shared(),
            LockMode::Exclusive => file.try_lock(),
        };
        match locked {
            Ok(()) => Ok(Some(Box::new(OsLock { _file: file }))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_held_elsewhere_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("LOCK");
        let fs = OsFileSystem;
        let held = fs.try_lock(&path, LockMode::Exclusive).unwrap();
        assert!(held.is_some());
        assert!(fs.try_lock(&path, LockMode::Exclusive).unwrap().is_none());
        assert!(fs.try_lock(&path, LockMode::Shared).unwrap().is_none());
        drop(held);
        let one = fs.try_lock(&path, LockMode::Shared).unwrap();
        let two = fs.try_lock(&path, LockMode::Shared).unwrap();
        assert!(one.is_some() && two.is_some());
        assert!(fs.try_lock(&path, LockMode::Exclusive).unwrap().is_none());
    }

    #[test]
    fn creating_empties_and_appending_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let fs = OsFileSystem;
        fs.create(&path).unwrap().append(b"one").unwrap();
        fs.append(&path).unwrap().append(b"two").unwrap();
        let file = fs.open(&path).unwrap();
        let mut buffer = [0; 4];
        assert_eq!(file.read_at(&mut buffer, 2).unwrap(), 4);
        assert_eq!(&buffer, b"etwo");
        assert_eq!(fs.create(&path).unwrap().size().unwrap(), 0);
        fs.sync_dir(dir.path()).unwrap();
    }
}
