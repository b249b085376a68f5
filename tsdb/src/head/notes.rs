//! What is kept beside samples: exemplars and metadata.
//!
//! Both live in memory and in the log. They move on from head to head, so that flushing does not
//! lose them; how many exemplars there are is bounded, the oldest go first.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::model::{Exemplar, Metadata};

/// Exemplars of all series together.
const EXEMPLARS_MAX: usize = 10_000;
/// Metrics with metadata.
const METADATA_MAX: usize = 100_000;

/// Exemplars and metadata.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Exemplars with their series, oldest first.
    exemplars: VecDeque<(u32, Arc<Exemplar>)>,
    metadata: HashMap<Arc<str>, Arc<Metadata>>,
}

impl Notes {
    /// Adds an exemplar, unless the same is there already.
    pub(crate) fn add_exemplar(&mut self, series: u32, exemplar: &Exemplar) {
        let same = |(id, known): &(u32, Arc<Exemplar>)| *id == series && **known == *exemplar;
        // Repeated scrapes hand in the last exemplar again and again.
        if self.exemplars.iter().rev().take(1_000).any(same) {
            return;
        }
        if self.exemplars.len() >= EXEMPLARS_MAX {
            self.exemplars.pop_front();
        }
        self.exemplars.push_back((series, Arc::new(exemplar.clone())));
    }

    /// Replaces what is known about a metric.
    pub(crate) fn set_metadata(&mut self, metric: &str, metadata: &Metadata) {
        if self.metadata.len() < METADATA_MAX || self.metadata.contains_key(metric) {
            self.metadata.insert(metric.into(), Arc::new(metadata.clone()));
        }
    }

    /// What is known about a metric.
    pub(crate) fn metadata(&self, metric: &str) -> Option<&Metadata> {
        self.metadata.get(metric).map(Arc::as_ref)
    }

    /// Everything that is known about metrics, in no order.
    pub(crate) fn all_metadata(&self) -> impl Iterator<Item = (&str, &Metadata)> {
        self.metadata.iter().map(|(metric, metadata)| (&**metric, &**metadata))
    }

    /// Exemplars with their series, oldest first.
    pub(crate) fn exemplars(&self) -> impl Iterator<Item = (u32, &Exemplar)> {
        self.exemplars.iter().map(|(series, exemplar)| (*series, &**exemplar))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.exemplars.is_empty() && self.metadata.is_empty()
    }
}
