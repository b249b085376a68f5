//! What a line may be, so that one producer cannot fill the store.

use telemetry_core::labels::Labels;
use telemetry_core::sink::RefusalReason;

use crate::discover::SERVICE_NAME;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// What becomes of a line that is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LongLine {
    /// It is refused.
    #[default]
    Refuse,
    /// It is stored without what is past the bound.
    Truncate,
}

/// How many bytes may come in: lines and their metadata, as they are pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bytes per second in the long run.
    pub bytes_per_second: u64,
    /// Bytes at once after a pause.
    pub burst_bytes: u64,
}

/// Bounds on pushed lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Labels of a stream, `service_name` not counted.
    pub labels_max: usize,
    /// Bytes of a label's name.
    pub label_name_bytes_max: usize,
    /// Bytes of a label's value.
    pub label_value_bytes_max: usize,
    /// Bytes of a line.
    pub line_bytes_max: usize,
    /// What becomes of longer lines.
    pub long_line: LongLine,
    /// Pairs of structured metadata of a line.
    pub metadata_max: usize,
    /// Bytes of structured metadata of a line.
    pub metadata_bytes_max: usize,
    /// Streams in memory at once.
    pub streams_max: u64,
    /// How far a line may be behind the newest of its stream, in nanoseconds.
    pub out_of_order_nanos: i64,
    /// How far a line may be behind the clock, in nanoseconds; [`None`]: any time.
    pub age_nanos: Option<i64>,
    /// How far a line may be ahead of the clock, in nanoseconds; [`None`]: any time.
    pub ahead_nanos: Option<i64>,
    /// How much may come in; [`None`]: no bound.
    pub rate: Option<Rate>,
    /// How much of one stream may come in; [`None`]: no bound.
    pub stream_rate: Option<Rate>,
}

impl Default for Limits {
    /// Loki's bounds on names, values and metadata; lines up to 16 MiB, since a host logs what it
    /// knows; an hour of lateness as in Loki; a million streams; nothing that asks the clock.
    fn default() -> Self {
        Limits {
            labels_max: 30,
            label_name_bytes_max: 1024,
            label_value_bytes_max: 2048,
            line_bytes_max: 16 << 20,
            long_line: LongLine::Refuse,
            metadata_max: 128,
            metadata_bytes_max: 64 << 10,
            streams_max: 1_000_000,
            out_of_order_nanos: 3_600_000_000_000,
            age_nanos: None,
            ahead_nanos: None,
            rate: None,
            stream_rate: None,
        }
    }
}

impl Limits {
    /// Loki's defaults: 15 labels, lines of 256 KiB, 5,000 streams, nothing older than a week or
    /// more than ten minutes ahead, 4 MiB a second (3 of one stream).
    pub fn loki() -> Self {
        Limits {
            labels_max: 15,
            line_bytes_max: 256 << 10,
            streams_max: 5_000,
            age_nanos: Some(7 * 24 * 3_600 * NANOS_PER_SECOND),
            ahead_nanos: Some(600 * NANOS_PER_SECOND),
            rate: Some(Rate { bytes_per_second: 4 << 20, burst_bytes: 6 << 20 }),
            stream_rate: Some(Rate { bytes_per_second: 3 << 20, burst_bytes: 15 << 20 }),
            ..Limits::default()
        }
    }

    /// The line, or as much of it as is stored.
    pub(crate) fn cut<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        match self.long_line {
            LongLine::Refuse => line,
            LongLine::Truncate => line.get(..self.line_bytes_max).unwrap_or(line),
        }
    }

    /// Whether a check asks the clock.
    pub(crate) fn asks_clock(&self) -> bool {
        let by_time = self.age_nanos.is_some() || self.ahead_nanos.is_some();
        by_time || self.rate.is_some() || self.stream_rate.is_some()
    }

    /// Checks the time of a line against the clock.
    pub(crate) fn check_clock(&self, time: i64, now: i64) -> Result<(), RefusalReason> {
        let oldest = self.age_nanos.map_or(i64::MIN, |age| now.saturating_sub(age));
        if time < oldest {
            return Err(RefusalReason::TooOld { time, oldest });
        }
        let newest = self.ahead_nanos.map_or(i64::MAX, |ahead| now.saturating_add(ahead));
        if time > newest {
            return Err(RefusalReason::TooNew { time, newest });
        }
        Ok(())
    }

    /// Checks the labels of a stream.
    pub(crate) fn check_stream(&self, labels: &Labels) -> Result<(), RefusalReason> {
        if labels.is_empty() {
            return Err(RefusalReason::NoLabels);
        }
        let counted = labels.len() - usize::from(labels.contains(SERVICE_NAME));
        if counted > self.labels_max {
            let (found, limit) = (counted, self.labels_max);
            return Err(RefusalReason::TooManyLabels { found, limit });
        }
        labels.iter().try_for_each(|(name, value)| {
            bound("a label name", name.len(), self.label_name_bytes_max)?;
            bound("a label value", value.len(), self.label_value_bytes_max)
        })
    }

    /// Checks a line and its metadata.
    pub(crate) fn check_line(
        &self,
        line: &[u8],
        metadata: &[(&str, &str)],
    ) -> Result<(), RefusalReason> {
        bound("a line", line.len(), self.line_bytes_max)?;
        if metadata.len() > self.metadata_max {
            let limit = self.metadata_max as u64;
            return Err(RefusalReason::TooMany { what: "metadata pairs of a line", limit });
        }
        let bytes = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        bound("the metadata of a line", bytes, self.metadata_bytes_max)
    }

    /// Checks the time of a line against the newest of its stream.
    pub(crate) fn check_time(&self, time: i64, newest: Option<i64>) -> Result<(), RefusalReason> {
        let oldest =
            newest.map_or(i64::MIN, |newest| newest.saturating_sub(self.out_of_order_nanos));
        if time < oldest { Err(RefusalReason::TooOld { time, oldest }) } else { Ok(()) }
    }
}

fn bound(what: &'static str, found: usize, limit: usize) -> Result<(), RefusalReason> {
    if found > limit { Err(RefusalReason::TooLong { what, found, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;

    #[test]
    fn what_is_too_much_is_named() {
        let limits = Limits { line_bytes_max: 3, labels_max: 1, ..Limits::default() };
        assert_eq!(limits.check_stream(&Labels::default()), Err(RefusalReason::NoLabels));
        assert_eq!(
            limits.check_stream(&labels! { "a" => "1", "b" => "2" }),
            Err(RefusalReason::TooManyLabels { found: 2, limit: 1 })
        );
        assert_eq!(
            limits.check_line(b"long", &[]),
            Err(RefusalReason::TooLong { what: "a line", found: 4, limit: 3 })
        );
    }

    #[test]
    fn the_clock_bounds_both_ends() {
        let limits = Limits { age_nanos: Some(10), ahead_nanos: Some(5), ..Limits::default() };
        assert!(limits.check_clock(90, 100).is_ok() && limits.check_clock(105, 100).is_ok());
        let too_old = RefusalReason::TooOld { time: 89, oldest: 90 };
        assert_eq!(limits.check_clock(89, 100), Err(too_old));
        let too_new = RefusalReason::TooNew { time: 106, newest: 105 };
        assert_eq!(limits.check_clock(106, 100), Err(too_new));
        assert!(!Limits::default().asks_clock() && Limits::loki().asks_clock());
    }

    #[test]
    fn the_name_of_the_service_is_not_counted() {
        let limits = Limits { labels_max: 1, ..Limits::default() };
        assert!(limits.check_stream(&labels! { "a" => "1", "service_name" => "s" }).is_ok());
        assert!(limits.check_stream(&labels! { "a" => "1", "b" => "2" }).is_err());
    }

    #[test]
    fn a_long_line_is_cut_where_that_is_wanted() {
        let long_line = LongLine::Truncate;
        let limits = Limits { line_bytes_max: 3, long_line, ..Limits::default() };
        assert_eq!(limits.cut(b"long"), b"lon");
        assert_eq!(limits.cut(b"lo"), b"lo");
        assert_eq!(Limits { line_bytes_max: 3, ..Limits::default() }.cut(b"long"), b"long");
    }

    #[test]
    fn lateness_counts_from_the_newest_line() {
        let limits = Limits { out_of_order_nanos: 10, ..Limits::default() };
        assert!(limits.check_time(90, Some(100)).is_ok());
        assert_eq!(
            limits.check_time(89, Some(100)),
            Err(RefusalReason::TooOld { time: 89, oldest: 90 })
        );
        assert!(limits.check_time(i64::MIN, None).is_ok());
    }
}
