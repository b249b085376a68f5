//! Processor time of the thread, as criterion's measure: other work on the machine does not count.
#![allow(dead_code, reason = "every bench uses a part")]

use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use rustix::time::{ClockId, clock_gettime};

/// Measures processor time instead of time on the wall.
pub(crate) struct ThreadTime;

/// Processor time that this thread has used.
pub(crate) fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The least processor time of `runs` calls of `work`.
pub(crate) fn least(runs: usize, mut work: impl FnMut()) -> Duration {
    let run = |_| {
        let before = now();
        work();
        now() - before
    };
    (0..runs).map(run).min().unwrap_or_default()
}

impl Measurement for ThreadTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        now()
    }

    fn end(&self, before: Duration) -> Duration {
        now() - before
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
