//! Remote-write frames.

use std::collections::HashMap;
use std::error::Error;

use quadra::Quadra;
use quadra::labels::Labels;
use quadra::model::{Exemplar, Metadata, SampleValue};
use quadra::sink::{Committed, MetricSink, RawLabels, RefusalReason, SeriesRef, SinkError};
use quadra::tsdb::Batch;
use quadra::wire::prometheus::remote_write::Receiver;

use super::{Cost, Loader};
use crate::bench::frames::Frame;

/// A receiver for each shard, as a server has one for each connection.
struct Wire<F, S> {
    sink: F,
    receivers: HashMap<u32, Receiver<S>>,
}

/// Hands over frames as they are.
pub(super) fn wire(db: &Quadra) -> impl Loader + use<> {
    let metrics = db.metrics();
    Wire { sink: move || metrics.sink(), receivers: HashMap::new() }
}

impl<S: MetricSink, F: Fn() -> S> Loader for Wire<F, S> {
    fn frame(&mut self, frame: Frame<'_>, cost: &mut Cost) -> Result<(), Box<dyn Error>> {
        let sink = &self.sink;
        let receiver = self.receivers.entry(frame.shard).or_insert_with(|| Receiver::new(sink()));
        let received = cost.call(|| receiver.receive(frame.body))?;
        cost.outcome(&received.outcome);
        Ok(())
    }
}

/// Appends rows through handles.
pub(super) struct Api {
    db: Quadra,
    batch: Batch,
    shards: HashMap<u32, Shard>,
}

/// What is known of a shard: its decoder, and the handles by the number that [`Rows`] gives.
struct Shard {
    receiver: Receiver<Rows>,
    handles: Vec<SeriesRef>,
}

impl Api {
    pub(super) fn new(db: &Quadra) -> Self {
        Api { db: db.clone(), batch: db.metrics().batch(), shards: HashMap::new() }
    }
}

impl Loader for Api {
    fn frame(&mut self, frame: Frame<'_>, cost: &mut Cost) -> Result<(), Box<dyn Error>> {
        let shard = self.shards.entry(frame.shard).or_insert_with(|| Shard {
            receiver: Receiver::new(Rows::default()),
            handles: Vec::new(),
        });
        let Shard { receiver, handles } = shard;
        let _ = cost.beside(|| receiver.receive(frame.body))??;
        let rows = receiver.sink();
        if let Some(reason) = &rows.refused {
            return Err(format!("the workload has what no handle takes: {reason}").into());
        }
        let (metrics, batch) = (self.db.metrics(), &mut self.batch);
        let committed = cost.call(|| {
            for labels in &rows.new {
                handles.push(metrics.series(labels)?.reference());
            }
            for (series, (time, value)) in rows.series.iter().zip(&rows.samples) {
                if let Some(handle) = handles.get(series.0 as usize) {
                    batch.append_ref(*handle, *time, *value);
                }
            }
            batch.commit().map_err(quadra::Error::from)
        })?;
        cost.committed(&committed);
        Ok(())
    }
}

/// Keeps the floats of the last frame. Series are numbered as they appear.
#[derive(Default)]
struct Rows {
    /// Series that were new in this frame.
    new: Vec<Labels>,
    known: u64,
    series: Vec<SeriesRef>,
    samples: Vec<(i64, f64)>,
    refused: Option<RefusalReason>,
    /// Whether the frame was committed: what comes now belongs to the next one.
    is_over: bool,
}

impl Rows {
    fn begin(&mut self) {
        if std::mem::take(&mut self.is_over) {
            self.new.clear();
            self.series.clear();
            self.samples.clear();
        }
    }
}

impl MetricSink for Rows {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        self.begin();
        self.new.push(labels.build());
        self.known += 1;
        Ok(SeriesRef(self.known - 1))
    }

    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, _: i64) {
        self.begin();
        match value {
            SampleValue::Float(value) => {
                self.series.push(series);
                self.samples.push((time, value));
            }
            SampleValue::Histogram(_) => {
                self.refuse(RefusalReason::Unsupported { what: "a histogram" });
            }
        }
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.refused = Some(reason);
    }

    fn exemplar(&mut self, _: SeriesRef, _: Exemplar) {}

    fn metadata(&mut self, _: &str, _: &Metadata) {}

    fn commit(&mut self) -> Result<Committed, SinkError> {
        // A frame without samples has not begun.
        self.begin();
        self.is_over = true;
        Ok(Committed { stored: self.series.len() as u64, refused: Vec::new() })
    }
}
