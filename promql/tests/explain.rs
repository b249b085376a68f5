//! The plan of a query says what it will read, share, fold and hold.
#![cfg(test)]

use std::time::Duration;

use promql::explain::{Form, OperatorKind};
use promql::{Engine, Explanation, Options, ParseOptions};
use telemetry_core::labels;
use telemetry_core::query::QueryContext;
use telemetry_core::source::MemoryMetrics;
use telemetry_core::time::{Millis, MillisRange};

fn explain(query: &str) -> Explanation {
    let mut options = Options::default();
    options.parse = ParseOptions::EVERYTHING;
    let (range, step) = (MillisRange::new(0, 600_000), Duration::from_secs(60));
    let context = QueryContext::new();
    Engine::new(options).explain_range(query, range, step, &context).unwrap()
}

#[test]
fn a_selector_used_twice_is_one_read() {
    let plan = explain("rate(a_total[5m]) / rate(a_total[10m]) + rate(b_total[5m])");
    let uses: Vec<usize> = plan.reads.iter().map(|read| read.uses).collect();
    assert_eq!(uses, [2, 1]);
    assert_eq!(plan.reads[0].window, MillisRange::new(-599_999, 600_000));
    assert_eq!(plan.reads[0].hints.range_ms, Some(600_000));
}

#[test]
fn constants_are_folded() {
    let plan = explain("vector(2 * (3 + 4)) + max_of(1, 2)");
    let constants = plan.operators().filter_map(|operator| match operator.kind {
        OperatorKind::Constant(value) => Some(value),
        _ => None,
    });
    assert_eq!(constants.collect::<Vec<_>>(), [14.0, 2.0]);
}

#[test]
fn what_does_not_change_with_the_step_is_computed_once() {
    let plan = explain("a - a @ 0");
    let newest = plan.operators().filter(|one| matches!(one.kind, OperatorKind::Newest(_)));
    let steps: Vec<usize> = newest.map(|operator| operator.steps).collect();
    assert_eq!(steps, [11, 1]);
}

#[test]
fn a_subquery_says_at_how_many_times_it_looks() {
    let plan = explain("max_over_time(rate(a_total[5m])[10m:30s])");
    let rate = plan
        .operators()
        .find(|one| matches!(one.kind, OperatorKind::OverTime { function: "rate", .. }));
    // Multiples of 30 s after -10 min up to 10 min.
    assert_eq!(rate.map(|operator| operator.steps), Some(40));
}

#[test]
fn what_is_held_is_said() {
    let form = |query: &str| explain(query).root.form;
    assert_eq!(form("rate(a_total[5m])"), Form::Streamed);
    assert_eq!(form("sum(rate(a_total[5m]))"), Form::Grouped);
    assert_eq!(form("topk(3, a)"), Form::Collected);
    assert_eq!(form("a * on (job) b"), Form::Collected);
    assert_eq!(form("time() * 2"), Form::Numbers);
    assert_eq!(form("2"), Form::Constant);
}

#[test]
fn the_text_is_a_tree_and_its_reads() {
    let query = "topk(2, a{job=~\"x.*\"} offset 1m) \
                 / ignoring (le) group_left () abs(scalar(b) - a{job=~\"x.*\"} @ 60)";
    assert_eq!(
        explain(query).to_string(),
        "\
11 steps from 0 to 600000, every 1m; 1 thread
/ ignoring (le) group_left  collected
  topk                      collected
    newest of read 0, 5m back offset 1m
    2                       constant
  abs                       streamed
    -                       streamed
      scalar                collected
        newest of read 1, 5m back
      repeat                streamed
        newest of read 0, 5m back from 60000, once
read 0: {__name__=\"a\", job=~\"x.*\"} from -359999 to 540000, shared by 2
  for step 1m
read 1: {__name__=\"b\"} from -299999 to 600000
  for step 1m
"
    );
}

#[test]
fn the_source_is_told_only_the_function_around_a_selector() {
    let functions = |query: &str| -> Vec<&'static str> {
        explain(query).reads.iter().map(|read| read.hints.function).collect()
    };
    assert_eq!(functions("topk(1, a) + b"), ["topk", ""]);
    assert_eq!(functions("sum(rate(a[5m])) + max(b)"), ["rate", "max"]);
    assert_eq!(functions("sum(a + b)"), ["", ""]);
    assert_eq!(functions("rate(a[5m]) + a"), [""]);
}

#[test]
fn an_instant_query_has_one_step() {
    let engine = Engine::new(Options::default());
    let plan = engine.explain_instant("count(a)", 5_000, &QueryContext::new()).unwrap();
    assert_eq!((plan.steps, plan.step_ms, plan.times.end), (1, None, Millis(5_000)));
    assert!(plan.to_string().starts_with("1 step at 5000; 1 thread\n"));
    assert!(engine.explain_instant("count(", 0, &QueryContext::new()).is_err());
}

#[test]
fn an_answer_says_what_was_touched() {
    let mut source = MemoryMetrics::new();
    for at in 0..100 {
        source.insert(&labels! { "__name__" => "a_total" }, at * 1_000, at as f64);
    }
    let engine = Engine::new(Options::default());
    let (range, step) = (MillisRange::new(0, 99_000), Duration::from_secs(1));
    let query = "sum(rate(a_total[10s]))";
    let result = engine.range(&source, query, range, step, &QueryContext::new()).unwrap();
    let taken = result.statistics;
    assert_eq!((taken.series, taken.samples, taken.chunks), (1, 100, 1));
    assert!(taken.bytes >= 800);
}
