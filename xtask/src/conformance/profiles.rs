//! Profiles: real pprof files with totals, top lists, trees and differences by an independent
//! decoder.
//!
//! | file | what a case is |
//! |---|---|
//! | `X.expected.json` | the profile `X`: sizes of its tables; per sample type total and top lists |
//! | `X.expected.folded` | its folded stacks |
//! | `tree-X.expected.json` | its call tree, whole and truncated |
//! | `merge-SET.expected.json` | several profiles merged |
//! | `diff-A--B.expected.json` | two profiles compared |
//! | `legacy/*`, `bad/*` | refused with an error, or equal; never a panic |
//!
//! Each is asked from the head, and again after flush, compaction and reopening.

mod expected;
mod stored;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::report::{Outcome, Report};
use stored::Stored;

/// What a check says: nothing if the answer is right.
pub(super) type Check = Result<(), String>;

/// Runs all of `directory` that is known.
pub fn run(directory: &Path, report: &mut Report) {
    let names = file_names(directory);
    let kind = |name: &str, prefix: &str, suffix: &str| {
        name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix)).map(str::to_owned)
    };
    let json = ".expected.json";
    report.group("single");
    for name in &names {
        let is_other = ["tree-", "merge-", "diff-"].iter().any(|prefix| name.starts_with(prefix));
        if let Some(profile) = kind(name, "", json).filter(|_| !is_other) {
            report.case(name, || single(directory, name, &profile).into());
        }
    }
    report.group("folded");
    for name in &names {
        if let Some(profile) = kind(name, "", ".expected.folded") {
            report.case(name, || folded(directory, name, &profile).into());
        }
    }
    report.group("tree");
    for name in &names {
        if let Some(profile) = kind(name, "tree-", json) {
            report.case(name, || tree(directory, name, &profile).into());
        }
    }
    report.group("merge");
    for name in names.iter().filter(|name| kind(name, "merge-", json).is_some()) {
        report.case(name, || merge(directory, name).into());
    }
    report.group("diff");
    for name in names.iter().filter(|name| kind(name, "diff-", json).is_some()) {
        report.case(name, || diff(directory, name).into());
    }
    refused(&directory.join("legacy"), "legacy", report);
    refused(&directory.join("bad"), "bad", report);
}

fn file_names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn read_json(path: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    // Trees nest deeper than serde_json goes by itself.
    let mut reader = serde_json::Deserializer::from_str(&text);
    reader.disable_recursion_limit();
    serde::Deserialize::deserialize(&mut reader).map_err(|error| error.to_string())
}

/// Whether refusing the file is a right answer: its producer wrote no ids.
fn may_be_refused(name: &str) -> bool {
    name == "dotnet-a.pb"
}

fn single(directory: &Path, name: &str, profile: &str) -> Check {
    let expected = read_json(&directory.join(name))?;
    let decoded = match stored::decode(&directory.join(profile)) {
        Err(_) if may_be_refused(profile) => return Ok(()),
        other => other?,
    };
    expected::tables(&expected, &decoded)?;
    Stored::with(&[&decoded])?.twice(|store| {
        expected::normalised(&expected, store)?;
        let types = expected["types"].as_array().ok_or("types are missing")?;
        types.iter().try_for_each(|kind| expected::sample_type(kind, &store.tree(kind)?))
    })
}

fn folded(directory: &Path, name: &str, profile: &str) -> Check {
    let expected = fs::read_to_string(directory.join(name)).map_err(|error| error.to_string())?;
    let decoded = stored::decode(&directory.join(profile))?;
    let kind = decoded.sample_types.last().cloned().unwrap_or_default();
    Stored::with(&[&decoded])?.twice(|store| {
        let found = store.tree_of(&kind.kind, &kind.unit)?.folded();
        expected::lines(&expected, &found)
    })
}

fn tree(directory: &Path, name: &str, profile: &str) -> Check {
    let expected = read_json(&directory.join(name))?;
    let decoded = match stored::decode(&directory.join(profile)) {
        Err(_) if may_be_refused(profile) => return Ok(()),
        other => other?,
    };
    let (kind, unit) = expected::kind_and_unit(&expected)?;
    Stored::with(&[&decoded])?
        .twice(|store| expected::tree(&expected, &store.tree_of(&kind, &unit)?.positive()))
}

fn merge(directory: &Path, name: &str) -> Check {
    let expected = read_json(&directory.join(name))?;
    let files = expected["merge_of"].as_array().ok_or("merge_of is missing")?;
    let decoded = files
        .iter()
        .map(|file| stored::decode(&directory.join(file.as_str().unwrap_or_default())))
        .collect::<Result<Vec<_>, String>>()?;
    Stored::with(&decoded.iter().collect::<Vec<_>>())?.twice(|store| {
        let types = expected["types"].as_array().ok_or("types are missing")?;
        types.iter().try_for_each(|kind| expected::sample_type(kind, &store.tree(kind)?))
    })
}

fn diff(directory: &Path, name: &str) -> Check {
    let expected = read_json(&directory.join(name))?;
    let (kind, unit) = expected::kind_and_unit(&expected)?;
    let load = |side: &str| {
        let file = expected[side].as_str().unwrap_or_default();
        Stored::with(&[&stored::decode(&directory.join(file))?])
    };
    let right = load("right")?;
    load("left")?.twice(|left| {
        let right = right.now().tree_of(&kind, &unit)?;
        expected::diff(&expected, &left.tree_of(&kind, &unit)?, &right)
    })
}

/// Files that are no pprof: an error, or a profile that holds together.
fn refused(directory: &Path, group: &str, report: &mut Report) {
    report.group(group);
    let is_profile = |name: &String| !name.ends_with(".string");
    for name in file_names(directory).into_iter().filter(is_profile) {
        let path: PathBuf = directory.join(&name);
        report.case(&name, || match stored::decode(&path) {
            Err(_) => Outcome::Passed,
            Ok(profile) => profile.validate().map_err(|error| error.to_string()).into(),
        });
    }
}
