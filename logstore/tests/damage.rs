//! Flipped bytes anywhere are detected or harmless, never a wrong answer, never a panic.
#![cfg(test)]

mod lines;

use std::sync::Arc;

use lines::subject::Lines;
use lines::{Line, commit, contents, delete, open};
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::store::Durability;
use telemetry_core::storage::trial::damage::flip_bits;
use telemetry_core::time::NanosRange;

/// Flips over all files of the store together, spread by their sizes.
const FLIPS: usize = 1_000;

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

/// A store with blocks, a merged one among them, lines in the log, and deletes of each kind.
fn disk() -> (FaultyFileSystem, Vec<Line>) {
    let disk = FaultyFileSystem::new(5);
    let store = open(Arc::new(disk.clone()), Durability::Always).unwrap();
    for round in 0..6 {
        commit(&store, &lines_of(round)).unwrap();
        store.flush().unwrap();
        if round == 3 {
            store.compact().unwrap();
        }
    }
    for (number, start) in [(0, 110), (4, 220), (8, 330), (11, 440)] {
        delete(&store, number, NanosRange::new(start, start + 70)).unwrap();
        commit(&store, &lines_of(6 + start / 100)).unwrap();
    }
    let expected = contents(&store).unwrap();
    (disk.kill(), expected)
}

#[test]
fn a_thousand_flips_in_a_store_with_deletes() {
    let (disk, expected) = disk();
    // Room on the disk that is given back when it is full holds nothing.
    let files: Vec<_> = disk
        .files()
        .into_iter()
        .filter_map(|path| {
            let content = disk.content(&path)?;
            (!content.is_empty() && !path.ends_with("RESERVE")).then_some((path, content))
        })
        .collect();
    let total: usize = files.iter().map(|(_, content)| content.len()).sum();
    let (mut flips, mut noticed) = (0, 0);
    for flip in 0..FLIPS {
        // The place among all bytes, and the file that it lies in.
        let mut at = flip * total / FLIPS;
        let (path, content) = files
            .iter()
            .find(|(_, content)| {
                let is_inside = at < content.len();
                at -= if is_inside { 0 } else { content.len() };
                is_inside
            })
            .unwrap();
        let mut bytes = content.clone();
        bytes[at] ^= 1 << (flip % 8);
        let copy = disk.fork();
        assert!(copy.damage(path, bytes));
        flips += 1;
        let place = format!("{} byte {at}", path.display());
        let Ok(store) = open(Arc::new(copy), Durability::Always) else {
            noticed += 1;
            continue;
        };
        match contents(&store) {
            Ok(found) if found == expected => {}
            // A flip in the part of the log that may be torn loses its tail, deletes included.
            Ok(_) => {
                assert!(!store.stats().recovery.was_clean(), "a wrong answer: {place}");
                noticed += 1;
            }
            Err(_) => {
                assert!(!store.verify().unwrap().is_intact(), "overlooked: {place}");
                noticed += 1;
            }
        }
    }
    assert_eq!(flips, FLIPS);
    assert!(noticed > FLIPS * 9 / 10, "{noticed} flips were noticed: the others hit nothing");
}
