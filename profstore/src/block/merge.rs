//! Merges blocks, a series at a time.
//!
//! Symbols and stacks of all blocks are in memory anyway; of the rows only those of one series are.
//! Stacks that only deleted rows refer to, and symbols that only such stacks name, stay behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::storage::Result;
use telemetry_core::storage::store::{BlockOutput, MergeInput};
use telemetry_core::storage::tombstone::Tombstone;

use super::format::Page;
use super::reader::Block;
use super::writer::Writer;
use crate::engine::{Profiles, is_deleted};
use crate::samples::Row;
use crate::set::ProfileSet;
use crate::stacks::Used;

/// The pages of one series in one block.
struct Part<'a> {
    /// Number of the block.
    input: usize,
    block: &'a Block,
    pages: &'a [Page],
    /// What hides a part of the series.
    tombstones: Vec<Arc<Tombstone>>,
}

impl Part<'_> {
    /// Hands over the rows that nothing hides.
    fn rows(&self, labels: &Labels, mut each: impl FnMut(&Row)) -> Result<()> {
        for page in self.pages {
            let rows = self.block.rows(*page)?;
            rows.iter()
                .filter(|row| !is_deleted(&self.tombstones, labels, row.time))
                .for_each(&mut each);
        }
        Ok(())
    }
}

/// Writes the content of `inputs` as a block.
///
/// # Errors
///
/// Where a block cannot be read or is damaged, or the new one cannot be written.
pub(crate) fn merge(
    inputs: &[MergeInput<'_, Profiles>],
    output: &mut BlockOutput<'_>,
) -> Result<()> {
    let mut series: BTreeMap<&Labels, Vec<Part<'_>>> = BTreeMap::new();
    for (input, MergeInput { block, tombstones, .. }) in inputs.iter().enumerate() {
        for pages in &block.series {
            let hits = tombstones.iter().filter(|tombstone| tombstone.selects(&pages.labels));
            let tombstones = hits.cloned().collect();
            let part = Part { input, block, pages: &pages.pages, tombstones };
            series.entry(&pages.labels).or_default().push(part);
        }
    }
    // The tables only; rows go by.
    let mut tables = ProfileSet::default();
    let mut translations = Vec::with_capacity(inputs.len());
    for (input, MergeInput { block, tombstones, .. }) in inputs.iter().enumerate() {
        let used = if tombstones.is_empty() {
            Used::all(&block.stacks)
        } else {
            used_stacks(block, input, &series)?
        };
        translations.push(tables.absorb_symbols(&block.symbols, &block.stacks, &used));
    }
    let mut writer = Writer::new(output);
    for (labels, parts) in &series {
        let mut rows: Vec<Arc<Row>> = Vec::new();
        for part in parts {
            let Some(translate) = translations.get(part.input) else { continue };
            part.rows(labels, |row| rows.push(Arc::new(row.translated(translate))))?;
        }
        // Stable: rows of one time keep the order of their commits.
        rows.sort_by_key(|row| row.time);
        writer.push(labels, &rows)?;
    }
    writer.finish(&tables.symbols, &tables.stacks)
}

/// The stacks of a block that rows refer to which nothing hides.
fn used_stacks(
    block: &Block,
    input: usize,
    series: &BTreeMap<&Labels, Vec<Part<'_>>>,
) -> Result<Used> {
    let mut stacks = vec![];
    for (labels, parts) in series {
        for part in parts.iter().filter(|part| part.input == input) {
            part.rows(labels, |row| stacks.extend_from_slice(&row.stacks))?;
            // Many rows name few stacks.
            stacks.sort_unstable();
            stacks.dedup();
        }
    }
    Ok(Used::only(&block.stacks, stacks))
}
