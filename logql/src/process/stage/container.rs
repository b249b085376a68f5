//! `stage.docker` and `stage.cri`: lines as container runtimes write them.

use std::collections::BTreeMap;

use telemetry_core::time::calendar::parse_rfc3339;

use super::super::entry::Entry;
use super::super::json::Json as Document;
use super::super::pipeline::Context;
use super::{Run, StageSetupError, each};

/// Reads Docker's JSON lines: `{"log": …, "stream": …, "time": …}`. The line becomes the log, the
/// stream a label, the time that of the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Docker;

/// Reads the lines of CRI runtimes: `<time> <stream> <flags> <line>`. The stream becomes a label, the
/// time that of the line; lines that the runtime split (`P`) are put together again.
#[derive(Clone, Debug)]
pub struct Cri {
    /// Streams with a line that waits for its end. When one more comes, all of them go on as they
    /// are.
    pub max_partial_lines: usize,
    /// Bytes of a line that was split; what is more is cut. Counts only with the option below.
    pub max_partial_line_size: usize,
    /// Whether lines that were split are cut.
    pub max_partial_line_size_truncate: bool,
}

impl Default for Cri {
    fn default() -> Self {
        Cri {
            max_partial_lines: 100,
            max_partial_line_size: 0,
            max_partial_line_size_truncate: false,
        }
    }
}

impl Docker {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        Ok(each(|entry, _| {
            let Some(document @ Document::Object(_)) = Document::read(&entry.line) else { return };
            for (name, member) in [("output", "log"), ("stream", "stream"), ("timestamp", "time")] {
                if let Some(value) = document.member(member) {
                    entry.extract(name, value.to_value());
                }
            }
            set(entry, "timestamp", "output");
        }))
    }
}

/// Sets label, time and line of what was extracted.
fn set(entry: &mut Entry, time: &str, line: &str) {
    if let Some(stream) = entry.get("stream").map(|stream| stream.into_owned()) {
        entry.labels.insert("stream".to_owned(), stream);
    }
    if let Some(time) = entry.get(time).and_then(|time| parse_rfc3339(&time)) {
        entry.time = time.0;
    }
    if let Some(line) = entry.get(line).map(|line| line.into_owned()) {
        entry.line = line.into_bytes();
    }
}

impl Cri {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        Ok(Box::new(Parts { options: self.clone(), partial: BTreeMap::new() }))
    }
}

#[derive(Debug)]
struct Parts {
    options: Cri,
    /// Lines that wait for their end, by the labels of their stream.
    partial: BTreeMap<BTreeMap<String, String>, Entry>,
}

impl Parts {
    /// The entry with the line of its stream that waits in front.
    fn joined(&self, before: Option<Entry>, mut entry: Entry) -> Entry {
        if let Some(mut before) = before {
            before.line.append(&mut entry.line);
            entry.line = before.line;
        }
        let Cri { max_partial_line_size: size, max_partial_line_size_truncate, .. } = self.options;
        if max_partial_line_size_truncate && size > 0 {
            entry.line.truncate(size);
        }
        entry
    }
}

impl Run for Parts {
    fn run(&mut self, mut entry: Entry, _: &mut Context, out: &mut Vec<Entry>) {
        let Some([time, stream, flags, content]) = fields(&entry.line) else {
            out.push(entry);
            return;
        };
        let [time, stream, flags, content] =
            [time, stream, flags, content].map(|field| String::from_utf8_lossy(field).into_owned());
        let is_part = flags == "P";
        for (name, value) in
            [("time", time), ("stream", stream), ("flags", flags), ("content", content)]
        {
            entry.extract(name, value);
        }
        set(&mut entry, "time", "content");
        if !is_part {
            let before = self.partial.remove(&entry.labels);
            let is_whole = before.is_none();
            out.push(if is_whole { entry } else { self.joined(before, entry) });
            return;
        }
        let before = self.partial.remove(&entry.labels);
        if before.is_none() && self.partial.len() >= self.options.max_partial_lines.max(1) {
            out.extend(std::mem::take(&mut self.partial).into_values());
        }
        let labels = entry.labels.clone();
        let entry = self.joined(before, entry);
        self.partial.insert(labels, entry);
    }

    fn release(&mut self, all: bool, _: &mut Context, out: &mut Vec<Entry>) {
        if all {
            out.extend(std::mem::take(&mut self.partial).into_values());
        }
    }
}

/// Time, stream, flags and text of a line of CRI.
fn fields(line: &[u8]) -> Option<[&[u8]; 4]> {
    let mut rest = line;
    let mut fields = [line; 3];
    for field in &mut fields {
        let at = rest.iter().position(|byte| *byte == b' ')?;
        *field = rest.get(..at)?;
        rest = rest.get(at + 1..)?;
    }
    let [time, stream, flags] = fields;
    let is_word = |word: &[u8]| !word.is_empty() && !word.iter().any(u8::is_ascii_whitespace);
    let is_line = is_word(time) && matches!(stream, b"stdout" | b"stderr") && is_word(flags);
    is_line.then_some([time, stream, flags, rest])
}
