//! Deletes as the kernel keeps them → deletes that can be asked about lines.
//!
//! A condition is compiled when a delete is first met and kept: a delete meets every query until it
//! has been carried out.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use telemetry_core::source::{ConditionLanguage, LogDelete};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::storage::{self, Damaged};

use super::condition::Condition;
use super::{Delete, format};
use crate::Error;
use crate::search::Filters;

/// Compiled conditions that are kept; past that all are forgotten and compiled again.
const CONDITIONS_MAX: usize = 256;

/// Compiles the conditions of deletes.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    language: Option<Arc<dyn ConditionLanguage>>,
    known: Mutex<HashMap<Box<[u8]>, Arc<Condition>>>,
}

impl Conditions {
    pub(crate) fn new(language: Option<Arc<dyn ConditionLanguage>>) -> Self {
        Conditions { language, known: Mutex::default() }
    }

    /// A delete as the kernel keeps it; none where it takes no time.
    ///
    /// # Errors
    ///
    /// What it says about lines is not known to this store, or to the language it was opened with.
    pub(crate) fn tombstone(&self, delete: LogDelete) -> Result<Option<Tombstone>, Error> {
        let condition = delete.condition.unwrap_or_default();
        let predicate = format::write(&delete.filters, &condition).ok_or(Error::DeleteFilter)?;
        self.compile(&predicate)?;
        let window = delete.window;
        if window.start >= window.end {
            return Ok(None);
        }
        let last = window.end.0.saturating_sub(1);
        let tombstone = Tombstone::new(delete.matchers, window.start.0, last);
        Ok(Some(Tombstone { predicate, ..tombstone }))
    }

    /// Deletes that can be asked.
    ///
    /// # Errors
    ///
    /// As [`tombstone`](Self::tombstone): then nobody can say what is deleted, and nothing is read.
    pub(crate) fn deletes(&self, tombstones: &[Arc<Tombstone>]) -> storage::Result<Vec<Delete>> {
        let delete = |tombstone: &Arc<Tombstone>| {
            let condition = self.compile(&tombstone.predicate).map_err(storage::Error::engine)?;
            Ok(Delete { tombstone: tombstone.clone(), condition })
        };
        tombstones.iter().map(delete).collect()
    }

    fn compile(&self, predicate: &[u8]) -> Result<Option<Arc<Condition>>, Error> {
        if predicate.is_empty() {
            return Ok(None);
        }
        if let Some(known) = self.known.lock().get(predicate) {
            return Ok(Some(known.clone()));
        }
        let damaged = |damaged: Damaged| Error::DeleteDamaged { damage: damaged.damage };
        let stored = format::read(predicate).map_err(damaged)?;
        let language = match (&*stored.condition, &self.language) {
            ("", _) => None,
            (_, None) => return Err(Error::DeleteLanguage),
            (text, Some(language)) => {
                Some(language.compile(text).map_err(|source| Error::DeleteCondition { source })?)
            }
        };
        let filters = Filters::new(&stored.filters).ok_or(Error::DeleteFilter)?;
        let condition = Arc::new(Condition { filters, language });
        let mut known = self.known.lock();
        if known.len() >= CONDITIONS_MAX {
            known.clear();
        }
        known.insert(predicate.into(), condition.clone());
        Ok(Some(condition))
    }
}
