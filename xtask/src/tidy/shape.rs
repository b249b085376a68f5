//! Rules on the shape of a file: its length, its head, its name, its place in a crate.

use super::Violation;
use super::modules;
use super::tree::{File, Tree};

/// Lines, tests included, past which a file must say why it is one.
const LINES_MAX: usize = 600;

/// How a module doc opens the sentence that says why a long file is one.
const LONG_FILE_REASON: &str = "One file because";

/// Names that tell a role instead of the data.
const BANNED_NAMES: &[&str] = &[
    "common",
    "core_impl",
    "helper",
    "helpers",
    "manager",
    "misc",
    "shared",
    "state",
    "types",
    "util",
    "utils",
];

/// How a module doc opens a byte diagram.
const DIAGRAM: &str = "~~~text";

/// Files are at most [`LINES_MAX`] long, or their module doc has a line that starts with
/// [`LONG_FILE_REASON`].
pub(super) fn long_file(tree: &Tree, found: &mut Vec<Violation>) {
    for file in tree.rust() {
        let lines = file.text.lines().count();
        let is_explained = file.module_doc().any(|line| line.starts_with(LONG_FILE_REASON));
        if lines > LINES_MAX && !is_explained {
            let advice = format!(
                "{lines} lines, more than {LINES_MAX}: split it by ideas, or give its head a line \
                 `//! {LONG_FILE_REASON} …`"
            );
            found.push(at(file, LINES_MAX + 1, "long-file", advice));
        }
    }
}

/// The first thing in a file, after `#!` and plain comments, is its module doc.
pub(super) fn module_doc(tree: &Tree, found: &mut Vec<Violation>) {
    for file in tree.rust() {
        let head = file.text.lines().find(|line| {
            let is_plain_comment = line.starts_with("//") && !line.starts_with("//!");
            !(line.trim().is_empty() || line.starts_with("#!") || is_plain_comment)
        });
        if !head.is_some_and(|line| line.starts_with("//!")) {
            let advice = "open the file with `//!`: what it is, in a sentence".to_owned();
            found.push(at(file, 1, "module-doc", advice));
        }
    }
}

/// No file, folder or inline module bears a name of [`BANNED_NAMES`].
pub(super) fn banned_name(tree: &Tree, found: &mut Vec<Violation>) {
    let advice = |name: &str| format!("`{name}` names a role: name the data or the idea");
    for file in tree.rust() {
        for name in file.folder().split('/').chain([file.stem()]) {
            if BANNED_NAMES.contains(&name) {
                found.push(at(file, 1, "banned-name", advice(name)));
            }
        }
        for (offset, name) in modules::inline_names(&file.code) {
            if BANNED_NAMES.contains(&name) {
                found.push(at(file, file.line(offset), "banned-name", advice(name)));
            }
        }
    }
}

/// Every file in a package's folders is reached by `mod` lines from something that Cargo builds.
pub(super) fn dead_file(tree: &Tree, found: &mut Vec<Violation>) {
    for file in tree.rust().filter(|file| file.package.is_some() && file.role.is_none()) {
        let advice = "no `mod` line reaches this file: name it or delete it".to_owned();
        found.push(at(file, 1, "dead-file", advice));
    }
}

/// A `format.rs` opens with a byte diagram, which a test with `golden` in its name repeats. The
/// test sits in the file, in a `tests.rs` or `…_tests.rs` beside it, or below `format/`.
pub(super) fn format_diagram(tree: &Tree, found: &mut Vec<Violation>) {
    for file in tree.rust().filter(|file| file.stem() == "format") {
        if !file.module_doc().any(|line| line.starts_with(DIAGRAM)) {
            let advice = format!("draw the bytes in the module doc, in a `{DIAGRAM}` block");
            found.push(at(file, 1, "format-diagram", advice));
        }
        let below = format!("{}/", modules::join(file.folder(), "format"));
        let is_beside = |other: &File| {
            other.folder() == file.folder()
                && (other.stem() == "tests" || other.stem().ends_with("_tests"))
        };
        let mut places = tree.rust().filter(|other| {
            other.path == file.path || is_beside(other) || other.path.starts_with(&below)
        });
        if !places.any(has_golden_test) {
            let advice = "assert the diagram byte for byte in a test named `…golden…`".to_owned();
            found.push(at(file, 1, "format-golden", advice));
        }
    }
}

fn has_golden_test(file: &File) -> bool {
    file.code.match_indices("fn ").any(|(at, _)| {
        let name = file.code[at + "fn ".len()..].split(['(', '<']).next().unwrap_or_default();
        name.contains("golden")
    })
}

/// Every library forbids `unsafe`, or denies it and lets named modules expect it.
pub(super) fn unsafe_code(tree: &Tree, found: &mut Vec<Violation>) {
    for file in tree.rust().filter(|file| file.stem() == "lib" && file.package.is_some()) {
        let says = |word: &str| file.code.contains(&format!("#![{word}(unsafe_code)]"));
        if !says("forbid") && !says("deny") {
            let advice = "write `#![forbid(unsafe_code)]`".to_owned();
            found.push(at(file, 1, "unsafe-code", advice));
        }
    }
}

fn at(file: &File, line: usize, rule: &'static str, advice: String) -> Violation {
    Violation { path: file.path.clone(), line, rule, advice }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{places, tree};
    use super::*;

    #[test]
    fn a_long_file_without_a_reason_is_named_at_the_line_that_is_too_many() {
        let long = format!("//! A thing.\n{}", "\n".repeat(LINES_MAX));
        let explained =
            long.replace("A thing.", "A thing.\n//!\n//! One file because it is a table.");
        let tree = tree(&[("a.rs", &long), ("b.rs", &explained), ("c.rs", &long[..LINES_MAX])]);
        assert_eq!(places(long_file, &tree), ["a.rs:601"]);
    }

    #[test]
    fn a_file_opens_with_its_module_doc() {
        let tree = tree(&[
            ("a.rs", "// A note.\n#![forbid(unsafe_code)]\n\n//! What it is.\n"),
            ("b.rs", "use a::b;\n//! Late.\n"),
            ("c.rs", ""),
            ("d.rs", "/// Of an item.\nstruct D;"),
        ]);
        assert_eq!(places(module_doc, &tree), ["b.rs:1", "c.rs:1", "d.rs:1"]);
    }

    #[test]
    fn names_of_roles_are_banned_for_files_folders_and_inline_modules() {
        let tree = tree(&[
            ("a/utils.rs", ""),
            ("a/common/mod.rs", ""),
            ("a/statement.rs", "\nmod helpers {}\nmod stateful {}"),
        ]);
        assert_eq!(
            places(banned_name, &tree),
            ["a/common/mod.rs:1", "a/statement.rs:2", "a/utils.rs:1"]
        );
    }

    #[test]
    fn a_file_that_no_mod_line_reaches_is_dead() {
        let tree = tree(&[
            ("tsdb/src/lib.rs", "mod head; // mod block;"),
            ("tsdb/src/head.rs", ""),
            ("tsdb/src/block.rs", ""),
            ("fuzz/src/lib.rs", ""),
        ]);
        assert_eq!(places(dead_file, &tree), ["tsdb/src/block.rs:1"]);
    }

    #[test]
    fn a_format_needs_a_diagram_and_a_golden_test() {
        let drawn = "//! Bytes.\n//! ~~~text\n//! 0 4 magic\n//! ~~~\n";
        let tested = format!("{drawn}#[test] fn the_golden_bytes() {{}}");
        let tree = tree(&[
            ("a/format.rs", &tested),
            ("b/format.rs", drawn),
            ("c/format.rs", drawn),
            ("c/tests.rs", "fn golden() {}"),
            ("d/format.rs", "//! No ~~~text\nfn golden() {}"),
            ("e/format.rs", drawn),
            ("e/format/tests.rs", "fn golden() {}"),
        ]);
        assert_eq!(places(format_diagram, &tree), ["b/format.rs:1", "d/format.rs:1"]);
    }

    #[test]
    fn a_library_forbids_unsafe_or_denies_it() {
        let tree = tree(&[
            ("tsdb/src/lib.rs", "// #![forbid(unsafe_code)]"),
            ("src/lib.rs", "#![deny(unsafe_code)]"),
        ]);
        assert_eq!(places(unsafe_code, &tree), ["tsdb/src/lib.rs:1"]);
    }
}
