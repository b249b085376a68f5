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
use super::row::{Piece, Row, Sample};
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
        let last = self.columns.last().map_or(0, |(position, _)| *position);
        let end = cells(line, row, last + 1)?;
        if row.cells.len() <= last {
            let column = row.cells.len() + 1;
            return Err(Refused::new(end, LineFault::NoColumn { column }));
        }
        let mut time = None;
        let mut hashed = std::mem::take(&mut row.hashed);
        let mut samples = std::mem::take(&mut row.samples);
        hashed.clear();
        let mut fault = None;
        for (part, (position, column)) in self.columns.iter().enumerate() {
            let Some(cell) = row.cells.get(*position) else { continue };
            let text = row.text(line, cell);
            match column {
                Column::Label(_) => {
                    hashed.extend_from_slice(text.as_bytes());
                    // No text has this byte.
                    hashed.push(0xff);
                }
                Column::Metric(_) if text.is_empty() => {}
                Column::Metric(_) => match number(text) {
                    Some(value) => {
                        // Nor this one, so that a value is not taken for a part of a label.
                        hashed.push(0xfe);
                        hashed.extend_from_slice(&(part as u64).to_le_bytes());
                        samples.push(Sample { part, time: None, value });
                    }
                    None => {
                        let place = place(line, *position);
                        row.refused.push(Refused::new(place, LineFault::Number));
                    }
                },
                Column::Time(form) => {
                    time = form.millis(text);
                    if time.is_none() {
                        fault = Some(Refused::new(place(line, *position), LineFault::Time));
                        break;
                    }
                }
            }
        }
        row.key = xxh3_128(&hashed);
        row.is_one_series = false;
        samples.iter_mut().for_each(|sample| sample.time = time);
        (row.hashed, row.samples) = (hashed, samples);
        fault.map_or(Ok(()), Err)
    }

    /// Makes the labels of a sample's series.
    pub(super) fn series(&self, sample: &Sample, row: &mut Row) {
        row.clear_labels();
        for (at, (position, column)) in self.columns.iter().enumerate() {
            match column {
                Column::Metric(name) if at == sample.part => {
                    let label = row.keep(|arena| arena.push_str(METRIC_NAME));
                    let name = row.keep(|arena| arena.push_str(name));
                    row.label(label, name);
                }
                Column::Label(name) => {
                    let Some(cell) = row.cells.get(*position).cloned() else { continue };
                    let name = row.keep(|arena| arena.push_str(name));
                    row.label(name, cell);
                }
                _ => {}
            }
        }
    }
}

/// The number that a cell is.
#[inline]
fn number(text: &str) -> Option<f64> {
    match decimal::float(text.as_bytes()) {
        Some((value, len)) if len == text.len() => Some(value),
        _ => parse_float(text).ok(),
    }
}

/// The columns that the first line names.
fn columns(header: &Header, line: &str, row: &mut Row) -> Result<Vec<(usize, Column)>, Refused> {
    cells(line, row, usize::MAX)?;
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

/// Reads the first `wanted` cells; gives where reading ended.
fn cells(line: &str, row: &mut Row, wanted: usize) -> Result<usize, Refused> {
    row.cells.clear();
    let bytes = line.as_bytes();
    let mut at = 0;
    while row.cells.len() < wanted {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.first() == Some(&b'"') {
            at = quoted(line, at + 1, row)?;
        } else {
            let len = memchr(b',', rest).unwrap_or(rest.len());
            row.cells.push(Piece::Line(at..at + len));
            at += len;
        }
        if at == bytes.len() {
            break;
        }
        // The comma.
        at += 1;
    }
    Ok(at)
}

/// Reads the cell behind an opening quote; gives where it ends.
fn quoted(line: &str, start: usize, row: &mut Row) -> Result<usize, Refused> {
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
    row.cells.push(cell);
    Ok(end + 1)
}

/// Where cell number `position` begins.
#[cold]
fn place(line: &str, position: usize) -> usize {
    let mut row = Row::default();
    match position {
        0 => 0,
        position => cells(line, &mut row, position).unwrap_or_default(),
    }
}
