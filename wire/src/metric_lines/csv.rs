//! Reads a line of CSV.
//!
//! ~~~text
//! cell      characters without `,`  |  " characters, "" for " "
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use memchr::memchr;
use telemetry_core::labels::METRIC_NAME;
use telemetry_core::syntax::number::parse_float;
use xxhash_rust::xxh3::xxh3_128;

use super::layout::{Column, CsvLayout, Header};
use super::report::{LineFault, Refused};
use super::row::{Piece, Row, Times};
use crate::decimal;

impl CsvLayout {
    /// Reads the first line, where that names the columns; whether it did.
    pub(super) fn take_header(&mut self, line: &str, row: &mut Row) -> Result<bool, Refused> {
        let Some(header) = self.header.take() else { return Ok(false) };
        match columns(&header, line, row) {
            Ok(columns) => {
                self.columns = columns;
                Ok(true)
            }
            Err(refused) => {
                // The next line may be it.
                self.header = Some(header);
                Err(refused)
            }
        }
    }

    /// Reads the samples of a line.
    pub(super) fn read(&self, line: &str, row: &mut Row) -> Result<(), Refused> {
        let mut cells = Cells::of(line);
        let mut time = None;
        let mut hashed = std::mem::take(&mut row.hashed);
        hashed.clear();
        let mut fault = None;
        for (part, (position, column)) in self.columns.iter().enumerate() {
            cells.skip_to(*position)?;
            let start = cells.at;
            match column {
                Column::Label(_) => {
                    let cell = cells.next(row)?;
                    hashed.extend_from_slice(row.text(line, &cell).as_bytes());
                    // No text has this byte.
                    hashed.push(0xff);
                    row.cells.push(cell);
                }
                Column::Metric(_) => match cells.next_number(row)? {
                    Number::Value(value) => row.push(part, value),
                    other => {
                        // Nor this one, so that what is missing is not taken for a part of a label.
                        hashed.push(0xfe);
                        hashed.extend_from_slice(&(part as u64).to_le_bytes());
                        if other == Number::Wrong {
                            row.refused.push(Refused::new(start, LineFault::Number));
                        }
                    }
                },
                Column::Time(form) => {
                    let cell = cells.next(row)?;
                    time = form.millis(row.text(line, &cell));
                    if time.is_none() {
                        fault = Some(Refused::new(start, LineFault::Time));
                    }
                }
            }
        }
        row.key = xxh3_128(&hashed);
        row.times = Times::Row(time);
        row.hashed = hashed;
        fault.map_or(Ok(()), Err)
    }

    /// Makes the labels of the series of a column's sample.
    pub(super) fn series(&self, part: usize, row: &mut Row) {
        row.clear_labels();
        let mut label = 0;
        for (at, (_, column)) in self.columns.iter().enumerate() {
            match column {
                Column::Metric(name) if at == part => {
                    let label = row.keep(|arena| arena.push_str(METRIC_NAME));
                    let name = row.keep(|arena| arena.push_str(name));
                    row.label(label, name);
                }
                Column::Label(name) => {
                    let Some(cell) = row.cells.get(label).cloned() else { continue };
                    label += 1;
                    let name = row.keep(|arena| arena.push_str(name));
                    row.label(name, cell);
                }
                _ => {}
            }
        }
    }
}

/// The columns that the first line names.
fn columns(header: &Header, line: &str, row: &mut Row) -> Result<Vec<(usize, Column)>, Refused> {
    let mut cells = Cells::of(line);
    while !cells.is_at_end {
        let cell = cells.next(row)?;
        row.cells.push(cell);
    }
    let names: Vec<&str> = row.cells.iter().map(|cell| row.text(line, cell)).collect();
    let wanted = header.time.iter().map(|time| &time.0).chain(&header.labels);
    for name in wanted {
        if names.iter().filter(|found| *found == name).count() != 1 {
            return Err(Refused::new(0, LineFault::Header { name: name.clone() }));
        }
    }
    let column = |name: &str| match &header.time {
        Some((time, form)) if time == name => Column::Time(*form),
        _ if header.labels.iter().any(|label| label == name) => Column::Label(name.to_owned()),
        _ => Column::Metric(name.to_owned()),
    };
    let named = names.iter().enumerate().filter(|(_, name)| !name.is_empty());
    Ok(named.map(|(position, name)| (position, column(name))).collect())
}

/// What a cell with a value is.
#[derive(Debug, PartialEq)]
enum Number {
    Value(f64),
    Empty,
    Wrong,
}

/// The cells of a line, from the first one on.
struct Cells<'t> {
    line: &'t str,
    /// Where the next cell begins.
    at: usize,
    /// Its number, from 0.
    position: usize,
    is_at_end: bool,
}

impl<'t> Cells<'t> {
    fn of(line: &'t str) -> Self {
        Cells { line, at: 0, position: 0, is_at_end: false }
    }

    /// Steps over the cells in front of number `position`, which must be there.
    #[inline]
    fn skip_to(&mut self, position: usize) -> Result<(), Refused> {
        while self.position < position && !self.is_at_end {
            self.skip()?;
        }
        if self.is_at_end {
            let fault = LineFault::NoColumn { column: self.position + 1 };
            return Err(Refused::new(self.line.len(), fault));
        }
        Ok(())
    }

    #[cold]
    fn skip(&mut self) -> Result<(), Refused> {
        self.next(&mut Row::default()).map(drop)
    }

    /// The next cell.
    #[inline]
    fn next(&mut self, row: &mut Row) -> Result<Piece, Refused> {
        let rest = self.rest();
        if rest.first() == Some(&b'"') {
            let (cell, end) = quoted(self.line, self.at + 1, row)?;
            self.end_at(end);
            return Ok(cell);
        }
        let cell = self.at..self.at + len_of_cell(rest);
        self.end_at(cell.end);
        Ok(Piece::Line(cell))
    }

    /// The next cell as a number.
    #[inline]
    fn next_number(&mut self, row: &mut Row) -> Result<Number, Refused> {
        let rest = self.rest();
        if let Some((value, len)) = decimal::float(rest)
            && matches!(rest.get(len), None | Some(b','))
        {
            self.end_at(self.at + len);
            return Ok(Number::Value(value));
        }
        let cell = self.next(row)?;
        Ok(match row.text(self.line, &cell) {
            "" => Number::Empty,
            text => parse_float(text).map_or(Number::Wrong, Number::Value),
        })
    }

    fn rest(&self) -> &'t [u8] {
        self.line.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Goes on behind the comma at `end`, if the line goes on there.
    #[inline]
    fn end_at(&mut self, end: usize) {
        self.is_at_end = end == self.line.len();
        self.position += 1;
        self.at = end + 1;
    }
}

/// Where the first comma is, or the end: cells are short.
#[inline]
fn len_of_cell(rest: &[u8]) -> usize {
    rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len())
}

/// The cell behind an opening quote, and where it ends.
fn quoted(line: &str, start: usize, row: &mut Row) -> Result<(Piece, usize), Refused> {
    let bytes = line.as_bytes();
    let wrong = || Refused::new(start - 1, LineFault::Quotes);
    let mut at = start;
    let mut has_pair = false;
    let end = loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at += memchr(b'"', rest).ok_or_else(wrong)?;
        if bytes.get(at + 1) != Some(&b'"') {
            break at;
        }
        has_pair = true;
        at += 2;
    };
    if !matches!(bytes.get(end + 1), None | Some(b',')) {
        return Err(wrong());
    }
    let cell = if has_pair {
        let text = line.get(start..end).unwrap_or_default();
        row.keep(|arena| {
            text.split("\"\"").enumerate().for_each(|(at, part)| {
                arena.push_str(if at == 0 { "" } else { "\"" });
                arena.push_str(part);
            })
        })
    } else {
        Piece::Line(start..end)
    };
    Ok((cell, end + 1))
}
