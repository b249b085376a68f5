//! Where the current time comes from.
//!
//! Nothing in the library reads the wall clock except through [`Clock`], so tests choose the time.

use super::instant::{Millis, Nanos};
use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

/// A source of the current time. It may stand still and may go backwards.
pub trait Clock: Send + Sync + Debug {
    /// The time now.
    fn now(&self) -> Nanos;

    /// The time now in milliseconds.
    fn now_millis(&self) -> Millis {
        self.now().to_millis()
    }
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Nanos {
        Nanos::from(SystemTime::now())
    }
}

/// A clock that stands still until it is told otherwise.
#[derive(Debug, Default)]
pub struct ManualClock {
    nanos: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: impl Into<Nanos>) -> Self {
        ManualClock { nanos: AtomicI64::new(now.into().0) }
    }

    /// Sets the time.
    pub fn set(&self, now: impl Into<Nanos>) {
        self.nanos.store(now.into().0, Ordering::SeqCst);
    }

    /// Moves the time by `nanos`, which may be negative.
    pub fn advance(&self, nanos: i64) {
        // The closure always gives a value, so the update cannot fail.
        let _ = self.nanos.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| {
            Some(now.saturating_add(nanos))
        });
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Nanos {
        Nanos(self.nanos.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_still() {
        let clock = ManualClock::new(5);
        assert_eq!(clock.now(), Nanos(5));
        clock.advance(10_000_000);
        assert_eq!(clock.now_millis(), Millis(10));
        clock.set(Millis(3));
        assert_eq!(clock.now(), Nanos(3_000_000));
        clock.advance(i64::MAX);
        assert_eq!(clock.now(), Nanos::MAX);
    }
}
