//! Flipped bytes anywhere are detected or harmless, never a wrong answer, never a panic.
#![cfg(test)]

mod spans;

use spans::numbered;
use spans::subject::Spans;
use telemetry_core::model::Span;
use telemetry_core::storage::trial::damage::flip_bits;

fn spans_of(round: i64) -> Vec<Span> {
    (0..60_u8)
        .map(|at| numbered((1 + at % 5, round as u8 * 60 + at + 1, i64::from(at) * 31), round))
        .collect()
}

#[test]
fn a_flipped_byte_is_no_wrong_answer() {
    let commits: Vec<_> = (0..3).map(spans_of).collect();
    flip_bits::<Spans>(&commits).unwrap();
}
