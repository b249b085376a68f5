//! PromQL: Prometheus' own test data.
//!
//! | file | what a case is |
//! |---|---|
//! | `*.test` | an `eval` command of a script |
//! | `parser_cases.json` | a text that is accepted with the kind of its node, or refused with a place |
//! | `printer_cases.json` | a text and how it is printed |
//! | `compliance-queries.yml` | a query that is accepted or refused |
//! | `exposition/` | a document, or a text that is accepted or refused |
//! | `blocks/` | a Prometheus block and its samples |
//! | `expressions-promql.jsonl` | an expression from a dashboard or a rule |

mod answer;
mod blocks;
mod cases;
mod compare;
mod compliance;
mod exposition;
mod expressions;
mod histogram;
mod rerun;
mod script;
mod scripts;
mod series;
mod storage;
mod store;

use super::report::{Outcome, Report};
use std::path::{Path, PathBuf};

/// Runs all of `directory` that is known, and the expressions beside it.
pub fn run(directory: &Path, report: &mut Report) {
    for path in files(directory, "test") {
        read(&path, report, scripts::run);
    }
    let file = |name: &str| Some(directory.join(name)).filter(|path| path.exists());
    if let Some(path) = file("parser_cases.json") {
        read(&path, report, cases::parser);
    }
    if let Some(path) = file("printer_cases.json") {
        read(&path, report, cases::printer);
    }
    if let Some(path) = file("compliance-queries.yml") {
        read(&path, report, compliance::run);
    }
    if let Some(directory) = file("exposition") {
        let path = directory.join("exposition_cases.json");
        if path.exists() {
            read(&path, report, exposition::cases);
        }
        report.group("exposition/*.txt");
        for path in files(&directory, "txt") {
            exposition::file(&path, report);
        }
    }
    if let Some(path) = file("blocks") {
        report.group("blocks");
        for expected in files(&path, "json") {
            blocks::run(&expected, report);
        }
    }
    let expressions = ["../data", "../../data"]
        .map(|data| directory.join(data).join("expressions/expressions-promql.jsonl"));
    if let Some(path) = expressions.iter().find(|path| path.exists()) {
        read(path, report, expressions::run);
    }
}

/// Begins a group named after the file and runs its text.
fn read(path: &Path, report: &mut Report, run: impl FnOnce(&str, &mut Report)) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    report.group(name.clone());
    match std::fs::read_to_string(path) {
        Ok(text) => run(&text, report),
        Err(error) => report.record(&name, Outcome::Failed(error.to_string())),
    }
}

/// Files of `directory` that end in `.extension`, sorted.
fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    paths.sort();
    paths
}
