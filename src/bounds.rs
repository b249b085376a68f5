//! What bounds a query, whichever its language.

use std::time::Duration;

use telemetry_core::query::{CancelToken, Limits, QueryContext};

use crate::Quadra;

/// Deadline, cancellation and limits of a query.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Bounds {
    /// How long the query may take; none: as long as it takes.
    pub timeout: Option<Duration>,
    /// Stops the query from another thread.
    pub cancel: CancelToken,
    /// How much it may touch.
    pub limits: Limits,
}

impl Bounds {
    /// The context of a query over `db`, with its workers.
    pub(crate) fn context(&self, db: &Quadra) -> QueryContext {
        let context = QueryContext::new()
            .with_cancel(&self.cancel)
            .with_limits(self.limits.clone())
            .with_workers(db.runtime().workers());
        match self.timeout {
            Some(timeout) => context.with_timeout(timeout),
            None => context,
        }
    }
}

/// The methods that set the bounds of a query, for every query builder alike.
#[cfg(any(feature = "metrics", feature = "logs", feature = "traces"))]
macro_rules! bounded {
    ($query:ident) => {
        impl $query {
            /// Stops the query after this long.
            #[must_use]
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.bounds.timeout = Some(timeout);
                self
            }

            /// Stops the query when `token` is cancelled.
            #[must_use]
            pub fn cancel(mut self, token: &telemetry_core::query::CancelToken) -> Self {
                self.bounds.cancel = token.clone();
                self
            }

            /// Bounds what the query may touch.
            #[must_use]
            pub fn limits(mut self, limits: telemetry_core::query::Limits) -> Self {
                self.bounds.limits = limits;
                self
            }
        }
    };
}

#[cfg(any(feature = "metrics", feature = "logs", feature = "traces"))]
pub(crate) use bounded;
