//! Time that only passes: for waiting, for what is due, for how long something took.
//!
//! What time it is comes from [`crate::time::Clock`], which tests stop and set back. How long a
//! commit may wait to be synced is a promise about real time, as is the sleep of a thread.

use std::time::Instant;

/// A point of time that only differences are taken of.
pub(super) fn now() -> Instant {
    Instant::now()
}
