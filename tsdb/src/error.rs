//! What can go wrong.

use std::path::PathBuf;

use telemetry_core::sink::RefusalReason;
use telemetry_core::source::SourceError;
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
    /// A source that is exported or imported could not answer.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A sample of an exported block is not the one of its source.
    #[error("{block}: series {series} differs from its source at time {time}")]
    Differs {
        /// The block.
        block: PathBuf,
        /// The series.
        series: String,
        /// The first time that differs.
        time: i64,
    },
}
