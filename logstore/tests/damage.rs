//! Flipped bytes anywhere are detected or harmless, never a wrong answer, never a panic.
#![cfg(test)]

mod lines;

use lines::Line;
use lines::subject::Lines;
use telemetry_core::storage::trial::damage::flip_bits;

fn lines_of(round: i64) -> Vec<Line> {
    (0..60)
        .map(|at| ((at % 3) as u8, round * 100 + at, format!("line {round} {}", at * 7919)))
        .collect()
}

#[test]
fn a_flipped_byte_is_no_wrong_answer() {
    let commits: Vec<_> = (0..3).map(lines_of).collect();
    flip_bits::<Lines<0>>(&commits).unwrap();
}
