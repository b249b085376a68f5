//! Checking a block beyond its checksums.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Result;
use telemetry_core::storage::postings::{PostingsIndex, Union};
use telemetry_core::time::MillisRange;

use super::exemplars::Exemplars;
use super::labels::SeriesReader;
use super::reader::Block;
use crate::chunk::histogram;

impl Block {
    /// Checks that values and series are sorted, that the lists say of each value which series have
    /// it, that each series has samples, and that every chunk can be decoded.
    ///
    /// # Errors
    ///
    /// What is wrong first.
    pub(crate) fn verify(&self) -> Result<()> {
        self.verify_lists()?;
        let mut reader = SeriesReader::new(self);
        let mut previous: Option<Vec<(u32, u32)>> = None;
        let (mut values, mut starts, mut histograms) = (Vec::new(), Vec::new(), Vec::new());
        for series in 0..self.len() {
            let mut labels = Vec::new();
            reader.numbers(series, &mut labels)?;
            if previous.as_ref().is_some_and(|previous| *previous >= labels) {
                return Err(self.damaged_root("order of the series"));
            }
            let chunks = reader.chunks(series)?;
            if chunks.is_empty() {
                return Err(self.damaged_root("series without samples"));
            }
            for chunk in chunks {
                let count = self.times(chunk.column)?.len();
                values.clear();
                starts.clear();
                histograms.clear();
                if chunk.is_histogram {
                    histogram::decode(&self.values(chunk)?, count, &mut histograms, &mut starts)
                        .map_err(|damaged| self.damaged(chunk, damaged))?;
                } else {
                    self.peek(chunk)?;
                    self.floats(chunk, count, 0..count, &mut values, &mut starts)?;
                }
            }
            previous = Some(labels);
        }
        self.exemplars(MillisRange::ALL)?.map_or(Ok(()), Exemplars::verify)
    }

    fn verify_lists(&self) -> Result<()> {
        for name in &self.root.names {
            let mut last: Option<String> = None;
            let (mut listed, mut union) = (0, Union::default());
            for page in name.pages.clone() {
                let (texts, lists) = (self.texts(name, page)?, self.lists(name, page)?);
                let first = texts.get(0).unwrap_or_default();
                let follows = last.as_deref().is_none_or(|last| last < first);
                if !texts.is_sorted() || !follows || self.root.find_texts(name, first) != page {
                    return Err(self.damaged_root("order of the values"));
                }
                last = texts.len().checked_sub(1).and_then(|at| texts.get(at)).map(str::to_owned);
                for value in 0..lists.len() {
                    let mut one = Union::default();
                    self.add(&lists, value, &mut one)?;
                    let ids = one.finish();
                    listed += ids.len();
                    ids.iter().for_each(|id| union.add(id));
                }
            }
            // Each has one value: the lists are apart, and together those that have the name.
            let all = union.finish();
            if all.len() != listed || all != self.with_name(&name.text)? {
                return Err(self.damaged_root("series of a name"));
            }
        }
        Ok(())
    }
}
