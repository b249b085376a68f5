//! A file system in memory: for stores that write nothing, and for tests.

use super::{DirEntry, File, FileLock, FileSystem, LockMode, Metadata};
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files in memory. A clone is the same file system. Syncing does nothing: what is here lives as
/// long as the process. The root directory is whatever path is asked for first: parents of a
/// directory that is created need not exist.
#[derive(Clone, Debug, Default)]
pub struct MemoryFileSystem {
    nodes: Arc<RwLock<BTreeMap<PathBuf, Node>>>,
    locks: LockTable,
}

#[derive(Clone, Debug)]
enum Node {
    Directory,
    File(Arc<MemoryFile>),
}

#[derive(Debug, Default)]
struct MemoryFile {
    bytes: RwLock<Vec<u8>>,
}

impl MemoryFileSystem {
    /// An empty file system.
    pub fn new() -> Self {
        MemoryFileSystem::default()
    }

    /// Bytes in all files.
    pub fn total_bytes(&self) -> u64 {
        let nodes = self.nodes.read();
        let size = |node: &Node| match node {
            Node::Directory => 0,
            Node::File(file) => file.bytes.read().len() as u64,
        };
        nodes.values().map(size).sum()
    }
}

impl File for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(copy_at(&self.bytes.read(), buffer, offset))
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.write().extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.bytes.read().len() as u64)
    }
}

/// Copies what there is from `offset`; gives how much.
pub(super) fn copy_at(bytes: &[u8], buffer: &mut [u8], offset: u64) -> usize {
    let there = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
    let there = there.unwrap_or_default();
    let count = there.len().min(buffer.len());
    if let (Some(to), Some(from)) = (buffer.get_mut(..count), there.get(..count)) {
        to.copy_from_slice(from);
    }
    count
}

pub(super) fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl FileSystem for MemoryFileSystem {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        match self.nodes.read().get(path) {
            Some(Node::File(file)) => Ok(file.clone()),
            Some(Node::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(not_found()),
        }
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut nodes = self.nodes.write();
        if let Some(Node::Directory) = nodes.get(path) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let file = Arc::new(MemoryFile::default());
        nodes.insert(path.to_path_buf(), Node::File(file.clone()));
        Ok(file)
    }

    fn append(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        match self.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.create(path),
            result => result,
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut nodes = self.nodes.write();
        let node = nodes.remove(from).ok_or_else(not_found)?;
        let inside: Vec<PathBuf> =
            nodes.keys().filter(|path| path.starts_with(from)).cloned().collect();
        nodes.insert(to.to_path_buf(), node);
        for path in inside {
            if let (Some(node), Ok(rest)) = (nodes.remove(&path), path.strip_prefix(from)) {
                nodes.insert(to.join(rest), node);
            }
        }
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut nodes = self.nodes.write();
        match nodes.get(path) {
            Some(Node::File(_)) => nodes.remove(path),
            Some(Node::Directory) => return Err(io::ErrorKind::IsADirectory.into()),
            None => return Err(not_found()),
        };
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut nodes = self.nodes.write();
        if nodes.keys().any(|other| other.parent() == Some(path)) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        nodes.remove(path).map(drop).ok_or_else(not_found)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut nodes = self.nodes.write();
        if nodes.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        nodes.insert(path.to_path_buf(), Node::Directory);
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let nodes = self.nodes.read();
        if !matches!(nodes.get(path), Some(Node::Directory)) {
            return Err(not_found());
        }
        let inside = nodes.iter().filter(|(other, _)| other.parent() == Some(path));
        Ok(inside.filter_map(|(path, node)| entry(path, matches!(node, Node::Directory))).collect())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut nodes = self.nodes.write();
        match nodes.get(from).cloned() {
            Some(node @ Node::File(_)) => nodes.insert(to.to_path_buf(), node),
            Some(Node::Directory) => return Err(io::ErrorKind::IsADirectory.into()),
            None => return Err(not_found()),
        };
        Ok(())
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        match self.nodes.read().get(path) {
            Some(Node::File(file)) => Ok(Metadata { bytes: file.size()?, is_dir: false }),
            Some(Node::Directory) => Ok(Metadata { bytes: 0, is_dir: true }),
            None => Err(not_found()),
        }
    }

    fn try_lock(&self, path: &Path, mode: LockMode) -> io::Result<Option<Box<dyn FileLock>>> {
        Ok(self.locks.try_lock(path, mode))
    }
}

pub(super) fn entry(path: &Path, is_dir: bool) -> Option<DirEntry> {
    let name = path.file_name()?.to_str()?.to_owned();
    Some(DirEntry { name, is_dir })
}

/// Locks by path, as the system would keep them.
#[derive(Clone, Debug, Default)]
pub(super) struct LockTable {
    held: Arc<Mutex<BTreeMap<PathBuf, Held>>>,
}

#[derive(Clone, Copy, Debug)]
enum Held {
    Exclusive,
    Shared(usize),
}

#[derive(Debug)]
struct TableLock {
    path: PathBuf,
    table: LockTable,
}

impl FileLock for TableLock {}

impl LockTable {
    pub(super) fn try_lock(&self, path: &Path, mode: LockMode) -> Option<Box<dyn FileLock>> {
        let mut held = self.held.lock();
        let next = match (held.get(path), mode) {
            (None, LockMode::Exclusive) => Held::Exclusive,
            (None, LockMode::Shared) => Held::Shared(1),
            (Some(Held::Shared(count)), LockMode::Shared) => Held::Shared(count + 1),
            _ => return None,
        };
        held.insert(path.to_path_buf(), next);
        Some(Box::new(TableLock { path: path.to_path_buf(), table: self.clone() }))
    }
}

impl Drop for TableLock {
    fn drop(&mut self) {
        let mut held = self.table.held.lock();
        match held.get_mut(&self.path) {
            Some(Held::Shared(count)) if *count > 1 => *count -= 1,
            _ => {
                held.remove(&self.path);
            }
        }
    }
}
