//! What can go wrong in the profile store.

use telemetry_core::labels::SelectorError;
use telemetry_core::query::Interrupt;
use telemetry_core::sink::RefusalReason;
use telemetry_core::source::SourceError;
use telemetry_core::storage;

use crate::profile_type::ProfileTypeError;

/// An error of the profile store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The storage kernel failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// A profile that was pushed alone was refused.
    #[error("the profile was refused: {0}")]
    Refused(RefusalReason),
    /// The query was stopped.
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
    /// The source of the profiles failed.
    #[error(transparent)]
    Source(SourceError),
    /// A text that is no profile type.
    #[error(transparent)]
    ProfileType(#[from] ProfileTypeError),
    /// A text that is no selector.
    #[error("{selector}: {source}")]
    Selector {
        /// The text.
        selector: String,
        /// What is wrong with it.
        source: SelectorError,
    },
    /// A series over time needs a step above zero.
    #[error("a step of {step_nanos} ns makes no steps")]
    Step {
        /// The step.
        step_nanos: i64,
    },
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Interrupted(interrupt) => Error::Interrupted(interrupt),
            other => Error::Source(other),
        }
    }
}

impl Error {
    /// The error as a source gives it.
    pub(crate) fn into_source(error: storage::Error) -> SourceError {
        SourceError::store(error)
    }
}
