//! Answers in the shape of Loki's interface, ours and theirs, and whether they agree.

use super::fields::{number, pairs, same};
use serde_json::Value;
use std::collections::BTreeMap;

type Names = BTreeMap<String, String>;

/// A line: time, text, metadata and parsed labels where they are told apart.
type Line = (i64, String, Option<(Names, Names)>);

/// An answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) scalar: Option<f64>,
    pub(super) streams: Vec<(Names, Vec<Line>)>,
    /// Series: labels, and values with their times in milliseconds.
    pub(super) series: Vec<(Names, Vec<(i64, f64)>)>,
}

/// What may differ.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) tolerance: f64,
    pub(super) ordered: bool,
    /// Which rows are in the answer, and in which order, is arbitrary: only how many, and their
    /// values, count.
    pub(super) unstable: bool,
    pub(super) categories: bool,
    pub(super) backward: bool,
}

/// Details of errors are ours to word.
fn names(value: &Value) -> Names {
    let mut names: Names = pairs(value).into_iter().collect();
    blank_details(&mut names);
    names
}

pub(super) fn blank_details(names: &mut Names) {
    if let Some(details) = names.get_mut("__error_details__")
        && !details.is_empty()
    {
        *details = "…".into();
    }
}

impl Answer {
    /// The answer in a response of Loki.
    pub(super) fn read(expected: &Value, categories: bool) -> Result<Self, String> {
        let mut answer = Answer::default();
        let result = &expected["result"];
        match expected["resultType"].as_str() {
            Some("scalar") => answer.scalar = number(&result[1]),
            Some("streams") => {
                for stream in result.as_array().into_iter().flatten() {
                    let lines = stream["values"].as_array().into_iter().flatten();
                    let line = |line: &Value| -> Result<Line, String> {
                        let time = line[0].as_str().and_then(|text| text.parse().ok());
                        let origin = categories.then(|| {
                            (names(&line[2]["structuredMetadata"]), names(&line[2]["parsed"]))
                        });
                        let text = line[1].as_str().unwrap_or_default().to_owned();
                        Ok((time.ok_or("a line without a time")?, text, origin))
                    };
                    let lines: Result<Vec<Line>, String> = lines.map(line).collect();
                    answer.streams.push((names(&stream["stream"]), lines?));
                }
            }
            Some("vector" | "matrix") => {
                for series in result.as_array().into_iter().flatten() {
                    let points = match series["values"].as_array() {
                        Some(points) => points.as_slice(),
                        None => std::slice::from_ref(&series["value"]),
                    };
                    let point = |point: &Value| -> Option<(i64, f64)> {
                        let seconds = point[0].as_f64()?;
                        Some(((seconds * 1e3).round() as i64, number(&point[1])?))
                    };
                    let points: Option<Vec<_>> = points.iter().map(point).collect();
                    answer.series.push((names(&series["metric"]), points.ok_or("no point")?));
                }
            }
            other => return Err(format!("a result of type {other:?}")),
        }
        Ok(answer)
    }

    /// Whether `self` is the answer `expected`.
    pub(super) fn agrees(&self, expected: &Answer, rules: Rules) -> Result<(), String> {
        let differs = |what: &str| Err(format!("{what}: got {self:?}\nexpected {expected:?}"));
        match (self.scalar, expected.scalar) {
            (None, None) => {}
            (Some(a), Some(b)) if same(a, b, rules.tolerance) => {}
            _ => return differs("scalar"),
        }
        if rules.unstable {
            return match self.values() == expected.values() && self.lines() == expected.lines() {
                true => Ok(()),
                false => differs("rows or values"),
            };
        }
        let (ours, theirs) = (self.merged_streams(rules), expected.merged_streams(rules));
        if let Some((ours, theirs)) = ours.iter().zip(&theirs).find(|(a, b)| a != b) {
            return Err(format!("got {ours:?}\nexpected {theirs:?}"));
        }
        if ours.len() != theirs.len() {
            return differs("streams");
        }
        self.same_series(expected, rules)
    }

    fn same_series(&self, expected: &Answer, rules: Rules) -> Result<(), String> {
        let (mut ours, mut theirs) = (self.series.clone(), expected.series.clone());
        if !rules.ordered {
            ours.sort_by(|a, b| a.0.cmp(&b.0));
            theirs.sort_by(|a, b| a.0.cmp(&b.0));
        }
        if ours.len() != theirs.len() {
            return Err(format!("got {ours:?}\nexpected {theirs:?}"));
        }
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let points = ours.1.iter().zip(&theirs.1);
            let equal = ours.0 == theirs.0
                && ours.1.len() == theirs.1.len()
                && points.into_iter().all(|(a, b)| a.0 == b.0 && same(a.1, b.1, rules.tolerance));
            if !equal {
                return Err(format!("got {ours:?}\nexpected {theirs:?}"));
            }
        }
        Ok(())
    }

    /// Streams by labels. Those that differ in the details of an error only have become one, so
    /// their lines are put in order again.
    fn merged_streams(&self, rules: Rules) -> Vec<(Names, Vec<Line>)> {
        let mut merged: BTreeMap<Names, Vec<Line>> = BTreeMap::new();
        for (names, lines) in &self.streams {
            let known = merged.entry(names.clone()).or_default();
            let merges = !known.is_empty();
            known.extend(lines.iter().cloned());
            if merges && rules.backward {
                known.sort_by_key(|line| std::cmp::Reverse(line.0));
            } else if merges {
                known.sort_by_key(|line| line.0);
            }
        }
        if !rules.categories {
            merged.values_mut().flatten().for_each(|line| line.2 = None);
        }
        merged.into_iter().collect()
    }

    /// Every value, sorted.
    fn values(&self) -> Vec<String> {
        let points = self.series.iter().flat_map(|(_, points)| points);
        let mut values: Vec<String> = points.map(|(_, value)| format!("{value:.9e}")).collect();
        values.sort();
        values
    }

    /// Every line with its time, sorted.
    fn lines(&self) -> Vec<(i64, &str)> {
        let lines = self.streams.iter().flat_map(|(_, lines)| lines);
        let mut lines: Vec<(i64, &str)> =
            lines.map(|(time, text, _)| (*time, text.as_str())).collect();
        lines.sort_unstable();
        lines
    }
}
