//! What can go wrong: one variant per part, each with its own error inside.

use telemetry_core::storage;

/// An error of the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory as a whole.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The metrics store.
    #[cfg(feature = "metrics")]
    #[error("metrics: {0}")]
    Metrics(#[from] tsdb::Error),
    /// The log store.
    #[cfg(feature = "logs")]
    #[error("logs: {0}")]
    Logs(#[from] logstore::Error),
    /// The trace store.
    #[cfg(feature = "traces")]
    #[error("traces: {0}")]
    Traces(#[from] tracestore::Error),
    /// The profile store.
    #[cfg(feature = "profiles")]
    #[error("profiles: {0}")]
    Profiles(#[from] profstore::Error),
    /// A PromQL query.
    #[cfg(feature = "metrics")]
    #[error(transparent)]
    Promql(#[from] promql::Error),
    /// A LogQL query.
    #[cfg(feature = "logs")]
    #[error(transparent)]
    Logql(#[from] logql::Error),
    /// A TraceQL query.
    #[cfg(feature = "traces")]
    #[error(transparent)]
    Traceql(#[from] traceql::Error),
    /// A series selector.
    #[error(transparent)]
    Selector(#[from] telemetry_core::labels::SelectorError),
    /// A store that could not answer outside of a query language.
    #[error(transparent)]
    Source(#[from] telemetry_core::source::SourceError),
}
