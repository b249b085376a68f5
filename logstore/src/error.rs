//! What can go wrong in the log store.

use telemetry_core::query::Interrupt;
use telemetry_core::sink::RefusalReason;
use telemetry_core::source::SourceError;
use telemetry_core::storage::{self, Damage};

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
    /// A delete has a filter that this store does not know.
    #[error("a delete has a filter on lines that this store does not know")]
    DeleteFilter,
    /// A delete has a condition in a language, and the store was opened without one.
    #[error(
        "a delete has a condition in a query language, and the log store was opened without one"
    )]
    DeleteLanguage,
    /// The condition of a delete is none in the language of the store.
    #[error("the condition of a delete: {source}")]
    DeleteCondition {
        /// What the language says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A delete that was stored is not what was written.
    #[error("a stored delete is damaged: {damage}")]
    DeleteDamaged {
        /// What is wrong.
        damage: Damage,
    },
    /// The query was stopped.
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
}

/// The error of the kernel as a source gives it.
pub(crate) fn into_source(error: storage::Error) -> SourceError {
    SourceError::store(error)
}
