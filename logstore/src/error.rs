//! What can go wrong in the log store.

use telemetry_core::query::Interrupt;
use telemetry_core::sink::RefusalReason;
use telemetry_core::source::SourceError;
use telemetry_core::storage;

/// An error of the log store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The storage kernel failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// A line that was pushed alone was refused.
    #[error("the line was refused: {0}")]
    Refused(RefusalReason),
    /// Rules of retention that say too much together.
    #[error("{rules} rules of retention: a rule becomes more than {limit} deletes")]
    RetentionRules {
        /// How many rules there are.
        rules: usize,
        /// Deletes that a rule may become.
        limit: usize,
    },
    /// The query was stopped.
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
}

/// The error of the kernel as a source gives it.
pub(crate) fn into_source(error: storage::Error) -> SourceError {
    SourceError::store(error)
}
