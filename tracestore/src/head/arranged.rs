//! The spans of a head, trace by trace: what queries and flushes work on.

use std::ops::Range;
use std::sync::Arc;

use telemetry_core::model::{Span, TraceId};
use telemetry_core::time::NanosRange;

use super::log::LogView;
use crate::span::{settle, trace_hash};

/// Spans grouped by trace, in order and each once; traces by earliest start, then id.
#[derive(Debug, Default)]
pub(crate) struct Arranged {
    spans: Vec<Arc<Span>>,
    traces: Vec<ArrangedTrace>,
    /// Hash of the trace's id and position in `traces`, ascending.
    by_hash: Vec<(u32, u32)>,
    log_len: usize,
}

/// A trace of [`Arranged`].
#[derive(Clone, Debug)]
pub(crate) struct ArrangedTrace {
    pub(crate) id: TraceId,
    pub(crate) hash: u32,
    /// Earliest start.
    pub(crate) start: i64,
    /// Latest end, or start where that is later.
    pub(crate) reach: i64,
    spans: Range<usize>,
}

impl ArrangedTrace {
    /// Number of spans.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }
}

impl Arranged {
    /// Sorts by counting: traces are numbered already.
    pub(super) fn new(view: &LogView) -> Self {
        let mut ends: Vec<usize> = Vec::new();
        for entry in view.iter() {
            let trace = entry.trace as usize;
            if trace >= ends.len() {
                ends.resize(trace + 1, 0);
            }
            ends.get_mut(trace).into_iter().for_each(|count| *count += 1);
        }
        let mut parts: Vec<Vec<Arc<Span>>> =
            ends.iter().map(|count| Vec::with_capacity(*count)).collect();
        for entry in view.iter() {
            let part = parts.get_mut(entry.trace as usize);
            part.into_iter().for_each(|part| part.push(entry.span.clone()));
        }
        let mut arranged = Arranged::from_traces(parts);
        arranged.log_len = view.len();
        arranged
    }

    /// Arranges traces whose spans are given in the order of their commits.
    pub(crate) fn from_traces(parts: Vec<Vec<Arc<Span>>>) -> Self {
        let mut parts: Vec<(ArrangedTrace, Vec<Arc<Span>>)> = parts
            .into_iter()
            .filter_map(|mut spans| {
                settle(&mut spans);
                let first = spans.first()?;
                let reach = spans.iter().map(|span| span.start.0.max(span.end.0)).max();
                let trace = ArrangedTrace {
                    id: first.trace_id,
                    hash: trace_hash(first.trace_id),
                    start: first.start.0,
                    reach: reach.unwrap_or(first.start.0),
                    spans: 0..0,
                };
                Some((trace, spans))
            })
            .collect();
        parts.sort_unstable_by_key(|(trace, _)| (trace.start, trace.id));
        let mut arranged = Arranged::default();
        for (mut trace, spans) in parts {
            let first = arranged.spans.len();
            arranged.spans.extend(spans);
            trace.spans = first..arranged.spans.len();
            arranged.by_hash.push((trace.hash, arranged.traces.len() as u32));
            arranged.traces.push(trace);
        }
        arranged.by_hash.sort_unstable();
        arranged
    }

    /// The same without the spans that `hides` says.
    pub(crate) fn without(&self, hides: impl Fn(&Span) -> bool) -> Self {
        let kept = |trace: &ArrangedTrace| {
            let spans = self.spans(trace).iter();
            spans.filter(|span| !hides(span)).cloned().collect()
        };
        Arranged::from_traces(self.traces.iter().map(kept).collect())
    }

    /// Number of log entries that it was made of.
    pub(crate) fn log_len(&self) -> usize {
        self.log_len
    }

    /// The traces, by earliest start.
    pub(crate) fn traces(&self) -> &[ArrangedTrace] {
        &self.traces
    }

    /// The spans of a trace, in row order.
    pub(crate) fn spans(&self, trace: &ArrangedTrace) -> &[Arc<Span>] {
        self.spans.get(trace.spans.clone()).unwrap_or_default()
    }

    /// Hashes of the traces' ids, ascending, each with a position in [`traces`](Self::traces).
    pub(crate) fn by_hash(&self) -> &[(u32, u32)] {
        &self.by_hash
    }

    /// Traces whose id has this hash: one, or by bad luck several.
    pub(crate) fn with_hash(&self, hash: u32) -> impl Iterator<Item = (u32, &ArrangedTrace)> {
        let first = self.by_hash.partition_point(|(other, _)| *other < hash);
        let same = self.by_hash.iter().skip(first).take_while(move |(other, _)| *other == hash);
        same.filter_map(|(_, at)| Some((*at, self.traces.get(*at as usize)?)))
    }
}

/// Whether a trace from `start` to `reach` overlaps the window, as the read trait defines it.
pub(crate) fn overlaps(window: NanosRange, start: i64, reach: i64) -> bool {
    start < window.end.0 && reach >= window.start.0
}
