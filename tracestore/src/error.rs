//! What can go wrong in the trace store.

use telemetry_core::sink::RefusalReason;
use telemetry_core::source::SourceError;
use telemetry_core::storage;

/// An error of the trace store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The storage kernel failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// A span that was pushed alone was refused.
    #[error("the span was refused: {0}")]
    Refused(RefusalReason),
    /// A read was stopped, or failed.
    #[error(transparent)]
    Source(#[from] SourceError),
}
