//! Flipped bits anywhere are detected or harmless, never a wrong answer, never a panic.

use std::path::Path;
use std::sync::Arc;

use super::failure::failed;
use super::{Broken, Doing, Subject, TrialFailure};
use crate::storage::fs::FaultyFileSystem;
use crate::storage::store::Durability;

/// Flips per file; files are small.
const FLIPS: usize = 60;

/// Fewer flips noticed than this mean that they hit nothing.
const DETECTED_MIN: u64 = 101;

const SEED: u64 = 7;

/// Flips a bit at many places of every file of a store, one at a time. The store has a commit for
/// each of `commits`; all but the last lie in blocks of their own, the last only in the log.
///
/// # Errors
/// The flip, counted over all files, at which a promise was not kept.
pub fn flip_bits<S: Subject>(commits: &[Vec<S::Item>]) -> Result<(), TrialFailure> {
    let (disk, expected) = written::<S>(commits).map_err(|broken| broken.at(SEED, 0))?;
    let (mut n, mut detected) = (0, 0);
    for path in disk.files() {
        let place = || path.display().to_string();
        let content =
            disk.content(&path).ok_or_else(|| Broken::Gone { place: place() }.at(SEED, n))?;
        let flips = FLIPS.min(content.len());
        for flip in 0..flips {
            n += 1;
            let at = flip * content.len() / flips;
            let mut bytes = content.clone();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << (flip % 8);
            }
            let noticed = is_noticed::<S>(&disk, &path, at, bytes, &expected);
            detected += u64::from(noticed.map_err(|broken| broken.at(SEED, n))?);
        }
    }
    if detected < DETECTED_MIN {
        return Err(Broken::TooFew { met: detected, least: DETECTED_MIN }.at(SEED, n));
    }
    Ok(())
}

/// The disk to be damaged and what is on it.
fn written<S: Subject>(
    commits: &[Vec<S::Item>],
) -> Result<(FaultyFileSystem, Vec<S::Item>), Broken> {
    let files = FaultyFileSystem::new(SEED);
    let store =
        S::open(Arc::new(files.clone()), Durability::Always).map_err(failed(Doing::Open))?;
    for (at, items) in commits.iter().enumerate() {
        store.commit(items).map_err(failed(Doing::Commit))?;
        if at + 1 < commits.len() {
            store.flush().map_err(failed(Doing::Flush))?;
        }
    }
    let expected = store.contents().map_err(failed(Doing::Read))?;
    Ok((files.kill(), expected))
}

/// Whether anything tells of the damage; harmless damage need not be told.
fn is_noticed<S: Subject>(
    disk: &FaultyFileSystem,
    path: &Path,
    at: usize,
    bytes: Vec<u8>,
    expected: &[S::Item],
) -> Result<bool, Broken> {
    let place = || format!("{} byte {at}", path.display());
    let copy = disk.fork();
    if !copy.damage(path, bytes) {
        return Err(Broken::Gone { place: place() });
    }
    let Ok(store) = S::open(Arc::new(copy), Durability::Always) else { return Ok(true) };
    let Ok(found) = store.contents() else {
        let report = store.verify().map_err(failed(Doing::Verify))?;
        return if report.is_intact() {
            Err(Broken::Overlooked { place: place() })
        } else {
            Ok(true)
        };
    };
    if found == expected {
        return Ok(false);
    }
    // A flip in the part of the log that may be torn loses a tail and says so.
    if store.was_clean() {
        return Err(Broken::Silent { place: place() });
    }
    if !found.iter().all(|item| expected.contains(item)) {
        return Err(Broken::Invented { place: place() });
    }
    Ok(true)
}
