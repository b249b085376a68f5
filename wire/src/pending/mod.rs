//! What a body holds, until all of it has been read.
//!
//! A sink goes on from body to body, so a damaged one must leave nothing in it: series are resolved
//! at once, and the rest is handed over when it is known that all of it is right.

mod items;

use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::sink::{Committed, MetricSink, RawLabels, RefusalReason, SeriesRef, SinkError};

pub(crate) use items::{ItemKind, Items, Other};

/// A sink that keeps items for another one and hands them over at the commit.
pub(crate) struct Pending<'s, S: ?Sized> {
    sink: &'s mut S,
    items: &'s mut Items,
}

impl<'s, S: MetricSink + ?Sized> Pending<'s, S> {
    /// `items` is emptied; it is there for its memory.
    pub(crate) fn new(sink: &'s mut S, items: &'s mut Items) -> Self {
        items.clear();
        Pending { sink, items }
    }
}

impl<S: MetricSink + ?Sized> MetricSink for Pending<'_, S> {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        self.sink.resolve(labels)
    }

    fn is_live(&mut self, series: SeriesRef) -> bool {
        self.sink.is_live(series)
    }

    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, start: i64) {
        self.items.sample(series, time, value, start);
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.items.other(Other::Refused { reason, kind: ItemKind::Float });
    }

    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) {
        self.items.other(Other::Exemplar { series, exemplar });
    }

    fn metadata(&mut self, metric: &str, metadata: &Metadata) {
        let (metric, metadata) = (metric.to_owned(), metadata.clone());
        self.items.other(Other::Metadata { metric, metadata });
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.items.hand_over(self.sink);
        self.sink.commit()
    }
}
