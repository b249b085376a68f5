//! The templates of a stored page, as a language reads them.

use telemetry_core::source::{LogTemplates, SlotColumn, SlotForm, SourceError, Template};
use telemetry_core::storage::Damaged;

use super::view::{Opened, Rows};
use crate::block::{Block, Run};
use crate::error::into_source;
use crate::text::template::Coded;

/// Templates of the selected rows of a page.
pub(super) struct StoredTemplates<'a> {
    block: &'a Block,
    /// Number of the block: templates of two have different ids.
    place: usize,
    run: &'a Run,
    opened: &'a Opened,
    coded: &'a Coded,
    of_rows: Vec<u32>,
    /// Whether all rows of the page are selected.
    is_all: bool,
}

impl<'a> StoredTemplates<'a> {
    pub(super) fn new(
        block: &'a Block,
        place: usize,
        run: &'a Run,
        opened: &'a Opened,
        coded: &'a Coded,
    ) -> Self {
        let all = coded.of_rows();
        let of_rows: Vec<u32> = match &opened.rows {
            Rows::All(range) => all.get(range.clone()).unwrap_or_default().to_vec(),
            Rows::Some(rows) => {
                rows.iter().filter_map(|row| all.get(*row as usize).copied()).collect()
            }
        };
        let is_all = of_rows.len() == all.len();
        StoredTemplates { block, place, run, opened, coded, of_rows, is_all }
    }

    /// Keeps the values of the selected rows of a template.
    fn select(&self, index: usize, column: &mut SlotColumn) {
        let rows = self.coded.rows_of(index);
        // Which of the template's rows are selected: both lists rise.
        let nths: Vec<usize> = match &self.opened.rows {
            Rows::All(range) => {
                let from = rows.partition_point(|row| (*row as usize) < range.start);
                let to = rows.partition_point(|row| (*row as usize) < range.end);
                (from..to).collect()
            }
            Rows::Some(selected) => {
                let mut selected = selected.iter().copied().peekable();
                let mut is_selected = |row: u32| {
                    while selected.next_if(|other| *other < row).is_some() {}
                    selected.peek() == Some(&row)
                };
                let nths = rows.iter().enumerate().filter(|(_, row)| is_selected(**row));
                nths.map(|(nth, _)| nth).collect()
            }
        };
        match column.form {
            SlotForm::Constant => {}
            SlotForm::Number { .. } | SlotForm::Coded => {
                let numbers = nths.iter().filter_map(|nth| column.numbers.get(*nth).copied());
                column.numbers = numbers.collect();
            }
            SlotForm::Text => {
                let all = std::mem::take(column);
                column.form = SlotForm::Text;
                nths.iter().for_each(|nth| column.push_text(all.text(*nth)));
            }
        }
    }
}

impl LogTemplates for StoredTemplates<'_> {
    fn len(&self) -> usize {
        self.coded.templates().len()
    }

    fn template(&self, index: usize) -> Option<Template<'_>> {
        let template = self.coded.templates().get(index)?;
        let template = self.block.dictionary().template(template.number)?;
        Some(Template { id: template.id | (self.place as u64) << 32, ..template })
    }

    fn of_rows(&self) -> &[u32] {
        &self.of_rows
    }

    fn column(&self, index: usize, slot: usize, into: &mut SlotColumn) -> Result<(), SourceError> {
        let read = self.coded.column(index, slot, &self.opened.page.times, into);
        let damaged = |damaged: Damaged| match self.block.page_entry(self.run) {
            Ok(entry) => into_source(self.block.damaged_page(entry, damaged)),
            Err(error) => into_source(error),
        };
        read.map_err(damaged)?;
        if !self.is_all {
            self.select(index, into);
        }
        Ok(())
    }
}
