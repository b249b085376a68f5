//! Laws that arithmetic of histograms keeps.

use proptest::prelude::*;
use telemetry_core::model::{BucketSpan, CUSTOM_BUCKETS_SCHEMA, CounterReset, Histogram};

use super::working::Working;
use super::{Trim, detect_reset, divided, equal, fraction, quantile, scaled, trim};

fn buckets() -> impl Strategy<Value = (Vec<BucketSpan>, Vec<f64>)> {
    prop::collection::vec((0_i32..4, 1_u32..20), 0..6).prop_map(|gaps| {
        let mut spans: Vec<BucketSpan> = Vec::new();
        let mut counts = Vec::new();
        for (gap, count) in gaps {
            match spans.last_mut() {
                Some(span) if gap == 0 => span.length += 1,
                _ => spans.push(BucketSpan { offset: gap, length: 1 }),
            }
            counts.push(f64::from(count));
        }
        (spans, counts)
    })
}

fn exponential() -> impl Strategy<Value = Histogram> {
    let zero = (prop::sample::select(vec![0.0, 0.001, 0.5, 3.0]), 0_u32..5);
    (-2_i32..4, zero, buckets(), buckets(), -9.0_f64..9.0).prop_map(
        |(schema, (zero_threshold, zero_count), positive, negative, sum)| {
            // Buckets start above every zero threshold, as those of real histograms do.
            let lift = |(mut spans, counts): (Vec<BucketSpan>, Vec<f64>)| {
                if let Some(first) = spans.first_mut() {
                    first.offset += 40;
                }
                (spans, counts)
            };
            let (positive, negative) = (lift(positive), lift(negative));
            let populated: f64 = positive.1.iter().chain(&negative.1).sum();
            Histogram {
                schema,
                zero_threshold,
                zero_count: f64::from(zero_count),
                count: populated + f64::from(zero_count),
                sum,
                positive_spans: positive.0,
                positive_buckets: positive.1,
                negative_spans: negative.0,
                negative_buckets: negative.1,
                custom_bounds: Vec::new(),
                counter_reset: CounterReset::Unknown,
            }
        },
    )
}

fn custom() -> impl Strategy<Value = Histogram> {
    let bounds = prop::collection::btree_set(-5_i32..20, 1..8);
    (bounds, prop::collection::vec(0_u32..9, 8), -9.0_f64..9.0).prop_map(|(bounds, counts, sum)| {
        let custom_bounds: Vec<f64> = bounds.into_iter().map(f64::from).collect();
        let counts: Vec<f64> =
            counts.into_iter().take(custom_bounds.len() + 1).map(f64::from).collect();
        Histogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count: counts.iter().sum(),
            sum,
            positive_spans: vec![BucketSpan { offset: 0, length: counts.len() as u32 }],
            positive_buckets: counts,
            custom_bounds,
            ..Histogram::default()
        }
    })
}

fn sum(a: &Histogram, b: &Histogram) -> Histogram {
    let mut total = Working::from(a);
    total.add(b, false).unwrap();
    total.finish()
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * (a.abs() + b.abs()).max(1.0)
}

fn observations(histogram: &Histogram) -> f64 {
    histogram.zero_count
        + histogram.positive().chain(histogram.negative()).map(|(_, count)| count).sum::<f64>()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x5eed),
        ..ProptestConfig::default()
    })]

    #[test]
    fn sums_do_not_depend_on_the_order(a in exponential(), b in exponential(), c in exponential()) {
        prop_assert!(equal(&sum(&a, &b), &sum(&b, &a)) || !near(a.sum + b.sum, b.sum + a.sum));
        let (left, right) = (sum(&sum(&a, &b), &c), sum(&a, &sum(&b, &c)));
        prop_assert_eq!(left.schema, right.schema);
        prop_assert!(near(observations(&left), observations(&right)));
        prop_assert_eq!(left.validate(), Ok(()));
    }

    #[test]
    fn no_observation_is_lost(a in exponential(), b in exponential(), c in custom(), d in custom()) {
        for (a, b) in [(&a, &b), (&c, &d)] {
            let total = sum(a, b);
            prop_assert!(near(observations(&total), observations(a) + observations(b)));
            prop_assert!(near(total.count, a.count + b.count));
            prop_assert_eq!(total.validate(), Ok(()));
        }
    }

    #[test]
    fn what_is_added_can_be_taken_away(a in exponential(), c in custom()) {
        for histogram in [&a, &c] {
            let mut total = Working::from(&sum(histogram, histogram));
            total.add(histogram, true).unwrap();
            let mut rest = total.finish();
            prop_assert!(near(rest.sum, histogram.sum));
            rest.sum = histogram.sum;
            prop_assert!(equal(&rest, histogram));
            prop_assert!(equal(&divided(&scaled(histogram, 4.0), 4.0), histogram));
        }
    }

    #[test]
    fn a_counter_that_grows_is_not_reset(a in exponential(), b in exponential(), c in custom()) {
        let grown = sum(&a, &a);
        prop_assert!(!detect_reset(&grown, &a));
        prop_assert!(!detect_reset(&sum(&a, &b), &a));
        prop_assert!(!detect_reset(&sum(&c, &c), &c));
        prop_assert_eq!(detect_reset(&a, &grown), a.count > 0.0);
    }

    #[test]
    fn both_sides_of_a_bound_are_the_whole(
        a in exponential(),
        c in custom(),
        bound in -30.0_f64..30.0,
    ) {
        let below = trim(&a, Trim::Upper, bound);
        let above = trim(&a, Trim::Lower, bound);
        prop_assert!(near(below.count + above.count, a.count));
        // The same shares as `histogram_fraction` tells.
        if a.count > 0.0 {
            let share = fraction(f64::NEG_INFINITY, bound, &a, &|_| {});
            prop_assert!(near(below.count, share * a.count), "{} {}", below.count, share);
        }
        prop_assert!(trim(&c, Trim::Upper, bound).count <= c.count);
    }

    #[test]
    fn quantiles_rise(a in exponential(), c in custom()) {
        for histogram in [&a, &c] {
            if histogram.count == 0.0 {
                continue;
            }
            let value = |phi: i32| quantile(f64::from(phi) / 20.0, histogram, &|_| {});
            for phi in 0..20 {
                let (low, high) = (value(phi), value(phi + 1));
                prop_assert!(low <= high || near(low, high), "{phi}: {low} {high}");
            }
        }
    }
}
