//! `oracle/`: what a real Loki answered.

use super::answer::{Answer, Rules, blank_details};
use super::fields::{name, pairs, text};
use super::storage::{Loaded, Stream, load};
use super::{api, document, list, push, refusal};
use crate::conformance::report::{Outcome, Report};
use flate2::read::GzDecoder;
use logql::{Engine, Error, Instant, LabelSet, LogOptions};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::Direction;
use telemetry_core::time::NanosRange;

/// How far two values may differ, and how far where the order of a sum is arbitrary.
pub(super) const TOLERANCE: f64 = 1e-9;
const TOLERANCE_OF_ORDER: f64 = 1e-6;

pub(super) fn run(directory: &Path, report: &mut Report) {
    if let Some(document) = document(directory, "oracle/cases.json", report) {
        match dataset(directory).and_then(|streams| load(&streams)) {
            Ok(sources) => {
                cases(&document, &sources, report);
                if let Some(document) = self::document(directory, "oracle/api.json", report) {
                    api::run(&document, &sources, report);
                }
                let patterns = std::fs::read(directory.join("oracle/patterns.json"));
                let patterns = patterns.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
                if let (Some(patterns), Some(loaded)) = (patterns, sources.first()) {
                    api::patterns(&patterns, loaded);
                }
            }
            Err(error) => report.record("dataset.jsonl.gz", Outcome::Failed(error)),
        }
    }
    if let Some(cases) = list(directory, "oracle/push.json", report) {
        push::pushes(&cases, report);
    }
    if let Some(cases) = list(directory, "oracle/otlp.json", report) {
        push::exports(&cases, report);
    }
}

/// The data set, stream by stream.
fn dataset(directory: &Path) -> Result<Vec<Stream>, String> {
    let file = std::fs::File::open(directory.join("oracle/dataset.jsonl.gz"))
        .map_err(|error| error.to_string())?;
    let mut lines = String::new();
    GzDecoder::new(file).read_to_string(&mut lines).map_err(|error| error.to_string())?;
    let mut streams: BTreeMap<Labels, Vec<LogEntry>> = BTreeMap::new();
    for line in lines.lines() {
        let entry: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let time: i64 = text(&entry, "ts").parse().map_err(|_| "a line without a time")?;
        let labels = Labels::from_pairs(pairs(&entry["labels"]));
        let stored = pairs(&entry["meta"])
            .into_iter()
            .fold(LogEntry::new(time, text(&entry, "line")), |stored, (name, value)| {
                stored.with(name, value)
            });
        streams.entry(labels).or_default().push(stored);
    }
    Ok(streams.into_iter().map(|(labels, entries)| Stream { labels, entries }).collect())
}

fn cases(document: &Value, sources: &[Loaded], report: &mut Report) {
    let cases = document["cases"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (at, case) in cases.iter().enumerate() {
        let query = text(case, "query");
        report.case(&name(at, query), || {
            sources.iter().try_for_each(|loaded| one(case, query, loaded)).into()
        });
    }
}

fn one(case: &Value, query: &str, loaded: &Loaded) -> Result<(), String> {
    let expected = &case["expect"];
    let categories = case["categorize"] == true;
    let answer = match (ask(case, query, loaded), expected["error"].as_str()) {
        (Err(error), Some(text)) => {
            refusal::same_class(&error, expected["status"].as_u64().unwrap_or_default())?;
            let text = match case["error_prefix"] == true {
                // Which series a pipeline error names is arbitrary.
                true => text.split("for series").next().unwrap_or(text),
                false => text,
            };
            return refusal::agrees(&error, query, text);
        }
        (Err(error), None) => return Err(format!("{}: {}", loaded.name, error.render(query))),
        (Ok(_), Some(text)) => return Err(format!("answered; expected {text}")),
        (Ok(answer), None) => answer,
    };
    let rules = Rules {
        tolerance: if case["float_order"] == true { TOLERANCE_OF_ORDER } else { TOLERANCE },
        ordered: case["ordered"] == true,
        unstable: case["unstable"] == true,
        categories,
        backward: case["direction"] == "backward",
    };
    let judge = |expected: &Value| {
        let expected = Answer::read(expected, categories)?;
        answer.agrees(&expected, rules).map_err(|error| format!("{}: {error}", loaded.name))
    };
    match (judge(expected), case.get("expect_alt")) {
        (Err(_), Some(Value::Array(others))) => {
            let other = others.iter().any(|other| judge(other).is_ok());
            if other { Ok(()) } else { judge(expected) }
        }
        (Err(_), Some(other)) if judge(other).is_ok() => Ok(()),
        (result, _) => result,
    }
}

fn ask(case: &Value, query: &str, loaded: &Loaded) -> Result<Answer, Error> {
    let tree = logql::parse(query)?;
    let engine = Engine::new(&*loaded.source);
    let context = QueryContext::new();
    let field = |name: &str| case[name].as_i64();
    if case["kind"] == "instant" {
        let time = field("time").unwrap_or_default();
        return Ok(instant(engine.instant(&tree, time, &context)?, time));
    }
    let (start, end) = (field("start").unwrap_or_default(), field("end").unwrap_or_default());
    if tree.is_log() {
        let options = LogOptions {
            window: NanosRange::new(start, end),
            limit: field("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100),
            direction: match case["direction"] == "backward" {
                true => Direction::Backward,
                false => Direction::Forward,
            },
            interval_ns: field("interval").unwrap_or_default(),
        };
        return Ok(streams(&engine.log(&tree, &options, &context)?));
    }
    // Without a step Loki takes a 250th of the time, in whole seconds, at least one.
    const SECOND: i64 = 1_000_000_000;
    let step = field("step").unwrap_or(((end - start) / SECOND / 250).max(1) * SECOND);
    let series = engine.range(&tree, start, end, step, &context)?;
    let one = |series: &logql::Series| {
        let points = series.points.iter().map(|(time, value)| (time.0 / 1_000_000, *value));
        (set(&series.labels), points.collect())
    };
    Ok(Answer { series: series.iter().map(one).collect(), ..Answer::default() })
}

pub(super) fn set(labels: &LabelSet) -> BTreeMap<String, String> {
    let mut names: BTreeMap<String, String> =
        labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    blank_details(&mut names);
    names
}

fn instant(answer: Instant, time: i64) -> Answer {
    match answer {
        Instant::Scalar(value) => Answer { scalar: Some(value), ..Answer::default() },
        Instant::Vector(samples) => {
            let one = |sample: &logql::VectorSample| {
                (set(&sample.labels), vec![(time / 1_000_000, sample.value)])
            };
            Answer { series: samples.iter().map(one).collect(), ..Answer::default() }
        }
        _ => Answer::default(),
    }
}

pub(super) fn streams(streams: &[logql::LogStream]) -> Answer {
    let line = |line: &logql::LogLine| {
        let origin = (set(&line.origin.metadata), set(&line.origin.parsed));
        (line.time.0, line.text().into_owned(), Some(origin))
    };
    let one = |stream: &logql::LogStream| {
        (set(&stream.labels), stream.entries.iter().map(line).collect())
    };
    Answer { streams: streams.iter().map(one).collect(), ..Answer::default() }
}
