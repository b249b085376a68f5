//! What is not decoded, not computed again and not looked at changes no answer: a source with every
//! shortcut gives what the plainest one gives, to the last bit; a range query gives at each step what
//! an instant query gives there.
#![cfg(test)]

mod chunked;
mod random;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chunked::Chunked;
use promql::{Engine, Error, Options, ParseOptions, Value};
use random::data::Data;
use random::{Numbers, cases};
use telemetry_core::labels;
use telemetry_core::model::{Histogram, STALE_MARKER, SampleValue};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{MemoryMetrics, MetricSource};
use telemetry_core::time::MillisRange;

/// Values by series and time.
type Points = BTreeMap<(String, i64), SampleValue>;

/// What an instant query cannot know, and what may choose among equals by the order of series.
const OF_RANGES: &[&str] = &["start()", "end()", "range()", "step()", "topk", "bottomk", "limitk"];

fn plain(data: &Data) -> MemoryMetrics {
    let mut source = MemoryMetrics::new();
    for (labels, samples) in data {
        for (time, value, start) in samples {
            source.insert_with_start(labels, *time, value.clone(), *start);
        }
    }
    source
}

fn points(value: &Value) -> Points {
    let mut points = Points::new();
    match value {
        Value::Scalar { time, value } => {
            points.insert((labels! {}.to_string(), time.0), (*value).into());
        }
        Value::Vector(elements) => {
            for element in elements {
                let key = (element.labels.to_string(), element.time.0);
                points.insert(key, element.value.clone());
            }
        }
        Value::Matrix(series) => {
            for one in series {
                let labels = one.labels.to_string();
                for (time, value) in &one.floats {
                    points.insert((labels.clone(), time.0), (*value).into());
                }
                for (time, value) in &one.histograms {
                    let value = SampleValue::Histogram(value.clone());
                    points.insert((labels.clone(), time.0), value);
                }
            }
        }
        Value::String { .. } => {}
    }
    points
}

/// Texts that are equal only if the values are, to the last bit; of NaN only that it is one.
fn bits(points: &Points) -> Vec<String> {
    let text = |((labels, time), value): (&(String, i64), &SampleValue)| match value {
        SampleValue::Float(value) if value.is_nan() => format!("{labels} {time} NaN"),
        SampleValue::Float(value) => format!("{labels} {time} {value:?} {:x}", value.to_bits()),
        SampleValue::Histogram(value) => format!("{labels} {time} {value:?}"),
    };
    points.iter().map(text).collect()
}

fn near(a: &SampleValue, b: &SampleValue) -> bool {
    let near = |a: f64, b: f64| {
        a == b
            || (a.is_nan() && b.is_nan())
            || (a - b).abs() <= 1e-9 * (a.abs() + b.abs()).max(1e-3)
    };
    match (a, b) {
        (SampleValue::Float(a), SampleValue::Float(b)) => near(*a, *b),
        (SampleValue::Histogram(a), SampleValue::Histogram(b)) => {
            near(a.count, b.count)
                && near(a.sum, b.sum)
                && a.schema == b.schema
                && a.positive_spans == b.positive_spans
                && a.positive_buckets.iter().zip(&b.positive_buckets).all(|(a, b)| near(*a, *b))
        }
        _ => false,
    }
}

struct Case {
    engine: Engine,
    query: String,
    range: MillisRange,
    step: i64,
}

impl Case {
    fn new(numbers: &mut Numbers) -> Self {
        let mut options = Options::default();
        options.parse = ParseOptions::EVERYTHING;
        options.start_timestamps = numbers.chance(1, 3);
        options.delayed_name_removal = numbers.chance(1, 4);
        let step = match numbers.below(3) {
            0 => 15_000,
            1 => 1_000 + numbers.below(120_000) as i64,
            _ => 300_000 + numbers.below(600_000) as i64,
        };
        let start = numbers.below(1_200) as i64 * 1_000;
        let steps = if numbers.chance(1, 4) { 0 } else { 1 + numbers.below(70) as i64 };
        let range = MillisRange::new(start, start + steps * step);
        Case { engine: Engine::new(options), query: random::query::query(numbers), range, step }
    }

    fn range(&self, source: &dyn MetricSource) -> Result<Points, Error> {
        let step = Duration::from_millis(self.step.unsigned_abs());
        let context = QueryContext::new();
        let result = self.engine.range(source, &self.query, self.range, step, &context)?;
        Ok(points(&result.value))
    }

    /// What instant queries at the steps give.
    fn instants(&self, source: &dyn MetricSource) -> Result<Points, Error> {
        let mut all = Points::new();
        let mut time = self.range.start.0;
        while time <= self.range.end.0 {
            let context = QueryContext::new();
            let result = self.engine.instant(source, &self.query, time, &context)?;
            all.extend(points(&result.value));
            time += self.step;
        }
        Ok(all)
    }
}

#[test]
fn shortcuts_and_sliding_change_no_answer() {
    let (mut answered, mut failed, mut refused) = (0, 0, 0);
    for seed in 0..cases(2_500) {
        let mut numbers = Numbers(seed.wrapping_mul(0x1234_5678_9abc_def1));
        let data = random::data::data(&mut numbers);
        let source = plain(&data);
        let sorted: Data = sorted(data);
        let chunked = Chunked::new(&sorted, 1 + numbers.below(20) as usize);
        for _ in 0..4 {
            let case = Case::new(&mut numbers);
            let query = &case.query;
            match (case.range(&source), case.range(&chunked)) {
                (Err(Error::Check { .. } | Error::Syntax { .. }), _) => refused += 1,
                (Err(a), Err(b)) => {
                    assert_eq!(a.message(), b.message(), "seed {seed}: {query}");
                    failed += 1;
                }
                (Ok(a), Ok(b)) => {
                    assert_eq!(bits(&a), bits(&b), "seed {seed}: {query}");
                    answered += usize::from(!a.is_empty());
                    // One step in a few is enough of the slow way.
                    if seed % 4 == 0 {
                        each_step_is_an_instant_query(seed, &case, &source, &a);
                    }
                }
                (a, b) => panic!("seed {seed}: {query}: {:?}, but {:?}", a.err(), b.err()),
            }
        }
    }
    let all = answered + failed + refused;
    assert!(answered * 2 > all, "{answered} of {all} have an answer, {refused} are no queries");
}

fn each_step_is_an_instant_query(seed: u64, case: &Case, source: &MemoryMetrics, found: &Points) {
    let query = &case.query;
    // Where names are dropped late, a series of a range has one name at all steps, as in Prometheus.
    let late = case.engine.options().delayed_name_removal;
    if late || OF_RANGES.iter().any(|word| query.contains(word)) {
        return;
    }
    let expected = match case.instants(source) {
        Ok(expected) => expected,
        Err(error) => panic!("seed {seed}: {query}: an answer, but {error} at one step"),
    };
    let keys: Vec<_> = found.keys().collect();
    assert_eq!(keys, expected.keys().collect::<Vec<_>>(), "seed {seed}: {query} {:?}", case.range);
    for ((key, found), expected) in found.iter().zip(expected.values()) {
        assert!(near(found, expected), "seed {seed}: {query} {key:?}: {found:?}, not {expected:?}");
    }
}

/// In the order in which the plain source has them.
fn sorted(mut data: Data) -> Data {
    data.sort_by(|a, b| a.0.cmp(&b.0));
    data
}

/// Three counters of 200 samples that were scraped together, one every 15 seconds.
fn counters() -> Data {
    let series = |number: i64| {
        let labels = labels! { "__name__" => "m_total", "number" => number.to_string() };
        let sample = |at: i64| (at * 15_000, SampleValue::Float((at * 3 + number) as f64 + 1.0), 0);
        (labels, (0..200).map(sample).collect())
    };
    (0..3).map(series).collect()
}

/// How many chunks are decoded for a range query over the last 100 samples.
fn decoded(query: &str, step: i64) -> usize {
    let data = counters();
    let source = Chunked::new(&data, 20);
    let case = Case {
        engine: Engine::default(),
        query: query.to_owned(),
        range: MillisRange::new(1_500_000 - 1, 3_000_000 - 1),
        step,
    };
    case.range(&source).unwrap();
    source.decoded.load(Ordering::Relaxed)
}

#[test]
fn a_selector_used_twice_is_decoded_once() {
    let once = decoded("rate(m_total[5m])", 60_000);
    assert_eq!(decoded("rate(m_total[5m]) / rate(m_total[5m])", 60_000), once);
    assert_eq!(decoded("rate(m_total[5m]) / m_total", 60_000), once);
    assert_eq!(decoded("m_total + m_total + m_total", 60_000), once);
}

#[test]
fn chunks_that_no_window_parts_are_not_decoded() {
    // Windows of 300 s hold 20 samples: exactly a chunk.
    for function in ["count", "present", "first", "last", "min", "max"] {
        let query = format!("{function}_over_time(m_total[5m])");
        assert_eq!(decoded(&query, 300_000), 0, "{function}");
        assert!(decoded(&query, 60_000) > 0, "{function}");
    }
    assert!(decoded("sum_over_time(m_total[5m])", 300_000) > 0);
}

/// The answer to a range query, which is that of the plainest source, and whether no chunk of 20
/// samples had to be decoded for it.
fn answer(data: &Data, query: &str, range: MillisRange) -> (Points, bool) {
    let source = Chunked::new(data, 20);
    let case = Case { engine: Engine::default(), query: query.to_owned(), range, step: 600_000 };
    let points = case.range(&source).unwrap();
    assert_eq!(bits(&points), bits(&case.range(&plain(data)).unwrap()), "{query} {range:?}");
    (points, source.decoded.load(Ordering::Relaxed) == 0)
}

#[test]
fn the_newest_sample_of_the_only_window_is_known_where_a_chunk_ends_in_it() {
    // A chunk ends every 300 s, the first at 285 s, the last of all at 2985 s.
    let data = counters();
    let last = |query: &str, time: i64| {
        let (points, is_known) = answer(&data, query, MillisRange::new(time, time));
        (points.into_values().next(), is_known)
    };
    let sample = |at: i64| Some(SampleValue::Float((at * 3) as f64 + 1.0));
    let query = "last_over_time(m_total[7m])";
    // Both windows begin inside a chunk, and the second one ends inside one as well.
    assert_eq!(last(query, 1_790_000), (sample(119), true));
    assert_eq!(last(query, 1_785_000), (sample(119), true));
    assert_eq!(last(query, 1_784_999), (sample(118), false));
    // The samples at the start of a window are not in it.
    assert_eq!(last(query, 2_985_000 + 420_000 - 1), (sample(199), true));
    assert_eq!(last(query, 2_985_000 + 420_000).0, None);
    assert_eq!(last("last_over_time(m_total[7m] offset 1m)", 1_850_000), (sample(119), true));
    assert_eq!(last("last_over_time(m_total[7m] offset 1m)", 1_840_000), (sample(118), false));
    assert_eq!(last("last_over_time(m_total[7m] @ 1790)", 0), (sample(119), true));
}

#[test]
fn the_newest_sample_is_the_same_at_all_steps_only_if_the_window_is() {
    let data = counters();
    // Each of three windows ends just behind a chunk.
    let range = MillisRange::new(1_490_000, 2_690_000);
    let (points, is_known) = answer(&data, "last_over_time(m_total[7m] @ 1790)", range);
    assert_eq!((points.len(), is_known), (3 * 3, true));
    let (points, _) = answer(&data, "last_over_time(m_total[7m])", range);
    let values: Vec<_> = points.into_values().take(3).collect();
    assert_eq!(values, [99, 139, 179].map(|at| SampleValue::Float((at * 3) as f64 + 1.0)));
}

#[test]
fn the_newest_sample_is_not_the_mark_of_an_end_and_may_be_a_histogram() {
    let histogram = SampleValue::Histogram(Histogram::default().into());
    let now = MillisRange::new(1_790_000, 1_790_000);
    for (at, odd, expected) in [
        (119, SampleValue::Float(STALE_MARKER), SampleValue::Float(118.0 * 3.0 + 1.0)),
        (119, histogram.clone(), histogram.clone()),
        (100, histogram, SampleValue::Float(119.0 * 3.0 + 1.0)),
    ] {
        let mut data = counters();
        data[0].1[at].1 = odd;
        let (points, is_known) = answer(&data[..1].to_vec(), "last_over_time(m_total[7m])", now);
        let values: Vec<_> = points.into_values().collect();
        assert_eq!(values, [expected]);
        assert!(!is_known);
    }
}
