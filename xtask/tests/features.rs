//! Each feature of `quadra` compiles alone, and the languages and the whole product compile where
//! there is no C compiler.
//!
//! The checks share one target folder of their own, so that they neither wait for nor rebuild what
//! the workspace's build made. They use `pure-rust`, which compiles nothing in C; the default
//! posting lists are what the rest of the workspace is tested on.
#![cfg(test)]

use std::path::Path;
use std::process::Command;

use xtask::cargo;

/// Packages and the features that each is checked with, without its default features.
const CHECKS: &[(&str, &str)] = &[
    ("quadra-promql", ""),
    ("quadra-logql", ""),
    ("quadra-traceql", ""),
    ("quadra-wire", ""),
    ("quadra", "pure-rust"),
    ("quadra", "metrics,pure-rust"),
    ("quadra", "logs,pure-rust"),
    ("quadra", "traces,pure-rust"),
    ("quadra", "profiles,pure-rust"),
    ("quadra", "wire,pure-rust"),
    ("quadra", "wire,serde,pure-rust"),
    ("quadra", "zstd,pure-rust"),
    ("quadra", "metrics,logs,traces,profiles,wire,pure-rust"),
];

#[test]
fn each_feature_compiles_alone_and_without_a_c_compiler() {
    for (package, features) in CHECKS {
        check(package, features);
    }
}

fn check(package: &str, features: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("features");
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet", "--no-default-features", "--package", package])
        .args(["--features", features, "--target-dir"])
        .arg(target)
        // Only macros and build scripts are compiled to code here, and they run for a moment.
        .args(["--config", "profile.dev.package.\"*\".opt-level=0"])
        .current_dir(cargo::workspace_root())
        .env("CC", "there-is-no-c-compiler")
        .env("CARGO_INCREMENTAL", "0")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{package} with `{features}`:\n{told}");
    assert!(told.is_empty(), "{package} with `{features}` warns:\n{told}");
}
