//! `xtask conformance SUITE DIR [--filter TEXT] [--list-failures]`: runs the peers' own test data.
//!
//! A suite reads every file of a kind it knows in the directory and ignores the rest. What it prints
//! is the same for all: passes, failures and skips per file, the reasons of the skips, and on the
//! last line `N passed, M failed` (`, K skipped`). When a case passes is said in `PASS.md` beside the
//! data. `xtask/floors.toml` holds the least number of passes of each suite.

pub mod floors;
pub mod logql;
pub mod profiles;
pub mod promql;
pub mod report;
pub mod traceql;

use report::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A kind of test data and how to run it.
#[derive(Clone, Copy)]
pub struct Suite {
    /// Its name on the command line and in `floors.toml`.
    pub name: &'static str,
    /// Where its data is, from the directory that `QUADRA_SHARED` names.
    pub directory: &'static str,
    /// Runs all of the directory.
    pub run: fn(&Path, &mut Report),
}

/// Every suite.
pub const SUITES: &[Suite] = &[
    Suite { name: "promql", directory: "conformance/promql", run: promql::run },
    Suite { name: "logql", directory: "conformance/logql", run: logql::run },
    Suite { name: "profiles", directory: "data/profiles", run: profiles::run },
    Suite { name: "traceql", directory: "conformance/traceql", run: traceql::run },
];

/// Runs what the command line asks for. Fails where a case fails.
pub fn run(arguments: &[String]) -> ExitCode {
    let Some((suite, directory, mut report)) = command(arguments) else {
        let names: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
        eprintln!(
            "usage: xtask conformance <{}> DIR [--filter TEXT] [--list-failures]",
            names.join("|")
        );
        return ExitCode::from(2);
    };
    if !directory.is_dir() {
        eprintln!("{} is no directory", directory.display());
        return ExitCode::from(2);
    }
    (suite.run)(&directory, &mut report);
    report.print();
    if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn command(arguments: &[String]) -> Option<(Suite, PathBuf, Report)> {
    let mut positional = Vec::new();
    let mut report = Report::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--filter" => report = report.filter(rest.next()?),
            "--list-failures" => report = report.list_failures(),
            text if text.starts_with("--") => return None,
            text => positional.push(text),
        }
    }
    let [name, directory] = positional.as_slice() else { return None };
    let suite = SUITES.iter().find(|suite| suite.name == *name)?;
    Some((*suite, PathBuf::from(directory), report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_anywhere() {
        let words = ["--filter", "rate", "promql", "--list-failures", "dir"].map(String::from);
        let (suite, directory, report) = command(&words).unwrap();
        assert_eq!((suite.name, directory), ("promql", PathBuf::from("dir")));
        assert!(report.wants("functions.test:1 rate(x)") && !report.wants("other"));
        for bad in [&["promql"][..], &["nothing", "dir"], &["promql", "dir", "--what"]] {
            assert!(command(&bad.iter().map(ToString::to_string).collect::<Vec<_>>()).is_none());
        }
    }
}
