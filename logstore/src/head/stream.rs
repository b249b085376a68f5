//! One stream in memory: pages in order of time that do not overlap.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::Arc;

use foldhash::quality::FixedState;
use hashbrown::HashSet;
use telemetry_core::source::LogColumns;

use crate::page;

/// Text of a page, unless one line or the lines of one time have more: what a late line or a reader
/// beside a writer makes a commit copy, and what a stream may leave empty.
const PAGE_TEXT_BYTES: usize = 16 << 10;

/// Lines of a page before the next one is begun.
const PAGE_LINES: usize = 1024;

/// What a page takes beside its columns: its place in a list that is half empty after it grew, and
/// what the allocator keeps beside its buffers.
const PAGE_BYTES: usize = 2 * size_of::<Arc<LogColumns>>() + 96;

/// Lines of one time from which on they are told by their hashes.
const MANY_LINES: usize = 64;

/// Lines of one stream.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pages: Vec<Arc<LogColumns>>,
    bytes: usize,
    /// Hashes of the lines of the newest time, once there are many: most new lines are then known to
    /// be new without a look at the others.
    newest_lines: Option<Box<HashSet<u64>>>,
}

impl Stream {
    /// Puts a line at its place. Answers whether it was new.
    pub(crate) fn insert(&mut self, time: i64, text: &[u8], metadata: &[(&str, &str)]) -> bool {
        let newest = self.newest();
        if newest == Some(time) {
            if let Some(is_new) = self.insert_beside_many(time, text, metadata) {
                return is_new;
            }
        } else if newest < Some(time) {
            self.newest_lines = None;
        }
        let has_room = |page: &Arc<LogColumns>| {
            page.text.len() + text.len() <= PAGE_TEXT_BYTES && page.len() < PAGE_LINES
        };
        if newest.is_none_or(|newest| time > newest) && !self.pages.last().is_some_and(has_room) {
            self.begin_page(text.len());
        }
        // Lines of one time stay on one page, so that equal ones meet: the first page that ends
        // at this time or later, else the last.
        let last = self.pages.len().saturating_sub(1);
        let at = match newest {
            Some(newest) if time <= newest => {
                self.pages.partition_point(|page| page.times.last() < Some(&time)).min(last)
            }
            _ => last,
        };
        let Some(page) = self.pages.get_mut(at) else { return false };
        let before = page::memory_bytes(page);
        let page = Arc::make_mut(page);
        let is_new = page::insert(page, time, text, metadata);
        self.bytes = (self.bytes + page::memory_bytes(page)).saturating_sub(before);
        is_new
    }

    /// Begins a page for a line of so many bytes. The one before gives back what it has not filled.
    ///
    /// A first page grows as lines come, since most streams may be small. A stream that has filled
    /// one will fill another: that gets its room at once, about as many lines as were on the last.
    fn begin_page(&mut self, line_bytes: usize) {
        let mut next = LogColumns::default();
        if let Some(last) = self.pages.last_mut() {
            let before = page::memory_bytes(last);
            // A reader holds what it reads as it is.
            if let Some(last) = Arc::get_mut(last) {
                page::shrink(last);
            }
            self.bytes = (self.bytes + page::memory_bytes(last)).saturating_sub(before);
            let lines = last.len() + last.len() / 8;
            next.times.reserve_exact(lines);
            next.text_ends.reserve_exact(lines);
            next.text.reserve_exact(PAGE_TEXT_BYTES.max(line_bytes));
        }
        self.bytes += PAGE_BYTES + page::memory_bytes(&next);
        self.pages.push(Arc::new(next));
    }

    /// Puts a line of the newest time at the end, if there are many of it. Answers whether it was
    /// new; nothing if it is to be looked for in the usual way.
    fn insert_beside_many(
        &mut self,
        time: i64,
        text: &[u8],
        metadata: &[(&str, &str)],
    ) -> Option<bool> {
        let page = self.pages.last_mut()?;
        let hash = |text: &[u8], metadata: &mut dyn Iterator<Item = (&str, &str)>| {
            let mut hasher = FixedState::default().build_hasher();
            text.hash(&mut hasher);
            metadata.for_each(|pair| pair.hash(&mut hasher));
            hasher.finish()
        };
        if self.newest_lines.is_none() {
            let many = page.len().checked_sub(MANY_LINES)?;
            if page.times.get(many) != Some(&time) {
                return None;
            }
            let first = page.times.partition_point(|known| *known < time);
            let rows = first..page.len();
            let hashes = rows.map(|row| hash(page.line(row), &mut page.metadata(row)));
            self.newest_lines = Some(Box::new(hashes.collect()));
        }
        let lines = self.newest_lines.as_mut()?;
        if !lines.insert(hash(text, &mut metadata.iter().copied())) {
            return None;
        }
        let before = page::memory_bytes(page);
        let page = Arc::make_mut(page);
        page.push(time, text, metadata.iter().copied());
        let grown = page::memory_bytes(page) + size_of::<u64>() * 2;
        self.bytes = (self.bytes + grown).saturating_sub(before);
        Some(true)
    }

    /// Bytes in memory, without those of pages that only readers still hold.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The pages in order of time.
    pub(crate) fn pages(&self) -> &[Arc<LogColumns>] {
        &self.pages
    }

    /// Time of the newest line.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.pages.last()?.times.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn many_lines_of_one_time_are_each_there_once() {
        let mut stream = Stream::default();
        assert!(stream.insert(1, b"before", &[]));
        let text = |number: usize| number.to_string().into_bytes();
        for number in 0..20_000 {
            assert!(stream.insert(5, &text(number), &[]));
            if number % 1000 == 0 {
                assert!(!stream.insert(5, &text(number / 2), &[]));
                assert!(stream.insert(5, &text(number), &[("k", "v")]));
                assert!(stream.insert(2, &text(number), &[]));
            }
        }
        assert!(stream.insert(6, b"after", &[]));
        let lines: usize = stream.pages().iter().map(|page| page.len()).sum();
        assert_eq!(lines, 20_042);
    }

    proptest! {
        #[test]
        fn pages_do_not_overlap_and_hold_every_line_once(
            rows in prop::collection::vec((0_i64..200, 0_u8..3), 0..300),
        ) {
            let mut stream = Stream::default();
            let mut model = std::collections::BTreeSet::new();
            for (time, letter) in rows {
                // Long lines, so that pages fill up.
                let text = vec![letter; 2000];
                prop_assert_eq!(stream.insert(time, &text, &[]), model.insert((time, letter)));
            }
            let times: Vec<i64> =
                stream.pages().iter().flat_map(|page| page.times.iter().copied()).collect();
            prop_assert!(times.is_sorted());
            prop_assert_eq!(times.len(), model.len());
            for pair in stream.pages().windows(2) {
                prop_assert!(pair[0].times.last() < pair[1].times.first());
            }
        }
    }
}
