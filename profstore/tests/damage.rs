//! Flipped bytes anywhere are detected or harmless, never a wrong answer, never a panic.
#![cfg(test)]

mod profiles;

use profiles::Sample;
use profiles::subject::Profiles;
use telemetry_core::storage::trial::damage::flip_bits;

fn samples_of(round: i64) -> Vec<Sample> {
    (0..60)
        .map(|at| {
            ((at % 3) as u8, round * 100 + at, format!("main;f{round};g{at} {}", at * 7919 + 1))
        })
        .collect()
}

#[test]
fn a_flipped_byte_is_no_wrong_answer() {
    let commits: Vec<_> = (0..3).map(samples_of).collect();
    flip_bits::<Profiles>(&commits).unwrap();
}
