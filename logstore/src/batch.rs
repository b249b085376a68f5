//! Lines that are stored together.

use hashbrown::HashMap;
use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::sink::{
    Committed, LogRecord, LogSink, RawLabels, Refusal, RefusalReason, SinkError,
};

use crate::Error;
use crate::discover::{DETECTED_LEVEL, SERVICE_NAME};
use crate::gate::Gate;
use crate::record::{Line, Writer};
use crate::store::LogStore;

/// Collects lines; [`commit`](Batch::commit) stores them as one record.
#[derive(Debug)]
pub struct Batch {
    store: LogStore,
    /// Whether lines are stored with what is found out about them.
    discovers: bool,
    streams: Vec<Labels>,
    /// What was found out about each stream; as long as `streams`.
    found: Vec<Found>,
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

/// What was found out about a stream.
#[derive(Debug, Default)]
struct Found {
    /// Whether its `service_name` was.
    is_service: bool,
    /// The level that its labels tell.
    level: Option<String>,
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
    pub(crate) fn new(store: LogStore, discovers: bool) -> Self {
        Batch {
            store,
            discovers,
            streams: Vec::new(),
            found: Vec::new(),
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
        let intake = self.store.intake();
        let mut found = Found::default();
        let mut named = None;
        if self.discovers {
            let service = intake.discovery.service_name(labels);
            named = service.map(|service| labels.with(SERVICE_NAME, service));
            found.is_service = named.is_some();
            found.level = intake.discovery.level_of_stream(labels);
        }
        let stored = named.as_ref().unwrap_or(labels);
        intake.limits.check_stream(stored)?;
        let stream = u32::try_from(self.streams.len()).unwrap_or(u32::MAX);
        self.streams.push(stored.clone());
        self.found.push(found);
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
        let intake = self.store.intake();
        let line = intake.limits.cut(line);
        let checked = stream.and_then(|stream| {
            intake.limits.check_line(line, metadata)?;
            Ok(stream)
        });
        let index = self.count;
        self.count += 1;
        let stream = match checked {
            Ok(stream) => stream,
            Err(reason) => return self.refused.push(Refusal { index, reason }),
        };
        self.text.extend_from_slice(line);
        let mut put = |name: &str, value: &str| {
            self.metadata_text.push_str(name);
            let name_end = self.metadata_text.len();
            self.metadata_text.push_str(value);
            self.metadata.push((name_end, self.metadata_text.len()));
        };
        match self.found.get(stream as usize).filter(|_| self.discovers) {
            Some(found) => {
                let level = intake.discovery.level(line, metadata, found.level.as_deref());
                discovered(metadata, found, level.as_deref(), &mut put);
            }
            None => metadata.iter().for_each(|(name, value)| put(name, value)),
        }
        self.items.push(Item {
            index,
            stream,
            time,
            text_end: self.text.len(),
            metadata_end: self.metadata.len(),
        });
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
        self.found.clear();
        self.by_raw.clear();
        self.by_labels.clear();
        self.text.clear();
        self.metadata_text.clear();
        self.metadata.clear();
        written?;
        self.store.intake().refused.count(&refused);
        refused.sort_by_key(|refusal| refusal.index);
        Ok(Committed { stored: count - refused.len() as u64, refused })
    }

    fn write(&self, refused: &mut Vec<Refusal>) -> Result<(), Error> {
        let store = self.store.kernel();
        let mut commit = store.begin()?;
        let metadata = self.pairs();
        let snapshot = store.snapshot();
        let now = || store.runtime().clock().now().0;
        let intake = self.store.intake();
        let mut gate = Gate::new(&snapshot, commit.head(), intake, &self.streams, now);
        let mut accepted = Vec::with_capacity(self.items.len());
        let (mut text_start, mut metadata_start) = (0, 0);
        for item in &self.items {
            let text = self.text.get(text_start..item.text_end).unwrap_or_default();
            let metadata = metadata.get(metadata_start..item.metadata_end).unwrap_or_default();
            (text_start, metadata_start) = (item.text_end, item.metadata_end);
            if let Err(reason) = gate.check(item.stream, item.time, text, metadata) {
                refused.push(Refusal { index: item.index, reason });
                continue;
            }
            accepted.push(Line { stream: item.stream, time: item.time, text, metadata });
        }
        if accepted.is_empty() {
            return Ok(());
        }
        let newest = accepted.iter().map(|line| line.time).max().unwrap_or(i64::MIN);
        let mut writer = Writer::begin(self.streams.iter(), accepted.len(), commit.record());
        accepted.iter().for_each(|line| writer.push(line));
        commit.finish(|head| {
            head.apply(&self.streams, |insert| accepted.into_iter().for_each(insert));
        })?;
        self.store.expire(newest)
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

/// Gives the metadata of a line with its level, sorted by name.
fn discovered(
    metadata: &[(&str, &str)],
    found: &Found,
    level: Option<&str>,
    put: &mut impl FnMut(&str, &str),
) {
    // What a sender calls as the label that was made up is told from it as other such metadata is.
    if found.is_service && metadata.iter().any(|(name, _)| *name == SERVICE_NAME) {
        let extracted = format!("{SERVICE_NAME}_extracted");
        let renamed = metadata.iter().map(|(name, value)| match *name {
            SERVICE_NAME => (&*extracted, *value),
            name => (name, *value),
        });
        let mut renamed: Vec<_> = renamed.collect();
        sort(&mut renamed);
        return with_level(&renamed, level, put);
    }
    with_level(metadata, level, put);
}

fn with_level(metadata: &[(&str, &str)], level: Option<&str>, put: &mut impl FnMut(&str, &str)) {
    let Some(level) = level else {
        return metadata.iter().for_each(|(name, value)| put(name, value));
    };
    let at = metadata.partition_point(|(name, _)| *name < DETECTED_LEVEL);
    let (before, after) = metadata.split_at_checked(at).unwrap_or((metadata, &[]));
    before.iter().for_each(|(name, value)| put(name, value));
    put(DETECTED_LEVEL, level);
    let after = after.iter().filter(|(name, _)| *name != DETECTED_LEVEL);
    after.for_each(|(name, value)| put(name, value));
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
