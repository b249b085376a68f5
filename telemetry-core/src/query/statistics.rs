//! What a query touched.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that the threads of a query add to.
#[derive(Debug, Default)]
pub struct Statistics {
    series: AtomicU64,
    chunks: AtomicU64,
    chunks_skipped: AtomicU64,
    samples: AtomicU64,
    bytes: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatisticsSnapshot {
    /// Series, streams or traces selected.
    pub series: u64,
    /// Chunks, pages or row groups decoded.
    pub chunks: u64,
    /// Chunks, pages or row groups whose statistics or filters made decoding needless.
    pub chunks_skipped: u64,
    /// Samples, lines or spans decoded.
    pub samples: u64,
    /// Bytes decoded, as they are in memory.
    pub bytes: u64,
}

impl Statistics {
    /// Adds selected series.
    pub fn add_series(&self, count: u64) {
        self.series.fetch_add(count, Ordering::Relaxed);
    }

    /// Adds decoded chunks.
    pub fn add_chunks(&self, count: u64) {
        self.chunks.fetch_add(count, Ordering::Relaxed);
    }

    /// Adds chunks that were not decoded.
    pub fn add_chunks_skipped(&self, count: u64) {
        self.chunks_skipped.fetch_add(count, Ordering::Relaxed);
    }

    /// Adds decoded samples and returns the new total.
    pub fn add_samples(&self, count: u64) -> u64 {
        self.samples.fetch_add(count, Ordering::Relaxed).saturating_add(count)
    }

    /// Adds decoded bytes and returns the new total.
    pub fn add_bytes(&self, count: u64) -> u64 {
        self.bytes.fetch_add(count, Ordering::Relaxed).saturating_add(count)
    }

    /// The counters now.
    pub fn snapshot(&self) -> StatisticsSnapshot {
        StatisticsSnapshot {
            series: self.series.load(Ordering::Relaxed),
            chunks: self.chunks.load(Ordering::Relaxed),
            chunks_skipped: self.chunks_skipped.load(Ordering::Relaxed),
            samples: self.samples.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}
