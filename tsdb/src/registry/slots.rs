//! A list that only grows and is read without locks.
//!
//! ~~~text
//! segment   0: 256 places   1: 512   2: 1,024   …   each made when it is first needed
//! ~~~
//!
//! Places never move, so a reference stays good as long as the list. A list may be sparse: a
//! segment without a used place costs nothing.

use std::sync::OnceLock;

/// Places in the first segment.
const FIRST: u64 = 256;
/// Enough segments for every `u32`.
const SEGMENTS: usize = 25;

/// A list of places, each empty ([`Default`]) at first.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    segments: [OnceLock<Box<[T]>>; SEGMENTS],
}

impl<T: Default> Slots<T> {
    pub(crate) fn new() -> Self {
        Slots { segments: std::array::from_fn(|_| OnceLock::new()) }
    }

    /// The place, if its segment has been made.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        let (segment, offset) = place(index);
        self.segments.get(segment)?.get()?.get(offset)
    }

    /// The place.
    #[inline]
    pub(crate) fn grow(&self, index: u32) -> &T {
        let (segment, offset) = place(index);
        let made = self.segments[segment].get_or_init(|| {
            std::iter::repeat_with(T::default).take((FIRST as usize) << segment).collect()
        });
        &made[offset]
    }
}

/// Segment and offset of a place.
#[inline]
fn place(index: u32) -> (usize, usize) {
    let place = u64::from(index) + FIRST;
    let segment = place.ilog2() - FIRST.ilog2();
    (segment as usize, (place - (FIRST << segment)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let slots: Slots<AtomicU32> = Slots::new();
        assert!(slots.get(3).is_none());
        for index in 0..5_000 {
            slots.grow(index).store(index + 1, Ordering::Relaxed);
        }
        for index in 0..5_000 {
            assert_eq!(slots.get(index).unwrap().load(Ordering::Relaxed), index + 1);
        }
    }

    #[test]
    fn segments_follow_each_other_without_gaps() {
        assert_eq!(place(0), (0, 0));
        assert_eq!(place(255), (0, 255));
        assert_eq!(place(256), (1, 0));
        assert_eq!(place(767), (1, 511));
        assert_eq!(place(768), (2, 0));
        assert!(place(u32::MAX).0 < SEGMENTS);
    }
}
