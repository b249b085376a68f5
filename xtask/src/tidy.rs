//! `xtask tidy`: the house rules that a reader of the sources can check.
//!
//! 1. Read every text of the workspace and its packages into a [`tree::Tree`].
//! 2. Run the [`RULES`], each a function from the tree to its violations.
//! 3. Print them as `path:line: rule: what to do`.
//!
//! What the compiler and clippy already refuse (`missing_docs`, `unwrap_used`, …) is not repeated
//! here. There is no list of pardoned files: where a rule allows an exception, the rule says which.

mod arrows;
mod documents;
mod mask;
mod modules;
mod shape;
mod tree;
mod words;

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::cargo;
use tree::Tree;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The file, relative to the root of the workspace, with `/`.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// Name of the rule.
    pub rule: &'static str,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}: {}", self.path, self.line, self.rule, self.advice)
    }
}

/// A rule: gives each violation that it finds to the second argument.
type Rule = fn(&Tree, &mut Vec<Violation>);

const RULES: &[Rule] = &[
    shape::long_file,
    shape::module_doc,
    shape::banned_name,
    shape::dead_file,
    shape::format_diagram,
    shape::unsafe_code,
    words::banned_word,
    words::platform,
    words::machine_path,
    arrows::between_packages,
    arrows::inside_core,
    documents::missing_path,
];

/// Every violation in the workspace at `root`, sorted by place.
///
/// # Errors
/// Where a file cannot be read or Cargo does not describe the workspace.
pub fn check(root: &Path) -> io::Result<Vec<Violation>> {
    Ok(violations(&Tree::read(root)?))
}

/// Checks this workspace, prints what it finds and gives the exit code of the command.
pub fn run() -> ExitCode {
    match check(&cargo::workspace_root()) {
        Ok(found) if found.is_empty() => ExitCode::SUCCESS,
        Ok(found) => {
            for violation in &found {
                println!("{violation}");
            }
            eprintln!("tidy: {} violations", found.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("tidy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn violations(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for rule in RULES {
        rule(tree, &mut found);
    }
    found.sort();
    found
}

#[cfg(test)]
mod testing {
    //! Trees written by hand.

    use super::modules::Role;
    use super::tree::{Arrow, Package, Tree};
    use super::{Rule, Violation};

    /// A workspace of the packages `quadra`, `quadra-telemetry-core`, `quadra-tsdb` and `xtask`,
    /// whose library roots exist where `files` says so.
    pub(super) fn tree(files: &[(&str, &str)]) -> Tree {
        let packages = [
            ("quadra", ""),
            ("quadra-telemetry-core", "telemetry-core"),
            ("quadra-tsdb", "tsdb"),
            ("xtask", "xtask"),
        ];
        let packages = packages.map(|(name, folder)| Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            roots: files
                .iter()
                .filter(|(path, _)| {
                    path.trim_start_matches(folder).trim_start_matches('/') == "src/lib.rs"
                })
                .map(|(path, _)| ((*path).to_owned(), Role::Product))
                .collect(),
            arrows: Vec::new(),
        });
        let texts = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Tree::new(texts.collect(), packages.to_vec())
    }

    /// A workspace of one package that names one other member.
    pub(super) fn arrow(from: &str, to: &str, features: &[&str]) -> Tree {
        let arrow = Arrow {
            to: to.to_owned(),
            features: features.iter().map(|&name| name.to_owned()).collect(),
        };
        let package = Package {
            name: from.to_owned(),
            folder: from.trim_start_matches("quadra-").to_owned(),
            roots: Vec::new(),
            arrows: vec![arrow],
        };
        Tree::new(Vec::new(), vec![package])
    }

    /// The places that `rule` names in `tree`, as `path:line`.
    pub(super) fn places(rule: Rule, tree: &Tree) -> Vec<String> {
        let mut found: Vec<Violation> = Vec::new();
        rule(tree, &mut found);
        found.iter().map(|violation| format!("{}:{}", violation.path, violation.line)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_prints_as_a_place_that_editors_open() {
        let violation = Violation {
            path: "tsdb/src/db.rs".to_owned(),
            line: 7,
            rule: "module-doc",
            advice: "say what the file is".to_owned(),
        };
        assert_eq!(violation.to_string(), "tsdb/src/db.rs:7: module-doc: say what the file is");
    }

    #[test]
    fn violations_come_sorted_by_place() {
        let tree = testing::tree(&[
            ("tsdb/src/lib.rs", "mod utils;\n"),
            ("tsdb/src/utils.rs", "fn f() { todo!() }\n"),
        ]);
        let found = violations(&tree);
        let rules: Vec<_> = found.iter().map(|violation| violation.rule).collect();
        assert_eq!(rules, ["module-doc", "unsafe-code", "banned-name", "module-doc", "unfinished"]);
    }
}
