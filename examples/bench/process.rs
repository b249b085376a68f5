//! What this process costs, and what a folder takes.

use std::error::Error;
use std::fs;
use std::path::Path;

/// Seconds of CPU of this process so far, user and system.
#[cfg(unix)]
pub(crate) fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    Ok(clock(rustix::time::ClockId::ProcessCPUTime))
}

/// Seconds of CPU of this thread so far.
#[cfg(unix)]
pub(crate) fn thread_cpu_seconds() -> Result<f64, Box<dyn Error>> {
    Ok(clock(rustix::time::ClockId::ThreadCPUTime))
}

#[cfg(unix)]
fn clock(id: rustix::time::ClockId) -> f64 {
    let time = rustix::time::clock_gettime(id);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(not(unix))]
pub(crate) fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    Err("this bench reads the CPU time of its process, which it can do on Unix only".into())
}

#[cfg(not(unix))]
pub(crate) fn thread_cpu_seconds() -> Result<f64, Box<dyn Error>> {
    cpu_seconds()
}

/// Bytes of memory: `VmRSS` now, `VmHWM` at most so far. None where there is no `/proc`.
pub(crate) fn memory_bytes(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Forgets the highest memory so far. Where the system does not allow it, the figure is that of the
/// whole process.
pub(crate) fn forget_highest_memory() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Bytes of the files in `folder`, those whose path `wanted` wants.
pub(crate) fn bytes_on_disk(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |entry: fs::DirEntry| {
        let path = entry.path();
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_on_disk(&path, wanted),
            Ok(metadata) if wanted(&path) => metadata.len(),
            _ => 0,
        }
    };
    entries.map(bytes).sum()
}
