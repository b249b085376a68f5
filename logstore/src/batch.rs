//! Lines that are stored together.

use hashbrown::HashMap;
use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::sink::{
    Committed, LogRecord, LogSink, RawLabels, Refusal, RefusalReason, SinkError,
};

use crate::Error;
use crate::gate::Gate;
use crate::record::{Line, Writer};
use crate::store::LogStore;

/// Collects lines; [`commit`](Batch::commit) stores them as one record.
#[derive(Debug)]
pub struct Batch {
    store: LogStore,
    streams: Vec<Labels>,
    by_raw: HashMap<u128, Result<u32, RefusalReason>>,
    by_labels: HashMap<Labels, u32>,
    items: Vec<Item>,
    text: Vec<u8>,
    metadata_text: String,
    /// Where name and value of each pair end in `metadata_text`.
    metadata: Vec<(usize, usize)>,
    count: u64,
    refused: Vec<Refusal>,
}

/// A line of the batch; text and metadata end where they say and start where those before end.
#[derive(Debug)]
struct Item {
    index: u64,
    stream: u32,
    time: i64,
    text_end: usize,
    metadata_end: usize,
}

impl Batch {
    pub(crate) fn new(store: LogStore) -> Self {
        Batch {
            store,
            streams: Vec::new(),
            by_raw: HashMap::new(),
            by_labels: HashMap::new(),
            items: Vec::new(),
            text: Vec::new(),
            metadata_text: String::new(),
            metadata: Vec::new(),
            count: 0,
            refused: Vec::new(),
        }
    }

    /// Adds a line of the stream `labels`: the next item.
    pub fn push(&mut self, labels: &Labels, entry: &LogEntry) {
        let stream = self.stream(labels);
        let mut metadata: Vec<(&str, &str)> =
            entry.metadata.iter().map(|(name, value)| (&**name, &**value)).collect();
        sort(&mut metadata);
        self.add(stream, entry.time.0, &entry.line, &metadata);
    }

    /// The number of a stream in this batch.
    fn stream(&mut self, labels: &Labels) -> Result<u32, RefusalReason> {
        if let Some(stream) = self.by_labels.get(labels) {
            return Ok(*stream);
        }
        self.store.limits().check_stream(labels)?;
        let stream = u32::try_from(self.streams.len()).unwrap_or(u32::MAX);
        self.streams.push(labels.clone());
        self.by_labels.insert(labels.clone(), stream);
        Ok(stream)
    }

    /// `metadata` is sorted by name.
    fn add(
        &mut self,
        stream: Result<u32, RefusalReason>,
        time: i64,
        line: &[u8],
        metadata: &[(&str, &str)],
    ) {
        let checked = stream.and_then(|stream| {
            self.store.limits().check_line(line, metadata)?;
            Ok(stream)
        });
        match checked {
            Ok(stream) => {
                self.text.extend_from_slice(line);
                for (name, value) in metadata {
                    self.metadata_text.push_str(name);
                    let name_end = self.metadata_text.len();
                    self.metadata_text.push_str(value);
                    self.metadata.push((name_end, self.metadata_text.len()));
                }
                self.items.push(Item {
                    index: self.count,
                    stream,
                    time,
                    text_end: self.text.len(),
                    metadata_end: self.metadata.len(),
                });
            }
            Err(reason) => self.refused.push(Refusal { index: self.count, reason }),
        }
        self.count += 1;
    }

    /// Stores the lines and is empty again, whether or not it could. A line that is there already
    /// counts as stored.
    ///
    /// # Errors
    ///
    /// Where nothing could be stored at all.
    pub fn commit(&mut self) -> Result<Committed, Error> {
        let mut refused = std::mem::take(&mut self.refused);
        let count = std::mem::take(&mut self.count);
        let written = if self.items.is_empty() { Ok(()) } else { self.write(&mut refused) };
        self.items.clear();
        self.streams.clear();
        self.by_raw.clear();
        self.by_labels.clear();
        self.text.clear();
        self.metadata_text.clear();
        self.metadata.clear();
        written?;
        refused.sort_by_key(|refusal| refusal.index);
        Ok(Committed { stored: count - refused.len() as u64, refused })
    }

    fn write(&self, refused: &mut Vec<Refusal>) -> Result<(), Error> {
        let store = self.store.kernel();
        let mut commit = store.begin()?;
        let limits = self.store.limits();
        let metadata = self.pairs();
        let snapshot = store.snapshot();
        let mut gate = Gate::new(&snapshot, commit.head(), limits, &self.streams);
        let mut writer = Writer::default();
        let mut accepted = Vec::with_capacity(self.items.len());
        let (mut text_start, mut metadata_start) = (0, 0);
        for item in &self.items {
            let text = self.text.get(text_start..item.text_end).unwrap_or_default();
            let metadata = metadata.get(metadata_start..item.metadata_end).unwrap_or_default();
            (text_start, metadata_start) = (item.text_end, item.metadata_end);
            if let Err(reason) = gate.check(item.stream, item.time) {
                refused.push(Refusal { index: item.index, reason });
                continue;
            }
            let line = Line { stream: item.stream, time: item.time, text, metadata };
            writer.push(&line);
            accepted.push(line);
        }
        if !writer.is_empty() {
            writer.finish(self.streams.iter(), commit.record());
            commit.finish(|head| {
                head.apply(&self.streams, |insert| accepted.into_iter().for_each(insert));
            })?;
        }
        Ok(())
    }

    /// Names and values of all metadata.
    fn pairs(&self) -> Vec<(&str, &str)> {
        let mut start = 0;
        let pair = |(name_end, end): &(usize, usize)| {
            let name = self.metadata_text.get(start..*name_end).unwrap_or_default();
            start = *end;
            (name, self.metadata_text.get(*name_end..*end).unwrap_or_default())
        };
        self.metadata.iter().map(pair).collect()
    }
}

/// Sorts pairs by name; of equal names the last one counts.
fn sort(metadata: &mut Vec<(&str, &str)>) {
    if metadata.is_sorted_by(|(a, _), (b, _)| a < b) {
        return;
    }
    metadata.sort_by_key(|(name, _)| *name);
    metadata.reverse();
    metadata.dedup_by_key(|(name, _)| *name);
    metadata.reverse();
}

impl LogSink for Batch {
    fn push(&mut self, stream: &RawLabels<'_>, record: LogRecord<'_>) {
        let hash = stream.hash();
        let number = match self.by_raw.get(&hash) {
            Some(known) => known.clone(),
            None => {
                let number = match stream.duplicate() {
                    Some(name) => Err(RefusalReason::DuplicateLabel { name: name.to_owned() }),
                    None => self.stream(&stream.build()),
                };
                self.by_raw.insert(hash, number.clone());
                number
            }
        };
        if record.metadata.is_sorted_by(|(a, _), (b, _)| a < b) {
            return self.add(number, record.time, record.line, record.metadata);
        }
        let mut metadata: Vec<(&str, &str)> = record.metadata.to_vec();
        sort(&mut metadata);
        self.add(number, record.time, record.line, &metadata);
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.refused.push(Refusal { index: self.count, reason });
        self.count += 1;
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Batch::commit(self).map_err(SinkError::store)
    }
}
