//! The profile store: writing, deleting, care. Reading is in `query`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::Profile;
use telemetry_core::sink::{Committed, ProfileSink, RawLabels, Refusal, RefusalReason, SinkError};
use telemetry_core::storage::stats::StoreStats;
use telemetry_core::storage::store::{Store, VerifyReport};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::time::NanosRange;

use crate::engine::Profiles;
use crate::options::Builder;
use crate::set::ProfileSet;
use crate::{Error, Limits, record};

/// A store of profiles. Clones are handles to the same store; dropping the last one closes it.
///
/// ```
/// use profstore::ProfStore;
/// use telemetry_core::labels;
/// use telemetry_core::model::{Function, Line, Location, Profile, ProfileSample, ValueType};
/// use telemetry_core::query::QueryContext;
/// use telemetry_core::time::NanosRange;
///
/// let store = ProfStore::in_memory()?;
/// let profile = Profile {
///     sample_types: vec![ValueType { kind: "cpu".into(), unit: "nanoseconds".into() }],
///     period_type: ValueType { kind: "cpu".into(), unit: "nanoseconds".into() },
///     samples: vec![ProfileSample { stack: vec![0], values: vec![10], labels: vec![] }],
///     locations: vec![Location {
///         lines: vec![Line { function: Some(0), ..Line::default() }],
///         ..Location::default()
///     }],
///     functions: vec![Function { name: 1, ..Function::default() }],
///     strings: vec![String::new(), "main".into()],
///     ..Profile::default()
/// };
/// store.push("process_cpu", &labels! { "service" => "api" }, &profile)?;
///
/// let tree = store.merge(
///     "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
///     r#"{service="api"}"#,
///     NanosRange::ALL,
///     &QueryContext::new(),
/// )?;
/// assert_eq!(tree.folded(), "main 10\n");
/// # Ok::<(), profstore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProfStore {
    pub(crate) store: Store<Profiles>,
    limits: Arc<Limits>,
}

impl ProfStore {
    pub(crate) fn new(store: Store<Profiles>, limits: Limits) -> Self {
        ProfStore { store, limits: Arc::new(limits) }
    }

    /// Opens the store in `path`, made if there is none.
    ///
    /// # Errors
    ///
    /// The directory is in use, damaged, or of another kind.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Builder::default().open(path)
    }

    /// A store that writes nothing to disk.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn in_memory() -> Result<Self, Error> {
        Builder::default().in_memory()
    }

    /// Other than the default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Stores one profile of the series `labels`. `name` is the part of the profile type that
    /// pprof does not carry: `process_cpu`, `memory`, ….
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for a profile that breaks a limit; [`Error::Storage`] where the store
    /// cannot take any.
    pub fn push(&self, name: &str, labels: &Labels, profile: &Profile) -> Result<(), Error> {
        let mut batch = self.batch();
        batch.push(name, labels, profile);
        batch.commit()?.into_single().map_err(Error::Refused)
    }

    /// Collects profiles that are stored together.
    pub fn batch(&self) -> Batch {
        Batch { store: self.clone(), set: ProfileSet::default(), items: 0, refused: Vec::new() }
    }

    /// The store as a decoder sees it.
    pub fn sink(&self) -> impl ProfileSink + use<> {
        self.batch()
    }

    /// Deletes the profiles of the series that satisfy every matcher, taken in `window`.
    ///
    /// # Errors
    ///
    /// Where the store cannot take it.
    pub fn delete(&self, matchers: Vec<Matcher>, window: NanosRange) -> Result<(), Error> {
        if window.start < window.end {
            let last = window.end.0.saturating_sub(1);
            self.store.delete(Tombstone::new(matchers, window.start.0, last))?;
        }
        Ok(())
    }

    /// Writes what is in memory as a block.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn flush(&self) -> Result<(), Error> {
        self.store.flush()?;
        Ok(())
    }

    /// Merges small blocks and carries out deletes.
    ///
    /// # Errors
    ///
    /// Where a block cannot be read or written.
    pub fn compact(&self) -> Result<(), Error> {
        self.store.compact()?;
        Ok(())
    }

    /// Does what is due now. The answer says when to call again.
    ///
    /// # Errors
    ///
    /// Where a step fails.
    pub fn run_maintenance(&self) -> Result<Option<Duration>, Error> {
        Ok(self.store.run_maintenance()?)
    }

    /// Reads every byte and says what is damaged.
    ///
    /// # Errors
    ///
    /// Where the check itself cannot go on.
    pub fn verify(&self) -> Result<VerifyReport, Error> {
        Ok(self.store.verify()?)
    }

    /// Copies the store to `path` while writing goes on.
    ///
    /// # Errors
    ///
    /// Where `path` is not empty or cannot be written.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.store.backup(path.as_ref())?;
        Ok(())
    }

    /// Reads again what a writer did since, if this store is open for reading.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be read.
    pub fn refresh(&self) -> Result<(), Error> {
        self.store.refresh()?;
        Ok(())
    }

    /// A failure in the background, if there was one.
    ///
    /// # Errors
    ///
    /// That failure.
    pub fn health(&self) -> Result<(), Error> {
        Ok(self.store.health()?)
    }

    /// What the store holds and did.
    pub fn stats(&self) -> StoreStats {
        self.store.stats()
    }

    /// Syncs the log, writes what is worth a block, and closes for every handle.
    ///
    /// # Errors
    ///
    /// Where that fails, and what failed in the background before.
    pub fn close(&self) -> Result<(), Error> {
        Ok(self.store.close()?)
    }
}

/// Profiles that are stored together.
#[derive(Debug)]
pub struct Batch {
    store: ProfStore,
    set: ProfileSet,
    items: u64,
    refused: Vec<Refusal>,
}

impl Batch {
    /// Adds a profile: the next item.
    pub fn push(&mut self, name: &str, labels: &Labels, profile: &Profile) {
        if let Err(reason) = self.set.add(name, labels, profile, &self.store.limits) {
            self.refused.push(Refusal { index: self.items, reason });
        }
        self.items += 1;
    }

    /// Stores the profiles and is empty again.
    ///
    /// # Errors
    ///
    /// Where nothing could be stored at all.
    pub fn commit(&mut self) -> Result<Committed, Error> {
        let set = std::mem::take(&mut self.set);
        let refused = std::mem::take(&mut self.refused);
        let stored = std::mem::take(&mut self.items) - refused.len() as u64;
        if !set.is_empty() {
            let mut commit = self.store.store.begin()?;
            record::encode(&set, commit.record());
            commit.finish(|head| head.absorb(&set))?;
        }
        Ok(Committed { stored, refused })
    }
}

impl ProfileSink for Batch {
    fn push(&mut self, name: &str, labels: &RawLabels<'_>, profile: Profile) {
        match labels.duplicate() {
            Some(name) => {
                ProfileSink::refuse(self, RefusalReason::DuplicateLabel { name: name.to_owned() });
            }
            None => Batch::push(self, name, &labels.build(), &profile),
        }
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.refused.push(Refusal { index: self.items, reason });
        self.items += 1;
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Batch::commit(self).map_err(SinkError::store)
    }
}
