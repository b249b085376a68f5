//! Which files a crate is made of: `mod` lines followed from the files that Cargo compiles.
//!
//! 1. Start at every target root (library, binary, test, bench, example).
//! 2. Read its `mod name;` lines, at any depth of inline modules, `#[path]` included.
//! 3. Visit each named file that exists; a file reached through `#[cfg(test)]` alone, or from a
//!    test root, is a test file.
//!
//! A `mod` written by a macro is not seen; the workspace has none.

use std::collections::{BTreeMap, BTreeSet};

use super::mask;

/// What a file is compiled into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Only into tests, benches or examples.
    Test,
    /// Into a library or a binary.
    Product,
}

/// A `mod name;` line.
#[derive(Debug, PartialEq, Eq)]
struct Declared {
    /// Files that may hold the module.
    candidates: Vec<String>,
    role: Role,
}

/// Every file that `roots` reach, with its role. `sources` maps paths to (text, masked code).
pub(super) fn reach(
    roots: &[(String, Role)],
    sources: &BTreeMap<String, (String, String)>,
) -> BTreeMap<String, Role> {
    let root_paths: BTreeSet<&str> = roots.iter().map(|(path, _)| path.as_str()).collect();
    let mut reached = BTreeMap::new();
    let mut open = roots.to_vec();
    while let Some((path, role)) = open.pop() {
        let Some((text, code)) = sources.get(&path) else { continue };
        if reached.get(&path).is_some_and(|known| *known >= role) {
            continue;
        }
        for module in declared(&path, root_paths.contains(path.as_str()), text, code) {
            let role = role.min(module.role);
            open.extend(module.candidates.into_iter().map(|path| (path, role)));
        }
        reached.insert(path, role);
    }
    reached
}

/// The `mod` lines of a file. A root and a `mod.rs` look for children beside themselves, any other
/// file in the folder of its own name.
fn declared(path: &str, is_root: bool, text: &str, code: &str) -> Vec<Declared> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.trim_end_matches(".rs");
    let home = if is_root || stem == "mod" { folder.to_owned() } else { join(folder, stem) };
    let tests = mask::test_regions(code);
    let mut found = Vec::new();
    let mut inline: Vec<(&str, usize)> = Vec::new();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = code.as_bytes().get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                inline.pop_if(|(_, opened)| *opened == depth);
            }
            _ if starts_word(code, at, "mod") => {
                let (child, after) = next_word(&code[at + 3..]);
                match after.trim_start().as_bytes().first() {
                    Some(b'{') => inline.push((child, depth)),
                    Some(b';') => {
                        let candidates = path_attribute(text, code, at).map_or_else(
                            || {
                                let home = inline.iter().fold(home.clone(), |at, m| join(&at, m.0));
                                let bare = join(&home, child);
                                vec![format!("{bare}.rs"), format!("{bare}/mod.rs")]
                            },
                            |given| vec![join(folder, given)],
                        );
                        let is_test = tests.iter().any(|region| region.contains(&at));
                        let role = if is_test { Role::Test } else { Role::Product };
                        found.push(Declared { candidates, role });
                    }
                    _ => {}
                }
                at += 3;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The names of inline modules, `mod name { … }`, with the offset of each.
pub(super) fn inline_names(code: &str) -> Vec<(usize, &str)> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("mod") {
        if starts_word(code, at, "mod") {
            let (name, after) = next_word(&code[at + 3..]);
            if after.trim_start().starts_with('{') {
                names.push((at, name));
            }
        }
    }
    names
}

/// Whether `word` stands at `at`, whole.
fn starts_word(code: &str, at: usize, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    code.is_char_boundary(at)
        && code[at..].starts_with(word)
        && !code[..at].ends_with(is_part)
        && code[at + word.len()..].starts_with(char::is_whitespace)
}

fn next_word(rest: &str) -> (&str, &str) {
    let rest = rest.trim_start().trim_start_matches("r#");
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    rest.split_at(end)
}

/// The file named by `#[path = "…"]` among the attributes before the `mod` at `at`.
fn path_attribute<'t>(text: &'t str, code: &str, at: usize) -> Option<&'t str> {
    let start = code[..at].rfind([';', '{', '}']).map_or(0, |end| end + 1);
    let opened = start + code[start..at].find("#[path")?;
    text[opened..at].split('"').nth(1)
}

/// `folder/name` with `.` and `..` carried out.
pub(super) fn join(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(files: &[(&str, &str)], root: &str) -> Vec<(String, Role)> {
        let sources = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), ((*text).to_owned(), mask::code(text))))
            .collect();
        reach(&[(root.to_owned(), Role::Product)], &sources).into_iter().collect()
    }

    #[test]
    fn modules_are_followed_through_files_folders_and_inline_modules() {
        let files = [
            ("a/src/lib.rs", "pub mod b; mod c; mod d { pub(crate) mod e; } // mod dead;"),
            ("a/src/b.rs", "mod inner;"),
            ("a/src/b/inner.rs", ""),
            ("a/src/c/mod.rs", "mod inner;"),
            ("a/src/c/inner.rs", ""),
            ("a/src/d/e.rs", ""),
            ("a/src/dead.rs", ""),
        ];
        let paths: Vec<_> = reached(&files, "a/src/lib.rs").into_iter().map(|r| r.0).collect();
        let alive: Vec<_> = files.iter().map(|f| f.0).filter(|p| !p.contains("dead")).collect();
        assert_eq!(paths.len(), alive.len());
        assert!(alive.iter().all(|path| paths.iter().any(|found| found == path)), "{paths:?}");
    }

    #[test]
    fn a_file_reached_through_cfg_test_alone_is_a_test_file() {
        let files = [
            ("src/lib.rs", "#[cfg(test)]\nmod model;\nmod real;\n#[cfg(test)]\nmod both;"),
            ("src/model.rs", "mod deeper;"),
            ("src/model/deeper.rs", ""),
            ("src/real.rs", "#[path = \"both.rs\"] mod both;"),
            ("src/both.rs", ""),
        ];
        let role = |path: &str| {
            reached(&files, "src/lib.rs").into_iter().find(|r| r.0 == path).map(|r| r.1)
        };
        assert_eq!(role("src/model/deeper.rs"), Some(Role::Test));
        assert_eq!(role("src/real.rs"), Some(Role::Product));
        assert_eq!(role("src/both.rs"), Some(Role::Product));
    }

    #[test]
    fn a_path_attribute_counts_from_the_folder_of_its_file() {
        let files = [
            ("x/tests/smoke.rs", "#[path = \"../../fuzz/src/targets.rs\"]\nmod targets;"),
            ("fuzz/src/targets.rs", ""),
        ];
        assert_eq!(reached(&files, "x/tests/smoke.rs").len(), 2);
    }
}
