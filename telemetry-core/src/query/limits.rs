//! How much one query may touch.

use std::fmt;

/// A thing that a query uses up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// Samples, lines, spans or profile rows that are decoded or held at once.
    Samples,
    /// Series, streams or traces that are selected.
    Series,
    /// Bytes that are decoded or held at once.
    Bytes,
    /// Rows of the answer.
    Rows,
    /// Steps of a range query.
    Steps,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resource::Samples => "samples",
            Resource::Series => "series",
            Resource::Bytes => "bytes",
            Resource::Rows => "rows",
            Resource::Steps => "steps",
        })
    }
}

/// Upper bounds of one query; [`u64::MAX`] is no bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bound on [`Resource::Samples`].
    pub samples: u64,
    /// Bound on [`Resource::Series`].
    pub series: u64,
    /// Bound on [`Resource::Bytes`].
    pub bytes: u64,
    /// Bound on [`Resource::Rows`].
    pub rows: u64,
    /// Bound on [`Resource::Steps`].
    pub steps: u64,
}

impl Limits {
    /// No bounds at all: for tests and for hosts that trust their queries.
    pub const NONE: Limits = Limits {
        samples: u64::MAX,
        series: u64::MAX,
        bytes: u64::MAX,
        rows: u64::MAX,
        steps: u64::MAX,
    };

    /// The bound on `resource`.
    pub fn of(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Samples => self.samples,
            Resource::Series => self.series,
            Resource::Bytes => self.bytes,
            Resource::Rows => self.rows,
            Resource::Steps => self.steps,
        }
    }
}

impl Default for Limits {
    /// Samples as in Prometheus (50 million), steps as its HTTP interface has them (11,000);
    /// a million series, 4 GiB decoded, 10 million rows.
    fn default() -> Self {
        Limits {
            samples: 50_000_000,
            series: 1_000_000,
            bytes: 4 << 30,
            rows: 10_000_000,
            steps: 11_000,
        }
    }
}
