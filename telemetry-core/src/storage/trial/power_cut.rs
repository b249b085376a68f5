//! The power is cut at every change of the disk: the store opens again, and what is there is a
//! prefix of the commits, each whole, with all that the durability contract covers.

use std::sync::Arc;

use super::failure::failed;
use super::{Broken, Deletion, Doing, Model, Subject, TrialFailure};
use crate::storage::fs::FaultyFileSystem;
use crate::storage::store::Durability;

/// Commits in a run; some are followed by a flush, a delete or a compaction.
const COMMITS: i64 = 14;

/// Fewer writes and syncs than this try nothing.
const CUTS_MIN: u64 = 41;

/// What ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The machine loses power: what was not synced may be gone.
    PowerLoss,
    /// The process is killed: what was written is there.
    Kill,
}

/// Runs one script again and again, each time ended at the next change of the disk.
///
/// `items_of` gives the items of a commit by its number, 0 and up, at times near ten times the
/// number; after some commits those of part 1 before that time are deleted.
///
/// # Errors
/// The cut at which a promise was not kept, which is also the seed.
pub fn matrix<S: Subject>(
    durability: Durability,
    end: End,
    items_of: impl Fn(i64) -> Vec<S::Item>,
) -> Result<(), TrialFailure> {
    let prefixes = prefixes::<S>(&items_of);
    let files = FaultyFileSystem::new(0);
    run::<S>(&files, durability, &items_of);
    let calls = files.calls();
    let met = calls.appends + calls.syncs;
    if met < CUTS_MIN {
        return Err(Broken::TooFew { met, least: CUTS_MIN }.at(0, 0));
    }
    for cut in 1..=calls.changes {
        one::<S>(cut, durability, end, &items_of, &prefixes)
            .map_err(|broken| broken.at(cut, cut))?;
    }
    Ok(())
}

fn one<S: Subject>(
    cut: u64,
    durability: Durability,
    end: End,
    items_of: &impl Fn(i64) -> Vec<S::Item>,
    prefixes: &[Vec<S::Item>],
) -> Result<(), Broken> {
    let files = FaultyFileSystem::new(cut);
    files.cut_power_at(cut);
    let returned = run::<S>(&files, durability, items_of);
    let (after, covered) = match (end, durability) {
        (End::Kill, _) => (files.kill(), returned),
        (End::PowerLoss, Durability::Always) => (files.reboot(), returned),
        (End::PowerLoss, _) => (files.reboot(), 0),
    };
    let store = S::open(Arc::new(after), durability).map_err(failed(Doing::Open))?;
    let found = store.contents().map_err(failed(Doing::Read))?;
    if !prefixes.iter().skip(covered).any(|prefix| *prefix == found) {
        return Err(Broken::NoPrefix { returned, covered, items: found.len() });
    }
    let report = store.verify().map_err(failed(Doing::Verify))?;
    if !report.is_intact() {
        return Err(Broken::NotIntact { report: format!("{report:?}") });
    }
    store.commit(&items_of(99)).map_err(failed(Doing::Commit))?;
    Ok(())
}

fn deletion_after(number: i64) -> Option<Deletion> {
    (number % 6 == 5).then_some(Deletion { part: 1, start: 0, end: number * 10 })
}

/// Runs the script until something fails. Gives how many steps (commits and deletes) returned.
fn run<S: Subject>(
    files: &FaultyFileSystem,
    durability: Durability,
    items_of: &impl Fn(i64) -> Vec<S::Item>,
) -> usize {
    let Ok(store) = S::open(Arc::new(files.clone()), durability) else { return 0 };
    let mut returned = 0;
    for number in 0..COMMITS {
        if store.commit(&items_of(number)).is_err() {
            break;
        }
        returned += 1;
        if let Some(deletion) = deletion_after(number) {
            if store.delete(deletion).is_err() {
                break;
            }
            returned += 1;
        }
        if number % 4 == 3 && store.flush().is_err() {
            break;
        }
        if number % 8 == 7 && store.compact().is_err() {
            break;
        }
    }
    returned
}

/// What the store holds after each number of steps.
fn prefixes<S: Subject>(items_of: &impl Fn(i64) -> Vec<S::Item>) -> Vec<Vec<S::Item>> {
    let mut model = S::Model::default();
    let mut prefixes = vec![model.contents()];
    for number in 0..COMMITS {
        items_of(number).iter().for_each(|item| model.insert(item));
        prefixes.push(model.contents());
        if let Some(deletion) = deletion_after(number) {
            model.delete(deletion);
            prefixes.push(model.contents());
        }
    }
    prefixes
}
