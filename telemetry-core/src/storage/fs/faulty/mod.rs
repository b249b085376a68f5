//! A file system that fails on purpose, for the tests of every crate that stores.
//!
//! It keeps two images: what the running process sees, and what would survive power loss. Between
//! them lie unsynced 512-byte sectors and unsynced creations, renames and removals, of which a
//! power cut keeps an arbitrary subset, chosen from the seed. So a test runs the same workload for
//! every `n`:
//!
//! 1. [`FaultyFileSystem::cut_power_at`]`(n)`, run until the first error;
//! 2. [`FaultyFileSystem::reboot`], open again on the file system that it gives;
//! 3. check what is there.
//!
//! A failed sync leaves an arbitrary subset of the sectors on the medium and forgets the rest, as
//! real kernels do: syncing again does not bring them back.

mod image;

use self::image::Image;
use super::memory::LockTable;
use super::{DirEntry, File, FileLock, FileSystem, LockMode, Metadata};
use crate::storage::ulid::Randomness;
use parking_lot::Mutex;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A deterministic faulty file system. A clone is the same file system.
#[derive(Clone)]
pub struct FaultyFileSystem {
    shared: Arc<Shared>,
}

struct Shared {
    seed: u64,
    machine: Mutex<Machine>,
    locks: LockTable,
}

struct Machine {
    image: Image,
    randomness: Randomness,
    calls: Calls,
    faults: Faults,
    powered: bool,
}

/// How often the file system was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// All calls, reads too.
    pub all: u64,
    /// Calls that change something or make it durable: what [`FaultyFileSystem::cut_power_at`]
    /// counts.
    pub changes: u64,
    /// Calls of [`File::append`].
    pub appends: u64,
    /// Calls of [`File::sync`] and [`FileSystem::sync_dir`].
    pub syncs: u64,
    /// Calls of [`File::read_at`].
    pub reads: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    power_cut_at: Option<u64>,
    error_at: Option<u64>,
    sync_error_at: Option<u64>,
    append_error_at: Option<u64>,
    bytes_max: Option<u64>,
    short_reads: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Append,
    Sync,
    Name,
    Read,
    Look,
}

impl FaultyFileSystem {
    /// An empty file system without faults yet. What a power cut keeps follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self::with_image(seed, Image::default())
    }

    fn with_image(seed: u64, image: Image) -> Self {
        let machine = Machine {
            image,
            randomness: Randomness::seeded(seed),
            calls: Calls::default(),
            faults: Faults::default(),
            powered: true,
        };
        let shared = Shared { seed, machine: Mutex::new(machine), locks: LockTable::default() };
        FaultyFileSystem { shared: Arc::new(shared) }
    }

    /// The seed, to be printed where a test fails.
    pub fn seed(&self) -> u64 {
        self.shared.seed
    }

    /// How often it was called.
    pub fn calls(&self) -> Calls {
        self.shared.machine.lock().calls
    }

    /// The power goes at the `n`-th change from now, counted from 1: this call and all later ones
    /// fail. An append that is cut off may have written a part.
    pub fn cut_power_at(&self, n: u64) -> &Self {
        let mut machine = self.shared.machine.lock();
        machine.faults.power_cut_at = Some(machine.calls.changes + n);
        drop(machine);
        self
    }

    /// The power goes now.
    pub fn cut_power(&self) {
        self.shared.machine.lock().powered = false;
    }

    /// Whether the power is on.
    pub fn is_powered(&self) -> bool {
        self.shared.machine.lock().powered
    }

    /// The `n`-th call from now, of any kind, fails once.
    pub fn fail_call(&self, n: u64) -> &Self {
        let mut machine = self.shared.machine.lock();
        machine.faults.error_at = Some(machine.calls.all + n);
        drop(machine);
        self
    }

    /// The `n`-th sync from now fails once.
    pub fn fail_sync(&self, n: u64) -> &Self {
        let mut machine = self.shared.machine.lock();
        machine.faults.sync_error_at = Some(machine.calls.syncs + n);
        drop(machine);
        self
    }

    /// The `n`-th append from now fails once, after it has written a part.
    pub fn fail_append(&self, n: u64) -> &Self {
        let mut machine = self.shared.machine.lock();
        machine.faults.append_error_at = Some(machine.calls.appends + n);
        drop(machine);
        self
    }

    /// The disk is full once the files hold so many bytes; [`None`]: never.
    pub fn limit_bytes(&self, bytes_max: Option<u64>) -> &Self {
        self.shared.machine.lock().faults.bytes_max = bytes_max;
        self
    }

    /// Whether a read may give fewer bytes than it could.
    pub fn short_reads(&self, short: bool) -> &Self {
        self.shared.machine.lock().faults.short_reads = short;
        self
    }

    /// Forgets every fault that was asked for and has not happened.
    pub fn clear_faults(&self) -> &Self {
        self.shared.machine.lock().faults = Faults::default();
        self
    }

    /// Bytes in all files that have a name.
    pub fn total_bytes(&self) -> u64 {
        self.shared.machine.lock().image.total_bytes()
    }

    /// The machine after power loss: of what was not synced, an arbitrary part is there. This file
    /// system is off from now on; locks are gone.
    pub fn reboot(&self) -> FaultyFileSystem {
        let mut machine = self.shared.machine.lock();
        machine.powered = false;
        let image = machine.image.after_power_loss(&machine.randomness);
        FaultyFileSystem::with_image(machine.randomness.next_u64(), image)
    }

    /// The machine after this process was killed: everything written is there, but no more durable
    /// than before. This file system is off from now on; locks are gone.
    pub fn kill(&self) -> FaultyFileSystem {
        let mut machine = self.shared.machine.lock();
        machine.powered = false;
        let image = machine.image.clone();
        FaultyFileSystem::with_image(machine.randomness.next_u64(), image)
    }

    /// A separate copy of the machine as it is now, running on.
    pub fn fork(&self) -> FaultyFileSystem {
        let machine = self.shared.machine.lock();
        FaultyFileSystem::with_image(self.shared.seed, machine.image.clone())
    }

    /// All files by path, sorted.
    pub fn files(&self) -> Vec<PathBuf> {
        self.shared.machine.lock().image.files()
    }

    /// The content of a file, whatever faults are set.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        self.shared.machine.lock().image.content(path)
    }

    /// Replaces the content of a file, durably: damage as the medium does it. Handles that are
    /// open see it too. Whether there is such a file.
    pub fn damage(&self, path: &Path, bytes: Vec<u8>) -> bool {
        self.shared.machine.lock().image.set_content(path, bytes)
    }

    /// Counts a call and gives the error it fails with.
    fn enter(&self, call: Call) -> io::Result<parking_lot::MutexGuard<'_, Machine>> {
        let mut machine = self.shared.machine.lock();
        if !machine.powered {
            return Err(io::Error::other("the power is off"));
        }
        let calls = &mut machine.calls;
        calls.all += 1;
        calls.appends += u64::from(call == Call::Append);
        calls.syncs += u64::from(call == Call::Sync);
        calls.reads += u64::from(call == Call::Read);
        calls.changes += u64::from(matches!(call, Call::Append | Call::Sync | Call::Name));
        // Appends and syncs have an effect even when they fail; the others have none.
        if !matches!(call, Call::Append | Call::Sync) {
            machine.fault(call)?;
        }
        Ok(machine)
    }
}

impl Machine {
    /// The error that the call just counted fails with.
    fn fault(&mut self, call: Call) -> io::Result<()> {
        let (calls, faults) = (self.calls, self.faults);
        let changes = matches!(call, Call::Append | Call::Sync | Call::Name);
        if changes && faults.power_cut_at.is_some_and(|at| calls.changes >= at) {
            self.powered = false;
            return Err(io::Error::other("the power was cut"));
        }
        let hit = faults.error_at == Some(calls.all)
            || (call == Call::Sync && faults.sync_error_at == Some(calls.syncs))
            || (call == Call::Append && faults.append_error_at == Some(calls.appends));
        if hit { Err(io::Error::other("an error was asked for")) } else { Ok(()) }
    }

    /// An arbitrary number from zero to `max`, both included.
    fn up_to(&self, max: usize) -> usize {
        (self.randomness.next_u64() % (max as u64 + 1)) as usize
    }
}

impl fmt::Debug for FaultyFileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faulty file system with seed {}", self.shared.seed)
    }
}

#[derive(Debug)]
struct FaultyFile {
    fs: FaultyFileSystem,
    inode: u64,
}

impl File for FaultyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let machine = self.fs.enter(Call::Read)?;
        let mut count = buffer.len();
        if machine.faults.short_reads && count > 1 {
            count = 1 + machine.up_to(count - 1);
        }
        Ok(machine.image.read_at(self.inode, buffer.get_mut(..count).unwrap_or_default(), offset))
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut machine = self.fs.enter(Call::Append)?;
        let mut count = bytes.len();
        let mut result = machine.fault(Call::Append);
        if result.is_err() {
            count = machine.up_to(count);
        } else if let Some(bytes_max) = machine.faults.bytes_max {
            let room = bytes_max.saturating_sub(machine.image.total_bytes());
            if room < count as u64 {
                count = room as usize;
                result = Err(io::ErrorKind::StorageFull.into());
            }
        }
        machine.image.append(self.inode, bytes.get(..count).unwrap_or_default());
        result
    }

    fn sync(&self) -> io::Result<()> {
        let mut machine = self.fs.enter(Call::Sync)?;
        let result = machine.fault(Call::Sync);
        let Machine { image, randomness, powered, .. } = &mut *machine;
        match result {
            Ok(()) => image.sync(self.inode),
            // The power went: what is kept is decided when it comes back.
            Err(_) if !*powered => {}
            Err(_) => image.sync_in_part(self.inode, randomness),
        }
        result
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.fs.enter(Call::Look)?.image.size(self.inode))
    }
}

impl FaultyFileSystem {
    fn file(&self, inode: u64) -> Arc<dyn File> {
        Arc::new(FaultyFile { fs: self.clone(), inode })
    }
}

impl FileSystem for FaultyFileSystem {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let inode = self.enter(Call::Look)?.image.inode(path)?;
        Ok(self.file(inode))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let inode = self.enter(Call::Name)?.image.create(path)?;
        Ok(self.file(inode))
    }

    fn append(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut machine = self.enter(Call::Name)?;
        let inode = match machine.image.inode(path) {
            Ok(inode) => inode,
            Err(_) => machine.image.create(path)?,
        };
        Ok(self.file(inode))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.enter(Call::Name)?.image.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.enter(Call::Name)?.image.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.enter(Call::Name)?.image.remove_dir(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.enter(Call::Name)?.image.create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.enter(Call::Look)?.image.list(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut machine = self.enter(Call::Sync)?;
        machine.fault(Call::Sync)?;
        machine.image.sync_dir(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.enter(Call::Name)?.image.hard_link(from, to)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.enter(Call::Look)?.image.metadata(path)
    }

    fn try_lock(&self, path: &Path, mode: LockMode) -> io::Result<Option<Box<dyn FileLock>>> {
        drop(self.enter(Call::Look)?);
        Ok(self.shared.locks.try_lock(path, mode))
    }
}

#[cfg(test)]
mod tests;
