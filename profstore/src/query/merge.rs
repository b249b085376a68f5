//! Merges profiles of any source into a call tree.

use telemetry_core::query::QueryContext;
use telemetry_core::source::{ProfileRequest, ProfileRow, ProfileSource};
use telemetry_core::time::Nanos;

use crate::Error;
use crate::flame::{CallTree, Merge};

/// Rows merged between two looks at the deadline.
const ROWS_PER_CHECK: usize = 64;

/// The call tree of all selected profiles.
///
/// # Errors
///
/// Where the source fails or the query is stopped.
pub fn merge(
    source: &dyn ProfileSource,
    request: &ProfileRequest,
    context: &QueryContext,
) -> Result<CallTree, Error> {
    merge_if(source, request, context, |_, _| true)
}

/// The call tree of the samples that were taken inside one of `spans`.
///
/// # Errors
///
/// As [`merge`].
pub fn merge_spans(
    source: &dyn ProfileSource,
    request: &ProfileRequest,
    spans: &[u64],
    context: &QueryContext,
) -> Result<CallTree, Error> {
    let mut spans = spans.to_vec();
    spans.sort_unstable();
    merge_if(source, request, context, |row, at| {
        row.spans.get(at).is_some_and(|span| *span != 0 && spans.binary_search(span).is_ok())
    })
}

/// The longest profile that [`merge_during`] looks for: an hour.
const DURATION_NANOS_MAX: i64 = 3_600_000_000_000;

/// The call tree of the profiles that cover some of the request's window, whenever they began: a
/// profile covers the time from when it was taken on for as long as it lasted.
///
/// # Errors
///
/// As [`merge`].
pub fn merge_during(
    source: &dyn ProfileSource,
    request: &ProfileRequest,
    context: &QueryContext,
) -> Result<CallTree, Error> {
    let start = request.window.start;
    let mut wider = request.clone();
    wider.window.start = Nanos(start.0.saturating_sub(DURATION_NANOS_MAX));
    merge_if(source, &wider, context, |row, _| {
        row.time >= start.0 || row.time.saturating_add(row.duration) > start.0
    })
}

fn merge_if(
    source: &dyn ProfileSource,
    request: &ProfileRequest,
    context: &QueryContext,
    keep: impl Fn(&ProfileRow<'_>, usize) -> bool,
) -> Result<CallTree, Error> {
    let groups = source.select(request, context)?;
    let mut tree = CallTree::new();
    for index in 0..groups.len() {
        let Some(group) = groups.group(index)? else { continue };
        let mut merge = Merge::new(group.parents().len());
        for at in 0..group.len() {
            if at.is_multiple_of(ROWS_PER_CHECK) {
                context.check()?;
            }
            let Some(row) = group.row(at) else { continue };
            context.charge_samples(row.values.len() as u64)?;
            for (at, (stack, value)) in row.stacks.iter().zip(row.values).enumerate() {
                if keep(&row, at) {
                    merge.add(*stack, *value);
                }
            }
        }
        merge.resolve(&*group, &mut tree);
    }
    Ok(tree)
}
