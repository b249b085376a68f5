//! The file system as the kernel sees it: a small trait, so that tests can cut the power.
//!
//! What the rest of the kernel relies on:
//! - files are written by appending only, and read at positions;
//! - [`File::sync`] makes the content of a file survive power loss, not its name;
//! - [`FileSystem::sync_dir`] makes the names in a directory survive;
//! - [`FileSystem::rename`] within a directory happens as a whole or not at all;
//! - a file that is open stays readable after its name is gone, except on Windows, where removing
//!   it fails and is tried again later.
//!
//! [`Volume`] is what the kernel calls: the same operations with errors that say what was tried on
//! which path.

pub mod faulty;
mod memory;
mod os;
mod volume;

pub use faulty::FaultyFileSystem;
pub use memory::MemoryFileSystem;
pub use os::OsFileSystem;
pub use volume::{OpenFile, Volume};

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open file. Reading and appending may happen at the same time.
pub trait File: Send + Sync + Debug {
    /// Reads into `buffer` from `offset`; gives how many bytes, zero at the end of the file.
    /// Fewer than fit is no sign of the end.
    ///
    /// # Errors
    /// The system's.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Adds all of `bytes` at the end. After an error some of them may be there. When it returns,
    /// the bytes outlive this process, though not the machine.
    ///
    /// # Errors
    /// The system's; the file was not opened for writing.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Makes the content survive power loss. After an error nothing is known about what does.
    ///
    /// # Errors
    /// The system's.
    fn sync(&self) -> io::Result<()>;

    /// The size in bytes.
    ///
    /// # Errors
    /// The system's.
    fn size(&self) -> io::Result<u64>;
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The last part of its path.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Size in bytes of a file.
    pub bytes: u64,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// How a file is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// Together with others that share it.
    Shared,
    /// Alone.
    Exclusive,
}

/// Holds a lock until it is dropped.
pub trait FileLock: Send + Sync + Debug {}

/// A file system. Paths are the caller's; their meaning is the implementation's.
pub trait FileSystem: Send + Sync + Debug {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// The system's, `NotFound` among them.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Creates an empty file, or empties the one that is there.
    ///
    /// # Errors
    /// The system's.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Opens a file to append to it, creating it where needed.
    ///
    /// # Errors
    /// The system's.
    fn append(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Gives a file or directory another name, replacing the file that has it.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// The system's.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Creates one directory.
    ///
    /// # Errors
    /// The system's, `AlreadyExists` among them.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// What is in a directory, in any order.
    ///
    /// # Errors
    /// The system's.
    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>>;

    /// Makes the names in a directory survive power loss.
    ///
    /// # Errors
    /// The system's.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Gives a file a second name.
    ///
    /// # Errors
    /// The system's; not every file system can.
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// What a path leads to.
    ///
    /// # Errors
    /// The system's, `NotFound` among them.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// Locks a file, creating it where needed; [`None`] where somebody else holds a lock that does
    /// not go with this one.
    ///
    /// # Errors
    /// The system's.
    fn try_lock(&self, path: &Path, mode: LockMode) -> io::Result<Option<Box<dyn FileLock>>>;
}

/// The directory that a path is in; the path itself where it has none.
pub(crate) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_path_buf(),
        None => path.to_path_buf(),
    }
}
