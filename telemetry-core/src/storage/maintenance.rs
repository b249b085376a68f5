//! What happens beside the callers' own calls: syncing, flushing, compacting, expiring.
//!
//! Every store is a [`Chore`] of one [`Maintenance`]; stores under one root share one. Either it
//! owns a thread, which sleeps until a chore is due or a store asks for it, or the host calls
//! [`Maintenance::run`] itself.
//!
//! The thread is joined when the last handle of its maintenance is dropped. It holds a chore only
//! while that runs, and [`Maintenance::remove`] waits for this, so a store that has left is not
//! touched again.

use super::monotonic;
use parking_lot::{Condvar, Mutex};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Something that wants to be done from time to time.
pub trait Chore: Send + Sync {
    /// Does what is due. Gives how long from now it next has something to do, if that is known.
    fn run(&self) -> Option<Duration>;
}

/// Runs the chores of the stores that share it.
#[derive(Debug)]
pub struct Maintenance {
    inner: Arc<Inner>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Also where no thread could be started.
    is_manual: AtomicBool,
}

/// Names a chore that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChoreId(u64);

#[derive(Default)]
struct Inner {
    schedule: Mutex<Schedule>,
    /// Something became due, or a chore has finished.
    changed: Condvar,
}

#[derive(Default)]
struct Schedule {
    chores: Vec<Scheduled>,
    next_id: u64,
    running: Option<ChoreId>,
    stopped: bool,
}

struct Scheduled {
    id: ChoreId,
    chore: Weak<dyn Chore>,
    due: Option<Instant>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} chores", self.schedule.lock().chores.len())
    }
}

impl Maintenance {
    /// With a thread of its own, started with the first chore.
    pub fn thread() -> Arc<Maintenance> {
        Arc::new(Maintenance {
            inner: Arc::default(),
            thread: Mutex::new(None),
            is_manual: AtomicBool::new(false),
        })
    }

    /// Without a thread: the host calls [`Maintenance::run`].
    pub fn manual() -> Arc<Maintenance> {
        Arc::new(Maintenance {
            inner: Arc::default(),
            thread: Mutex::new(None),
            is_manual: AtomicBool::new(true),
        })
    }

    /// Whether the host calls [`Maintenance::run`].
    pub fn is_manual(&self) -> bool {
        self.is_manual.load(Ordering::Relaxed)
    }

    /// Adds a chore, which is due at once.
    pub fn add(&self, chore: Weak<dyn Chore>) -> ChoreId {
        let mut schedule = self.inner.schedule.lock();
        let id = ChoreId(schedule.next_id);
        schedule.next_id += 1;
        schedule.chores.push(Scheduled { id, chore, due: Some(monotonic::now()) });
        drop(schedule);
        if !self.is_manual() {
            self.start();
        }
        self.inner.changed.notify_all();
        id
    }

    /// Removes a chore. It does not run any more when this returns, unless it is the chore itself
    /// that calls.
    pub fn remove(&self, id: ChoreId) {
        let mut schedule = self.inner.schedule.lock();
        schedule.chores.retain(|scheduled| scheduled.id != id);
        let own_thread = self
            .thread
            .lock()
            .as_ref()
            .is_some_and(|handle| handle.thread().id() == std::thread::current().id());
        while schedule.running == Some(id) && !own_thread {
            self.inner.changed.wait(&mut schedule);
        }
    }

    /// The chore is due now.
    pub fn wake(&self, id: ChoreId) {
        self.wake_in(id, Duration::ZERO);
    }

    /// The chore is due in `delay`, or earlier if it was.
    pub fn wake_in(&self, id: ChoreId, delay: Duration) {
        let at = monotonic::now().checked_add(delay);
        let mut schedule = self.inner.schedule.lock();
        for scheduled in &mut schedule.chores {
            if scheduled.id == id {
                scheduled.due = match (scheduled.due, at) {
                    (Some(due), Some(at)) => Some(due.min(at)),
                    (due, at) => due.or(at),
                };
            }
        }
        drop(schedule);
        self.inner.changed.notify_all();
    }

    /// Runs every chore once. Gives how long from now something next has to be done, if that is
    /// known.
    pub fn run(&self) -> Option<Duration> {
        let chores: Vec<_> = {
            let schedule = self.inner.schedule.lock();
            schedule.chores.iter().filter_map(|scheduled| scheduled.chore.upgrade()).collect()
        };
        chores.iter().filter_map(|chore| chore.run()).min()
    }

    fn start(&self) {
        let mut thread = self.thread.lock();
        if thread.is_none() {
            let inner = self.inner.clone();
            let builder = std::thread::Builder::new().name("quadra-maintenance".into());
            match builder.spawn(move || inner.work()) {
                Ok(handle) => *thread = Some(handle),
                // Commits then sync and flush themselves, as where the host has promised to call.
                Err(_) => self.is_manual.store(true, Ordering::Relaxed),
            }
        }
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.inner.schedule.lock().stopped = true;
        self.inner.changed.notify_all();
        if let Some(handle) = self.thread.get_mut().take()
            // The last handle of a store may be dropped by the thread itself, which then ends.
            && handle.thread().id() != std::thread::current().id()
        {
            let _ = handle.join();
        }
    }
}

impl Inner {
    fn work(&self) {
        let mut schedule = self.schedule.lock();
        while !schedule.stopped {
            let now = monotonic::now();
            let due = schedule.chores.iter_mut().filter(|scheduled| scheduled.due.is_some());
            let Some(first) = due.min_by_key(|scheduled| scheduled.due) else {
                self.changed.wait(&mut schedule);
                continue;
            };
            if let Some(due) = first.due.filter(|due| *due > now) {
                self.changed.wait_until(&mut schedule, due);
                continue;
            }
            first.due = None;
            let (id, chore) = (first.id, first.chore.clone());
            schedule.running = Some(id);
            drop(schedule);
            let next = chore.upgrade().and_then(|chore| chore.run());
            schedule = self.schedule.lock();
            schedule.running = None;
            let again = next.and_then(|next| monotonic::now().checked_add(next));
            for scheduled in &mut schedule.chores {
                if scheduled.id == id {
                    scheduled.due = match (scheduled.due, again) {
                        (Some(due), Some(again)) => Some(due.min(again)),
                        (due, again) => due.or(again),
                    };
                }
            }
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[derive(Default)]
    struct Counter(AtomicU64);

    impl Chore for Counter {
        fn run(&self) -> Option<Duration> {
            let runs = self.0.fetch_add(1, Ordering::SeqCst);
            (runs < 3).then_some(Duration::ZERO)
        }
    }

    #[test]
    fn the_thread_runs_what_is_due_and_ends_with_its_owner() {
        let maintenance = Maintenance::thread();
        let counter = Arc::new(Counter::default());
        let chore: Arc<dyn Chore> = counter.clone();
        let id = maintenance.add(Arc::downgrade(&chore));
        while counter.0.load(Ordering::SeqCst) < 4 {
            std::thread::yield_now();
        }
        maintenance.wake(id);
        while counter.0.load(Ordering::SeqCst) < 5 {
            std::thread::yield_now();
        }
        maintenance.remove(id);
        maintenance.wake(id);
        drop(maintenance);
        assert_eq!(counter.0.load(Ordering::SeqCst), 5);
        drop(chore);
        assert_eq!(Arc::strong_count(&counter), 1);
    }

    #[test]
    fn by_hand_it_runs_when_it_is_told() {
        let maintenance = Maintenance::manual();
        let counter = Arc::new(Counter::default());
        let chore: Arc<dyn Chore> = counter.clone();
        maintenance.add(Arc::downgrade(&chore));
        assert_eq!(counter.0.load(Ordering::SeqCst), 0);
        assert_eq!(maintenance.run(), Some(Duration::ZERO));
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
    }
}
