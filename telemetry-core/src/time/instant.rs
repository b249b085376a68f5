//! Points in time: milliseconds for metrics, nanoseconds for everything else.
//!
//! Both count from the Unix epoch, UTC, without leap seconds, and may be negative. Arithmetic
//! saturates at the ends of `i64`: a time past them is as good as the end itself, and no input
//! may panic. Durations are plain `i64` of the same unit, or [`Duration`].

use super::calendar::{NANOS_PER_SECOND, write_rfc3339};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const NANOS_PER_MILLI: i64 = 1_000_000;

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Millis(pub i64);

/// Nanoseconds since the Unix epoch: from the year 1677 to 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nanos(pub i64);

impl Millis {
    /// The earliest time.
    pub const MIN: Millis = Millis(i64::MIN);
    /// The latest time.
    pub const MAX: Millis = Millis(i64::MAX);

    /// The number itself.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whole and fractional seconds, rounded to milliseconds; the ends where out of range.
    pub fn from_seconds(seconds: f64) -> Self {
        // A float is turned into an integer with saturation; NaN gives the epoch.
        Millis((seconds * 1e3).round() as i64)
    }

    /// Seconds as Prometheus prints them in its interface.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e3
    }

    /// This time in nanoseconds; the ends where it does not fit.
    pub const fn to_nanos(self) -> Nanos {
        Nanos(self.0.saturating_mul(NANOS_PER_MILLI))
    }

    /// Later by `millis`, which may be negative.
    #[must_use]
    pub const fn saturating_add(self, millis: i64) -> Self {
        Millis(self.0.saturating_add(millis))
    }

    /// Earlier by `millis`, which may be negative.
    #[must_use]
    pub const fn saturating_sub(self, millis: i64) -> Self {
        Millis(self.0.saturating_sub(millis))
    }

    /// Milliseconds from `earlier` to this time; negative where it is later.
    pub const fn since(self, earlier: Millis) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Nanos {
    /// The earliest time.
    pub const MIN: Nanos = Nanos(i64::MIN);
    /// The latest time.
    pub const MAX: Nanos = Nanos(i64::MAX);

    /// The number itself.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// This time in whole milliseconds, rounded down.
    pub const fn to_millis(self) -> Millis {
        Millis(self.0.div_euclid(NANOS_PER_MILLI))
    }

    /// Later by `nanos`, which may be negative.
    #[must_use]
    pub const fn saturating_add(self, nanos: i64) -> Self {
        Nanos(self.0.saturating_add(nanos))
    }

    /// Earlier by `nanos`, which may be negative.
    #[must_use]
    pub const fn saturating_sub(self, nanos: i64) -> Self {
        Nanos(self.0.saturating_sub(nanos))
    }

    /// Nanoseconds from `earlier` to this time; negative where it is later.
    pub const fn since(self, earlier: Nanos) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A duration in whole milliseconds, the end of `i64` where it is longer.
pub fn duration_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A duration in nanoseconds, the end of `i64` where it is longer.
pub fn duration_nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

impl From<i64> for Millis {
    #[inline]
    fn from(millis: i64) -> Self {
        Millis(millis)
    }
}

impl From<i64> for Nanos {
    #[inline]
    fn from(nanos: i64) -> Self {
        Nanos(nanos)
    }
}

impl From<SystemTime> for Nanos {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Nanos(duration_nanos(after)),
            Err(before) => Nanos(duration_nanos(before.duration()).saturating_neg()),
        }
    }
}

impl From<SystemTime> for Millis {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Millis(duration_millis(after)),
            // Rounded down, as everywhere.
            Err(before) => {
                let nanos = before.duration().as_nanos();
                let millis = nanos.div_ceil(NANOS_PER_MILLI.unsigned_abs().into());
                Millis(i64::try_from(millis).unwrap_or(i64::MAX).saturating_neg())
            }
        }
    }
}

impl From<Millis> for Nanos {
    fn from(millis: Millis) -> Self {
        millis.to_nanos()
    }
}

impl From<Nanos> for Millis {
    fn from(nanos: Nanos) -> Self {
        nanos.to_millis()
    }
}

impl From<Millis> for SystemTime {
    fn from(millis: Millis) -> Self {
        let distance = Duration::from_millis(millis.0.unsigned_abs());
        from_epoch(millis.0 < 0, distance)
    }
}

impl From<Nanos> for SystemTime {
    fn from(nanos: Nanos) -> Self {
        let distance = Duration::from_nanos(nanos.0.unsigned_abs());
        from_epoch(nanos.0 < 0, distance)
    }
}

/// The epoch itself where the system's clock cannot express the time.
fn from_epoch(before: bool, distance: Duration) -> SystemTime {
    let time =
        if before { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    time.unwrap_or(UNIX_EPOCH)
}

/// RFC 3339 in UTC, with as many digits of the second's fraction as are not zero at the end.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.rem_euclid(1000) * NANOS_PER_MILLI;
        write_rfc3339(f, self.0.div_euclid(1000), nanos)
    }
}

/// RFC 3339 in UTC, with as many digits of the second's fraction as are not zero at the end.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.rem_euclid(NANOS_PER_SECOND);
        write_rfc3339(f, self.0.div_euclid(NANOS_PER_SECOND), nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_rfc_3339() {
        assert_eq!(Millis(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Millis(1_709_210_096_780).to_string(), "2024-02-29T12:34:56.78Z");
        assert_eq!(Nanos(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(Nanos::MIN.to_string(), "1677-09-21T00:12:43.145224192Z");
        assert_eq!(Nanos::MAX.to_string(), "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn the_ends_are_printed_too() {
        assert!(Millis::MIN.to_string().starts_with("-292275055-05-16"));
        assert!(Millis::MAX.to_string().starts_with("292278994-08-17"));
    }

    #[test]
    fn system_time_goes_both_ways() {
        for nanos in [0, 1, -1, 1_700_000_000_123_456_789, -1_000_000_001] {
            assert_eq!(Nanos::from(SystemTime::from(Nanos(nanos))), Nanos(nanos));
            let millis = Nanos(nanos).to_millis();
            assert_eq!(Millis::from(SystemTime::from(Nanos(nanos))), millis);
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Millis::MAX.to_nanos(), Nanos::MAX);
        assert_eq!(Nanos::MIN.saturating_sub(1), Nanos::MIN);
        assert_eq!(Millis::MAX.since(Millis::MIN), i64::MAX);
        assert_eq!(Millis::from_seconds(f64::INFINITY), Millis::MAX);
        assert_eq!(Millis::from_seconds(f64::NAN), Millis(0));
    }
}
