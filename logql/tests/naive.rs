//! The engine equals a naive evaluator that takes every line on its own: random lines, random
//! pipelines, random windows.
#![cfg(test)]

use logql::{Engine, Instant, LogOptions};
use proptest::prelude::*;
use std::collections::BTreeMap;
use telemetry_core::labels;
use telemetry_core::labels::Labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Direction, MemoryLogs};
use telemetry_core::time::NanosRange;

type Set = BTreeMap<String, String>;

/// A line as the naive evaluator has it.
#[derive(Clone, Debug)]
struct Line {
    stream: u8,
    time: i64,
    text: String,
}

/// A stage: how it is written, and what it does.
#[derive(Clone, Debug)]
enum Stage {
    Contains(String),
    NotContains(String),
    Digit,
    Pair,
    Json,
    Logfmt,
    JsonField(String, String),
    LogfmtField(String, String),
    Regexp,
    Pattern,
    Unpack,
    Decolorize,
    Rename(String, String),
    LabelFormat(String, String),
    TextFilter(String, String),
    NumberFilter(String, i64),
    Drop(String),
    Keep(Vec<String>),
    LineFormat(String),
}

impl Stage {
    fn written(&self) -> String {
        match self {
            Stage::Contains(text) => format!("|= \"{text}\""),
            Stage::NotContains(text) => format!("!= \"{text}\""),
            Stage::Digit => r#"|~ "[0-9]""#.into(),
            Stage::Pair => r#"|> "<_>=<_>""#.into(),
            Stage::Json => "| json".into(),
            Stage::Logfmt => "| logfmt".into(),
            Stage::JsonField(label, field) => format!("| json {label}=\"{field}\""),
            Stage::LogfmtField(label, field) => format!("| logfmt {label}=\"{field}\""),
            Stage::Regexp => r#"| regexp "(?P<c>[0-9]+)""#.into(),
            Stage::Pattern => r#"| pattern "<b>=<_>""#.into(),
            Stage::Unpack => "| unpack".into(),
            Stage::Decolorize => "| decolorize".into(),
            Stage::Rename(to, from) => format!("| label_format {to}={from}"),
            Stage::LabelFormat(to, from) => format!("| label_format {to}=\"<{{{{.{from}}}}}>\""),
            Stage::TextFilter(name, value) => format!("| {name}=\"{value}\""),
            Stage::NumberFilter(name, value) => format!("| {name}>{value}"),
            Stage::Drop(name) => format!("| drop {name}"),
            Stage::Keep(names) => format!("| keep {}", names.join(",")),
            Stage::LineFormat(name) => format!("| line_format \"<{{{{.{name}}}}}>\""),
        }
    }

    /// The line behind the stage, or nothing.
    fn apply(&self, mut row: Row) -> Option<Row> {
        match self {
            Stage::Contains(text) => row.text.contains(text.as_str()).then_some(row),
            Stage::NotContains(text) => (!row.text.contains(text.as_str())).then_some(row),
            Stage::Json => {
                row.json();
                Some(row)
            }
            Stage::Logfmt => {
                row.logfmt();
                Some(row)
            }
            Stage::Digit => row.text.contains(|c: char| c.is_ascii_digit()).then_some(row),
            Stage::Pair => {
                let at = row.text.get(1..).and_then(|rest| rest.find('='));
                at.is_some_and(|at| at + 2 < row.text.len()).then_some(row)
            }
            Stage::JsonField(label, field) => {
                row.json_field(label, field);
                Some(row)
            }
            Stage::LogfmtField(label, field) => {
                row.logfmt_field(label, field);
                Some(row)
            }
            Stage::Regexp => {
                let start = row.text.find(|c: char| c.is_ascii_digit());
                if let Some(rest) = start.map(|start| row.text[start..].to_owned()) {
                    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                    row.extract("c", &rest[..end]);
                }
                Some(row)
            }
            Stage::Pattern => {
                let before = row.text.split('=').next().unwrap_or_default().to_owned();
                row.extract("b", &before);
                Some(row)
            }
            Stage::Unpack => {
                if !row.text.is_empty() && !row.text.trim().starts_with('{') {
                    row.labels.insert("__error__".into(), "JSONParserErr".into());
                }
                Some(row)
            }
            Stage::Decolorize => Some(row),
            Stage::Rename(to, from) => {
                if let Some(value) = row.labels.get(from).cloned() {
                    row.labels.insert(to.clone(), value);
                    row.labels.remove(from);
                }
                Some(row)
            }
            Stage::LabelFormat(to, from) => {
                let value = row.labels.get(from).map_or("", String::as_str);
                let value = format!("<{value}>");
                row.labels.insert(to.clone(), value);
                Some(row)
            }
            Stage::TextFilter(name, value) => {
                (row.labels.get(name).map_or("", String::as_str) == value).then_some(row)
            }
            Stage::NumberFilter(name, bound) => {
                let text = row.labels.get(name)?;
                match text.parse::<f64>() {
                    Ok(value) => (value > *bound as f64).then_some(row),
                    Err(_) => {
                        row.fail("LabelFilterErr");
                        Some(row)
                    }
                }
            }
            Stage::Drop(name) => {
                row.labels.remove(name);
                Some(row)
            }
            Stage::Keep(names) => {
                row.labels.retain(|name, _| names.contains(name) || name == "__error__");
                Some(row)
            }
            Stage::LineFormat(name) => {
                row.text = format!("<{}>", row.labels.get(name).map_or("", String::as_str));
                Some(row)
            }
        }
    }
}

/// A line on its way.
#[derive(Clone, Debug)]
struct Row {
    text: String,
    labels: Set,
    stream: Set,
    extracted: Vec<String>,
}

impl Row {
    fn fail(&mut self, error: &str) {
        self.labels.entry("__error__".into()).or_insert_with(|| error.into());
    }

    fn extract(&mut self, name: &str, value: &str) {
        let mut name = name.to_string();
        if self.extracted.contains(&name) {
            return;
        }
        if self.stream.contains_key(&name) {
            name += "_extracted";
            if self.extracted.contains(&name) {
                return;
            }
        }
        self.extracted.push(name.clone());
        self.labels.insert(name, value.into());
    }

    /// A field that was asked for: always a label, if only an empty one.
    fn set_field(&mut self, label: &str, value: Option<&str>) {
        match value {
            Some(value) if self.stream.contains_key(label) => {
                self.labels.insert(format!("{label}_extracted"), value.into());
            }
            Some(value) => drop(self.labels.insert(label.into(), value.into())),
            None => {}
        }
        self.labels.entry(label.into()).or_default();
    }

    fn json_field(&mut self, label: &str, field: &str) {
        if self.text.is_empty() {
            return;
        }
        if !self.text.starts_with(['{', '[', '"']) {
            self.labels.insert("__error__".into(), "JSONParserErr".into());
            return;
        }
        let members: serde_json::Value = serde_json::from_str(&self.text).unwrap_or_default();
        match members[field].as_str() {
            // One that is found under another name is not set to nothing besides.
            Some(value) if self.stream.contains_key(label) => {
                self.labels.insert(format!("{label}_extracted"), value.into());
            }
            value => self.set_field(label, value),
        }
    }

    fn logfmt_field(&mut self, label: &str, field: &str) {
        let text = self.text.clone();
        let found = text.split_whitespace().find_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name == field && !value.contains(['=', '"'])).then_some(value)
        });
        self.set_field(label, found);
    }

    /// Lines of the test are whole objects, or nothing like one.
    fn json(&mut self) {
        let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&self.text) else {
            // A later failure overwrites an earlier one here.
            self.labels.insert("__error__".into(), "JSONParserErr".into());
            return;
        };
        for (name, value) in members {
            match value {
                serde_json::Value::String(text) => self.extract(&name, &text),
                serde_json::Value::Number(number) => self.extract(&name, &number.to_string()),
                _ => {}
            }
        }
    }

    fn logfmt(&mut self) {
        let text = self.text.clone();
        for pair in text.split_whitespace() {
            if let Some((name, value)) = pair.split_once('=')
                && !value.is_empty()
                && !name.contains('"')
                && !value.contains(['=', '"'])
                && !name.is_empty()
            {
                let name: String = name
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' })
                    .collect();
                self.extract(&name, value);
            }
        }
    }
}

fn stream(number: u8) -> Labels {
    labels! { "app" => "x", "s" => number.to_string() }
}

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "s"]).prop_map(String::from)
}

fn text() -> impl Strategy<Value = String> {
    let pairs = || {
        prop::collection::btree_map(field(), prop::sample::select(vec!["1", "22", "x", "yy"]), 0..4)
    };
    prop_oneof![
        pairs().prop_map(|pairs| serde_json::to_string(&pairs).unwrap()),
        pairs().prop_map(|pairs| {
            pairs.iter().map(|(name, value)| format!("{name}={value} ")).collect::<String>()
        }),
        "[a-z ]{0,12}",
    ]
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let line = (0_u8..3, 0_i64..60, text());
    prop::collection::vec(line, 0..60).prop_map(|lines| {
        lines.into_iter().map(|(stream, time, text)| Line { stream, time, text }).collect()
    })
}

fn stages() -> impl Strategy<Value = Vec<Stage>> {
    let part = || prop::sample::select(vec!["a", "1", "x", "=", "{"]).prop_map(String::from);
    let stage = prop_oneof![
        part().prop_map(Stage::Contains),
        part().prop_map(Stage::NotContains),
        Just(Stage::Digit),
        Just(Stage::Pair),
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
        (field(), prop::sample::select(vec!["1", "x", ""]).prop_map(String::from))
            .prop_map(|(name, value)| Stage::TextFilter(name, value)),
        (field(), 0_i64..30).prop_map(|(name, value)| Stage::NumberFilter(name, value)),
        field().prop_map(Stage::Drop),
        prop::collection::vec(field(), 1..3).prop_map(Stage::Keep),
        field().prop_map(Stage::LineFormat),
    ];
    prop::collection::vec(stage, 0..5).prop_map(filters_first)
}

/// Line filters run at the head of their stretch: the naive evaluator is given them there.
fn filters_first(stages: Vec<Stage>) -> Vec<Stage> {
    let is_filter = |stage: &Stage| {
        use Stage::{Contains, Digit, NotContains, Pair};
        matches!(stage, Contains(_) | NotContains(_) | Digit | Pair)
    };
    let ends = |stage: &Stage| {
        use Stage::{LineFormat, NumberFilter, TextFilter, Unpack};
        matches!(stage, TextFilter(..) | NumberFilter(..) | LineFormat(_) | Unpack)
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
            (known.stream, known.time, &known.text) == (line.stream, line.time, &line.text)
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
        let labels: Set = stream(line.stream)
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let row =
            Row { text: line.text.clone(), stream: labels.clone(), labels, extracted: Vec::new() };
        let kept = stages.iter().try_fold(row, |row, stage| stage.apply(row))?;
        Some((line.time, kept))
    };
    stored(lines).iter().filter_map(row).collect()
}

fn source(lines: &[Line]) -> MemoryLogs {
    let mut logs = MemoryLogs::new();
    for line in lines {
        logs.insert(&stream(line.stream), LogEntry::new(line.time, &line.text));
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

/// A range aggregation, as its definition has it.
fn aggregate(op: &str, mut values: Vec<f64>, seconds: f64) -> f64 {
    let count = values.len() as f64;
    let sum: f64 = values.iter().sum();
    let mean = sum / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    values.sort_by(f64::total_cmp);
    match op {
        "sum" => sum,
        "avg" => mean,
        "min" => values[0],
        "max" => values[values.len() - 1],
        "stdvar" => variance,
        "stddev" => variance.sqrt(),
        "rate" => sum / seconds,
        _ => {
            let rank = 0.3 * (count - 1.0);
            let above = values[(rank.floor() as usize + 1).min(values.len() - 1)];
            let below = values[rank.floor() as usize];
            below + (above - below) * (rank - rank.floor())
        }
    }
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
        op in prop::sample::select(vec!["sum", "avg", "min", "max", "stdvar", "stddev", "quantile", "rate"]),
        label in field(),
        range in 1_i64..40,
        step in 1_i64..20,
    ) {
        const MILLI: i64 = 1_000_000;
        let name = if op == "rate" { "rate".into() } else { format!("{op}_over_time") };
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
        let mut expected: BTreeMap<(Set, i64), Vec<f64>> = BTreeMap::new();
        for (at, mut row) in naive(&lines, &stages) {
            let value = row.labels.remove(&label).and_then(|text| text.parse::<f64>().ok());
            let (Some(value), None) = (value, row.labels.get("__error__")) else { continue };
            for time in (5..=55).step_by(usize::try_from(step).unwrap()) {
                if at > time - range && at <= time {
                    expected.entry((row.labels.clone(), time)).or_default().push(value);
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
            let wanted = aggregate(op, values, range as f64 / 1e3);
            let value = found.get(&place).copied().unwrap_or(f64::NAN);
            prop_assert!((value - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{}", query);
        }
    }

    #[test]
    fn a_sum_that_extracts_less_counts_the_same(lines in lines(), by in field()) {
        // Every line is well-formed logfmt, so what is not extracted cannot matter.
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
