//! Flipped bytes anywhere are detected or harmless, never a wrong answer, never a panic.
#![cfg(test)]

mod profiles;

use std::sync::Arc;

use profiles::{Sample, commit, contents, open};
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::store::Durability;

/// Flips per file; files are small.
const FLIPS: usize = 60;

#[test]
fn a_flipped_byte_is_no_wrong_answer() {
    let files = FaultyFileSystem::new(7);
    let store = open(Arc::new(files.clone()), Durability::Always).unwrap();
    for round in 0..3_i64 {
        let samples: Vec<Sample> = (0..60)
            .map(|at| {
                ((at % 3) as u8, round * 100 + at, format!("main;f{round};g{at} {}", at * 7919 + 1))
            })
            .collect();
        commit(&store, &samples).unwrap();
        if round < 2 {
            store.flush().unwrap();
        }
    }
    let expected = contents(&store).unwrap();
    let after = files.kill();
    drop(store);
    let mut detected = 0;
    for path in after.files() {
        let content = after.content(&path).unwrap();
        for flip in 0..FLIPS.min(content.len()) {
            let at = flip * content.len() / FLIPS.min(content.len());
            let mut bytes = content.clone();
            bytes[at] ^= 1 << (flip % 8);
            let copy = after.fork();
            assert!(copy.damage(&path, bytes));
            let place = format!("{} byte {at}", path.display());
            let Ok(store) = open(Arc::new(copy), Durability::Always) else {
                detected += 1;
                continue;
            };
            let recovered = !store.stats().recovery.was_clean();
            match contents(&store) {
                Err(_) => detected += 1,
                Ok(found) if found == expected => {}
                // A flip in the part of the log that may be torn loses a tail and says so.
                Ok(found) => {
                    assert!(recovered, "{place}: a wrong answer without a word");
                    assert!(found.iter().all(|sample| expected.contains(sample)), "{place}");
                    detected += 1;
                }
            }
        }
    }
    assert!(detected > 100, "only {detected} flips were noticed");
}
