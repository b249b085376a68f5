//! Work in pieces, on the workers of the query where there are some.

use crate::error::Error;
use crossbeam::queue::SegQueue;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use telemetry_core::query::QueryContext;

/// Jobs per worker: some are more work than others.
const JOBS: usize = 4;

/// Does `count` jobs and returns what they gave, in their order. Each is handed something that an
/// earlier one has left, or what `make` makes.
pub(super) fn run<W: Send, T: Send>(
    context: &QueryContext,
    count: usize,
    make: impl Fn() -> W + Sync,
    job: impl Fn(usize, &mut W) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    if count < 2 || context.parallelism() < 2 {
        let mut tools = make();
        return (0..count).map(|at| job(at, &mut tools)).collect();
    }
    let spare: SegQueue<W> = SegQueue::new();
    let given: SegQueue<(usize, Result<T, Error>)> = SegQueue::new();
    let failed = AtomicBool::new(false);
    context.run(count, &|at| {
        // What the others do is not wanted any more; nothing else hangs on the order.
        if failed.load(Ordering::Relaxed) {
            return;
        }
        let mut tools = spare.pop().unwrap_or_else(&make);
        let result = job(at, &mut tools);
        if result.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        spare.push(tools);
        given.push((at, result));
    });
    let mut given: Vec<(usize, Result<T, Error>)> = given.into_iter().collect();
    given.sort_unstable_by_key(|(at, _)| *at);
    given.into_iter().map(|(_, result)| result).collect()
}

/// `count` things in as many runs as keep all workers busy.
pub(super) fn pieces(context: &QueryContext, count: usize) -> Vec<Range<usize>> {
    let length = count.div_ceil(at_once(context)).max(1);
    (0..count).step_by(length).map(|from| from..(from + length).min(count)).collect()
}

/// How many jobs keep all workers busy.
pub(super) fn at_once(context: &QueryContext) -> usize {
    match context.parallelism() {
        0 | 1 => 1,
        workers => workers.saturating_mul(JOBS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_everything_once() {
        let context = QueryContext::new();
        for count in [0, 1, 7, 100] {
            let all: Vec<usize> = pieces(&context, count).into_iter().flatten().collect();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
    }
}
