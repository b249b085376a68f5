//! What maintenance does for a store: sync, flush, merge, expire, delete files.

use super::engine::Engine;
use super::opened::Opened;
use crate::storage::error::{Action, Error, Result};
use crate::storage::maintenance::Chore;
use crate::storage::monotonic;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A store is at rest when nothing was committed for so long.
const REST: Duration = Duration::from_secs(30);

/// After a failure it is tried again this much later, then twice as much, and so on.
const RETRY: Duration = Duration::from_secs(5);
/// So often the time doubles.
const RETRY_DOUBLINGS_MAX: u32 = 6;

impl<E: Engine> Opened<E> {
    /// Does what is due. Gives how long from now the next thing is, if that is known.
    pub(super) fn maintain(&self) -> Result<Option<Duration>, (Action, Error)> {
        let started = monotonic::now();
        let mut worked = false;
        let mut next = match self.interval() {
            Some(interval) => self.sync_if_due(interval).map_err(|e| (Action::Sync, e))?,
            None => None,
        };
        if self.is_flush_due() {
            worked |= self.flush_where(Self::is_flush_due).map_err(|e| (Action::Flush, e))?;
        }
        worked |= self.expire().map_err(|error| (Action::Remove, error))? > 0;
        // One merge at a time, so that a sync that has become due is not kept waiting.
        let until_rest = self.until_rest();
        let at_rest = until_rest.is_zero();
        if self.compact_once(at_rest).map_err(|error| (Action::Compact, error))? {
            worked = true;
            next = Some(Duration::ZERO);
        } else if !at_rest && self.waits_for_rest() {
            next = Some(next.map_or(until_rest, |next| next.min(until_rest)));
        }
        self.sweep();
        self.keep_reserve();
        if !self.retired.lock().is_empty() {
            next = Some(next.map_or(RETRY, |next| next.min(RETRY)));
        }
        if worked {
            *self.counters.last_maintenance.lock() = Some(started.elapsed());
        }
        Ok(next)
    }

    fn is_flush_due(&self) -> bool {
        self.memory.is_over() || self.log_bytes() > self.options.log_bytes_max
    }

    /// How long nothing more must be committed for the store to be at rest.
    fn until_rest(&self) -> Duration {
        let newest = self.visible.load(Ordering::Acquire);
        let mut seen = self.newest_seen.lock();
        match *seen {
            Some(Seen { commit, since }) if commit == newest => {
                REST.saturating_sub(since.elapsed())
            }
            _ => {
                *seen = Some(Seen { commit: newest, since: monotonic::now() });
                REST
            }
        }
    }
}

/// The newest commit when the maintenance looked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    commit: u64,
    /// When it was seen first.
    since: Instant,
}

impl<E: Engine> Chore for Opened<E> {
    fn run(&self) -> Option<Duration> {
        match self.maintain() {
            Ok(next) => {
                self.background_succeeded();
                next
            }
            // The store is being closed, or writing is over: nothing to try again.
            Err((_, Error::Closed | Error::Poisoned { .. })) => None,
            Err((during, error)) => {
                let times = self.fail_in_background(during, error);
                Some(RETRY * (1 << times.saturating_sub(1).min(RETRY_DOUBLINGS_MAX)))
            }
        }
    }
}
