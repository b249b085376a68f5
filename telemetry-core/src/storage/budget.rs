//! Bounds on memory: one budget per process part, shares of it for the heads of stores.
//!
//! The bound on the disk is [`super::store::Retention::bytes`], the one on caches
//! [`super::runtime::RuntimeOptions::cache_bytes`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Memory that the heads of a store may take unless said otherwise.
pub const HEAD_BYTES_DEFAULT: u64 = 64 << 20;

/// A bound on what all shares together take. A clone is the same budget.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    inner: Arc<Budget>,
}

#[derive(Debug)]
struct Budget {
    bytes_max: u64,
    used: AtomicU64,
    shares: AtomicU64,
}

/// One store's part of a budget.
#[derive(Debug)]
pub struct MemoryShare {
    budget: MemoryBudget,
    bytes_max: u64,
    used: AtomicU64,
}

impl MemoryBudget {
    /// At most `bytes_max` over all shares.
    pub fn new(bytes_max: u64) -> Self {
        let inner = Budget { bytes_max, used: AtomicU64::new(0), shares: AtomicU64::new(0) };
        MemoryBudget { inner: Arc::new(inner) }
    }

    /// No bound beside those of the shares.
    pub fn unlimited() -> Self {
        MemoryBudget::new(u64::MAX)
    }

    /// A share with a bound of its own.
    pub fn share(&self, bytes_max: u64) -> MemoryShare {
        self.inner.shares.fetch_add(1, Ordering::Relaxed);
        MemoryShare { budget: self.clone(), bytes_max, used: AtomicU64::new(0) }
    }

    /// What all shares take.
    pub fn used(&self) -> u64 {
        self.inner.used.load(Ordering::Relaxed)
    }
}

impl MemoryShare {
    /// Says how much this share takes now.
    pub fn set(&self, bytes: u64) {
        let before = self.used.swap(bytes, Ordering::Relaxed);
        let total = &self.budget.inner.used;
        if bytes >= before {
            total.fetch_add(bytes - before, Ordering::Relaxed);
        } else {
            total.fetch_sub(before - bytes, Ordering::Relaxed);
        }
    }

    /// What this share takes.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether this share should give memory back: it is over its own bound, or all together are
    /// over theirs and it takes at least an equal part.
    pub fn is_over(&self) -> bool {
        self.exceeds(|bytes| bytes)
    }

    /// Whether it is so far over, by half, that no more can be taken before memory is given back.
    pub fn is_far_over(&self) -> bool {
        self.exceeds(|bytes| bytes.saturating_add(bytes / 2))
    }

    fn exceeds(&self, most: impl Fn(u64) -> u64) -> bool {
        let used = self.used();
        let Budget { bytes_max, shares, .. } = &*self.budget.inner;
        let part = bytes_max / shares.load(Ordering::Relaxed).max(1);
        used > most(self.bytes_max) || (self.budget.used() > most(*bytes_max) && used >= part)
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        self.set(0);
        self.budget.inner.shares.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_share_gives_back_first() {
        let budget = MemoryBudget::new(100);
        let (small, large) = (budget.share(1000), budget.share(1000));
        small.set(30);
        large.set(60);
        assert!(!small.is_over() && !large.is_over());
        large.set(80);
        assert!(!small.is_over() && large.is_over());
        assert!(!large.is_far_over());
        drop(large);
        assert_eq!(budget.used(), 30);
    }

    #[test]
    fn a_share_has_a_bound_of_its_own() {
        let share = MemoryBudget::unlimited().share(10);
        share.set(11);
        assert!(share.is_over() && !share.is_far_over());
        share.set(16);
        assert!(share.is_far_over());
    }
}
