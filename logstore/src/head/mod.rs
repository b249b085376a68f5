//! The head: lines in memory, by stream.
//!
//! A stream is a list of pages in order of time. Readers take the pages by reference; a commit
//! copies a page only if a reader still holds it, and pages are small. Matchers are asked of
//! posting lists, so a query costs what it selects and not what is there.

mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use parking_lot::RwLock;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::source::LogColumns;
use telemetry_core::storage::Result;
use telemetry_core::storage::postings::{self, MemoryPostings};

pub(crate) use stream::Stream;

use crate::record::Line;

/// What a stream takes beside its labels, postings and pages: its place in the list, and twice its
/// entry in the map, which is half empty after it grew.
const STREAM_BYTES: usize = size_of::<(Labels, Stream)>() + 2 * size_of::<(Labels, u32)>();

/// Lines in memory.
#[derive(Debug, Default)]
pub(crate) struct Head {
    streams: RwLock<Streams>,
    bytes: AtomicU64,
    lines: AtomicU64,
}

#[derive(Debug, Default)]
struct Streams {
    ids: HashMap<Labels, u32>,
    list: Vec<(Labels, Stream)>,
    postings: MemoryPostings,
    /// Times of the oldest and the newest line.
    range: Option<(i64, i64)>,
    bytes: usize,
}

impl Streams {
    fn id(&mut self, labels: &Labels) -> u32 {
        if let Some(id) = self.ids.get(labels) {
            return *id;
        }
        // Memory ends long before four billion streams.
        let id = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.ids.insert(labels.clone(), id);
        self.list.push((labels.clone(), Stream::default()));
        self.postings.insert(id, labels);
        self.bytes += labels.heap_bytes() + STREAM_BYTES;
        id
    }
}

impl Head {
    /// Takes over a commit, whose lines are visible together. `give` hands over its lines, whose
    /// streams are numbers in `streams`.
    pub(crate) fn apply<T>(
        &self,
        streams: &[Labels],
        give: impl FnOnce(&mut dyn FnMut(Line<'_>)) -> T,
    ) -> T {
        let mut head = self.streams.write();
        let head = &mut *head;
        let mut ids: Vec<Option<u32>> = vec![None; streams.len()];
        let mut lines = 0;
        let given = give(&mut |line| {
            let at = line.stream as usize;
            let (Some(labels), Some(id)) = (streams.get(at), ids.get_mut(at)) else { return };
            let id = *id.get_or_insert_with(|| head.id(labels));
            let Some((_, stream)) = head.list.get_mut(id as usize) else { return };
            let before = stream.bytes();
            lines += u64::from(stream.insert(line.time, line.text, line.metadata));
            head.bytes = (head.bytes + stream.bytes()).saturating_sub(before);
            let (oldest, newest) = head.range.unwrap_or((line.time, line.time));
            head.range = Some((oldest.min(line.time), newest.max(line.time)));
        });
        let bytes = head.bytes + head.postings.heap_bytes();
        self.bytes.store(bytes as u64, Ordering::Relaxed);
        self.lines.fetch_add(lines, Ordering::Relaxed);
        given
    }

    /// Time of the newest line of a stream.
    pub(crate) fn newest(&self, stream: &Labels) -> Option<i64> {
        let streams = self.streams.read();
        let id = streams.ids.get(stream)?;
        streams.list.get(*id as usize)?.1.newest()
    }

    /// Number of streams.
    pub(crate) fn streams(&self) -> usize {
        self.streams.read().list.len()
    }

    /// The pages of the streams that satisfy every matcher, as they are now.
    pub(crate) fn select(
        &self,
        matchers: &[Matcher],
    ) -> Result<Vec<(Labels, Vec<Arc<LogColumns>>)>> {
        let streams = self.streams.read();
        let ids = postings::select(&streams.postings, matchers)?;
        let chosen = ids.iter().filter_map(|id| streams.list.get(id as usize));
        Ok(chosen.map(|(labels, stream)| (labels.clone(), stream.pages().to_vec())).collect())
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
        self.streams.read().range
    }
}
