//! Lines for people: time, file, and the text with what was searched for in colour.

use std::io::{self, Write};
use std::ops::Range;

use quadra::labels::regex::Regex;
use quadra::logql::LogLine;
use quadra::logql::ast::{Expr, FilterText, LineFilterOp, Stage, StageKind, Visit, walk};

const BOLD_RED: &str = "\x1b[1;31m";
const MAGENTA: &str = "\x1b[35m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// Writes lines.
pub(crate) struct Painter {
    searched: Vec<Regex>,
    is_colored: bool,
    shows_file: bool,
}

impl Painter {
    /// For the answers of `query`.
    pub(crate) fn new(query: &Expr, is_colored: bool, shows_file: bool) -> Self {
        let mut found = Found { searched: Vec::new() };
        walk(query, &mut found);
        Painter { searched: found.searched, is_colored, shows_file }
    }

    pub(crate) fn write(&self, out: &mut impl Write, line: &LogLine) -> io::Result<()> {
        let (time, file) = (line.time.to_string(), line.origin.stream.get("file"));
        // Records without a time of their own are told apart by nanoseconds that nobody wrote.
        let time = time.get(..23.min(time.len())).unwrap_or(&time).trim_end_matches('Z');
        let paint = |code, text: &str| match self.is_colored {
            true => format!("{code}{text}{PLAIN}"),
            false => text.to_owned(),
        };
        write!(out, "{} ", paint(DIM, time))?;
        if let Some(file) = file.filter(|_| self.shows_file) {
            write!(out, "{}: ", paint(MAGENTA, file))?;
        }
        let mut at = 0;
        for range in if self.is_colored { self.found(&line.line) } else { Vec::new() } {
            out.write_all(&line.line[at..range.start])?;
            out.write_all(BOLD_RED.as_bytes())?;
            out.write_all(&line.line[range.clone()])?;
            out.write_all(PLAIN.as_bytes())?;
            at = range.end;
        }
        out.write_all(&line.line[at..])?;
        out.write_all(b"\n")
    }

    /// What is coloured, in order, not overlapping.
    fn found(&self, line: &[u8]) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        for regex in &self.searched {
            let mut at = 0;
            while let Some(range) = regex.find(&line[at..]) {
                if range.is_empty() {
                    break;
                }
                ranges.push(at + range.start..at + range.end);
                at += range.end;
            }
        }
        ranges.sort_by_key(|range: &Range<usize>| (range.start, std::cmp::Reverse(range.end)));
        let mut end = 0;
        ranges.retain(|range| {
            let is_behind = range.start >= end;
            end = if is_behind { range.end } else { end };
            is_behind
        });
        ranges
    }
}

/// The texts and patterns of the line filters that keep what they find.
struct Found {
    searched: Vec<Regex>,
}

impl<'a> Visit<'a> for Found {
    fn stage(&mut self, stage: &'a Stage) {
        let StageKind::LineFilter(filter) = &stage.kind else { return };
        for arm in &filter.arms {
            let pattern = match (&arm.text, filter.op) {
                (FilterText::Text(text), LineFilterOp::Contains) => escaped(text),
                (FilterText::Text(text), LineFilterOp::Regex) => text.to_string(),
                _ => continue,
            };
            self.searched.extend(Regex::new(&pattern).ok());
        }
    }
}

/// `text` as a pattern that matches it.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern
}
