//! The contract bench: loads a workload, asks the fixed queries, prints what both cost.
//!
//! ```text
//! cargo run --release --example bench -- --data DIR --queries FILE --dir FOLDER --workload NAME --phase ingest|query|all
//!
//! --data DIR         where the generated workloads are: NAME.manifest.json and what it names
//! --queries FILE     the fixed queries, by kind of workload
//! --dir FOLDER       where the database lives; ingest wants it empty
//! --workload NAME    metrics-S, metrics-M, metrics-churn, metrics-HC, logs, logs-json, traces, profiles, …
//! --phase PHASE      ingest: load, flush, compact, close; query: open, ask; all: both in one process
//! --durability D     none: a clean close only; interval: synced every 200 ms (default); each: synced by each call
//! --threads N        ingest: N threads with a part of the shards each (default 1); query: threads of a query
//! --warm N           how often a query is asked again (default 7)
//! --path api|wire    wire: frames as they are in the file (default); api: the typed calls, on frames decoded before
//! --expected FILE    what a correct engine answers: other answers count as failures
//! ```
//!
//! Standard output has a JSON object a line, `{"workload", "metric", "value", "unit", …}`, and
//! nothing else. The exit status is 1 where a query failed.
//!
//! It uses the library as an embedding program would: default budgets, one background thread.
#![expect(clippy::print_stderr, reason = "complaints belong to standard error")]

mod bench {
    pub(crate) mod arguments;
    pub(crate) mod ask;
    pub(crate) mod expected;
    pub(crate) mod frames;
    pub(crate) mod ingest;
    pub(crate) mod load;
    pub(crate) mod manifest;
    pub(crate) mod process;
    pub(crate) mod query;
    pub(crate) mod report;
}

use std::error::Error;
use std::io::stdout;
use std::process::ExitCode;

use bench::arguments::{Arguments, Phase};
use bench::manifest::Manifest;
use bench::report::Report;
use bench::{ingest, query};

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failures) => {
            eprintln!("{failures} queries failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Gives the number of queries that failed.
fn run() -> Result<usize, Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let manifest = Manifest::read(&arguments.data, &arguments.workload)?;
    let mut report = Report::new(&arguments.workload, stdout().lock());
    if arguments.phase != Phase::Query {
        ingest::run(&arguments, &manifest, &mut report)?;
    }
    if arguments.phase != Phase::Ingest {
        return query::run(&arguments, &manifest, &mut report);
    }
    Ok(0)
}
