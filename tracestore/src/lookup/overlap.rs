//! Which traces live in several blocks: compared once per pair of blocks, remembered while both live.
//!
//! Traces are told apart by the hash of their id. Two traces with one hash are treated as one that
//! lives in several places, which costs time and is right all the same: what is put together is then
//! told apart by id.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;
use telemetry_core::storage::Result;
use telemetry_core::storage::ulid::Ulid;

use super::common;
use crate::block::Block;

/// Remembers what blocks have in common.
#[derive(Debug, Default)]
pub(crate) struct Overlaps {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    pairs: HashMap<(Ulid, Ulid), Arc<[u32]>>,
    /// The last answer, and for which blocks.
    last: Option<(Vec<Ulid>, Arc<[u32]>)>,
}

impl Overlaps {
    /// Hashes of the traces that live in more than one of the blocks, ascending. A block is opened
    /// with `open` only where it has to be compared.
    ///
    /// # Errors
    ///
    /// Those of `open`.
    pub(crate) fn of<'a>(
        &self,
        blocks: &[Ulid],
        open: impl Fn(usize) -> Result<&'a Block>,
    ) -> Result<Arc<[u32]>> {
        let pairs = {
            let known = self.known.lock();
            if let Some((of, answer)) = &known.last
                && of == blocks
            {
                return Ok(answer.clone());
            }
            known.pairs.clone()
        };
        let mut shared = Vec::new();
        let mut fresh = HashMap::new();
        for (second, b) in blocks.iter().enumerate() {
            for (first, a) in blocks.iter().enumerate().take(second) {
                let found = match pairs.get(&(*a, *b)) {
                    Some(found) => found.clone(),
                    None => {
                        let mut found = Vec::new();
                        common(open(first)?.hashes(), open(second)?.hashes(), &mut found);
                        found.dedup();
                        Arc::from(found)
                    }
                };
                shared.extend_from_slice(&found);
                fresh.insert((*a, *b), found);
            }
        }
        shared.sort_unstable();
        shared.dedup();
        let answer: Arc<[u32]> = shared.into();
        let live: HashSet<Ulid> = blocks.iter().copied().collect();
        let mut known = self.known.lock();
        known.pairs.retain(|(a, b), _| live.contains(a) && live.contains(b));
        known.pairs.extend(fresh);
        known.last = Some((blocks.to_vec(), answer.clone()));
        Ok(answer)
    }
}
