//! `oracle/push.json`, `oracle/otlp.json`: what a real Loki took of a request and then answered.
//!
//! A case runs over a store of its own with the preset that has Loki's defaults, whose clock shows two
//! hours past the base that the times of the case count from. Pushes come in JSON, and in protobuf
//! where that can say the same.

use super::answer::{Answer, Rules};
use super::fields::{pairs, text};
use super::oracle::{TOLERANCE, streams};
use crate::conformance::report::Report;
use logql::{Engine, LogOptions};
use logstore::{Discovery, Limits, LogStore};
use serde_json::{Value, json};
use std::sync::Arc;
use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::Direction;
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::runtime::{Runtime, RuntimeOptions};
use telemetry_core::storage::store::StoreOptions;
use telemetry_core::time::{ManualClock, NanosRange};
use wire::loki::push::{Encoding, decode_as, encode};
use wire::{Error, Outcome};

/// What the times of a case count from, in nanoseconds.
const BASE: i64 = 1_767_225_600_000_000_000;
const HOUR: i64 = 3_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// The lines of a case at most.
const LINES_MAX: usize = 10_000;

/// Gives a request to a store.
type Send<'a> = dyn Fn(&LogStore) -> Result<Outcome, Error> + 'a;

pub(super) fn pushes(cases: &[Value], report: &mut Report) {
    for (at, case) in cases.iter().enumerate() {
        report.case(&format!("{at}: {}", text(case, "id")), || push(case).into());
    }
}

pub(super) fn exports(cases: &[Value], report: &mut Report) {
    for (at, case) in cases.iter().enumerate() {
        report.case(&format!("{at}: {}", text(case, "id")), || export(case).into());
    }
}

fn push(case: &Value) -> Result<(), String> {
    if let Some(body) = case["body"].as_str() {
        let body = body.replace("<ns>", &BASE.to_string());
        let body = body.replace("<s>", &(BASE / SECOND).to_string());
        let encoding = Encoding::of(text(case, "content_type"));
        return judge(case, "json", &|store| {
            decode_as(encoding, body.as_bytes(), &mut store.sink())
        });
    }
    let streams: Vec<(Labels, Vec<LogEntry>)> =
        case["streams"].as_array().into_iter().flatten().map(stream).collect();
    let body = json_body(case).to_string();
    judge(case, "json", &|store| decode_as(Encoding::Json, body.as_bytes(), &mut store.sink()))?;
    judge(case, "protobuf", &|store| {
        let borrowed = streams.iter().map(|(labels, entries)| (labels, &entries[..]));
        let body = encode(borrowed, Encoding::Protobuf)?;
        decode_as(Encoding::Protobuf, &body, &mut store.sink())
    })
}

/// A text, or how often another is repeated.
fn long_text(value: &Value) -> String {
    let count = value["count"].as_u64().and_then(|count| usize::try_from(count).ok());
    match count {
        Some(count) => text(value, "repeat").repeat(count),
        None => value.as_str().unwrap_or_default().to_owned(),
    }
}

/// A time that counts from the base.
fn time(value: &Value) -> i64 {
    BASE + value.as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn stream(stream: &Value) -> (Labels, Vec<LogEntry>) {
    let entry = |value: &Value| {
        let entry = LogEntry::new(time(&value[0]), long_text(&value[1]));
        let metadata = value[2].as_object().into_iter().flatten();
        metadata.fold(entry, |entry, (name, value)| entry.with(name, long_text(value)))
    };
    let entries = stream["values"].as_array().into_iter().flatten().map(entry).collect();
    (Labels::from_pairs(pairs(&stream["stream"])), entries)
}

fn json_body(case: &Value) -> Value {
    let one = |stream: &Value| {
        let value = |value: &Value| {
            let line = long_text(&value[1]);
            match value[2].as_object() {
                None => json!([time(&value[0]).to_string(), line]),
                Some(metadata) => {
                    let pairs = metadata.iter();
                    let metadata: serde_json::Map<String, Value> = pairs
                        .map(|(name, value)| (name.clone(), long_text(value).into()))
                        .collect();
                    json!([time(&value[0]).to_string(), line, metadata])
                }
            }
        };
        let values: Vec<Value> =
            stream["values"].as_array().into_iter().flatten().map(value).collect();
        json!({ "stream": stream["stream"], "values": values })
    };
    let streams: Vec<Value> = case["streams"].as_array().into_iter().flatten().map(one).collect();
    json!({ "streams": streams })
}

fn export(case: &Value) -> Result<(), String> {
    let mut request = case["request"].clone();
    set_times(&mut request);
    let body = request.to_string();
    judge(case, "json", &|store| {
        let (encoding, options) = (wire::otlp::Encoding::Json, wire::otlp::LogOptions::default());
        wire::otlp::decode_logs(body.as_bytes(), encoding, &options, &mut store.sink())
    })
}

/// Makes times of what counts from the base.
fn set_times(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(set_times),
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "timeUnixNano" | "observedTimeUnixNano" => {
                        *member = Value::from(time(member).to_string());
                    }
                    _ => set_times(member),
                }
            }
        }
        _ => {}
    }
}

fn judge(case: &Value, how: &str, send: &Send<'_>) -> Result<(), String> {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let store = open(&files)?;
    let class = match send(&store) {
        Ok(outcome) if outcome.is_complete() => 2,
        Ok(_) | Err(_) => 4,
    };
    let expected = case["status"].as_u64().unwrap_or_default() / 100;
    if class != expected {
        return Err(format!("{how}: class {class}, expected {expected}"));
    }
    let Some(stored) = case["stored"].as_array() else { return Ok(()) };
    let expected = Value::from(stored.iter().map(with_times).collect::<Vec<_>>());
    let expected = json!({ "resultType": "streams", "result": expected });
    let expected = Answer::read(&expected, true)?;
    answers(&store, &expected).map_err(|error| format!("{how}, head: {error}"))?;
    let settle = || {
        store.flush()?;
        store.compact()?;
        store.close()
    };
    settle().map_err(|error| error.to_string())?;
    drop(store);
    answers(&open(&files)?, &expected).map_err(|error| format!("{how}, blocks: {error}"))
}

fn open(files: &Arc<dyn FileSystem>) -> Result<LogStore, String> {
    let mut runtime = RuntimeOptions::default();
    runtime.clock = Arc::new(ManualClock::new(BASE + 2 * HOUR));
    let mut storage = StoreOptions::default();
    storage.runtime = Some(Runtime::new(runtime));
    storage.maintenance = Some(Maintenance::manual());
    storage.head_bytes_kept_on_close = 0;
    let builder = LogStore::builder().file_system(files.clone()).storage(storage);
    let builder = builder.limits(Limits::loki()).discovery(Discovery::loki());
    builder.open("/logs").map_err(|error| error.to_string())
}

/// A stream of the answer with its times and long texts.
fn with_times(stream: &Value) -> Value {
    fn spelt(value: &Value) -> Value {
        match value {
            Value::Object(members) if members.contains_key("repeat") => long_text(value).into(),
            Value::Object(members) => {
                members.iter().map(|(name, member)| (name.clone(), spelt(member))).collect()
            }
            Value::String(text) => match text.strip_prefix("<base>+") {
                Some(nanos) => (BASE + nanos.parse::<i64>().unwrap_or(0)).to_string().into(),
                None => value.clone(),
            },
            other => other.clone(),
        }
    }
    let value = |value: &Value| {
        let rest = value.as_array().into_iter().flatten().skip(1).map(spelt);
        Value::from_iter(std::iter::once(time(&value[0]).to_string().into()).chain(rest))
    };
    let values: Vec<Value> = stream["values"].as_array().into_iter().flatten().map(value).collect();
    json!({ "stream": spelt(&stream["stream"]), "values": values })
}

fn answers(store: &LogStore, expected: &Answer) -> Result<(), String> {
    let query = logql::parse(r#"{service_name=~".+"}"#).map_err(|error| error.to_string())?;
    let options = LogOptions {
        window: NanosRange::ALL,
        limit: LINES_MAX,
        direction: Direction::Forward,
        interval_ns: 0,
    };
    let found = Engine::new(store).log(&query, &options, &QueryContext::new());
    let found = streams(&found.map_err(|error| error.to_string())?);
    let rules = Rules {
        tolerance: TOLERANCE,
        ordered: false,
        unstable: false,
        categories: true,
        backward: false,
    };
    found.agrees(expected, rules)
}
