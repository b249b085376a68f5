//! Fast forms of functions over ranges equal the plain ones, to the last bit but for sums.

use proptest::prelude::*;
use telemetry_core::model::SampleValue;
use telemetry_core::query::QueryContext;
use telemetry_core::syntax::Span;

use super::range::Remarks;
use super::{RangeFunction, RowInput, Samples, Window, over_time, rate};
use crate::eval::{Annotations, Grid, Pace, Row, ScalarColumn, WindowTimes, Windows};

fn column() -> impl Strategy<Value = (Vec<i64>, Vec<f64>)> {
    let value = prop_oneof![
        8 => (-20_i32..40).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        2 => -1.0_f64..1.0,
    ];
    // Counters and whole numbers have ways of their own.
    let counter = prop::collection::vec((1_i64..30, 0_i32..9), 0..120).prop_map(|steps| {
        let mut total = 0.0;
        let value = |(at, step): (usize, (i64, i32))| {
            total = if at % 37 == 36 { 0.0 } else { total + f64::from(step.1) };
            (step.0, total)
        };
        steps.into_iter().enumerate().map(value).collect::<Vec<_>>()
    });
    let wild = prop::collection::vec((1_i64..30, value), 0..120);
    prop_oneof![counter, wild].prop_map(|steps| {
        let mut time = 0;
        let times = steps.iter().map(|(gap, _)| {
            time += gap;
            time
        });
        (times.collect(), steps.iter().map(|(_, value)| *value).collect())
    })
}

fn by_windows(
    function: &RangeFunction,
    times: &[i64],
    values: &[f64],
    windows: &Windows,
    when: WindowTimes,
) -> Row {
    let annotations = Annotations::default();
    let span = Span::default();
    let remarks = Remarks { annotations: &annotations, metric: "", span, parameter_span: span };
    let mut row = Row::absent(when.grid.count);
    for step in 0..when.grid.count {
        let (low, high) = windows.bounds(step);
        if low == high {
            continue;
        }
        let window = Window {
            floats: Samples { times, values, starts: &[], resets: &[] }.slice(low, high),
            histograms: Samples { times: &[], values: &[], starts: &[], resets: &[] },
            time: when.grid.time(step),
            start: when.start(step),
            end: when.end(step),
            parameters: &[0.3],
        };
        if let Some(SampleValue::Float(value)) = (function.window)(&window, &remarks).unwrap() {
            row.set_float(step, value);
        }
    }
    row
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x5eed),
        ..ProptestConfig::default()
    })]

    #[test]
    fn rows_equal_windows(
        (times, values) in column(),
        start in -50_i64..500,
        step in 1_i64..60,
        range in 1_i64..1_200,
        at in prop::option::of(0_i64..1_000),
    ) {
        let grid = Grid { start, step, count: 40 };
        let when = WindowTimes { grid, at, offset: 3, range };
        let mut cache = crate::eval::WindowCache::default();
        let windows = cache.over(&times, when);
        let context = QueryContext::new();
        for function in rate::FUNCTIONS.iter().chain(over_time::FUNCTIONS) {
            let Some(row) = function.row else { continue };
            let expected = by_windows(function, &times, &values, windows, when);
            let mut found = Row::absent(grid.count);
            let pace = Pace::new(&context);
            let annotations = Annotations::default();
            let span = Span::default();
            let remarks =
                Remarks { annotations: &annotations, metric: "", span, parameter_span: span };
            let parameters = &[ScalarColumn::Constant(0.3)][..];
            let (values, rising, largest) = (&values, false, f64::INFINITY);
            let input =
                RowInput { values, windows, when, rising, largest, parameters, remarks, pace };
            row(&mut { input }, &mut found).unwrap();
            prop_assert_eq!(&found.presence, &expected.presence, "{}", function.name);
            for step in &found.presence {
                let (found, expected) = (found.floats[step], expected.floats[step]);
                // Zeros may differ in their sign, which nothing shows.
                // Sums that slide may differ in the last bits, as those of squares do.
                let rounded = matches!(
                    function.name,
                    "sum_over_time" | "avg_over_time" | "stddev_over_time" | "stdvar_over_time"
                );
                let near = rounded && (found - expected).abs() <= 1e-12 * expected.abs().max(1e-3);
                let same = near
                    || found.to_bits() == expected.to_bits() || found == expected
                    || (found.is_nan() && expected.is_nan());
                prop_assert!(same, "{}: {found} for {expected}", function.name);
            }
        }
    }
}
