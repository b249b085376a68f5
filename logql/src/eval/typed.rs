//! A parser and filters on columns: pages that offer templates are read without building lines.
//!
//! ~~~text
//! template   {"route":"/a","status":␣,"took":␣.␣}     ␣: slots of digits or letters
//! probe      {"route":"/a","status":900000001,"took":900000002.900000003}   parsed as a line
//! decided    route = "/a"     status = slot 0     took = slot 1 "." slot 2
//! rows       one evaluation per value of slot 0, if that is all that varies; else one per row
//! ~~~
//!
//! What a template means is found by the parser itself, on a line with marks in the slots: so names,
//! clashes, duplicates and nesting are those of the line path. It holds for every value, as values
//! of letters and digits end no token and begin no escape. Where that is not so (a slot in a key or
//! at the start of a bare word, any bytes in a slot, a backslash, text that is no UTF-8, an error),
//! the lines of the template go the line path.

use super::scan::{Next, Scan};
use crate::error::Error;
use crate::stage::hints::Hints;
use crate::stage::labels::{Category, LineLabels};
use crate::stage::{Entry, LineText, Pipeline};
use hashbrown::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use telemetry_core::labels::hash_pairs;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{
    LogColumns, LogPage, LogTemplates, LogWant, SlotColumn, SlotForm, SlotKind, Template,
};

/// Rows between two looks at the clock.
const CHECK_ROWS: usize = 4_096;

/// What becomes of a line: its series, and its value where it has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampled {
    pub(super) series: usize,
    pub(super) value: f64,
}

/// Who takes the samples of a page.
pub(super) trait Samples {
    /// The sample of a line with these labels, if it gives one.
    fn sample(&mut self, labels: &mut LineLabels) -> Option<Sampled>;

    /// Counts a sample. Rows come in no order.
    fn add(&mut self, row: usize, time: i64, sample: Sampled);

    /// The times whose samples are wanted.
    fn window(&self) -> RangeInclusive<i64> {
        i64::MIN..=i64::MAX
    }

    /// Whether rows that no template decides are added as they are, instead of being read as lines.
    fn takes_undecided(&self) -> bool {
        false
    }
}

/// A piece of a label's value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Slot(usize),
}

/// A label of all lines of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TypedLabel {
    name: Box<str>,
    parts: Vec<Part>,
}

/// What is known of templates, and buffers.
#[derive(Debug, Default)]
pub(super) struct TypedColumns {
    /// By template, and by the names of the stream's labels, which names may clash with.
    decided: HashMap<(u64, u64), Option<Arc<Vec<TypedLabel>>>>,
    times: LogColumns,
    /// The wanted rows of each template.
    rows: Vec<Vec<usize>>,
    /// How many rows of each template come before those.
    rows_before: Vec<usize>,
    columns: Vec<SlotColumn>,
}

/// Whether a pipeline can run on columns at all.
pub(super) fn fits(pipeline: &Pipeline, hints: &Hints) -> bool {
    hints.is_narrow() && pipeline.is_parser_with_filters()
}

/// Takes the samples of a page; false, and nothing done, where it offers no templates.
pub(super) fn page(
    scan: &mut Scan<'_>,
    hints: &Hints,
    page: &dyn LogPage,
    context: &QueryContext,
    samples: &mut dyn Samples,
) -> Result<bool, Error> {
    let Some(templates) = page.templates()? else { return Ok(false) };
    let mut typed = std::mem::take(&mut scan.typed);
    let result = typed.page(scan, hints, page, &*templates, context, samples);
    scan.typed = typed;
    result.map(|()| true)
}

impl TypedColumns {
    fn page(
        &mut self,
        scan: &mut Scan<'_>,
        hints: &Hints,
        page: &dyn LogPage,
        templates: &dyn LogTemplates,
        context: &QueryContext,
        samples: &mut dyn Samples,
    ) -> Result<(), Error> {
        context.check()?;
        page.decode(LogWant::TIMES, &mut self.times)?;
        context.statistics().add_chunks(1);
        context.charge_samples(self.times.len() as u64)?;
        self.sort_rows(templates, samples.window());
        scan.labels.enter(page.labels());
        let names = hash_pairs(page.labels().iter().map(|(name, _)| (name, "")));
        let mut line_rows: Vec<usize> = Vec::new();
        for index in 0..templates.len() {
            let rows = self.rows.get(index).map(Vec::as_slice).unwrap_or_default();
            let (false, Some(template)) = (rows.is_empty(), templates.template(index)) else {
                continue;
            };
            let labels = self
                .decided
                .entry((template.id, names))
                .or_insert_with(|| decide(scan, hints, template).map(Arc::new));
            match labels.clone() {
                Some(labels) => {
                    let rows = std::mem::take(self.rows.get_mut(index).unwrap_or(&mut Vec::new()));
                    let place = (templates, index);
                    self.template(scan, place, &labels, &rows, context, samples)?;
                }
                None => line_rows.extend(rows),
            }
        }
        if samples.takes_undecided() {
            let unknown = Sampled { series: 0, value: 0.0 };
            for row in line_rows {
                let time = self.times.times.get(row).copied().unwrap_or_default();
                samples.add(row, time, unknown);
            }
        } else if !line_rows.is_empty() {
            line_rows.sort_unstable();
            scan.some_rows(page, &line_rows, |entry, place| {
                if let (Some(sample), Some(row)) =
                    (samples.sample(entry.labels), line_rows.get(place))
                {
                    samples.add(*row, entry.time, sample);
                }
                Ok(Next::Line)
            })?;
        }
        Ok(())
    }

    /// Which rows each template has in a window.
    fn sort_rows(&mut self, templates: &dyn LogTemplates, window: RangeInclusive<i64>) {
        self.rows.iter_mut().for_each(Vec::clear);
        self.rows.resize_with(templates.len(), Vec::new);
        self.rows_before.clear();
        self.rows_before.resize(templates.len(), 0);
        let times = &self.times.times;
        let from = times.partition_point(|time| time < window.start());
        let to = times.partition_point(|time| time <= window.end());
        let of_rows = templates.of_rows();
        for of in of_rows.get(..from).unwrap_or_default() {
            if let Some(before) = self.rows_before.get_mut(*of as usize) {
                *before += 1;
            }
        }
        for (row, of) in (from..).zip(of_rows.get(from..to).unwrap_or_default()) {
            if let Some(rows) = self.rows.get_mut(*of as usize) {
                rows.push(row);
            }
        }
    }

    /// Evaluates the rows of a template.
    fn template(
        &mut self,
        scan: &mut Scan<'_>,
        (templates, index): (&dyn LogTemplates, usize),
        labels: &[TypedLabel],
        rows: &[usize],
        context: &QueryContext,
        samples: &mut dyn Samples,
    ) -> Result<(), Error> {
        let mut slots: Vec<usize> = Vec::new();
        for part in labels.iter().flat_map(|label| &label.parts) {
            if let Part::Slot(slot) = part
                && !slots.contains(slot)
            {
                slots.push(*slot);
            }
        }
        self.columns.resize_with(self.columns.len().max(slots.len()), SlotColumn::default);
        for (column, slot) in self.columns.iter_mut().zip(&slots) {
            templates.column(index, *slot, column)?;
        }
        let columns = self.columns.get(..slots.len()).unwrap_or_default();
        let varying = columns.iter().filter(|column| column.form != SlotForm::Constant);
        let varying: Vec<&SlotColumn> = varying.collect();
        // What the one value that varies has led to.
        let mut known: HashMap<u64, Option<Sampled>> = HashMap::new();
        let mut text = Vec::new();
        let before = self.rows_before.get(index).copied().unwrap_or_default();
        for (nth, row) in (before..).zip(rows) {
            if nth % CHECK_ROWS == CHECK_ROWS - 1 {
                context.check()?;
            }
            let key = match &varying[..] {
                [] => Some(0),
                [one] if one.form != SlotForm::Text => one.numbers.get(nth).copied(),
                _ => None,
            };
            let found = key.and_then(|key| known.get(&key).copied());
            let sample = match found {
                Some(sample) => sample,
                None => {
                    let row_labels = &mut scan.labels;
                    row_labels.reset();
                    for label in labels {
                        text.clear();
                        write(label, &slots, columns, nth, &mut text);
                        // Values are ASCII and the text between them is UTF-8.
                        row_labels.set(&label.name, std::str::from_utf8(&text).unwrap_or_default());
                    }
                    let kept = scan.pipeline.filter_only(row_labels);
                    let sample = if kept { samples.sample(row_labels) } else { None };
                    if let Some(key) = key {
                        known.insert(key, sample);
                    }
                    sample
                }
            };
            if let (Some(sample), Some(time)) = (sample, self.times.times.get(*row)) {
                samples.add(*row, *time, sample);
            }
        }
        Ok(())
    }
}

fn write(
    label: &TypedLabel,
    slots: &[usize],
    columns: &[SlotColumn],
    row: usize,
    out: &mut Vec<u8>,
) {
    for part in &label.parts {
        match part {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Slot(slot) => {
                let column = slots.iter().position(|known| known == slot);
                if let Some(column) = column.and_then(|at| columns.get(at)) {
                    column.write(row, out);
                }
            }
        }
    }
}

/// What the parser makes of every line of a template; nothing where that hangs on the values.
fn decide(scan: &mut Scan<'_>, hints: &Hints, template: Template<'_>) -> Option<Vec<TypedLabel>> {
    let text = std::str::from_utf8(template.text).ok()?;
    let odd = |c: char| c == '\\' || c == char::REPLACEMENT_CHARACTER;
    if text.contains(odd) || template.slots.iter().any(|slot| slot.kind == SlotKind::Text) {
        return None;
    }
    // Two sets of marks must agree: those of one could stand in the text already, and words of
    // letters and of digits are not the same to JSON where they are bare.
    let letters = |mark: String| mark.bytes().map(|byte| char::from(byte + 64)).collect();
    let first = labels_of(scan, hints, template, text, "90173", &letters)?;
    let second = labels_of(scan, hints, template, text, "82641", &|mark| mark)?;
    (first == second).then_some(first)
}

/// The labels of the line that has marks, which all begin alike, in the slots of a template; `word`
/// makes the mark of a word of one of digits.
fn labels_of(
    scan: &mut Scan<'_>,
    hints: &Hints,
    template: Template<'_>,
    text: &str,
    begin: &str,
    word: &dyn Fn(String) -> String,
) -> Option<Vec<TypedLabel>> {
    let (mut line, mut marks, mut from) = (String::new(), Vec::new(), 0);
    for (number, slot) in template.slots.iter().enumerate() {
        let at = slot.at as usize;
        line.push_str(text.get(from..at)?);
        from = at;
        let mark = format!("{begin}{number:05}");
        let mark = if slot.kind == SlotKind::Word { word(mark) } else { mark };
        line.push_str(&mark);
        marks.push(mark);
    }
    line.push_str(text.get(from..)?);
    let everything = Hints::everything();
    scan.labels.reset();
    let mut buffer = Vec::new();
    let mut entry = Entry {
        time: 0,
        now: 0,
        line: LineText::new(line.as_bytes(), &mut buffer),
        stored_bytes: line.len(),
        labels: &mut scan.labels,
    };
    scan.pipeline.parse_only(&mut entry, &everything);
    if scan.labels.has_error() {
        return None;
    }
    let all = scan.pipeline.sets_all_labels();
    let (mut labels, mut is_decided) = (Vec::new(), true);
    scan.labels.for_each(|name, value, category| {
        if category != Category::Parsed {
            return;
        }
        is_decided &= !marks.iter().any(|mark| name.contains(mark.as_str()));
        if all || hints.wants(name) {
            labels.push(TypedLabel { name: name.into(), parts: parts(value, &marks) });
        }
    });
    is_decided.then_some(labels)
}

/// Takes a value apart at the marks in it.
fn parts(value: &str, marks: &[String]) -> Vec<Part> {
    let (mut parts, mut rest) = (Vec::new(), value);
    loop {
        let found = marks
            .iter()
            .enumerate()
            .filter_map(|(slot, mark)| Some((rest.find(mark.as_str())?, slot, mark.len())));
        let Some((at, slot, len)) = found.min() else { break };
        if at > 0 {
            parts.push(Part::Text(rest.get(..at).unwrap_or_default().into()));
        }
        parts.push(Part::Slot(slot));
        rest = rest.get(at + len..).unwrap_or_default();
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.into()));
    }
    parts
}
