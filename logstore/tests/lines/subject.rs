//! The store as the kernel's trials see it.
#![cfg(test)]

use std::sync::Arc;

use logstore::LogStore;
use telemetry_core::storage::fs::FileSystem;
use telemetry_core::storage::store::{Durability, VerifyReport};
use telemetry_core::storage::trial::{self, Deletion, Fault, Subject};
use telemetry_core::time::NanosRange;

use super::{Line, Model, commit, contents, delete, open};

/// A store whose deletes have the condition number `CONDITION`, if they do not say another.
pub(crate) struct Lines<const CONDITION: u8 = 0>(LogStore);

/// The part of a delete with a condition: see [`delete`].
fn part<const CONDITION: u8>(deletion: Deletion) -> u8 {
    deletion.part + 3 * CONDITION
}

impl<const CONDITION: u8> Subject for Lines<CONDITION> {
    type Item = Line;
    type Model = Expected<CONDITION>;

    fn open(files: Arc<dyn FileSystem>, durability: Durability) -> Result<Self, Fault> {
        Ok(Lines(open(files, durability)?))
    }

    fn commit(&self, items: &[Line]) -> Result<u64, Fault> {
        Ok(commit(&self.0, items)?)
    }

    fn delete(&self, deletion: Deletion) -> Result<(), Fault> {
        let window = NanosRange::new(deletion.start, deletion.end);
        Ok(delete(&self.0, part::<CONDITION>(deletion), window)?)
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

/// The model of such a store.
#[derive(Default)]
pub(crate) struct Expected<const CONDITION: u8>(Model);

impl<const CONDITION: u8> trial::Model for Expected<CONDITION> {
    type Item = Line;

    fn insert(&mut self, item: &Line) {
        self.0.insert(item);
    }

    fn delete(&mut self, deletion: Deletion) {
        let window = NanosRange::new(deletion.start, deletion.end);
        self.0.delete(part::<CONDITION>(deletion), window);
    }

    fn contents(&self) -> Vec<Line> {
        self.0.contents()
    }
}
