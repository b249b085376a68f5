//! A child process is killed at any moment; what it said was committed is there.
//!
//! A test starts itself again, as a child that runs [`commit_until_killed`] only; the parent runs
//! [`kill_children`].

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::failure::failed;
use super::{Broken, Doing, Fault, TrialFailure};

/// How the child says that a commit returned.
const SAID: &str = "committed ";

/// Commits numbers from `first` on, and says each on `out` once it is committed, until the process
/// is killed or something fails.
///
/// # Errors
/// The number whose commit failed or could not be said.
pub fn commit_until_killed(
    first: u64,
    mut out: impl Write,
    mut commit: impl FnMut(u64) -> Result<(), Fault>,
) -> Result<(), TrialFailure> {
    for number in first.. {
        commit(number).map_err(|fault| failed(Doing::Commit)(fault).at(0, number))?;
        // The test harness may have left a line unfinished.
        writeln!(out, "\n{SAID}{number}")
            .and_then(|()| out.flush())
            .map_err(|error| failed(Doing::Child)(error).at(0, number))?;
    }
    Ok(())
}

/// Starts children one after another on one directory and kills each after some commits.
///
/// `child` gives the command that runs [`commit_until_killed`]; `numbers` opens the store that is
/// left and gives the numbers of the commits in it in order, each `items_per_commit` times.
///
/// # Errors
/// The round in which a promise was not kept.
pub fn kill_children(
    rounds: u64,
    items_per_commit: usize,
    mut child: impl FnMut() -> Result<Command, Fault>,
    mut numbers: impl FnMut() -> Result<Vec<u64>, Fault>,
) -> Result<(), TrialFailure> {
    let mut wait = 3;
    for round in 0..rounds {
        // Killed after a number of commits that differs from round to round.
        wait = wait * 7 % 331 + 20;
        child()
            .map_err(failed(Doing::Child))
            .and_then(|command| last_said(command, wait))
            .and_then(|last| check(last, items_per_commit, numbers().map_err(failed(Doing::Read))?))
            .map_err(|broken| broken.at(0, round))?;
    }
    Ok(())
}

/// Runs a child, kills it after it has said `wait` numbers, and gives the last it said.
fn last_said(mut command: Command, wait: u64) -> Result<u64, Broken> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed(Doing::Child))?;
    let (mut last, mut said) = (None, 0);
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines() {
            let line = line.map_err(failed(Doing::Child))?;
            if let Some(number) = line.trim().strip_prefix(SAID) {
                last = Some(number.parse().map_err(failed(Doing::Child))?);
                said += 1;
                if said == wait {
                    child.kill().map_err(failed(Doing::Child))?;
                }
            }
        }
    }
    child.wait().map_err(failed(Doing::Child))?;
    last.ok_or(Broken::TooFew { met: 0, least: 1 })
}

fn check(last: u64, items_per_commit: usize, numbers: Vec<u64>) -> Result<(), Broken> {
    let commits = (numbers.len() / items_per_commit.max(1)) as u64;
    let expected = (0..commits).flat_map(|number| std::iter::repeat_n(number, items_per_commit));
    if !expected.eq(numbers.iter().copied()) {
        return Err(Broken::Torn { numbers });
    }
    if commits <= last {
        return Err(Broken::Lost { last, commits });
    }
    Ok(())
}
