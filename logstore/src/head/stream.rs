//! One stream in memory: pages in order of time that do not overlap.

use std::sync::Arc;

use telemetry_core::source::LogColumns;

use crate::page;

/// Text of a page before the next one is begun: what a late line or a reader beside a writer
/// makes a commit copy.
const PAGE_TEXT_BYTES: usize = 32 << 10;

/// Lines of a page before the next one is begun.
const PAGE_LINES: usize = 1024;

/// Lines of one stream.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pages: Vec<Arc<LogColumns>>,
    bytes: usize,
}

impl Stream {
    /// Puts a line at its place. Answers whether it was new.
    pub(crate) fn insert(&mut self, time: i64, text: &[u8], metadata: &[(&str, &str)]) -> bool {
        let newest = self.newest();
        if newest.is_none_or(|newest| time > newest) && self.pages.last().is_none_or(is_full) {
            self.pages.push(Arc::default());
            self.bytes +=
                size_of::<Arc<LogColumns>>() * 2 + page::memory_bytes(&LogColumns::default());
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

fn is_full(page: &Arc<LogColumns>) -> bool {
    page.text.len() >= PAGE_TEXT_BYTES || page.len() >= PAGE_LINES
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
