//! Scrapes: what is stored, what becomes stale, what is reported.
#![cfg(test)]

mod support;

use std::time::Duration;

use support::Metrics;
use telemetry_core::labels;
use telemetry_core::labels::METRIC_NAME;
use telemetry_core::model::{STALE_BITS, SampleValue};
use telemetry_core::sink::RefusalReason;
use wire::prometheus::Format;
use wire::relabel::{Action, RelabelConfig, Relabeling};
use wire::scrape::{Scrape, ScrapeError, ScrapeOptions, Scraped};

const TEXT: &str = "text/plain; version=0.0.4";
const OPEN: &str = "application/openmetrics-text; version=1.0.0";
const DURATION: Duration = Duration::from_millis(250);

/// A target and the store that its samples go to.
struct Target {
    scrape: Scrape,
    sink: Metrics,
}

fn scrape(options: ScrapeOptions) -> Target {
    let target = labels! { "job" => "node", "instance" => "a:9100" };
    Target { scrape: Scrape::new(target, options), sink: Metrics::default() }
}

/// What a scrape stored, without the target's labels: `name{…} value @time`.
fn lines(sink: &Metrics) -> Vec<String> {
    let line = |sample: &support::Appended| {
        let value = match &sample.value {
            SampleValue::Float(value) if value.to_bits() == STALE_BITS => "stale".to_owned(),
            SampleValue::Float(value) => value.to_string(),
            SampleValue::Histogram(histogram) => format!("histogram {}", histogram.count),
        };
        let name = sample.labels.name().unwrap_or_default();
        let labels = sample.labels.without(&[METRIC_NAME, "job", "instance"]);
        format!("{name}{labels} {value} @{}", sample.time)
    };
    sink.samples.iter().map(line).collect()
}

/// Scrapes `body` at `time`; what the body gave, and the reported values.
fn ingest(
    target: &mut Target,
    body: &str,
    content_type: &str,
    time: i64,
) -> (Scraped, Vec<String>, Vec<f64>) {
    let Target { scrape, sink } = target;
    let scraped = scrape.ingest(body.as_bytes(), content_type, time, DURATION, sink).unwrap();
    let (lines, reported) = split(sink);
    (scraped, lines, reported)
}

/// Takes what one scrape left.
fn split(sink: &mut Metrics) -> (Vec<String>, Vec<f64>) {
    assert_eq!(std::mem::take(&mut sink.commits), 1);
    let names = [
        "up",
        "scrape_duration_seconds",
        "scrape_samples_scraped",
        "scrape_samples_post_metric_relabeling",
        "scrape_series_added",
    ];
    let mut all = lines(sink);
    sink.samples.clear();
    let reported = all.split_off(all.len() - names.len());
    let value = |(line, name): (String, &str)| {
        let value = line.strip_prefix(name).unwrap().strip_prefix("{} ").unwrap();
        let value = value.split(' ').next().unwrap();
        value.parse().unwrap_or(f64::NEG_INFINITY)
    };
    (all, reported.into_iter().zip(names).map(value).collect())
}

#[test]
fn a_scrape_reports_itself_and_marks_what_disappears() {
    let mut target = scrape(ScrapeOptions::default());
    let (scraped, stored, reported) =
        ingest(&mut target, "a 1\nb{x=\"y\"} 2\nc 3 500\n", TEXT, 1_000);
    assert!(scraped.error.is_none() && scraped.refused.is_empty());
    assert_eq!(stored, ["a{} 1 @1000", r#"b{x="y"} 2 @1000"#, "c{} 3 @500"]);
    assert_eq!(reported, [1.0, 0.25, 3.0, 3.0, 3.0]);
    // `c` has a time of its own, so that its disappearance says nothing.
    let (_, stored, reported) = ingest(&mut target, "a 5\n", TEXT, 2_000);
    assert_eq!(stored, ["a{} 5 @2000", r#"b{x="y"} stale @2000"#]);
    assert_eq!(reported, [1.0, 0.25, 1.0, 1.0, 0.0]);
    let (_, stored, reported) = ingest(&mut target, "a 5\nb{x=\"y\"} 2\n", TEXT, 3_000);
    assert_eq!(stored, ["a{} 5 @3000", r#"b{x="y"} 2 @3000"#]);
    assert_eq!(reported[4], 1.0);
}

#[test]
fn a_failed_scrape_makes_everything_stale_once() {
    let mut target = scrape(ScrapeOptions::default());
    drop(ingest(&mut target, "a 1\n", TEXT, 1_000));
    let (scraped, stored, reported) = ingest(&mut target, "b 1\na 2\n-\n", TEXT, 2_000);
    assert!(matches!(scraped.error, Some(ScrapeError::Format(_))));
    assert_eq!(stored, ["a{} stale @2000"]);
    assert_eq!(reported, [0.0, 0.25, 2.0, 2.0, 1.0]);
    let (_, stored, _) = ingest(&mut target, "a 2\n-\n", TEXT, 3_000);
    assert_eq!(stored, [""; 0]);
    let scraped = target.scrape.fail(4_000, DURATION, &mut target.sink).unwrap();
    assert!(matches!(scraped.error, Some(ScrapeError::NotFetched)));
    assert_eq!(split(&mut target.sink), (vec![], vec![0.0, 0.25, 0.0, 0.0, 0.0]));
    let (_, stored, reported) = ingest(&mut target, "a 3\n", TEXT, 5_000);
    assert_eq!((stored, reported[0]), (vec!["a{} 3 @5000".to_owned()], 1.0));
    let Target { scrape, mut sink } = target;
    assert_eq!(scrape.end(6_000, &mut sink).unwrap().stale, 1);
    assert_eq!(lines(&sink)[..2], ["a{} stale @6000", "up{} stale @6000"]);
}

#[test]
fn labels_of_the_target_win_unless_honored() {
    let body = "a{job=\"own\",exported_job=\"x\",instance=\"\"} 1\n";
    let stored = |honor_labels| {
        let mut options = ScrapeOptions::default();
        options.honor_labels = honor_labels;
        let Target { mut scrape, mut sink } = scrape(options);
        drop(scrape.ingest(body.as_bytes(), TEXT, 1_000, DURATION, &mut sink).unwrap());
        sink.samples[0].labels.to_string()
    };
    assert_eq!(
        stored(false),
        r#"{__name__="a", exported_exported_job="own", exported_job="x", instance="a:9100", job="node"}"#
    );
    // An empty label of the target's name stays empty.
    assert_eq!(stored(true), r#"{__name__="a", exported_job="x", job="own"}"#);
}

#[test]
fn times_are_kept_only_where_honored() {
    let mut options = ScrapeOptions::default();
    options.honor_timestamps = false;
    let mut target = scrape(options);
    assert_eq!(ingest(&mut target, "a 1 5\n", TEXT, 1_000).1, ["a{} 1 @1000"]);
    assert_eq!(ingest(&mut target, "b 1\n", TEXT, 2_000).1[1..], ["a{} stale @2000"]);
    let mut options = ScrapeOptions::default();
    options.track_timestamps_staleness = true;
    let mut target = scrape(options);
    assert_eq!(ingest(&mut target, "a 1 5\n", TEXT, 1_000).1, ["a{} 1 @5"]);
    assert_eq!(ingest(&mut target, "b 1\n", TEXT, 2_000).1[1..], ["a{} stale @2000"]);
}

#[test]
fn relabeling_sees_the_labels_of_the_target() {
    let rule = |source: &str, regex: &str, action| RelabelConfig {
        source_labels: vec![source.to_owned()],
        regex: regex.to_owned(),
        action,
        ..RelabelConfig::default()
    };
    let mut options = ScrapeOptions::default();
    options.metric_relabeling = Relabeling::new([
        rule("job", "node", Action::Keep),
        rule(METRIC_NAME, "go_.*", Action::Drop),
    ])
    .unwrap();
    let mut target = scrape(options);
    let body = "go_a 1\ngo_b 2\na 3\n";
    for (time, added) in [(1_000, 1.0), (2_000, 0.0)] {
        let (_, stored, reported) = ingest(&mut target, body, TEXT, time);
        assert_eq!(stored, [format!("a{{}} 3 @{time}")]);
        assert_eq!(reported[2..], [3.0, 1.0, added]);
    }
}

#[test]
fn limits_fail_the_scrape_as_a_whole() {
    let fails = |change: fn(&mut ScrapeOptions), body: &str| {
        let mut options = ScrapeOptions::default();
        change(&mut options);
        let (scraped, stored, reported) = ingest(&mut scrape(options), body, TEXT, 1_000);
        assert_eq!((stored, reported[0]), (vec![], 0.0));
        (scraped.error.unwrap().to_string(), reported)
    };
    let (error, reported) = fails(|options| options.sample_limit = 2, "a 1\nb 1\nc 1\nd 1\n");
    assert_eq!((error.as_str(), &reported[2..]), ("more than 2 samples", &[4.0, 4.0, 2.0][..]));
    let (error, _) = fails(|options| options.label_limit = 3, "a{x=\"1\"} 1\n");
    assert_eq!(error, "a series of \"a\" has 4 labels, at most 3 are allowed");
    let (error, _) = fails(|options| options.label_name_length_limit = 8, "a{long_name=\"1\"} 1\n");
    assert!(error.contains("9 bytes of a label name"), "{error}");
    let (error, _) = fails(|options| options.label_value_length_limit = 6, "a{x=\"1234567\"} 1\n");
    assert!(error.contains("7 bytes of a label value"), "{error}");
    let (error, _) = fails(|options| options.body_size_limit = 3, "a 12");
    assert_eq!(error, "the body has 4 bytes, at most 3 are allowed");
    let (error, _) = fails(|_| {}, "a{x=\"1\",x=\"2\"} 1\n");
    assert_eq!(error, "a series has the label \"x\" twice");
}

#[test]
fn the_content_type_decides_and_a_fallback_helps() {
    let (scraped, ..) = ingest(&mut scrape(ScrapeOptions::default()), "a 1\n", "", 1_000);
    assert!(matches!(scraped.error, Some(ScrapeError::ContentType { .. })));
    let mut options = ScrapeOptions::default();
    options.fallback_format = Some(Format::Text);
    assert_eq!(ingest(&mut scrape(options), "a 1\n", "text/html", 1_000).1, ["a{} 1 @1000"]);
    let body = "# TYPE a counter\na_total 1 # {t=\"x\"} 0.5\na_created 0.5\n# EOF\n";
    let mut target = scrape(ScrapeOptions::default());
    assert_eq!(ingest(&mut target, body, OPEN, 1_000).1.len(), 2);
    let mut options = ScrapeOptions::default();
    options.created_as_start = true;
    let Target { mut scrape, mut sink } = scrape(options);
    drop(scrape.ingest(body.as_bytes(), OPEN, 1_000, DURATION, &mut sink).unwrap());
    assert_eq!((sink.samples[0].start, sink.exemplars.len(), sink.samples.len()), (500, 1, 6));
}

#[test]
fn a_series_twice_in_one_body_is_refused_once() {
    let mut target = scrape(ScrapeOptions::default());
    let (scraped, stored, reported) = ingest(&mut target, "a 1\na 2\n", TEXT, 1_000);
    assert_eq!(stored, ["a{} 1 @1000"]);
    assert_eq!(scraped.refused[0].reason, RefusalReason::Duplicate { time: 1_000 });
    assert_eq!(reported[2..], [2.0, 2.0, 1.0]);
}
