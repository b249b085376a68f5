//! [`Volume`]: a file system whose errors say what was tried on which path.

use super::{DirEntry, File, FileLock, FileSystem, LockMode, Metadata, parent};
use crate::storage::error::{Action, Damage, Error, Result};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A shared file system with the kernel's errors.
#[derive(Clone, Debug)]
pub struct Volume {
    fs: Arc<dyn FileSystem>,
}

/// An open file that knows its path.
#[derive(Clone, Debug)]
pub struct OpenFile {
    path: Arc<Path>,
    file: Arc<dyn File>,
}

macro_rules! pass {
    ($($(#[$doc:meta])* $name:ident: $action:ident -> $type:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// The file system's.
        pub fn $name(&self, path: &Path) -> Result<$type> {
            self.fs.$name(path).map_err(|error| Error::io(Action::$action, path, error))
        }
    )*};
}

impl Volume {
    /// On a file system.
    pub fn new(fs: Arc<dyn FileSystem>) -> Self {
        Volume { fs }
    }

    /// The file system itself.
    pub fn file_system(&self) -> &Arc<dyn FileSystem> {
        &self.fs
    }

    pass! {
        /// [`FileSystem::remove_file`].
        remove_file: Remove -> ();
        /// [`FileSystem::remove_dir`].
        remove_dir: Remove -> ();
        /// [`FileSystem::sync_dir`].
        sync_dir: SyncDirectory -> ();
        /// [`FileSystem::metadata`].
        metadata: Inspect -> Metadata;
    }

    /// [`FileSystem::list`], sorted by name.
    ///
    /// # Errors
    /// The file system's.
    pub fn list(&self, path: &Path) -> Result<Vec<DirEntry>> {
        let mut entries =
            self.fs.list(path).map_err(|error| Error::io(Action::List, path, error))?;
        entries.sort();
        Ok(entries)
    }

    /// [`Volume::list`], empty where there is no such directory.
    ///
    /// # Errors
    /// The file system's.
    pub fn list_if_there(&self, path: &Path) -> Result<Vec<DirEntry>> {
        match self.list(path) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(Vec::new())
            }
            result => result,
        }
    }

    /// [`FileSystem::open`].
    ///
    /// # Errors
    /// The file system's.
    pub fn open(&self, path: &Path) -> Result<OpenFile> {
        let file = self.fs.open(path).map_err(|error| Error::io(Action::Open, path, error))?;
        Ok(OpenFile { path: path.into(), file })
    }

    /// [`FileSystem::create`].
    ///
    /// # Errors
    /// The file system's.
    pub fn create(&self, path: &Path) -> Result<OpenFile> {
        let file = self.fs.create(path).map_err(|error| Error::io(Action::Create, path, error))?;
        Ok(OpenFile { path: path.into(), file })
    }

    /// [`FileSystem::rename`].
    ///
    /// # Errors
    /// The file system's.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.fs.rename(from, to).map_err(|error| Error::io(Action::Rename, from, error))
    }

    /// [`FileSystem::hard_link`].
    ///
    /// # Errors
    /// The file system's.
    pub fn hard_link(&self, from: &Path, to: &Path) -> Result<()> {
        self.fs.hard_link(from, to).map_err(|error| Error::io(Action::Link, from, error))
    }

    /// [`FileSystem::try_lock`].
    ///
    /// # Errors
    /// The file system's.
    pub fn try_lock(&self, path: &Path, mode: LockMode) -> Result<Option<Box<dyn FileLock>>> {
        self.fs.try_lock(path, mode).map_err(|error| Error::io(Action::Lock, path, error))
    }

    /// Whether the path leads to something.
    ///
    /// # Errors
    /// The file system's, except that there is nothing.
    pub fn exists(&self, path: &Path) -> Result<bool> {
        match self.metadata(path) {
            Ok(_) => Ok(true),
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Creates a directory and all above it that are missing, and syncs the names.
    ///
    /// # Errors
    /// The file system's.
    pub fn create_dir_all(&self, path: &Path) -> Result<()> {
        let mut missing = Vec::new();
        let mut above = path.to_path_buf();
        while !above.as_os_str().is_empty() && !self.exists(&above)? {
            missing.push(above.clone());
            if !above.pop() {
                break;
            }
        }
        for path in missing.iter().rev() {
            match self.fs.create_dir(path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(Error::io(Action::CreateDirectory, path, error));
                }
                _ => {}
            }
            let above = parent(path);
            // The top of a file system in memory has nothing above it.
            if self.exists(&above)? {
                self.sync_dir(&above)?;
            }
        }
        Ok(())
    }

    /// Removes a directory and all that is in it. Nothing happens where there is none.
    ///
    /// # Errors
    /// The file system's.
    pub fn remove_tree(&self, path: &Path) -> Result<()> {
        // The kernel's own trees are two levels deep; the bound keeps hostile ones from
        // exhausting the stack.
        self.remove_tree_within(path, 16)
    }

    fn remove_tree_within(&self, path: &Path, depth: usize) -> Result<()> {
        for entry in self.list_if_there(path)? {
            let inside = path.join(&entry.name);
            if entry.is_dir && depth > 0 {
                self.remove_tree_within(&inside, depth - 1)?;
            } else {
                self.remove_file(&inside)?;
            }
        }
        match self.remove_dir(path) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// The whole content of a file of at most `bytes_max`.
    ///
    /// # Errors
    /// The file system's, or it is larger.
    pub fn read(&self, path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
        let file = self.open(path)?;
        let size = file.size()?;
        match usize::try_from(size) {
            Ok(count) if size <= bytes_max => file.read(0, count),
            _ => Err(Error::Corrupt {
                path: path.into(),
                offset: bytes_max,
                damage: Damage::Field { what: "the size" },
            }),
        }
    }

    /// Writes a new file and syncs its content, not its name.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let file = self.create(path)?;
        file.append(bytes)?;
        file.sync()
    }

    /// Replaces a file as a whole: after power loss it is the old one or the new one.
    ///
    /// Steps: write beside it, sync, rename over it, sync the directory.
    ///
    /// # Errors
    /// The file system's. Where [`Action::Sync`] or [`Action::SyncDirectory`] failed, it is not
    /// known which of the two would be found after power loss.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        self.write(&beside, bytes)?;
        self.rename(&beside, path)?;
        self.sync_dir(&parent(path))
    }
}

impl OpenFile {
    /// Its path when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The size in bytes.
    ///
    /// # Errors
    /// The file system's.
    pub fn size(&self) -> Result<u64> {
        self.file.size().map_err(|error| Error::io(Action::Inspect, &self.path, error))
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// The file system's.
    pub fn append(&self, bytes: &[u8]) -> Result<()> {
        self.file.append(bytes).map_err(|error| Error::io(Action::Write, &self.path, error))
    }

    /// Makes the content survive power loss.
    ///
    /// # Errors
    /// The file system's.
    pub fn sync(&self) -> Result<()> {
        self.file.sync().map_err(|error| Error::io(Action::Sync, &self.path, error))
    }

    /// Fills `buffer` from `offset`.
    ///
    /// # Errors
    /// The file system's, or the file ends before: [`Damage::Truncated`].
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let found = self.read_up_to(buffer, offset)?;
        if found == buffer.len() {
            return Ok(());
        }
        let damage = Damage::Truncated { needed: buffer.len() as u64, available: found as u64 };
        Err(Error::Corrupt { path: self.path.to_path_buf(), offset, damage })
    }

    /// Fills `buffer` from `offset` as far as the file goes; gives how many bytes that were.
    ///
    /// # Errors
    /// The file system's.
    pub fn read_up_to(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..)
            && !rest.is_empty()
        {
            let read = self.file.read_at(rest, offset.saturating_add(done as u64));
            match read.map_err(|error| Error::io(Action::Read, &self.path, error))? {
                0 => break,
                count => done += count,
            }
        }
        Ok(done)
    }

    /// `count` bytes from `offset`. The caller has checked that `count` is not more than the file
    /// holds, or is otherwise bounded.
    ///
    /// # Errors
    /// As [`OpenFile::read_exact_at`].
    pub fn read(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }
}
