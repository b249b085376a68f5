//! What Cargo knows about the workspace: its members, their arrows, and what a build links.
//!
//! Every question is asked offline and for the host platform alone: after `cargo test` has built
//! the workspace, nothing more has to be fetched to answer.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// A member of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Package {
    /// The package name, `quadra-tsdb`.
    pub name: String,
    /// Absolute path of its `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// Everything that its manifest names, whatever the kind.
    pub dependencies: Vec<Dependency>,
    /// Libraries, binaries, tests, benches, examples.
    pub targets: Vec<Target>,
}

/// A dependency as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Dependency {
    /// The package name, not the local alias.
    pub name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub kind: Option<String>,
    /// Features asked for by name.
    pub features: Vec<String>,
    /// The directory of a dependency inside the workspace.
    pub path: Option<PathBuf>,
}

/// A file that Cargo hands to the compiler.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Target {
    /// `lib`, `bin`, `test`, `bench`, `example`, `custom-build`.
    pub kind: Vec<String>,
    /// Absolute path of the root file.
    pub src_path: PathBuf,
}

/// A package of a resolved tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linked {
    /// The package name.
    pub name: String,
    /// Its version, `v1.2.3`.
    pub version: String,
    /// Its licence as the manifest spells it; empty where the manifest is silent.
    pub licence: String,
    /// Whether it is a member of the workspace.
    pub member: bool,
}

/// Directory of the workspace's `Cargo.toml`.
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The members of the workspace, from `cargo metadata`.
///
/// # Errors
/// Where Cargo cannot be started, refuses a manifest, or answers in another shape.
pub fn packages(root: &Path) -> io::Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let text = run(root, &["metadata", "--offline", "--format-version", "1", "--no-deps"])?;
    let metadata: Metadata = serde_json::from_str(&text)?;
    Ok(metadata.packages)
}

/// The packages that `package` is built from, each once, sorted: those along `edges`
/// (`normal`, or `normal,build` to see what compiles C) with the default features.
///
/// # Errors
/// As [`packages`].
pub fn tree(root: &Path, package: &str, edges: &str) -> io::Result<BTreeSet<Linked>> {
    let text = run(
        root,
        &[
            "tree",
            "--offline",
            "--package",
            package,
            "--edges",
            edges,
            "--prefix",
            "none",
            "--format",
            "{p}|{l}",
        ],
    )?;
    Ok(text.lines().filter_map(linked).collect())
}

/// Runs Cargo in `root` and gives its standard output.
///
/// # Errors
/// Where Cargo cannot be started or fails; its standard error is the message.
pub fn run(root: &Path, arguments: &[&str]) -> io::Result<String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).args(arguments).current_dir(root).output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(io::Error::other(format!("cargo {}: {told}", arguments.join(" "))))
    }
}

/// `name v1.2.3 (/path) (proc-macro)|MIT OR Apache-2.0 (*)`: a path means a member, a star that
/// the package was printed before.
fn linked(line: &str) -> Option<Linked> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split(' ');
    Some(Linked {
        name: words.next()?.to_owned(),
        version: words.next()?.to_owned(),
        licence: licence.trim_end_matches("(*)").trim().to_owned(),
        member: words.any(|word| word.starts_with('(') && word.contains(['/', '\\'])),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_tree_gives_name_version_licence_and_membership() {
        let outside = linked("serde_derive v1.0.2 (proc-macro)|MIT OR Apache-2.0 (*)").unwrap();
        assert_eq!(outside.name, "serde_derive");
        assert_eq!(outside.version, "v1.0.2");
        assert_eq!(outside.licence, "MIT OR Apache-2.0");
        assert!(!outside.member);
        assert!(linked("quadra-tsdb v0.0.0 (/home/me/quadra/tsdb)|MIT").unwrap().member);
        assert_eq!(linked(""), None);
    }
}
