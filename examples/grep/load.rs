//! Files into a store in memory.

use std::error::Error;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::UNIX_EPOCH;

use quadra::labels;
use quadra::logstore::{Limits, LogStore};
use quadra::time::Nanos;
use quadra::wire::lines::{Importer, LineForm, LineOptions, import};

use crate::arguments::Arguments;
use crate::file::{self, Progress};

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 << 10;

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
    let mut loaded = Loaded { store, files: 0, records: 0, bytes: 0, undated: 0, range: None };
    for path in &arguments.files {
        loaded
            .file(path, arguments.form)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(loaded)
}

impl Loaded {
    fn file(&mut self, path: &Path, form: Option<LineForm>) -> Result<(), Box<dyn Error>> {
        let form = match form {
            Some(form) => form,
            None => LineForm::of(&file::head(path)?),
        };
        let file = std::fs::File::open(path)?;
        let metadata = file.metadata()?;
        let changed = metadata.modified()?.duration_since(UNIX_EPOCH)?;
        let changed = Nanos(i64::try_from(changed.as_nanos())?);

        let name = path.display().to_string();
        let mut options = LineOptions::new(labels! { "file" => name, "form" => form.name() });
        options.form = Some(form);
        options.joins_lines = true;
        (options.latest, options.default_time) = (Some(changed), changed);
        let importer = Importer::new(self.store.batch(), options);
        let mut progress = Progress::new(path, metadata.len());
        let mut input = BufReader::with_capacity(BUFFER_BYTES, file);
        let imported = import(&mut input, importer, |so_far| {
            progress.tell(so_far.file_bytes);
            ControlFlow::Continue(())
        })?;
        if imported.refused > 0 {
            return Err(format!("{} records were refused", imported.refused).into());
        }
        self.files += 1;
        self.records += imported.lines;
        self.bytes += imported.line_bytes;
        self.undated += imported.undated;
        self.range = match (self.range, imported.range) {
            (Some(known), Some(found)) => Some((known.0.min(found.0), known.1.max(found.1))),
            (known, found) => known.or(found),
        };
        Ok(())
    }
}
