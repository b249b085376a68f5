//! The index of a head: grows with every new series, and is read beside under the head's lock.

use super::bitmap::Postings;
use super::list::{List, Union};
use super::select::PostingsIndex;
use crate::labels::Labels;
use crate::storage::error::Result;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Bytes that a value takes beside its text: its node in the tree and its list.
const VALUE_BYTES: usize = 64;

/// Names and values, sorted, with the ids that have them.
#[derive(Clone, Debug, Default)]
pub struct MemoryPostings {
    pub(super) all: Postings,
    pub(super) names: BTreeMap<Box<str>, Name>,
    heap_bytes: usize,
}

/// One label.
#[derive(Clone, Debug, Default)]
pub(super) struct Name {
    /// Ids that have it, whatever the value.
    pub(super) present: Postings,
    pub(super) values: BTreeMap<Box<str>, List>,
}

impl MemoryPostings {
    /// Without any id.
    pub fn new() -> Self {
        MemoryPostings::default()
    }

    /// Adds an id with its labels. An id is added once.
    pub fn insert(&mut self, id: u32, labels: &Labels) {
        self.all.insert(id);
        for (name, value) in labels.iter() {
            // Looked up first: names and most values are there already.
            if !self.names.contains_key(name) {
                self.names.insert(name.into(), Name::default());
                self.heap_bytes += name.len() + 2 * VALUE_BYTES;
            }
            let Some(label) = self.names.get_mut(name) else { continue };
            label.present.insert(id);
            match label.values.get_mut(value) {
                Some(list) => {
                    let before = list.heap_bytes();
                    list.insert(id);
                    self.heap_bytes = (self.heap_bytes + list.heap_bytes()).saturating_sub(before);
                }
                None => {
                    label.values.insert(value.into(), List::One(id));
                    self.heap_bytes += value.len() + VALUE_BYTES;
                }
            }
        }
    }

    /// Removes an id with the labels it was added with.
    pub fn remove(&mut self, id: u32, labels: &Labels) {
        self.all.remove(id);
        for (name, value) in labels.iter() {
            let Some(label) = self.names.get_mut(name) else { continue };
            label.present.remove(id);
            if label.values.get_mut(value).is_some_and(|list| list.remove(id)) {
                label.values.remove(value);
                self.heap_bytes = self.heap_bytes.saturating_sub(value.len() + VALUE_BYTES);
            }
            if label.values.is_empty() {
                self.names.remove(name);
                self.heap_bytes = self.heap_bytes.saturating_sub(name.len() + 2 * VALUE_BYTES);
            }
        }
    }

    /// How many ids are in it.
    pub fn len(&self) -> u64 {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// About how much memory it takes.
    pub fn heap_bytes(&self) -> usize {
        self.heap_bytes + self.all.encoded_bytes()
    }

    /// The labels that occur, sorted.
    pub fn label_names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(AsRef::as_ref)
    }

    /// The values of a label that occur, sorted.
    pub fn label_values(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.names.get(name).map(|label| label.values.keys());
        values.into_iter().flatten().map(AsRef::as_ref)
    }

    /// The form for a block; see [`super::FrozenPostings`].
    ///
    /// # Errors
    /// Texts or lists have more than 4 GiB together.
    pub fn freeze(&self) -> Result<Vec<u8>> {
        super::format::encode(self)
    }
}

impl PostingsIndex for MemoryPostings {
    fn all(&self) -> Result<Postings> {
        Ok(self.all.clone())
    }

    fn with_name(&self, name: &str) -> Result<Postings> {
        Ok(self.names.get(name).map(|label| label.present.clone()).unwrap_or_default())
    }

    fn with_values(&self, name: &str, values: &mut dyn Iterator<Item = &str>) -> Result<Postings> {
        let mut union = Union::default();
        if let Some(label) = self.names.get(name) {
            for list in values.filter_map(|value| label.values.get(value)) {
                list.add_to(&mut union);
            }
        }
        Ok(union.finish())
    }

    fn with_values_where(
        &self,
        name: &str,
        prefix: &str,
        keep: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Postings> {
        let mut union = Union::default();
        if let Some(label) = self.names.get(name) {
            let from = (Bound::Included(prefix), Bound::Unbounded);
            let values = label.values.range::<str, _>(from);
            for (value, list) in values.take_while(|(value, _)| value.starts_with(prefix)) {
                if keep(value) {
                    list.add_to(&mut union);
                }
            }
        }
        Ok(union.finish())
    }

    fn names(&self) -> Result<Vec<String>> {
        Ok(self.label_names().map(str::to_owned).collect())
    }

    fn values(&self, name: &str) -> Result<Vec<String>> {
        Ok(self.label_values(name).map(str::to_owned).collect())
    }
}
