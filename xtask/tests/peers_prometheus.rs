//! Against a real Prometheus, where `QUADRA_PEERS` names a directory that has one: blocks that we
//! write give the same answers there, and what it writes gives the same answers here.
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use promql::{Engine, Options, Value};
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::{
    BucketSpan, CUSTOM_BUCKETS_SCHEMA, CounterReset, Histogram, STALE_MARKER, SampleValue,
};
use telemetry_core::query::QueryContext;
use telemetry_core::source::MetricSource;
use telemetry_core::time::MillisRange;
use tsdb::prometheus::{Directory, ExportOptions, ImportOptions, export, import};
use tsdb::{OutOfOrder, Tsdb};

mod peers;

use peers::{Server, binaries, escape, now, serve};

const STEP_MS: i64 = 15_000;
/// A multiple of two hours.
const START_MS: i64 = 1_795_312_800_000;
const SAMPLES: i64 = 1_000;

fn start(bin: &Path, data: &Path, scrape: Option<u16>) -> Server {
    let target = scrape.map_or(String::new(), |port| {
        format!(
            "scrape_configs: [{{job_name: quadra, scrape_interval: 1s, scrape_timeout: 1s, \
             static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"
        )
    });
    let config = format!("storage: {{exemplars: {{max_exemplars: 1000}}}}\n{target}");
    Server::start(bin, data, &config, &[])
}

/// The answer to a range query: samples by series and time, histograms by count and sum.
fn ask(server: &Server, query: &str, start: i64, end: i64, step: i64) -> Answer {
    let path = format!(
        "/api/v1/query_range?query={}&start={}&end={}&step={}",
        escape(query),
        start as f64 / 1e3,
        end as f64 / 1e3,
        step as f64 / 1e3
    );
    let json = server.api(&path);
    let mut answer = Answer::new();
    for row in json["result"].as_array().unwrap() {
        let labels = row["metric"].as_object().unwrap();
        let labels: Labels =
            labels.iter().map(|(name, value)| (name, value.as_str().unwrap())).collect();
        let points = answer.entry(labels.to_string()).or_default();
        let time = |point: &serde_json::Value| (point[0].as_f64().unwrap() * 1e3).round() as i64;
        let number = |value: &serde_json::Value| value.as_str().unwrap().parse::<f64>().unwrap();
        for point in row["values"].as_array().into_iter().flatten() {
            points.insert(time(point), vec![number(&point[1])]);
        }
        for point in row["histograms"].as_array().into_iter().flatten() {
            let shown = &point[1];
            let mut numbers = vec![number(&shown["count"]), number(&shown["sum"])];
            let buckets = shown["buckets"].as_array().into_iter().flatten();
            numbers.extend(buckets.map(|bucket| number(&bucket[3])));
            points.insert(time(point), numbers);
        }
    }
    answer
}

type Answer = BTreeMap<String, BTreeMap<i64, Vec<f64>>>;

/// What our engine answers.
fn ours(source: &dyn MetricSource, query: &str, start: i64, end: i64, step: i64) -> Answer {
    let engine = Engine::new(Options::default());
    let step = Duration::from_millis(step.unsigned_abs());
    let range = MillisRange::new(start, end);
    let result = engine.range(source, query, range, step, &QueryContext::new()).unwrap();
    let Value::Matrix(rows) = result.value else { panic!("no matrix: {query}") };
    let mut answer = Answer::new();
    for row in rows {
        let points = answer.entry(row.labels.to_string()).or_default();
        for (time, value) in row.floats {
            points.insert(time.0, vec![value]);
        }
        for (time, value) in row.histograms {
            let live = |(_, n): &(i32, f64)| *n != 0.0;
            let mut numbers = vec![value.count, value.sum];
            let mut below: Vec<_> = value.negative().filter(live).map(|(_, n)| n).collect();
            below.reverse();
            numbers.extend(below);
            numbers.extend((value.zero_count != 0.0).then_some(value.zero_count));
            numbers.extend(value.positive().filter(live).map(|(_, n)| n));
            points.insert(time.0, numbers);
        }
    }
    answer
}

fn assert_same(query: &str, theirs: &Answer, ours: &Answer) {
    let keys = |answer: &Answer| answer.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(theirs), keys(ours), "{query}");
    for (labels, points) in theirs {
        let found = &ours[labels];
        assert!(points.keys().eq(found.keys()), "{query} {labels}: other times");
        for (time, expected) in points {
            let found = &found[time];
            let near = |a: &f64, b: &f64| {
                a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
            };
            let same = expected.len() == found.len()
                && expected.iter().zip(found).all(|(a, b)| near(a, b));
            assert!(same, "{query} {labels}@{time}: {expected:?} there, {found:?} here");
        }
    }
}

/// A hundred queries over the data of [`store`].
fn queries() -> Vec<String> {
    let selectors =
        ["q_gauge", "q_total", r#"{"q.utf8", "l.ü"=~".+"}"#, r#"{__name__=~"q_t.*", i!="0"}"#];
    let mut queries = vec![
        r#"{__name__=~"q_[gt].*"}"#.to_owned(),
        r#"count by (__name__) ({__name__=~"q_.+"})"#.to_owned(),
    ];
    for selector in selectors {
        for function in ["", "abs", "-", "sum by (i) ", "max", "count", "topk by (i) (1, "] {
            let close = if function.ends_with(", ") { ")" } else { "" };
            let open = if close.is_empty() && !function.is_empty() { "(" } else { "" };
            let end = if open.is_empty() { close } else { ")" };
            queries.push(format!("{function}{open}{selector}{end}"));
        }
        let over_time = ["avg", "min", "max", "sum", "count", "stddev", "last"];
        queries.extend(over_time.map(|f| format!("{f}_over_time({selector}[7m])")));
        let ranges = ["rate", "increase", "delta", "irate", "resets", "changes", "deriv"];
        queries.extend(ranges.map(|f| format!("{f}({selector}[5m])")));
    }
    for selector in ["q_hist", "q_fhist", "q_nhcb"] {
        queries.extend([
            selector.to_owned(),
            format!("rate({selector}[5m])"),
            format!("histogram_quantile(0.9, rate({selector}[5m]))"),
            format!("histogram_count({selector})"),
            format!("histogram_avg(increase({selector}[10m]))"),
            format!("sum({selector})"),
        ]);
    }
    queries
}

fn histogram(schema: i32, scale: f64, i: i64, shift: i32) -> SampleValue {
    // Never near zero: there Prometheus 3.5 extrapolates a rate of histograms past it, 3.14 and
    // we do not.
    let n = (i % 600 + 300) as f64 * scale;
    SampleValue::Histogram(std::sync::Arc::new(Histogram {
        schema,
        count: 3.0 * n,
        sum: n / 3.0,
        positive_spans: vec![BucketSpan { offset: shift, length: 2 }],
        positive_buckets: vec![n, 2.0 * n],
        custom_bounds: if schema == CUSTOM_BUCKETS_SCHEMA { vec![0.5, 1.0] } else { vec![] },
        counter_reset: CounterReset::Unknown,
        ..Histogram::default()
    }))
}

/// Floats, all kinds of histograms, staleness markers, deletes and UTF-8 names.
fn store() -> Tsdb {
    let db = Tsdb::in_memory().unwrap();
    let series = |name: &str, labels: &[(&str, String)]| {
        let mut all = vec![("__name__", name.to_owned())];
        all.extend(labels.iter().cloned());
        db.series(&all.into_iter().collect()).unwrap()
    };
    let mut batch = db.batch();
    for i in 0..SAMPLES {
        let time = START_MS + i * STEP_MS + 7;
        for instance in 0..3 {
            let labels = [("i", instance.to_string())];
            let gauge = ((i + instance * 40) as f64 / 30.0).sin() * 100.0;
            batch.append(&series("q_gauge", &labels), time, gauge);
            let total = ((i * (instance + 1)) % 700) as f64;
            batch.append(&series("q_total", &labels), time, total);
        }
        let value = if i % 200 == 150 { STALE_MARKER } else { i as f64 / 7.0 };
        batch.append(&series("q.utf8", &[("l.ü", "a\"\\\n".to_owned())]), time, value);
        batch.append(&series("q_hist", &[]), time, histogram(2, 1.0, i, i32::from(i > 300)));
        batch.append(&series("q_fhist", &[]), time, histogram(0, 0.5, i, 3));
        batch.append(&series("q_nhcb", &[]), time, histogram(CUSTOM_BUCKETS_SCHEMA, 1.0, i, 0));
    }
    batch.commit().unwrap();
    let hour = MillisRange::new(START_MS + 3_600_000, START_MS + 5_400_000);
    db.delete(&[Matcher::equal("i", "1")], hour).unwrap();
    db
}

#[test]
fn ours_are_theirs() {
    let Some(bin) = binaries() else { return };
    let data = tempfile::tempdir().unwrap();
    let db = store();
    let exported = export(&db, data.path(), &ExportOptions::default(), &mut |_| ()).unwrap();
    assert!(exported.verified);
    for command in ["list", "analyze"] {
        let run = Command::new(bin.join("promtool"))
            .args(["tsdb", command])
            .arg(data.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "{text} {}", String::from_utf8_lossy(&run.stderr));
        let newest = exported.blocks.last().unwrap().ulid.to_string();
        assert!(text.contains(&newest), "{text}");
    }
    let server = start(&bin, data.path(), None);
    let end = START_MS + SAMPLES * STEP_MS;
    let queries = queries();
    assert!(queries.len() >= 100, "{}", queries.len());
    for query in &queries {
        let theirs = ask(&server, query, START_MS, end, 61_000);
        assert!(!theirs.is_empty(), "{query}");
        assert_same(query, &theirs, &ours(&db, query, START_MS, end, 61_000));
    }
}

const EXPOSED: &str = "# TYPE peer_seconds histogram\n\
    peer_seconds_bucket{le=\"1.0\"} 3 # {trace_id=\"abc\"} 0.5\n\
    peer_seconds_bucket{le=\"+Inf\"} 5\npeer_seconds_count 5\npeer_seconds_sum 7.5\n\
    # TYPE peer_info gauge\n# HELP peer_info what it is\npeer_info{a=\"1\"} 4.25\n\
    peer_info{a=\"2\"} -1\n# TYPE peer_total_things counter\npeer_total_things_total 17\n# EOF\n";

/// Answers scrapes until the process ends.
fn expose() -> u16 {
    let headers = "Content-Type: application/openmetrics-text; version=1.0.0\r\n";
    serve(move |_| Ok((headers.to_owned(), EXPOSED.into())))
}

#[test]
fn theirs_are_ours() {
    let Some(bin) = binaries() else { return };
    let data = tempfile::tempdir().unwrap();
    // Old blocks beside a head that it fills by scraping.
    export(&store(), data.path(), &ExportOptions::default(), &mut |_| ()).unwrap();
    let server = start(&bin, data.path(), Some(expose()));
    let deadline = Instant::now() + Duration::from_secs(30);
    let begun = now();
    // Scrapes give it samples; what is waited for is that enough are there.
    while ask(&server, "count_over_time(peer_info[1m]) >= 5", now(), now(), 1_000).len() < 2 {
        assert!(Instant::now() < deadline, "nothing was scraped");
        std::thread::sleep(Duration::from_millis(200));
    }
    // A delete in a block and one in the head, as the API makes them.
    let at = (START_MS + 1_000_000) / 1000;
    for (selector, from, to) in
        [("q_total", at, at + 1_000), ("peer_info{a=\"2\"}", 0, now() / 1000)]
    {
        let path = format!(
            "/api/v1/admin/tsdb/delete_series?match[]={}&start={from}&end={to}",
            escape(selector)
        );
        server.post(&path).unwrap();
    }
    let until = now() - 1_000;
    let mut asked: Vec<(String, i64, i64, i64)> = Vec::new();
    let end = START_MS + SAMPLES * STEP_MS;
    asked.extend(queries().into_iter().map(|query| (query, START_MS, end, 61_000)));
    let scraped = [
        r#"{__name__=~"peer_.+"}"#,
        "rate(peer_seconds_bucket[3s])",
        "count_over_time(peer_info[1m])",
        "up",
    ];
    asked.extend(scraped.map(|query| (query.to_owned(), begun, until, 500)));
    let theirs: Vec<Answer> = asked
        .iter()
        .map(|(query, start, end, step)| ask(&server, query, *start, *end, *step))
        .collect();
    drop(server);
    let directory = Directory::open(data.path()).unwrap();
    let ours_directory = tempfile::tempdir().unwrap();
    let db = Tsdb::builder(ours_directory.path().join("db"))
        .out_of_order(OutOfOrder::Refuse)
        .open()
        .unwrap();
    let imported = import(&directory, &db, &ImportOptions::default(), &mut |_| ()).unwrap();
    assert_eq!((imported.refused, imported.series_refused), (0, 0), "{imported:?}");
    assert!(imported.exemplars > 0 && imported.metadata > 0, "{imported:?}");
    let exemplars = db.query_exemplars(&[vec![]], MillisRange::ALL, &QueryContext::new());
    assert!(!exemplars.unwrap().is_empty());
    assert_eq!(db.metadata("peer_info").unwrap().help, "what it is");
    for ((query, start, end, step), theirs) in asked.iter().zip(&theirs) {
        assert_same(query, theirs, &ours(&directory, query, *start, *end, *step));
        assert_same(query, theirs, &ours(&db, query, *start, *end, *step));
    }
}
