//! A process that is killed while it writes loses no commit that returned, and leaves none half.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests; the pipe")]

mod reading;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reading::read;
use telemetry_core::labels;
use telemetry_core::time::MillisRange;
use tsdb::Tsdb;

/// Where the child writes.
const DIRECTORY: &str = "QUADRA_TSDB_KILLED_DIRECTORY";
const SERIES: usize = 7;

/// Not a test of its own: what the child process does. It says on its standard output which commit
/// has returned.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let db = Tsdb::builder(PathBuf::from(directory)).head_bytes_max(200_000).open().unwrap();
    let series: Vec<_> = (0..SERIES)
        .map(|at| db.series(&labels! { "__name__" => "m", "at" => &at.to_string() }).unwrap())
        .collect();
    let first = db.time_range().map_or(0, |range| range.end.0 / 1_000 + 1);
    let mut batch = db.batch();
    for number in first.. {
        for series in &series {
            batch.append(series, number * 1_000, number as f64);
        }
        let _ = batch.commit().unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "commit {number}").unwrap();
        out.flush().unwrap();
        if number % 61 == 60 {
            db.flush().unwrap();
        }
        if number % 400 == 399 {
            db.compact().unwrap();
        }
    }
}

/// Starts the child, kills it after so many commits, gives the last one that it reported.
fn run_and_kill(directory: &Path, commits: usize) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut last = -1;
    let mut seen = 0;
    for line in lines {
        let Ok(line) = line else { break };
        // The test harness of the child writes to the same pipe.
        if let Some((_, number)) = line.rsplit_once("commit ") {
            last = number.parse().unwrap();
            seen += 1;
            if seen == commits {
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    last
}

#[test]
fn commits_that_returned_survive_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    for commits in [1, 3, 60, 130, 7, 350, 61, 2] {
        let last = run_and_kill(directory.path(), commits);
        let db = Tsdb::open(directory.path()).unwrap();
        let content = read(&db, vec![], MillisRange::ALL);
        assert_eq!(content.len(), SERIES);
        let newest = db.time_range().unwrap().end.0 / 1_000;
        // A commit that was logged just before the kill may not have been reported.
        assert!(newest >= last, "{newest} found, {last} reported");
        for samples in content.values() {
            assert!(samples.keys().copied().eq((0..=newest).map(|number| number * 1_000)));
        }
        assert!(db.verify().unwrap().is_intact());
    }
}
