//! The full check of a store: every byte that it would ever read.

use super::engine::Engine;
use super::opened::{Opened, guarded};
use crate::storage::block::verify_block;
use crate::storage::error::{Action, Error, Result};
use crate::storage::manifest::Manifest;
use crate::storage::ulid::Ulid;
use crate::storage::wal::replay;

/// What a full check found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Blocks that were read.
    pub blocks: u64,
    /// Their size.
    pub block_bytes: u64,
    /// Intact records of the log that were read.
    pub log_records: u64,
    /// What is wrong; empty where nothing is.
    pub problems: Vec<Problem>,
}

/// Something that is wrong.
#[derive(Debug)]
#[non_exhaustive]
pub struct Problem {
    /// The block, where it is one.
    pub block: Option<Ulid>,
    /// What is wrong with it.
    pub error: Error,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.problems.is_empty()
    }
}

impl<E: Engine> Opened<E> {
    /// Checks manifest, log and blocks while writing goes on.
    pub(super) fn verify(&self) -> Result<VerifyReport> {
        let mut report = VerifyReport::default();
        // The log is not cut meanwhile.
        let _turn = self.flushing.lock();
        let view = self.view();
        if let Err(error) = self.verify_log(&mut report) {
            report.problems.push(Problem { block: None, error });
        }
        for block in &view.blocks {
            let entry = block.entry();
            report.blocks += 1;
            report.block_bytes += entry.bytes;
            let checked = verify_block(&self.place.volume, block.reader())
                .and_then(|()| guarded(Action::Read, || self.engine.verify_block(block.open()?)));
            if let Err(error) = checked {
                report.problems.push(Problem { block: Some(entry.id), error });
            }
        }
        Ok(report)
    }

    fn verify_log(&self, report: &mut VerifyReport) -> Result<()> {
        let volume = &self.place.volume;
        let format = self.engine.format();
        Manifest::load(volume, &self.place.directory, format)?;
        let from = self.manifest.lock().replay_from;
        let replayed = replay(volume, &self.place.log, format.engine, from, &mut |_| Ok(()))?;
        report.log_records = replayed.records;
        replayed.ending.check()
    }
}
