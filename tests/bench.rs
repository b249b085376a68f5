//! The contract bench runs on workloads of any size: here on tiny ones that are made on the spot.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::Command;

use quadra::labels;
use quadra::model::{Function, Line, Location, Profile, ProfileSample, ValueType};
use quadra::wire::pprof;
use quadra::wire::prometheus::remote_write::Encoder;
use serde_json::{Value, json};

const START_MS: i64 = 1_767_225_600_000;
const STEP_MS: i64 = 15_000;

/// The example, which `cargo test` builds beside this test.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap();
    target.join("examples").join(format!("bench{}", std::env::consts::EXE_SUFFIX))
}

/// Runs the bench; gives its lines and its exit status.
fn run(data: &Path, workload: &str, arguments: &[&str]) -> (Vec<Value>, Option<i32>) {
    let dir = data.join(format!("db-{workload}"));
    let output = Command::new(example())
        .arg("--data")
        .arg(data)
        .args(["--workload", workload, "--warm", "2", "--dir"])
        .arg(&dir)
        .arg("--queries")
        .arg(data.join("queries.json"))
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(output.status.code() != Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    (lines, output.status.code())
}

/// The value of a figure; of a query where one is named.
fn figure(lines: &[Value], query: Option<&str>, metric: &str) -> f64 {
    let is_it = |line: &&Value| line["metric"] == metric && line["query"].as_str() == query;
    let line = lines.iter().find(is_it);
    line.unwrap_or_else(|| panic!("no {metric} of {query:?} in {lines:#?}"))["value"]
        .as_f64()
        .unwrap()
}

fn frame(shard: u32, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap();
    [&len.to_le_bytes(), &shard.to_le_bytes(), body].concat()
}

/// A field of wire type 2 of a protobuf message.
fn field(number: u8, body: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut len = body.len();
    while len >= 0x80 {
        field.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    field.push(len as u8);
    field.extend_from_slice(body);
    field
}

/// Field 1 as a fixed number of 64 bits, under another number.
fn fixed(number: u8, value: u64) -> Vec<u8> {
    [&[number << 3 | 1], value.to_le_bytes().as_slice()].concat()
}

/// A block of snappy that compresses nothing.
fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut block = field(0, bytes)[1..][..field(0, bytes).len() - 1 - bytes.len()].to_vec();
    for piece in bytes.chunks(60) {
        block.push(((piece.len() - 1) << 2) as u8);
        block.extend_from_slice(piece);
    }
    block
}

fn write(data: &Path, workload: &str, file: &str, frames: &[Vec<u8>], manifest: Value) {
    std::fs::write(data.join(file), frames.concat()).unwrap();
    let path = data.join(format!("{workload}.manifest.json"));
    std::fs::write(path, manifest.to_string()).unwrap();
}

fn queries(data: &Path, queries: &Value) {
    std::fs::write(data.join("queries.json"), queries.to_string()).unwrap();
}

/// Two hosts, a shard each, whose counters rise by 15 in every step.
fn metrics(data: &Path) {
    let mut frames = Vec::new();
    for step in 0..=40 {
        for host in 0..2 {
            let mut encoder = Encoder::new();
            let name = format!("host_{host}");
            let labels = labels! { "__name__" => "requests_total", "hostname" => &*name };
            let time = START_MS + step * STEP_MS;
            encoder.series(&labels, |series| series.sample(time, (step * 15) as f64));
            frames.push(frame(host, &encoder.finish().unwrap()));
        }
    }
    let manifest = json!({
        "workload": "metrics-tiny", "kind": "metrics", "file": "metrics-tiny.rw",
        "start_ms": START_MS, "end_ms": START_MS + 40 * STEP_MS,
    });
    write(data, "metrics-tiny", "metrics-tiny.rw", &frames, manifest);
    queries(
        data,
        &json!({ "metrics": [
            { "id": "raw", "type": "instant", "promql": "requests_total{hostname=\"host_1\"}[5m]" },
            { "id": "rate", "type": "range", "start": "-5m", "end": "0", "step": "1m", "promql": "sum(rate(requests_total[5m]))" },
            { "id": "hosts", "type": "label_values", "label": "hostname" },
            { "id": "series", "type": "series", "match": "requests_total" },
            { "id": "sql-only", "type": "instant", "sql": "SELECT 1" },
        ] }),
    );
}

#[test]
fn metrics_are_loaded_and_asked_in_two_processes() {
    let data = tempfile::tempdir().unwrap();
    metrics(data.path());
    let (lines, code) = run(data.path(), "metrics-tiny", &["--phase", "ingest"]);
    assert_eq!(code, Some(0));
    assert_eq!(figure(&lines, None, "items"), 82.0);
    assert_eq!(figure(&lines, None, "refused"), 0.0);
    assert!(figure(&lines, None, "disk") > 0.0);
    assert!(lines.iter().all(|line| line["path"] == "wire" && line["durability"] == "interval"));

    let expected = data.path().join("expected.json");
    let right = json!({ "workloads": { "metrics-tiny": {
        "raw": { "rows": 1, "points": 20 }, "rate": { "rows": 1, "points": 6, "sum": 12.0 },
        "hosts": { "rows": 2 }, "series": { "rows": 2 },
    } } });
    std::fs::write(&expected, right.to_string()).unwrap();
    let expected = ["--phase", "query", "--expected", expected.to_str().unwrap()];
    let (lines, code) = run(data.path(), "metrics-tiny", &expected);
    assert_eq!(code, Some(0), "{lines:#?}");
    assert!((figure(&lines, Some("rate"), "query_sum") - 12.0).abs() < 1e-9);
    assert!(lines.iter().all(|line| line["query"] != "sql-only"));
    for metric in ["query_cold", "query_warm", "query_warm_min", "query_cpu"] {
        assert!(figure(&lines, Some("raw"), metric) > 0.0);
    }
}

#[test]
fn both_paths_and_any_number_of_threads_store_the_same() {
    for arguments in [["--path", "api", "--threads", "1"], ["--path", "wire", "--threads", "2"]] {
        let data = tempfile::tempdir().unwrap();
        metrics(data.path());
        let (lines, code) = run(data.path(), "metrics-tiny", &arguments);
        assert_eq!(code, Some(0));
        assert_eq!(figure(&lines, None, "items"), 82.0);
        let sum = figure(&lines, Some("rate"), "query_sum");
        assert!((sum - 12.0).abs() < 1e-9, "{arguments:?}: {sum}");
    }
}

#[test]
fn a_query_that_fails_and_an_answer_that_is_wrong_are_said_and_the_run_goes_on() {
    let data = tempfile::tempdir().unwrap();
    metrics(data.path());
    queries(
        data.path(),
        &json!({ "metrics": [
            { "id": "broken", "type": "instant", "promql": "sum(" },
            { "id": "wrong", "type": "instant", "promql": "sum(requests_total)" },
            { "id": "right", "type": "instant", "promql": "count(requests_total)" },
        ] }),
    );
    let expected = data.path().join("expected.json");
    let wrong = json!({ "workloads": { "metrics-tiny": {
        "wrong": { "rows": 1, "points": 1, "sum": 7.0 }, "right": { "rows": 1, "sum": 2.0 },
    } } });
    std::fs::write(&expected, wrong.to_string()).unwrap();
    let arguments = ["--expected", expected.to_str().unwrap()];
    let (lines, code) = run(data.path(), "metrics-tiny", &arguments);
    assert_eq!(code, Some(1));
    let errors: Vec<_> = lines.iter().filter(|line| line["metric"] == "error").collect();
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert_eq!(errors[0]["query"], "broken");
    assert_eq!(errors[1]["note"], "sum 1200, expected 7");
    assert_eq!(figure(&lines, Some("right"), "query_sum"), 2.0);
}

#[test]
fn logs_are_loaded_and_asked() {
    let data = tempfile::tempdir().unwrap();
    let line = |second: u8, text: &str| {
        let seconds = [&b"\x08"[..], &varint(1_767_225_600 + u64::from(second))].concat();
        field(2, &[field(1, &seconds), field(2, text.as_bytes())].concat())
    };
    let stream = |labels: &str, lines: &[Vec<u8>]| {
        field(1, &[field(1, labels.as_bytes()), lines.concat()].concat())
    };
    let request = [
        stream("{app=\"api\"}", &[line(1, "one"), line(2, "two needle")]),
        stream("{app=\"db\"}", &[line(3, "three")]),
    ];
    let manifest = json!({
        "workload": "logs-tiny", "kind": "logs", "file": "logs-tiny.jsonl", "push_file": "logs-tiny.push",
        "start_ms": START_MS, "end_ms": START_MS + 3_000,
    });
    let frames = [frame(0, &snappy(&request.concat()))];
    write(data.path(), "logs-tiny", "logs-tiny.push", &frames, manifest);
    queries(
        data.path(),
        &json!({ "logs": [
            { "id": "needle", "type": "lines", "limit": 10, "logql": "{app=~\".+\"} |= \"needle\"" },
            { "id": "count", "type": "metric", "logql": "sum by (app) (count_over_time({app=~\".+\"}[1h]))" },
            { "id": "steps", "type": "metric_range", "step": "2s", "logql": "sum(count_over_time({app=~\".+\"}[2s]))" },
            { "id": "apps", "type": "label_values", "label": "app" },
            { "id": "streams", "type": "series", "match": "{app=\"db\"}" },
        ] }),
    );
    for path in ["wire", "api"] {
        let (lines, code) = run(data.path(), "logs-tiny", &["--path", path]);
        assert_eq!(code, Some(0), "{lines:#?}");
        assert_eq!(figure(&lines, None, "items"), 3.0);
        assert!(figure(&lines, None, "ratio") > 0.0);
        assert_eq!(figure(&lines, Some("needle"), "query_rows"), 1.0);
        assert_eq!(figure(&lines, Some("count"), "query_sum"), 3.0);
        assert_eq!(figure(&lines, Some("steps"), "query_sum"), 3.0);
        assert_eq!(figure(&lines, Some("apps"), "query_rows"), 2.0);
        assert_eq!(figure(&lines, Some("streams"), "query_rows"), 1.0);
        std::fs::remove_dir_all(data.path().join("db-logs-tiny")).unwrap();
    }
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

#[test]
fn traces_are_loaded_and_asked() {
    let data = tempfile::tempdir().unwrap();
    let start = START_MS as u64 * 1_000_000;
    let span = |number: u8| {
        let ids = [field(1, &[7; 16]), field(2, &[number; 8]), field(5, b"GET /")].concat();
        let times = [fixed(7, start + 1), fixed(8, start + 50_000_000)].concat();
        field(2, &[ids, times].concat())
    };
    let name = [field(1, b"service.name"), field(2, &field(1, b"checkout"))].concat();
    let resource = field(1, &field(1, &name));
    let scope = field(2, &[span(1), span(2)].concat());
    let request = field(1, &[resource, scope].concat());
    let id = "07".repeat(16);
    let manifest = json!({
        "workload": "traces-tiny", "kind": "traces", "file": "traces-tiny.otlp",
        "start_ms": START_MS, "end_ms": START_MS + 60_000, "sample_trace_ids": [id, id],
    });
    write(data.path(), "traces-tiny", "traces-tiny.otlp", &[frame(0, &request)], manifest);
    queries(
        data.path(),
        &json!({ "traces": [
            { "id": "by-id", "type": "trace" },
            { "id": "slow", "type": "search", "limit": 20, "traceql": "{ duration > 40ms }" },
            { "id": "rate", "type": "metric_range", "step": "1m", "traceql": "{ } | count_over_time() by (resource.service.name)" },
            { "id": "names", "type": "tag_values", "tag": "resource.service.name" },
        ] }),
    );
    for path in ["wire", "api"] {
        let (lines, code) = run(data.path(), "traces-tiny", &["--path", path]);
        assert_eq!(code, Some(0), "{lines:#?}");
        assert_eq!(figure(&lines, None, "items"), 2.0);
        assert_eq!(figure(&lines, Some("by-id"), "query_points"), 2.0);
        assert_eq!(figure(&lines, Some("slow"), "query_rows"), 1.0);
        assert_eq!(figure(&lines, Some("rate"), "query_sum"), 2.0);
        assert_eq!(figure(&lines, Some("names"), "query_rows"), 1.0);
        std::fs::remove_dir_all(data.path().join("db-traces-tiny")).unwrap();
    }
}

#[test]
fn profiles_are_loaded_and_asked() {
    let data = tempfile::tempdir().unwrap();
    let cpu = ValueType { kind: "cpu".into(), unit: "nanoseconds".into() };
    let line = Line { function: Some(0), line: 1, column: 0 };
    let profile = Profile {
        sample_types: vec![cpu.clone()],
        period_type: cpu,
        period: 1,
        samples: vec![ProfileSample { stack: vec![0], values: vec![5], labels: vec![] }],
        locations: vec![Location { lines: vec![line], ..Location::default() }],
        functions: vec![Function { name: 1, ..Function::default() }],
        strings: vec![String::new(), "main".into()],
        ..Profile::default()
    };
    let body = pprof::encode(&profile);
    let frames = (0..3_i64).map(|at| {
        let head = json!({
            "ts": (START_MS + at * STEP_MS) * 1_000_000, "duration_ns": 15_000_000_000_i64,
            "profile": "process_cpu", "labels": { "service_name": "frontend" },
        });
        let head = head.to_string();
        let lengths = [head.len(), body.len()].map(|len| (len as u32).to_le_bytes());
        [lengths.concat().as_slice(), head.as_bytes(), &body].concat()
    });
    let manifest = json!({
        "workload": "profiles-tiny", "kind": "profiles", "file": "profiles-tiny.pprofs",
        "start_ms": START_MS, "end_ms": START_MS + 2 * STEP_MS,
    });
    let frames: Vec<_> = frames.collect();
    write(data.path(), "profiles-tiny", "profiles-tiny.pprofs", &frames, manifest);
    queries(
        data.path(),
        &json!({ "profiles": [
            { "id": "merge", "type": "merge", "profile": "process_cpu:cpu", "selector": "{service_name=\"frontend\"}", "start": "-15m" },
            { "id": "series", "type": "series", "profile": "process_cpu:cpu", "selector": "{}", "by": "service_name", "step": "15s" },
            { "id": "top", "type": "top", "profile": "process_cpu:cpu", "selector": "{}", "limit": 20 },
        ] }),
    );
    for path in ["wire", "api"] {
        let (lines, code) = run(data.path(), "profiles-tiny", &["--path", path]);
        assert_eq!(code, Some(0), "{lines:#?}");
        assert_eq!(figure(&lines, None, "items"), 3.0);
        for query in ["merge", "series", "top"] {
            assert_eq!(figure(&lines, Some(query), "query_sum"), 15.0);
        }
        std::fs::remove_dir_all(data.path().join("db-profiles-tiny")).unwrap();
    }
}
