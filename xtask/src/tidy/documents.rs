//! Rule on the documents: a path that one names exists.

use std::collections::BTreeSet;

use super::Violation;
use super::modules;
use super::tree::Tree;

/// Extensions by which a back-quoted word is known for a file of the workspace.
const EXTENSIONS: &[&str] = &[".rs", ".toml", ".md", ".sh"];

/// Every path in back quotes in a `.md` file, outside fenced blocks, exists: from the root, from
/// the document's own folder, or as the end of some path (`storage/fs/os.rs`).
pub(super) fn missing_path(tree: &Tree, found: &mut Vec<Violation>) {
    let paths = every_path(tree);
    for document in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        let mut is_fenced = false;
        for (index, line) in document.text.lines().enumerate() {
            if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
                is_fenced = !is_fenced;
            }
            if is_fenced {
                continue;
            }
            for word in line.split('`').skip(1).step_by(2).filter(|word| is_path(word, &paths)) {
                if !exists(word, document.folder(), &paths) {
                    found.push(Violation {
                        path: document.path.clone(),
                        line: index + 1,
                        rule: "missing-path",
                        advice: format!("`{word}` does not exist: mend the document"),
                    });
                }
            }
        }
    }
}

/// Files and folders, each with a `/` before it, so that the end of a path is a whole name.
fn every_path(tree: &Tree) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for file in &tree.files {
        let mut path = file.path.as_str();
        while paths.insert(format!("/{path}")) {
            let Some((folder, _)) = path.rsplit_once('/') else { break };
            path = folder;
        }
    }
    paths
}

/// A word is a path of the workspace if it looks like a source or begins in a folder at the root.
/// Patterns, and paths that lead out of the workspace, are not.
fn is_path(word: &str, paths: &BTreeSet<String>) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    if word.is_empty() || !word.chars().all(is_plain) || word.starts_with(['/', '.', '-']) {
        return word.starts_with(".ci/");
    }
    if EXTENSIONS.iter().any(|end| word.len() > end.len() && word.ends_with(end)) {
        return true;
    }
    let (first, rest) = word.split_once('/').unwrap_or((word, ""));
    !rest.is_empty() && paths.contains(&format!("/{first}"))
}

fn exists(word: &str, folder: &str, paths: &BTreeSet<String>) -> bool {
    let word = word.trim_end_matches('/');
    let end = format!("/{word}");
    paths.contains(&format!("/{}", modules::join(folder, word)))
        || paths.iter().any(|path| path.ends_with(&end))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{places, tree};
    use super::*;

    #[test]
    fn a_document_names_only_what_exists() {
        let text = "See `src/lib.rs`, `fs/os.rs`, `tsdb/src/`, `Cargo.toml`.\n\
                    Not here: `gone.rs`.\n`tsdb/src/gone` and `and/or`, `text/plain`, `a b.rs`.\n\
                    ```\n`fenced.rs`\n```\nOutside: `../shared/DESIGN.md`, `blocks/<ULID>/x.rs`.\n";
        let tree = tree(&[
            ("README.md", text),
            ("Cargo.toml", ""),
            ("src/lib.rs", ""),
            ("tsdb/src/lib.rs", ""),
            ("telemetry-core/src/storage/fs/os.rs", ""),
        ]);
        assert_eq!(places(missing_path, &tree), ["README.md:2", "README.md:3"]);
    }

    #[test]
    fn the_end_of_a_path_is_a_whole_name() {
        let tree = tree(&[("README.md", "`os.rs`"), ("src/chaos.rs", "")]);
        assert_eq!(places(missing_path, &tree), ["README.md:1"]);
    }
}
