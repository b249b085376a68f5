//! Checks a block beyond its checksums: everything is read, and must fit together.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Result;

use super::reader::Block;
use super::spans::Assembler;
use crate::span::trace_hash;

impl Block {
    /// Reads every span.
    ///
    /// # Errors
    ///
    /// The first damage.
    pub(crate) fn verify(&self) -> Result<()> {
        for at in 0..self.groups() {
            let Some(group) = self.group(at) else { continue };
            let spans = Assembler::new(group)?;
            let traces = group.traces()?;
            for trace in 0..traces.len() {
                let hash = trace_hash(traces.id(trace));
                let first = self.first_trace(at);
                let ordinal = u32::try_from(trace).ok().and_then(|trace| first.checked_add(trace));
                if !ordinal.is_some_and(|ordinal| self.with_hash(hash).contains(&ordinal)) {
                    return Err(self.mismatch("index of traces"));
                }
                let spans = spans.trace(trace);
                let entry = group.entry();
                let starts = spans.iter().map(|span| span.start.0);
                let reach = spans.iter().map(|span| span.start.0.max(span.end.0)).max();
                let fits = starts.min() == Some(traces.start(trace))
                    && reach == Some(traces.reach(trace))
                    && traces.start(trace) >= entry.first_start
                    && traces.start(trace) <= entry.last_start
                    && traces.reach(trace) <= entry.reach;
                if !fits {
                    return Err(self.mismatch("times of a trace"));
                }
            }
        }
        Ok(())
    }
}
