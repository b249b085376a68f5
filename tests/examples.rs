//! Every example that needs nothing but itself runs, and asserts what it shows.
#![cfg(test)]

use std::path::Path;
use std::process::Command;

/// Runs the example `name`, which `cargo test` builds beside this test.
fn run(name: &str, arguments: &[&str]) -> String {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap();
    let example = target.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(example).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{name}: {out}\n{err}");
    out
}

#[test]
fn promql_runs_over_a_source_of_the_users_own() {
    let out = run("promql_eval", &[]);
    assert!(out.contains(r#"{floor="2"}"#), "{out}");
    let out = run("promql_eval", &["count(temperature_celsius > 20)"]);
    assert!(out.contains(" 2.00"), "{out}");
}
