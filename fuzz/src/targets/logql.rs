//! Targets of LogQL: its front end, pipelines over any line and over columns, and patterns.

use logql::explore::PatternOptions;
use logql::{Engine, LogOptions};
use telemetry_core::labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Direction, MemoryLogs};

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
    Target {
        name: "logql_patterns",
        run: patterns,
        seeds: &[
            b"user 17 logged in\nuser 23 logged in\nuser 40 logged out\n\nconnection (a, b) closed",
            b"{\"a\":1,\"b\":[2]}\n{\"a\":7,\"b\":[]}\nx=\"y z\" w='v'\n\xff \xe2\x80\xa8 7",
        ],
    },
    Target {
        name: "logql_columns",
        run: columns,
        seeds: &[
            b"{\"route\":\"/a\",\"status\":200,\"took\":1.25}\n{\"route\":\"/b\",\"status\":503,\"took\":17.5}\n{\"status\":\"x",
            b"route=/a status=200 took=1ms\nroute=/b status=503 took=17ms\nk1=ab ab=k1\nstatus=\"5\\t03\" route=\xff",
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

fn logs_of(data: &[u8]) -> MemoryLogs {
    let mut logs = MemoryLogs::new();
    for (time, line) in data.split(|byte| *byte == b'\n').take(64).enumerate() {
        let stream = labels! { "app" => "x", "n" => (time % 2).to_string() };
        logs.insert(&stream, LogEntry::new(i64::try_from(time).unwrap_or_default(), line));
    }
    logs
}

/// Every line is counted at most once, in a pattern of its own or of others.
fn patterns(data: &[u8]) {
    let logs = logs_of(data);
    let options = PatternOptions { lines_min: 1, ..PatternOptions::default() };
    let Ok(query) = logql::parse(r#"{app="x"}"#) else { return };
    if let Ok(found) = Engine::new(&logs).patterns(&query, &options, &QueryContext::new()) {
        assert!(found.iter().map(|pattern| pattern.count).sum::<u64>() <= 64);
        for pattern in &found {
            let counted: u64 = pattern.samples.iter().map(|(_, count)| *count).sum();
            assert_eq!(counted, pattern.count);
        }
    }
}

/// Lines and templates of the same lines give the same answers.
fn columns(data: &[u8]) {
    let plain = logs_of(data);
    let templates = plain.clone().with_templates();
    let context = QueryContext::new();
    for query in [
        r#"sum by (route) (count_over_time({app="x"} | json | status >= 500 | __error__="" [40ns]))"#,
        r#"sum by (status) (rate({app="x"} | logfmt | route != "" | __error__="" [40ns]))"#,
        r#"max_over_time({app="x"} | json | unwrap took | __error__="" [40ns]) by (route)"#,
        r#"avg_over_time({app="x"} | logfmt t="took" | unwrap duration(t) | __error__="" [1h]) by ()"#,
    ] {
        let Ok(tree) = logql::parse(query) else { continue };
        let [a, b] = [&plain, &templates]
            .map(|logs| Engine::new(logs).range(&tree, 0, 64, 7, &context).map_err(drop));
        assert_eq!(format!("{a:?}"), format!("{b:?}"), "{query}");
    }
    for query in [
        r#"{app="x"} | json | status >= 500"#,
        r#"{app="x"} | logfmt | route != "" | line_format "{{.route}} {{.status}}""#,
    ] {
        let Ok(tree) = logql::parse(query) else { continue };
        for direction in [Direction::Backward, Direction::Forward] {
            let options = LogOptions { limit: 5, direction, ..LogOptions::default() };
            let [a, b] = [&plain, &templates]
                .map(|logs| Engine::new(logs).log(&tree, &options, &context).map_err(drop));
            assert_eq!(a, b, "{query}");
        }
    }
}
