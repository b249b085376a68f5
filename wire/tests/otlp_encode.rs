//! Series that are encoded as OTLP come back as they were.
#![cfg(test)]

mod support;

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use proptest::prelude::*;
use prost::Message;
use support::{Appended, Metrics};
use telemetry_core::labels;
use telemetry_core::labels::Labels;
use telemetry_core::model::{
    BucketSpan, CUSTOM_BUCKETS_SCHEMA, CounterReset, Exemplar, Histogram, Metadata, MetricKind,
    STALE_MARKER, SampleValue,
};
use telemetry_core::sink::{MetricSink, RawLabels, RefusalReason};
use telemetry_core::syntax::number::format_f;
use telemetry_core::time::Millis;
use wire::otlp::{Encoding, MetricEncoder, MetricOptions, MetricReceiver, Translation};
use wire::prometheus::decode_text;

/// A metric with its series.
#[derive(Clone, Debug)]
struct Family {
    name: String,
    kind: MetricKind,
    samples: Vec<(Labels, i64, SampleValue, i64)>,
}

impl Family {
    fn feed(&self, sink: &mut dyn MetricSink) {
        let metadata = Metadata { kind: self.kind, unit: String::new(), help: "h".to_owned() };
        sink.metadata(&self.name, &metadata);
        for (labels, time, value, start) in &self.samples {
            let pairs: Vec<_> = labels.iter().collect();
            let series = sink.resolve(&RawLabels::new(&pairs)).unwrap();
            sink.append(series, *time, value.clone(), *start);
        }
    }
}

fn series(name: &str, of: &Labels) -> Labels {
    of.with("__name__", name)
}

fn label_sets() -> impl Strategy<Value = Labels> {
    let job = prop::sample::select(vec!["", "api", "shop/api", "a/b/c"]);
    let instance = prop::sample::select(vec!["", "10.0.0.1:80"]);
    (job, instance, prop::sample::select(vec!["", "x", "ü\n\""])).prop_map(
        |(job, instance, own)| {
            [("job", job), ("instance", instance), ("own", own)].into_iter().collect()
        },
    )
}

fn times() -> impl Strategy<Value = (i64, i64)> {
    (0..4_i64, 0..3_i64).prop_map(|(time, start)| (1_700_000_000_000 + time * 15_000, start * 7))
}

fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-1_000..1_000_i32).prop_map(|n| f64::from(n) / 8.0),
        1 => prop::sample::select(vec![STALE_MARKER, f64::INFINITY, 0.0, 1e300]),
    ]
}

fn numbers() -> impl Strategy<Value = Family> {
    let counter = prop::bool::ANY;
    let samples = prop::collection::vec((label_sets(), times(), floats()), 1..6);
    (counter, 0..3, samples).prop_map(|(is_counter, number, samples)| {
        let kind = if is_counter { MetricKind::Counter } else { MetricKind::Gauge };
        let name = if is_counter { format!("c{number}_total") } else { format!("g{number}") };
        let of = |(labels, (time, start), value): (Labels, (i64, i64), f64)| {
            let start = if is_counter { start } else { 0 };
            (series(&name, &labels), time, value.into(), start)
        };
        Family { kind, samples: samples.into_iter().map(of).collect(), name: name.clone() }
    })
}

type Times = (i64, i64);
type Buckets = (Vec<BucketSpan>, Vec<f64>);
type Native = (Labels, Times, i32, Buckets, Buckets, u32, f64);
type Custom = (Labels, Times, u32, Vec<u32>, f64);

fn spans() -> impl Strategy<Value = Buckets> {
    let span = (0..5_i32, 1..4_u32);
    let spans = prop::collection::vec(span, 0..4);
    (spans, -20..20_i32, prop::collection::vec(0..9_u32, 16)).prop_map(|(spans, first, counts)| {
        let span = |(at, (offset, length)): (usize, (i32, u32))| BucketSpan {
            offset: if at == 0 { first } else { offset },
            length,
        };
        let spans: Vec<_> = spans.into_iter().enumerate().map(span).collect();
        let covered: u32 = spans.iter().map(|span| span.length).sum();
        let buckets = counts.into_iter().take(covered as usize).map(f64::from).collect();
        (spans, buckets)
    })
}

fn natives() -> impl Strategy<Value = Family> {
    let one = (label_sets(), times(), -4..9_i32, spans(), spans(), 0..9_u32, floats());
    prop::collection::vec(one, 1..4).prop_map(|samples| {
        let of = |(labels, (time, start), schema, positive, negative, zeros, sum): Native| {
            let histogram = Histogram {
                schema,
                zero_threshold: 1e-128,
                zero_count: zeros.into(),
                count: f64::from(zeros) + positive.1.iter().chain(&negative.1).sum::<f64>(),
                sum: if sum.is_nan() { 0.5 } else { sum },
                positive_spans: positive.0,
                positive_buckets: positive.1,
                negative_spans: negative.0,
                negative_buckets: negative.1,
                ..Histogram::default()
            };
            (series("native", &labels), time, SampleValue::Histogram(Arc::new(histogram)), start)
        };
        let samples = samples.into_iter().map(of).collect();
        Family { name: "native".to_owned(), kind: MetricKind::Histogram, samples }
    })
}

fn customs() -> impl Strategy<Value = Family> {
    let one = (label_sets(), times(), 0..4_u32, prop::collection::vec(0..9_u32, 5), floats());
    prop::collection::vec(one, 1..4).prop_map(|samples| {
        let of = |(labels, (time, start), bounds, counts, sum): Custom| {
            let buckets: Vec<f64> =
                counts.into_iter().take(bounds as usize + 1).map(f64::from).collect();
            let histogram = Histogram {
                schema: CUSTOM_BUCKETS_SCHEMA,
                count: buckets.iter().sum(),
                sum,
                positive_spans: vec![BucketSpan { offset: 0, length: bounds + 1 }],
                positive_buckets: buckets,
                custom_bounds: (0..bounds).map(|n| f64::from(n) - 0.5).collect(),
                ..Histogram::default()
            };
            (series("custom", &labels), time, SampleValue::Histogram(Arc::new(histogram)), start)
        };
        let samples = samples.into_iter().map(of).collect();
        Family { name: "custom".to_owned(), kind: MetricKind::Histogram, samples }
    })
}

/// Classic histograms and summaries. Some of them do not fit together.
fn classics() -> impl Strategy<Value = Family> {
    let one = (label_sets(), times(), prop::collection::vec(0..9_u32, 1..5), 0..12_u32, floats());
    (prop::collection::vec(one, 1..4), prop::bool::ANY).prop_map(|(points, is_histogram)| {
        let (name, kind) = match is_histogram {
            true => ("classic", MetricKind::Histogram),
            false => ("summary", MetricKind::Summary),
        };
        let mut samples = Vec::new();
        for (labels, (time, start), counts, fault, sum) in points {
            let is_stale = sum.to_bits() == STALE_MARKER.to_bits();
            let stale = |value: f64| if is_stale { STALE_MARKER } else { value };
            let mut push = |suffix: &str, bound: Option<(&str, String)>, value: f64| {
                let mut labels = series(&format!("{name}{suffix}"), &labels);
                if let Some((label, bound)) = bound {
                    labels = labels.with(label, &bound);
                }
                samples.push((labels, time, stale(value).into(), start));
            };
            let all: u32 = counts.iter().sum();
            let mut total = 0;
            for (at, count) in (0_u32..).zip(&counts) {
                total += count;
                let is_last = at as usize + 1 == counts.len();
                let bound =
                    if is_last && is_histogram { f64::INFINITY } else { f64::from(at) / 8.0 };
                let bound = format_f(bound);
                match is_histogram {
                    true => push("_bucket", Some(("le", bound)), total.into()),
                    false => push("", Some(("quantile", bound)), f64::from(*count) - 0.5),
                }
            }
            push("_sum", None, sum);
            // Counts that are no integers, or another than that of the last bucket.
            let count = f64::from(all);
            let fault = [0.5, 3.0].get(fault as usize).copied().unwrap_or_default();
            push("_count", None, count + fault);
        }
        Family { name: name.to_owned(), kind, samples }
    })
}

/// Everything that tells samples apart, in an order that does not matter.
fn told(samples: &[Appended]) -> Vec<String> {
    let told = |sample: &Appended| {
        let Appended { labels, time, value, start } = sample;
        let value = match value {
            _ if value.is_stale() => "stale".to_owned(),
            SampleValue::Float(value) => format!("{value:?}"),
            SampleValue::Histogram(it) => {
                let filled = |buckets: &mut dyn Iterator<Item = (i32, f64)>| {
                    buckets.filter(|bucket| bucket.1 != 0.0).collect::<Vec<_>>()
                };
                let (positive, negative) = (filled(&mut it.positive()), filled(&mut it.negative()));
                let bounds = &it.custom_bounds;
                let rest = (it.schema, it.zero_threshold, it.zero_count, it.count, it.sum);
                format!("{rest:?} {positive:?} {negative:?} {bounds:?}")
            }
        };
        format!("{labels} {value} @{time} from {start}")
    };
    let mut all: Vec<_> = samples.iter().map(told).collect();
    all.sort();
    all
}

fn encoded(families: &[Family], encoding: Encoding) -> Vec<u8> {
    let mut encoder = MetricEncoder::new();
    families.iter().for_each(|family| family.feed(&mut encoder));
    assert!(encoder.commit().unwrap().is_complete());
    let request = encoder.take(encoding);
    assert!(encoder.is_empty());
    request
}

fn decoded(request: &[u8], encoding: Encoding, options: &MetricOptions) -> Metrics {
    let mut receiver = MetricReceiver::new(Metrics::default(), options.clone());
    assert!(receiver.receive(request, encoding).unwrap().is_complete());
    receiver.into_sink()
}

fn check_round_trip(families: &[Family], options: &MetricOptions) -> Result<(), TestCaseError> {
    let mut expected = Metrics::default();
    families.iter().for_each(|family| family.feed(&mut expected));
    let expected = told(&expected.samples);
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let request = encoded(families, encoding);
        prop_assert_eq!(&told(&decoded(&request, encoding, options).samples), &expected);
    }
    // The reference reads it and writes the same again.
    let request = encoded(families, Encoding::Protobuf);
    let reference = ExportMetricsServiceRequest::decode(&*request).unwrap();
    let again = decoded(&reference.encode_to_vec(), Encoding::Protobuf, options);
    prop_assert_eq!(&told(&again.samples), &expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn classic_series_come_back(
        families in prop::collection::vec(prop_oneof![numbers(), natives(), classics()], 0..5),
    ) {
        check_round_trip(&families, &MetricOptions::default())?;
    }

    #[test]
    fn custom_buckets_and_any_name_come_back_where_the_receiver_keeps_them(
        mut families in prop::collection::vec(prop_oneof![numbers(), natives(), customs()], 0..5),
    ) {
        for family in &mut families {
            let renamed = |labels: &Labels| series(&format!("{}.ü", labels.name().unwrap()), labels);
            family.name += ".ü";
            family.samples.iter_mut().for_each(|sample| sample.0 = renamed(&sample.0));
        }
        let mut options = MetricOptions::default();
        options.translation = Translation::NoTranslation;
        options.histograms_as_custom_buckets = true;
        check_round_trip(&families, &options)?;
    }
}

/// The metrics of a request by the reference's types.
fn metrics(request: &[u8]) -> Vec<Metric> {
    let request = ExportMetricsServiceRequest::decode(request).unwrap();
    let scopes = request.resource_metrics.into_iter().flat_map(|group| group.scope_metrics);
    scopes.flat_map(|group| group.metrics).collect()
}

/// An exposition, sent on as OTLP.
fn forwarded(text: &str) -> Vec<u8> {
    let mut encoder = MetricEncoder::new();
    let target = [("job", "shop/api"), ("instance", "a:1")];
    let outcome = decode_text(text.as_bytes(), Millis(1_000), &target, &mut encoder).unwrap();
    assert!(outcome.is_complete());
    encoder.take(Encoding::Protobuf)
}

#[test]
fn an_exposition_becomes_metrics_of_one_resource() {
    let request = forwarded(concat!(
        "# HELP took_seconds Time.\n# TYPE took_seconds histogram\n# UNIT took_seconds seconds\n",
        "took_seconds_bucket{le=\"0.5\"} 1\ntook_seconds_bucket{le=\"+Inf\"} 3\n",
        "took_seconds_sum 2.5\ntook_seconds_count 3\n",
        "# TYPE size summary\nsize{quantile=\"0.5\"} 7\nsize_sum 9\nsize_count 2\n",
        "# TYPE hits_total counter\nhits_total 4\n# TYPE up gauge\nup 1\nfree 2\nerrors_total 5\n",
        "target_info{version=\"1\"} 1\n",
    ));
    let decoded = ExportMetricsServiceRequest::decode(&*request).unwrap();
    let [resource] = &decoded.resource_metrics[..] else { panic!("{decoded:?}") };
    let attributes = &resource.resource.as_ref().unwrap().attributes;
    let keys: Vec<_> = attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    let expected = ["service.name", "service.namespace", "service.instance.id", "version"];
    assert_eq!(keys, expected);
    let metrics = metrics(&request);
    let names: Vec<_> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["took_seconds", "size", "hits_total", "up", "free", "errors_total"]);
    let Some(Data::Histogram(histogram)) = &metrics[0].data else { panic!("{:?}", metrics[0]) };
    let point = &histogram.data_points[0];
    assert_eq!((&*point.bucket_counts, &*point.explicit_bounds), (&[1, 2][..], &[0.5][..]));
    assert_eq!((point.count, point.sum, point.time_unix_nano), (3, Some(2.5), 1_000_000_000));
    assert_eq!((metrics[0].unit.as_str(), metrics[0].description.as_str()), ("", "Time."));
    assert_eq!(histogram.aggregation_temporality, 2);
    let Some(Data::Summary(summary)) = &metrics[1].data else { panic!("{:?}", metrics[1]) };
    assert_eq!(summary.data_points[0].quantile_values[0].value, 7.0);
    for (at, is_sum) in [(2, true), (3, false), (4, false), (5, true)] {
        let data = metrics[at].data.as_ref().unwrap();
        assert_eq!(matches!(data, Data::Sum(sum) if sum.is_monotonic), is_sum, "{at}");
        assert_eq!(matches!(data, Data::Gauge(_)), !is_sum, "{at}");
    }
}

#[test]
fn parts_that_do_not_fit_together_keep_their_names() {
    let text = "# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_count 2\n";
    let request = forwarded(text);
    let kept = |metric: &Metric| {
        let Some(Data::Sum(sum)) = &metric.data else { panic!("{metric:?}") };
        assert!(!sum.is_monotonic);
        (metric.name.clone(), sum.data_points.len())
    };
    let kept: Vec<_> = metrics(&request).iter().map(kept).collect();
    assert_eq!(kept, [("h_bucket".to_owned(), 2), ("h_count".to_owned(), 1)]);
}

#[test]
fn exemplars_go_with_their_points() {
    let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let mut encoder = MetricEncoder::new();
    let hits = encoder.series(&labels! { "__name__" => "hits_total" }).unwrap();
    let exemplar = |value, time, labels| Exemplar { labels, value, time: Millis(time) };
    let first =
        exemplar(1.0, 900, labels! { "trace_id" => trace, "span_id" => span, "user" => "u" });
    let late = exemplar(2.0, 5_000, labels! { "trace_id" => "not hex" });
    for time in [1_000, 2_000] {
        encoder.append(hits, time, 1.0.into(), 0);
    }
    encoder.exemplar(hits, late.clone());
    encoder.exemplar(hits, first.clone());
    let request = encoder.take(Encoding::Protobuf);
    let Some(Data::Sum(sum)) = &metrics(&request)[0].data else { panic!() };
    let values: Vec<Vec<f64>> = (sum.data_points.iter())
        .map(|point| point.exemplars.iter().map(|it| f64::from_bits(bits(it))).collect())
        .collect();
    assert_eq!(values, [[1.0], [2.0]]);
    let sink = decoded(&request, Encoding::Protobuf, &MetricOptions::default());
    let found: Vec<_> = sink.exemplars.into_iter().map(|(_, exemplar)| exemplar).collect();
    assert_eq!(found, [first, late]);
    assert!(metrics(&encoder.take(Encoding::Protobuf)).is_empty(), "nothing is sent twice");
}

fn bits(exemplar: &opentelemetry_proto::tonic::metrics::v1::Exemplar) -> u64 {
    use opentelemetry_proto::tonic::metrics::v1::exemplar::Value;
    match exemplar.value {
        Some(Value::AsDouble(value)) => value.to_bits(),
        _ => 0,
    }
}

#[test]
fn a_stale_histogram_has_no_buckets() {
    let spans = [0, 1 << 20].map(|offset| BucketSpan { offset, length: 1 });
    let stale = Histogram {
        sum: STALE_MARKER,
        positive_spans: spans.to_vec(),
        positive_buckets: vec![1.0, 1.0],
        ..Histogram::default()
    };
    let mut encoder = MetricEncoder::new();
    let series = encoder.series(&labels! { "__name__" => "h" }).unwrap();
    encoder.append(series, 1, SampleValue::Histogram(Arc::new(stale)), 0);
    assert!(encoder.commit().unwrap().is_complete());
    let request = encoder.take(Encoding::Protobuf);
    assert!(request.len() < 100, "{}", request.len());
    let back = decoded(&request, Encoding::Protobuf, &MetricOptions::default());
    assert!(back.samples.len() == 1 && back.samples[0].value.is_stale());
}

#[test]
fn what_otlp_cannot_say_is_refused() {
    let mut encoder = MetricEncoder::new();
    assert!(encoder.series(&labels! { "job" => "x" }).is_err());
    let nameless = encoder.series(&labels! { "__name__" => "h", "" => "v" });
    assert_eq!(nameless, Err(RefusalReason::InvalidLabel { name: String::new() }));
    let series = encoder.series(&labels! { "__name__" => "h" }).unwrap();
    let bucket = |offset| BucketSpan { offset, length: 1 };
    let fraction = Histogram { count: 0.5, ..Histogram::default() };
    let gauge = Histogram { counter_reset: CounterReset::Gauge, ..Histogram::default() };
    let wide = Histogram {
        count: 2.0,
        positive_spans: vec![bucket(-1_000_000), bucket(2_000_000)],
        positive_buckets: vec![1.0; 2],
        ..Histogram::default()
    };
    let broken = Histogram { positive_buckets: vec![1.0], ..Histogram::default() };
    for histogram in [fraction, gauge, wide, broken] {
        encoder.append(series, 1, SampleValue::Histogram(Arc::new(histogram)), 0);
    }
    encoder.append(series, -1, 1.0.into(), 0);
    encoder.append(series, i64::MAX, 1.0.into(), 0);
    encoder.append(series, 1, 1.0.into(), 0);
    let committed = encoder.commit().unwrap();
    let reasons: Vec<_> = committed.refused.iter().map(|refusal| &refusal.reason).collect();
    assert!(matches!(
        reasons[..],
        [
            RefusalReason::Unsupported { .. },
            RefusalReason::Unsupported { .. },
            RefusalReason::TooMany { .. },
            RefusalReason::Malformed { .. },
            RefusalReason::InvalidTime { time: -1 },
            RefusalReason::InvalidTime { .. },
        ]
    ));
    assert_eq!(committed.stored, 1);
}
