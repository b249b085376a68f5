//! Bytes in pieces → records in a sink.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use hashbrown::HashMap;
use memchr::memchr;
use telemetry_core::sink::{LogRecord, LogSink, RawLabels};

use super::form::{Journal, LINES_LOOKED_AT, LineForm, Record};
use super::join::Joiner;
use super::options::{Imported, LineOptions};
use super::pieces::first_line;
use crate::error::Error;

/// Bytes of the first lines that are waited for until a form is recognised.
const HEAD_BYTES: usize = 4096;

/// Times that are remembered; a file is out of order in the small.
const TIMES_MAX: usize = 1 << 14;

/// Where an importer stands between two records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stand {
    /// Bytes of the input whose records were handed to the sink.
    pub(super) bytes: u64,
    /// The time of the last record, as it was written and as it was stored.
    pub(super) last: (i64, i64),
}

/// Times that records were stored at lately.
#[derive(Debug, Default)]
struct Taken {
    /// For each a later one that may be free.
    free: HashMap<i64, i64>,
}

impl Taken {
    /// `written`, or the first nanosecond behind it at which no record was stored lately: a store
    /// keeps equal lines of one time once, and a file may have several. It keeps their order as well.
    fn free(&mut self, written: i64) -> i64 {
        if self.free.len() >= TIMES_MAX {
            self.free.clear();
        }
        let mut time = written;
        while let Some(later) = self.free.get(&time).filter(|later| **later > time) {
            time = *later;
        }
        // The next record of a time on the way need not go the whole way again.
        let next = time.saturating_add(1);
        let mut at = Some(written);
        while let Some(passed) = at.filter(|at| *at < time) {
            at = self.free.insert(passed, next);
        }
        self.free.insert(time, next);
        time
    }
}

/// Stores lines as their ends come.
#[derive(Debug)]
pub struct Importer<S> {
    sink: S,
    options: LineOptions,
    /// Bytes of a record whose end has not come; the first lines, until their form is known.
    partial: Vec<u8>,
    /// Where in the input `partial` begins.
    at: u64,
    joiner: Joiner,
    /// Where it stood when nothing waited in `joiner` that began before; counts while something does.
    waits_from: Stand,
    journal: Journal,
    /// Bytes of the fields that `journal` holds.
    journal_bytes: u64,
    /// The time of the last record, as it was written and as it was stored.
    last: (i64, i64),
    taken: Taken,
    pending_bytes: usize,
    imported: Imported,
}

impl<S: LogSink> Importer<S> {
    /// An importer that writes to `sink`.
    pub fn new(sink: S, options: LineOptions) -> Self {
        let last = (options.default_time.0, options.default_time.0.saturating_sub(1));
        Importer {
            sink,
            imported: Imported { form: options.form, ..Imported::default() },
            options,
            partial: Vec::new(),
            at: 0,
            joiner: Joiner::default(),
            waits_from: Stand::default(),
            journal: Journal::default(),
            journal_bytes: 0,
            last,
            taken: Taken::default(),
            pending_bytes: 0,
        }
    }

    /// Takes the next bytes of the file. Lines are committed whenever there are enough of them.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything; where an export of the journal is damaged.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.imported.bytes += bytes.len() as u64;
        self.imported.file_bytes = self.imported.bytes;
        match self.imported.form {
            Some(form) => self.feed_form(form, bytes),
            None => {
                self.partial.extend_from_slice(bytes);
                // Empty lines are not looked at.
                let lines = self.partial.split_inclusive(|byte| *byte == b'\n');
                let whole = lines.filter(|line| line.len() > 1 && line.ends_with(b"\n"));
                let is_enough = whole.take(LINES_LOOKED_AT + 1).count() > LINES_LOOKED_AT
                    || self.partial.len() >= HEAD_BYTES;
                if is_enough { self.recognise() } else { Ok(()) }
            }
        }
    }

    /// Takes the form that the first lines have, and feeds them.
    fn recognise(&mut self) -> Result<(), Error> {
        let head = self.partial.get(..HEAD_BYTES).unwrap_or(&self.partial);
        let form = LineForm::of(head);
        self.imported.form = Some(form);
        let first = std::mem::take(&mut self.partial);
        self.feed_form(form, &first)
    }

    fn feed_form(&mut self, form: LineForm, bytes: &[u8]) -> Result<(), Error> {
        if form == LineForm::Journal {
            return self.feed_journal(bytes);
        }
        let mut rest = bytes;
        while let Some((line, after)) = first_line(rest) {
            rest = after;
            if self.partial.is_empty() {
                self.cut_line(form, line, 1)?;
            } else {
                self.partial.extend_from_slice(line);
                self.line_of_partial(form, 1)?;
            }
        }
        self.partial.extend_from_slice(rest);
        let partial = std::mem::take(&mut self.partial);
        let rest = self.cut(form, &partial)?.len();
        self.partial = partial;
        self.partial.drain(..self.partial.len() - rest);
        Ok(())
    }

    /// Takes a line in as many parts as its length makes it, whatever the pieces it came in.
    fn cut_line(&mut self, form: LineForm, line: &[u8], end_bytes: usize) -> Result<(), Error> {
        let rest = self.cut(form, line)?;
        self.line(form, rest, end_bytes)
    }

    /// Takes what is cut off `line`, and gives the rest.
    fn cut<'l>(&mut self, form: LineForm, line: &'l [u8]) -> Result<&'l [u8], Error> {
        let line_bytes_max = self.options.line_bytes_max.max(1);
        let mut rest = line;
        while rest.len() > line_bytes_max {
            let (part, behind) = rest.split_at_checked(line_bytes_max).unwrap_or((rest, b""));
            rest = behind;
            self.line(form, part, 0)?;
        }
        Ok(rest)
    }

    fn feed_journal(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.partial.extend_from_slice(bytes);
        let mut partial = std::mem::take(&mut self.partial);
        let mut used = 0;
        let read = loop {
            match self.journal.read(partial.get(used..).unwrap_or_default()) {
                Ok((Some(record), length)) => {
                    used += length;
                    self.at += std::mem::take(&mut self.journal_bytes) + length as u64;
                    if let Err(error) = self.store(&record) {
                        break Err(error);
                    }
                }
                Ok((None, length)) => {
                    used += length;
                    self.journal_bytes += length as u64;
                    break Ok(());
                }
                Err(error) => break Err(error),
            }
        };
        partial.drain(..used);
        self.partial = partial;
        read
    }

    fn line_of_partial(&mut self, form: LineForm, end_bytes: usize) -> Result<(), Error> {
        let line = std::mem::take(&mut self.partial);
        self.cut_line(form, &line, end_bytes)?;
        // Its memory is used again.
        self.partial = line;
        self.partial.clear();
        Ok(())
    }

    /// Takes a line, of which `end_bytes` more stood in the input.
    fn line(&mut self, form: LineForm, line: &[u8], end_bytes: usize) -> Result<(), Error> {
        let at = self.at;
        self.at += (line.len() + end_bytes) as u64;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let LineOptions { time_fields, latest, joins_lines, .. } = &self.options;
        let record = form.record(line, time_fields, latest.map(|latest| latest.0));
        let record = record.unwrap_or_else(|| Record::plain(line));
        if !joins_lines && !record.is_partial && self.joiner.is_empty() {
            return self.store(&record);
        }
        self.joiner.push(record, at, *joins_lines);
        self.store_whole()?;
        // What was stored between the parts of a text is read again with it.
        if self.joiner.begins_at(at) {
            self.waits_from = Stand { bytes: at, last: self.last };
        }
        Ok(())
    }

    /// Stores the records that are complete.
    fn store_whole(&mut self) -> Result<(), Error> {
        while let Some(whole) = self.joiner.next_whole() {
            self.store(&whole)?;
        }
        Ok(())
    }

    fn store(&mut self, record: &Record<'_>) -> Result<(), Error> {
        self.imported.undated += u64::from(record.time.is_none());
        let written = record.time.unwrap_or(self.last.0);
        let is_apart = self.options.keeps_equal_lines;
        let time = if is_apart { self.taken.free(written) } else { written };
        self.last = (written, time);
        let pairs: Vec<_> = self.options.labels.iter().collect();
        let metadata: Vec<_> = record.metadata.iter().map(|(n, v)| (*n, &**v)).collect();
        let line = &record.line;
        self.sink.push(&RawLabels::new(&pairs), LogRecord { time, line, metadata: &metadata });
        let (oldest, newest) = self.imported.range.unwrap_or((time, time));
        self.imported.range = Some((oldest.min(time), newest.max(time)));
        self.imported.lines += 1;
        self.imported.line_bytes += line.len() as u64;
        self.pending_bytes += line.len();
        if self.pending_bytes >= self.options.batch_bytes { self.store_pending() } else { Ok(()) }
    }

    fn store_pending(&mut self) -> Result<(), Error> {
        self.pending_bytes = 0;
        self.imported.refused += self.sink.commit()?.refused.len() as u64;
        Ok(())
    }

    /// Commits the lines that wait for it. A line whose end has not come goes on waiting, and so does
    /// one that may go on in the next.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything.
    pub fn commit(&mut self) -> Result<(), Error> {
        if self.imported.form.is_none() && memchr(b'\n', &self.partial).is_some() {
            self.recognise()?;
        }
        self.store_pending()
    }

    /// Stores the last line, which may have no end, and commits. More bytes begin a new line.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything.
    pub fn finish(&mut self) -> Result<Imported, Error> {
        if self.imported.form.is_none() && !self.partial.is_empty() {
            self.recognise()?;
        }
        match self.imported.form {
            Some(LineForm::Journal) => {
                // The last line of all may have no end.
                if self.partial.last().is_some_and(|last| *last != b'\n') {
                    self.feed_journal(b"\n")?;
                }
                self.partial.clear();
                self.journal_bytes = 0;
                self.at = self.imported.bytes;
                if let Some(record) = self.journal.finish() {
                    self.store(&record)?;
                }
            }
            Some(form) if !self.partial.is_empty() => self.line_of_partial(form, 0)?,
            _ => {}
        }
        self.joiner.finish(self.options.joins_lines);
        self.store_whole()?;
        self.store_pending()?;
        Ok(self.imported)
    }

    /// What was read so far.
    pub fn imported(&self) -> Imported {
        self.imported
    }

    pub(super) fn set_file_bytes(&mut self, bytes: u64) {
        self.imported.file_bytes = bytes;
    }

    /// Where it stands: behind records that were handed to the sink, and before those that wait for
    /// more.
    pub(super) fn stand(&self) -> Stand {
        match self.joiner.is_empty() {
            true => Stand { bytes: self.at, last: self.last },
            false => self.waits_from,
        }
    }

    /// Goes on where another importer stood; nothing was fed before.
    pub(super) fn set_last(&mut self, last: (i64, i64)) {
        self.last = last;
        if last.1 >= last.0 {
            self.taken.free.insert(last.0, last.1.saturating_add(1));
        }
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// The sink, to ask it something between commits.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }

    /// The sink, for good.
    pub fn into_sink(self) -> S {
        self.sink
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_on_the_way_to_a_free_one_is_told_of_it() {
        let mut taken = Taken::default();
        for time in 0..100 {
            assert_eq!(taken.free(time), time);
        }
        assert_eq!(taken.free(0), 100);
        assert_eq!(taken.free.get(&50), Some(&101));
        for more in 1..100 {
            assert_eq!(taken.free(more), 100 + more);
        }
        assert_eq!(taken.free(i64::MAX), i64::MAX);
        assert_eq!(taken.free(i64::MAX), i64::MAX);
    }
}
