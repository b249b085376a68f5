//! Keeps what a request hands over until all of it has been read.
//!
//! A sink goes on from request to request, so a damaged one must leave nothing in it.

use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::sink::{Committed, MetricSink, RawLabels, RefusalReason, SeriesRef, SinkError};

/// The items of a request.
#[derive(Debug, Default)]
pub(super) struct Items {
    items: Vec<Item>,
    exemplars: Vec<(SeriesRef, Exemplar)>,
    metadata: Vec<(String, Metadata)>,
}

#[derive(Debug)]
enum Item {
    Sample { series: SeriesRef, time: i64, value: SampleValue, start: i64 },
    Refused(RefusalReason),
}

/// Resolves series at once and hands the rest over at the commit.
pub(super) struct Pending<'s> {
    sink: &'s mut dyn MetricSink,
    pending: &'s mut Items,
}

impl<'s> Pending<'s> {
    /// `pending` is emptied; it is there for its memory.
    pub(super) fn new(sink: &'s mut dyn MetricSink, pending: &'s mut Items) -> Self {
        pending.items.clear();
        pending.exemplars.clear();
        pending.metadata.clear();
        Pending { sink, pending }
    }
}

impl MetricSink for Pending<'_> {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        self.sink.resolve(labels)
    }

    fn is_live(&mut self, series: SeriesRef) -> bool {
        self.sink.is_live(series)
    }

    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, start: i64) {
        self.pending.items.push(Item::Sample { series, time, value, start });
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.pending.items.push(Item::Refused(reason));
    }

    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) {
        self.pending.exemplars.push((series, exemplar));
    }

    fn metadata(&mut self, metric: &str, metadata: &Metadata) {
        self.pending.metadata.push((metric.to_owned(), metadata.clone()));
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        for item in self.pending.items.drain(..) {
            match item {
                Item::Sample { series, time, value, start } => {
                    self.sink.append(series, time, value, start);
                }
                Item::Refused(reason) => self.sink.refuse(reason),
            }
        }
        for (series, exemplar) in self.pending.exemplars.drain(..) {
            self.sink.exemplar(series, exemplar);
        }
        for (metric, metadata) in self.pending.metadata.drain(..) {
            self.sink.metadata(&metric, &metadata);
        }
        self.sink.commit()
    }
}
