//! A page that has applied the filters of the request.

use telemetry_core::labels::Labels;
use telemetry_core::source::{
    LogColumns, LogPage, LogTemplates, LogWant, PageBuckets, PageStatistics, SourceError,
};

/// A page, which has applied so many filters: all, or none where the store does not know one.
pub(super) struct Filtered<P> {
    pub(super) page: P,
    pub(super) applied: usize,
}

impl<P: LogPage> LogPage for Filtered<P> {
    fn has_applied(&self, index: usize) -> bool {
        index < self.applied
    }

    fn labels(&self) -> &Labels {
        self.page.labels()
    }

    fn statistics(&self) -> PageStatistics {
        self.page.statistics()
    }

    fn decode(&self, want: LogWant, into: &mut LogColumns) -> Result<(), SourceError> {
        self.page.decode(want, into)
    }

    fn decode_rows(
        &self,
        rows: &[usize],
        want: LogWant,
        into: &mut LogColumns,
    ) -> Result<(), SourceError> {
        self.page.decode_rows(rows, want, into)
    }

    fn templates(&self) -> Result<Option<Box<dyn LogTemplates + '_>>, SourceError> {
        self.page.templates()
    }

    fn buckets(&self, into: &mut PageBuckets) -> Result<bool, SourceError> {
        self.page.buckets(into)
    }
}
