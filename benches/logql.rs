//! How fast do LogQL's stages go over lines, on one core?
//!
//! Each pipeline stands beside the straightforward way: `serde_json` per line, a regular expression
//! per line, `str::contains`, `format!`. Corpus: JSON lines of about 290 bytes and logfmt lines of
//! about 250, in memory, one stream. Lines per second: divide by these. The times hold parsing the
//! query and copying the lines out of the source.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run must fail loudly")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quadra::labels;
use quadra::logql::{Engine, Instant, LogOptions, parse};
use quadra::model::LogEntry;
use quadra::telemetry_core::query::QueryContext;
use quadra::telemetry_core::source::MemoryLogs;
use regex_automata::meta::Regex;

const LINES: usize = 20_000;

/// The fields of line `n`, as an access log has them.
struct Fields {
    method: &'static str,
    path: String,
    status: u16,
    took: String,
    bytes: usize,
    trace: String,
}

fn fields(n: usize) -> Fields {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Fields {
        method: ["GET", "POST", "PUT", "DELETE"][mixed % 4],
        path: format!("/api/v1/orders/{}", mixed % 20_000),
        status: [200, 200, 200, 201, 301, 404, 429, 200, 200, 503][(mixed >> 8) % 10],
        took: format!("{}.{:03}", (mixed >> 16) % 90, (mixed >> 24) % 1_000),
        bytes: (mixed >> 32) % 20_000,
        trace: format!("{mixed:016x}{:016x}", mixed.wrapping_mul(31)),
    }
}

fn json_lines() -> Vec<String> {
    let line = |n: usize| {
        let f = fields(n);
        format!(
            r#"{{"time":"2026-01-01T00:00:00.{:03}Z","level":"info","msg":"request completed","method":"{}","path":"{}","route":"/api/v1/orders/{{id}}","status":{},"duration_ms":{},"bytes":{},"user_id":"u{}","trace_id":"{}","remote_ip":"10.1.29.63","http":{{"proto":"HTTP/1.1","retries":0}}}}"#,
            n % 1_000,
            f.method,
            f.path,
            f.status,
            f.took,
            f.bytes,
            n % 777,
            f.trace
        )
    };
    (0..LINES).map(line).collect()
}

fn logfmt_lines() -> Vec<String> {
    let line = |n: usize| {
        let f = fields(n);
        format!(
            r#"time=2026-01-01T00:00:00.{:03}Z level=info msg="request completed" method={} path={} route=/api/v1/orders/{{id}} status={} duration_ms={} bytes={} user_id=u{} trace_id={} remote_ip=10.5.15.175"#,
            n % 1_000,
            f.method,
            f.path,
            f.status,
            f.took,
            f.bytes,
            n % 777,
            f.trace
        )
    };
    (0..LINES).map(line).collect()
}

fn source(lines: &[String]) -> MemoryLogs {
    let mut logs = MemoryLogs::new();
    let stream = labels! { "app" => "bench" };
    for (time, line) in lines.iter().enumerate() {
        logs.insert(&stream, LogEntry::new(time as i64, line));
    }
    logs
}

/// A count of what a pipeline keeps.
fn count(logs: &MemoryLogs, pipeline: &str, by: &str) -> f64 {
    let query = parse(&format!("sum{by} (count_over_time({{app=\"bench\"}} {pipeline} [1h]))"));
    let answer = Engine::new(logs).instant(&query.unwrap(), LINES as i64, &QueryContext::new());
    match answer.unwrap() {
        Instant::Vector(samples) => samples.iter().map(|sample| sample.value).sum(),
        _ => 0.0,
    }
}

/// The newest lines of a pipeline.
fn newest(logs: &MemoryLogs, pipeline: &str, limit: usize) -> usize {
    let query = parse(&format!("{{app=\"bench\"}} {pipeline}")).unwrap();
    let options = LogOptions { limit, ..LogOptions::default() };
    let streams = Engine::new(logs).log(&query, &options, &QueryContext::new()).unwrap();
    streams.iter().map(|stream| stream.entries.len()).sum()
}

fn json(c: &mut Criterion) {
    let lines = json_lines();
    let logs = source(&lines);
    let mut group = c.benchmark_group("logql/json");
    group.sample_size(10).throughput(Throughput::Bytes(bytes(&lines)));
    group.bench_function("count | json | status >= 500", |b| {
        b.iter(|| count(&logs, "| json | status >= 500", ""));
    });
    group.bench_function("lines | json | status >= 500", |b| {
        b.iter(|| newest(&logs, "| json | status >= 500", 1_000_000));
    });
    group.bench_function("count by route | json", |b| {
        b.iter(|| count(&logs, "| json", " by (route)"));
    });
    group.bench_function("lines | json, every label", |b| {
        b.iter(|| newest(&logs, r#"| json | __error__="""#, 1_000_000));
    });
    group.bench_function("count | json s=\"status\" | s >= 500", |b| {
        b.iter(|| count(&logs, "| json s=\"status\" | s >= 500", ""));
    });
    let status = |line: &String| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["status"].as_u64().unwrap()
    };
    group.bench_function("serde_json per line, status >= 500", |b| {
        b.iter(|| lines.iter().filter(|line| status(line) >= 500).count());
    });
    group.finish();
}

fn logfmt(c: &mut Criterion) {
    let lines = logfmt_lines();
    let logs = source(&lines);
    let mut group = c.benchmark_group("logql/logfmt");
    group.sample_size(10).throughput(Throughput::Bytes(bytes(&lines)));
    group.bench_function("count | logfmt | status >= 500", |b| {
        b.iter(|| count(&logs, "| logfmt | status >= 500", ""));
    });
    group.bench_function("lines | logfmt | status >= 500", |b| {
        b.iter(|| newest(&logs, "| logfmt | status >= 500", 1_000_000));
    });
    group.bench_function("count by status | logfmt", |b| {
        b.iter(|| count(&logs, "| logfmt", " by (status)"));
    });
    let pair = Regex::new(r#"(\w+)=("[^"]*"|\S*)"#).unwrap();
    group.bench_function("a regular expression of pairs per line", |b| {
        b.iter(|| {
            let status = |line: &String| {
                let mut pairs = pair.captures_iter(line.as_str());
                let found =
                    pairs.find(|caps| &line[caps.get_group(1).unwrap().range()] == "status");
                found.and_then(|caps| line[caps.get_group(2).unwrap().range()].parse::<u64>().ok())
            };
            lines.iter().filter(|line| status(line).is_some_and(|status| status >= 500)).count()
        });
    });
    group.finish();
}

fn captures(c: &mut Criterion) {
    let lines = logfmt_lines();
    let logs = source(&lines);
    let mut group = c.benchmark_group("logql/captures");
    group.sample_size(10).throughput(Throughput::Bytes(bytes(&lines)));
    let pattern = r#"| pattern "<_> method=<method> path=<_> status=<status> <_>""#;
    group.bench_function("count by status | pattern", |b| {
        b.iter(|| count(&logs, pattern, " by (status)"));
    });
    let regexp = r#"| regexp "method=(?P<method>\\S+) .* status=(?P<status>\\d+)""#;
    group.bench_function("count by status | regexp", |b| {
        b.iter(|| count(&logs, regexp, " by (status)"));
    });
    let regex = Regex::new(r"method=(?P<method>\S+) .* status=(?P<status>\d+)").unwrap();
    group.bench_function("a regular expression per line", |b| {
        b.iter(|| {
            let mut counts = std::collections::HashMap::<&str, usize>::new();
            for line in &lines {
                let mut captures = regex.create_captures();
                regex.captures(line.as_str(), &mut captures);
                if let Some(status) = captures.get_group_by_name("status") {
                    *counts.entry(&line[status.range()]).or_default() += 1;
                }
            }
            counts.len()
        });
    });
    group.finish();
}

fn filters(c: &mut Criterion) {
    let lines = json_lines();
    let logs = source(&lines);
    let mut group = c.benchmark_group("logql/filters");
    group.sample_size(10).throughput(Throughput::Bytes(bytes(&lines)));
    for (name, filter) in [
        ("|= rare", r#"|= "status\":503""#),
        ("|~ with a literal", r#"|~ "status\":5[0-9]+""#),
        ("|~ without", r#"|~ "[a-f]{9}""#),
        ("|>", r#"|> "<_>\"status\":503,<_>""#),
    ] {
        group.bench_function(name, |b| b.iter(|| count(&logs, filter, "")));
    }
    let regex = Regex::new(r#"status":5[0-9]+"#).unwrap();
    group.bench_function("a regular expression per line", |b| {
        b.iter(|| lines.iter().filter(|line| regex.is_match(line.as_str())).count());
    });
    group.bench_function("str::contains per line", |b| {
        b.iter(|| lines.iter().filter(|line| line.contains(r#"status":503"#)).count());
    });
    group.finish();
}

fn line_format(c: &mut Criterion) {
    let lines = logfmt_lines();
    let logs = source(&lines);
    let mut group = c.benchmark_group("logql/line_format");
    group.sample_size(10).throughput(Throughput::Bytes(bytes(&lines)));
    for (name, template) in [
        ("plain fields", "{{.method}} {{.path}}"),
        ("a function", "{{.method | ToLower}} {{.path}}"),
    ] {
        let pipeline = format!("| logfmt method, path | line_format \"{template}\"");
        group.bench_function(format!("bytes, {name}"), |b| {
            let query = format!("sum(bytes_over_time({{app=\"bench\"}} {pipeline} [1h]))");
            let query = parse(&query).unwrap();
            let engine = Engine::new(&logs);
            b.iter(|| engine.instant(&query, LINES as i64, &QueryContext::new()).unwrap());
        });
    }
    group.bench_function("split and format! per line", |b| {
        b.iter(|| {
            let field = |line: &str, name: &str| {
                let mut pairs = line.split(' ').filter_map(|pair| pair.split_once('='));
                pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
            };
            for line in &lines {
                let (method, path) = (field(line, "method"), field(line, "path"));
                black_box(format!("{} {}", method.unwrap_or_default(), path.unwrap_or_default()));
            }
        });
    });
    group.finish();
}

fn bytes(lines: &[String]) -> u64 {
    lines.iter().map(String::len).sum::<usize>() as u64
}

criterion_group!(benches, json, logfmt, captures, filters, line_format);
criterion_main!(benches);
