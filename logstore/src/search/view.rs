//! A page of a head, or a run of a block, while it is read.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use telemetry_core::labels::Labels;
use telemetry_core::source::{
    LogColumns, LogPage, LogTemplates, LogWant, PageBuckets, PageStatistics, SourceError,
};
use telemetry_core::storage::{self, Damaged};

use super::filters::{Filters, Verdicts};
use super::page::{Lines, StreamPage};
use super::segments::Plan;
use super::templates::StoredTemplates;
use super::verdict::Verdict;
use crate::block::{Block, Run};
use crate::deletes::Condition;
use crate::error::into_source;
use crate::page::copy_rows;
use crate::page::format::OpenPage;
use crate::text::template::Coded;

/// A page while it is read: what was opened for one call is there for the next.
pub(super) struct View<'a> {
    page: &'a StreamPage,
    opened: OnceLock<Opened>,
}

/// A page of a block, and which of its rows are selected.
pub(super) struct Opened {
    pub(super) page: Arc<OpenPage>,
    pub(super) rows: Rows,
}

/// Whether a word that a line must have is neither in a template nor in any value on the page.
fn lacks_a_word(
    filters: &Filters,
    block: &Block,
    number: u32,
    coded: &Coded,
) -> Result<bool, Damaged> {
    let text = block.dictionary().template(number).map(|template| template.text);
    let text = text.unwrap_or_default();
    for word in filters.words() {
        if word.find(text).is_none() && !coded.has_text(word)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The rows of a template that the columns of its slots leave open; none where the columns cannot
/// say.
fn candidates<'c>(
    filters: &Filters,
    block: &Block,
    page: &OpenPage,
    place: usize,
    coded: &'c Coded,
) -> Result<Option<impl Iterator<Item = u32> + use<'c>>, Damaged> {
    let dictionary = block.dictionary();
    let number = coded.templates().get(place).map_or(0, |template| template.number);
    let summaries = dictionary.summaries(number);
    let template = dictionary.template(number);
    let inside = template.and_then(|template| filters.inside_slots(template, summaries));
    let Some((needle, slots)) = inside else { return Ok(None) };
    let mut nths = Vec::new();
    for slot in slots {
        coded.find(place, slot, needle.text(), &page.times, &mut nths)?;
    }
    nths.sort_unstable();
    nths.dedup();
    let rows = coded.rows_of(place);
    Ok(Some(nths.into_iter().filter_map(|nth| rows.get(nth).copied())))
}

/// The rows of a template that pass, as a plan finds them.
fn planned<'c>(
    plan: &Plan,
    filters: &Filters,
    page: &OpenPage,
    (coded, place): (&'c Coded, usize),
    in_time: &dyn Fn(&u32) -> bool,
) -> Result<impl Iterator<Item = u32> + use<'c>, Damaged> {
    let rows = coded.rows_of(place);
    let mut nths: Vec<u32> =
        (0_u32..).zip(rows).filter(|(_, row)| in_time(row)).map(|(nth, _)| nth).collect();
    plan.retain(filters.all(), (coded, place), &page.times, &mut nths)?;
    Ok(nths.into_iter().filter_map(|nth| rows.get(nth as usize).copied()))
}

/// Rows of a page on disk.
pub(super) enum Rows {
    All(Range<usize>),
    Some(Vec<u32>),
}

impl<'a> View<'a> {
    pub(super) fn new(page: &'a StreamPage) -> Self {
        View { page, opened: OnceLock::new() }
    }

    /// The opened page, which lies in `block`.
    fn opened(&self, block: &Block, run: &Run, verdicts: &Verdicts) -> storage::Result<&Opened> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let page = block.open_page(run)?;
        let damaged = |damaged: Damaged| match block.page_entry(run) {
            Ok(entry) => block.damaged_page(entry, damaged),
            Err(error) => error,
        };
        let rows = self.rows(block, &page, run, verdicts).map_err(damaged)?;
        let rows = self.without_hidden(block, &page, rows).map_err(damaged)?;
        Ok(self.opened.get_or_init(|| Opened { page, rows }))
    }

    /// Which rows are selected.
    fn rows(
        &self,
        block: &Block,
        page: &OpenPage,
        run: &Run,
        verdicts: &Verdicts,
    ) -> Result<Rows, Damaged> {
        let range = run.range();
        if self.page.is_whole() {
            return Ok(Rows::All(range));
        }
        let is_all_in_time = self.page.is_all_in_time();
        let in_time = |row: &u32| {
            let row = *row as usize;
            range.contains(&row)
                && (is_all_in_time
                    || page.times.get(row).is_some_and(|time| self.page.keeps(*time)))
        };
        let Some(filters) = self.page.filters() else {
            return Ok(Rows::Some((run.row..run.row + run.rows).filter(in_time).collect()));
        };
        let (mut kept, mut open) = (Vec::new(), Vec::new());
        match &page.coded {
            None => open.extend((run.row..run.row + run.rows).filter(in_time)),
            Some(coded) => {
                for (place, template) in coded.templates().iter().enumerate() {
                    let rows = || coded.rows_of(place).iter().copied().filter(in_time);
                    match verdicts.of(template) {
                        Verdict::Out => {}
                        Verdict::Kept => kept.extend(rows()),
                        Verdict::Open => {
                            if lacks_a_word(filters, block, template.number, coded)? {
                                continue;
                            }
                            let candidates = candidates(filters, block, page, place, coded)?;
                            if let Some(candidates) = candidates {
                                open.extend(candidates.filter(in_time));
                                continue;
                            }
                            match verdicts.plan(filters, block.dictionary(), template.number) {
                                None => open.extend(rows()),
                                Some(plan) => {
                                    let place = (coded, place);
                                    let rows = planned(&plan, filters, page, place, &in_time)?;
                                    kept.extend(rows);
                                }
                            }
                        }
                    }
                }
            }
        }
        if !open.is_empty() {
            open.sort_unstable();
            let mut columns = LogColumns::default();
            let want = LogWant { text: true, ..LogWant::TIMES };
            page.fill_rows(&open, want, block.dictionary(), &mut columns)?;
            let passing = open.iter().enumerate().filter(|(at, _)| filters.keep(columns.line(*at)));
            kept.extend(passing.map(|(_, row)| *row));
        }
        kept.sort_unstable();
        Ok(Rows::Some(kept))
    }

    fn decode_block(
        &self,
        block: &Block,
        run: &Run,
        verdicts: &Verdicts,
        some: Option<&[usize]>,
        want: LogWant,
        into: &mut LogColumns,
    ) -> storage::Result<()> {
        if self.page.is_whole() && want == LogWant::TIMES && self.opened.get().is_none() {
            into.clear();
            let times = block.times(run)?;
            match some {
                None => into.times.extend_from_slice(times.get(run.range()).unwrap_or_default()),
                Some(rows) => into.times.extend(
                    rows.iter().filter_map(|row| times.get(run.row as usize + row).copied()),
                ),
            }
            return Ok(());
        }
        let opened = self.opened(block, run, verdicts)?;
        let entry = block.page_entry(run)?;
        let page = &opened.page;
        let dictionary = block.dictionary();
        let filled = match (&opened.rows, some) {
            (Rows::All(range), None) => page.fill(range.clone(), want, dictionary, into),
            (Rows::All(range), Some(rows)) => {
                // Rows of a page fit four bytes.
                let row = |row: &usize| u32::try_from(range.start + row).unwrap_or(u32::MAX);
                page.fill_rows(&rows.iter().map(row).collect::<Vec<u32>>(), want, dictionary, into)
            }
            (Rows::Some(known), None) => page.fill_rows(known, want, dictionary, into),
            (Rows::Some(known), Some(rows)) => {
                let rows = rows.iter().filter_map(|row| known.get(*row).copied());
                page.fill_rows(&rows.collect::<Vec<u32>>(), want, dictionary, into)
            }
        };
        filled.map_err(|damaged| block.damaged_page(entry, damaged))
    }

    /// Without the rows that a condition of a delete hides. Only lines of templates that may satisfy
    /// it are looked at.
    fn without_hidden(&self, block: &Block, page: &OpenPage, rows: Rows) -> Result<Rows, Damaged> {
        let deletes = &self.page.deletes;
        let Some((_, first)) = deletes.conditions().next() else { return Ok(rows) };
        let want = deletes.conditions().fold(first.want(), |want, (_, condition)| LogWant {
            metadata: want.metadata || condition.want().metadata,
            ..want
        });
        let rows: Vec<u32> = match rows {
            // Rows of a page fit four bytes.
            Rows::All(range) => range.filter_map(|row| u32::try_from(row).ok()).collect(),
            Rows::Some(rows) => rows,
        };
        let dictionary = block.dictionary();
        let mut may_be_hidden = vec![page.coded.is_none(); page.times.len()];
        for (place, template) in page.coded.iter().flat_map(|coded| coded.templates()).enumerate() {
            let may_hold =
                |(_, condition): (_, &Condition)| condition.may_hold(dictionary, template.number);
            if !deletes.conditions().any(may_hold) {
                continue;
            }
            for row in page.coded.iter().flat_map(|coded| coded.rows_of(place)) {
                if let Some(may_be_hidden) = may_be_hidden.get_mut(*row as usize) {
                    *may_be_hidden = true;
                }
            }
        }
        let (looked_at, mut kept): (Vec<u32>, Vec<u32>) =
            rows.into_iter().partition(|row| may_be_hidden.get(*row as usize) == Some(&true));
        let mut lines = LogColumns::default();
        page.fill_rows(&looked_at, want, dictionary, &mut lines)?;
        let mut visible: Vec<usize> = (0..lines.len()).collect();
        deletes.hide_rows(&self.page.labels, &lines, &mut visible);
        let visible = visible.into_iter().filter_map(|at| looked_at.get(at).copied());
        kept.extend(visible);
        kept.sort_unstable();
        Ok(Rows::Some(kept))
    }

    fn decode_head(&self, columns: &LogColumns, into: &mut LogColumns) {
        if self.page.is_whole() {
            into.clone_from(columns);
            return;
        }
        let filters = self.page.filters();
        let is_kept = |row: &usize| {
            columns.times.get(*row).is_some_and(|time| self.page.keeps(*time))
                && filters.is_none_or(|filters| filters.keep(columns.line(*row)))
        };
        let mut rows: Vec<usize> = (0..columns.len()).filter(is_kept).collect();
        self.page.deletes.hide_rows(&self.page.labels, columns, &mut rows);
        into.clear();
        for run in rows.chunk_by(|a, b| a + 1 == *b) {
            let start = run.first().copied().unwrap_or_default();
            copy_rows(columns, start, start + run.len(), into);
        }
    }

    /// Reads its block; none for a head.
    fn of_block<T>(
        &self,
        read: impl FnOnce(&Block, &Run, &Verdicts) -> storage::Result<T>,
    ) -> Result<Option<T>, SourceError> {
        let (Lines::Block(run), Some((block, verdicts))) = (&self.page.lines, self.page.block())
        else {
            return Ok(None);
        };
        let read = block.and_then(|block| read(block, run, verdicts));
        read.map(Some).map_err(into_source)
    }
}

impl LogPage for View<'_> {
    fn labels(&self) -> &Labels {
        &self.page.labels
    }

    fn statistics(&self) -> PageStatistics {
        self.page.statistics()
    }

    fn has_applied(&self, index: usize) -> bool {
        self.page.has_applied(index)
    }

    fn decode(&self, want: LogWant, into: &mut LogColumns) -> Result<(), SourceError> {
        if let Lines::Head(columns) = &self.page.lines {
            self.decode_head(columns, into);
            return Ok(());
        }
        let read = |block: &Block, run: &Run, verdicts: &Verdicts| {
            self.decode_block(block, run, verdicts, None, want, into)
        };
        self.of_block(read).map(drop)
    }

    fn decoded(&self) -> Option<&LogColumns> {
        match &self.page.lines {
            Lines::Head(columns) if self.page.is_whole() => Some(columns),
            _ => None,
        }
    }

    fn decode_rows(
        &self,
        rows: &[usize],
        want: LogWant,
        into: &mut LogColumns,
    ) -> Result<(), SourceError> {
        if let Lines::Head(columns) = &self.page.lines {
            let mut selected = LogColumns::default();
            let all = match self.decoded() {
                Some(all) => all,
                None => {
                    self.decode_head(columns, &mut selected);
                    &selected
                }
            };
            into.clear();
            rows.iter().for_each(|row| into.push_row(all, *row));
            return Ok(());
        }
        let read = |block: &Block, run: &Run, verdicts: &Verdicts| {
            self.decode_block(block, run, verdicts, Some(rows), want, into)
        };
        self.of_block(read).map(drop)
    }

    fn templates(&self) -> Result<Option<Box<dyn LogTemplates + '_>>, SourceError> {
        let (Lines::Block(run), Some((block, verdicts))) = (&self.page.lines, self.page.block())
        else {
            return Ok(None);
        };
        let block = block.map_err(into_source)?;
        let opened = self.opened(block, run, verdicts).map_err(into_source)?;
        let Some(coded): Option<&Coded> = opened.page.coded.as_ref() else { return Ok(None) };
        let place = self.page.origin.place;
        Ok(Some(Box::new(StoredTemplates::new(block, place, run, opened, coded))))
    }

    fn buckets(&self, into: &mut PageBuckets) -> Result<bool, SourceError> {
        match &self.page.lines {
            Lines::Block(Run { buckets: Some(buckets), .. }) if self.page.is_whole() => {
                into.clone_from(buckets);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
