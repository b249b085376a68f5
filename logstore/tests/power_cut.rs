//! The power is cut at every change of the disk: what is there is a prefix of the commits.
#![cfg(test)]

mod lines;

use std::time::Duration;

use lines::Line;
use lines::subject::Lines;
use telemetry_core::storage::store::Durability;
use telemetry_core::storage::trial::power_cut::{End, matrix};

const INTERVAL: Durability = Durability::Interval(Duration::from_secs(3600));

fn lines_of(number: i64) -> Vec<Line> {
    (0..3_i64).map(|at| (at as u8, number * 10 + at, format!("line {number}.{at}"))).collect()
}

#[test]
fn always_keeps_every_commit_that_returned() {
    matrix::<Lines>(Durability::Always, End::PowerLoss, lines_of).unwrap();
}

#[test]
fn interval_keeps_a_prefix() {
    matrix::<Lines>(INTERVAL, End::PowerLoss, lines_of).unwrap();
}

#[test]
fn a_killed_process_loses_nothing_that_returned() {
    matrix::<Lines>(INTERVAL, End::Kill, lines_of).unwrap();
}
