//! Which series come together: `by`, `without`, and the same for `on` and `ignoring`.

use hashbrown::HashTable;

use crate::labels::{Labels, hash_pairs};

/// The labels by which series are grouped or matched.
///
/// A language that always leaves a label out (PromQL the metric name, in `without` and
/// `ignoring`) adds it to the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// `by` or `on`: these labels.
    By(Vec<Box<str>>),
    /// `without` or `ignoring`: all other labels.
    Without(Vec<Box<str>>),
}

impl Grouping {
    /// Whether the label `name` takes part.
    pub fn takes(&self, name: &str) -> bool {
        match self {
            Grouping::By(names) => names.iter().any(|one| **one == *name),
            Grouping::Without(names) => names.iter().all(|one| **one != *name),
        }
    }

    /// The part of `labels` that takes part: the labels of the group.
    pub fn labels(&self, labels: &Labels) -> Labels {
        let pairs = labels.iter().filter(|(name, _)| self.takes(name));
        if pairs.clone().count() == labels.len() {
            return labels.clone();
        }
        Labels::from_pairs(pairs)
    }

    fn hash(&self, labels: &Labels) -> u64 {
        hash_pairs(labels.iter().filter(|(name, _)| self.takes(name)))
    }

    fn equal(&self, group: &Labels, labels: &Labels) -> bool {
        group.iter().eq(labels.iter().filter(|(name, _)| self.takes(name)))
    }
}

/// Numbers the groups of label sets in the order in which they first appear.
///
/// ```
/// use telemetry_core::labels;
/// use telemetry_core::vector::{Grouping, Groups};
///
/// let mut groups = Groups::new(Grouping::By(vec!["job".into()]));
/// assert_eq!(groups.assign(&labels! { "job" => "api", "instance" => "1" }), 0);
/// assert_eq!(groups.assign(&labels! { "job" => "db" }), 1);
/// assert_eq!(groups.assign(&labels! { "job" => "api", "instance" => "2" }), 0);
/// assert_eq!(groups.labels(0), &labels! { "job" => "api" });
/// ```
#[derive(Clone, Debug)]
pub struct Groups {
    grouping: Grouping,
    labels: Vec<Labels>,
    index: HashTable<(u64, u32)>,
}

impl Groups {
    /// No groups yet.
    pub fn new(grouping: Grouping) -> Self {
        Groups { grouping, labels: Vec::new(), index: HashTable::new() }
    }

    /// The number of the group that `labels` belong to; a new one if there is none.
    pub fn assign(&mut self, labels: &Labels) -> u32 {
        if let Some(only) = self.only() {
            return only;
        }
        let hash = self.grouping.hash(labels);
        if let Some(group) = self.find_hashed(hash, labels) {
            return group;
        }
        let group = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
        self.labels.push(self.grouping.labels(labels));
        self.index.insert_unique(hash, (hash, group), |(hash, _)| *hash);
        group
    }

    /// The number of the group that `labels` belong to, if it exists.
    pub fn find(&self, labels: &Labels) -> Option<u32> {
        self.only().or_else(|| self.find_hashed(self.grouping.hash(labels), labels))
    }

    /// The group that all labels belong to, whatever they are: there is one where none takes part.
    fn only(&self) -> Option<u32> {
        let takes_none = matches!(&self.grouping, Grouping::By(names) if names.is_empty());
        (takes_none && !self.labels.is_empty()).then_some(0)
    }

    fn find_hashed(&self, hash: u64, labels: &Labels) -> Option<u32> {
        let same = |(at, group): &(u64, u32)| {
            *at == hash && self.grouping.equal(self.labels(*group), labels)
        };
        self.index.find(hash, same).map(|(_, group)| *group)
    }

    /// The labels of a group that exists.
    ///
    /// # Panics
    ///
    /// If `group` was not returned by [`assign`](Self::assign).
    pub fn labels(&self, group: u32) -> &Labels {
        &self.labels[group as usize]
    }

    /// The labels of all groups, by number.
    pub fn all_labels(&self) -> &[Labels] {
        &self.labels
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// What groups.
    pub fn grouping(&self) -> &Grouping {
        &self.grouping
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;

    #[test]
    fn without_takes_every_other_label() {
        let mut groups = Groups::new(Grouping::Without(vec!["instance".into(), "__name__".into()]));
        let a = labels! { "__name__" => "up", "job" => "api", "instance" => "1" };
        let b = labels! { "__name__" => "down", "job" => "api" };
        assert_eq!(groups.assign(&a), groups.assign(&b));
        assert_eq!(groups.labels(0), &labels! { "job" => "api" });
        assert_eq!(groups.find(&labels! { "job" => "db" }), None);
    }

    #[test]
    fn values_do_not_run_together() {
        let mut groups = Groups::new(Grouping::By(vec!["a".into(), "b".into()]));
        let first = groups.assign(&labels! { "a" => "aa", "b" => "bb" });
        assert_ne!(first, groups.assign(&labels! { "a" => "a", "b" => "abb" }));
    }

    #[test]
    fn by_nothing_is_one_group_without_labels() {
        let mut groups = Groups::new(Grouping::By(Vec::new()));
        assert_eq!(groups.find(&labels! { "a" => "1" }), None);
        assert_eq!(groups.assign(&labels! { "a" => "1" }), groups.assign(&Labels::empty()));
        assert_eq!(groups.find(&labels! { "b" => "2" }), Some(0));
        assert_eq!(groups.len(), 1);
        assert!(groups.labels(0).is_empty());
    }
}
