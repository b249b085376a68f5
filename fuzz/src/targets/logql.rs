//! Targets of LogQL: its front end, and pipelines over any line.

use logql::{Engine, LogOptions};
use telemetry_core::labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::MemoryLogs;

use super::Target;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "logql_complete",
        run: complete_anywhere,
        seeds: &[
            b"\x09sum by (a) (rate({app=\"x\", env=~\"p.*\"} |= \"e\" | logfmt --strict | drop c [5m]))",
            b"\x30quantile_over_time(0.9, {a=\"b\"} | json | unwrap bytes(x) [1m]) / on (c) vector(1)",
        ],
    },
    Target {
        name: "logql_parse",
        run: read,
        seeds: &[
            b"sum by (a, b) (rate({app=\"x\", env=~\"p.*\"} |= \"e\" or `f` != ip(\"10.0.0.0/8\") | json a=\"b.c[0]\" [5m] offset -1h))",
            b"{a=\"b\"} | logfmt --strict | (x > 1.5s or y <= 3KB) and z !~ `w+` | line_format \"{{.a | ToUpper}} {{ if eq .b `c` }}d{{end}}\"",
            b"topk(3, sum_over_time({a=\"b\"} | pattern `<ip> - <_>` | unwrap bytes(x) | __error__=\"\" [1m])) > bool 2 ^ 3 # comment",
            b"label_replace(count_over_time({a=\"b\"}[1h]), `x`, `$1`, `y`, `(.*)`) and on (x) group_left (z) vector(1)",
            b"{a=\"b\"} |> `<_> error <_>` | regexp `(?P<x>.)` | label_format y=x, w=`{{.x}}` | drop a, b=~`c` | decolorize",
        ],
    },
    Target {
        name: "logql_process",
        run: process,
        seeds: &[
            b"{\"a\":{\"b\":[1,\"x\\u00e9\"]},\"level\":\"warn\",\"m\":\"Key: value\\r\\n1: x\"}\n[1] first\n second",
            b"2026-01-01T00:00:01Z stdout P part\n2026-01-01T00:00:01Z stdout F end 4032032513548443\n\xff\n",
            b"{\"log\":\"text\\n\",\"stream\":\"stderr\",\"time\":\"1970-01-01T00:00:01Z\"}\nlevel=info took=1.5s t=7",
        ],
    },
    Target {
        name: "logql_lines",
        run: lines,
        seeds: &[
            b"{\"a\":{\"b\":[1,\"x\\u00e9\"]},\"status\":500,\"c\":null} level=error took=1.5s msg=\"a \\\"b\\\"\"",
            b"level=info status=200 size=3KB ip=10.1.2.3 \x1b[31mred\x1b[0m a=\"unclosed",
            b"10.0.0.1 - - [01/Jan/2026] \"GET / HTTP/1.1\" 200 \xff\xfe",
        ],
    },
];

/// The first byte says where the cursor is in the rest: what is replaced is a piece of the text.
fn complete_anywhere(data: &[u8]) {
    let Some((cursor, text)) = data.split_first() else { return };
    let query = String::from_utf8_lossy(text);
    let completion = logql::complete::complete(&query, usize::from(*cursor));
    assert!(query.get(completion.span.start..completion.span.end).is_some());
}

/// Every stage, over line after line: what goes in comes out, waits, or is counted.
fn process(data: &[u8]) {
    use logql::process::*;
    let nested = Match {
        selector: r#"{app="a"} |= "e""#.into(),
        stages: vec![
            Json { regex: ".".into(), ..Json::of([("x", "a.b[1]"), ("y", "a.b[-1]")]) }.into(),
            EventLogMessage { source: "m".into(), ..EventLogMessage::default() }.into(),
            StructuredMetadata { regex: "^a".into(), ..StructuredMetadata::default() }.into(),
        ],
        ..Match::default()
    };
    let metrics = vec![
        Metric::Gauge(Gauge { name: "took".into(), ..Gauge::default() }),
        Metric::Counter(Counter { name: "all".into(), match_all: true, ..Counter::default() }),
    ];
    let time = |format: &str| Timestamp {
        source: "t".into(),
        format: format.into(),
        fallback_formats: vec!["Unix".into(), "Jan _2 15:04:05".into()],
        ..Timestamp::default()
    };
    let rule = TruncateRule { limit: 40, suffix: "...".into(), ..TruncateRule::default() };
    let builder = Pipeline::builder()
        .stage(Docker)
        .stage(Cri { max_partial_lines: 2, ..Cri::default() })
        .stage(Decolorize)
        .stage(Multiline { firstline: r"^\[".into(), max_lines: 3, ..Multiline::default() })
        .stage(nested)
        .stage(Logfmt { regex: ".".into(), ..Logfmt::default() })
        .stage(Pattern { pattern: "<t> <_> <rest>".into(), ..Pattern::default() })
        .stage(Replace {
            expression: r"(\w)(?P<n>\d)?".into(),
            replace: "{{ .Value | ToUpper }}".into(),
            ..Replace::default()
        })
        .stage(Template { source: "out".into(), template: "{{ .a }}{{ .Entry }}".into() })
        .stage(time("RFC3339"))
        .stage(Metrics { metrics })
        .stage(Luhn::default())
        .stage(Truncate { rules: vec![rule] })
        .stage(Pack { labels: vec!["stream".into(), "n".into()], ingest_timestamp: false });
    let mut pipeline = builder.build().unwrap();
    let mut out = Vec::new();
    let mut count = 0;
    for line in data.split(|byte| *byte == b'\n') {
        count += 1;
        let labels = [("app".to_owned(), "a".to_owned())].into();
        let entry = Entry { labels, line: line.to_vec(), time: 1, ..Entry::default() };
        pipeline.push(entry, &mut out);
    }
    pipeline.flush(&mut out);
    assert!(out.len() as u64 + pipeline.drops().total() <= count);
    for entry in &out {
        assert!(logql::testing::run_stages("| unpack", &line_in(&entry.line)).is_ok());
    }
}

fn line_in(line: &[u8]) -> logql::testing::LineIn {
    let line = line.to_vec();
    logql::testing::LineIn { line, time: 1, labels: vec![], metadata: vec![], error: None }
}

/// A query is refused at a place inside it, or what is printed of it is read back as the same tree.
fn read(data: &[u8]) {
    let query = String::from_utf8_lossy(data);
    match logql::parse(&query) {
        Err(error) => {
            assert!(error.span().is_none_or(|span| span.end <= query.len()), "{error}");
            assert!(!error.render(&query).is_empty());
        }
        Ok(tree) => {
            // Printing adds brackets, which can take a text over the bound on depth.
            if let Ok(again) = logql::parse(&logql::print::exact(&tree)) {
                assert_eq!(logql::print::exact(&again), logql::print::exact(&tree));
            }
        }
    }
}

/// Every stage takes any line.
fn lines(data: &[u8]) {
    let mut logs = MemoryLogs::new();
    logs.insert(&labels! { "app" => "x" }, LogEntry::new(1, data));
    let engine = Engine::new(&logs);
    let context = QueryContext::new();
    let queries = [
        r#"{app="x"} | json | status >= 500"#,
        r#"{app="x"} | json a="a.b[0]", c | line_format "{{.a}} {{.c | lower}}""#,
        r#"{app="x"} | logfmt | took > 1s or size < 1MB"#,
        r#"{app="x"} | logfmt --strict --keep-empty"#,
        r#"{app="x"} | pattern "<ip> <_> [<time>] <rest>" | ip = ip("10.0.0.0/8")"#,
        r#"{app="x"} |> "<_>level=<_>" | regexp "(?P<word>\\w+)=(?P<value>\\S+)""#,
        r#"{app="x"} |= ip("10.0.0.0/8") | unpack | decolorize"#,
    ];
    for query in queries {
        if let Ok(query) = logql::parse(query) {
            let _ = engine.log(&query, &LogOptions::default(), &context);
        }
    }
}
