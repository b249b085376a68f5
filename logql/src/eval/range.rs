//! Range aggregations: lines of windows → rows.
//!
//! Every line is read once, whatever the number of steps whose window holds it. The pages are cut
//! into runs; what each run gives is put together in the order of the pages, so the answer is the
//! same on any number of threads.

use super::row::{Row, Steps};
use super::scan::{Next, Scan, open_filters, select};
use super::series::{Counts, SeriesTable, Tally};
use super::typed::{self, Sampled, Samples};
use super::{Access, jobs};
use crate::ast::RangeOp;
use crate::error::Error;
use crate::plan::{RangePlan, SeriesLabels, UnwrapPlan};
use crate::range::{Sample, Sliding};
use crate::stage::Entry;
use crate::stage::labels::{ERROR, LineLabels, PRESERVE_ERROR};
use crate::value::LabelSet;
use std::sync::atomic::{AtomicU64, Ordering};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::{Direction, LogPage, LogWant, PageBuckets};
use telemetry_core::time::NanosRange;

/// Runs a range aggregation at every step.
pub(super) fn run(plan: &RangePlan, steps: &Steps, access: &Access<'_>) -> Result<Vec<Row>, Error> {
    // The earliest window starts behind `start - range`, the latest ends at `end`.
    let from = steps.start.saturating_sub(plan.offset_ns).saturating_sub(plan.range_ns);
    let to = steps.end().saturating_sub(plan.offset_ns);
    let window = NanosRange::new(from.saturating_add(1), to.saturating_add(1));
    let gather = Gather { plan, steps, access, context: access.context, window };
    match plan.unwrap {
        Some(_) => gather.values(),
        None => gather.counts(),
    }
}

struct Gather<'g> {
    plan: &'g RangePlan,
    steps: &'g Steps,
    access: &'g Access<'g>,
    context: &'g QueryContext,
    window: NanosRange,
}

impl Gather<'_> {
    /// The steps whose window holds `time`.
    fn steps_of(&self, time: i64) -> (usize, usize) {
        let shifted = time.saturating_add(self.plan.offset_ns);
        let from = self.steps.first_from(shifted);
        (from, self.steps.first_from(shifted.saturating_add(self.plan.range_ns)))
    }

    /// The steps whose window holds `time`, and until which time these are the same.
    fn steps_until(&self, time: i64) -> (usize, usize, i64) {
        let (from, to) = self.steps_of(time);
        // The next step opens behind `time`, or the window of the first of them ends.
        let at = |step: usize, range: i64| match step < self.steps.count {
            true => self.steps.time(step).saturating_sub(range).saturating_sub(self.plan.offset_ns),
            false => i64::MAX,
        };
        (from, to, at(from, 0).min(at(to, self.plan.range_ns)).max(time))
    }

    /// Counts lines and bytes.
    fn counts(&self) -> Result<Vec<Row>, Error> {
        let plan = self.plan;
        let want = LogWant {
            text: plan.needs_text(),
            lengths: plan.counts_bytes(),
            metadata: plan.labels.shows_metadata() || !plan.lines.pipeline.only_filters(),
        };
        let table = self.gather(
            |scan, page, table| {
                if let Some(tally) = self.whole_page(page) {
                    self.count_whole(page, tally, table);
                    return Ok(());
                }
                if self.count_buckets(page, table)? || self.count_columns(scan, page, table)? {
                    return Ok(());
                }
                self.count_lines(scan, page, want, table)
            },
            |known, later| known.absorb(later, self.steps),
        )?;
        self.counted(table)
    }

    fn count_whole(&self, page: &dyn LogPage, tally: Tally, table: &mut SeriesTable<Counts>) {
        let (from, to) = self.steps_of(page.statistics().first.0);
        let number = table.of_stream(page.labels(), |name| self.plan.labels.takes(name));
        if let Some(counts) = table.get(number) {
            counts.add(from, to, tally, self.steps);
        }
        self.context.statistics().add_chunks_skipped(1);
    }

    fn count_lines(
        &self,
        scan: &mut Scan<'_>,
        page: &dyn LogPage,
        want: LogWant,
        table: &mut SeriesTable<Counts>,
    ) -> Result<(), Error> {
        // The series of lines that have no labels but those of their stream.
        let mut plain: Option<usize> = None;
        let nobody_looks = matches!(self.plan.labels, SeriesLabels::Nothing);
        // Lines come in order of time, and many lie in the same steps.
        let (mut from, mut to, mut until) = (0, 0, i64::MIN);
        // Lines of the same steps and series are added together.
        let mut held: Option<(usize, Tally)> = None;
        let mut spare = Vec::new();
        let visit = |entry: &mut Entry<'_>, _| {
            let untouched =
                entry.labels.is_untouched() || nobody_looks && !entry.labels.has_error();
            let number = match (untouched, plain) {
                (true, Some(number)) => number,
                (untouched, _) => {
                    let mut pairs = recycled(std::mem::take(&mut spare));
                    self.plan.labels.collect(entry.labels, &mut pairs);
                    let number = table.number(&pairs);
                    spare = recycled(pairs);
                    if untouched {
                        plain = Some(number);
                    }
                    number
                }
            };
            let length = match entry.line.is_replaced() {
                true => entry.line.get().len(),
                false => entry.stored_bytes,
            };
            let one = Tally { lines: 1, bytes: length as u64 };
            match &mut held {
                Some((series, tally)) if *series == number && entry.time <= until => tally.add(one),
                _ => {
                    if let Some((series, tally)) = held.replace((number, one))
                        && let Some(counts) = table.get(series)
                    {
                        counts.add(from, to, tally, self.steps);
                    }
                    if entry.time > until {
                        (from, to, until) = self.steps_until(entry.time);
                    }
                }
            }
            Ok(Next::Line)
        };
        scan.page(page, want, false, visit, |_, _| Next::Line)?;
        if let Some((series, tally)) = held
            && let Some(counts) = table.get(series)
        {
            counts.add(from, to, tally, self.steps);
        }
        Ok(())
    }

    /// The tally of a page that need not be decoded: all its lines count, in the same steps, for
    /// the same series.
    fn whole_page(&self, page: &dyn LogPage) -> Option<Tally> {
        let statistics = page.statistics();
        let together = self.steps_of(statistics.first.0) == self.steps_of(statistics.last.0);
        (statistics.is_whole && together && self.counts_plainly(page))
            .then_some(Tally { lines: statistics.count, bytes: statistics.line_bytes })
    }

    /// Whether all lines that a page gives count for the same series.
    fn counts_plainly(&self, page: &dyn LogPage) -> bool {
        let lines = &self.plan.lines;
        let one_series = !page.statistics().has_metadata || !self.plan.labels.shows_metadata();
        lines.pipeline.only_filters() && one_series && open_filters(lines, page).is_empty()
    }

    /// Counts a page by what it knows of stretches of time, if no window ends within one.
    fn count_buckets(
        &self,
        page: &dyn LogPage,
        table: &mut SeriesTable<Counts>,
    ) -> Result<bool, Error> {
        let mut buckets = PageBuckets::default();
        if !self.counts_plainly(page) || !page.buckets(&mut buckets)? {
            return Ok(false);
        }
        let mut tallies = Vec::with_capacity(buckets.counts.len());
        let mut end = buckets.start;
        for (count, bytes) in buckets.counts.iter().zip(&buckets.line_bytes) {
            let start = end;
            end = end.saturating_add(buckets.width);
            if *count > 0 {
                let steps = self.steps_of(start.saturating_add(1));
                if steps != self.steps_of(end) {
                    return Ok(false);
                }
                tallies.push((steps, Tally { lines: u64::from(*count), bytes: *bytes }));
            }
        }
        let number = table.of_stream(page.labels(), |name| self.plan.labels.takes(name));
        if let Some(counts) = table.get(number) {
            for ((from, to), tally) in tallies {
                counts.add(from, to, tally, self.steps);
            }
        }
        self.context.statistics().add_chunks_skipped(1);
        Ok(true)
    }

    /// Whether the lines of a page can be read from columns.
    fn reads_columns(&self, page: &dyn LogPage) -> bool {
        let lines = &self.plan.lines;
        typed::fits(&lines.pipeline, &self.plan.hints)
            && !page.statistics().has_metadata
            && open_filters(lines, page).is_empty()
    }

    /// Counts the lines of a page from its columns, if it has any.
    fn count_columns(
        &self,
        scan: &mut Scan<'_>,
        page: &dyn LogPage,
        table: &mut SeriesTable<Counts>,
    ) -> Result<bool, Error> {
        if self.plan.counts_bytes() || !self.reads_columns(page) {
            return Ok(false);
        }
        let mut samples = CountSamples { gather: self, table };
        typed::page(scan, &self.plan.hints, page, self.context, &mut samples)
    }

    fn counted(&self, table: SeriesTable<Counts>) -> Result<Vec<Row>, Error> {
        let seconds = self.plan.range_ns as f64 / 1e9;
        let mut rows = Vec::with_capacity(table.len());
        for (labels, counts) in table.into_sorted() {
            self.context.check()?;
            let mut row = Row::of_lines(&labels, self.steps.count);
            for (step, tally) in counts.into_steps(self.steps).into_iter().enumerate() {
                if tally.lines > 0 {
                    let value = match self.plan.op {
                        RangeOp::Rate => tally.lines as f64 / seconds,
                        RangeOp::Bytes => tally.bytes as f64,
                        RangeOp::BytesRate => tally.bytes as f64 / seconds,
                        _ => tally.lines as f64,
                    };
                    row.set(step, value);
                }
            }
            rows.push(row);
        }
        self.finish(rows)
    }

    /// Collects unwrapped values and aggregates them window by window.
    fn values(&self) -> Result<Vec<Row>, Error> {
        let plan = self.plan;
        let Some(unwrap) = &plan.unwrap else { return Ok(Vec::new()) };
        let want = LogWant { text: plan.needs_text(), lengths: false, metadata: true };
        let held = AtomicU64::new(0);
        let mut table = self
            .gather(
                |scan, page, table: &mut SeriesTable<Vec<Sample>>| {
                    let mut found = 0;
                    if self.reads_columns(page) {
                        let mut samples = ValueSamples { plan, unwrap, table, rows: Vec::new() };
                        if typed::page(scan, &plan.hints, page, self.context, &mut samples)? {
                            let found = samples.finish();
                            let held = held.fetch_add(found, Ordering::Relaxed) + found;
                            return Ok(self.context.bound(Resource::Samples, held)?);
                        }
                    }
                    let visit = |entry: &mut Entry<'_>, _| {
                        let Some(value) = unwrap.value(entry.labels) else { return Ok(Next::Line) };
                        let mut pairs = Vec::new();
                        plan.labels.collect(entry.labels, &mut pairs);
                        let number = table.number(&pairs);
                        if let Some(samples) = table.get(number) {
                            samples.push((entry.time, value));
                            found += 1;
                        }
                        Ok(Next::Line)
                    };
                    scan.page(page, want, false, visit, |_, _| Next::Line)?;
                    let held = held.fetch_add(found, Ordering::Relaxed) + found;
                    Ok(self.context.bound(Resource::Samples, held)?)
                },
                |known, mut later| known.append(&mut later),
            )?
            .into_sorted();
        for (_, samples) in &mut table {
            samples.sort_by_key(|(time, _)| *time);
        }
        let pieces = jobs::pieces(self.context, table.len());
        let rows = jobs::run(
            self.context,
            pieces.len(),
            || (),
            |at, ()| {
                let piece = pieces.get(at).and_then(|piece| table.get(piece.clone()));
                let series = piece.unwrap_or_default().iter();
                series.map(|(labels, samples)| self.windows(labels, samples)).collect()
            },
        )?;
        let rows: Vec<Vec<Row>> = rows;
        self.finish(rows.into_iter().flatten().collect())
    }

    /// The row of one series.
    fn windows(&self, labels: &LabelSet, samples: &[Sample]) -> Result<Row, Error> {
        let mut row = Row::of_lines(labels, self.steps.count);
        let overlap = self.steps.count > 1 && self.plan.range_ns > self.steps.step;
        let mut sliding = Sliding::new(self.plan.op, self.plan.parameter, overlap);
        let (mut from, mut to) = (0, 0);
        for step in 0..self.steps.count {
            let end = self.steps.time(step).saturating_sub(self.plan.offset_ns);
            let start = end.saturating_sub(self.plan.range_ns);
            let time = |at: usize| samples.get(at).map_or(i64::MAX, |(time, _)| *time);
            while to < samples.len() && time(to) <= end {
                to += 1;
            }
            while from < to && time(from) <= start {
                from += 1;
            }
            if step % 64 == 0 {
                self.context.check()?;
            }
            if from < to {
                row.set(step, sliding.value(samples, from..to, end, self.plan.range_ns));
            }
        }
        Ok(row)
    }

    /// Runs `each` over all pages; `merge` adds what a later run of them gave for a series.
    fn gather<A: Default + Send>(
        &self,
        each: impl Fn(&mut Scan<'_>, &dyn LogPage, &mut SeriesTable<A>) -> Result<(), Error> + Sync,
        merge: impl Fn(&mut A, A),
    ) -> Result<SeriesTable<A>, Error> {
        let lines = &self.plan.lines;
        let pages = select(self.access, lines, self.window, Direction::Forward)?;
        let runs = jobs::pieces(self.context, pages.len());
        let scan = || Scan::new(lines, &self.plan.hints, self.access);
        let tables = jobs::run(self.context, runs.len(), scan, |at, scan| {
            let mut table = SeriesTable::new();
            for index in runs.get(at).cloned().unwrap_or_default() {
                let Some(page) = pages.page(index) else { continue };
                each(scan, &*page, &mut table)?;
                self.context.bound(Resource::Series, table.len() as u64)?;
            }
            Ok(table)
        })?;
        let mut all = SeriesTable::new();
        for table in tables {
            self.context.check()?;
            all.absorb(table, &merge);
            self.context.bound(Resource::Series, all.len() as u64)?;
        }
        Ok(all)
    }

    /// Refuses rows that carry an error, and turns presence round for `absent_over_time`.
    fn finish(&self, mut rows: Vec<Row>) -> Result<Vec<Row>, Error> {
        rows.retain(|row| !row.presence.is_none());
        for row in &rows {
            if let Some(name) = row.labels.get(ERROR)
                && row.labels.get(PRESERVE_ERROR).is_none()
            {
                return Err(Error::Pipeline {
                    name: name.into(),
                    series: row.label_set().to_string(),
                    span: self.plan.span,
                });
            }
        }
        if self.plan.op != RangeOp::Absent {
            return Ok(rows);
        }
        let mut absent = Row::constant(1.0, self.steps.count);
        absent.labels = self.plan.absent.clone();
        for row in &rows {
            absent.presence.subtract(&row.presence);
        }
        Ok(if absent.presence.is_none() { Vec::new() } else { vec![absent] })
    }
}

/// Lines of columns, counted.
struct CountSamples<'c> {
    gather: &'c Gather<'c>,
    table: &'c mut SeriesTable<Counts>,
}

impl Samples for CountSamples<'_> {
    fn sample(&mut self, labels: &mut LineLabels) -> Option<Sampled> {
        let mut pairs = Vec::new();
        self.gather.plan.labels.collect(labels, &mut pairs);
        Some(Sampled { series: self.table.number(&pairs), value: 1.0 })
    }

    fn add(&mut self, _row: usize, time: i64, sample: Sampled) {
        let (from, to) = self.gather.steps_of(time);
        if let Some(counts) = self.table.get(sample.series) {
            counts.add(from, to, Tally { lines: 1, bytes: 0 }, self.gather.steps);
        }
    }
}

/// Unwrapped values of columns, put in the order of their rows in the end.
struct ValueSamples<'c> {
    plan: &'c RangePlan,
    unwrap: &'c UnwrapPlan,
    table: &'c mut SeriesTable<Vec<Sample>>,
    rows: Vec<(usize, i64, Sampled)>,
}

impl ValueSamples<'_> {
    /// Hands the values on; how many there were.
    fn finish(mut self) -> u64 {
        self.rows.sort_unstable_by_key(|(row, ..)| *row);
        for (_, time, sample) in &self.rows {
            if let Some(samples) = self.table.get(sample.series) {
                samples.push((*time, sample.value));
            }
        }
        self.rows.len() as u64
    }
}

impl Samples for ValueSamples<'_> {
    fn sample(&mut self, labels: &mut LineLabels) -> Option<Sampled> {
        let value = self.unwrap.value(labels)?;
        let mut pairs = Vec::new();
        self.plan.labels.collect(labels, &mut pairs);
        Some(Sampled { series: self.table.number(&pairs), value })
    }

    fn add(&mut self, row: usize, time: i64, sample: Sampled) {
        self.rows.push((row, time, sample));
    }
}

/// The memory of a list for others.
fn recycled<'l>(pairs: Vec<(&str, &str)>) -> Vec<(&'l str, &'l str)> {
    pairs.into_iter().map_while(|_| None).collect()
}
