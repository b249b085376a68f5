//! No conformance suite passes fewer cases than `xtask/floors.toml` says.
#![cfg(test)]

use xtask::conformance::{SUITES, floors};

#[test]
fn no_suite_falls_below_its_floor() {
    let mut fallen = Vec::new();
    for suite in SUITES {
        match floors::hold(suite) {
            Ok(line) => println!("{line}"),
            Err(line) => fallen.push(line),
        }
    }
    assert!(fallen.is_empty(), "{}", fallen.join("\n"));
}
