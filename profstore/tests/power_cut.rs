//! The power is cut at every change of the disk: what is there is a prefix of the commits.
#![cfg(test)]

mod profiles;

use std::time::Duration;

use profiles::Sample;
use profiles::subject::Profiles;
use telemetry_core::storage::store::Durability;
use telemetry_core::storage::trial::power_cut::{End, matrix};

const INTERVAL: Durability = Durability::Interval(Duration::from_secs(3600));

fn samples_of(number: i64) -> Vec<Sample> {
    (0..3_i64)
        .map(|at| (at as u8, number * 10 + at, format!("main;f{number};g{at} {}", at + 1)))
        .collect()
}

#[test]
fn always_keeps_every_commit_that_returned() {
    matrix::<Profiles>(Durability::Always, End::PowerLoss, samples_of).unwrap();
}

#[test]
fn interval_keeps_a_prefix() {
    matrix::<Profiles>(INTERVAL, End::PowerLoss, samples_of).unwrap();
}

#[test]
fn a_killed_process_loses_nothing_that_returned() {
    matrix::<Profiles>(INTERVAL, End::Kill, samples_of).unwrap();
}
