//! Lines that are stored together.

use hashbrown::HashMap;
use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::sink::{
    Committed, LogRecord, LogSink, RawLabels, Refusal, RefusalReason, SinkError,
};

use crate::Error;
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
    metadata: Vec<(String, String)>,
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
            metadata: Vec::new(),
            count: 0,
            refused: Vec::new(),
        }
    }

    /// Adds a line of the stream `labels`: the next item.
    pub fn push(&mut self, labels: &Labels, entry: &LogEntry) {
        let stream = self.stream(labels);
        let metadata: Vec<(&str, &str)> =
            entry.metadata.iter().map(|(name, value)| (&**name, &**value)).collect();
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
                let owned = metadata.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
                self.metadata.extend(owned);
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

    /// Stores the lines and is empty again. A line that is there already counts as stored.
    ///
    /// # Errors
    ///
    /// Where nothing could be stored at all.
    pub fn commit(&mut self) -> Result<Committed, Error> {
        let mut refused = std::mem::take(&mut self.refused);
        let count = std::mem::take(&mut self.count);
        let items = std::mem::take(&mut self.items);
        if !items.is_empty() {
            self.write(&items, &mut refused)?;
        }
        self.streams.clear();
        self.by_raw.clear();
        self.by_labels.clear();
        self.text.clear();
        self.metadata.clear();
        refused.sort_by_key(|refusal| refusal.index);
        Ok(Committed { stored: count - refused.len() as u64, refused })
    }

    fn write(&self, items: &[Item], refused: &mut Vec<Refusal>) -> Result<(), Error> {
        let store = self.store.kernel();
        let mut commit = store.begin()?;
        let head = commit.head();
        let limits = self.store.limits();
        let mut newest: Vec<Option<i64>> =
            self.streams.iter().map(|labels| head.newest(labels)).collect();
        let mut room = limits.streams_max.saturating_sub(head.streams() as u64);
        let mut writer = Writer::default();
        let mut accepted = Vec::with_capacity(items.len());
        let metadata: Vec<(&str, &str)> =
            self.metadata.iter().map(|(name, value)| (&**name, &**value)).collect();
        let (mut text_start, mut metadata_start) = (0, 0);
        for item in items {
            let text = self.text.get(text_start..item.text_end).unwrap_or_default();
            let pairs = metadata.get(metadata_start..item.metadata_end).unwrap_or_default();
            (text_start, metadata_start) = (item.text_end, item.metadata_end);
            let at = item.stream as usize;
            let (Some(stream), Some(newest)) = (self.streams.get(at), newest.get_mut(at)) else {
                continue;
            };
            let is_new = newest.is_none() && !head.has(stream);
            let checked = match (is_new, room) {
                (true, 0) => {
                    Err(RefusalReason::TooMany { what: "streams", limit: limits.streams_max })
                }
                _ => limits.check_time(item.time, *newest),
            };
            if let Err(reason) = checked {
                refused.push(Refusal { index: item.index, reason });
                continue;
            }
            room -= u64::from(is_new);
            *newest = (*newest).max(Some(item.time));
            let line = Line { stream, time: item.time, text, metadata: pairs };
            writer.push(item.stream, &line);
            accepted.push(line);
        }
        if !writer.is_empty() {
            writer.finish(self.streams.iter(), commit.record());
            commit.finish(|head| head.apply(accepted.into_iter()))?;
        }
        Ok(())
    }
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
        // Sorted by name; of equal names the last one counts.
        let mut metadata: Vec<(&str, &str)> = record.metadata.to_vec();
        metadata.sort_by_key(|(name, _)| *name);
        metadata.reverse();
        metadata.dedup_by_key(|(name, _)| *name);
        metadata.reverse();
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
