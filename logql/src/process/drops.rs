//! Lines that stages dropped, counted by reason.

use std::collections::BTreeMap;

/// Lines that a pipeline did not hand on, by reason: the stage's own (`drop_stage`,
/// `match_stage`, `sampling_stage`, `ratelimit_drop_stage`, …) or the one it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    by_reason: BTreeMap<String, u64>,
}

impl Drops {
    pub(super) fn count(&mut self, reason: &str) {
        match self.by_reason.get_mut(reason) {
            Some(count) => *count += 1,
            None => drop(self.by_reason.insert(reason.to_owned(), 1)),
        }
    }

    /// How many lines were dropped for this reason.
    pub fn of(&self, reason: &str) -> u64 {
        self.by_reason.get(reason).copied().unwrap_or_default()
    }

    /// How many lines were dropped.
    pub fn total(&self) -> u64 {
        self.by_reason.values().sum()
    }

    /// Reasons and counts, by reason.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.by_reason.iter().map(|(reason, count)| (reason.as_str(), *count))
    }
}
