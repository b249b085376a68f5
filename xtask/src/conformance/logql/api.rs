//! `oracle/api.json`: calls beside queries.
//!
//! Lists are sets. Cardinalities are estimates and not compared. Loki tells the kind of a field by
//! one of its values, we by all: its kind must be that of a value that we found. It counts a volume
//! with the tables of its chunks, so bytes may differ by [`VOLUME_TOLERANCE`].

use super::answer::{Answer, Rules};
use super::fields::{pairs, text};
use super::oracle::{set, streams};
use super::storage::Loaded;
use crate::conformance::report::{Outcome, Report};
use logql::ast::Expr;
use logql::explore::{FieldKind, FieldOptions, PatternOptions, VolumeBy, VolumeOptions};
use logql::{Engine, Instant, LogOptions};
use serde_json::Value;
use std::collections::BTreeSet;
use telemetry_core::labels::{Matcher, parse_selector};
use telemetry_core::query::QueryContext;
use telemetry_core::source::Direction;
use telemetry_core::time::NanosRange;

/// How far the bytes of a volume may differ, relative to the larger.
const VOLUME_TOLERANCE: f64 = 0.01;

pub(super) fn run(document: &Value, sources: &[Loaded], report: &mut Report) {
    for (at, case) in document.as_array().into_iter().flatten().enumerate() {
        let endpoint = text(case, "endpoint");
        let name = format!("{at}: {endpoint}");
        report.case(&name, || match skipped(case) {
            Some(reason) => Outcome::Skipped(reason.to_owned()),
            None => sources
                .iter()
                .try_for_each(|loaded| {
                    one(case, endpoint, loaded)
                        .map_err(|error| format!("{}: {error}\n{}", loaded.name, case["params"]))
                })
                .into(),
        });
    }
}

/// Prints how many of the patterns that Loki found have one of ours with as many lines, within a
/// tenth. Both are guesses, so it is information only.
pub(super) fn patterns(document: &Value, loaded: &Loaded) {
    let (engine, context) = (Engine::new(&*loaded.source), QueryContext::new());
    let (mut alike, mut all) = (0, 0);
    for case in document.as_array().into_iter().flatten() {
        let source = text(case, "source");
        let expected: Vec<u64> = case["patterns"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|pattern| pattern["count"].as_u64())
            .collect();
        let found = ["system", "app"].iter().filter_map(|label| {
            let query = logql::parse(&format!("{{{label}=\"{source}\"}}")).ok()?;
            engine.patterns(&query, &PatternOptions::default(), &context).ok()
        });
        let counts: Vec<u64> = found.flatten().map(|pattern| pattern.count).collect();
        let is_near =
            |count: &&u64| counts.iter().any(|ours| ours.abs_diff(**count) * 10 <= **count);
        alike += expected.iter().filter(is_near).count();
        all += expected.len();
    }
    println!("patterns.json: {alike} of {all} patterns have one of ours alike; for information");
}

/// Why a case says nothing about a library.
fn skipped(case: &Value) -> Option<&'static str> {
    match text(case, "endpoint") {
        "index/stats" => Some("statistics of data that was not flushed"),
        "patterns" => Some("answered without a pattern ingester"),
        "drilldown-limits" => Some("limits of a server"),
        "query_range" | "query" if case["status"] != 200 => Some("parameters of an HTTP request"),
        _ => None,
    }
}

fn failed(error: logql::Error) -> String {
    error.to_string()
}

/// The query of a call.
fn asked(params: &Value) -> Result<Expr, String> {
    logql::parse(text(params, "query")).map_err(failed)
}

fn one(case: &Value, endpoint: &str, loaded: &Loaded) -> Result<(), String> {
    let (engine, context) = (Engine::new(&*loaded.source), QueryContext::new());
    let (params, body) = (&case["params"], &case["body"]);
    let window = NanosRange::new(time(&params["start"]), time(&params["end"]));
    match endpoint {
        "labels" => {
            same(engine.label_names(&[], window, &context).map_err(failed)?, texts(&body["data"]))
        }
        "series" => {
            let selectors = match &params["match[]"] {
                Value::Array(all) => all.iter().map(|one| one.as_str().unwrap_or("")).collect(),
                Value::String(one) => vec![one.as_str()],
                _ => Vec::new(),
            };
            let selectors: Vec<Vec<Matcher>> =
                selectors.into_iter().map(matchers).collect::<Result<_, _>>()?;
            let found = engine.series(&selectors, window, &context).map_err(failed)?;
            let expected = body["data"].as_array().into_iter().flatten();
            let sorted = |mut pairs: Vec<(String, String)>| {
                pairs.sort();
                format!("{pairs:?}")
            };
            let own = |labels: &telemetry_core::labels::Labels| {
                sorted(labels.iter().map(|(name, value)| (name.into(), value.into())).collect())
            };
            same(found.iter().map(own), expected.map(|labels| sorted(pairs(labels))))
        }
        "detected_labels" => {
            let found = engine.detected_labels(&query_matchers(params)?, window, &context);
            let found = found.map_err(failed)?;
            let expected = body["detectedLabels"].as_array().into_iter().flatten();
            same(
                found.iter().map(|label| format!("{} {}", label.name, label.cardinality)),
                expected.map(|label| format!("{} {}", text(label, "label"), label["cardinality"])),
            )
        }
        "index/volume" => volume(case, &engine, window, &context),
        "detected_fields" => detected_fields(case, &engine, window, &context),
        "format_query" => format_query(case),
        "query" | "query_range" => query(case, &engine, window, &context),
        path => match path.split('/').collect::<Vec<_>>()[..] {
            ["label", name, "values"] => {
                let found = engine.label_values(name, &[], window, &context).map_err(failed)?;
                same(found, texts(&body["data"]))
            }
            ["detected_field", name, "values"] => {
                let query = asked(params)?;
                let options = FieldOptions { window, ..FieldOptions::default() };
                let found = engine.detected_field_values(name, &query, &options, &context);
                same(found.map_err(failed)?, texts(&body["values"]))
            }
            _ => Err("an unknown call".into()),
        },
    }
}

fn volume(
    case: &Value,
    engine: &Engine<'_>,
    window: NanosRange,
    context: &QueryContext,
) -> Result<(), String> {
    let params = &case["params"];
    let by = match text(params, "aggregateBy") {
        "labels" => VolumeBy::Labels,
        _ => VolumeBy::Series,
    };
    let targets = text(params, "targetLabels").split(',').filter(|name| !name.is_empty());
    let target_labels = targets.map(str::to_owned).collect();
    let options = VolumeOptions { window, by, target_labels, limit: 100 };
    let found = engine.volume(&query_matchers(params)?, &options, context).map_err(failed)?;
    let expected = case["body"]["data"]["result"].as_array().into_iter().flatten();
    let expected: Vec<(String, f64)> = expected
        .map(|one| {
            let bytes = one["value"][1].as_str().and_then(|text| text.parse().ok());
            let names = pairs(&one["metric"]);
            let labels: logql::LabelSet =
                names.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            (labels.to_string(), bytes.unwrap_or_default())
        })
        .collect();
    let names = found.iter().map(|one| one.labels.to_string());
    same(names, expected.iter().map(|(labels, _)| labels.clone()))?;
    for one in &found {
        let labels = one.labels.to_string();
        let theirs = expected.iter().find(|(known, _)| *known == labels).map_or(0.0, |(_, b)| *b);
        let ours = one.bytes as f64;
        if (ours - theirs).abs() > VOLUME_TOLERANCE * ours.max(theirs) {
            return Err(format!("{labels}: {ours} bytes, expected {theirs}"));
        }
    }
    Ok(())
}

fn detected_fields(
    case: &Value,
    engine: &Engine<'_>,
    window: NanosRange,
    context: &QueryContext,
) -> Result<(), String> {
    let params = &case["params"];
    let query = asked(params)?;
    let lines = text(params, "line_limit").parse().unwrap_or(100);
    let options = FieldOptions { window, line_limit: lines, ..FieldOptions::default() };
    let found = engine.detected_fields(&query, &options, context).map_err(failed)?;
    let expected: Vec<&Value> = case["body"]["fields"].as_array().into_iter().flatten().collect();
    same(
        found.iter().map(|field| {
            let parsers: Vec<&str> = field.parsers.iter().map(|parser| parser.name()).collect();
            format!("{} {parsers:?} {:?}", field.label, field.json_path)
        }),
        expected.iter().map(|field| {
            let list = |name: &str| texts(&field[name]);
            format!("{} {:?} {:?}", text(field, "label"), list("parsers"), list("jsonPath"))
        }),
    )?;
    for field in expected {
        let (label, kind) = (text(field, "label"), text(field, "type"));
        let values =
            engine.detected_field_values(label, &query, &options, context).map_err(failed)?;
        let ours = found.iter().find(|one| one.label == label).map_or("", |one| one.kind.name());
        let of_one = |value: &String| FieldKind::of(std::iter::once(value.as_str())).name() == kind;
        if ours != kind && !values.iter().any(of_one) {
            return Err(format!("{label} is {ours}, expected {kind}: {values:?}"));
        }
    }
    Ok(())
}

fn format_query(case: &Value) -> Result<(), String> {
    match (logql::parse(text(&case["params"], "query")), case["body"]["data"].as_str()) {
        (Ok(tree), Some(expected)) => same([logql::print::pretty(&tree)], [expected.to_owned()]),
        (Err(_), None) => Ok(()),
        (Ok(_), None) => Err("accepted".into()),
        (Err(error), Some(_)) => Err(error.to_string()),
    }
}

fn query(
    case: &Value,
    engine: &Engine<'_>,
    window: NanosRange,
    context: &QueryContext,
) -> Result<(), String> {
    let params = &case["params"];
    let tree = asked(params)?;
    let expected = Answer::read(&case["body"]["data"], false)?;
    let answer = if text(case, "endpoint") == "query" {
        match engine.instant(&tree, time(&params["time"]), context).map_err(failed)? {
            Instant::Scalar(value) => Answer { scalar: Some(value), ..Answer::default() },
            _ => return Err("no number".into()),
        }
    } else if tree.is_log() {
        let limit = text(params, "limit").parse().unwrap_or(100);
        let options = LogOptions { window, limit, direction: Direction::Backward, interval_ns: 0 };
        streams(&engine.log(&tree, &options, context).map_err(failed)?)
    } else {
        const SECOND: i64 = 1_000_000_000;
        let (start, end) = (window.start.0, window.end.0);
        let step = ((end - start) / SECOND / 250).max(1) * SECOND;
        let series = engine.range(&tree, start, end, step, context).map_err(failed)?;
        let one = |series: &logql::Series| {
            let points = series.points.iter().map(|(time, value)| (time.0 / 1_000_000, *value));
            (set(&series.labels), points.collect())
        };
        Answer { series: series.iter().map(one).collect(), ..Answer::default() }
    };
    let rules = Rules {
        tolerance: 1e-9,
        ordered: false,
        unstable: false,
        categories: false,
        backward: true,
    };
    answer.agrees(&expected, rules)
}

/// A time as a parameter gives it: nanoseconds, seconds, or a date.
fn time(value: &Value) -> i64 {
    let Some(text) = value.as_str() else { return 0 };
    match text.parse::<i64>() {
        Ok(number) if text.len() > 10 => number,
        Ok(number) => number * 1_000_000_000,
        Err(_) => match text.parse::<f64>() {
            Ok(seconds) => (seconds * 1e9).round() as i64,
            // The only date of the data is the start of its hour.
            Err(_) => telemetry_core::time::calendar::parse_rfc3339(text).map_or(0, |time| time.0),
        },
    }
}

fn matchers(selector: &str) -> Result<Vec<Matcher>, String> {
    parse_selector(selector).map_err(|error| error.to_string())
}

fn query_matchers(params: &Value) -> Result<Vec<Matcher>, String> {
    match text(params, "query") {
        "" => Ok(Vec::new()),
        selector => matchers(selector),
    }
}

fn texts(value: &Value) -> Vec<String> {
    let texts = value.as_array().into_iter().flatten();
    texts.map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

fn same(
    ours: impl IntoIterator<Item = String>,
    theirs: impl IntoIterator<Item = String>,
) -> Result<(), String> {
    let (ours, theirs): (BTreeSet<String>, BTreeSet<String>) =
        (ours.into_iter().collect(), theirs.into_iter().collect());
    match ours == theirs {
        true => Ok(()),
        false => Err(format!(
            "only ours: {:?}\nonly theirs: {:?}",
            ours.difference(&theirs).collect::<Vec<_>>(),
            theirs.difference(&ours).collect::<Vec<_>>()
        )),
    }
}
