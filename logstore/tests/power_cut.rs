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
    matrix::<Lines<0>>(Durability::Always, End::PowerLoss, lines_of).unwrap();
}

#[test]
fn interval_keeps_a_prefix() {
    matrix::<Lines<0>>(INTERVAL, End::PowerLoss, lines_of).unwrap();
}

#[test]
fn a_killed_process_loses_nothing_that_returned() {
    matrix::<Lines<0>>(INTERVAL, End::Kill, lines_of).unwrap();
}

/// Lines of which a delete with a condition takes every other one.
fn letters_of(number: i64) -> Vec<Line> {
    let text = |at: i64| if (number + at) % 2 == 0 { "a b" } else { "a c" };
    (0..4_i64).map(|at| ((at % 2) as u8, number * 10 + at, text(at / 2).to_owned())).collect()
}

#[test]
fn deletes_with_a_condition_are_whole_or_not_there() {
    matrix::<Lines<1>>(Durability::Always, End::PowerLoss, letters_of).unwrap();
    matrix::<Lines<2>>(INTERVAL, End::PowerLoss, letters_of).unwrap();
    matrix::<Lines<2>>(INTERVAL, End::Kill, letters_of).unwrap();
}
