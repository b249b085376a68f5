//! What can go wrong.

use telemetry_core::sink::RefusalReason;
use telemetry_core::storage;

/// The result of a call to the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the metrics store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The storage failed, was closed, or is open for reading only.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// A series or a single sample was refused. In a batch refusals are in
    /// [`Committed`](telemetry_core::sink::Committed) instead.
    #[error("refused: {0}")]
    Refused(#[from] RefusalReason),
}
