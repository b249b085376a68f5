//! Loki push frames.

use std::error::Error;

use quadra::Quadra;
use quadra::labels::Labels;
use quadra::logstore::Batch;
use quadra::model::LogEntry;
use quadra::sink::{Committed, LogRecord, LogSink, RawLabels, RefusalReason, SinkError};
use quadra::wire::loki::push::{Receiver, decode};

use super::{Cost, Loader};
use crate::bench::frames::Frame;

/// Hands over frames as they are.
struct Wire<S>(Receiver<Counting<S>>);

pub(super) fn wire(db: &Quadra) -> impl Loader + use<> {
    Wire(Receiver::new(Counting { sink: db.logs().batch(), line_bytes: 0 }))
}

impl<S: LogSink> Loader for Wire<S> {
    fn frame(&mut self, frame: Frame<'_>, cost: &mut Cost) -> Result<(), Box<dyn Error>> {
        let before = self.0.sink().line_bytes;
        let outcome = cost.call(|| self.0.receive(frame.body))?;
        cost.outcome(&outcome);
        cost.line_bytes += self.0.sink().line_bytes - before;
        Ok(())
    }
}

/// Counts the bytes of lines on their way.
struct Counting<S> {
    sink: S,
    line_bytes: u64,
}

impl<S: LogSink> LogSink for Counting<S> {
    fn push(&mut self, stream: &RawLabels<'_>, record: LogRecord<'_>) {
        self.line_bytes += record.line.len() as u64;
        self.sink.push(stream, record);
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.sink.refuse(reason);
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.sink.commit()
    }
}

/// Pushes entries by the typed calls.
pub(super) struct Api {
    batch: Batch,
}

impl Api {
    pub(super) fn new(db: &Quadra) -> Self {
        Api { batch: db.logs().batch() }
    }
}

impl Loader for Api {
    fn frame(&mut self, frame: Frame<'_>, cost: &mut Cost) -> Result<(), Box<dyn Error>> {
        let mut entries = Entries::default();
        let _ = cost.beside(|| decode(frame.body, &mut entries))??;
        let batch = &mut self.batch;
        let committed = cost.call(|| {
            for (stream, entry) in &entries.entries {
                if let Some(labels) = entries.streams.get(*stream) {
                    batch.push(labels, entry);
                }
            }
            batch.commit()
        })?;
        cost.committed(&committed);
        cost.line_bytes +=
            entries.entries.iter().map(|(_, entry)| entry.line.len() as u64).sum::<u64>();
        Ok(())
    }
}

/// Keeps the entries of a frame with the number of their stream.
#[derive(Default)]
struct Entries {
    streams: Vec<Labels>,
    last: u128,
    entries: Vec<(usize, LogEntry)>,
}

impl LogSink for Entries {
    fn push(&mut self, stream: &RawLabels<'_>, record: LogRecord<'_>) {
        let hash = stream.hash();
        if self.streams.is_empty() || self.last != hash {
            self.streams.push(stream.build());
            self.last = hash;
        }
        let mut entry = LogEntry::new(record.time, record.line);
        let pairs = record.metadata.iter();
        entry.metadata = pairs.map(|(name, value)| ((*name).into(), (*value).into())).collect();
        self.entries.push((self.streams.len() - 1, entry));
    }

    fn refuse(&mut self, _: RefusalReason) {}

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Ok(Committed { stored: self.entries.len() as u64, refused: Vec::new() })
    }
}
