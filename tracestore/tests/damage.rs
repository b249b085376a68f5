//! Flipped bytes anywhere are detected or harmless, never a wrong answer, never a panic.
#![cfg(test)]

mod spans;

use std::sync::Arc;

use spans::{commit, numbered, open, scanned, to_scan, try_contents};
use telemetry_core::model::Span;
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::store::Durability;

/// Flips per file; files are small.
const FLIPS: usize = 60;

#[test]
fn a_flipped_byte_is_no_wrong_answer() {
    let files = FaultyFileSystem::new(7);
    let store = open(Arc::new(files.clone()), Durability::Always).unwrap();
    for round in 0..3_i64 {
        let spans: Vec<Span> = (0..60_u8)
            .map(|at| numbered((1 + at % 5, round as u8 * 60 + at + 1, i64::from(at) * 31), round))
            .collect();
        commit(&store, &spans).unwrap();
        if round < 2 {
            store.flush().unwrap();
        }
    }
    let expected = try_contents(&store).unwrap();
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
            let found = scanned(&store).and_then(|scan| Ok((scan, try_contents(&store)?)));
            match found {
                Err(_) => {
                    assert!(!store.verify().unwrap().is_intact(), "{place}");
                    detected += 1;
                }
                Ok((scan, found)) => {
                    assert_eq!(scan, to_scan(&found), "{place}");
                    if found != expected {
                        // A flip in the part of the log that may be torn loses a tail and says so.
                        assert!(recovered, "{place}: a wrong answer without a word");
                        assert!(found.iter().all(|span| expected.contains(span)), "{place}");
                        detected += 1;
                    }
                }
            }
        }
    }
    assert!(detected > 100, "only {detected} flips were noticed");
}
