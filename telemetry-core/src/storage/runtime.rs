//! What stores share: worker threads, block cache, memory budget, clock and chance.
//!
//! Opening a directory makes a runtime of its own, or takes one that the host shares between
//! directories. Workers are started with the first query that wants them.

use super::budget::MemoryBudget;
use super::cache::BlockCache;
use super::ulid::{Randomness, Ulid};
use crate::query::Workers;
use crate::time::{Clock, SystemClock};
use parking_lot::Mutex;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

/// Bytes of the block cache unless said otherwise.
pub const CACHE_BYTES_DEFAULT: u64 = 64 << 20;
/// More workers than this help no query and cost memory.
const WORKERS_MAX: usize = 64;

/// Threads, cache, budget, clock and chance for any number of stores.
#[derive(Debug)]
pub struct Runtime {
    workers: Arc<WorkerPool>,
    cache: Arc<BlockCache>,
    memory: MemoryBudget,
    clock: Arc<dyn Clock>,
    randomness: Randomness,
}

/// How a [`Runtime`] is made; start from [`RuntimeOptions::default`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuntimeOptions {
    /// Threads of a query, the caller's included; zero: as many as the machine runs at once.
    pub parallelism: usize,
    /// Bound on the block cache.
    pub cache_bytes: u64,
    /// Bound on the heads of all stores together.
    pub memory: MemoryBudget,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Seed of the names of blocks; [`None`]: from the system.
    pub seed: Option<u64>,
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        RuntimeOptions {
            parallelism: 0,
            cache_bytes: CACHE_BYTES_DEFAULT,
            memory: MemoryBudget::unlimited(),
            clock: Arc::new(SystemClock),
            seed: None,
        }
    }
}

impl Runtime {
    /// A runtime as the options say.
    pub fn new(options: RuntimeOptions) -> Arc<Runtime> {
        Arc::new(Runtime {
            workers: Arc::new(WorkerPool::new(options.parallelism)),
            cache: BlockCache::new(options.cache_bytes),
            memory: options.memory,
            clock: options.clock,
            randomness: options.seed.map_or_else(Randomness::system, Randomness::seeded),
        })
    }

    /// The threads that queries use, for `QueryContext`.
    pub fn workers(&self) -> Arc<dyn Workers> {
        self.workers.clone()
    }

    /// The block cache.
    pub fn cache(&self) -> &Arc<BlockCache> {
        &self.cache
    }

    /// The bound on the heads of all stores.
    pub fn memory(&self) -> &MemoryBudget {
        &self.memory
    }

    /// The time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Chance.
    pub fn randomness(&self) -> &Randomness {
        &self.randomness
    }

    /// A name for a block that is made now.
    pub fn ulid(&self) -> Ulid {
        self.randomness.ulid(self.clock.now_millis())
    }
}

/// Threads that outlive queries, on `rayon-core`: running borrowed work on threads that are not
/// started for it takes `unsafe` code, which that crate has in one well-tested place.
pub struct WorkerPool {
    parallelism: usize,
    /// Started with the first work; [`None`] where there is one thread only, or none could be
    /// started.
    pool: OnceLock<Option<rayon_core::ThreadPool>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl WorkerPool {
    /// A pool for `parallelism` threads at once, the caller's included; zero: as many as the
    /// machine runs.
    pub fn new(parallelism: usize) -> Self {
        let parallelism = match parallelism {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            given => given,
        };
        WorkerPool {
            parallelism: parallelism.min(WORKERS_MAX),
            pool: OnceLock::new(),
            threads: Mutex::default(),
        }
    }

    fn pool(&self) -> Option<&rayon_core::ThreadPool> {
        let start = || {
            let threads = self.parallelism.checked_sub(1).filter(|threads| *threads > 0)?;
            rayon_core::ThreadPoolBuilder::new()
                .num_threads(threads)
                .spawn_handler(|thread| {
                    let name = format!("quadra-query-{}", thread.index());
                    let builder = std::thread::Builder::new().name(name);
                    self.threads.lock().push(builder.spawn(|| thread.run())?);
                    Ok(())
                })
                .build()
                .ok()
        };
        self.pool.get_or_init(start).as_ref()
    }
}

impl fmt::Debug for WorkerPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} workers", self.parallelism)
    }
}

impl Workers for WorkerPool {
    fn parallelism(&self) -> usize {
        self.parallelism
    }

    fn run(&self, count: usize, job: &(dyn Fn(usize) + Send + Sync)) {
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                match next.fetch_add(1, Ordering::Relaxed) {
                    i if i < count => job(i),
                    _ => break,
                }
            }
        };
        let helpers = count.min(self.parallelism).saturating_sub(1);
        match self.pool().filter(|_| helpers > 0) {
            // The caller works too, and the scope ends when the helpers have.
            Some(pool) => pool.in_place_scope(|scope| {
                for _ in 0..helpers {
                    scope.spawn(|_| work());
                }
                work();
            }),
            None => work(),
        }
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        // `rayon-core` ends its threads when the pool is dropped, but does not wait for them.
        drop(self.pool.take());
        let here = std::thread::current().id();
        for thread in self.threads.get_mut().drain(..) {
            if thread.thread().id() != here {
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn every_number_is_called_once() {
        for parallelism in [1, 2, 5] {
            let pool = WorkerPool::new(parallelism);
            for count in [0, 1, 3, 1000] {
                let calls: Vec<AtomicU64> = (0..count).map(|_| AtomicU64::new(0)).collect();
                pool.run(count, &|i| {
                    calls[i].fetch_add(1, Ordering::Relaxed);
                });
                assert!(calls.iter().all(|calls| calls.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn work_may_use_the_workers_itself() {
        let pool = WorkerPool::new(3);
        let sum = AtomicUsize::new(0);
        pool.run(4, &|i| {
            pool.run(4, &|j| {
                sum.fetch_add(i * 4 + j, Ordering::Relaxed);
            });
        });
        assert_eq!(sum.load(Ordering::Relaxed), (0..16).sum());
    }

    #[test]
    fn names_of_a_seeded_runtime_are_the_same_each_time() {
        let names = || {
            let clock: Arc<dyn Clock> = Arc::new(crate::time::ManualClock::new(5));
            let options = RuntimeOptions { seed: Some(1), clock, ..Default::default() };
            let runtime = Runtime::new(options);
            (runtime.ulid(), runtime.ulid())
        };
        assert_eq!(names(), names());
    }
}
