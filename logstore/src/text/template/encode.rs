//! Codes the lines of a page by templates.

use telemetry_core::source::LogColumns;
use telemetry_core::storage::varint;

use super::clock::Clock;
use super::dictionary::Dictionary;
use super::encode_column::ColumnWriter;
use super::format::Sections;
use super::rare::{Rare, Unknown};
use super::tokenize::{Span, class, variables};
use crate::block::values;
use crate::text::pack::Packer;

/// A template that lines of a page have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageTemplate {
    /// Its number in the dictionary.
    pub(crate) number: u32,
    /// How many lines of the page have it.
    pub(crate) rows: u32,
}

/// Codes page after page of a block; keeps its templates and its buffers.
#[derive(Default)]
pub(crate) struct Coder {
    pub(crate) dictionary: Dictionary,
    pub(crate) packer: Packer,
    /// The hashes of the long values of the last page (block/values.rs), some of them repeated.
    pub(crate) values: Vec<u64>,
    rare: Rare,
    spans: Vec<Span>,
    /// Where the variables of each row begin.
    span_starts: Vec<usize>,
    /// The template of each row, by number in the dictionary.
    numbers: Vec<u32>,
    /// Place among the page's templates, by number in the dictionary.
    places: Vec<u32>,
    /// The rows of the templates, one template after the other.
    rows: Vec<u32>,
    times: Vec<Clock>,
    column: ColumnWriter,
    sections: Sections,
}

impl Coder {
    /// Appends the text of `columns` by templates. Answers those, the most frequent first.
    pub(crate) fn write(&mut self, columns: &LogColumns, out: &mut Vec<u8>) -> Vec<PageTemplate> {
        self.cut(columns);
        let templates = self.templates();
        self.sections.clear();
        self.put_rows(&templates);
        self.put_columns(columns, &templates);
        varint::put_u64(out, columns.text.len() as u64);
        self.packer.put(&self.sections.columns, out);
        self.packer.put(&self.sections.rows, out);
        self.packer.put(&self.sections.symbols, out);
        self.packer.put(&self.sections.strings, out);
        varint::put_bytes(out, &self.sections.numbers);
        templates
    }

    /// Finds variables and template of each line.
    fn cut(&mut self, columns: &LogColumns) {
        let Coder { dictionary, rare, spans, span_starts, numbers, .. } = self;
        spans.clear();
        span_starts.clear();
        numbers.clear();
        numbers.resize(columns.len(), 0);
        let mut unknown = Vec::new();
        // Text of a page is bounded far below four billion.
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let mut start = 0_u32;
        for (row, number) in numbers.iter_mut().enumerate() {
            let line = columns.line(row);
            let first_span = spans.len();
            let mut first = first_span;
            if let Some(hash) = variables(line, start, spans) {
                let own = spans.get(first_span..).unwrap_or_default();
                if let Some(known) = dictionary.find(hash) {
                    if dictionary.is_of(known, line, start, own) {
                        *number = known;
                    }
                } else {
                    let line = Unknown { row, hash, line, start, first_span, spans: own.len() };
                    first = spans.len();
                    match rare.known(&line, dictionary, spans) {
                        Some(known) => *number = known,
                        None => unknown.push(line),
                    }
                }
            }
            span_starts.push(first);
            start = start.saturating_add(narrow(line.len()));
        }
        rare.resolve(&unknown, dictionary, spans, &mut |row, number, first| {
            if let (Some(known), Some(start)) = (numbers.get_mut(row), span_starts.get_mut(row)) {
                (*known, *start) = (number, first);
            }
        });
        // What has no template is kept whole.
        let mut start = 0;
        for (row, number) in numbers.iter().enumerate() {
            let bytes = narrow(columns.line_bytes(row));
            if *number == 0
                && let Some(first) = span_starts.get_mut(row)
            {
                *first = spans.len();
                spans.push(Span { start, bytes, mask: class::OTHER });
            }
            start = start.saturating_add(bytes);
        }
    }

    /// The templates of the rows, the most frequent first; fills `places` and sorts the rows.
    fn templates(&mut self) -> Vec<PageTemplate> {
        self.places.clear();
        self.places.resize(self.dictionary.len(), 0);
        let mut templates: Vec<PageTemplate> = Vec::new();
        for number in &self.numbers {
            let Some(rows) = self.places.get_mut(*number as usize) else { continue };
            if *rows == 0 {
                templates.push(PageTemplate { number: *number, rows: 0 });
            }
            *rows += 1;
        }
        for template in &mut templates {
            template.rows = self.places.get(template.number as usize).copied().unwrap_or(0);
        }
        templates
            .sort_unstable_by_key(|template| (std::cmp::Reverse(template.rows), template.number));
        // Where the next row of each template goes.
        let mut next = Vec::with_capacity(templates.len());
        let mut sum = 0;
        for (place, template) in (0..).zip(&templates) {
            if let Some(known) = self.places.get_mut(template.number as usize) {
                *known = place;
            }
            next.push(sum);
            sum += template.rows as usize;
        }
        self.rows.clear();
        self.rows.resize(self.numbers.len(), 0);
        for (row, number) in (0_u32..).zip(&self.numbers) {
            let place = self.places.get(*number as usize).copied().unwrap_or(0) as usize;
            if let Some(next) = next.get_mut(place) {
                if let Some(sorted) = self.rows.get_mut(*next) {
                    *sorted = row;
                }
                *next += 1;
            }
        }
        templates
    }

    fn put_rows(&mut self, templates: &[PageTemplate]) {
        let place = |number: &u32| self.places.get(*number as usize).copied().unwrap_or(0);
        let plane = |shift: u32| {
            self.numbers.iter().map(move |number| {
                let [low, ..] = (place(number) >> shift).to_le_bytes();
                low
            })
        };
        match templates.len() {
            0 | 1 => {}
            2..=256 => self.sections.rows.extend(plane(0)),
            _ => {
                self.sections.rows.extend(plane(0));
                self.sections.rows.extend(plane(8));
            }
        }
    }

    fn put_columns(&mut self, columns: &LogColumns, templates: &[PageTemplate]) {
        self.values.clear();
        let mut start = 0;
        let mut clock = Clock::new(columns.times.first().copied().unwrap_or_default());
        for template in templates {
            let rows = self.rows.get(start..start + template.rows as usize).unwrap_or_default();
            start += rows.len();
            self.times.clear();
            for row in rows {
                let time = columns.times.get(*row as usize).copied().unwrap_or_default();
                clock = clock.after(time);
                self.times.push(clock);
            }
            self.column.begin(self.times.first());
            let slots = self.dictionary.summaries(template.number).len();
            for slot in 0..slots {
                self.column.spans.clear();
                for row in rows {
                    let first = self.span_starts.get(*row as usize);
                    let span = first.and_then(|first| self.spans.get(first + slot));
                    self.column.spans.extend(span);
                }
                let summary = self.column.write(&columns.text, &self.times, &mut self.sections);
                self.dictionary.widen(template.number, slot, summary);
                // A line that is no template is no value.
                if summary.bytes_max as usize >= values::BYTES_MIN && template.number != 0 {
                    let spans = self.column.spans.iter();
                    let long = spans.filter(|span| span.bytes as usize >= values::BYTES_MIN);
                    let value = |span: &Span| columns.text.get(span.range()).unwrap_or_default();
                    self.values.extend(long.map(|span| values::hash(value(span))));
                }
            }
        }
    }
}
