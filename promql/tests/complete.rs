//! What is offered at a place of a query: the cursor is `|`.
#![cfg(test)]

use promql::ParseOptions;
use promql::complete::{Ask, Completion, WordKind, complete};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use telemetry_core::labels;
use telemetry_core::query::QueryContext;
use telemetry_core::source::MemoryMetrics;
use telemetry_core::time::MillisRange;

fn at(marked: &str) -> Completion {
    let cursor = marked.find('|').unwrap();
    complete(&marked.replacen('|', "", 1), cursor, &ParseOptions::EVERYTHING)
}

fn words(marked: &str) -> Vec<String> {
    at(marked).words.into_iter().map(|word| word.text.into()).collect()
}

/// What is asked, in short: `metrics`, `names`, `values of job`, and with which matchers.
fn asked(marked: &str) -> String {
    let (what, matchers) = match at(marked).ask {
        None => return "nothing".into(),
        Some(Ask::MetricNames { matchers, .. }) => ("metrics".into(), matchers),
        Some(Ask::LabelNames { matchers }) => ("names".into(), matchers),
        Some(Ask::LabelValues { label, matchers }) => (format!("values of {label}"), matchers),
        Some(_) => unreachable!(),
    };
    let matchers: Vec<_> = matchers.iter().map(|matcher| format!(" {matcher}")).collect();
    format!("{what}{}", matchers.concat())
}

#[test]
fn an_expression_begins_with_a_function_an_aggregation_or_a_metric() {
    assert_eq!(words("qua|"), ["quantile", "quantile_over_time"]);
    assert_eq!(words("1 + count_v|"), ["count_values"]);
    assert_eq!(asked("|"), "metrics");
    assert_eq!(asked("sum(htt|"), "metrics");
    assert_eq!(asked("a + htt|"), "metrics");
    assert_eq!(asked("12|"), "nothing");
}

#[test]
fn an_argument_is_of_the_type_that_the_function_takes() {
    assert_eq!(words("vector(t|"), ["time"], "tan gives a vector");
    assert_eq!(asked("vector(t|"), "nothing");
    assert_eq!(words("clamp(a, sca|"), ["scalar"]);
    assert_eq!(words("topk(sca|"), ["scalar"]);
    assert!(words("topk(2, sca|").is_empty());
    assert_eq!(asked(r#"label_replace(a, |"#), "nothing");
    assert_eq!(words("rate(max|"), ["max", "max_over_time"], "for a sub-query");
}

#[test]
fn an_operand_is_followed_by_operators_and_by_what_its_kind_allows() {
    assert_eq!(words("a o|"), ["or", "offset"]);
    assert_eq!(words("1 o|"), [""; 0]);
    assert_eq!(words("a[5m] |"), ["offset", "@", "anchored", "smoothed"]);
    assert_eq!(words("sum(a) b|"), ["by"]);
    assert_eq!(words("sum by (b) (a) b|"), [""; 0], "it is grouped already");
    assert_eq!(words("sum |"), ["by", "without"]);
    assert_eq!(words("a !|"), ["!="]);
}

#[test]
fn an_operator_is_followed_by_its_modifiers() {
    assert_eq!(words("a > bo|"), ["bottomk", "bool"]);
    assert_eq!(words("a + bo|"), ["bottomk"]);
    assert_eq!(words("a > bool ig|"), ["ignoring"]);
    assert_eq!(words("a * on (b) group_|"), ["group_left", "group_right"]);
    assert_eq!(words("a * on (b) group_left (c) group_|"), [""; 0]);
    assert_eq!(words("a * on (b) fill_l|"), ["fill_left"]);
}

#[test]
fn durations_are_offered_in_brackets_and_behind_offset() {
    assert_eq!(words("a[1|"), ["1ms", "1s", "1m", "1h", "1d", "1w", "1y"]);
    assert_eq!(words("a[5m:3|")[1], "3s");
    assert!(words("a offset |").contains(&"5m".into()));
    assert_eq!(words("a @ |"), ["start()", "end()"]);
    assert!(at("a[|]").words.iter().all(|word| word.kind == WordKind::Duration));
}

#[test]
fn braces_ask_for_labels_of_the_series_selected_so_far() {
    assert_eq!(asked("up{|"), r#"names __name__="up""#);
    assert_eq!(asked(r#"up{a="b",c!~"d.*",j|"#), r#"names __name__="up" a="b" c!~"d.*""#);
    assert_eq!(asked(r#"up{a="b",job="x|"#), r#"values of job __name__="up" a="b""#);
    assert_eq!(asked(r#"up{job=|}"#), r#"values of job __name__="up""#);
    assert_eq!(asked(r#"{"ht|"#), "metrics");
    assert_eq!(asked(r#"{"http.requests", "jo|"#), r#"names __name__="http.requests""#);
    assert_eq!(words("up{job!|"), ["!=", "!~"]);
    assert_eq!(asked(r#"up{job="api"|"#), "nothing");
}

#[test]
fn clauses_ask_for_labels_of_the_selector_in_front() {
    assert_eq!(asked(r#"sum(rate(a{b="c"}[5m])) by (d, |"#), r#"names __name__="a" b="c""#);
    assert_eq!(asked("a / on (|"), r#"names __name__="a""#);
    assert_eq!(asked("a + sum by (|"), "names", "what is summed comes later");
}

#[test]
fn a_candidate_replaces_the_whole_word() {
    let completion = at("sum(ra|te(a[5m]))");
    assert_eq!((completion.span, &*completion.typed), ((4..8).into(), "ra"));
    let completion = at(r#"up{job="a|pi"} + b"#);
    assert_eq!((completion.span, &*completion.typed), ((7..12).into(), "a"));
    let completion = at("a + |");
    assert_eq!((completion.span, &*completion.typed), ((4..4).into(), ""));
}

#[test]
fn answers_are_written_as_a_query_needs_them() {
    let mut metrics = MemoryMetrics::new();
    metrics.insert(&labels! { "__name__" => "http_up", "job" => "a\"b", "a.b" => "1" }, 0, 1.0);
    metrics.insert(&labels! { "__name__" => "http.up", "job" => "c" }, 0, 1.0);
    let answers = |marked: &str| {
        let context = QueryContext::new();
        at(marked).answers(&metrics, MillisRange::new(0, 0), 10, &context).unwrap()
    };
    assert_eq!(answers("http|"), [r#"{"http.up"}"#, "http_up"]);
    assert_eq!(answers(r#"{"http|"#), [r#""http.up""#, r#""http_up""#]);
    assert_eq!(answers("http_up{|"), [r#""a.b""#, "job"]);
    assert_eq!(answers(r#"{job="|"#), [r#""a\"b""#, r#""c""#]);
    assert_eq!(answers(r#"{job="a\"|"#), [r#""a\"b""#], "what is typed is read as a literal");
    assert!(answers(r#"http_up{job="c|"#).is_empty(), "no such series");
}

#[test]
fn experimental_words_are_offered_where_they_are_on() {
    let off = |query: &str| complete(query, query.len(), &ParseOptions::default()).words;
    assert!(off("limitk").is_empty() && !words("limitk|").is_empty());
    assert!(off("a smoo").is_empty() && !words("a smoo|").is_empty());
    assert!(off("mad_").is_empty() && !words("mad_|").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2048,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0xc0_3b),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_place_of_any_text_is_completed(
        text in r#"([a-c{}()\[\],=!~"'`@ :+>/0-5m\\é]|sum|by|on|offset|rate|group_left|fill){0,30}"#,
        cursor in 0_usize..40,
    ) {
        let completion = complete(&text, cursor, &ParseOptions::EVERYTHING);
        prop_assert!(completion.span.start <= completion.span.end && completion.span.end <= text.len());
        prop_assert!(text.is_char_boundary(completion.span.start));
        prop_assert!(text.is_char_boundary(completion.span.end));
    }
}
