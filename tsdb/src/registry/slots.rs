//! A list that only grows and is read without locks.
//!
//! ~~~text
//! segment   0: 16 pages   1: 32   2: 64   …     each made when it is first needed
//! page      128 places                          so is each of these
//! ~~~
//!
//! Places never move, so a reference stays good as long as the list. A list may be sparse: a page
//! without a used place costs two words.

use std::sync::OnceLock;

/// Places in a page.
const PAGE: u32 = 128;
/// Pages in the first segment.
const FIRST: u32 = 16;
/// Enough segments for every `u32`.
const SEGMENTS: usize = 22;

/// Places that were made together.
type Page<T> = OnceLock<Box<[T]>>;

/// A list of places, each empty ([`Default`]) at first.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    segments: [OnceLock<Box<[Page<T>]>>; SEGMENTS],
}

impl<T: Default> Slots<T> {
    pub(crate) fn new() -> Self {
        Slots { segments: std::array::from_fn(|_| OnceLock::new()) }
    }

    /// The place, if its page has been made.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        let (segment, page, offset) = place(index);
        self.segments.get(segment)?.get()?.get(page)?.get()?.get(offset)
    }

    /// The place.
    #[inline]
    pub(crate) fn grow(&self, index: u32) -> &T {
        let (segment, page, offset) = place(index);
        let pages = (FIRST as usize) << segment;
        let made = self.segments[segment]
            .get_or_init(|| std::iter::repeat_with(OnceLock::new).take(pages).collect());
        let places = || std::iter::repeat_with(T::default).take(PAGE as usize).collect();
        &made[page].get_or_init(places)[offset]
    }
}

/// Segment, page in it and offset in that of a place.
#[inline]
fn place(index: u32) -> (usize, usize, usize) {
    let page = index / PAGE + FIRST;
    let segment = page.ilog2() - FIRST.ilog2();
    (segment as usize, (page - (FIRST << segment)) as usize, (index % PAGE) as usize)
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
        assert_eq!(place(0), (0, 0, 0));
        assert_eq!(place(129), (0, 1, 1));
        assert_eq!(place(16 * PAGE - 1), (0, 15, 127));
        assert_eq!(place(16 * PAGE), (1, 0, 0));
        assert_eq!(place(48 * PAGE), (2, 0, 0));
        assert!(place(u32::MAX).0 < SEGMENTS);
    }
}
