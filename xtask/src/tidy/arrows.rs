//! Rules on who may know whom: the arrows of the architecture, which point down only.
//!
//! ~~~text
//!                      quadra
//!      promql logql traceql │ wire tsdb logstore tracestore profstore
//!                      telemetry-core
//! ~~~
//! Dependencies of tests obey the same arrows: a language is tested on a double, not on a store.

use super::Violation;
use super::tree::{File, TOOL, Tree};

const CORE: &str = "quadra-telemetry-core";
const LANGUAGES: &[&str] = &["quadra-promql", "quadra-logql", "quadra-traceql"];
const STORES: &[&str] =
    &["quadra-tsdb", "quadra-logstore", "quadra-tracestore", "quadra-profstore"];
const DECODERS: &str = "quadra-wire";
const FACADE: &str = "quadra";

/// Features of the core that bring the kernel, and with it a C compiler.
const KERNEL_FEATURES: &[&str] = &["storage", "croaring", "pure-rust"];

/// What the vocabulary is made of. `syntax` knows nothing, so that labels may quote as Go does.
const VOCABULARY: &[&str] = &["labels", "model", "time", "syntax"];

/// What a part of the core may name of the rest, by its folder. A part that is not listed is free.
const INSIDE_CORE: &[(&str, Allowed)] = &[
    ("labels", Allowed::Only(VOCABULARY)),
    ("model", Allowed::Only(VOCABULARY)),
    ("time", Allowed::Only(VOCABULARY)),
    ("syntax", Allowed::Only(&["syntax"])),
    ("storage", Allowed::AllBut(&["source"])),
    ("source", Allowed::AllBut(&["storage"])),
];

enum Allowed {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

/// Members depend on members below them, and languages never on the kernel.
pub(super) fn between_packages(tree: &Tree, found: &mut Vec<Violation>) {
    for package in &tree.packages {
        let mut break_at = |advice: String| {
            let path = super::modules::join(&package.folder, "Cargo.toml");
            found.push(Violation { path, line: 1, rule: "arrow", advice });
        };
        for arrow in &package.arrows {
            if !may_depend(&package.name, &arrow.to) {
                break_at(format!("`{}` may not know `{}`", package.name, arrow.to));
            }
            let kernel = arrow.features.iter().find(|f| KERNEL_FEATURES.contains(&f.as_str()));
            if let Some(feature) = kernel
                && (LANGUAGES.contains(&package.name.as_str()) || package.name == DECODERS)
            {
                break_at(format!(
                    "`{}` works without the kernel: drop the feature `{feature}`",
                    package.name
                ));
            }
        }
    }
}

fn may_depend(from: &str, to: &str) -> bool {
    let below_facade = |name: &str| {
        name == CORE || name == DECODERS || LANGUAGES.contains(&name) || STORES.contains(&name)
    };
    match from {
        TOOL => to != TOOL,
        FACADE => below_facade(to),
        CORE => false,
        _ => below_facade(from) && to == CORE,
    }
}

/// Inside the core, parts name each other as [`INSIDE_CORE`] says.
pub(super) fn inside_core(tree: &Tree, found: &mut Vec<Violation>) {
    for file in tree.rust() {
        let Some(path) = file.path.strip_prefix("telemetry-core/src/") else { continue };
        let part = path.split(['/', '.']).next().unwrap_or_default();
        let Some((_, allowed)) = INSIDE_CORE.iter().find(|(name, _)| *name == part) else {
            continue;
        };
        for (offset, other) in names_after_crate(file) {
            let is_allowed = match allowed {
                Allowed::Only(names) => names.contains(&other),
                Allowed::AllBut(names) => !names.contains(&other),
            };
            if !is_allowed {
                found.push(Violation {
                    path: file.path.clone(),
                    line: file.line(offset),
                    rule: "arrow",
                    advice: format!("`{part}` may not know `{other}`"),
                });
            }
        }
    }
}

/// The module names that follow `crate::`, singly or first in the braces of a `use`.
fn names_after_crate(file: &File) -> Vec<(usize, &str)> {
    let mut names = Vec::new();
    for (at, path) in file.product.match_indices("crate::") {
        let start = at + path.len();
        let rest = &file.product[start..];
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if rest.starts_with('{') {
            let mut depth = 0_usize;
            let mut is_first = true;
            for (step, letter) in rest.char_indices() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 1 => break,
                    '}' => depth -= 1,
                    ',' if depth == 1 => is_first = true,
                    _ if depth == 1 && is_first && is_word(letter) => {
                        let name = &rest[step..];
                        let end = name.find(|c| !is_word(c)).unwrap_or(name.len());
                        names.push((start + step, &name[..end]));
                        is_first = false;
                    }
                    _ => {}
                }
            }
        } else {
            names.push((at, &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::testing::{arrow, places, tree};
    use super::*;

    fn is_refused(from: &str, to: &str, features: &[&str]) -> bool {
        !places(between_packages, &arrow(from, to, features)).is_empty()
    }

    #[test]
    fn arrows_point_down_only() {
        assert!(!is_refused("quadra", "quadra-tsdb", &[]));
        assert!(!is_refused("quadra-tsdb", CORE, &["storage"]));
        assert!(!is_refused("quadra-wire", CORE, &[]));
        assert!(!is_refused("xtask", "quadra", &[]));
        for (from, to) in [
            ("quadra-promql", "quadra-tsdb"),
            ("quadra-tsdb", "quadra-promql"),
            ("quadra-logql", "quadra-promql"),
            ("quadra-tracestore", "quadra-tsdb"),
            ("quadra-wire", "quadra-tsdb"),
            (CORE, "quadra-tsdb"),
            ("quadra-tsdb", "quadra"),
            ("quadra", "xtask"),
            ("quadra-newcomer", CORE),
        ] {
            assert!(is_refused(from, to, &[]), "{from} → {to}");
        }
    }

    #[test]
    fn languages_and_decoders_leave_the_kernel_alone() {
        assert!(!is_refused("quadra-promql", CORE, &[]));
        assert!(is_refused("quadra-promql", CORE, &["storage"]));
        assert!(is_refused("quadra-logql", CORE, &["croaring"]));
        assert!(is_refused("quadra-wire", CORE, &["storage"]));
    }

    #[test]
    fn the_vocabulary_of_the_core_stands_alone() {
        let tree = tree(&[
            ("telemetry-core/src/lib.rs", "mod labels; mod storage; mod source; mod query;"),
            (
                "telemetry-core/src/labels.rs",
                "use crate::time::Millis;\nuse crate::{\n    model,\n    query::{a, b},\n};",
            ),
            ("telemetry-core/src/storage.rs", "use crate::{labels, time};\nuse crate::source::X;"),
            ("telemetry-core/src/source.rs", "fn f(a: crate::storage::Error) {}"),
            ("telemetry-core/src/query.rs", "use crate::{storage, source};"),
        ]);
        assert_eq!(
            places(inside_core, &tree),
            [
                "telemetry-core/src/labels.rs:4",
                "telemetry-core/src/source.rs:1",
                "telemetry-core/src/storage.rs:2"
            ]
        );
    }
}
