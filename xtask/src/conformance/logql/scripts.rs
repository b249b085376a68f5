//! `metric_scripts.json`: metric queries over small data sets.

use super::fields::{name, number, pairs, same, text};
use super::refusal;
use super::storage::{Loaded, Stream, load};
use crate::conformance::report::{Outcome, Report};
use logql::{Engine, Error, Instant, LabelSet};
use serde_json::Value;
use std::collections::BTreeMap;
use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;

/// How far two values may differ.
const TOLERANCE: f64 = 1e-9;

pub(super) fn run(document: &Value, report: &mut Report) {
    let mut loaded: BTreeMap<&str, Result<Vec<Loaded>, String>> = BTreeMap::new();
    let cases = document["cases"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (at, case) in cases.iter().enumerate() {
        let query = text(case, "query");
        report.case(&name(at, &format!("{} {query}", text(case, "file"))), || {
            let dataset = text(case, "dataset");
            let sources = loaded
                .entry(dataset)
                .or_insert_with(|| load(&streams(&document["datasets"][dataset])));
            match sources {
                Err(error) => Outcome::Failed(error.clone()),
                Ok(sources) => sources.iter().try_for_each(|loaded| one(case, loaded)).into(),
            }
        });
    }
}

fn streams(dataset: &Value) -> Vec<Stream> {
    let entry = |entry: &Value| {
        let time = entry["ts"].as_i64().unwrap_or_default();
        let base = LogEntry::new(time, text(entry, "line"));
        let metadata = ["meta", "structured_metadata", "metadata"]
            .into_iter()
            .flat_map(|name| pairs(&entry[name]));
        metadata.fold(base, |entry, (name, value)| entry.with(name, value))
    };
    let stream = |stream: &Value| Stream {
        labels: Labels::from_pairs(pairs(&stream["labels"])),
        entries: stream["entries"].as_array().into_iter().flatten().map(entry).collect(),
    };
    dataset.as_array().into_iter().flatten().map(stream).collect()
}

/// A series of an answer: a value per step.
type Row = (BTreeMap<String, String>, Vec<Option<f64>>);

enum Answer {
    Scalar(f64),
    Rows(Vec<Row>),
}

fn one(case: &Value, loaded: &Loaded) -> Result<(), String> {
    let expected = &case["expect"];
    let query = text(case, "query");
    let answer = match answer(case, query, loaded) {
        Err(error) if expected["fail"] == true => return refused(&error, query, expected),
        Err(error) => return Err(format!("{}: {}", loaded.name, error.render(query))),
        Ok(answer) => answer,
    };
    let wrong = |what: String| Err(format!("{}: {what}", loaded.name));
    if expected["fail"] == true {
        return wrong("accepted".into());
    }
    match (answer, number(&expected["scalar"])) {
        (Answer::Scalar(found), Some(expected)) if same(found, expected, TOLERANCE) => Ok(()),
        (Answer::Scalar(found), expected) => wrong(format!("{found}, expected {expected:?}")),
        (Answer::Rows(rows), Some(expected)) => wrong(format!("{rows:?}, expected {expected}")),
        (Answer::Rows(rows), None) => same_rows(rows, case).or_else(wrong),
    }
}

fn refused(error: &Error, query: &str, expected: &Value) -> Result<(), String> {
    match expected["error_contains"].as_str() {
        None => Ok(()),
        Some(text) if text.contains("syntax error") => refusal::agrees(error, query, text),
        Some(text) => match refusal::text(error, query).contains(text) {
            true => Ok(()),
            false => refusal::agrees(error, query, text),
        },
    }
}

fn answer(case: &Value, query: &str, loaded: &Loaded) -> Result<Answer, Error> {
    let tree = logql::parse(query)?;
    let engine = Engine::new(&*loaded.source);
    let context = QueryContext::new();
    let labels = |labels: &LabelSet| -> BTreeMap<String, String> {
        labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    if case["kind"] == "instant" {
        let time = case["time"].as_i64().unwrap_or_default();
        return Ok(match engine.instant(&tree, time, &context)? {
            Instant::Scalar(value) => Answer::Scalar(value),
            Instant::Vector(samples) => Answer::Rows(
                samples.iter().map(|one| (labels(&one.labels), vec![Some(one.value)])).collect(),
            ),
            _ => Answer::Rows(Vec::new()),
        });
    }
    let field = |name: &str| case[name].as_i64().unwrap_or_default();
    let (start, end, step) = (field("start"), field("end"), field("step"));
    let series = engine.range(&tree, start, end, step, &context)?;
    let steps = usize::try_from((end - start) / step.max(1) + 1).unwrap_or_default();
    let row = |one: &logql::Series| {
        let mut values = vec![None; steps];
        for (time, value) in &one.points {
            let at = usize::try_from((time.0 - start) / step).unwrap_or(usize::MAX);
            if let Some(slot) = values.get_mut(at) {
                *slot = Some(*value);
            }
        }
        (labels(&one.labels), values)
    };
    Ok(Answer::Rows(series.iter().map(row).collect()))
}

fn same_rows(mut found: Vec<Row>, case: &Value) -> Result<(), String> {
    let series = case["expect"]["series"].as_array().into_iter().flatten();
    let row = |series: &Value| {
        let values = series["values"].as_array().into_iter().flatten();
        (pairs(&series["labels"]).into_iter().collect(), values.map(number).collect())
    };
    let mut expected: Vec<Row> = series.map(row).collect();
    if case["expect"]["ordered"] != true {
        found.sort_by(|a, b| a.0.cmp(&b.0));
        expected.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let equal = |(a, b): (&Row, &Row)| {
        a.0 == b.0
            && a.1.len() == b.1.len()
            && a.1.iter().zip(&b.1).all(|pair| match pair {
                (Some(a), Some(b)) => same(*a, *b, TOLERANCE),
                (None, None) => true,
                _ => false,
            })
    };
    if found.len() == expected.len() && found.iter().zip(&expected).all(equal) {
        return Ok(());
    }
    Err(format!("got {found:?}\nexpected {expected:?}"))
}
