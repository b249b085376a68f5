//! `xtask compare WORKLOAD --data DIR --queries FILE`: Quadra beside the real Prometheus and
//! VictoriaMetrics, in the same hour on the same machine.
//!
//! The peers are the binaries in `usr/bin` of the folder that `QUADRA_PEERS` names. Each is started
//! on loopback, given the frames of the workload as remote write, left to settle for a minute,
//! stopped, started again and asked. Quadra runs as the contract bench, a process of its own.
//!
//! 1. `frames` reads the workload, `question` the queries.
//! 2. `process` starts a peer and reads what it costs, `http` speaks to it; `prometheus` and
//!    `victoria` say how.
//! 3. `ours` runs the bench; `table` prints both.
//!
//! Peers pay 0.1 to 0.2 ms a query for HTTP. Nothing of this is linked into the library.

mod answer;
mod frames;
mod http;
mod measure;
mod ours;
mod process;
mod prometheus;
mod question;
mod table;
mod victoria;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use answer::Answer;

/// What went wrong: a developer reads it once.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A server to compare with.
trait Peer {
    /// Its name in the table.
    fn name(&self) -> &'static str;
    /// The file of its program.
    fn program(&self) -> &'static str;
    /// Its command line, with data in `folder` and its interface at `address`.
    fn arguments(&self, folder: &Path, address: &str) -> Result<Vec<String>>;
    /// Where it answers 200 once it is ready.
    fn ready(&self) -> &'static str;
    /// What it is asked when everything has been sent, so that all of it is searchable.
    fn flush(&self) -> Option<&'static str>;
}

/// What a system costs.
#[derive(Debug, Default)]
struct Figures {
    /// By metric.
    whole: BTreeMap<&'static str, f64>,
    /// By query.
    queries: BTreeMap<String, QueryFigures>,
}

#[derive(Debug, Default)]
struct QueryFigures {
    cold_ms: f64,
    /// The least of the warm runs.
    warm_ms: f64,
    cpu_ms: f64,
    answer: Answer,
}

/// The command line.
#[derive(Debug)]
struct Arguments {
    workload: String,
    data: PathBuf,
    queries: PathBuf,
    folder: PathBuf,
    bench: PathBuf,
    warm: usize,
}

const USAGE: &str = "\
usage: xtask compare WORKLOAD --data DIR --queries FILE [--dir FOLDER] [--bench PROGRAM] [--warm N]

  WORKLOAD  one of the metrics workloads in DIR
  FOLDER    where databases live meanwhile (default: in the temporary directory)
  PROGRAM   the contract bench (default: target/release/examples/bench; build it first)
";

/// Runs what the command line asks for.
pub fn run(arguments: &[String]) -> ExitCode {
    let Some(arguments) = parse(arguments) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let Some(peers) = std::env::var_os("QUADRA_PEERS") else {
        eprintln!("QUADRA_PEERS is not set: there is nothing to compare with");
        return ExitCode::from(2);
    };
    let peers = crate::cargo::workspace_root().join(peers).join("usr/bin");
    match compare(&arguments, &peers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(words: &[String]) -> Option<Arguments> {
    let root = crate::cargo::workspace_root();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let folder = format!("quadra-compare-{}", std::process::id());
    let mut arguments = Arguments {
        workload: String::new(),
        data: PathBuf::new(),
        queries: PathBuf::new(),
        folder: std::env::temp_dir().join(folder),
        bench: target.join("release/examples/bench"),
        warm: 7,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--data" => arguments.data = words.next()?.into(),
            "--queries" => arguments.queries = words.next()?.into(),
            "--dir" => arguments.folder = words.next()?.into(),
            "--bench" => arguments.bench = words.next()?.into(),
            "--warm" => arguments.warm = words.next()?.parse().ok()?,
            text if text.starts_with("--") => return None,
            text => arguments.workload = text.to_owned(),
        }
    }
    let is_whole = [&arguments.data, &arguments.queries].iter().all(|path| path.exists());
    (is_whole && !arguments.workload.is_empty()).then_some(arguments)
}

fn compare(arguments: &Arguments, programs: &Path) -> Result<()> {
    let workload = question::Workload::read(arguments)?;
    let mut systems = vec![("quadra", ours::measure(arguments)?)];
    let peers: [&dyn Peer; 2] = [&prometheus::Prometheus, &victoria::VictoriaMetrics];
    for peer in peers {
        eprintln!("{} …", peer.name());
        systems.push((peer.name(), measure::measure(peer, programs, arguments, &workload)?));
    }
    print!("{}", table::table(&arguments.workload, &systems));
    Ok(())
}
