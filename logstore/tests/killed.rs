//! A child process is killed at any moment; what it said was committed is there.
#![cfg(all(test, unix))]

mod lines;

use std::process::Command;
use std::time::Duration;

use lines::{commit, contents, options};
use logstore::LogStore;
use telemetry_core::storage::store::Durability;
use telemetry_core::storage::trial::killed::{commit_until_killed, kill_children};

const DIRECTORY: &str = "QUADRA_TEST_KILLED_DIRECTORY";

/// Runs in the child: commits and says so until it is killed.
#[test]
fn child_commits_until_it_is_killed() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let mut settings = options(Durability::Interval(Duration::from_secs(1)));
    settings.head_bytes_max = 64 << 10;
    let store = LogStore::builder().storage(settings).open(directory).unwrap();
    let first = contents(&store).unwrap().len() as u64;
    let ended = commit_until_killed(first, std::io::stdout(), |number| {
        let time = number as i64;
        commit(&store, &[(0, time, format!("commit {number}"))])?;
        if number % 50 == 49 {
            store.flush()?;
        }
        if number % 400 == 399 {
            store.compact()?;
        }
        Ok(())
    });
    ended.unwrap();
}

#[test]
fn a_killed_child_loses_nothing_it_committed() {
    let directory = tempfile::tempdir().unwrap();
    let child = || {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--exact", "child_commits_until_it_is_killed", "--nocapture"]);
        command.env(DIRECTORY, directory.path());
        Ok(command)
    };
    let numbers = || {
        let settings = options(Durability::Always);
        let store = LogStore::builder().storage(settings).open(directory.path())?;
        Ok(contents(&store)?.iter().map(|(_, time, _)| *time as u64).collect())
    };
    kill_children(6, 1, child, numbers).unwrap();
}
