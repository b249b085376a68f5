//! Cuts lines and hands their samples to a sink.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;
use std::io::BufRead;
use std::ops::ControlFlow;

use hashbrown::HashMap;
use telemetry_core::labels::METRIC_NAME;
use telemetry_core::sink::{MetricSink, RawLabels, RefusalReason, SeriesRef};

use super::influx;
use super::json;
use super::options::{Form, LineOptions};
use super::report::{Imported, LineFault, Refused, RefusedLine};
use super::row::{Row, Times};
use crate::error::Error;
use crate::lines::{first_line, for_each_piece};
use crate::prometheus::escape_name;

/// What some programs put in front of a text in UTF-8.
const MARK: &str = "\u{feff}";

/// Series that are remembered; past that all are forgotten and looked up anew.
const SERIES_MAX: usize = 1 << 20;

/// Stores the samples of lines as their ends come.
#[derive(Debug)]
pub struct Importer<S> {
    sink: S,
    options: LineOptions,
    /// A line whose end has not come.
    partial: Vec<u8>,
    /// Whether that is longer than it may be; then it is not kept.
    is_too_long: bool,
    row: Row,
    /// Where the series of a line's samples are, by a hash of what names them.
    known: HashMap<u128, usize>,
    series: Vec<SeriesRef>,
    /// Those of the present line, where they are not known.
    resolved: Vec<Result<SeriesRef, RefusalReason>>,
    /// Items of the commit so far, and from which item on they are of which line.
    items: u64,
    lines: Vec<(u64, u64)>,
    pending_bytes: usize,
    imported: Imported,
}

/// Where the series of a line's samples are.
#[derive(Clone, Copy, Debug)]
enum Found {
    /// In `series`, from this position on.
    Known(usize),
    /// In `resolved`: some of them cannot be.
    New,
}

impl<S: MetricSink> Importer<S> {
    /// An importer that writes to `sink`.
    pub fn new(sink: S, options: LineOptions) -> Self {
        Importer {
            sink,
            options,
            partial: Vec::new(),
            is_too_long: false,
            row: Row::default(),
            known: HashMap::new(),
            series: Vec::new(),
            resolved: Vec::new(),
            items: 0,
            lines: Vec::new(),
            pending_bytes: 0,
            imported: Imported::default(),
        }
    }

    /// Takes the next bytes. Lines are committed whenever there are enough of them.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.imported.bytes += bytes.len() as u64;
        // Looking at all of it at once takes less than looking at line after line.
        let text = str::from_utf8(bytes).ok();
        let mut rest = bytes;
        while let Some((line, after)) = first_line(rest) {
            let start = bytes.len() - rest.len();
            rest = after;
            if self.partial.is_empty() && !self.is_too_long {
                self.line(line, text.and_then(|text| text.get(start..start + line.len())))?;
            } else {
                self.gather(line);
                self.gathered()?;
            }
        }
        self.gather(rest);
        Ok(())
    }

    /// Keeps a part of a line.
    fn gather(&mut self, part: &[u8]) {
        if self.partial.len().saturating_add(part.len()) > self.options.line_bytes_max {
            self.is_too_long = true;
            self.partial = Vec::new();
        } else if !self.is_too_long {
            self.partial.extend_from_slice(part);
        }
    }

    /// Ends the line that was gathered.
    fn gathered(&mut self) -> Result<(), Error> {
        let line = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.is_too_long) {
            self.imported.lines += 1;
            self.refuse_too_long();
            return Ok(());
        }
        self.line(&line, None)?;
        // Its memory is used again.
        self.partial = line;
        self.partial.clear();
        Ok(())
    }

    fn refuse_too_long(&mut self) {
        let limit = self.options.line_bytes_max;
        self.refuse(None, LineFault::TooLong { limit });
    }

    /// Takes a line, which is `text` where that is known already.
    fn line(&mut self, line: &[u8], text: Option<&str>) -> Result<(), Error> {
        self.imported.lines += 1;
        if line.len() > self.options.line_bytes_max {
            self.refuse_too_long();
            return Ok(());
        }
        let end = line.strip_suffix(b"\r").unwrap_or(line).len();
        // A byte order mark is no part of the first cell or measurement.
        let has_mark = self.imported.lines == 1 && line.starts_with(MARK.as_bytes());
        let start = if has_mark { MARK.len() } else { 0 };
        let text = match text {
            Some(text) => text.get(start..end).unwrap_or_default(),
            None => match str::from_utf8(line.get(start..end).unwrap_or_default()) {
                Ok(text) => text,
                Err(error) => {
                    self.refuse(Some(error.valid_up_to()), LineFault::Utf8);
                    return Ok(());
                }
            },
        };
        self.row.clear();
        match self.read(text) {
            Ok(found) => self.hand_over(found),
            Err(refused) => {
                self.refuse(Some(refused.byte), refused.fault);
                return Ok(());
            }
        }
        self.pending_bytes += text.len();
        if self.pending_bytes >= self.options.batch_bytes { self.commit() } else { Ok(()) }
    }

    /// Reads a line and finds the series of its samples, if it has any.
    fn read(&mut self, line: &str) -> Result<Option<Found>, Refused> {
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        let row = &mut self.row;
        match &mut self.options.form {
            Form::Csv(layout) => {
                if layout.take_header(line, row)? {
                    row.clear();
                    return Ok(None);
                }
                layout.read(line, row)?;
            }
            Form::JsonLines => json::read(line, row)?,
            Form::Influx(_) if influx::is_comment(line) => return Ok(None),
            Form::Influx(options) => options.read(line, row)?,
        }
        if self.row.values.is_empty() { Ok(None) } else { self.find(line).map(Some) }
    }

    /// Where the series of the line's samples are.
    fn find(&mut self, line: &str) -> Result<Found, Refused> {
        let count = match self.row.times {
            Times::Series(_) => 1,
            Times::Row(_) => self.row.values.len(),
        };
        if let Some(first) = self.known.get(&self.row.key).copied() {
            let mut series = self.series.get(first..first + count).unwrap_or_default().iter();
            if series.all(|series| self.sink.is_live(*series)) {
                return Ok(Found::Known(first));
            }
        }
        self.resolved.clear();
        for at in 0..count {
            let part = self.row.parts.get(at).copied().unwrap_or_default();
            match &self.options.form {
                Form::Csv(layout) => layout.series(part, &mut self.row),
                Form::JsonLines => json::series(line, &mut self.row)?,
                Form::Influx(options) => options.series(line, part, &mut self.row)?,
            }
            let series = self.resolve(line);
            self.resolved.push(series);
        }
        if self.resolved.iter().any(Result::is_err) {
            return Ok(Found::New);
        }
        if self.series.len() >= SERIES_MAX {
            self.known.clear();
            self.series.clear();
        }
        let first = self.series.len();
        self.series.extend(self.resolved.iter().flatten());
        self.known.insert(self.row.key, first);
        Ok(Found::Known(first))
    }

    /// Looks up the labels of the row.
    fn resolve(&mut self, line: &str) -> Result<SeriesRef, RefusalReason> {
        let escaping = self.options.escaping;
        let escaped = |(name, value)| match name {
            METRIC_NAME => (Cow::Borrowed(name), escape_name(value, escaping)),
            name => (escape_name(name, escaping), Cow::Borrowed(value)),
        };
        let own: Vec<_> = self.row.labels(line).map(escaped).collect();
        let extra = &self.options.labels;
        let own = own.iter().map(|(name, value)| (&**name, &**value));
        let own = own.filter(|(name, value)| !value.is_empty() && !extra.contains(name));
        let pairs: Vec<_> = own.chain(extra.iter()).collect();
        let labels = RawLabels::new(&pairs);
        if let Some(name) = labels.duplicate() {
            return Err(RefusalReason::DuplicateLabel { name: name.to_owned() });
        }
        if let Some((name, _)) = pairs.iter().find(|(name, _)| name.is_empty()) {
            return Err(RefusalReason::InvalidLabel { name: (*name).to_owned() });
        }
        self.sink.resolve(&labels)
    }

    /// Hands the samples of the row to the sink.
    fn hand_over(&mut self, found: Option<Found>) {
        for Refused { byte, fault } in std::mem::take(&mut self.row.refused) {
            self.refuse(Some(byte), fault);
        }
        let Some(found) = found else { return };
        let values = &self.row.values;
        self.lines.push((self.items, self.imported.lines));
        self.items += values.len() as u64;
        let (mut oldest, mut newest) = self.imported.range.unwrap_or((i64::MAX, i64::MIN));
        let mut extend = |time: i64| (oldest, newest) = (oldest.min(time), newest.max(time));
        let resolved = match found {
            Found::Known(first) => Ok(self.series.get(first..).unwrap_or_default()),
            Found::New => Err(&self.resolved),
        };
        match (&self.row.times, resolved) {
            (Times::Row(time), Ok(series)) => {
                let time = time.unwrap_or(self.options.default_time.0);
                extend(time);
                self.sink.append_row(series, time, values);
            }
            (Times::Row(time), Err(resolved)) => {
                let time = time.unwrap_or(self.options.default_time.0);
                for (series, value) in resolved.iter().zip(values) {
                    match series {
                        Ok(series) => {
                            extend(time);
                            self.sink.append(*series, time, (*value).into(), 0);
                        }
                        Err(reason) => self.sink.refuse(reason.clone()),
                    }
                }
            }
            (Times::Series(times), Ok(series)) => {
                let Some(series) = series.first().copied() else { return };
                for (time, value) in times.iter().zip(values) {
                    extend(*time);
                    self.sink.append(series, *time, (*value).into(), 0);
                }
            }
            (Times::Series(_), Err(resolved)) => {
                let reason = resolved.iter().find_map(|series| series.as_ref().err());
                for _ in values {
                    reason.iter().for_each(|reason| self.sink.refuse((*reason).clone()));
                }
            }
        }
        self.imported.range = (oldest <= newest).then_some((oldest, newest));
    }

    /// Counts an item of the present line that is not handed over.
    fn refuse(&mut self, byte: Option<usize>, fault: LineFault) {
        let line = self.imported.lines;
        self.imported.refused += 1;
        if self.imported.refusals.len() < self.options.refusals_max {
            self.imported.refusals.push(RefusedLine { line, byte, fault });
        }
    }

    /// Commits what waits for it. A line whose end has not come goes on waiting.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything.
    pub fn commit(&mut self) -> Result<(), Error> {
        self.pending_bytes = 0;
        self.items = 0;
        let lines = std::mem::take(&mut self.lines);
        let committed = self.sink.commit()?;
        self.imported.stored += committed.stored;
        self.imported.refused += committed.refused.len() as u64;
        let refusals = &mut self.imported.refusals;
        for refusal in committed.refused {
            if refusals.len() >= self.options.refusals_max {
                break;
            }
            let after = lines.partition_point(|(first, _)| *first <= refusal.index);
            let line = after.checked_sub(1).and_then(|at| lines.get(at)).map_or(0, |line| line.1);
            refusals.push(RefusedLine { line, byte: None, fault: refusal.reason.into() });
        }
        refusals.sort_by_key(|refusal| refusal.line);
        Ok(())
    }

    /// Stores the last line, which may have no end, and commits.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything.
    pub fn finish(&mut self) -> Result<Imported, Error> {
        if !self.partial.is_empty() || self.is_too_long {
            self.gathered()?;
        }
        self.commit()?;
        Ok(self.imported.clone())
    }

    /// What was read so far.
    pub fn imported(&self) -> &Imported {
        &self.imported
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// The sink, for good.
    pub fn into_sink(self) -> S {
        self.sink
    }
}

/// Feeds all of `input` to an importer. `progress` is told how far it is after each piece, and may
/// stop it: what was read until then is stored.
///
/// # Errors
///
/// Where the input cannot be read, or the sink cannot store anything.
pub fn import<S: MetricSink>(
    input: &mut dyn BufRead,
    importer: &mut Importer<S>,
    mut progress: impl FnMut(&Imported) -> ControlFlow<()>,
) -> Result<Imported, Error> {
    for_each_piece(input, |piece| {
        importer.feed(piece)?;
        Ok(progress(importer.imported()))
    })?;
    importer.finish()
}
