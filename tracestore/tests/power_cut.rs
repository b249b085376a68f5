//! The power is cut at every change of the disk: what is there is a prefix of the commits.
#![cfg(test)]

mod spans;

use std::time::Duration;

use spans::numbered;
use spans::subject::Spans;
use telemetry_core::model::Span;
use telemetry_core::storage::store::Durability;
use telemetry_core::storage::trial::power_cut::{End, matrix};

const INTERVAL: Durability = Durability::Interval(Duration::from_secs(3600));

fn spans_of(number: i64) -> Vec<Span> {
    // Every trace gets spans in several commits, and some spans come twice.
    (0..4)
        .map(|at| numbered((1 + at % 3, (number % 10 * 4) as u8 + at + 1, number * 10), 0))
        .collect()
}

#[test]
fn always_keeps_every_commit_that_returned() {
    matrix::<Spans>(Durability::Always, End::PowerLoss, spans_of).unwrap();
}

#[test]
fn interval_keeps_a_prefix() {
    matrix::<Spans>(INTERVAL, End::PowerLoss, spans_of).unwrap();
}

#[test]
fn a_killed_process_loses_nothing_that_returned() {
    matrix::<Spans>(INTERVAL, End::Kill, spans_of).unwrap();
}
