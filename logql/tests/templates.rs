//! Pages that offer templates and counts per stretch of time give the answers of plain pages, to
//! the last bit.
#![cfg(test)]

use logql::{Engine, LogOptions};
use proptest::prelude::*;
use telemetry_core::labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Direction, MemoryLogs};

const SECOND: i64 = 1_000_000_000;

/// Texts of which some become slots: with digits, of two or nine letters.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,4}",
        "[0-9]{1,2}\\.[0-9]{1,3}",
        "[a-f0-9]{6}",
        Just("GET".to_owned()),
        Just("ab".to_owned()),
        Just("nine9nine".to_owned()),
        Just("true".to_owned()),
        Just("10ms".to_owned()),
        Just("/a/{id}".to_owned()),
        Just("é7".to_owned()),
        Just("a\\\\n1".to_owned()),
        Just(String::new()),
    ]
}

/// Keys of which some hold slots, clash with the stream, or come twice.
fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["status", "route", "took", "k1", "ab", "app", "a.b", "x"])
}

fn json() -> impl Strategy<Value = String> {
    let member = (key(), value(), 0_u8..6).prop_map(|(key, value, form)| match form {
        0 => format!("\"{key}\": {value}"),
        1 => format!("\"{key}\":{{\"k2\":\"{value}\",\"b\":1}}"),
        2 => format!("\"{key}\":[1,\"{value}\"]"),
        _ => format!("\"{key}\":\"{value}\""),
    });
    prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(",")))
}

fn logfmt() -> impl Strategy<Value = String> {
    let pair = (key(), value(), any::<bool>()).prop_map(|(key, value, quoted)| match quoted {
        true => format!("{key}=\"{value}\""),
        false => format!("{key}={value}"),
    });
    prop::collection::vec(pair, 0..5).prop_map(|pairs| pairs.join(" "))
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![4 => json(), 4 => logfmt(), 1 => "[ -~]{0,20}"]
}

fn query() -> impl Strategy<Value = String> {
    let parser = prop::sample::select(vec![
        "| json",
        "| logfmt",
        "| logfmt --keep-empty",
        "| json status=\"status\", route=\"a.k2\"",
        "| logfmt status, took=\"x\"",
    ]);
    let filter = prop::sample::select(vec![
        "",
        "| status >= 500",
        "| status != \"\"",
        "| took > 1ms or route=~\".*1.*\"",
        "| app_extracted = \"ab\"",
        "| a_k2 != \"x\" | __error__=\"\"",
        "|= \"1\"",
    ]);
    let by = prop::sample::select(vec!["(route)", "(status, app)", "(k1, ab)", "()", "(a_b)"]);
    (parser, filter, by, 0_u8..5).prop_map(|(parser, filter, by, form)| {
        let lines = format!("{{app=\"x\"}} {parser} {filter}");
        match form {
            0 => format!("sum by {by} (count_over_time({lines} | __error__=\"\" [20s]))"),
            1 => format!("sum by {by} (rate({lines} [20s]))"),
            2 => format!("avg_over_time({lines} | unwrap took | __error__=\"\" [20s]) by {by}"),
            3 => format!("first_over_time({lines} | unwrap status | __error__=\"\" [20s]) by {by}"),
            _ => format!("sum by {by} (sum_over_time({lines} | unwrap duration(took) [20s]))"),
        }
    })
}

/// Labels of a series, and its times and values bit by bit.
type Bits = (String, Vec<(i64, u64)>);

/// What a query gives, or how it fails.
fn answer(logs: &MemoryLogs, query: &str) -> Result<Vec<Bits>, String> {
    let tree = logql::parse(query).unwrap();
    let (engine, context) = (Engine::new(logs), QueryContext::new());
    match engine.range(&tree, 0, 60 * SECOND, 7 * SECOND, &context) {
        // Which of several series an error names is arbitrary.
        Err(error) => Err(error.to_string().split("for series").next().unwrap_or("").to_owned()),
        Ok(series) => Ok(series
            .into_iter()
            .map(|one| {
                let points = one.points.iter().map(|(time, value)| (time.0, value.to_bits()));
                (one.labels.to_string(), points.collect())
            })
            .collect()),
    }
}

fn logs(lines: &[(i64, u8, String)]) -> MemoryLogs {
    let mut logs = MemoryLogs::new();
    for (time, stream, text) in lines {
        let labels = match stream {
            0 => labels! { "app" => "x" },
            _ => labels! { "app" => "x", "status" => "up" },
        };
        logs.insert(&labels, LogEntry::new(time * SECOND, text));
    }
    logs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn columns_and_lines_agree(
        lines in prop::collection::vec((0_i64..60, 0_u8..2, line()), 0..30),
        query in query(),
    ) {
        let plain = logs(&lines);
        let templates = plain.clone().with_templates();
        prop_assert_eq!(answer(&plain, &query), answer(&templates, &query), "{}", query);
    }

    #[test]
    fn log_queries_find_the_same_lines(
        lines in prop::collection::vec((0_i64..20, 0_u8..2, line()), 0..200),
        stages in (query(), prop::sample::select(vec![
            "", "| line_format \"{{.status}}\"", "| drop status", "| keep route, status"])),
        limit in 1_usize..60,
        backward in any::<bool>(),
    ) {
        let plain = logs(&lines);
        let templates = plain.clone().with_templates();
        let (query, last) = stages;
        // The stages of the metric query, without what makes it one.
        let inner = &query[query.find('{').unwrap()..query.find("[20s]").unwrap()];
        let tree = logql::parse(&format!("{} {last}", inner.split("| unwrap").next().unwrap())).unwrap();
        let direction = if backward { Direction::Backward } else { Direction::Forward };
        let options = LogOptions { limit, direction, ..LogOptions::default() };
        let [a, b] = [&plain, &templates]
            .map(|logs| Engine::new(logs).log(&tree, &options, &QueryContext::new()).unwrap());
        prop_assert_eq!(a, b, "{}", inner);
    }

    #[test]
    fn counts_of_stretches_and_of_lines_agree(
        times in prop::collection::vec(0_i64..60_000, 0..40),
        range in 1_i64..40,
        step in 1_i64..20,
        bytes in any::<bool>(),
    ) {
        let mut plain = MemoryLogs::new();
        for (at, time) in times.iter().enumerate() {
            let entry = LogEntry::new(time * 1_000_000, "x".repeat(at % 5));
            plain.insert(&labels! { "app" => "x", "n" => (at % 2).to_string() }, entry);
        }
        let templates = plain.clone().with_templates();
        let op = if bytes { "bytes_over_time" } else { "count_over_time" };
        let tree = logql::parse(&format!("{op}({{app=\"x\"}}[{range}s])")).unwrap();
        let [lines, stretches] = [&plain, &templates].map(|logs| {
            let context = QueryContext::new();
            Engine::new(logs).range(&tree, 0, 60 * SECOND, step * SECOND, &context).unwrap()
        });
        prop_assert_eq!(lines, stretches);
    }
}

#[test]
fn columns_are_read_without_building_lines() {
    let mut plain = MemoryLogs::new();
    for n in 0..50_i64 {
        let line =
            format!("{{\"route\":\"/a\",\"status\":{},\"took\":{n}.{n}}}", 200 + n % 4 * 100);
        plain.insert(&labels! { "app" => "x" }, LogEntry::new(n * SECOND, line));
    }
    // A line that templates do not decide: only that one is built.
    plain.insert(&labels! { "app" => "x" }, LogEntry::new(5, "{\"k1\":\"x\",\"status\":200}"));
    let templates = plain.clone().with_templates();
    for (query, built) in [
        ("sum by (route) (count_over_time({app=\"x\"} | json | status >= 400 [1m]))", 25),
        ("avg_over_time({app=\"x\"} | json | unwrap took [1m]) by (route)", 25),
    ] {
        let bytes = |logs: &MemoryLogs| {
            let context = QueryContext::new();
            let tree = logql::parse(query).unwrap();
            Engine::new(logs).range(&tree, 0, 60 * SECOND, 10 * SECOND, &context).unwrap();
            context.statistics().snapshot().bytes
        };
        assert!(bytes(&plain) > 1_000, "{query}");
        assert!(bytes(&templates) <= built, "{query}: {}", bytes(&templates));
    }
}

#[test]
fn log_queries_build_the_lines_they_keep() {
    let mut plain = MemoryLogs::new();
    for n in 0..1_000_i64 {
        let line = format!("{{\"status\":{},\"n\":{n}}}", 200 + n % 4 * 100);
        plain.insert(&labels! { "app" => "x" }, LogEntry::new(n, line));
    }
    let templates = plain.clone().with_templates();
    let tree = logql::parse("{app=\"x\"} | json | status >= 500").unwrap();
    let options = LogOptions { limit: 10, ..LogOptions::default() };
    let context = QueryContext::new();
    let found = Engine::new(&templates).log(&tree, &options, &context).unwrap();
    let mut times: Vec<i64> =
        found.iter().flat_map(|stream| &stream.entries).map(|line| line.time.0).collect();
    times.sort_unstable();
    assert_eq!(times, (963..1_000).step_by(4).collect::<Vec<_>>());
    // Thirty-two of two hundred and fifty lines that are kept, of a thousand.
    assert!(context.statistics().snapshot().bytes < 32 * 30);
}
