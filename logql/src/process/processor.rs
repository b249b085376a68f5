//! A pipeline as a sink in front of another.

use telemetry_core::sink::{
    Committed, LogRecord, LogSink, RawLabels, Refusal, RefusalReason, SinkError,
};

use super::drops::Drops;
use super::entry::Entry;
use super::pipeline::Pipeline;

/// Why lines were dropped that the sink refused when nothing was handed in any more.
const LATE_REFUSAL: &str = "refused_late";

/// A [`Pipeline`] in front of a sink; a sink itself.
///
/// Items are the lines that are handed in. One that a stage drops counts as stored, as far as the
/// caller is concerned; [`drops`](Processor::drops) tells them. What the sink refuses of a line is
/// reported for the line that was handed in when it came out: for lines that waited for their rest,
/// the one that ended the wait.
#[derive(Debug)]
pub struct Processor<S> {
    pipeline: Pipeline,
    sink: S,
    out: Vec<Entry>,
    /// Lines handed in since the last commit.
    count: u64,
    /// For each item of the sink the line that it came with; none where there was none.
    origins: Vec<Option<u64>>,
    refused: Vec<Refusal>,
    late_refusals: Drops,
}

impl<S: LogSink> Processor<S> {
    pub(super) fn new(pipeline: Pipeline, sink: S) -> Self {
        Processor {
            pipeline,
            sink,
            out: Vec::new(),
            count: 0,
            origins: Vec::new(),
            refused: Vec::new(),
            late_refusals: Drops::default(),
        }
    }

    /// Lines that stages dropped so far.
    pub fn drops(&self) -> &Drops {
        self.pipeline.drops()
    }

    /// Lines that the sink refused after the line they came with had been committed.
    pub fn late_refusals(&self) -> u64 {
        self.late_refusals.total()
    }

    /// Hands on all that waits, and commits.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything.
    pub fn flush(&mut self) -> Result<Committed, SinkError> {
        self.pipeline.flush(&mut self.out);
        self.hand_on(None);
        self.commit()
    }

    /// The pipeline, to ask or to write its metrics.
    pub fn pipeline(&mut self) -> &mut Pipeline {
        &mut self.pipeline
    }

    /// The sink, for good. What waits is lost: [`flush`](Self::flush) first.
    pub fn into_sink(self) -> S {
        self.sink
    }

    fn hand_on(&mut self, origin: Option<u64>) {
        for entry in self.out.drain(..) {
            let labels: Vec<_> = entry.labels.iter().map(|(n, v)| (&**n, &**v)).collect();
            let metadata: Vec<_> = entry.metadata.iter().map(|(n, v)| (&**n, &**v)).collect();
            let record = LogRecord { time: entry.time, line: &entry.line, metadata: &metadata };
            self.sink.push(&RawLabels::new(&labels), record);
            self.origins.push(origin);
        }
    }
}

impl<S: LogSink> LogSink for Processor<S> {
    fn push(&mut self, stream: &RawLabels<'_>, record: LogRecord<'_>) {
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let entry = Entry {
            labels: owned(stream.pairs()),
            metadata: owned(record.metadata),
            time: record.time,
            line: record.line.to_vec(),
            ..Entry::default()
        };
        self.pipeline.push(entry, &mut self.out);
        self.hand_on(Some(self.count));
        self.count += 1;
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.refused.push(Refusal { index: self.count, reason });
        self.count += 1;
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.pipeline.poll(&mut self.out);
        self.hand_on(None);
        let origins = std::mem::take(&mut self.origins);
        let mut refused = std::mem::take(&mut self.refused);
        let count = std::mem::take(&mut self.count);
        for refusal in self.sink.commit()?.refused {
            let at = usize::try_from(refusal.index).unwrap_or(usize::MAX);
            match origins.get(at).copied().flatten() {
                Some(index) => refused.push(Refusal { index, reason: refusal.reason }),
                None => self.late_refusals.count(LATE_REFUSAL),
            }
        }
        // Of a line that became several the first refusal is told.
        refused.sort_by_key(|refusal| refusal.index);
        refused.dedup_by_key(|refusal| refusal.index);
        Ok(Committed { stored: count - refused.len() as u64, refused })
    }
}
