//! A child process is killed at any moment; what it said was committed is there.
#![cfg(all(test, unix))]

mod spans;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use spans::{commit, numbered, quiet, scanned};
use telemetry_core::model::SpanId;
use telemetry_core::storage::store::Durability;
use telemetry_core::storage::trial::killed::{commit_until_killed, kill_children};
use tracestore::TraceStore;

const DIRECTORY: &str = "QUADRA_TEST_KILLED_TRACES";

/// Spans of a commit.
const SPANS: u64 = 3;

fn open(directory: impl AsRef<Path>) -> Result<TraceStore, tracestore::Error> {
    let mut options = quiet();
    options.durability = Durability::Interval(Duration::from_secs(1));
    options.head_bytes_max = 256 << 10;
    TraceStore::builder().storage(options).open(directory)
}

/// Runs in the child: commits and says so until it is killed.
#[test]
fn child_commits_until_it_is_killed() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let store = open(directory).unwrap();
    let first = scanned(&store).unwrap().len() as u64 / SPANS;
    let ended = commit_until_killed(first, std::io::stdout(), |number| {
        let spans = (0..SPANS).map(|at| {
            let mut span = numbered((1 + (number % 5) as u8, 1, number as i64), at as i64);
            span.span_id = SpanId((number * SPANS + at + 1).to_be_bytes());
            span
        });
        commit(&store, &spans.collect::<Vec<_>>())?;
        if number % 50 == 49 {
            store.flush()?;
        }
        if number % 300 == 299 {
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
        let store = open(directory.path())?;
        assert!(store.verify()?.is_intact());
        let mut times: Vec<u64> =
            scanned(&store)?.iter().map(|(_, time, _)| *time as u64).collect();
        times.sort_unstable();
        Ok(times)
    };
    kill_children(5, SPANS as usize, child, numbers).unwrap();
}
