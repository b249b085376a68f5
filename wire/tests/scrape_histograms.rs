//! Histograms of a scrape: converted, limited, in the forms that were asked for.
#![cfg(test)]

mod support;

use std::time::Duration;

use proptest::prelude::*;
use support::Metrics;
use telemetry_core::labels;
use telemetry_core::model::{CUSTOM_BUCKETS_SCHEMA, Histogram, SampleValue};
use telemetry_core::sink::RefusalReason;
use wire::prometheus::{Entry, Exposed, ExposedValue, ExpositionWriter, Format};
use wire::scrape::{Scrape, ScrapeError, ScrapeOptions, Scraped};

const TEXT: &str = "text/plain; version=0.0.4";
const OPEN: &str = "application/openmetrics-text; version=1.0.0";

fn scrape(
    change: impl FnOnce(&mut ScrapeOptions),
    body: &[u8],
    content_type: &str,
) -> (Scraped, Metrics) {
    let mut options = ScrapeOptions::default();
    change(&mut options);
    let mut sink = Metrics::default();
    let mut scrape = Scrape::new(labels! { "job" => "j" }, options);
    let scraped = scrape.ingest(body, content_type, 1_000, Duration::ZERO, &mut sink).unwrap();
    sink.samples.retain(|sample| {
        let name = sample.labels.name().unwrap_or_default();
        !name.starts_with("scrape_") && name != "up"
    });
    (scraped, sink)
}

fn converting(options: &mut ScrapeOptions) {
    options.convert_classic_histograms_to_nhcb = true;
}

/// A line per sample: name, labels but the job, and value; a histogram by bounds and populations.
fn lines(sink: &Metrics) -> Vec<String> {
    let line = |sample: &support::Appended| {
        let labels = sample.labels.without(&["__name__", "job"]);
        let value = match &sample.value {
            SampleValue::Float(value) => value.to_string(),
            SampleValue::Histogram(it) => {
                let buckets: Vec<_> = it.positive().filter(|bucket| bucket.1 > 0.0).collect();
                format!("{:?} {buckets:?} count {} sum {}", it.custom_bounds, it.count, it.sum)
            }
        };
        format!("{}{labels} {value}", sample.labels.name().unwrap_or_default())
    };
    sink.samples.iter().map(line).collect()
}

#[test]
fn classic_histograms_become_native_ones_with_custom_buckets() {
    let body = concat!(
        "# TYPE h histogram\n",
        "h_bucket{a=\"x\",le=\"0.5\"} 1\nh_bucket{a=\"x\",le=\"1\"} 1\nh_bucket{a=\"x\",le=\"+Inf\"} 4\n",
        "h_sum{a=\"x\"} 7.5\nh_count{a=\"x\"} 4\n",
        "h_count{a=\"y\"} 2.5\nh_bucket{le=\"1\",a=\"y\"} 2.5\n",
        "h_other 1\n# TYPE c counter\nc_count 3\n",
    );
    let (scraped, sink) = scrape(converting, body.as_bytes(), TEXT);
    assert!(scraped.error.is_none());
    assert_eq!(
        lines(&sink),
        [
            r#"h{a="x"} [0.5, 1.0] [(0, 1.0), (2, 3.0)] count 4 sum 7.5"#,
            r#"h{a="y"} [1.0] [(0, 2.5)] count 2.5 sum 0"#,
            "h_other{} 1",
            "c_count{} 3",
        ]
    );
    assert_eq!((scraped.samples, scraped.series_added), (4, 4));
    let both = |options: &mut ScrapeOptions| {
        converting(options);
        options.always_scrape_classic_histograms = true;
    };
    let (scraped, _) = scrape(both, body.as_bytes(), TEXT);
    assert_eq!(scraped.samples, 11);
}

#[test]
fn a_histogram_that_is_none_is_left_out() {
    for body in [
        "h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\nh_count 2\n",
        "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 2\nh_count 2\n",
        "h_bucket{le=\"+Inf\"} 2\nh_count 3\n",
        "h_bucket{le=\"1\"} -2\nh_count 3\n",
        "h_count -3\n",
        "h_sum 3\n",
    ] {
        let (_, sink) = scrape(converting, format!("# TYPE h histogram\n{body}").as_bytes(), TEXT);
        assert_eq!(lines(&sink), [""; 0], "{body}");
    }
    // What is no histogram, or not of this family, stays what it is.
    for body in ["# TYPE h gauge\nh_count 1\n", "h_count 1\n", "# TYPE g histogram\nh_count 1\n"] {
        assert_eq!(lines(&scrape(converting, body.as_bytes(), TEXT).1), ["h_count{} 1"], "{body}");
    }
}

#[test]
fn start_and_exemplars_go_along() {
    let body = concat!(
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {t=\"a\"} 0.5 0.25\nh_bucket{le=\"+Inf\"} 1\n",
        "h_sum 0.5\nh_count 1\nh_created 0.125\n# EOF\n",
    );
    let change = |options: &mut ScrapeOptions| {
        converting(options);
        options.created_as_start = true;
    };
    let (_, sink) = scrape(change, body.as_bytes(), OPEN);
    let [sample] = &sink.samples[..] else { panic!("{:?}", sink.samples) };
    assert_eq!((sample.start, sample.time), (125, 1_000));
    assert_eq!(sink.exemplars[0].1.value, 0.5);
}

/// A native histogram of this schema with a bucket each from `first` on, in protobuf.
fn native(schema: i32, first: i32, populations: &[f64]) -> Vec<u8> {
    let histogram = Histogram {
        schema,
        count: populations.iter().sum(),
        positive_spans: vec![telemetry_core::model::BucketSpan {
            offset: first,
            length: u32::try_from(populations.len()).unwrap(),
        }],
        positive_buckets: populations.to_vec(),
        ..Histogram::default()
    };
    let mut writer = ExpositionWriter::new(Format::Protobuf);
    let kind = telemetry_core::model::MetricKind::Histogram;
    writer.write(Entry::Type { family: "n", kind }).unwrap();
    let exposed = Exposed {
        name: "n",
        labels: &[],
        value: ExposedValue::Histogram(&histogram.into()),
        time: None,
        start: 0,
        exemplars: &[],
        kind,
    };
    writer.write(Entry::Sample(exposed)).unwrap();
    writer.finish()
}

fn scraped_native(
    change: impl FnOnce(&mut ScrapeOptions),
    body: &[u8],
) -> Result<Histogram, ScrapeError> {
    let change = |options: &mut ScrapeOptions| {
        options.scrape_native_histograms = true;
        change(options);
    };
    let (scraped, sink) = scrape(change, body, Format::Protobuf.content_type());
    match (scraped.error, sink.samples.first().map(|sample| &sample.value)) {
        (None, Some(SampleValue::Histogram(histogram))) => Ok(Histogram::clone(histogram)),
        (error, _) => Err(error.unwrap()),
    }
}

#[test]
fn native_histograms_are_made_coarser_until_they_fit() {
    let body = native(3, 1, &[1.0; 16]);
    let limited = |limit| scraped_native(|it| it.native_histogram_bucket_limit = limit, &body);
    for (limit, schema, buckets) in [(0, 3, 16), (16, 3, 16), (15, 2, 8), (7, 1, 4), (1, -1, 1)] {
        let histogram = limited(limit).unwrap();
        assert_eq!((histogram.schema, histogram.positive_buckets.len()), (schema, buckets));
        assert_eq!(histogram.positive_buckets.iter().sum::<f64>(), 16.0);
    }
    let wide = native(-4, 1, &[1.0; 3]);
    let error = scraped_native(|it| it.native_histogram_bucket_limit = 2, &wide).unwrap_err();
    assert_eq!(error.to_string(), "a native histogram of \"n\" has more than 2 buckets");
    let coarser = scraped_native(|it| it.native_histogram_min_bucket_factor = 1.5, &body).unwrap();
    assert_eq!(coarser.schema, 0);
    let custom = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\nh_count 3\n";
    let change = |options: &mut ScrapeOptions| {
        converting(options);
        options.native_histogram_bucket_limit = 2;
    };
    let (scraped, _) = scrape(change, custom.as_bytes(), TEXT);
    assert!(matches!(scraped.error, Some(ScrapeError::BucketLimit { limit: 2, .. })));
}

#[test]
fn names_may_have_to_be_classic_and_times_may_not_be_far_ahead() {
    let legacy = |options: &mut ScrapeOptions| options.legacy_names = true;
    for (body, name) in [("{\"a.b\"} 1\n", "a.b"), ("a{\"b.c\"=\"x\"} 1\n", "b.c")] {
        assert!(scrape(|_| {}, body.as_bytes(), TEXT).0.error.is_none());
        let error = scrape(legacy, body.as_bytes(), TEXT).0.error.unwrap().to_string();
        assert_eq!(error, format!("{name:?} is not a valid name of a metric or label"));
    }
    let (scraped, sink) = scrape(|_| {}, b"a 1 601000\nb 1 601001\n", TEXT);
    assert_eq!(lines(&sink), ["a{} 1"]);
    let reason = RefusalReason::TooNew { time: 601_001, newest: 601_000 };
    assert_eq!(scraped.refused[0].reason, reason);
    assert_eq!((scraped.samples_kept, scraped.series_added), (2, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The order of lines makes no difference, nor does a line that comes twice.
    #[test]
    fn a_histogram_is_converted_in_any_order(
        counts in prop::collection::vec(0..5_u32, 1..6),
        order in prop::collection::vec(any::<prop::sample::Index>(), 12),
        has_last in any::<bool>(),
    ) {
        let mut total = 0;
        let mut lines = Vec::new();
        for (at, count) in counts.iter().enumerate() {
            total += count;
            lines.push(format!("h_bucket{{le=\"{at}\"}} {total}\n"));
        }
        if has_last {
            lines.push(format!("h_bucket{{le=\"+Inf\"}} {total}\n"));
        }
        lines.push(format!("h_count {total}\n"));
        lines.push("h_sum 1.5\n".to_owned());
        for (at, index) in order.iter().enumerate() {
            let (at, other) = (at % lines.len(), index.index(lines.len()));
            lines.swap(at, other);
        }
        let twice = lines[order[0].index(lines.len())].clone();
        let body = format!("# TYPE h histogram\n{}{twice}", lines.concat());
        let (scraped, sink) = scrape(converting, body.as_bytes(), TEXT);
        prop_assert!(scraped.error.is_none());
        let [sample] = &sink.samples[..] else { panic!("{:?}", sink.samples) };
        let SampleValue::Histogram(histogram) = &sample.value else { panic!() };
        prop_assert_eq!(histogram.schema, CUSTOM_BUCKETS_SCHEMA);
        prop_assert_eq!(histogram.validate(), Ok(()));
        let expected: Vec<_> = (0..).zip(&counts).filter(|(_, count)| **count > 0)
            .map(|(at, count)| (at, f64::from(*count))).collect();
        let found: Vec<_> = histogram.positive().filter(|bucket| bucket.1 > 0.0).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!((histogram.count, histogram.sum), (f64::from(total), 1.5));
        prop_assert_eq!(histogram.custom_bounds.len(), counts.len());
    }
}
