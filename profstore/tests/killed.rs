//! A child process is killed at any moment; what it said was committed is there.
#![cfg(all(test, unix))]

mod profiles;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use profiles::{commit, contents, options};
use profstore::ProfStore;
use telemetry_core::storage::store::Durability;

const DIRECTORY: &str = "QUADRA_TEST_KILLED_DIRECTORY";

/// Runs in the child: commits and says so until it is killed.
#[test]
fn child_commits_until_it_is_killed() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let durability = Durability::Interval(std::time::Duration::from_secs(1));
    let mut settings = options(durability);
    settings.head_bytes_max = 64 << 10;
    let store = ProfStore::builder().storage(settings).open(directory).unwrap();
    let first = contents(&store).unwrap().len() as i64;
    let mut out = std::io::stdout();
    for number in first.. {
        commit(&store, &[(0, number, format!("main;f{} 1", number % 10))]).unwrap();
        writeln!(out, "\ncommitted {number}").unwrap();
        out.flush().unwrap();
        if number % 50 == 49 {
            store.flush().unwrap();
        }
        if number % 400 == 399 {
            store.compact().unwrap();
        }
    }
}

#[test]
fn a_killed_child_loses_nothing_it_committed() {
    let directory = tempfile::tempdir().unwrap();
    let mut wait = 3;
    for round in 0..6 {
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
                last = Some(number.parse::<usize>().unwrap());
                seen += 1;
                if seen == wait {
                    child.kill().unwrap();
                }
            }
            line.clear();
        }
        child.wait().unwrap();
        let store = ProfStore::builder()
            .storage(options(Durability::Always))
            .open(directory.path())
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        let found = contents(&store).unwrap();
        let numbers: Vec<i64> = found.iter().map(|(_, time, _)| *time).collect();
        let expected: Vec<i64> = (0..found.len() as i64).collect();
        assert_eq!(numbers, expected, "round {round}");
        let last = last.expect("the child committed");
        assert!(found.len() > last, "round {round}: {last} was committed, {} found", found.len());
    }
}
