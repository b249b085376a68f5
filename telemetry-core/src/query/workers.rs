//! The threads that a query may use.

use std::fmt::Debug;

/// A pool that outlives queries: no thread is started for one.
///
/// `storage::runtime` implements this on `rayon-core`; a host may hand in its own pool.
pub trait Workers: Send + Sync + Debug {
    /// How many jobs can run at once, the caller's thread included.
    fn parallelism(&self) -> usize;

    /// Calls `job` with every number below `count`, in any order and from several threads, and
    /// returns when all calls have returned.
    fn run(&self, count: usize, job: &(dyn Fn(usize) + Send + Sync));
}
