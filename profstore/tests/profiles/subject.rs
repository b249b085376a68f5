//! The store as the kernel's trials see it.
#![cfg(test)]

use std::sync::Arc;

use profstore::ProfStore;
use telemetry_core::storage::fs::FileSystem;
use telemetry_core::storage::store::{Durability, VerifyReport};
use telemetry_core::storage::trial::{self, Deletion, Fault, Subject};
use telemetry_core::time::NanosRange;

use super::{Model, Sample, commit, contents, delete, open};

pub(crate) struct Profiles(ProfStore);

impl Subject for Profiles {
    type Item = Sample;
    type Model = Model;

    fn open(files: Arc<dyn FileSystem>, durability: Durability) -> Result<Self, Fault> {
        Ok(Profiles(open(files, durability)?))
    }

    fn commit(&self, items: &[Sample]) -> Result<u64, Fault> {
        Ok(commit(&self.0, items)?)
    }

    fn delete(&self, deletion: Deletion) -> Result<(), Fault> {
        Ok(delete(&self.0, deletion.part, NanosRange::new(deletion.start, deletion.end))?)
    }

    fn flush(&self) -> Result<(), Fault> {
        Ok(self.0.flush()?)
    }

    fn compact(&self) -> Result<(), Fault> {
        Ok(self.0.compact()?)
    }

    fn close(&self) -> Result<(), Fault> {
        Ok(self.0.close()?)
    }

    fn contents(&self) -> Result<Vec<Sample>, Fault> {
        Ok(contents(&self.0)?)
    }

    fn verify(&self) -> Result<VerifyReport, Fault> {
        Ok(self.0.verify()?)
    }

    fn was_clean(&self) -> bool {
        self.0.stats().recovery.was_clean()
    }
}

impl trial::Model for Model {
    type Item = Sample;

    fn insert(&mut self, item: &Sample) {
        Model::insert(self, item);
    }

    fn delete(&mut self, deletion: Deletion) {
        Model::delete(self, deletion.part, NanosRange::new(deletion.start, deletion.end));
    }

    fn contents(&self) -> Vec<Sample> {
        Model::contents(self)
    }
}
