//! What deletes hide: lines of some streams in a window of time, all of them or those that satisfy a
//! condition.
//!
//! ~~~text
//! tombstone (kernel)      matchers · first and last time · predicate: bytes of `format`
//!    │ Conditions           compiled once
//!    ▼
//! Delete                  asked of streams, of times, of templates, and last of lines
//! ~~~
//!
//! A delete takes away what was committed before it: the kernel gives each head and block the deletes
//! that came after it. They are applied when lines are read, and carried out when lines are written
//! again. A page that a delete may touch never answers from counts that it keeps.

mod compiled;
mod condition;
pub(crate) mod format;

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::source::LogColumns;
use telemetry_core::storage::tombstone::Tombstone;

pub(crate) use compiled::Conditions;
pub(crate) use condition::Condition;

use crate::page;
use crate::text::template::{Dictionary, PageTemplate};

/// A delete, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Delete {
    tombstone: Arc<Tombstone>,
    /// What a line must satisfy to be deleted; none: every line is.
    condition: Option<Arc<Condition>>,
}

/// The deletes that concern a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deletes(Vec<Delete>);

impl Deletes {
    /// Those of `all` that concern a stream.
    pub(crate) fn of_stream(all: &[Delete], labels: &Labels) -> Self {
        Deletes(all.iter().filter(|delete| delete.tombstone.selects(labels)).cloned().collect())
    }

    /// Those that could hide a line of a page of a block: with lines from `first` to `last`, of these
    /// templates.
    pub(crate) fn of_page(
        &self,
        (first, last): (i64, i64),
        dictionary: &Dictionary,
        templates: &[PageTemplate],
    ) -> Self {
        let could = |delete: &&Delete| {
            let may_hold = |condition: &Arc<Condition>| {
                let mut templates = templates.iter();
                // The text of a page without templates is plain.
                templates.len() == 0
                    || templates.any(|template| condition.may_hold(dictionary, template.number))
            };
            delete.tombstone.overlaps(first, last) && delete.condition.as_ref().is_none_or(may_hold)
        };
        Deletes(self.0.iter().filter(could).cloned().collect())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a line from `first` to `last` could be hidden.
    pub(crate) fn touch(&self, first: i64, last: i64) -> bool {
        self.0.iter().any(|delete| delete.tombstone.overlaps(first, last))
    }

    /// Whether every line of this time is hidden.
    pub(crate) fn hide_time(&self, time: i64) -> bool {
        let hides = |delete: &Delete| delete.condition.is_none() && delete.tombstone.covers(time);
        self.0.iter().any(hides)
    }

    /// The conditions, each with the times for which it holds.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = (&Tombstone, &Condition)> {
        let of = |delete: &'_ Delete| delete.condition.is_some();
        let conditional = self.0.iter().filter(move |delete| of(delete));
        conditional.filter_map(|delete| Some((&*delete.tombstone, delete.condition.as_deref()?)))
    }

    /// Takes away those of `rows`, which rise, whose lines a condition hides.
    pub(crate) fn hide_rows(&self, stream: &Labels, lines: &LogColumns, rows: &mut Vec<usize>) {
        for (tombstone, condition) in self.conditions() {
            let is_in_time =
                |row: &usize| lines.times.get(*row).is_some_and(|time| tombstone.covers(*time));
            let mut hidden: Vec<usize> = rows.iter().copied().filter(is_in_time).collect();
            condition.retain(stream, lines, &mut hidden);
            if hidden.is_empty() {
                continue;
            }
            let mut hidden = hidden.into_iter().peekable();
            rows.retain(|row| hidden.next_if_eq(row).is_none());
        }
    }

    /// Keeps of `lines`, which have all columns, those that `keep` keeps by time and no delete hides.
    pub(crate) fn hide(&self, stream: &Labels, lines: &mut LogColumns, keep: impl Fn(i64) -> bool) {
        let is_kept = |row: &usize| {
            lines.times.get(*row).is_some_and(|time| keep(*time) && !self.hide_time(*time))
        };
        let mut rows: Vec<usize> = (0..lines.len()).filter(is_kept).collect();
        self.hide_rows(stream, lines, &mut rows);
        page::keep_rows(lines, &rows);
    }
}
