//! Compares answers with the expectations of the files.

use profstore::flame::{self, CallTree, Frame};
use serde_json::Value;
use telemetry_core::model::{Profile, SampleLabelValue};

use super::Check;
use super::stored::Asked;

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Check {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: found {found:?}, expected {expected:?}"))
    }
}

fn number(value: &Value, key: &str) -> Result<i64, String> {
    value[key].as_i64().ok_or_else(|| format!("{key} is missing"))
}

/// Sample type and unit of an expectation that gives them as `kind:unit`.
pub(super) fn kind_and_unit(expected: &Value) -> Result<(String, String), String> {
    let text = expected["sample_type"].as_str().ok_or("sample_type is missing")?;
    let (kind, unit) = text.split_once(':').ok_or("sample_type has no unit")?;
    Ok((kind.to_owned(), unit.to_owned()))
}

/// Sizes of the tables and what the profile says of itself.
pub(super) fn tables(expected: &Value, profile: &Profile) -> Check {
    let sizes = [
        ("samples", profile.samples.len()),
        ("locations", profile.locations.len()),
        ("functions", profile.functions.len()),
        ("mappings", profile.mappings.len()),
        ("strings", profile.strings.len()),
        ("locations_with_inlines", profile.locations.iter().filter(|l| l.lines.len() > 1).count()),
        (
            "locations_without_lines",
            profile.locations.iter().filter(|l| l.lines.is_empty()).count(),
        ),
    ];
    for (what, found) in sizes {
        same(what, found as i64, number(expected, what)?)?;
    }
    same("time", profile.time.0, number(expected, "time_nanos")?)?;
    same("duration", profile.duration_nanos, number(expected, "duration_nanos")?)?;
    same("period", profile.period, number(expected, "period")?)?;
    let texts = [
        ("default_sample_type", profile.default_sample_type),
        ("drop_frames", profile.drop_frames),
        ("keep_frames", profile.keep_frames),
    ];
    for (what, position) in texts {
        same(what, Some(profile.string(position)), expected[what].as_str())?;
    }
    let keys = |text: bool| {
        let labels = profile.samples.iter().flat_map(|sample| &sample.labels);
        let wanted =
            labels.filter(|label| matches!(label.value, SampleLabelValue::Text(_)) == text);
        let mut keys: Vec<&str> = wanted.map(|label| profile.string(label.key)).collect();
        keys.sort_unstable();
        keys.dedup();
        serde_json::json!(keys)
    };
    same("string labels", keys(true), expected["string_label_keys"].clone())?;
    same("numeric labels", keys(false), expected["numeric_label_keys"].clone())
}

/// How many distinct stacks with a value the store keeps.
pub(super) fn normalised(expected: &Value, store: &Asked<'_>) -> Check {
    let found = store.stacks(true)? as i64;
    same("stacks by labels", found, number(expected, "samples_after_normalise")?)?;
    let found = store.stacks(false)? as i64;
    same("stacks", found, number(expected, "samples_after_normalise_ignoring_labels")?)
}

/// Name and value of every row of an expected list.
fn rows(list: &Value) -> Vec<(String, i64)> {
    match list {
        Value::Array(rows) => rows
            .iter()
            .map(|row| {
                let name = row["function"].as_str().unwrap_or_default().to_owned();
                (name, row["value"].as_i64().unwrap_or_default())
            })
            .collect(),
        Value::Object(rows) => rows
            .iter()
            .map(|(name, value)| (name.clone(), value.as_i64().unwrap_or_default()))
            .collect(),
        _ => Vec::new(),
    }
}

/// A top list of so many functions.
type Top = fn(&CallTree, usize) -> Vec<flame::TopRow>;

/// Total, counts and lists of one sample type.
pub(super) fn sample_type(expected: &Value, tree: &CallTree) -> Check {
    same("total", tree.total(), number(expected, "total")?)?;
    let functions = tree.functions();
    let flat = functions.iter().filter(|row| row.self_value != 0).count();
    same("functions with flat", flat as i64, number(expected, "functions_with_flat")?)?;
    let cumulative = functions.iter().filter(|row| row.total != 0).count();
    same("functions", cumulative as i64, number(expected, "functions_with_cumulative")?)?;
    let stacks = tree.folded().lines().count();
    same("stacks", stacks as i64, number(expected, "distinct_nonzero_name_stacks")?)?;
    let lists: [(&str, usize, Top); 4] = [
        ("top_flat", 10, CallTree::top_self),
        ("top_cumulative", 10, CallTree::top_total),
        ("all_flat", usize::MAX, CallTree::top_self),
        ("all_cumulative", usize::MAX, CallTree::top_total),
    ];
    for (what, limit, top) in lists {
        if expected[what].is_null() {
            continue;
        }
        let is_flat = what.ends_with("flat");
        let value = |row: &flame::TopRow| if is_flat { row.self_value } else { row.total };
        let mut found: Vec<(String, i64)> =
            top(tree, limit).into_iter().map(|row| (row.name.clone(), value(&row))).collect();
        let mut wanted = rows(&expected[what]);
        if what.starts_with("all") {
            found.sort();
            wanted.sort();
        }
        same(what, found, wanted)?;
    }
    Ok(())
}

/// Lines of a folded export.
pub(super) fn lines(expected: &str, found: &str) -> Check {
    let mut expected: Vec<&str> = expected.lines().collect();
    expected.sort_unstable();
    let found: Vec<&str> = found.lines().collect();
    for (found, expected) in found.iter().zip(&expected) {
        same("line", found, expected)?;
    }
    same("lines", found.len(), expected.len())
}

/// The call tree, whole and truncated.
pub(super) fn tree(expected: &Value, tree: &CallTree) -> Check {
    same("total", tree.total(), number(expected, "total")?)?;
    same("nodes", tree.len() as i64 - 1, number(expected, "nodes_without_root")?)?;
    let limits = expected["limits"].as_object().ok_or("limits are missing")?;
    for (limit, wanted) in limits {
        let limit: usize = limit.parse().map_err(|_| format!("limit {limit}"))?;
        let threshold = tree.truncation_threshold(limit);
        same("threshold", threshold, number(wanted, "min_value")?)?;
        let root = tree.frames(limit);
        same("nodes", root.count() as i64, number(wanted, "nodes_with_root")?)?;
        if !wanted["tree"].is_null() {
            frame(&wanted["tree"], &root)?;
        }
    }
    Ok(())
}

fn frame(expected: &Value, found: &Frame) -> Check {
    same("name", Some(found.name.as_str()), expected["name"].as_str())?;
    let place = format!("self and total of {}", found.name);
    let values = (number(expected, "self")?, number(expected, "total")?);
    same(&place, (found.self_value, found.total), values)?;
    let none = Vec::new();
    let children = expected["children"].as_array().unwrap_or(&none);
    same(&format!("children of {}", found.name), found.children.len(), children.len())?;
    children.iter().zip(&found.children).try_for_each(|(expected, found)| frame(expected, found))
}

/// Two trees side by side.
pub(super) fn diff(expected: &Value, left: &CallTree, right: &CallTree) -> Check {
    same("left total", left.total(), number(expected, "left_total")?)?;
    same("right total", right.total(), number(expected, "right_total")?)?;
    let rows = flame::diff(left, right);
    let wanted = expected["functions"].as_array().ok_or("functions are missing")?;
    for (row, wanted) in rows.iter().zip(wanted) {
        let name = wanted["function"].as_str().unwrap_or_default();
        same("function", row.name.as_str(), name)?;
        let values = [
            ("left_flat", row.left_self),
            ("right_flat", row.right_self),
            ("left_cumulative", row.left_total),
            ("right_cumulative", row.right_total),
        ];
        for (what, found) in values {
            same(&format!("{what} of {name}"), found, number(wanted, what)?)?;
        }
    }
    same("functions", rows.len(), wanted.len())
}
