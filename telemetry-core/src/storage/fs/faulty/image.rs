//! What is on the disk of a machine that may lose power: the live view and the durable one.
//!
//! Files are appended to only, so the durable content of a file is a prefix of the live one,
//! except for sectors that a failed sync lost. Names are durable as of the last sync of their
//! directory; the operations since are a list of which a power cut keeps any subset, in order.

use crate::storage::fs::memory::{copy_at, entry, not_found};
use crate::storage::fs::{DirEntry, Metadata, parent};
use crate::storage::ulid::Randomness;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

const SECTOR_BYTES: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    live: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    /// Changes of names that no sync of their directory has covered yet.
    pending: Vec<NameChange>,
    inodes: BTreeMap<u64, Inode>,
    inode_next: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Directory,
    File(u64),
}

#[derive(Clone, Debug, Default)]
struct Inode {
    live: Vec<u8>,
    /// Content that survives: as long as the live one had been at the last sync.
    durable: Vec<u8>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Add { path: PathBuf, node: Node },
    Remove { path: PathBuf },
    Move { from: PathBuf, to: PathBuf, node: Node },
}

impl NameChange {
    fn is_in(&self, directory: &Path) -> bool {
        match self {
            NameChange::Add { path, .. } | NameChange::Remove { path } => parent(path) == directory,
            NameChange::Move { from, to, .. } => {
                parent(from) == directory || parent(to) == directory
            }
        }
    }

    fn apply(self, names: &mut BTreeMap<PathBuf, Node>) {
        match self {
            NameChange::Add { path, node } => {
                names.insert(path, node);
            }
            NameChange::Remove { path } => {
                names.remove(&path);
            }
            NameChange::Move { from, to, node } => {
                names.remove(&from);
                names.insert(to, node);
            }
        }
    }
}

impl Image {
    fn change(&mut self, change: NameChange) {
        change.clone().apply(&mut self.live);
        self.pending.push(change);
    }

    pub(super) fn inode(&self, path: &Path) -> io::Result<u64> {
        match self.live.get(path) {
            Some(Node::File(inode)) => Ok(*inode),
            Some(Node::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(not_found()),
        }
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<u64> {
        if let Some(Node::Directory) = self.live.get(path) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !matches!(self.live.get(&parent(path)), Some(Node::Directory)) {
            return Err(not_found());
        }
        let inode = self.inode_next;
        self.inode_next += 1;
        self.inodes.insert(inode, Inode::default());
        self.change(NameChange::Add { path: path.to_path_buf(), node: Node::File(inode) });
        Ok(inode)
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = Node::File(self.inode(from)?);
        self.change(NameChange::Move { from: from.to_path_buf(), to: to.to_path_buf(), node });
        Ok(())
    }

    pub(super) fn hard_link(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = Node::File(self.inode(from)?);
        if self.live.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.change(NameChange::Add { path: to.to_path_buf(), node });
        Ok(())
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.inode(path)?;
        self.change(NameChange::Remove { path: path.to_path_buf() });
        Ok(())
    }

    pub(super) fn remove_dir(&mut self, path: &Path) -> io::Result<()> {
        if !self.live.contains_key(path) {
            return Err(not_found());
        }
        if self.live.keys().any(|other| other != path && parent(other) == path) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.change(NameChange::Remove { path: path.to_path_buf() });
        Ok(())
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        if self.live.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.change(NameChange::Add { path: path.to_path_buf(), node: Node::Directory });
        Ok(())
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        if !matches!(self.live.get(path), Some(Node::Directory)) {
            return Err(not_found());
        }
        let inside = self.live.iter().filter(|(other, _)| *other != path && parent(other) == path);
        Ok(inside.filter_map(|(path, node)| entry(path, *node == Node::Directory)).collect())
    }

    pub(super) fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        match self.live.get(path) {
            Some(Node::Directory) => Ok(Metadata { bytes: 0, is_dir: true }),
            Some(Node::File(inode)) => Ok(Metadata { bytes: self.size(*inode), is_dir: false }),
            None => Err(not_found()),
        }
    }

    pub(super) fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        if !matches!(self.live.get(path), Some(Node::Directory)) {
            return Err(not_found());
        }
        for change in std::mem::take(&mut self.pending) {
            if change.is_in(path) {
                change.apply(&mut self.durable);
            } else {
                self.pending.push(change);
            }
        }
        Ok(())
    }

    pub(super) fn size(&self, inode: u64) -> u64 {
        self.inodes.get(&inode).map_or(0, |inode| inode.live.len() as u64)
    }

    pub(super) fn read_at(&self, inode: u64, buffer: &mut [u8], offset: u64) -> usize {
        self.inodes.get(&inode).map_or(0, |inode| copy_at(&inode.live, buffer, offset))
    }

    pub(super) fn append(&mut self, inode: u64, bytes: &[u8]) {
        if let Some(inode) = self.inodes.get_mut(&inode) {
            inode.live.extend_from_slice(bytes);
        }
    }

    pub(super) fn sync(&mut self, inode: u64) {
        if let Some(inode) = self.inodes.get_mut(&inode) {
            let rest = inode.live.get(inode.durable.len()..).unwrap_or_default();
            inode.durable.extend_from_slice(rest);
        }
    }

    /// A sync that failed: some sectors arrived, and nobody will try the others again.
    pub(super) fn sync_in_part(&mut self, inode: u64, randomness: &Randomness) {
        if let Some(inode) = self.inodes.get_mut(&inode) {
            let size = inode.live.len();
            inode.durable = inode.torn(size, randomness);
        }
    }

    pub(super) fn total_bytes(&self) -> u64 {
        let mut inodes: Vec<u64> = self
            .live
            .values()
            .filter_map(|node| match node {
                Node::File(inode) => Some(*inode),
                Node::Directory => None,
            })
            .collect();
        inodes.sort_unstable();
        inodes.dedup();
        inodes.iter().map(|inode| self.size(*inode)).sum()
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        let files = self.live.iter().filter(|(_, node)| matches!(node, Node::File(_)));
        files.map(|(path, _)| path.clone()).collect()
    }

    pub(super) fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let inode = self.inode(path).ok()?;
        Some(self.inodes.get(&inode)?.live.clone())
    }

    pub(super) fn set_content(&mut self, path: &Path, bytes: Vec<u8>) -> bool {
        match self.inode(path).ok().and_then(|inode| self.inodes.get_mut(&inode)) {
            Some(inode) => {
                *inode = Inode { live: bytes.clone(), durable: bytes };
                true
            }
            None => false,
        }
    }

    /// What is there when the power comes back.
    pub(super) fn after_power_loss(&self, randomness: &Randomness) -> Image {
        let mut names = self.durable.clone();
        for change in &self.pending {
            if flip(randomness) {
                change.clone().apply(&mut names);
            }
        }
        // A name whose directory did not survive did not either. Paths sort after their parents.
        let mut kept: BTreeMap<PathBuf, Node> = BTreeMap::new();
        for (path, node) in names {
            let above = parent(&path);
            if above == path || matches!(kept.get(&above), Some(Node::Directory)) {
                kept.insert(path, node);
            }
        }
        let mut inodes = BTreeMap::new();
        for (id, inode) in &self.inodes {
            // The size is written apart from the content: it is the old one, the new one, or one
            // between.
            let (old, new) = (inode.durable.len(), inode.live.len());
            let size = match randomness.next_u64() % 3 {
                0 => old,
                1 => new,
                _ => old + (randomness.next_u64() % (new - old + 1) as u64) as usize,
            };
            let bytes = inode.torn(size, randomness);
            inodes.insert(*id, Inode { live: bytes.clone(), durable: bytes });
        }
        Image {
            live: kept.clone(),
            durable: kept,
            pending: Vec::new(),
            inodes,
            inode_next: self.inode_next,
        }
    }
}

impl Inode {
    /// `size` bytes of which an arbitrary subset of the unsynced sectors is the live content, the
    /// others what was durable before, or zero.
    fn torn(&self, size: usize, randomness: &Randomness) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        bytes.resize(size.max(self.durable.len()), 0);
        let first = self.durable.len() / SECTOR_BYTES * SECTOR_BYTES;
        for start in (first..size).step_by(SECTOR_BYTES) {
            let start = start.max(self.durable.len());
            let end = (start / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES).min(size);
            if flip(randomness)
                && let (Some(to), Some(from)) =
                    (bytes.get_mut(start..end), self.live.get(start..end))
            {
                to.copy_from_slice(from);
            }
        }
        bytes
    }
}

fn flip(randomness: &Randomness) -> bool {
    randomness.next_u64() & 1 == 1
}
