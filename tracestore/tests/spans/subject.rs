//! The store as the kernel's trials see it.
#![cfg(test)]

use std::sync::Arc;

use telemetry_core::model::Span;
use telemetry_core::storage::fs::FileSystem;
use telemetry_core::storage::store::{Durability, VerifyReport};
use telemetry_core::storage::trial::{self, Deletion, Fault, Subject};
use telemetry_core::time::NanosRange;
use tracestore::TraceStore;

use super::{Model, commit, delete, open, scanned, to_scan, try_contents};

pub(crate) struct Spans(TraceStore);

impl Subject for Spans {
    type Item = Span;
    type Model = Model;

    fn open(files: Arc<dyn FileSystem>, durability: Durability) -> Result<Self, Fault> {
        Ok(Spans(open(files, durability)?))
    }

    fn commit(&self, items: &[Span]) -> Result<u64, Fault> {
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

    fn contents(&self) -> Result<Vec<Span>, Fault> {
        let (scan, found) = (scanned(&self.0)?, try_contents(&self.0)?);
        assert_eq!(scan, to_scan(&found), "groups and traces differ");
        Ok(found)
    }

    fn verify(&self) -> Result<VerifyReport, Fault> {
        Ok(self.0.verify()?)
    }

    fn was_clean(&self) -> bool {
        self.0.stats().recovery.was_clean()
    }
}

impl trial::Model for Model {
    type Item = Span;

    fn insert(&mut self, item: &Span) {
        Model::insert(self, item);
    }

    fn delete(&mut self, deletion: Deletion) {
        Model::delete(self, deletion.part, NanosRange::new(deletion.start, deletion.end));
    }

    fn contents(&self) -> Vec<Span> {
        Model::contents(self)
    }
}
