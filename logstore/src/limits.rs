//! What a line may be, so that one producer cannot fill the store.

use telemetry_core::labels::Labels;
use telemetry_core::sink::RefusalReason;

/// Bounds on pushed lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Labels of a stream.
    pub labels_max: usize,
    /// Bytes of a label's name.
    pub label_name_bytes_max: usize,
    /// Bytes of a label's value.
    pub label_value_bytes_max: usize,
    /// Bytes of a line.
    pub line_bytes_max: usize,
    /// Pairs of structured metadata of a line.
    pub metadata_max: usize,
    /// Bytes of structured metadata of a line.
    pub metadata_bytes_max: usize,
    /// Streams in memory at once.
    pub streams_max: u64,
    /// How far a line may be behind the newest of its stream, in nanoseconds.
    pub out_of_order_nanos: i64,
}

impl Default for Limits {
    /// Loki's bounds on names, values and metadata; lines up to 16 MiB, since a host logs what it
    /// knows; an hour of lateness as in Loki; a million streams.
    fn default() -> Self {
        Limits {
            labels_max: 30,
            label_name_bytes_max: 1024,
            label_value_bytes_max: 2048,
            line_bytes_max: 16 << 20,
            metadata_max: 128,
            metadata_bytes_max: 64 << 10,
            streams_max: 1_000_000,
            out_of_order_nanos: 3_600_000_000_000,
        }
    }
}

impl Limits {
    /// Checks the labels of a stream.
    pub(crate) fn check_stream(&self, labels: &Labels) -> Result<(), RefusalReason> {
        if labels.is_empty() {
            return Err(RefusalReason::NoLabels);
        }
        if labels.len() > self.labels_max {
            let (found, limit) = (labels.len(), self.labels_max);
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
