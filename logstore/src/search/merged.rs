//! Pages of one stream that overlap in time, as one page.
//!
//! A late line lies in a younger block or in the head. Merging brings it to its place and lets
//! equal lines meet, so that the reader sees a stream as if it had come in order.

use telemetry_core::labels::Labels;
use telemetry_core::source::{LogColumns, LogPage, LogWant, PageStatistics, SourceError};
use telemetry_core::time::Nanos;

use super::page::StreamPage;
use super::view::View;
use crate::page;

/// Pages that overlap, oldest place first.
pub(super) struct MergedPage {
    pub(super) pages: Vec<StreamPage>,
    pub(super) none: Labels,
}

impl MergedPage {
    pub(super) fn statistics(&self) -> PageStatistics {
        let mut all = PageStatistics {
            count: 0,
            line_bytes: 0,
            first: Nanos(i64::MAX),
            last: Nanos(i64::MIN),
            has_metadata: false,
            is_whole: false,
        };
        for page in self.pages.iter().map(StreamPage::statistics) {
            all.count += page.count;
            all.line_bytes += page.line_bytes;
            all.first = all.first.min(page.first);
            all.last = all.last.max(page.last);
            all.has_metadata |= page.has_metadata;
        }
        all
    }
}

impl LogPage for MergedPage {
    fn labels(&self) -> &Labels {
        self.pages.first().map_or(&self.none, |page| &page.labels)
    }

    fn statistics(&self) -> PageStatistics {
        MergedPage::statistics(self)
    }

    fn has_applied(&self, index: usize) -> bool {
        self.pages.iter().all(|page| page.has_applied(index))
    }

    fn decode(&self, want: LogWant, into: &mut LogColumns) -> Result<(), SourceError> {
        // Equal lines are told by their text and metadata, wanted or not. They pass the same filters.
        let want = LogWant { text: true, metadata: true, ..want };
        let mut pages = Vec::with_capacity(self.pages.len());
        for page in &self.pages {
            let mut columns = LogColumns::default();
            View::new(page).decode(want, &mut columns)?;
            pages.push(columns);
        }
        into.clear();
        page::merge(&pages, into);
        Ok(())
    }
}
