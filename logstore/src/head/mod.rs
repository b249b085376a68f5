//! The head: lines in memory, by stream.
//!
//! A stream is a list of pages in order of time. Readers take the pages by reference; a commit
//! copies a page only if a reader still holds it, and pages are small.

mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use parking_lot::RwLock;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::source::LogColumns;

pub(crate) use stream::Stream;

use crate::record::Line;

/// Lines in memory.
#[derive(Debug, Default)]
pub(crate) struct Head {
    streams: RwLock<HashMap<Labels, Stream>>,
    bytes: AtomicU64,
    lines: AtomicU64,
}

impl Head {
    /// Takes over the lines of a commit, visible together.
    pub(crate) fn apply<'a>(&self, lines: impl Iterator<Item = Line<'a>>) {
        let mut streams = self.streams.write();
        let (mut bytes, mut count) = (0, 0);
        for line in lines {
            let stream = match streams.get_mut(line.stream) {
                Some(stream) => stream,
                None => {
                    bytes += (line.stream.heap_bytes() + size_of::<Stream>()) as u64;
                    streams.entry(line.stream.clone()).or_default()
                }
            };
            if stream.insert(line.time, line.text, line.metadata) {
                bytes += stream::line_bytes(line.text, line.metadata) as u64;
                count += 1;
            }
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.lines.fetch_add(count, Ordering::Relaxed);
    }

    /// Time of the newest line of a stream.
    pub(crate) fn newest(&self, stream: &Labels) -> Option<i64> {
        self.streams.read().get(stream).and_then(Stream::newest)
    }

    /// Number of streams.
    pub(crate) fn streams(&self) -> usize {
        self.streams.read().len()
    }

    /// Whether the head has the stream.
    pub(crate) fn has(&self, stream: &Labels) -> bool {
        self.streams.read().contains_key(stream)
    }

    /// The pages of the streams that satisfy every matcher, as they are now.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Vec<(Labels, Vec<Arc<LogColumns>>)> {
        let streams = self.streams.read();
        let chosen = streams
            .iter()
            .filter(|(labels, _)| matchers.iter().all(|matcher| matcher.matches_labels(labels)));
        chosen.map(|(labels, stream)| (labels.clone(), stream.pages().to_vec())).collect()
    }

    /// Bytes in memory, roughly.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Number of lines.
    pub(crate) fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    /// Times of the oldest and the newest line.
    pub(crate) fn range(&self) -> Option<(i64, i64)> {
        let streams = self.streams.read();
        let oldest = streams.values().filter_map(Stream::oldest).min()?;
        let newest = streams.values().filter_map(Stream::newest).max()?;
        Some((oldest, newest))
    }
}
