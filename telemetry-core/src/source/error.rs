//! Why a source could not answer.

use std::error::Error;

use crate::query::Interrupt;

/// Why a source could not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The query was stopped.
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
    /// The store failed: damage on disk, a failed read, a closed store.
    #[error("the store could not answer: {source}")]
    Store {
        /// The store's own error.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl SourceError {
    /// Wraps the error of a store.
    pub fn store(source: impl Error + Send + Sync + 'static) -> Self {
        SourceError::Store { source: Box::new(source) }
    }
}
