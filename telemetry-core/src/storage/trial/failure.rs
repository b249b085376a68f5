//! What a trial reports when an engine does not keep its promise.

/// Whatever error a store gives.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// A promise that was not kept, and how to see it again.
#[derive(Debug, thiserror::Error)]
#[error("seed {seed}, n {n}: {what}")]
pub struct TrialFailure {
    /// What went wrong.
    #[source]
    pub what: Broken,
    /// Of the faulty file system.
    pub seed: u64,
    /// Which cut, flip, step or round, counted by the trial.
    pub n: u64,
}

/// What the store was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Opening.
    Open,
    /// A commit.
    Commit,
    /// A delete.
    Delete,
    /// A flush.
    Flush,
    /// A compaction.
    Compact,
    /// Closing.
    Close,
    /// Reading everything.
    Read,
    /// Verifying.
    Verify,
    /// Starting, hearing or ending a child process.
    Child,
}

/// The promise that was not kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// An error where none may be.
    #[error("{doing:?} failed: {fault}")]
    Failed {
        /// What was tried.
        doing: Doing,
        /// What came back.
        fault: Fault,
    },
    /// The store holds something else than the model.
    #[error("holds {found}, should hold {expected}")]
    Differs {
        /// Contents of the store.
        found: String,
        /// Contents of the model.
        expected: String,
    },
    /// A commit stored another number of items than it was given.
    #[error("a commit of {given} items stored {stored}")]
    Stored {
        /// Items given.
        given: u64,
        /// Items it said it had stored.
        stored: u64,
    },
    /// What is there is no prefix of the steps, or one that lacks what durability covers.
    #[error("{returned} steps returned, {covered} are covered, {items} items found")]
    NoPrefix {
        /// Steps that returned before the end.
        returned: usize,
        /// How many of them must be there.
        covered: usize,
        /// How much was found.
        items: usize,
    },
    /// A full check reports damage where there is none.
    #[error("verify finds damage where there is none: {report}")]
    NotIntact {
        /// The report.
        report: String,
    },
    /// A full check overlooks damage that a read has met.
    #[error("{place}: verify overlooks what a read has met")]
    Overlooked {
        /// Where the damage is.
        place: String,
    },
    /// A damaged store gives another answer without a word.
    #[error("{place}: a wrong answer without a word")]
    Silent {
        /// Where the damage is.
        place: String,
    },
    /// A damaged store shows items that nobody stored.
    #[error("{place}: items that nobody stored")]
    Invented {
        /// Where the damage is.
        place: String,
    },
    /// A file could not be read or damaged.
    #[error("{place}: the file is gone")]
    Gone {
        /// The file.
        place: String,
    },
    /// The trial met too few occasions to mean anything.
    #[error("{met} occasions are too few, {least} are needed")]
    TooFew {
        /// Cuts, detected flips or commits there were.
        met: u64,
        /// How many there must be.
        least: u64,
    },
    /// Of what a killed process committed, commits are missing, by half or too many.
    #[error("commits are there by half or out of order: {numbers:?}")]
    Torn {
        /// The numbers that were found.
        numbers: Vec<u64>,
    },
    /// A killed process lost a commit that had returned.
    #[error("commit {last} had returned, {commits} are there")]
    Lost {
        /// The last that returned.
        last: u64,
        /// How many are there.
        commits: u64,
    },
}

impl Broken {
    /// Says where it happened.
    pub(super) fn at(self, seed: u64, n: u64) -> TrialFailure {
        TrialFailure { what: self, seed, n }
    }
}

/// Turns a store's error into a failure of the trial.
pub(super) fn failed<E: Into<Fault>>(doing: Doing) -> impl FnOnce(E) -> Broken {
    move |fault| Broken::Failed { doing, fault: fault.into() }
}
