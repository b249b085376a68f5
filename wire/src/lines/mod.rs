//! Log files: lines of text and JSON lines, at once or as they grow.
//!
//! An [`Importer`] is fed bytes in pieces of any size and stores a line as soon as its end has come.
//! Its time is read from the line ([`stamp`], or a member of a JSON object); a line without a time
//! has that of the one before it.
//!
//! ```
//! use std::ops::ControlFlow;
//! # fn import_file(sink: impl telemetry_core::sink::LogSink) -> Result<(), wire::Error> {
//! use telemetry_core::labels;
//! use wire::lines::{Importer, LineOptions, import};
//!
//! let mut input = &b"2026-11-25 06:34:57 ERROR failed\n\tat main\n2026-11-25 06:34:58 INFO up"[..];
//! let options = LineOptions::new(labels! { "file" => "app.log" });
//! let imported = import(&mut input, Importer::new(sink, options), |so_far| {
//!     println!("{} bytes", so_far.bytes);
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!((imported.lines, imported.undated), (3, 1));
//! # Ok(())
//! # }
//! ```
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

pub mod stamp;

use std::io::BufRead;
use std::ops::ControlFlow;

use memchr::memchr;
use telemetry_core::labels::Labels;
use telemetry_core::sink::{LogRecord, LogSink, RawLabels};
use telemetry_core::time::Nanos;

use crate::error::Error;
use crate::json::Reader;

/// How lines are read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LineOptions {
    /// The stream of the lines.
    pub labels: Labels,
    /// What a line is.
    pub form: LineForm,
    /// Members of a JSON line that may hold its time, the first that does counts: a text as at the
    /// head of a plain line, or an epoch.
    pub time_fields: Vec<String>,
    /// The time of the first lines, where they have none.
    pub default_time: Nanos,
    /// Whether lines that follow each other at one time are stored a nanosecond apart. Else equal
    /// lines of one time are one.
    pub keeps_equal_lines: bool,
    /// Bytes past which a line is cut into several.
    pub line_bytes_max: usize,
    /// Bytes of lines that are stored at once.
    pub batch_bytes: usize,
}

/// What a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineForm {
    /// Text, perhaps with a time at its head.
    #[default]
    Plain,
    /// A JSON object. It is stored as it is, for a query to read.
    Json,
}

impl LineOptions {
    /// Plain lines of the stream `labels`.
    pub fn new(labels: Labels) -> Self {
        let names = ["time", "ts", "timestamp", "@timestamp", "t", "datetime", "date", "Timestamp"];
        LineOptions {
            labels,
            form: LineForm::Plain,
            time_fields: names.map(str::to_owned).to_vec(),
            default_time: Nanos(0),
            keeps_equal_lines: true,
            line_bytes_max: 16 << 20,
            batch_bytes: 1 << 20,
        }
    }
}

/// What was read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Bytes that were fed.
    pub bytes: u64,
    /// Lines that were handed to the sink.
    pub lines: u64,
    /// Those of them without a time of their own.
    pub undated: u64,
    /// Those of them that the sink refused.
    pub refused: u64,
    /// Times of the oldest and the newest line.
    pub range: Option<(i64, i64)>,
}

/// Stores lines as their ends come.
#[derive(Debug)]
pub struct Importer<S> {
    sink: S,
    options: LineOptions,
    /// A line whose end has not come.
    partial: Vec<u8>,
    /// The time of the last line, as it was written and as it was stored.
    last: (i64, i64),
    pending_bytes: usize,
    imported: Imported,
}

impl<S: LogSink> Importer<S> {
    /// An importer that writes to `sink`.
    pub fn new(sink: S, options: LineOptions) -> Self {
        let last = (options.default_time.0, options.default_time.0.saturating_sub(1));
        let (pending_bytes, imported) = Default::default();
        Importer { sink, options, partial: Vec::new(), last, pending_bytes, imported }
    }

    /// Takes the next bytes of the file. Lines are committed whenever there are enough of them.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.imported.bytes += bytes.len() as u64;
        let mut rest = bytes;
        while let Some((line, after)) = first_line(rest) {
            rest = after;
            if self.partial.is_empty() {
                self.store(line)?;
            } else {
                self.partial.extend_from_slice(line);
                self.store_partial()?;
            }
        }
        self.partial.extend_from_slice(rest);
        while self.partial.len() > self.options.line_bytes_max.max(1) {
            let after = self.partial.split_off(self.options.line_bytes_max.max(1));
            let line = std::mem::replace(&mut self.partial, after);
            self.store(&line)?;
        }
        Ok(())
    }

    fn store_partial(&mut self) -> Result<(), Error> {
        let line = std::mem::take(&mut self.partial);
        self.store(&line)?;
        // Its memory is used again.
        self.partial = line;
        self.partial.clear();
        Ok(())
    }

    fn store(&mut self, line: &[u8]) -> Result<(), Error> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let written = match self.options.form {
            LineForm::Plain => stamp::of_line(line),
            LineForm::Json => time_in_json(line, &self.options.time_fields),
        };
        self.imported.undated += u64::from(written.is_none());
        let written = written.unwrap_or(self.last.0);
        let is_next = self.options.keeps_equal_lines && written == self.last.0;
        let time = if is_next { self.last.1.saturating_add(1) } else { written };
        self.last = (written, time);
        let pairs: Vec<_> = self.options.labels.iter().collect();
        self.sink.push(&RawLabels::new(&pairs), LogRecord { time, line, metadata: &[] });
        let (oldest, newest) = self.imported.range.unwrap_or((time, time));
        self.imported.range = Some((oldest.min(time), newest.max(time)));
        self.imported.lines += 1;
        self.pending_bytes += line.len();
        if self.pending_bytes >= self.options.batch_bytes { self.commit() } else { Ok(()) }
    }

    /// Commits the lines that wait for it. A line whose end has not come goes on waiting.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything.
    pub fn commit(&mut self) -> Result<(), Error> {
        self.pending_bytes = 0;
        self.imported.refused += self.sink.commit()?.refused.len() as u64;
        Ok(())
    }

    /// Stores the last line, which may have no end, and commits. More bytes begin a new line.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything.
    pub fn finish(&mut self) -> Result<Imported, Error> {
        if !self.partial.is_empty() {
            self.store_partial()?;
        }
        self.commit()?;
        Ok(self.imported)
    }

    /// What was read so far.
    pub fn imported(&self) -> Imported {
        self.imported
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
pub fn import<S: LogSink>(
    input: &mut dyn BufRead,
    mut importer: Importer<S>,
    mut progress: impl FnMut(&Imported) -> ControlFlow<()>,
) -> Result<Imported, Error> {
    for_each_piece(input, |piece| {
        importer.feed(piece)?;
        Ok(progress(&importer.imported()))
    })?;
    importer.finish()
}

/// The first line without its end, and what follows that; none where no line ends.
#[inline]
pub(crate) fn first_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, after) = bytes.split_at_checked(memchr(b'\n', bytes)?)?;
    Some((line, after.get(1..)?))
}

/// Hands `input` to `take` piece by piece, to its end or until `take` stops it.
pub(crate) fn for_each_piece(
    input: &mut dyn BufRead,
    mut take: impl FnMut(&[u8]) -> Result<ControlFlow<()>, Error>,
) -> Result<(), Error> {
    loop {
        let piece = input.fill_buf().map_err(|source| Error::Read { source })?;
        let len = piece.len();
        if len == 0 {
            return Ok(());
        }
        let flow = take(piece)?;
        input.consume(len);
        if flow.is_break() {
            return Ok(());
        }
    }
}

/// The time in a JSON object: of the first of `names` that holds one.
fn time_in_json(line: &[u8], names: &[String]) -> Option<i64> {
    let mut reader = Reader::new(line).ok()?;
    let mut best: Option<(usize, i64)> = None;
    let read = reader.object(|reader, name| {
        let place = names.iter().position(|known| known == name);
        let place = place.filter(|place| best.is_none_or(|best| *place < best.0));
        let time = match (place, reader.peek()) {
            (Some(_), b'"') => stamp::of_line(reader.string()?.as_bytes()),
            (Some(_), b'-' | b'0'..=b'9') => epoch(reader.number()?),
            _ => {
                reader.skip(0)?;
                None
            }
        };
        best = place.zip(time).or(best);
        Ok(())
    });
    read.ok()?;
    best.map(|best| best.1)
}

/// An epoch; a whole number exactly.
fn epoch(text: &str) -> Option<i64> {
    stamp::of_line(text.as_bytes()).or_else(|| stamp::of_number(text.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telemetry_core::labels;
    use telemetry_core::sink::{Committed, RefusalReason, SinkError};

    #[derive(Default)]
    struct Seen {
        lines: Vec<(i64, String)>,
        commits: usize,
    }

    impl LogSink for Seen {
        fn push(&mut self, _: &RawLabels<'_>, record: LogRecord<'_>) {
            self.lines.push((record.time, String::from_utf8_lossy(record.line).into_owned()));
        }

        fn refuse(&mut self, _: RefusalReason) {}

        fn commit(&mut self) -> Result<Committed, SinkError> {
            self.commits += 1;
            Ok(Committed::default())
        }
    }

    fn options() -> LineOptions {
        LineOptions { default_time: Nanos(5), ..LineOptions::new(labels! { "a" => "b" }) }
    }

    fn imported(text: &[u8], options: LineOptions) -> Vec<(i64, String)> {
        let mut importer = Importer::new(Seen::default(), options);
        importer.feed(text).unwrap();
        importer.finish().unwrap();
        importer.into_sink().lines
    }

    #[test]
    fn lines_without_a_time_have_that_of_the_one_before() {
        let text = b"first\r\n1970-01-01T00:00:01Z one\n\tat main\n\n1970-01-01T00:00:01Z one\nend";
        let found = imported(text, options());
        let times: Vec<i64> = found.iter().map(|line| line.0).collect();
        let second = 1_000_000_000;
        assert_eq!(times, [5, second, second + 1, second + 2, second + 3, second + 4]);
        assert_eq!(found[0].1, "first");
        assert_eq!(found[5].1, "end");
    }

    #[test]
    fn the_time_of_a_json_line_is_in_it() {
        for (line, time) in [
            (r#"{"x":1,"ts":"1970-01-01T00:00:01Z"}"#, 1_000_000_000),
            (r#"{"t":1,"time":1700000000}"#, 1_700_000_000_000_000_000),
            (r#"{"ts":1700000000.5}"#, 1_700_000_000_500_000_000),
            (r#"{"ts":"never","t":1700000000123}"#, 1_700_000_000_123_000_000),
            (r#"{"a":{"ts":1}}"#, 5),
            ("no json", 5),
        ] {
            let form = LineForm::Json;
            let found = imported(line.as_bytes(), LineOptions { form, ..options() });
            assert_eq!(found, [(time, line.to_owned())], "{line}");
        }
    }

    #[test]
    fn a_line_without_an_end_does_not_grow_for_ever() {
        let options = LineOptions { line_bytes_max: 4, batch_bytes: 8, ..options() };
        let mut importer = Importer::new(Seen::default(), options);
        for _ in 0..10 {
            importer.feed(b"ab").unwrap();
        }
        importer.finish().unwrap();
        let seen = importer.into_sink();
        assert_eq!(seen.lines.len(), 5);
        assert!(seen.commits > 2);
    }

    #[test]
    fn progress_may_stop_it() {
        let mut input = std::io::BufReader::with_capacity(4, &b"one\ntwo\nthree\n"[..]);
        let importer = Importer::new(Seen::default(), options());
        let mut told = Vec::new();
        let imported = import(&mut input, importer, |so_far| {
            told.push((so_far.bytes, so_far.lines));
            if so_far.lines == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(imported.unwrap().lines, 2);
        assert_eq!(told, [(4, 1), (8, 2)]);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            text in prop::collection::vec(prop::sample::select(&b"a\r\n"[..]), 0..40),
            cut in 1..9_usize,
        ) {
            let mut importer = Importer::new(Seen::default(), options());
            text.chunks(cut).for_each(|piece| importer.feed(piece).unwrap());
            importer.finish().unwrap();
            prop_assert_eq!(importer.into_sink().lines, imported(&text, options()));
        }
    }
}
