//! A condition on lines, ready to be asked.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::source::{LineCondition, LogColumns, LogWant};

use crate::search::{Filters, Verdict};
use crate::text::template::Dictionary;

/// What a line must satisfy to be deleted: the filters, and what a language says about it.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(super) filters: Filters,
    pub(super) language: Option<Arc<dyn LineCondition>>,
}

impl Condition {
    /// The columns that it looks at.
    pub(crate) fn want(&self) -> LogWant {
        match self.language {
            Some(_) => LogWant::ALL,
            None => LogWant { text: true, ..LogWant::TIMES },
        }
    }

    /// Whether lines of a template could satisfy it.
    pub(crate) fn may_hold(&self, dictionary: &Dictionary, template: u32) -> bool {
        self.filters.verdict_of(dictionary, template) != Verdict::Out
    }

    /// Keeps those of `rows` whose lines satisfy it.
    pub(super) fn retain(&self, stream: &Labels, lines: &LogColumns, rows: &mut Vec<usize>) {
        rows.retain(|row| self.filters.keep(lines.line(*row)));
        if let (Some(language), false) = (&self.language, rows.is_empty()) {
            language.retain(stream, lines, rows);
        }
    }
}
