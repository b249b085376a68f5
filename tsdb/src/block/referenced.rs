//! Chunks that are told by their difference to another one.
//!
//! A bucket refers to the bucket before it, which refers to the one before that: reading all
//! buckets of a histogram one after the other would read the first of them once for each. What
//! was referred to last is therefore kept.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use telemetry_core::storage::{Damaged, Result};

use super::places::ChunkPlace;
use super::reader::Block;
use crate::chunk::format::{self, Reference};

/// The longest way from a chunk to one that refers to none.
pub(super) const DEPTH_MAX: usize = 12;
/// Columns that are kept: those of one way. They have a few thousand values each.
const KEPT: usize = DEPTH_MAX + 4;

/// Values, by where their chunk begins and which of it they are.
type Kept = VecDeque<(u64, Wanted, Arc<[f64]>)>;

/// How many values chunks have that refer to each other, and which of them are wanted.
type Wanted = (usize, Range<usize>);

/// The chunks that were referred to last.
#[derive(Debug, Default)]
pub(super) struct Referenced(Mutex<Kept>);

impl Referenced {
    fn get(&self, position: u64, wanted: &Wanted) -> Option<Arc<[f64]>> {
        let kept = self.0.lock();
        let found = kept.iter().find(|(at, known, _)| *at == position && known == wanted);
        found.map(|(_, _, values)| Arc::clone(values))
    }

    fn keep(&self, position: u64, wanted: Wanted, values: &Arc<[f64]>) {
        let mut kept = self.0.lock();
        kept.truncate(KEPT - 1);
        kept.push_front((position, wanted, Arc::clone(values)));
    }
}

impl Block {
    /// Adds to differences what they are differences to: the values of the chunk that `chunk`
    /// refers to.
    pub(super) fn add_referenced(
        &self,
        chunk: &ChunkPlace,
        reference: Reference,
        wanted: Wanted,
        differences: &mut [f64],
    ) -> Result<()> {
        let values = self.referenced(chunk, reference, wanted, DEPTH_MAX)?;
        for (difference, value) in differences.iter_mut().zip(values.iter()) {
            *difference += value;
        }
        Ok(())
    }

    fn referenced(
        &self,
        from: &ChunkPlace,
        reference: Reference,
        wanted: Wanted,
        depth_left: usize,
    ) -> Result<Arc<[f64]>> {
        let wrong = || self.damaged(from, Damaged::field(0, "reference of a chunk"));
        // References lead back, so that none leads to itself, and not far, so that none is deep.
        let position = from.position.checked_sub(reference.distance).ok_or_else(wrong)?;
        let depth_left = depth_left.checked_sub(1).ok_or_else(wrong)?;
        if let Some(known) = self.referenced.get(position, &wanted) {
            return Ok(known);
        }
        let place = ChunkPlace { position, bytes: reference.bytes, ..*from };
        if !self.root.value_pages.holds(position, reference.bytes) {
            return Err(wrong());
        }
        let (count, places) = wanted.clone();
        let mut values = Vec::with_capacity(places.len());
        let bytes = self.values(&place)?;
        let further = format::decode(&bytes, count, places, &mut values, &mut Vec::new())
            .map_err(|damaged| self.damaged(&place, damaged))?;
        if let Some(further) = further {
            let base = self.referenced(&place, further, wanted.clone(), depth_left)?;
            values.iter_mut().zip(base.iter()).for_each(|(value, base)| *value += base);
        }
        let values: Arc<[f64]> = values.into();
        self.referenced.keep(position, wanted, &values);
        Ok(values)
    }
}
