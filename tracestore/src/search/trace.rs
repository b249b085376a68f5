//! One trace by its id.

use std::sync::Arc;

use telemetry_core::model::{Span, Trace, TraceId};
use telemetry_core::query::QueryContext;
use telemetry_core::source::SourceError;
use telemetry_core::storage::Result;
use telemetry_core::storage::store::Snapshot;

use super::places::BlockPlace;
use crate::block::spans::Assembler;
use crate::delete::hides;
use crate::engine::Traces;
use crate::span::settle;

/// All spans of a trace, wherever they are; none if there is none.
pub(super) fn by_id(
    snapshot: &Snapshot<Traces>,
    id: TraceId,
    context: &QueryContext,
) -> Result<Option<Trace>, SourceError> {
    let mut spans = Vec::new();
    for live in snapshot.blocks() {
        context.check()?;
        let tombstones = snapshot.tombstones_of(live);
        let place = BlockPlace { live: live.clone(), tombstones };
        of_block(&place, id, &mut spans).map_err(SourceError::store)?;
    }
    for (head, tombstones) in snapshot.heads() {
        let of_head = head.trace(id);
        spans.extend(of_head.into_iter().filter(|span| !hides(&tombstones, span)));
    }
    settle(&mut spans);
    if spans.is_empty() {
        return Ok(None);
    }
    context.charge_samples(spans.len() as u64)?;
    let spans = spans.into_iter().map(Arc::unwrap_or_clone).collect();
    Ok(Some(Trace { id, spans }))
}

fn of_block(place: &BlockPlace, id: TraceId, spans: &mut Vec<Arc<Span>>) -> Result<()> {
    let block = place.open()?;
    for ordinal in block.with_id(id) {
        let Some((group, trace)) = block.locate(*ordinal) else { continue };
        let Some(group) = block.group(group) else { continue };
        if group.traces()?.id(trace) == id {
            spans.extend(place.spans(&Assembler::new(group)?, trace));
        }
    }
    Ok(())
}
