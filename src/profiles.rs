//! Profiles: pprof in, call trees out.

use std::borrow::Borrow;

use profstore::flame::CallTree;
use profstore::query::{PointSeries, SeriesQuery};
use profstore::{Batch, ProfStore, ProfileType};
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::Profile;
use telemetry_core::sink::ProfileSink;
use telemetry_core::time::NanosRange;

use crate::{Bounds, Error, Quadra};

/// The profiles of a database.
#[derive(Clone, Debug)]
pub struct Profiles {
    db: Quadra,
    bounds: Bounds,
}

impl Quadra {
    /// The profiles of this database.
    pub fn profiles(&self) -> Profiles {
        Profiles { db: self.clone(), bounds: Bounds::default() }
    }
}

impl Profiles {
    /// Bounds what the queries of this handle may take and touch.
    #[must_use]
    pub fn bounded(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The store itself, which is also a source of profiles.
    pub fn store(&self) -> &ProfStore {
        &self.db.stores().profiles
    }

    /// Stores a profile. `name` is the part of the profile type that pprof does not carry:
    /// `process_cpu`, `memory`, ….
    ///
    /// # Errors
    ///
    /// The profile breaks a limit, or the store takes none.
    pub fn push(
        &self,
        name: &str,
        labels: impl Borrow<Labels>,
        profile: &Profile,
    ) -> Result<(), Error> {
        Ok(self.store().push(name, labels.borrow(), profile)?)
    }

    /// Collects profiles that are stored together.
    pub fn batch(&self) -> Batch {
        self.store().batch()
    }

    /// The store as a decoder sees it.
    pub fn sink(&self) -> impl ProfileSink + use<> {
        self.store().sink()
    }

    /// Deletes the profiles of the series that satisfy every matcher, taken in `window`.
    ///
    /// # Errors
    ///
    /// Where the store cannot take it.
    pub fn delete(
        &self,
        matchers: Vec<Matcher>,
        window: impl Into<NanosRange>,
    ) -> Result<(), Error> {
        Ok(self.store().delete(matchers, window.into())?)
    }

    /// The call tree of the profiles of one type whose labels the selector selects, taken in
    /// `window`, whose end is not in.
    ///
    /// # Errors
    ///
    /// Where type or selector cannot be read, the store fails, or a bound is reached.
    pub fn merge(
        &self,
        profile_type: &str,
        selector: &str,
        window: impl Into<NanosRange>,
    ) -> Result<CallTree, Error> {
        let context = self.bounds.context(&self.db);
        Ok(self.store().merge(profile_type, selector, window.into(), &context)?)
    }

    /// The totals of profiles over time.
    ///
    /// # Errors
    ///
    /// As [`merge`](Self::merge).
    pub fn series(&self, query: &SeriesQuery) -> Result<Vec<PointSeries>, Error> {
        let context = self.bounds.context(&self.db);
        Ok(profstore::query::series(self.store(), query, &context)?)
    }

    /// The types of the stored profiles, sorted.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub fn types(&self) -> Result<Vec<ProfileType>, Error> {
        let context = self.bounds.context(&self.db);
        Ok(self.store().profile_types(NanosRange::ALL, &context)?)
    }
}
