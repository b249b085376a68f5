//! What is offered at a place of a query: the cursor is `|`, a bar that is meant is `¦`.
#![cfg(test)]

use logql::complete::{Ask, Completion, complete};
use logql::{Engine, parse};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use telemetry_core::labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::MemoryLogs;
use telemetry_core::time::NanosRange;

fn at(marked: &str) -> Completion {
    let cursor = marked.replace('¦', "_").find('|').unwrap();
    complete(&marked.replacen('|', "", 1).replace('¦', "|"), cursor)
}

fn words(marked: &str) -> Vec<&'static str> {
    at(marked).words
}

fn asked(marked: &str) -> String {
    let (what, matchers) = match at(marked).ask {
        None => return "nothing".into(),
        Some(Ask::LabelNames { matchers }) => ("names".into(), matchers),
        Some(Ask::LabelValues { label, matchers }) => (format!("values of {label}"), matchers),
        Some(_) => unreachable!(),
    };
    let matchers: Vec<_> = matchers.iter().map(|matcher| format!(" {matcher}")).collect();
    format!("{what}{}", matchers.concat())
}

#[test]
fn a_query_begins_with_an_aggregation_or_a_selector() {
    assert_eq!(words("count|"), ["count_over_time", "count"]);
    assert_eq!(words("sum(bytes|"), ["bytes_over_time", "bytes_rate"]);
    assert_eq!(words("sum |"), ["by", "without"]);
    assert_eq!(words(r#"rate({a="b"}[5m]) / on (c) group_|"#), ["group_left", "group_right"]);
    assert_eq!(words(r#"sum(rate({a="b"}[5m])) b|"#), ["by"]);
}

#[test]
fn braces_ask_for_labels_of_the_streams_selected_so_far() {
    assert_eq!(asked("{|"), "names");
    assert_eq!(asked(r#"{a="b",c|"#), r#"names a="b""#);
    assert_eq!(asked(r#"{a="b",c=~"x|"#), r#"values of c a="b""#);
    assert_eq!(asked(r#"{a="b",c=|"#), r#"values of c a="b""#);
    assert_eq!(asked(r#"sum(rate({a="b"}[5m])) by (|"#), r#"names a="b""#);
}

#[test]
fn a_pipeline_goes_on_with_filters_and_stages() {
    assert_eq!(words(r#"{a="b"} |"#), ["|=", "!=", "|~", "!~", "|>", "!>", "|"]);
    assert_eq!(words(r#"{a="b"} ¦= "x" ¦ l|"#), ["label_format", "line_format", "logfmt"]);
    assert_eq!(asked(r#"{a="b"} ¦ json ¦ st|"#), r#"names a="b""#);
    assert_eq!(words(r#"{a="b"} ¦ logfmt --s|"#), ["--strict"]);
    assert_eq!(words(r#"{a="b"} ¦= |"#), ["ip("]);
    assert_eq!(asked(r#"{a="b"} ¦ drop c, |"#), r#"names a="b""#);
}

#[test]
fn only_a_range_is_unwrapped_and_closed() {
    assert_eq!(words(r#"{a="b"} ¦ unw|"#), [""; 0]);
    assert_eq!(words(r#"sum_over_time({a="b"} ¦ unw|"#), ["unwrap"]);
    assert_eq!(words(r#"sum_over_time({a="b"} ¦ unwrap by|"#), ["bytes("]);
    assert_eq!(words(r#"rate({a="b"} [1|"#), ["[1m]", "[15m]", "[1h]", "[1d]"]);
}

#[test]
fn a_candidate_replaces_the_whole_word() {
    let completion = at(r#"{app="a|pi"} ¦ json"#);
    assert_eq!((completion.span, &*completion.typed), ((5..10).into(), "a"));
    let completion = at(r#"{app="api"} ¦ js|on"#);
    assert_eq!((completion.span, &*completion.typed), ((14..18).into(), "js"));
}

#[test]
fn answers_are_written_as_a_query_needs_them() {
    let mut logs = MemoryLogs::new();
    logs.insert(&labels! { "app" => "a\"b", "env" => "prod" }, LogEntry::new(1, "x"));
    logs.insert(&labels! { "app" => "c", "env" => "dev" }, LogEntry::new(1, "x"));
    let engine = Engine::new(&logs);
    let answers = |marked: &str| {
        at(marked).answers(&engine, NanosRange::ALL, 10, &QueryContext::new()).unwrap()
    };
    assert_eq!(answers("{e|"), ["env"]);
    assert_eq!(answers(r#"{env="prod", app=|"#), [r#""a\"b""#]);
    assert_eq!(answers(r#"{app="c|"#), [r#""c""#]);
    assert!(parse(&format!("{{app={}}}", answers("{app=|")[0])).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2048,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0xc0_3c),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_place_of_any_text_is_completed(
        text in r#"([a-c{}()\[\],=!~"`@ :+>/0-5m\\é|]|sum|by|on|rate|json|unwrap|logfmt|drop){0,30}"#,
        cursor in 0_usize..40,
    ) {
        let completion = complete(&text, cursor);
        prop_assert!(text.get(completion.span.start..completion.span.end).is_some());
    }
}
