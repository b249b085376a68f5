//! What the store knows of single spans: their bytes, their memory, their order within a trace.

pub(crate) mod format;
mod order;
#[cfg(test)]
pub(crate) mod sample;
mod size;

pub(crate) use order::settle;
pub(crate) use size::memory_bytes;

use telemetry_core::model::TraceId;

/// The hash that trace ids are looked up by, in memory and on disk.
pub(crate) fn trace_hash(id: TraceId) -> u32 {
    // The upper half is as good as the lower one.
    (xxhash_rust::xxh3::xxh3_64(&id.0) >> 32) as u32
}
