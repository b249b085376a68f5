//! How a store is opened.

use std::time::Duration;

use telemetry_core::sink::RefusalReason;

/// Bounds on what a series may look like. Whatever is past one is refused; the rest of a commit
/// is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Series that are in memory at a time. Those that nobody writes to leave it by and by.
    pub series_max: u64,
    /// Labels of a series.
    pub labels_max: usize,
    /// Bytes of a label's name.
    pub name_bytes_max: usize,
    /// Bytes of a label's value.
    pub value_bytes_max: usize,
    /// Items of a commit.
    pub samples_max: usize,
    /// Exemplars in memory, those of all series together: the oldest make room. What is in a block
    /// stays as long as the block.
    pub exemplars_max: usize,
}

impl Default for Limits {
    /// As many series as fit, 256 labels of 1 KiB with values of 64 KiB, four million items a
    /// commit, as many exemplars as Prometheus keeps.
    fn default() -> Self {
        Limits {
            series_max: u64::from(u32::MAX),
            labels_max: 256,
            name_bytes_max: 1 << 10,
            value_bytes_max: 64 << 10,
            samples_max: 4 << 20,
            exemplars_max: 100_000,
        }
    }
}

impl Limits {
    pub(crate) fn check(&self, labels: &[(&str, &str)]) -> Result<(), RefusalReason> {
        if labels.is_empty() {
            return Err(RefusalReason::NoLabels);
        }
        let found = labels.len();
        if found > self.labels_max {
            return Err(RefusalReason::TooManyLabels { found, limit: self.labels_max });
        }
        for (name, value) in labels {
            if name.is_empty() {
                return Err(RefusalReason::InvalidLabel { name: String::new() });
            }
            if name.len() > self.name_bytes_max {
                let (found, limit) = (name.len(), self.name_bytes_max);
                return Err(RefusalReason::TooLong { what: "a label name", found, limit });
            }
            if value.len() > self.value_bytes_max {
                let (found, limit) = (value.len(), self.value_bytes_max);
                return Err(RefusalReason::TooLong { what: "a label value", found, limit });
            }
        }
        Ok(())
    }
}

/// How late a sample may come, counted from the newest sample of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfOrder {
    /// Not later than the newest sample.
    Refuse,
    /// So much before it.
    Within(Duration),
    /// At any time: for imports.
    Unlimited,
}

impl Default for OutOfOrder {
    /// An hour.
    fn default() -> Self {
        OutOfOrder::Within(Duration::from_secs(3600))
    }
}

impl OutOfOrder {
    /// The oldest time that is accepted beside a newest sample at `newest`.
    pub(crate) fn oldest(self, newest: i64) -> i64 {
        match self {
            OutOfOrder::Refuse => newest,
            OutOfOrder::Within(window) => {
                newest.saturating_sub(i64::try_from(window.as_millis()).unwrap_or(i64::MAX))
            }
            OutOfOrder::Unlimited => i64::MIN,
        }
    }
}
