//! Checking a block beyond its checksums.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::{Damaged, Result};

use super::reader::Block;
use super::{POSTINGS, SERIES};
use crate::chunk::{format, histogram};

impl Block {
    /// Checks that series are sorted, each has samples, and every chunk can be decoded.
    ///
    /// # Errors
    ///
    /// What is wrong first.
    pub(crate) fn verify(&self) -> Result<()> {
        let in_postings = |damaged| self.index.damaged_in(POSTINGS, damaged);
        self.postings.verify().map_err(in_postings)?;
        let damaged = |what| self.index.damaged_in(SERIES, Damaged::field(0, what));
        let mut previous = None;
        let (mut values, mut starts, mut histograms) = (Vec::new(), Vec::new(), Vec::new());
        for series in 0..self.len() {
            let labels = self.labels(series);
            if previous.as_ref().is_some_and(|previous| *previous >= labels) {
                return Err(damaged("order of the series"));
            }
            let chunks = self.chunks(series)?;
            if chunks.is_empty() {
                return Err(damaged("series without samples"));
            }
            for chunk in chunks {
                let count = self.times(chunk.column)?.len();
                let bytes = self.values(&chunk)?;
                values.clear();
                starts.clear();
                histograms.clear();
                let decoded = if chunk.is_histogram {
                    histogram::decode(&bytes, count, &mut histograms, &mut starts)
                } else {
                    format::peek(&bytes)
                        .and_then(|_| format::decode(&bytes, count, &mut values, &mut starts))
                };
                decoded.map_err(|damaged| self.damaged(&chunk, damaged))?;
            }
            previous = Some(labels);
        }
        Ok(())
    }
}
