//! The store as the kernel's trials see it.
#![cfg(test)]

use std::sync::Arc;

use logstore::LogStore;
use telemetry_core::storage::fs::FileSystem;
use telemetry_core::storage::store::{Durability, VerifyReport};
use telemetry_core::storage::trial::{self, Deletion, Fault, Subject};
use telemetry_core::time::NanosRange;

use super::{Line, Model, commit, contents, delete, open};

pub(crate) struct Lines(LogStore);

impl Subject for Lines {
    type Item = Line;
    type Model = Model;

    fn open(files: Arc<dyn FileSystem>, durability: Durability) -> Result<Self, Fault> {
        Ok(Lines(open(files, durability)?))
    }

    fn commit(&self, items: &[Line]) -> Result<u64, Fault> {
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

    fn contents(&self) -> Result<Vec<Line>, Fault> {
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
    type Item = Line;

    fn insert(&mut self, item: &Line) {
        Model::insert(self, item);
    }

    fn delete(&mut self, deletion: Deletion) {
        Model::delete(self, deletion.part, NanosRange::new(deletion.start, deletion.end));
    }

    fn contents(&self) -> Vec<Line> {
        Model::contents(self)
    }
}
