//! Files into a store in memory.

use std::collections::HashMap;
use std::error::Error;
use std::io::BufRead as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use quadra::labels;
use quadra::labels::Labels;
use quadra::logstore::{Batch, Limits, LogStore};
use quadra::model::LogEntry;

use crate::arguments::Arguments;
use crate::file;
use crate::form::Form;
use crate::record::{Joiner, Record};

/// Bytes of text that are stored at once.
const BATCH_BYTES: usize = 1 << 20;

/// What was read.
pub(crate) struct Loaded {
    pub(crate) store: LogStore,
    pub(crate) files: usize,
    pub(crate) records: u64,
    /// Bytes of their text.
    pub(crate) bytes: u64,
    /// Records without a time of their own.
    pub(crate) undated: u64,
    /// Times of the oldest and the newest record, in nanoseconds.
    pub(crate) range: Option<(i64, i64)>,
}

/// Reads every file of the command line.
pub(crate) fn files(arguments: &Arguments) -> Result<Loaded, Box<dyn Error>> {
    let mut limits = Limits::default();
    // A file need not be in order.
    limits.out_of_order_nanos = i64::MAX;
    let store = LogStore::builder().limits(limits).in_memory()?;
    let batch = store.batch();
    let mut loaded = Loaded { store, files: 0, records: 0, bytes: 0, undated: 0, range: None };
    let mut loader =
        Loader { batch, pending_bytes: 0, loaded: &mut loaded, last: 0, taken: HashMap::new() };
    for path in &arguments.files {
        loader
            .file(path, arguments.form)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    loader.commit()?;
    Ok(loaded)
}

struct Loader<'a> {
    batch: Batch,
    pending_bytes: usize,
    loaded: &'a mut Loaded,
    /// The time of the last record as it was written.
    last: i64,
    /// Times that records of this file were stored at, and a later one that may be free.
    taken: HashMap<i64, i64>,
}

impl Loader<'_> {
    fn file(&mut self, path: &Path, form: Option<Form>) -> Result<(), Box<dyn Error>> {
        let (mut input, mut progress) = file::open(path)?;
        let form = match form {
            Some(form) => form,
            None => Form::of(input.fill_buf()?),
        };
        let changed = std::fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH)?;
        let latest = i64::try_from(changed.as_nanos())?;
        let labels = labels! { "file" => path.display().to_string(), "form" => form.name() };
        self.loaded.files += 1;
        self.last = latest;
        self.taken.clear();
        let mut joiner = Joiner::default();
        let mut buffer = Vec::new();
        while let Some(record) = form.read(&mut input, latest, &mut buffer)? {
            if let Some(whole) = joiner.push(record) {
                self.store(&labels, whole)?;
            }
            progress.tell();
        }
        match joiner.finish() {
            Some(last) => self.store(&labels, last),
            None => Ok(()),
        }
    }

    fn store(&mut self, labels: &Labels, record: Record) -> Result<(), Box<dyn Error>> {
        self.loaded.undated += u64::from(record.time.is_none());
        self.last = record.time.unwrap_or(self.last);
        let time = self.free_time(self.last);
        let range = self.loaded.range.get_or_insert((time, time));
        *range = (range.0.min(time), range.1.max(time));
        self.loaded.records += 1;
        self.loaded.bytes += record.line.len() as u64;
        self.pending_bytes += record.line.len();
        let mut entry = LogEntry::new(time, &record.line);
        for (name, value) in record.metadata {
            entry = entry.with(name, value);
        }
        self.batch.push(labels, &entry);
        if self.pending_bytes >= BATCH_BYTES { self.commit() } else { Ok(()) }
    }

    /// `written`, or the first nanosecond behind it at which no record of this file is stored: a store
    /// keeps equal lines of one time once, and a file may have several. This also keeps their order.
    fn free_time(&mut self, written: i64) -> i64 {
        let mut time = written;
        while let Some(later) = self.taken.get(&time) {
            time = *later;
        }
        self.taken.insert(time, time + 1);
        // The next record of this time need not go the whole way again.
        self.taken.insert(written, time + 1);
        time
    }

    fn commit(&mut self) -> Result<(), Box<dyn Error>> {
        self.pending_bytes = 0;
        let committed = self.batch.commit()?;
        match committed.refused.first() {
            Some(refusal) => Err(format!("a record was refused: {}", refusal.reason).into()),
            None => Ok(()),
        }
    }
}
