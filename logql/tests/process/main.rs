//! The ingest stages, as tables: what goes in, and what comes out.
#![cfg(test)]

use std::sync::Arc;
use std::time::Duration;

use logql::process::*;
use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::sink::{
    Committed, LogRecord, LogSink, MetricSink, RawLabels, Refusal, RefusalReason, SeriesRef,
    SinkError,
};
use telemetry_core::time::ManualClock;

const SECOND: i64 = 1_000_000_000;

mod packed;

fn entry(labels: &[(&str, &str)], line: &str) -> Entry {
    let labels = labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Entry { labels, line: line.into(), time: 7, ..Entry::default() }
}

fn pipeline(stages: impl IntoIterator<Item = Stage>) -> (Pipeline, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(1_000 * SECOND));
    let builder = Pipeline::builder().clock(clock.clone());
    let builder = stages.into_iter().fold(builder, Builder::stage);
    (builder.build().unwrap(), clock)
}

fn all(stages: impl IntoIterator<Item = Stage>, lines: &[&str]) -> Vec<Entry> {
    let (mut pipeline, _) = pipeline(stages);
    let mut out = Vec::new();
    for line in lines {
        pipeline.push(entry(&[("app", "a")], line), &mut out);
    }
    pipeline.flush(&mut out);
    out
}

fn one(stages: impl IntoIterator<Item = Stage>, line: &str) -> Entry {
    let mut out = all(stages, &[line]);
    assert_eq!(out.len(), 1, "{line}");
    out.remove(0)
}

fn text(entry: &Entry) -> &str {
    std::str::from_utf8(&entry.line).unwrap()
}

fn lines(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(text).collect()
}

fn value<'e>(entry: &'e Entry, name: &str) -> Option<std::borrow::Cow<'e, str>> {
    entry.extracted.get(name)?.text()
}

#[test]
fn json_extracts_by_path() {
    let line =
        r#"{"a": {"b": [1, "x"]}, "n": 1.50, "t": true, "o": {"k": "<"}, "z": null, "m-x": 1}"#;
    let paths = [("b", "a.b[1]"), ("last", "a.b[-1]"), ("n", ""), ("t", ""), ("o", ""), ("z", "")];
    let found = one([Json::of(paths).into()], line);
    for (name, expected) in
        [("b", "x"), ("last", "x"), ("n", "1.5"), ("t", "true"), ("o", r#"{"k":"\u003c"}"#)]
    {
        assert_eq!(value(&found, name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(found.extracted.get("z"), Some(&Value::Null));
    assert_eq!(value(&found, "app").as_deref(), Some("a"));
    let by_name = Json { regex: "^m-".into(), ..Json::default() };
    assert_eq!(value(&one([by_name.into()], line), "m-x").as_deref(), Some("1"));
    let inner = Json { source: "inner".into(), ..Json::of([("k", "")]) };
    let found = one([Json::of([("inner", "")]).into(), inner.into()], r#"{"inner":"{\"k\":1}"}"#);
    assert_eq!(value(&found, "k").as_deref(), Some("1"));
    let strict = Json { drop_malformed: true, ..Json::of([("a", "")]) };
    assert_eq!(lines(&all([strict.into()], &["{", r#"{"a":1}"#, "[]"])), [r#"{"a":1}"#]);
    assert_eq!(lines(&all([Json::of([("a", "")]).into()], &["{"])), ["{"]);
}

#[test]
fn the_other_parsers_extract_too() {
    let logfmt = Logfmt { regex: "^x_".into(), ..Logfmt::of([("lvl", "level"), ("msg", "")]) };
    let found = one([logfmt.into()], r#"level=warn msg="a b" bad"x x_1=y"#);
    for (name, expected) in [("lvl", "warn"), ("msg", "a b"), ("x_1", "y")] {
        assert_eq!(value(&found, name).as_deref(), Some(expected), "{name}");
    }
    let expression = r"^(?P<year>\d+)-(?P<rest>.*)$".into();
    let regex = Regex { expression, labels_from_groups: true, ..Regex::default() };
    let found = one([regex.into()], "2026-x");
    assert_eq!(value(&found, "rest").as_deref(), Some("x"));
    assert_eq!(found.labels["year"], "2026");
    let pattern = Pattern { pattern: "<ip> - <_> <path>".into(), ..Pattern::default() };
    let found = one([pattern.into()], "1.2.3.4 - GET /x");
    assert_eq!(value(&found, "path").as_deref(), Some("/x"));
    let message = "Message type:\r\nOverwritten: new\r\n1x: y\r\nno pair".to_owned();
    let given = Template { source: "message".into(), template: message };
    let old = Template { source: "Overwritten".into(), template: "old".into() };
    let stage = EventLogMessage::default();
    let found = one([given.into(), old.into(), stage.into()], "x");
    assert_eq!(value(&found, "Overwritten_extracted").as_deref(), Some("new"));
    assert_eq!(value(&found, "Message_type").as_deref(), Some(""));
    assert_eq!(value(&found, "_1x").as_deref(), Some("y"));
}

#[test]
fn labels_and_metadata_are_made_of_what_was_extracted() {
    let parsed = || Stage::from(Json::of([("level", ""), ("id", "trace.id")]));
    let line = r#"{"level":"warn","trace":{"id":7}}"#;
    let labels = Labels::of([("lvl", "level"), ("gone", "")]);
    let metadata = StructuredMetadata::of([("trace_id", "id")]);
    let found = one([parsed(), labels.into(), metadata.into()], line);
    let of = |entry: &Entry| entry.labels.keys().cloned().collect::<Vec<_>>();
    assert_eq!(of(&found), ["app", "lvl"]);
    assert_eq!(found.metadata["trace_id"], "7");
    let source_type = LabelSource::StructuredMetadata;
    let labels = Labels { source_type, ..Labels::of([("id", "trace_id"), ("level", "")]) };
    let metadata = StructuredMetadata::of([("trace_id", "id")]);
    let found = one([parsed(), metadata.into(), labels.into()], line);
    assert_eq!((of(&found), &*found.labels["id"]), (vec!["app".into(), "id".into()], "7"));
    assert_eq!(found.metadata["trace_id"], "7");
    let fixed = StaticLabels::of([("env", "prod"), ("x", "y")]);
    let keep = LabelKeep { values: vec!["env".into(), "x".into()] };
    let dropped = LabelDrop { values: vec!["x".into()] };
    let found = one([fixed.into(), keep.into(), dropped.into()], "x");
    assert_eq!(of(&found), ["env"]);
    let by_regex = StructuredMetadata { regex: "^l".into(), ..StructuredMetadata::default() };
    let gone = StructuredMetadataDrop { values: vec!["x".into()] };
    let found = one([parsed(), by_regex.into(), gone.into()], line);
    assert_eq!(found.metadata.len(), 1);
    let tenant = Tenant { label: "app".into(), ..Tenant::default() };
    assert_eq!(one([tenant.into()], "x").labels["__tenant_id__"], "a");
}

#[test]
fn lines_are_rewritten() {
    let template = |source: &str, template: &str| {
        Stage::from(Template { source: source.into(), template: template.into() })
    };
    let output = |source: &str| Stage::from(Output { source: source.into() });
    let replace = |expression: &str, replace: &str| {
        let source = String::new();
        Stage::from(Replace { expression: expression.into(), source, replace: replace.into() })
    };
    let luhn = Luhn::default();
    for (stages, line, expected) in [
        (vec![template("m", "{{ .app | ToUpper }}: {{ .Entry }}"), output("m")], "x", "A: x"),
        (vec![template("app", "{{ .Value }}!"), output("app")], "x", "a!"),
        (vec![output("none")], "x", "x"),
        (vec![replace(r"password (\S+)", "*****")], "a password xyz b", "a password ***** b"),
        (vec![replace(r"\d", "{{ .Value }}{{ .Value }}")], "a1b2", "a11b22"),
        (vec![replace(r"(a)(b)?", "")], "abac", "c"),
        (vec![replace("x", "y")], "none", "none"),
        (vec![Decolorize.into()], "\u{1b}[31mred\u{1b}[0m", "red"),
        (vec![luhn.clone().into()], "card 4032032513548443.", "card **REDACTED**."),
        (vec![luhn.clone().into()], "card 4032032513548444", "card 4032032513548444"),
        (vec![luhn.into()], "short 42", "short 42"),
    ] {
        assert_eq!(text(&one(stages, line)), expected, "{line}");
    }
    let user = one([replace(r"^(?P<ip>\S+) (?P<user>\S+)", "{{ .Value | ToUpper }}")], "ab cd x");
    assert_eq!((text(&user), value(&user, "user").as_deref()), ("AB CD x", Some("CD")));
    let empty = one([template("app", "")], "x");
    assert_eq!(value(&empty, "app"), None);
}

#[test]
fn texts_are_cut() {
    let rule = |source_type, limit| TruncateRule {
        limit,
        source_type,
        suffix: "…".into(),
        ..TruncateRule::default()
    };
    let rules = vec![rule(TruncateSource::Line, 6), rule(TruncateSource::Label, 5)];
    let stages =
        [Stage::from(StaticLabels::of([("l", "a longer value")])), Truncate { rules }.into()];
    let found = one(stages, "ab\u{fc}\u{fc}\u{fc}");
    assert_eq!((text(&found), &*found.labels["l"]), ("ab…", "a …"));
}

#[test]
fn times_are_read() {
    let now = 1_000 * SECOND;
    for (format, location, line, expected) in [
        ("RFC3339", "", "1970-01-01T00:00:01Z", SECOND),
        ("RFC3339Nano", "", "1970-01-01T01:00:00.5+01:00", SECOND / 2),
        ("UnixDate", "", "Thu Jan  1 00:00:02 UTC 1970", 2 * SECOND),
        ("Unix", "", "1.000000123", SECOND + 123),
        ("UnixMs", "", "1500", SECOND + SECOND / 2),
        ("UnixUs", "", "7", 7_000),
        ("UnixNs", "", "-9", -9),
        ("2006-01-02 15:04:05,000", "Europe/Berlin", "1970-01-01 01:00:00,250", SECOND / 4),
        ("Jan _2 15:04:05", "", "Jan  1 00:00:03", 3 * SECOND),
        // What cannot be read keeps its time: nothing came before in its stream.
        ("RFC3339", "", "noon", 7),
    ] {
        let source = Regex { expression: "(?P<t>.*)".into(), ..Regex::default() };
        let time = Timestamp {
            source: "t".into(),
            format: format.into(),
            location: location.into(),
            ..Timestamp::default()
        };
        assert_eq!(one([source.into(), time.into()], line).time, expected, "{format} {line}");
    }
    assert!(now > 0);
}

#[test]
fn a_time_that_cannot_be_read_follows_the_one_before() {
    let stages = |action_on_failure| {
        let source = Regex { expression: "(?P<t>.*)".into(), ..Regex::default() };
        let (format, fallback_formats) = ("RFC3339".into(), vec!["UnixNs".into()]);
        let time = Timestamp {
            source: "t".into(),
            format,
            fallback_formats,
            action_on_failure,
            ..Timestamp::default()
        };
        [Stage::from(source), time.into()]
    };
    let times = |action| -> Vec<i64> {
        let found = all(stages(action), &["x", "100", "x", "x", "50"]);
        found.iter().map(|entry| entry.time).collect()
    };
    assert_eq!(times(OnFailure::Fudge), [7, 100, 101, 102, 50]);
    assert_eq!(times(OnFailure::Skip), [7, 100, 7, 7, 50]);
}

#[test]
fn drops_want_all_that_is_given_and_count_by_reason() {
    let drop = |change: fn(&mut Drop)| {
        let mut drop = Drop::default();
        change(&mut drop);
        Stage::from(drop)
    };
    let parsed = || Stage::from(Json::of([("a", ""), ("b", "")]));
    let cases: [(Stage, &[&str], &[&str]); 7] = [
        (drop(|drop| drop.expression = "debug".into()), &["debug x", "info"], &["info"]),
        (drop(|drop| drop.longer_than = Some(3)), &["long", "abc"], &["abc"]),
        (
            drop(|drop| (drop.expression, drop.longer_than) = ("a".into(), Some(3))),
            &["aaaa", "bbbb", "a"],
            &["bbbb", "a"],
        ),
        (
            drop(|drop| drop.source = vec!["a".into()]),
            &[r#"{"a":1}"#, r#"{"b":1}"#],
            &[r#"{"b":1}"#],
        ),
        (
            drop(|drop| {
                (drop.source, drop.value) = (vec!["a".into(), "b".into()], "1;2".into());
            }),
            &[r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#, r#"{"a":1}"#],
            &[r#"{"a":1,"b":3}"#, r#"{"a":1}"#],
        ),
        (
            drop(|drop| (drop.source, drop.expression) = (vec!["a".into()], "^1$".into())),
            &[r#"{"a":1}"#, r#"{"a":11}"#],
            &[r#"{"a":11}"#],
        ),
        (drop(|drop| drop.older_than = Some(Duration::from_secs(999))), &["old"], &[]),
    ];
    for (stage, given, expected) in cases {
        assert_eq!(lines(&all([parsed(), stage], given)), expected, "{given:?}");
    }
    let (mut pipeline, _) = pipeline([drop(|drop| {
        (drop.expression, drop.drop_counter_reason) = ("x".into(), "mine".into());
    })]);
    for line in ["x", "y", "xx"] {
        pipeline.push(entry(&[], line), &mut Vec::new());
    }
    assert_eq!((pipeline.drops().of("mine"), pipeline.drops().total()), (2, 2));
}

#[test]
fn matches_send_some_lines_through_stages_of_their_own() {
    let nested = Match {
        selector: r#"{app="a"} |= "x" != "y""#.into(),
        stages: vec![StaticLabels::of([("in", "1")]).into()],
        ..Match::default()
    };
    let dropped = Match {
        selector: r#"{app=~"a|b"} |~ "noisy.*error""#.into(),
        action: MatchAction::Drop,
        ..Match::default()
    };
    let found = all([nested.into(), dropped.into()], &["x", "xy", "noisy error", "z"]);
    assert_eq!(lines(&found), ["x", "xy", "z"]);
    let is_in: Vec<bool> = found.iter().map(|entry| entry.labels.contains_key("in")).collect();
    assert_eq!(is_in, [true, false, false]);
}

#[test]
fn lines_that_belong_together_become_one() {
    let stage = || Multiline { firstline: r"^\[".into(), max_lines: 3, ..Multiline::default() };
    let given = ["before", "[1] a\n", " b\r\n", " c", " d", "[2] e"];
    let found = all([stage().into()], &given);
    assert_eq!(lines(&found), ["before", "[1] a\n b\n c", " d", "[2] e"]);
    // Streams do not mix, and a block that waits too long goes on.
    let (mut pipeline, clock) = pipeline([stage().into()]);
    let mut out = Vec::new();
    for (app, line) in [("a", "[1] a"), ("b", "[2] b"), ("a", " c")] {
        pipeline.push(entry(&[("app", app)], line), &mut out);
    }
    clock.advance(3 * SECOND);
    pipeline.poll(&mut out);
    assert!(out.is_empty());
    clock.advance(1);
    pipeline.poll(&mut out);
    assert_eq!(lines(&out), ["[1] a\n c", "[2] b"]);
}

#[test]
fn limits_let_bursts_through_and_then_the_rate() {
    let limit = |by_label_name: &str| Limit {
        rate: 1.0,
        burst: 2,
        drop: true,
        by_label_name: by_label_name.into(),
        max_distinct_labels: 2,
    };
    let (mut all_lines, clock) = pipeline([limit("").into()]);
    let mut out = Vec::new();
    for _ in 0..3 {
        all_lines.push(entry(&[], "x"), &mut out);
    }
    clock.advance(SECOND);
    for _ in 0..2 {
        all_lines.push(entry(&[], "x"), &mut out);
    }
    assert_eq!((out.len(), all_lines.drops().of("ratelimit_drop_stage")), (3, 2));
    let (mut by_app, _) = pipeline([limit("app").into()]);
    out.clear();
    for app in ["a", "a", "a", "b", "", "c", "d", "e"] {
        let labels: &[(&str, &str)] = if app.is_empty() { &[] } else { &[("app", app)] };
        by_app.push(entry(labels, "x"), &mut out);
    }
    assert_eq!((out.len(), by_app.drops().total()), (7, 1));
}

#[test]
fn sampling_keeps_its_part() {
    let sampling = Sampling { rate: 0.25, ..Sampling::default() };
    let (mut pipeline, _) = pipeline([sampling.into()]);
    let mut out = Vec::new();
    for _ in 0..10_000 {
        pipeline.push(entry(&[], "x"), &mut out);
    }
    assert!((2_300..2_700).contains(&out.len()), "{}", out.len());
    assert_eq!(pipeline.drops().of("sampling_stage"), 10_000 - out.len() as u64);
}

#[test]
fn what_cannot_be_a_stage_is_refused() {
    let build = |stage: Stage| Pipeline::builder().stage(stage).build().map(drop);
    let refused: [Stage; 14] = [
        Json::default().into(),
        Json::of([("a", "b c")]).into(),
        Regex { expression: "no group".into(), ..Regex::default() }.into(),
        Regex { expression: "(?P<a>".into(), ..Regex::default() }.into(),
        Pattern { pattern: "<a><b>".into(), ..Pattern::default() }.into(),
        Labels::of([("bad-name", "")]).into(),
        Drop::default().into(),
        Drop { value: "x".into(), longer_than: Some(1), ..Drop::default() }.into(),
        Limit { rate: 1.0, burst: 1, ..Limit::default() }.into(),
        Match { selector: "{app=\"a\"} | json".into(), ..Match::default() }.into(),
        Match { selector: "{app=\"a\"}".into(), ..Match::default() }.into(),
        Sampling { rate: 2.0, ..Sampling::default() }.into(),
        Template { source: "a".into(), template: "{{ nothing }}".into() }.into(),
        Timestamp {
            source: "a".into(),
            format: "Unix".into(),
            location: "Nowhere/X".into(),
            ..Timestamp::default()
        }
        .into(),
    ];
    for stage in refused {
        let text = format!("{stage:?}");
        assert!(build(stage).is_err(), "{text}");
    }
    let mut stage = Stage::from(Decolorize);
    for _ in 0..40 {
        let selector = r#"{app="a"}"#.into();
        stage = Match { selector, stages: vec![stage], ..Match::default() }.into();
    }
    assert!(matches!(build(stage), Err(StageSetupError::TooDeep { .. })));
}

/// A sink that refuses lines with an `!`.
#[derive(Default)]
struct Sink(Vec<String>);

impl LogSink for Sink {
    fn push(&mut self, stream: &RawLabels<'_>, record: LogRecord<'_>) {
        self.0.push(format!("{} {}", stream.build(), String::from_utf8_lossy(record.line)));
    }

    fn refuse(&mut self, _: RefusalReason) {}

    fn commit(&mut self) -> Result<Committed, SinkError> {
        let refused = self.0.iter().zip(0..).filter(|(line, _)| line.contains('!'));
        let reason = RefusalReason::NoLabels;
        let refused = refused.map(|(_, index)| Refusal { index, reason: reason.clone() }).collect();
        Ok(Committed { stored: 0, refused })
    }
}

#[test]
fn refusals_are_told_for_the_lines_that_were_handed_in() {
    let dropped = Drop { expression: "drop".into(), ..Drop::default() };
    let (pipeline, _) = pipeline([Stage::from(dropped)]);
    let mut sink = pipeline.processor(Sink::default());
    for line in ["drop", "fine", "drop!", "bad!"] {
        let record = LogRecord { time: 1, line: line.as_bytes(), metadata: &[] };
        sink.push(&RawLabels::new(&[("app", "a")]), record);
    }
    let committed = sink.commit().unwrap();
    let indexes: Vec<u64> = committed.refused.iter().map(|refusal| refusal.index).collect();
    assert_eq!((committed.stored, indexes), (3, vec![3]));
    assert_eq!(sink.drops().total(), 2);
    assert_eq!(sink.into_sink().0, [r#"{app="a"} fine"#, r#"{app="a"} bad!"#]);
}

/// Keeps samples as text.
#[derive(Default)]
struct Samples(Vec<String>, Vec<String>);

impl MetricSink for Samples {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        self.0.push(labels.build().to_string());
        Ok(SeriesRef(self.0.len() as u64 - 1))
    }

    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, _: i64) {
        let SampleValue::Float(value) = value else { panic!("not a float") };
        self.1.push(format!("{} {value} @{time}", self.0[series.0 as usize]));
    }

    fn refuse(&mut self, _: RefusalReason) {}

    fn exemplar(&mut self, _: SeriesRef, _: Exemplar) {}

    fn metadata(&mut self, _: &str, _: &Metadata) {}

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Ok(Committed::default())
    }
}

#[test]
fn metrics_are_kept_by_label_set_and_forgotten_when_idle() {
    let counter = Counter { name: "lines".into(), match_all: true, ..Counter::default() };
    let bytes = Counter {
        name: "bytes".into(),
        prefix: "my_".into(),
        action: CounterAction::Add,
        match_all: true,
        count_entry_bytes: true,
        ..Counter::default()
    };
    let gauge = Gauge { name: "last".into(), source: "n".into(), ..Gauge::default() };
    let histogram = Histogram {
        name: "took".into(),
        source: "took".into(),
        buckets: vec![0.5, 1.0],
        ..Histogram::default()
    };
    let metrics = vec![
        Metric::Counter(counter),
        Metric::Counter(bytes),
        Metric::Gauge(gauge),
        Metric::Histogram(histogram),
    ];
    let parsed = Stage::from(Logfmt::of([("n", ""), ("took", "")]));
    let (mut pipeline, clock) = pipeline([parsed, Metrics { metrics }.into()]);
    for line in ["n=4 took=250ms", "n=-1.5 took=1", "n=x took=2"] {
        pipeline.push(entry(&[("app", "a")], line), &mut Vec::new());
    }
    let mut samples = Samples::default();
    pipeline.write_metrics(&mut samples).unwrap();
    let expected = [
        r#"{__name__="loki_process_custom_lines", app="a"} 3 @1000000"#,
        r#"{__name__="my_bytes", app="a"} 37 @1000000"#,
        r#"{__name__="loki_process_custom_last", app="a"} -1.5 @1000000"#,
        r#"{__name__="loki_process_custom_took_bucket", app="a", le="0.5"} 1 @1000000"#,
        r#"{__name__="loki_process_custom_took_bucket", app="a", le="1"} 2 @1000000"#,
        r#"{__name__="loki_process_custom_took_bucket", app="a", le="+Inf"} 3 @1000000"#,
        r#"{__name__="loki_process_custom_took_sum", app="a"} 3.25 @1000000"#,
        r#"{__name__="loki_process_custom_took_count", app="a"} 3 @1000000"#,
    ];
    assert_eq!(samples.1, expected);
    clock.advance(301 * SECOND);
    let mut samples = Samples::default();
    pipeline.write_metrics(&mut samples).unwrap();
    assert!(samples.1.is_empty());
}

#[test]
fn a_stage_that_needs_a_database_is_refused_with_a_type() {
    let geoip = GeoIp { source: "ip".into(), db: "city.mmdb".into(), db_type: "city".into() };
    let refused = Pipeline::builder().stage(geoip).build().unwrap_err();
    assert!(matches!(refused, StageSetupError::NeedsDatabase { stage: "geoip", .. }));
}
