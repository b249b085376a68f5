//! A child process is killed at any moment; what it said was committed is there.
#![cfg(test)]
#![cfg(unix)]

mod spans;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use spans::{commit, numbered, quiet, scanned};
use telemetry_core::model::SpanId;
use telemetry_core::storage::store::Durability;
use tracestore::TraceStore;

const DIRECTORY: &str = "QUADRA_TEST_KILLED_TRACES";

/// Spans of a commit.
const SPANS: i64 = 3;

fn open(directory: impl AsRef<std::path::Path>) -> TraceStore {
    let mut options = quiet();
    options.durability = Durability::Interval(std::time::Duration::from_secs(1));
    options.head_bytes_max = 256 << 10;
    TraceStore::builder().storage(options).open(directory).unwrap()
}

/// Runs in the child: commits and says so until it is killed.
#[test]
fn child_commits_until_it_is_killed() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let store = open(directory);
    let first = scanned(&store).unwrap().len() as i64 / SPANS;
    let mut out = std::io::stdout();
    for number in first.. {
        let spans = (0..SPANS).map(|at| {
            let mut span = numbered((1 + (number % 5) as u8, 1, number), at);
            span.span_id = SpanId((number * SPANS + at + 1).to_be_bytes());
            span
        });
        commit(&store, &spans.collect::<Vec<_>>()).unwrap();
        writeln!(out, "\ncommitted {number}").unwrap();
        out.flush().unwrap();
        if number % 50 == 49 {
            store.flush().unwrap();
        }
        if number % 300 == 299 {
            store.compact().unwrap();
        }
    }
}

#[test]
fn a_killed_child_loses_nothing_it_committed() {
    let directory = tempfile::tempdir().unwrap();
    let mut wait = 3;
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_commits_until_it_is_killed", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut last = None;
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        // Killed after a number of commits that differs from round to round.
        wait = wait * 7 % 331 + 20;
        let mut seen = 0;
        while reader.read_line(&mut line).unwrap() > 0 {
            if let Some(number) = line.trim().strip_prefix("committed ") {
                last = Some(number.parse::<i64>().unwrap());
                seen += 1;
                if seen == wait {
                    child.kill().unwrap();
                }
            }
            line.clear();
        }
        child.wait().unwrap();
        let store = open(directory.path());
        let mut times: Vec<i64> = scanned(&store).unwrap().iter().map(|span| span.1).collect();
        times.sort_unstable();
        let commits = times.len() as i64 / SPANS;
        let expected: Vec<i64> =
            (0..commits).flat_map(|number| (0..SPANS).map(move |_| number)).collect();
        assert_eq!(times, expected, "round {round}: a commit is there by half");
        let last = last.expect("the child committed");
        assert!(commits > last, "round {round}: {last} was committed, {commits} found");
        assert!(store.verify().unwrap().is_intact());
    }
}
