//! The context that a query runs under.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{CancelToken, Limits, Resource, Statistics, Warning, Workers};

/// Remarks kept per query; the rest is dropped, since they repeat.
const WARNINGS_MAX: usize = 1_000;

/// Deadline, cancellation, limits, counters, remarks and workers of one query.
///
/// Shared by reference between the threads of the query.
///
/// ```
/// use std::time::Duration;
/// use telemetry_core::query::{CancelToken, Interrupt, QueryContext};
///
/// let token = CancelToken::new();
/// let context = QueryContext::new().with_timeout(Duration::from_secs(2)).with_cancel(&token);
/// assert!(context.check().is_ok());
/// token.cancel();
/// assert_eq!(context.check(), Err(Interrupt::Cancelled));
/// ```
#[derive(Debug, Default)]
pub struct QueryContext {
    deadline: Option<(Instant, Duration)>,
    cancel: CancelToken,
    limits: Limits,
    statistics: Statistics,
    warnings: Mutex<Vec<Warning>>,
    workers: Option<Arc<dyn Workers>>,
}

/// Why a query was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Interrupt {
    /// Somebody called [`CancelToken::cancel`].
    #[error("the query was cancelled")]
    Cancelled,
    /// The time allowed has passed.
    #[error("the query took longer than the {} ms it was given", timeout.as_millis())]
    DeadlineExceeded {
        /// The time it was given.
        timeout: Duration,
    },
    /// The query needs more than it may use.
    #[error("the query needs more than {limit} {resource}: narrow it or raise the limit")]
    LimitExceeded {
        /// What ran out.
        resource: Resource,
        /// How much of it was allowed.
        limit: u64,
    },
}

impl QueryContext {
    /// The default limits, no deadline, the caller's thread only.
    pub fn new() -> Self {
        QueryContext::default()
    }

    /// Stops the query `timeout` from now.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.deadline = Instant::now().checked_add(timeout).map(|at| (at, timeout));
        self
    }

    /// Stops the query when `token` is cancelled.
    #[must_use]
    pub fn with_cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = token.clone();
        self
    }

    /// Bounds what the query may touch.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets the query use the threads of `workers`.
    #[must_use]
    pub fn with_workers(mut self, workers: Arc<dyn Workers>) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Whether the query may go on. Costs some tens of nanoseconds.
    ///
    /// # Errors
    ///
    /// [`Interrupt::Cancelled`] or [`Interrupt::DeadlineExceeded`].
    pub fn check(&self) -> Result<(), Interrupt> {
        if self.cancel.is_cancelled() {
            return Err(Interrupt::Cancelled);
        }
        match self.deadline {
            Some((at, timeout)) if Instant::now() >= at => {
                Err(Interrupt::DeadlineExceeded { timeout })
            }
            _ => Ok(()),
        }
    }

    /// Adds decoded samples (lines, spans) to the counters.
    ///
    /// # Errors
    ///
    /// [`Interrupt::LimitExceeded`] when the total passes [`Limits::samples`].
    pub fn charge_samples(&self, count: u64) -> Result<(), Interrupt> {
        self.bound(Resource::Samples, self.statistics.add_samples(count))
    }

    /// Adds decoded bytes to the counters.
    ///
    /// # Errors
    ///
    /// [`Interrupt::LimitExceeded`] when the total passes [`Limits::bytes`].
    pub fn charge_bytes(&self, count: u64) -> Result<(), Interrupt> {
        self.bound(Resource::Bytes, self.statistics.add_bytes(count))
    }

    /// Checks `amount` of `resource` against its limit.
    ///
    /// # Errors
    ///
    /// [`Interrupt::LimitExceeded`] when `amount` is above the limit.
    pub fn bound(&self, resource: Resource, amount: u64) -> Result<(), Interrupt> {
        let limit = self.limits.of(resource);
        if amount > limit { Err(Interrupt::LimitExceeded { resource, limit }) } else { Ok(()) }
    }

    /// The limits of this query.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The counters of this query.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Keeps a remark for the answer.
    pub fn warn(&self, warning: Warning) {
        let mut warnings = self.warnings.lock();
        if warnings.len() < WARNINGS_MAX && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// Takes the remarks kept so far.
    pub fn take_warnings(&self) -> Vec<Warning> {
        std::mem::take(&mut *self.warnings.lock())
    }

    /// How many jobs [`run`](Self::run) can run at once.
    pub fn parallelism(&self) -> usize {
        self.workers.as_ref().map_or(1, |workers| workers.parallelism().max(1))
    }

    /// Calls `job` with every number below `count`: on the workers where the query has some, in
    /// order on the caller's thread where not. Jobs should stop early once [`check`](Self::check)
    /// fails.
    pub fn run(&self, count: usize, job: &(dyn Fn(usize) + Send + Sync)) {
        match &self.workers {
            Some(workers) if count > 1 => workers.run(count, job),
            _ => (0..count).for_each(job),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Severity;

    #[test]
    fn a_passed_deadline_stops_the_query() {
        let context = QueryContext::new().with_timeout(Duration::ZERO);
        assert_eq!(context.check(), Err(Interrupt::DeadlineExceeded { timeout: Duration::ZERO }));
    }

    #[test]
    fn charges_add_up_to_the_limit() {
        let context = QueryContext::new().with_limits(Limits { samples: 10, ..Limits::default() });
        assert_eq!(context.charge_samples(10), Ok(()));
        assert_eq!(
            context.charge_samples(1),
            Err(Interrupt::LimitExceeded { resource: Resource::Samples, limit: 10 })
        );
        assert_eq!(context.statistics().snapshot().samples, 11);
    }

    #[test]
    fn equal_remarks_are_kept_once() {
        let context = QueryContext::new();
        let warning = Warning { severity: Severity::Info, text: "x".into() };
        context.warn(warning.clone());
        context.warn(warning.clone());
        assert_eq!(context.take_warnings(), [warning]);
        assert!(context.take_warnings().is_empty());
    }
}
