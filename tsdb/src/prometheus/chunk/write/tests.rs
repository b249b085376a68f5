//! Chunks as they are cut, and back.

use proptest::prelude::*;
use telemetry_core::model::{BucketSpan, CUSTOM_BUCKETS_SCHEMA, STALE_MARKER};

use super::super::decode;
use super::*;

fn chunks(columns: &Columns) -> Vec<Coded> {
    let mut out = Vec::new();
    write(columns, &mut out);
    out
}

fn back(chunks: &[Coded]) -> Columns {
    let mut columns = Columns::default();
    for chunk in chunks {
        decode(chunk.encoding, &chunk.data, &mut columns).unwrap();
    }
    columns
}

/// Populations by index, which is what a histogram means; spans may differ.
fn meaning(histogram: &Histogram) -> impl PartialEq + std::fmt::Debug + use<> {
    let side = |buckets: Vec<(i32, f64)>| {
        let live = buckets.into_iter().filter(|(_, population)| *population != 0.0);
        live.map(|(index, population)| (index, population.to_bits())).collect::<Vec<_>>()
    };
    if is_stale(histogram.sum) {
        return None;
    }
    Some((
        (histogram.schema, histogram.zero_threshold.to_bits(), histogram.custom_bounds.clone()),
        (histogram.count.to_bits(), histogram.zero_count.to_bits(), histogram.sum.to_bits()),
        side(histogram.positive().collect()),
        side(histogram.negative().collect()),
    ))
}

fn histogram(offset: i32, buckets: &[f64], reset: CounterReset) -> Arc<Histogram> {
    let length = u32::try_from(buckets.len()).unwrap();
    Arc::new(Histogram {
        schema: 1,
        zero_threshold: 0.001,
        zero_count: 1.0,
        count: buckets.iter().sum::<f64>() + 1.0,
        sum: 7.5,
        positive_spans: vec![BucketSpan { offset, length }],
        positive_buckets: buckets.to_vec(),
        counter_reset: reset,
        ..Histogram::default()
    })
}

#[test]
fn two_hours_of_a_quarter_minute_are_four_chunks_of_120() {
    let mut columns = Columns::default();
    (0..480).for_each(|i| columns.floats.push(i * 15_000, i as f64, 0));
    let counts: Vec<u64> = chunks(&columns).iter().map(|chunk| chunk.count).collect();
    assert_eq!(counts, [120; 4]);
}

#[test]
fn a_chunk_ends_with_its_range() {
    let mut columns = Columns::default();
    (0..20).for_each(|i| columns.floats.push(RANGE_MS + (i - 10) * 60_000, 1.0, 0));
    let found = chunks(&columns);
    assert_eq!(found.iter().map(|chunk| chunk.count).collect::<Vec<_>>(), [10, 10]);
    assert_eq!(found[1].first, RANGE_MS);
}

#[test]
fn a_reset_begins_a_chunk_that_says_so() {
    let mut columns = Columns::default();
    let unknown = CounterReset::Unknown;
    columns.histograms.push(1, histogram(0, &[5.0], unknown), 0);
    columns.histograms.push(2, histogram(0, &[5.0, 1.0], unknown), 0);
    columns.histograms.push(3, histogram(1, &[2.0], unknown), 0);
    columns.histograms.push(4, histogram(0, &[0.0, 3.0], unknown), 0);
    let found = chunks(&columns);
    assert_eq!(found.iter().map(|chunk| chunk.count).collect::<Vec<_>>(), [2, 2]);
    let again = back(&found).histograms;
    let hints: Vec<_> = again.values.iter().map(|histogram| histogram.counter_reset).collect();
    let not = CounterReset::NotReset;
    assert_eq!(hints, [unknown, not, CounterReset::Reset, not]);
    assert_eq!(again.values[2].positive().collect::<Vec<_>>(), [(0, 0.0), (1, 2.0)]);
}

#[test]
fn golden_histogram() {
    let mut columns = Columns::default();
    columns.histograms.push(1, histogram(2, &[3.0], CounterReset::Gauge), 0);
    let found = chunks(&columns);
    assert_eq!(found[0].encoding, Encoding::Histogram);
    let mut golden = vec![0, 1, 0xc0, 255];
    golden.extend_from_slice(&0.001_f64.to_bits().to_be_bytes());
    // schema 10 001 · one span 10 001 · length 10 001 · offset 10 010 · no spans 0 · time 10 001 ·
    // count 10 100 · zero count 10 001 · sum · bucket 10 011
    golden.extend_from_slice(&[0b1000_1100, 0b0110_0011, 0b0010_0100, 0b0110_1001, 0b0001_0100]);
    // The sum begins in the middle of a byte: 0x401e… .
    golden.extend_from_slice(&[0x01, 0xe0, 0, 0, 0, 0, 0, 0b1001, 0b1000_0000]);
    assert_eq!(found[0].data, golden);
}

#[test]
fn markers_end_a_chunk() {
    let mut columns = Columns::default();
    let stale = Arc::new(Histogram { sum: STALE_MARKER, ..Histogram::default() });
    columns.histograms.push(1, histogram(0, &[5.0], CounterReset::Unknown), 0);
    columns.histograms.push(2, Arc::clone(&stale), 0);
    columns.histograms.push(3, stale, 0);
    columns.histograms.push(4, histogram(0, &[6.0], CounterReset::Unknown), 0);
    let found = chunks(&columns);
    assert_eq!(found.iter().map(|chunk| chunk.count).collect::<Vec<_>>(), [3, 1]);
    let again = back(&found).histograms;
    assert_eq!(again.times, [1, 2, 3, 4]);
    assert!(is_stale(again.values[1].sum) && is_stale(again.values[2].sum));
    assert_eq!(meaning(&again.values[3]), meaning(&columns.histograms.values[3]));
}

fn any_histogram() -> impl Strategy<Value = Histogram> {
    let buckets = prop::collection::vec((1_i32..4, 0_u32..9), 0..6);
    let totals = (any::<u8>(), any::<f64>(), prop::bool::weighted(0.1), 0_u8..8, any::<bool>());
    (buckets.clone(), buckets, totals).prop_map(|(above, below, (zero, sum, stale, kind, half))| {
        let scale = if half { 0.5 } else { 1.0 };
        let side = |buckets: Vec<(i32, u32)>, first: i32| {
            let spans: Vec<_> = buckets
                .iter()
                .enumerate()
                .map(|(at, (gap, _))| BucketSpan {
                    offset: if at == 0 { first + gap } else { *gap },
                    length: 1,
                })
                .collect();
            (spans, buckets.iter().map(|(_, n)| f64::from(*n) * scale).collect::<Vec<_>>())
        };
        let custom = kind == 0;
        let (positive_spans, positive_buckets) = side(above, if custom { -1 } else { -3 });
        let (negative_spans, negative_buckets) =
            if custom { (vec![], vec![]) } else { side(below, 2) };
        Histogram {
            schema: if custom { CUSTOM_BUCKETS_SCHEMA } else { i32::from(kind / 3) },
            zero_threshold: if custom { 0.0 } else { 0.5 },
            zero_count: if custom { 0.0 } else { f64::from(zero) },
            count: f64::from(zero),
            sum: if stale { STALE_MARKER } else { sum },
            positive_spans,
            positive_buckets,
            negative_spans,
            negative_buckets,
            custom_bounds: if custom {
                (0..30).map(|i| f64::from(i) * 0.1).collect()
            } else {
                vec![]
            },
            counter_reset: if kind == 7 { CounterReset::Gauge } else { CounterReset::Unknown },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_samples_come_back(
        samples in prop::collection::vec((1_i64..400_000, any::<f64>(), any_histogram(), 0_u8..9), 0..200),
    ) {
        let mut columns = Columns::default();
        let mut time = -1_000_000;
        for (step, float, histogram, kind) in samples {
            time += step;
            if kind == 0 {
                columns.floats.push(time, float, 0);
            } else {
                columns.histograms.push(time, Arc::new(histogram), 0);
            }
        }
        let found = chunks(&columns);
        for chunk in &found {
            prop_assert_eq!(range_end(chunk.first), range_end(chunk.last));
        }
        let again = back(&found);
        prop_assert_eq!(&again.floats.times, &columns.floats.times);
        prop_assert_eq!(&again.histograms.times, &columns.histograms.times);
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&again.floats.values), bits(&columns.floats.values));
        for (a, b) in again.histograms.values.iter().zip(&columns.histograms.values) {
            prop_assert_eq!(meaning(a), meaning(b));
            prop_assert!(is_stale(b.sum) || (a.counter_reset == CounterReset::Gauge) == (b.counter_reset == CounterReset::Gauge));
        }
    }

    #[test]
    fn any_bytes_are_an_error_or_samples(kind in 1_u8..=6, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(Encoding::from_byte(kind).unwrap(), &bytes, &mut Columns::default());
    }
}
