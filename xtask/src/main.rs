//! `cargo run -p xtask -- COMMAND`: the one door to the developer commands of the workspace.

#![forbid(unsafe_code)]
#![expect(clippy::print_stderr, reason = "a command-line tool speaks to its user")]

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo run --release -p xtask -- COMMAND

  tidy         read the sources of the workspace and name what breaks the house rules
  conformance  run the peers' test data: SUITE DIR [--filter TEXT] [--list-failures]
  compare      measure Quadra beside the servers of QUADRA_PEERS: WORKLOAD --data DIR --queries FILE
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("tidy") => xtask::tidy::run(),
        Some("conformance") => xtask::conformance::run(arguments.get(1..).unwrap_or_default()),
        Some("compare") => xtask::compare::run(arguments.get(1..).unwrap_or_default()),
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
