//! Which lines of a commit may come in: not too late, not of too many streams.
//!
//! Lateness counts from the newest line of the stream, wherever it lies: in the commit, in a head or
//! in a block. What no block can know to be late is decided without opening one.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::sink::RefusalReason;
use telemetry_core::storage::store::{LiveBlock, Snapshot};

use crate::engine::Logs;
use crate::head::Head;
use crate::store::Intake;

/// Checks the lines of one commit.
pub(crate) struct Gate<'a> {
    intake: &'a Intake,
    streams: &'a [Labels],
    /// The time of the commit, where a limit asks for it.
    now: Option<i64>,
    snapshot: &'a Snapshot<Logs>,
    /// Time of the newest line of each stream, blocks not counted.
    newest: Vec<Option<i64>>,
    /// Whether each stream is in the active head or was let in.
    is_known: Vec<bool>,
    /// Streams that the active head may still take.
    room: u64,
}

impl<'a> Gate<'a> {
    pub(crate) fn new(
        snapshot: &'a Snapshot<Logs>,
        head: &Head,
        intake: &'a Intake,
        streams: &'a [Labels],
        now: impl FnOnce() -> i64,
    ) -> Self {
        let limits = &intake.limits;
        let active: Vec<Option<i64>> = streams.iter().map(|labels| head.newest(labels)).collect();
        let newest_of =
            |labels: &Labels| snapshot.heads().filter_map(|(head, _)| head.newest(labels)).max();
        Gate {
            intake,
            streams,
            now: limits.asks_clock().then(now),
            snapshot,
            newest: streams.iter().map(newest_of).collect(),
            is_known: active.iter().map(Option::is_some).collect(),
            room: limits.streams_max.saturating_sub(head.streams() as u64),
        }
    }

    /// Lets a line in, or says why not.
    pub(crate) fn check(
        &mut self,
        stream: u32,
        time: i64,
        text: &[u8],
        metadata: &[(&str, &str)],
    ) -> Result<(), RefusalReason> {
        let limits = &self.intake.limits;
        let at = stream as usize;
        let (Some(newest), Some(is_known)) = (self.newest.get(at), self.is_known.get(at)) else {
            return Ok(());
        };
        if !is_known && self.room == 0 {
            let limit = limits.streams_max;
            return Err(RefusalReason::TooMany { what: "streams", limit });
        }
        if let Some(now) = self.now {
            limits.check_clock(time, now)?;
        }
        let stored = self.streams.get(at).and_then(|labels| self.newest_in_blocks(labels, time));
        limits.check_time(time, (*newest).max(stored))?;
        if let (Some(now), Some(labels)) = (self.now, self.streams.get(at)) {
            let of_metadata: usize =
                metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
            self.intake.taken.take(limits, labels, text.len() + of_metadata, now)?;
        }
        if let Some(newest) = self.newest.get_mut(at) {
            *newest = (*newest).max(Some(time));
        }
        if let Some(is_known) = self.is_known.get_mut(at)
            && !std::mem::replace(is_known, true)
        {
            self.room -= 1;
        }
        Ok(())
    }

    /// Time of the newest line of a stream in those blocks that could make `time` too late. A block
    /// that cannot be read keeps no line out.
    fn newest_in_blocks(&self, labels: &Labels, time: i64) -> Option<i64> {
        let could = |block: &&Arc<LiveBlock<Logs>>| {
            self.intake.limits.check_time(time, Some(block.entry().max_time)).is_err()
        };
        let blocks = self.snapshot.blocks().iter().filter(could);
        blocks.filter_map(|block| block.open().ok()?.newest(labels)).max()
    }
}
