//! How much memory this process took at most, where the system tells (`/proc`).

use std::fs;

/// Counts from when it was made. Of use where one test has the process for itself.
pub(crate) struct Memory {
    before: Option<u64>,
}

impl Memory {
    /// From now on.
    pub(crate) fn from_now() -> Self {
        // Forgets the highest so far.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Memory { before: bytes("VmRSS") }
    }

    /// Bytes that were taken more than at first; none where that cannot be known.
    pub(crate) fn most(&self) -> u64 {
        let (most, before) = (bytes("VmHWM"), self.before);
        most.zip(before).map_or(0, |(most, before)| most.saturating_sub(before))
    }
}

fn bytes(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}
