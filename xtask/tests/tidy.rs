//! The sources of this workspace keep the house rules (`xtask tidy`).
#![cfg(test)]

use xtask::{cargo, tidy};

#[test]
fn the_workspace_is_tidy() {
    let found = tidy::check(&cargo::workspace_root()).unwrap();
    let list: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} violations\n{}", list.len(), list.join("\n"));
}
