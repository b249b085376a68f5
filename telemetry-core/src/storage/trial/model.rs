//! Any order of appends, flushes, compactions, deletes, kills and reopenings equals the model.

use std::sync::Arc;

use super::failure::failed;
use super::{Broken, Deletion, Doing, Model, Subject, TrialFailure};
use crate::storage::fs::FaultyFileSystem;
use crate::storage::store::Durability;

const SEED: u64 = 1;

/// Something done to a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<I> {
    /// These items are committed.
    Commit(Vec<I>),
    /// The head is written.
    Flush,
    /// Blocks are merged.
    Compact,
    /// Items are deleted.
    Delete(Deletion),
    /// The store is closed and opened.
    Close,
    /// The process is killed, and the store opened again.
    Kill,
}

/// Does the steps to a store and to its model, and compares the two after each.
///
/// # Errors
/// The step, counted from zero, at which they differ.
pub fn run<S: Subject>(steps: &[Step<S::Item>]) -> Result<(), TrialFailure> {
    let files = FaultyFileSystem::new(SEED);
    let store = reopen::<S>(&files).map_err(|broken| broken.at(SEED, 0))?;
    let mut pair = Pair { files, store, model: S::Model::default() };
    for (n, step) in (0..).zip(steps) {
        pair = pair.take(step).map_err(|broken| broken.at(SEED, n))?;
        pair.compare().map_err(|broken| broken.at(SEED, n))?;
    }
    let n = steps.len() as u64;
    let report = pair.store.verify().map_err(|fault| failed(Doing::Verify)(fault).at(SEED, n))?;
    if !report.is_intact() {
        return Err(Broken::NotIntact { report: format!("{report:?}") }.at(SEED, n));
    }
    Ok(())
}

fn reopen<S: Subject>(files: &FaultyFileSystem) -> Result<S, Broken> {
    S::open(Arc::new(files.clone()), Durability::Always).map_err(failed(Doing::Open))
}

/// A store on its disk, and what should be in it.
struct Pair<S: Subject> {
    files: FaultyFileSystem,
    store: S,
    model: S::Model,
}

impl<S: Subject> Pair<S> {
    fn take(mut self, step: &Step<S::Item>) -> Result<Self, Broken> {
        match step {
            Step::Commit(items) => {
                let given = items.len() as u64;
                let stored = self.store.commit(items).map_err(failed(Doing::Commit))?;
                if stored != given {
                    return Err(Broken::Stored { given, stored });
                }
                items.iter().for_each(|item| self.model.insert(item));
            }
            Step::Flush => self.store.flush().map_err(failed(Doing::Flush))?,
            Step::Compact => self.store.compact().map_err(failed(Doing::Compact))?,
            Step::Delete(deletion) => {
                self.store.delete(*deletion).map_err(failed(Doing::Delete))?;
                self.model.delete(*deletion);
            }
            Step::Close => {
                let Pair { files, store, model } = self;
                store.close().map_err(failed(Doing::Close))?;
                drop(store);
                let store = reopen(&files)?;
                return Ok(Pair { files, store, model });
            }
            Step::Kill => {
                // The killed store still holds the old disk, and its lock there.
                let files = self.files.kill();
                let store = reopen(&files)?;
                return Ok(Pair { files, store, model: self.model });
            }
        }
        Ok(self)
    }

    fn compare(&self) -> Result<(), Broken> {
        let found = self.store.contents().map_err(failed(Doing::Read))?;
        let expected = self.model.contents();
        if found != expected {
            let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
            return Err(Broken::Differs { found, expected });
        }
        Ok(())
    }
}
