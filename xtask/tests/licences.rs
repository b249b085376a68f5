//! Everything that a build of Quadra links may be linked under the licences of `deny.toml`.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;
use xtask::cargo::{self, Linked};
use xtask::licence;

#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

fn allowed() -> Vec<String> {
    let text = fs::read_to_string(cargo::workspace_root().join("deny.toml")).unwrap();
    toml::from_str::<Deny>(&text).unwrap().licenses.allow
}

fn tree(package: &str, edges: &str) -> BTreeSet<Linked> {
    cargo::tree(&cargo::workspace_root(), package, edges).unwrap()
}

#[test]
fn every_linked_package_has_an_allowed_licence() {
    let allowed = allowed();
    // The tools too: what tests and benches link is built on every developer's machine.
    let linked =
        tree("quadra", "normal,build,dev").into_iter().chain(tree("xtask", "normal,build"));
    let refused: Vec<_> = linked
        .filter(|package| !licence::is_allowed(&package.licence, &allowed))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.licence))
        .collect();
    assert!(refused.is_empty(), "not under a licence of deny.toml:\n{}", refused.join("\n"));
}

#[test]
fn the_members_are_under_mit_or_apache_and_both_texts_are_here() {
    let root = cargo::workspace_root();
    for package in tree("xtask", "normal").into_iter().filter(|package| package.member) {
        assert_eq!(package.licence, "MIT OR Apache-2.0", "{}", package.name);
    }
    for (file, says) in [
        ("LICENSE-MIT", "Permission is hereby granted, free of charge"),
        ("LICENSE-APACHE", "Version 2.0, January 2004"),
    ] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        assert!(text.contains(says), "{file}");
    }
}
