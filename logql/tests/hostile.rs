//! Lines and queries made to hurt: every one of them ends within the deadline of its query, and in
//! bounded memory.
#![cfg(test)]

use logql::explore::PatternOptions;
use logql::{Engine, Instant, LogOptions, LogStream};
use std::time::Duration;
use telemetry_core::labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::MemoryLogs;

/// Far more than any of them needs, and far less than what is not linear would take.
const DEADLINE: Duration = Duration::from_secs(20);

fn logs(lines: &[&[u8]]) -> MemoryLogs {
    let mut logs = MemoryLogs::new();
    for (time, line) in lines.iter().enumerate() {
        logs.insert(&labels! { "app" => "x" }, LogEntry::new(time as i64, line));
    }
    logs
}

fn lines(logs: &MemoryLogs, stages: &str) -> Vec<LogStream> {
    let query = logql::parse(&format!("{{app=\"x\"}} {stages}")).unwrap();
    let context = QueryContext::new().with_timeout(DEADLINE);
    Engine::new(logs).log(&query, &LogOptions::default(), &context).unwrap()
}

fn first(streams: &[LogStream], label: &str) -> String {
    streams[0].labels.get(label).unwrap_or_default().to_owned()
}

#[test]
fn expressions_that_explode_elsewhere_are_linear() {
    let line = [&[b'a'; 1 << 20][..], b"!"].concat();
    let logs = logs(&[&line]);
    for pattern in ["(a*)*b", "(a|aa)+$b", "^(a+)+$", "(a|a|a|a)*c", "((a{1,30}){1,30})x"] {
        assert!(lines(&logs, &format!("|~ \"{pattern}\"")).is_empty(), "{pattern}");
    }
    assert_eq!(lines(&logs, "| regexp \"(?P<all>(a*)*)!\"").len(), 1);
    // What would need too much memory is refused before a line is read.
    let huge = logql::parse("{app=\"x\"} |~ \"((a{1000}){1000}){1000}\"").unwrap();
    let context = QueryContext::new();
    assert!(Engine::new(&logs).log(&huge, &LogOptions::default(), &context).is_err());
}

#[test]
fn depth_is_bounded() {
    let deep = "{\"a\":".repeat(200_000);
    let array = format!("{{\"a\":{}", "[".repeat(500_000));
    let closed = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    for line in [&deep, &array, &closed] {
        let logs = logs(&[line.as_bytes()]);
        for stage in ["| json", "| json x=\"a.a.a[0]\"", "| unpack", "| logfmt"] {
            assert_eq!(lines(&logs, stage).len(), 1);
        }
        assert_eq!(first(&lines(&logs, "| json"), "__error__"), "JSONParserErr");
    }
}

#[test]
fn many_keys_and_equal_keys_cost_what_they_are_long() {
    let many: String = (0..100_000).map(|n| format!("k{n}={n} ")).collect();
    let equal = "app=1 ".repeat(100_000);
    let json: Vec<String> = (0..100_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let json = format!("{{{}}}", json.join(","));
    let found = lines(&logs(&[many.as_bytes()]), "| logfmt");
    assert_eq!(found[0].labels.len(), 100_001);
    assert_eq!(lines(&logs(&[json.as_bytes()]), "| json")[0].labels.len(), 100_001);
    let found = lines(&logs(&[equal.as_bytes()]), "| logfmt | drop app_extracted | keep app");
    assert_eq!(found[0].labels.len(), 1);
}

#[test]
fn templates_cannot_fill_the_memory() {
    let logs = logs(&[b"x"]);
    for template in [
        r#"{{ repeat 2000000000 "xxxxxxxxxx" }}"#,
        r#"{{ printf "%2000000000d" 1 }}"#,
        r#"{{ alignLeft 2000000000 "x" }}"#,
        r#"{{ indent 2000000000 "x" }}"#,
        r#"{{ range $i := fromJson "[1,2,3,4,5,6,7,8,9]" }}{{ repeat 100000000 "x" }}{{ end }}"#,
        r#"{{ $x := repeat 1000 "x" }}{{ $x = Replace $x "x" (repeat 1000 "y") -1 }}{{ $x = Replace $x "y" (repeat 10000 "z") -1 }}{{ $x }}"#,
    ] {
        let found = lines(&logs, &format!("| line_format `{template}`"));
        assert_eq!(first(&found, "__error__"), "TemplateFormatErr", "{template}");
    }
}

#[test]
fn plain_fields_cannot_fill_the_memory_either() {
    let long = format!("a={}", "x".repeat(1 << 20));
    let logs = logs(&[long.as_bytes()]);
    let template = "{{.a}}".repeat(10_000);
    let found = lines(&logs, &format!("| logfmt | line_format `{template}` | drop a"));
    assert_eq!(first(&found, "__error__"), "TemplateFormatErr");
}

#[test]
fn lines_of_any_bytes_come_back() {
    let all: Vec<u8> = (0..=255).collect();
    let long = vec![b'='; 3 << 20];
    let quotes = b"\"".repeat(1 << 20);
    let empty: &[u8] = b"";
    let logs = logs(&[&all, &long, &quotes, empty, b"a\nb=1\r\n", b"\xff=\xfe"]);
    for stage in [
        "",
        "| json",
        "| logfmt",
        "| logfmt --strict --keep-empty",
        "| pattern \"<a>=<b>\"",
        "| regexp \"(?P<a>.*)=(?P<b>.*)\"",
        "| unpack",
        "| decolorize",
        "| json a=\"b[0]\"",
        "| logfmt a",
        "!= \"nowhere\" !~ \"no[w]here\" !> \"<_>nowhere\" != ip(\"1.2.3.4\")",
    ] {
        let found = lines(&logs, stage);
        let entries: Vec<_> = found.iter().flat_map(|stream| &stream.entries).collect();
        assert_eq!(entries.len(), 6, "{stage}");
        assert!(entries.iter().any(|line| line.line == all) || stage.contains("decolorize"));
    }
    let query = logql::parse("sum(bytes_over_time({app=\"x\"}[1h]))").unwrap();
    let answer = Engine::new(&logs).instant(&query, 1_000, &QueryContext::new()).unwrap();
    let Instant::Vector(samples) = answer else { panic!("no vector") };
    assert_eq!(samples[0].value, (256 + (3 << 20) + (1 << 20) + 7 + 3) as f64);
}

#[test]
fn a_query_past_its_deadline_stops() {
    let line = b"a=1 b=\"x y\" ".repeat(1 << 14);
    let all: Vec<Vec<u8>> = (0..200_u32).map(|n| [&line[..], &n.to_le_bytes()].concat()).collect();
    let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    let logs = logs(&all);
    let query = logql::parse("count_over_time({app=\"x\"} | logfmt --keep-empty | a=\"2\" [1h])");
    let context = QueryContext::new().with_timeout(Duration::from_millis(1));
    assert!(Engine::new(&logs).instant(&query.unwrap(), 1_000, &context).is_err());
}

#[test]
fn searches_across_lines_are_linear() {
    // A text that nearly matches everywhere, longer than the lines, and lines of one byte.
    let ones: Vec<String> = (0..200_000).map(|_| "a".to_owned()).collect();
    let mut logs = MemoryLogs::new();
    for (time, line) in ones.iter().enumerate() {
        logs.insert(&labels! { "app" => "x" }, LogEntry::new(time as i64, line));
    }
    let long = "a".repeat(20_000);
    let arms = (0..200).map(|n| format!("\"{}{n}\"", "a".repeat(60))).collect::<Vec<_>>();
    for filter in [
        format!("|= \"{long}\""),
        format!("|= \"{}\"", "a".repeat(100)),
        format!("|= {}", arms.join(" or ")),
        format!("|~ \"{}b?{}\"", "a".repeat(50), "a".repeat(50)),
        format!("|> \"<_>{}<_>\"", "a".repeat(100)),
    ] {
        assert!(lines(&logs, &filter).is_empty(), "{}", filter.len());
    }
    let query = format!("count_over_time({{app=\"x\"}} != \"{}\" [1h])", "a".repeat(100));
    let query = logql::parse(&query).unwrap();
    let context = QueryContext::new().with_timeout(DEADLINE);
    let Instant::Vector(samples) = Engine::new(&logs).instant(&query, 200_000, &context).unwrap()
    else {
        panic!("no vector")
    };
    assert_eq!(samples[0].value, 200_000.0);
}

#[test]
fn lines_of_ever_new_shapes_do_not_fill_the_memory_of_patterns() {
    let shape = |n: u32| {
        let word = |bits: u32| if n >> bits & 1 == 1 { "ab" } else { "cd" };
        (0..17).map(word).collect::<Vec<_>>().concat()
    };
    let mut logs = MemoryLogs::new();
    for n in 0..100_000 {
        logs.insert(&labels! { "app" => "x" }, LogEntry::new(i64::from(n), shape(n)));
    }
    let query = logql::parse("{app=\"x\"}").unwrap();
    let options = PatternOptions { lines_min: 1, limit: 10_000, ..PatternOptions::default() };
    let context = QueryContext::new().with_timeout(DEADLINE);
    let found = Engine::new(&logs).patterns(&query, &options, &context).unwrap();
    assert!(!found.is_empty() && found.len() <= 300);
}
