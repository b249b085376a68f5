//! Epochs, and who may still use what was good in one.
//!
//! An epoch is the time in which one head is the active one. Whoever keeps ids for a while, a head, a
//! batch or a sink between two commits, holds a [`Pin`]: of the epoch in which it began. A series
//! that was seen in that epoch or later is not evicted before the pin is gone, and no id that
//! belonged to a series then is given to another one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

/// The first epoch. Below it there is nothing.
const FIRST: u32 = 1;

/// The epoch, and those that are held.
#[derive(Debug)]
pub(super) struct Pins {
    epoch: AtomicU32,
    /// Pins of each epoch that has any.
    held: Mutex<BTreeMap<u32, u32>>,
}

/// Holds an epoch.
#[derive(Debug)]
pub(crate) struct Pin {
    pins: Arc<Pins>,
    epoch: u32,
}

impl Pins {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Pins { epoch: AtomicU32::new(FIRST), held: Mutex::default() })
    }

    /// The epoch.
    pub(super) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Holds the epoch that there is.
    pub(super) fn hold(self: &Arc<Self>) -> Pin {
        let mut held = self.held.lock();
        let epoch = self.epoch();
        *held.entry(epoch).or_default() += 1;
        Pin { pins: Arc::clone(self), epoch }
    }

    /// Begins the next epoch.
    pub(super) fn advance(&self) {
        let _held = self.held.lock();
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// The oldest epoch that is held; the present one where none is.
    pub(super) fn oldest(&self) -> u32 {
        let held = self.held.lock();
        held.first_key_value().map_or(self.epoch(), |(oldest, _)| *oldest)
    }
}

impl Pin {
    /// The epoch that is held.
    #[inline]
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut held = self.pins.held.lock();
        if let Some(count) = held.get_mut(&self.epoch) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.epoch);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_epoch_is_the_one_that_is_held_longest() {
        let pins = Pins::new();
        let first = pins.hold();
        let also = pins.hold();
        pins.advance();
        let second = pins.hold();
        pins.advance();
        assert_eq!((pins.oldest(), pins.epoch()), (FIRST, FIRST + 2));
        drop(first);
        assert_eq!(pins.oldest(), FIRST);
        drop(also);
        assert_eq!(pins.oldest(), FIRST + 1);
        drop(second);
        assert_eq!(pins.oldest(), FIRST + 2);
    }
}
