//! TraceQL: answers of Tempo's own code and of a running Tempo.
//!
//! | file | what a case is |
//! |---|---|
//! | `examples.yaml` | a query that is accepted or refused |
//! | `parse.json` | a query with Tempo's canonical text, or refused |
//! | `static_binop.json.gz` | an operator between two constants |
//! | `durations.json` `default_step.json` | a duration literal; the default step of a window |
//! | `lenient.json` | conditions taken from a query that may be incomplete |
//! | `eval.json` | a pipeline over given spansets |
//! | `metrics.json.gz` `block_query_range.json.gz` | a metrics query over given spans |
//! | `block_search.json` `block_tag_search.json` `block_tags.json` | questions to one known trace |
//! | `oracle/cases.json.gz` | questions to a data set of 2,000 traces |
//!
//! Cases with data run over every source of [`store`] and must give the same answer on each.
//! `oracle/disputed.json.gz` is not counted, `oracle/generator.json.gz` belongs to a later issue.

mod block;
mod eval;
mod given;
mod json;
mod lenient;
mod metrics;
mod operators;
mod oracle;
mod otlp;
mod parse;
mod search;
mod series;
mod sha256;
mod store;
mod tags;

use super::report::{Outcome, Report};
use serde_json::Value;
use std::io::Read as _;
use std::path::Path;

/// A file of the suite and what runs it.
type File = (&'static str, fn(&Value, &mut Report));

const FILES: &[File] = &[
    ("parse.json", parse::canonical),
    ("static_binop.json.gz", operators::binary),
    ("durations.json", operators::durations),
    ("default_step.json", operators::default_step),
    ("lenient.json", lenient::run),
    ("eval.json", eval::run),
    ("metrics.json.gz", metrics::in_memory),
    ("block_query_range.json.gz", metrics::block),
    ("block_search.json", block::search),
    ("block_tag_search.json", block::tag_search),
];

/// Runs all of `directory` that is known.
pub fn run(directory: &Path, report: &mut Report) {
    let examples = directory.join("examples.yaml");
    if examples.exists() {
        report.group("examples.yaml");
        match std::fs::read_to_string(&examples) {
            Ok(text) => parse::examples(&text, report),
            Err(error) => report.record("examples.yaml", Outcome::Failed(error.to_string())),
        }
    }
    for (name, run) in FILES {
        if let Some(document) = load(&directory.join(name), name, report) {
            run(&document, report);
        }
    }
    // The tags of the trace that the searches are about.
    if let Some(document) = load(&directory.join("block_tags.json"), "block_tags.json", report) {
        let searches = read(&directory.join("block_search.json")).unwrap_or_default();
        let searches: Value = serde_json::from_str(&searches).unwrap_or_default();
        block::tags(&document, &searches["meta"]["trace"], report);
    }
    let oracle = directory.join("oracle");
    let cases = load(&oracle.join("cases.json.gz"), "oracle/cases.json.gz", report);
    if let Some(cases) = cases {
        match read(&oracle.join("dataset.jsonl.gz")) {
            Ok(dataset) => oracle::run(&cases, &dataset, report),
            Err(error) => report.record("dataset", Outcome::Failed(error)),
        }
    }
    if oracle.join("generator.json.gz").exists() {
        report.group("oracle/generator.json.gz");
        let reason = "metrics derived from spans belong to a later issue";
        report.case("generator", || Outcome::Skipped(reason.to_owned()));
    }
}

/// A document, after the group of its file has begun; none if the file is not there.
fn load(path: &Path, name: &str, report: &mut Report) -> Option<Value> {
    if !path.exists() {
        return None;
    }
    report.group(name);
    let document = read(path).and_then(|text| {
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    });
    match document {
        Ok(document) => Some(document),
        Err(error) => {
            report.record(name, Outcome::Failed(error));
            None
        }
    }
}

/// The text of a file, unpacked if it is compressed.
fn read(path: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).map_err(failed)?;
    } else {
        std::io::BufReader::new(file).read_to_string(&mut text).map_err(failed)?;
    }
    Ok(text)
}
