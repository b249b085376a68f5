//! `stage.multiline`: several lines that are one.

use std::collections::BTreeMap;
use std::time::Duration;

use telemetry_core::labels::Regex;

use super::super::entry::Entry;
use super::super::pipeline::Context;
use super::{Run, StageSetupError, compile, required};

/// Streams whose blocks are kept at once; when one more begins all are handed on.
const STREAMS_MAX: usize = 10_000;

/// Joins lines to blocks, stream by stream. A block begins with a line that `firstline` matches; it
/// ends before the next such line, when it is full, and when none has come for a time.
#[derive(Clone, Debug)]
pub struct Multiline {
    /// A regular expression that matches the first line of a block.
    pub firstline: String,
    /// Lines of a block. What comes then begins another one.
    pub max_lines: usize,
    /// How long a block waits for its next line. It is handed on when lines are handed in or
    /// committed after that.
    pub max_wait_time: Duration,
    /// Whether line ends behind the lines are taken away.
    pub trim_newlines: bool,
}

impl Default for Multiline {
    fn default() -> Self {
        Multiline {
            firstline: String::new(),
            max_lines: 128,
            max_wait_time: Duration::from_secs(3),
            trim_newlines: true,
        }
    }
}

impl Multiline {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("multiline", "firstline", !self.firstline.is_empty())?;
        let first = compile("multiline", &self.firstline)?;
        let wait = i64::try_from(self.max_wait_time.as_nanos()).unwrap_or(i64::MAX);
        Ok(Box::new(Blocks { options: self.clone(), first, wait, streams: BTreeMap::new() }))
    }
}

#[derive(Debug)]
struct Blocks {
    options: Multiline,
    first: Regex,
    wait: i64,
    streams: BTreeMap<BTreeMap<String, String>, Block>,
}

/// What has come of a block.
#[derive(Debug)]
struct Block {
    /// Its first line, whose time, labels and values are those of the block.
    start: Entry,
    text: Vec<u8>,
    lines: usize,
    /// When its last line came.
    at: i64,
}

impl Block {
    fn new(start: Entry, now: i64) -> Self {
        Block { start, text: Vec::new(), lines: 0, at: now }
    }

    /// What has come so far as an entry, if there is anything.
    fn take(&mut self) -> Option<Entry> {
        let lines = std::mem::take(&mut self.lines);
        let line = std::mem::take(&mut self.text);
        (lines > 0).then(|| Entry { line, ..self.start.clone() })
    }
}

impl Run for Blocks {
    fn run(&mut self, entry: Entry, context: &mut Context, out: &mut Vec<Entry>) {
        self.release(false, context, out);
        let is_first = self.first.is_match(&entry.line);
        let line = entry.line.clone();
        if is_first {
            if !self.streams.contains_key(&entry.labels) && self.streams.len() >= STREAMS_MAX {
                self.release(true, context, out);
            }
            let block = Block::new(entry.clone(), context.now);
            let before = self.streams.insert(entry.labels.clone(), block);
            out.extend(before.and_then(|mut block| block.take()));
        }
        let Some(block) = self.streams.get_mut(&entry.labels) else {
            // Nothing has begun yet: it goes on as it is.
            out.push(entry);
            return;
        };
        let mut line = line.as_slice();
        while let (true, [rest @ .., b'\n' | b'\r']) = (self.options.trim_newlines, line) {
            line = rest;
        }
        if block.lines > 0 {
            block.text.push(b'\n');
        }
        block.text.extend_from_slice(line);
        block.lines += 1;
        block.at = context.now;
        if block.lines >= self.options.max_lines.max(1) {
            out.extend(block.take());
        }
    }

    fn release(&mut self, all: bool, context: &mut Context, out: &mut Vec<Entry>) {
        let last = context.now.saturating_sub(self.wait);
        self.streams.retain(|_, block| {
            let is_over = all || block.at < last;
            if is_over {
                out.extend(block.take());
            }
            // A block that waited too long is over, but its stream goes on until all end.
            !all
        });
    }
}
