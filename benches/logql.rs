//! How fast do LogQL's stages go over lines, on one core?
//!
//! Each pipeline stands beside the straightforward way: `serde_json` per line, a regular expression
//! per line, `str::contains`, `format!`. Corpus: JSON lines of about 290 bytes and logfmt lines of
//! about 250, decoded in memory, one stream, one page. Lines per second: divide by these. The times
//! hold parsing the query; they are processor time of the thread, so that other work on the machine
//! counts little.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run must fail loudly")]

use std::hint::black_box;

use criterion::measurement::Measurement;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use quadra::labels;
use quadra::logql::{Engine, Instant, LogOptions, parse};
use quadra::telemetry_core::labels::Labels;
use quadra::telemetry_core::query::QueryContext;
use quadra::telemetry_core::source::{
    LabelRequest, LogColumns, LogPage, LogPageSet, LogRequest, LogSource, LogWant, PageStatistics,
    SourceError,
};
use quadra::telemetry_core::time::Nanos;
use regex_automata::meta::Regex;

#[path = "workload/cpu.rs"]
mod cpu;

use cpu::ThreadTime;

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

/// One page of lines, decoded.
struct Decoded {
    labels: Labels,
    lines: LogColumns,
}

impl Decoded {
    fn new(lines: &[String]) -> Self {
        let mut columns = LogColumns::default();
        for (time, line) in lines.iter().enumerate() {
            columns.push(time as i64, line.as_bytes(), []);
        }
        Decoded { labels: labels! { "app" => "bench" }, lines: columns }
    }
}

impl LogSource for Decoded {
    fn select(
        &self,
        _request: &LogRequest,
        _context: &QueryContext,
    ) -> Result<Box<dyn LogPageSet + '_>, SourceError> {
        Ok(Box::new(OnePage(self)))
    }

    fn streams(
        &self,
        _request: &LabelRequest,
        _context: &QueryContext,
    ) -> Result<Vec<Labels>, SourceError> {
        Ok(vec![self.labels.clone()])
    }
}

#[derive(Clone, Copy)]
struct OnePage<'d>(&'d Decoded);

impl LogPageSet for OnePage<'_> {
    fn len(&self) -> usize {
        1
    }

    fn page<'a>(&'a self, index: usize) -> Option<Box<dyn LogPage + 'a>> {
        (index == 0).then(|| Box::new(*self) as Box<dyn LogPage>)
    }
}

impl LogPage for OnePage<'_> {
    fn labels(&self) -> &Labels {
        &self.0.labels
    }

    fn statistics(&self) -> PageStatistics {
        let lines = &self.0.lines;
        PageStatistics {
            count: lines.len() as u64,
            line_bytes: lines.text.len() as u64,
            first: Nanos(0),
            last: Nanos(lines.len() as i64 - 1),
            has_metadata: false,
            is_whole: true,
        }
    }

    fn decode(&self, _want: LogWant, into: &mut LogColumns) -> Result<(), SourceError> {
        into.clone_from(&self.0.lines);
        Ok(())
    }

    fn decoded(&self) -> Option<&LogColumns> {
        Some(&self.0.lines)
    }
}

/// A group whose throughput is that of `lines`.
fn group<'c>(
    c: &'c mut Criterion<ThreadTime>,
    name: &str,
    lines: &[String],
) -> BenchmarkGroup<'c, ThreadTime> {
    let mut group = c.benchmark_group(format!("logql/{name}"));
    group.sample_size(10).throughput(Throughput::Bytes(bytes(lines)));
    group
}

/// What is counted `by`, or told line by line, of what pipelines keep.
fn pipelines<M: Measurement>(
    group: &mut BenchmarkGroup<'_, M>,
    logs: &Decoded,
    pipelines: &[(&str, Answer)],
) {
    for (pipeline, answer) in pipelines {
        match answer {
            Answer::Count(by) => group.bench_function(format!("count{by} {pipeline}"), |b| {
                b.iter(|| count(logs, pipeline, by));
            }),
            Answer::Lines(limit) => {
                group.bench_function(format!("{limit} lines {pipeline}"), |b| {
                    b.iter(|| newest(logs, pipeline, *limit));
                })
            }
        };
    }
}

/// What a bench asks of a pipeline.
enum Answer {
    Count(&'static str),
    Lines(usize),
}

/// A count of what a pipeline keeps.
fn count(logs: &Decoded, pipeline: &str, by: &str) -> f64 {
    let query = parse(&format!("sum{by} (count_over_time({{app=\"bench\"}} {pipeline} [1h]))"));
    let answer = Engine::new(logs).instant(&query.unwrap(), LINES as i64, &QueryContext::new());
    match answer.unwrap() {
        Instant::Vector(samples) => samples.iter().map(|sample| sample.value).sum(),
        _ => 0.0,
    }
}

/// The newest lines of a pipeline.
fn newest(logs: &Decoded, pipeline: &str, limit: usize) -> usize {
    let query = parse(&format!("{{app=\"bench\"}} {pipeline}")).unwrap();
    let options = LogOptions { limit, ..LogOptions::default() };
    let streams = Engine::new(logs).log(&query, &options, &QueryContext::new()).unwrap();
    streams.iter().map(|stream| stream.entries.len()).sum()
}

fn json(c: &mut Criterion<ThreadTime>) {
    let lines = json_lines();
    let logs = Decoded::new(&lines);
    let mut group = group(c, "json", &lines);
    let count = [
        ("| json | status >= 500", Answer::Count("")),
        ("| json | status >= 500", Answer::Lines(LINES)),
        ("| json | status >= 500", Answer::Lines(100)),
        ("| json", Answer::Count(" by (route)")),
        (r#"| json | __error__="""#, Answer::Lines(LINES)),
        ("| json s=\"status\" | s >= 500", Answer::Count("")),
    ];
    pipelines(&mut group, &logs, &count);
    let status = |line: &String| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["status"].as_u64().unwrap()
    };
    group.bench_function("serde_json per line, status >= 500", |b| {
        b.iter(|| lines.iter().filter(|line| status(line) >= 500).count());
    });
    group.finish();
}

fn logfmt(c: &mut Criterion<ThreadTime>) {
    let lines = logfmt_lines();
    let logs = Decoded::new(&lines);
    let mut group = group(c, "logfmt", &lines);
    let count = [
        ("| logfmt | status >= 500", Answer::Count("")),
        ("| logfmt | status >= 500", Answer::Lines(LINES)),
        ("| logfmt", Answer::Count(" by (status)")),
    ];
    pipelines(&mut group, &logs, &count);
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

fn captures(c: &mut Criterion<ThreadTime>) {
    let lines = logfmt_lines();
    let logs = Decoded::new(&lines);
    let mut group = group(c, "captures", &lines);
    let pattern = r#"| pattern "<_> method=<method> path=<_> status=<status> <_>""#;
    let regexp = r#"| regexp "method=(?P<method>\\S+) .* status=(?P<status>\\d+)""#;
    let by = || Answer::Count(" by (status)");
    pipelines(&mut group, &logs, &[(pattern, by()), (regexp, by())]);
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

fn filters(c: &mut Criterion<ThreadTime>) {
    let lines = json_lines();
    let logs = Decoded::new(&lines);
    let mut group = group(c, "filters", &lines);
    let count = [
        r#"|= "status\":503""#,
        r#"|= "nowhere""#,
        r#"!= "status\":503""#,
        r#"|= "status\":503" or "status\":429""#,
        r#"|~ "status\":5[0-9]+""#,
        r#"|~ "(?i)STATUS\":503""#,
        r#"|~ "[a-f]{9}""#,
        r#"|> "<_>\"status\":503,<_>""#,
    ];
    pipelines(&mut group, &logs, &count.map(|filter| (filter, Answer::Count(""))));
    let regex = Regex::new(r#"status":5[0-9]+"#).unwrap();
    group.bench_function("a regular expression per line", |b| {
        b.iter(|| lines.iter().filter(|line| regex.is_match(line.as_str())).count());
    });
    for text in [r#"status":503"#, "nowhere"] {
        group.bench_function(format!("str::contains per line, {text}"), |b| {
            b.iter(|| lines.iter().filter(|line| line.contains(text)).count());
        });
    }
    group.finish();
}

fn line_format(c: &mut Criterion<ThreadTime>) {
    let lines = logfmt_lines();
    let logs = Decoded::new(&lines);
    let mut group = group(c, "line_format", &lines);
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

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadTime);
    targets = json, logfmt, captures, filters, line_format
}
criterion_main!(benches);
