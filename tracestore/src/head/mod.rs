//! Spans in memory, backed by the log.
//!
//! Commits append to a [`SpanLog`](log::SpanLog); a map from trace id to positions finds single
//! traces. Queries that look at all traces work on an [`Arranged`] view, which is kept until the next
//! commit.

mod arranged;
mod log;

pub(crate) use arranged::{Arranged, ArrangedTrace, overlaps};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use log::{Entry, SpanLog};
use parking_lot::{Mutex, RwLock};
use telemetry_core::model::{Resource, Scope, Span, TraceId};

use crate::span::{format, memory_bytes};

/// Bytes that a trace costs beside its spans, about.
const TRACE_BYTES: usize = 128;

/// Memory of the spans that no block holds yet.
#[derive(Debug, Default)]
pub(crate) struct Head {
    spans: SpanLog,
    traces: RwLock<HashMap<TraceId, Positions>>,
    origins: Mutex<Origins>,
    range: Mutex<Option<(i64, i64)>>,
    bytes: AtomicU64,
    arranged: Mutex<Option<Arc<Arranged>>>,
}

/// Where the spans of a trace are in the log.
#[derive(Debug)]
struct Positions {
    number: u32,
    spans: Vec<u32>,
}

/// Resources and scopes by their bytes: every export brings its own, mostly equal ones.
#[derive(Debug, Default)]
struct Origins {
    resources: HashMap<Box<[u8]>, Arc<Resource>>,
    scopes: HashMap<Box<[u8]>, Arc<Scope>>,
    bytes: Vec<u8>,
}

impl Origins {
    fn resource(&mut self, resource: Arc<Resource>) -> (Arc<Resource>, usize) {
        self.bytes.clear();
        format::put_resource(&mut self.bytes, &resource);
        share(&mut self.resources, &self.bytes, resource)
    }

    fn scope(&mut self, scope: Arc<Scope>) -> (Arc<Scope>, usize) {
        self.bytes.clear();
        format::put_scope(&mut self.bytes, &scope);
        share(&mut self.scopes, &self.bytes, scope)
    }
}

/// The thing that is known under `bytes`, and the memory that it takes if it is new.
fn share<T>(known: &mut HashMap<Box<[u8]>, Arc<T>>, bytes: &[u8], item: Arc<T>) -> (Arc<T>, usize) {
    if let Some(known) = known.get(bytes) {
        return (known.clone(), 0);
    }
    known.insert(bytes.into(), item.clone());
    // The item has about four times the bytes of its encoded form.
    (item, TRACE_BYTES + 5 * bytes.len())
}

impl Head {
    /// Takes over a commit. The caller is the only writer.
    pub(crate) fn apply(&self, spans: Vec<Span>) {
        let mut bytes = 0;
        let mut range = *self.range.lock();
        let mut last = None;
        let mut entries = Vec::with_capacity(spans.len());
        let mut traces = self.traces.write();
        for (mut span, at) in spans.into_iter().zip(self.spans.len()..) {
            bytes += memory_bytes(&span);
            bytes += self.share_origin(&mut span, &mut last);
            let (start, reach) = (span.start.0, span.start.0.max(span.end.0));
            let (min, max) = range.unwrap_or((start, reach));
            range = Some((min.min(start), max.max(reach)));
            let number = traces.len() as u32;
            let positions = traces.entry(span.trace_id).or_insert_with(|| {
                bytes += TRACE_BYTES;
                Positions { number, spans: Vec::new() }
            });
            // A head is flushed long before it has so many spans.
            positions.spans.push(u32::try_from(at).unwrap_or(u32::MAX));
            entries.push(Entry { trace: positions.number, span: Arc::new(span) });
        }
        drop(traces);
        *self.range.lock() = range;
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.spans.append(entries.into_iter());
    }

    /// Replaces resource and scope by equal ones that the head holds already. `last` remembers those
    /// of the span before, which are mostly the same.
    fn share_origin(&self, span: &mut Span, last: &mut Option<Origin>) -> usize {
        if let Some(last) = last
            && Arc::ptr_eq(&last.given.0, &span.resource)
            && Arc::ptr_eq(&last.given.1, &span.scope)
        {
            (span.resource, span.scope) = last.kept.clone();
            return 0;
        }
        let given = (span.resource.clone(), span.scope.clone());
        let mut origins = self.origins.lock();
        let (resource, more) = origins.resource(given.0.clone());
        let (scope, and_more) = origins.scope(given.1.clone());
        (span.resource, span.scope) = (resource.clone(), scope.clone());
        *last = Some(Origin { given, kept: (resource, scope) });
        more + and_more
    }

    /// Bytes of memory and number of spans.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.bytes.load(Ordering::Relaxed), self.spans.len() as u64)
    }

    /// Earliest start and latest end of its spans.
    pub(crate) fn range(&self) -> Option<(i64, i64)> {
        *self.range.lock()
    }

    /// All spans by trace.
    pub(crate) fn arranged(&self) -> Arc<Arranged> {
        let view = self.spans.view();
        let known = self.arranged.lock().clone();
        if let Some(known) = known
            && known.log_len() == view.len()
        {
            return known;
        }
        let arranged = Arc::new(Arranged::new(&view));
        *self.arranged.lock() = Some(arranged.clone());
        arranged
    }

    /// The spans of one trace in the order of their commits.
    pub(crate) fn trace(&self, id: TraceId) -> Vec<Arc<Span>> {
        let view = self.spans.view();
        let traces = self.traces.read();
        let positions = traces.get(&id).map(|positions| positions.spans.as_slice());
        let entries = positions.unwrap_or_default().iter().map(|at| view.get(*at as usize));
        entries.flatten().map(|entry| entry.span.clone()).collect()
    }
}

struct Origin {
    given: (Arc<Resource>, Arc<Scope>),
    kept: (Arc<Resource>, Arc<Scope>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::sample;

    #[test]
    fn traces_are_found_by_id_and_equal_resources_are_kept_once() {
        let head = Head::default();
        let spans: Vec<Span> = (0..100).map(sample::span).collect();
        head.apply(spans.iter().take(60).cloned().collect());
        let before = head.arranged();
        head.apply(spans.iter().skip(60).cloned().collect());
        assert_eq!(head.size().1, 100);
        assert_eq!(before.log_len(), 60);
        let id = spans.first().unwrap().trace_id;
        let expected: Vec<&Span> = spans.iter().filter(|span| span.trace_id == id).collect();
        let found = head.trace(id);
        assert_eq!(found.iter().map(Arc::as_ref).collect::<Vec<_>>(), expected);
        let origins = head.origins.lock();
        assert!(origins.resources.len() <= 3 * 3 * 2);
    }
}
