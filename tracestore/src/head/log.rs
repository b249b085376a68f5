//! Spans in the order of their commits: appended by one writer, read without waiting for it.
//!
//! ~~~text
//! segment 0           segment 1           segment 2
//! [ span span … span ][ span span … span ][ span span        ]
//!                                                   ▲ len: what readers see
//! ~~~
//! A slot is written once and never again. The writer fills slots past `len` and then raises it, so
//! that a commit is seen as a whole. Locks are held to add or list segments, never while spans are
//! written or read.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;
use telemetry_core::model::Span;

/// Slots of a segment.
const SEGMENT_SPANS: usize = 256;

/// A span and the number that the head gave its trace.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) trace: u32,
    pub(super) span: Arc<Span>,
}

#[derive(Debug)]
struct Segment {
    slots: Box<[OnceLock<Entry>]>,
}

/// The spans of a head.
#[derive(Debug, Default)]
pub(super) struct SpanLog {
    segments: RwLock<Vec<Arc<Segment>>>,
    len: AtomicUsize,
}

/// The spans that were there at one moment.
#[derive(Debug)]
pub(super) struct LogView {
    segments: Vec<Arc<Segment>>,
    len: usize,
}

impl SpanLog {
    /// Number of spans that readers see.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Adds a commit, made visible as a whole. The caller is the only writer.
    pub(super) fn append(&self, entries: impl Iterator<Item = Entry>) {
        let mut at = self.len.load(Ordering::Relaxed);
        let mut segment = None;
        for entry in entries {
            if at.is_multiple_of(SEGMENT_SPANS) {
                segment = None;
            }
            let segment = segment.get_or_insert_with(|| self.segment(at / SEGMENT_SPANS));
            if let Some(slot) = segment.slots.get(at % SEGMENT_SPANS) {
                // The slot is free: `len` never passed it.
                let _ = slot.set(entry);
            }
            at += 1;
        }
        self.len.store(at, Ordering::Release);
    }

    fn segment(&self, number: usize) -> Arc<Segment> {
        if let Some(segment) = self.segments.read().get(number) {
            return segment.clone();
        }
        let slots = (0..SEGMENT_SPANS).map(|_| OnceLock::new()).collect();
        let segment = Arc::new(Segment { slots });
        self.segments.write().push(segment.clone());
        segment
    }

    pub(super) fn view(&self) -> LogView {
        // The length first: segments for all of it are there then.
        let len = self.len();
        LogView { segments: self.segments.read().clone(), len }
    }
}

impl LogView {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, at: usize) -> Option<&Entry> {
        if at >= self.len {
            return None;
        }
        self.segments.get(at / SEGMENT_SPANS)?.slots.get(at % SEGMENT_SPANS)?.get()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        let slots = self.segments.iter().flat_map(|segment| segment.slots.iter());
        slots.take(self.len).filter_map(OnceLock::get)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: u32) -> impl Iterator<Item = Entry> {
        (0..count).map(|trace| Entry { trace, span: Arc::default() })
    }

    #[test]
    fn a_view_keeps_what_was_there_when_it_was_taken() {
        let log = SpanLog::default();
        log.append(entries(300));
        let view = log.view();
        log.append(entries(500));
        assert_eq!(view.len(), 300);
        assert_eq!(view.iter().count(), 300);
        assert!(view.get(300).is_none());
        assert_eq!(log.view().iter().count(), 800);
        assert_eq!(log.view().get(300).map(|entry| entry.trace), Some(0));
    }
}
