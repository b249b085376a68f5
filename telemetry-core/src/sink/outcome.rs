//! What became of the items of a commit.

use std::error::Error;
use std::fmt;

/// What a commit stored and what it refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Committed {
    /// How many items are stored.
    pub stored: u64,
    /// The others, by position.
    pub refused: Vec<Refusal>,
}

impl Committed {
    /// Whether nothing was refused.
    pub fn is_complete(&self) -> bool {
        self.refused.is_empty()
    }

    /// The outcome of a commit of one item.
    ///
    /// # Errors
    ///
    /// Why that item was refused.
    pub fn into_single(self) -> Result<(), RefusalReason> {
        self.refused.into_iter().next().map_or(Ok(()), |refusal| Err(refusal.reason))
    }
}

/// An item that was not stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Position of the item in its commit, from 0.
    pub index: u64,
    /// Why it was refused.
    pub reason: RefusalReason,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {}: {}", self.index, self.reason)
    }
}

/// Why an item was refused. Times are in the unit of the signal: milliseconds for metrics,
/// nanoseconds for the rest.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// Older than the newest item of its series, and no out-of-order window is open.
    #[error("time {time} is before {newest}, the newest of the series")]
    OutOfOrder {
        /// The item's time.
        time: i64,
        /// The newest time stored.
        newest: i64,
    },
    /// Older than the out-of-order window allows.
    #[error("time {time} is before {oldest}, the oldest that the out-of-order window takes")]
    TooOld {
        /// The item's time.
        time: i64,
        /// The oldest time accepted.
        oldest: i64,
    },
    /// Further ahead of the clock than allowed.
    #[error("time {time} is past {newest}, the newest that is taken now")]
    TooNew {
        /// The item's time.
        time: i64,
        /// The newest time accepted.
        newest: i64,
    },
    /// More bytes in a short time than allowed.
    #[error("{what} takes at most {limit} bytes per second")]
    TooFast {
        /// What is limited.
        what: &'static str,
        /// Bytes per second allowed.
        limit: u64,
    },
    /// Another value is stored at the same time.
    #[error("another value is stored at time {time}")]
    Duplicate {
        /// The item's time.
        time: i64,
    },
    /// A name or value that cannot be a label.
    #[error("label {name:?} is not valid")]
    InvalidLabel {
        /// The label's name.
        name: String,
    },
    /// A label name that occurs twice.
    #[error("label {name:?} occurs twice")]
    DuplicateLabel {
        /// The label's name.
        name: String,
    },
    /// No labels at all.
    #[error("there are no labels")]
    NoLabels,
    /// More labels than allowed.
    #[error("{found} labels, at most {limit} are allowed")]
    TooManyLabels {
        /// Labels found.
        found: usize,
        /// Labels allowed.
        limit: usize,
    },
    /// A name, value, line or other part longer than allowed.
    #[error("{what} has {found} bytes, at most {limit} are allowed")]
    TooLong {
        /// The part.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length allowed.
        limit: usize,
    },
    /// One series, stream or trace more than allowed.
    #[error("the limit of {limit} {what} is reached")]
    TooMany {
        /// What is limited.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
    },
    /// A series handle that this store did not give.
    #[error("the series handle {handle} is not known")]
    UnknownSeries {
        /// The handle.
        handle: u64,
    },
    /// An id that must not be zero is zero.
    #[error("the {what} is zero")]
    ZeroId {
        /// Which id.
        what: &'static str,
    },
    /// A time outside the range that can be stored.
    #[error("time {time} is outside the range that can be stored")]
    InvalidTime {
        /// The item's time.
        time: i64,
    },
    /// An item that breaks a rule of its format.
    #[error("not well formed: {rule}")]
    Malformed {
        /// The rule that was broken.
        rule: &'static str,
    },
    /// A kind of item that the store cannot keep.
    #[error("{what} cannot be stored")]
    Unsupported {
        /// The kind.
        what: &'static str,
    },
}

/// Why a commit as a whole failed. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
#[error("the store could not take the commit: {source}")]
pub struct SinkError {
    /// The store's own error.
    pub source: Box<dyn Error + Send + Sync>,
}

impl SinkError {
    /// Wraps the error of a store.
    pub fn store(source: impl Error + Send + Sync + 'static) -> Self {
        SinkError { source: Box::new(source) }
    }
}
