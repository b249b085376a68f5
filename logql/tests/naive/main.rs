//! The engine equals a naive evaluator that takes every line on its own: random lines, random
//! pipelines, random windows.
#![cfg(test)]

mod aggregate;
mod row;
mod stage;

use aggregate::aggregate;
use logql::{Engine, Instant, LogOptions};
use proptest::prelude::*;
use row::{Row, Set};
use stage::{ADDRESS, Stage};
use std::collections::BTreeMap;
use telemetry_core::labels;
use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Direction, MemoryLogs};
use telemetry_core::time::NanosRange;

/// A line as the naive evaluator has it.
#[derive(Clone, Debug)]
struct Line {
    stream: u8,
    time: i64,
    text: String,
    metadata: Option<(String, String)>,
}

fn stream(number: u8) -> Labels {
    labels! { "app" => "x", "s" => number.to_string() }
}

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "s", "m"]).prop_map(String::from)
}

fn text() -> impl Strategy<Value = String> {
    let pairs = || {
        let values = vec!["1", "22", "x", "yy", ADDRESS, "1.5s", "3KB"];
        prop::collection::btree_map(field(), prop::sample::select(values), 0..4)
    };
    let packed = (pairs(), "[ax1 ]{0,5}(=1)?").prop_map(|(pairs, line)| {
        let mut members: BTreeMap<String, String> =
            pairs.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        members.insert("_entry".into(), line);
        serde_json::to_string(&members).unwrap()
    });
    prop_oneof![
        pairs().prop_map(|pairs| serde_json::to_string(&pairs).unwrap()),
        pairs().prop_map(|pairs| {
            pairs.iter().map(|(name, value)| format!("{name}={value} ")).collect::<String>()
        }),
        "[a-z ]{0,12}",
        packed,
    ]
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let metadata = (
        prop::sample::select(vec!["a", "m", "s"]).prop_map(String::from),
        prop::sample::select(vec!["1", "meta"]).prop_map(String::from),
    );
    let metadata = prop::option::weighted(0.3, metadata);
    let line = (0_u8..3, 0_i64..60, text(), metadata)
        .prop_map(|(stream, time, text, metadata)| Line { stream, time, text, metadata });
    prop::collection::vec(line, 0..60)
}

fn value() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["1", "x", ""]).prop_map(String::from)
}

fn stages() -> impl Strategy<Value = Vec<Stage>> {
    let part = || prop::sample::select(vec!["a", "1", "x", "=", "{"]).prop_map(String::from);
    let stage = prop_oneof![
        part().prop_map(Stage::Contains),
        part().prop_map(Stage::NotContains),
        prop::collection::vec(part(), 2..4).prop_map(Stage::ContainsAny),
        prop::sample::select(vec![
            Stage::Digit,
            Stage::NoDigit,
            Stage::Pair,
            Stage::NoPair,
            Stage::Address,
            Stage::LogfmtStrict,
            Stage::LogfmtKeepEmpty,
        ]),
        Just(Stage::Json),
        Just(Stage::Logfmt),
        (field(), field()).prop_map(|(label, field)| Stage::JsonField(label, field)),
        (field(), field()).prop_map(|(label, field)| Stage::LogfmtField(label, field)),
        Just(Stage::Regexp),
        Just(Stage::Pattern),
        Just(Stage::Unpack),
        Just(Stage::Decolorize),
        (field(), field()).prop_map(|(to, from)| Stage::Rename(to, from)),
        (field(), field()).prop_map(|(to, from)| Stage::LabelFormat(to, from)),
        (field(), value()).prop_map(|(name, value)| Stage::TextFilter(name, value)),
        (field(), 0_i64..30).prop_map(|(name, value)| Stage::NumberFilter(name, value)),
        field().prop_map(Stage::DurationFilter),
        field().prop_map(Stage::BytesFilter),
        field().prop_map(Stage::AddressFilter),
        (field(), field()).prop_map(|(a, b)| Stage::EitherFilter(a, b)),
        field().prop_map(Stage::Drop),
        (field(), value()).prop_map(|(name, value)| Stage::DropValue(name, value)),
        (field(), value()).prop_map(|(name, value)| Stage::KeepValue(name, value)),
        field().prop_map(Stage::LineChoice),
        field().prop_map(Stage::LineUpper),
        prop::collection::vec(field(), 1..3).prop_map(Stage::Keep),
        field().prop_map(Stage::LineFormat),
    ];
    prop::collection::vec(stage, 0..5).prop_map(filters_first)
}

/// Line filters run at the head of their stretch: the naive evaluator is given them there.
fn filters_first(stages: Vec<Stage>) -> Vec<Stage> {
    let is_filter = |stage: &Stage| {
        use Stage as S;
        let texts = matches!(stage, S::Contains(_) | S::NotContains(_) | S::ContainsAny(_));
        texts || matches!(stage, S::Digit | S::NoDigit | S::Pair | S::NoPair | S::Address)
    };
    let ends = |stage: &Stage| {
        use Stage as S;
        let lines =
            matches!(stage, S::LineFormat(_) | S::LineChoice(_) | S::LineUpper(_) | S::Unpack);
        let values =
            matches!(stage, S::NumberFilter(..) | S::DurationFilter(_) | S::BytesFilter(_));
        lines
            || values
            || matches!(stage, S::TextFilter(..) | S::AddressFilter(_) | S::EitherFilter(..))
    };
    let mut out = Vec::new();
    for run in stages.split_inclusive(ends) {
        out.extend(run.iter().filter(|stage| is_filter(stage)).cloned());
        out.extend(run.iter().filter(|stage| !is_filter(stage)).cloned());
    }
    out
}

/// The lines once each, in order of time, those of equal time by stream and as they came.
fn stored(lines: &[Line]) -> Vec<Line> {
    let mut stored: Vec<Line> = Vec::new();
    for line in lines {
        let same = |known: &Line| {
            (known.stream, known.time, &known.text, &known.metadata)
                == (line.stream, line.time, &line.text, &line.metadata)
        };
        if !stored.iter().any(same) {
            stored.push(line.clone());
        }
    }
    stored.sort_by_key(|line| (line.time, line.stream));
    stored
}

fn naive(lines: &[Line], stages: &[Stage]) -> Vec<(i64, Row)> {
    let row = |line: &Line| {
        let stream: Set = stream(line.stream)
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut row = Row {
            text: line.text.clone(),
            labels: stream.clone(),
            stream,
            metadata: Vec::new(),
            extracted: Vec::new(),
        };
        if let Some((name, value)) = &line.metadata {
            let clash = row.stream.contains_key(name);
            let name = if clash { format!("{name}_extracted") } else { name.clone() };
            row.labels.insert(name.clone(), value.clone());
            row.metadata.push(name);
        }
        let kept = stages.iter().try_fold(row, |row, stage| stage.apply(row))?;
        Some((line.time, kept))
    };
    stored(lines).iter().filter_map(row).collect()
}

fn source(lines: &[Line]) -> MemoryLogs {
    let mut logs = MemoryLogs::new();
    for line in lines {
        let mut entry = LogEntry::new(line.time, &line.text);
        entry.metadata = line.metadata.iter().cloned().collect();
        logs.insert(&stream(line.stream), entry);
    }
    logs
}

fn query(stages: &[Stage]) -> String {
    let stages: Vec<String> = stages.iter().map(Stage::written).collect();
    format!("{{app=\"x\"}} {}", stages.join(" "))
}

fn without_details(labels: &logql::LabelSet) -> Set {
    labels
        .iter()
        .filter(|(name, _)| *name != "__error_details__")
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn lines_equal_those_of_the_naive_evaluator(
        lines in lines(),
        stages in stages(),
        limit in 0_usize..20,
        backward in any::<bool>(),
        start in 0_i64..30,
        length in 0_i64..60,
    ) {
        let window = NanosRange::new(start, start + length);
        let mut expected: Vec<(i64, String, Set)> = naive(&lines, &stages)
            .into_iter()
            .filter(|(time, _)| *time >= start && *time < start + length)
            .map(|(time, row)| (time, row.text, row.labels))
            .collect();
        if backward {
            expected.reverse();
        }
        expected.truncate(limit);
        let direction = if backward { Direction::Backward } else { Direction::Forward };
        let options = LogOptions { window, limit, direction, interval_ns: 0 };
        let query = query(&stages);
        let tree = logql::parse(&query).unwrap();
        let logs = source(&lines);
        let found = Engine::new(&logs).log(&tree, &options, &QueryContext::new()).unwrap();
        let mut by_labels: BTreeMap<Set, Vec<(i64, String)>> = BTreeMap::new();
        for (time, text, labels) in expected {
            by_labels.entry(labels).or_default().push((time, text));
        }
        let mut found_by_labels: BTreeMap<Set, Vec<(i64, String)>> = BTreeMap::new();
        for stream in &found {
            let known = found_by_labels.entry(without_details(&stream.labels)).or_default();
            known.extend(stream.entries.iter().map(|line| (line.time.0, line.text().into_owned())));
        }
        // Streams that differ in the details of an error only are one here.
        for lines in found_by_labels.values_mut().chain(by_labels.values_mut()) {
            lines.sort();
        }
        prop_assert_eq!(found_by_labels, by_labels, "{}", query);
        for stream in &found {
            let times: Vec<i64> = stream.entries.iter().map(|line| line.time.0).collect();
            let sorted = match backward {
                true => times.is_sorted_by(|a, b| a >= b),
                false => times.is_sorted(),
            };
            prop_assert!(sorted);
        }
    }

    #[test]
    fn counts_equal_those_of_the_naive_evaluator(
        lines in lines(),
        stages in stages(),
        range in 1_i64..40,
        step in 1_i64..20,
        offset in -10_i64..10,
    ) {
        let mut rows = naive(&lines, &stages);
        // A line with an error would fail the query; the filter takes it away.
        rows.retain(|(_, row)| !row.labels.contains_key("__error__"));
        let nanos = |nanos: i64| format!("{nanos}ms");
        let query = format!(
            "count_over_time({} | __error__=\"\" [{}] offset {})",
            query(&stages), nanos(range), nanos(offset),
        );
        let tree = logql::parse(&query).unwrap();
        // Times of the test count in milliseconds, as no window is shorter.
        let scaled: Vec<Line> =
            lines.iter().map(|line| Line { time: line.time * 1_000_000, ..line.clone() }).collect();
        let logs = source(&scaled);
        let engine = Engine::new(&logs);
        let context = QueryContext::new();
        let (start, end) = (5_i64, 55_i64);
        let found = engine
            .range(&tree, start * 1_000_000, end * 1_000_000, step * 1_000_000, &context)
            .unwrap();
        let mut expected: BTreeMap<Set, Vec<(i64, f64)>> = BTreeMap::new();
        for time in (start..=end).step_by(usize::try_from(step).unwrap()) {
            let last = time - offset;
            let mut counts: BTreeMap<Set, f64> = BTreeMap::new();
            for (at, row) in &rows {
                if *at > last - range && *at <= last {
                    *counts.entry(row.labels.clone()).or_default() += 1.0;
                }
            }
            for (labels, count) in counts {
                expected.entry(labels).or_default().push((time, count));
            }
        }
        let found: BTreeMap<Set, Vec<(i64, f64)>> = found
            .iter()
            .map(|series| {
                let points = series.points.iter();
                (without_details(&series.labels), points.map(|(t, v)| (t.0 / 1_000_000, *v)).collect())
            })
            .collect();
        prop_assert_eq!(found, expected, "{}", query);
    }

    #[test]
    fn values_equal_those_of_the_naive_evaluator(
        lines in lines(),
        stages in stages(),
        op in prop::sample::select(vec!["sum", "avg", "min", "max", "stdvar", "stddev", "quantile", "rate", "first",
            "last", "rate_counter"]),
        label in field(),
        range in 1_i64..40,
        step in 1_i64..20,
    ) {
        const MILLI: i64 = 1_000_000;
        let name = if op.starts_with("rate") { op.into() } else { format!("{op}_over_time") };
        let parameter = if op == "quantile" { "0.3, " } else { "" };
        let query = format!(
            "{name}({parameter}{} | __error__=\"\" | unwrap {label} | __error__=\"\" [{range}ms])",
            query(&stages),
        );
        let scaled: Vec<Line> =
            lines.iter().map(|line| Line { time: line.time * MILLI, ..line.clone() }).collect();
        let logs = source(&scaled);
        let context = QueryContext::new();
        let tree = logql::parse(&query).unwrap();
        let found =
            Engine::new(&logs).range(&tree, 5 * MILLI, 55 * MILLI, step * MILLI, &context).unwrap();
        let mut expected: BTreeMap<(Set, i64), Vec<(i64, f64)>> = BTreeMap::new();
        for (at, mut row) in naive(&lines, &stages) {
            let value = row.labels.remove(&label).and_then(|text| text.parse::<f64>().ok());
            let (Some(value), None) = (value, row.labels.get("__error__")) else { continue };
            for time in (5..=55).step_by(usize::try_from(step).unwrap()) {
                if at > time - range && at <= time {
                    expected.entry((row.labels.clone(), time)).or_default().push((at, value));
                }
            }
        }
        let points = found.iter().flat_map(|series| {
            let labels = without_details(&series.labels);
            series.points.iter().map(move |(time, v)| ((labels.clone(), time.0 / MILLI), *v))
        });
        let found: BTreeMap<(Set, i64), f64> = points.collect();
        prop_assert_eq!(found.len(), expected.len(), "{}", query);
        for (place, values) in expected {
            // Which of two values of one time comes first, where two streams become one series, is
            // nobody's business.
            let of_order = matches!(op, "first" | "last" | "rate_counter");
            if of_order && values.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                prop_assert!(found.contains_key(&place), "{}", query);
                continue;
            }
            let wanted = aggregate(op, &values, place.1, range);
            let value = found.get(&place).copied().unwrap_or(f64::NAN);
            prop_assert!((value - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{}", query);
        }
    }

    #[test]
    fn absence_equals_that_of_the_naive_evaluator(
        lines in lines(),
        stages in stages(),
        range in 1_i64..20,
        step in 1_i64..20,
    ) {
        const MILLI: i64 = 1_000_000;
        let query = format!("absent_over_time({} | __error__=\"\" [{range}ms])", query(&stages));
        let scaled: Vec<Line> =
            lines.iter().map(|line| Line { time: line.time * MILLI, ..line.clone() }).collect();
        let logs = source(&scaled);
        let tree = logql::parse(&query).unwrap();
        let context = QueryContext::new();
        let found =
            Engine::new(&logs).range(&tree, 5 * MILLI, 55 * MILLI, step * MILLI, &context).unwrap();
        let mut rows = naive(&lines, &stages);
        rows.retain(|(_, row)| !row.labels.contains_key("__error__"));
        let is_absent =
            |time: &i64| !rows.iter().any(|(at, _)| *at > time - range && at <= time);
        let expected: Vec<i64> =
            (5..=55).step_by(usize::try_from(step).unwrap()).filter(is_absent).collect();
        let times: Vec<i64> = found
            .iter()
            .flat_map(|series| series.points.iter().map(|(time, _)| time.0 / MILLI))
            .collect();
        prop_assert_eq!(times, expected, "{}", query);
        for series in &found {
            prop_assert_eq!(series.labels.to_string(), "{app=\"x\"}");
        }
        prop_assert!(found.iter().flat_map(|one| &one.points).all(|(_, value)| *value == 1.0));
    }

    #[test]
    fn a_sum_that_extracts_less_counts_the_same(lines in lines(), by in field()) {
        // A parser that is not strict marks no line, so what is not extracted cannot matter.
        let logs = source(&lines);
        let engine = Engine::new(&logs);
        let sum = |inner: &str| {
            let query = format!("sum by ({by}) ({inner})");
            match engine.instant(&logql::parse(&query).unwrap(), 60, &QueryContext::new()) {
                Ok(Instant::Vector(samples)) => samples,
                other => panic!("{other:?}"),
            }
        };
        let counted = "count_over_time({app=\"x\"} | logfmt [1m])";
        // The maximum of one value is that value, and hides the count from the sum.
        let hidden = format!("({counted} > -1)");
        prop_assert_eq!(sum(counted), sum(&hidden));
    }
}
