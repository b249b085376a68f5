//! Matchers over the series that there were when the asking began.
//!
//! What takes long, a look at every value of a label, is done in steps: between two of them series
//! can be added, which are then not among the answer.

use std::sync::Arc;

use parking_lot::RwLock;
use telemetry_core::storage::Result;
use telemetry_core::storage::postings::{Postings, PostingsIndex};

use super::index::Index;

/// Values looked at in one step.
const STEP: usize = 1_024;

/// The series of an index at a moment.
pub(super) struct Asked {
    index: Arc<RwLock<Index>>,
    all: Postings,
}

impl Asked {
    pub(super) fn new(index: Arc<RwLock<Index>>) -> Self {
        let all = index.read().all();
        Asked { index, all }
    }

    fn union(&self, mut few: Vec<u32>, mut many: Postings) -> Postings {
        few.sort_unstable();
        many.insert_many(&few);
        self.bounded(many)
    }

    fn bounded(&self, mut ids: Postings) -> Postings {
        if self.index.read().len() as u64 != self.all.len() {
            ids.intersect_with(&self.all);
        }
        ids
    }

    /// Looks at the values of a label, step by step.
    fn each_value(&self, name: &str, mut see: impl FnMut(&Index, u32, &str)) {
        let mut at = 0;
        loop {
            let index = self.index.read();
            let pairs = index.name(name).and_then(|name| name.pairs.get(at..)).unwrap_or_default();
            let step = pairs.get(..STEP).unwrap_or(pairs);
            for pair in step {
                see(&index, *pair, index.texts_of(*pair).1);
            }
            at += step.len();
            if step.len() < STEP {
                return;
            }
        }
    }
}

impl PostingsIndex for Asked {
    fn all(&self) -> Result<Postings> {
        Ok(self.all.clone())
    }

    fn with_name(&self, name: &str) -> Result<Postings> {
        let ids = self.index.read().with_name(name);
        Ok(self.bounded(ids))
    }

    fn with_values(&self, name: &str, values: &mut dyn Iterator<Item = &str>) -> Result<Postings> {
        let (mut few, mut many) = (Vec::new(), Postings::new());
        let index = self.index.read();
        values.for_each(|value| index.add_ids_with(name, value, &mut few, &mut many));
        drop(index);
        Ok(self.union(few, many))
    }

    fn with_values_where(
        &self,
        name: &str,
        prefix: &str,
        keep: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Postings> {
        let (mut few, mut many) = (Vec::new(), Postings::new());
        self.each_value(name, |index, pair, value| {
            if value.starts_with(prefix) && keep(value) {
                index.add_ids(pair, &mut few, &mut many);
            }
        });
        Ok(self.union(few, many))
    }

    fn names(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = self.index.read().names().map(str::to_owned).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn values(&self, name: &str) -> Result<Vec<String>> {
        let mut values = Vec::new();
        self.each_value(name, |_, _, value| values.push(value.to_owned()));
        values.sort_unstable();
        Ok(values)
    }
}
