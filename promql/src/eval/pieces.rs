//! Work in pieces, on the workers of the query where there are some.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use telemetry_core::query::{QueryContext, Resource};

use super::EvaluationError;
use super::row::{Collected, Row, RowSet, Rows, Scratch};

/// Rows per piece.
const ROWS: usize = 64;

/// Values below which a query stays on the caller's thread: handing over costs more.
const VALUES_ALONE: usize = 1 << 14;

/// Does `jobs` jobs and returns what they gave, in their order. Each gets buffers that it may keep
/// things in for the next one.
pub(super) fn run<T: Send + Sync>(
    context: &QueryContext,
    jobs: usize,
    alone: bool,
    job: &(dyn Fn(usize, &mut Scratch) -> Result<T, EvaluationError> + Sync),
) -> Result<Vec<T>, EvaluationError> {
    if alone || jobs < 2 || context.parallelism() < 2 {
        let mut scratch = Scratch::default();
        return (0..jobs).map(|at| job(at, &mut scratch)).collect();
    }
    let results: Vec<OnceLock<Result<T, EvaluationError>>> =
        (0..jobs).map(|_| OnceLock::new()).collect();
    let spare: Mutex<Vec<Scratch>> = Mutex::new(Vec::new());
    let failed = AtomicBool::new(false);
    context.run(jobs, &|at| {
        if failed.load(Ordering::Relaxed) {
            return;
        }
        let mut scratch = spare.lock().pop().unwrap_or_default();
        let result = job(at, &mut scratch);
        if result.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        spare.lock().push(scratch);
        if let Some(slot) = results.get(at) {
            // Each job runs once.
            let _ = slot.set(result);
        }
    });
    let mut given = Vec::with_capacity(jobs);
    let mut failure = None;
    for result in results {
        match result.into_inner() {
            Some(Ok(value)) => given.push(value),
            Some(Err(error)) => {
                failure.get_or_insert(error);
            }
            None => {}
        }
    }
    failure.map_or(Ok(given), Err)
}

/// Whether so many rows of so many steps are too few to be handed over.
pub(super) fn alone(rows: usize, steps: usize) -> bool {
    rows.saturating_mul(steps) < VALUES_ALONE
}

/// All rows that have a value, in their order.
pub(super) fn collect(
    context: &QueryContext,
    rows: RowSet<'_>,
    steps: usize,
) -> Result<Vec<Collected>, EvaluationError> {
    let rows = match rows {
        RowSet::Ready(rows) => return Ok(rows),
        RowSet::Lazy(rows) => rows,
    };
    let count = rows.identities().len();
    context.bound(Resource::Samples, (count as u64).saturating_mul(steps as u64))?;
    let pieces = run(context, count.div_ceil(ROWS), alone(count, steps), &|piece, scratch| {
        context.charge_bytes(Row::bytes(steps) * ROWS as u64)?;
        let range = piece * ROWS..count.min((piece + 1) * ROWS);
        collect_range(context, &*rows, range, scratch)
    })?;
    Ok(pieces.into_iter().flatten().collect())
}

fn collect_range(
    context: &QueryContext,
    rows: &dyn Rows,
    range: Range<usize>,
    scratch: &mut Scratch,
) -> Result<Vec<Collected>, EvaluationError> {
    let mut collected = Vec::with_capacity(range.len());
    for index in range {
        let mut row = Row::default();
        context.check()?;
        rows.fill(index, scratch, &mut row)?;
        if row.has_histograms() {
            context.charge_bytes(row.histogram_bytes())?;
        }
        if !row.presence.is_none() {
            collected.push(Collected::new(rows.identities()[index].clone(), row));
        }
    }
    Ok(collected)
}
