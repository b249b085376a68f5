//! Counts of series against counting by hand.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};

use telemetry_core::labels;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::QueryContext;
use telemetry_core::source::LabelRequest;
use telemetry_core::time::MillisRange;
use tsdb::{Cardinality, Tsdb};

const HOUR: i64 = 3_600_000;

/// Pods that live for some hours each, a sample every half hour. Their series leave memory by and by
/// where there are many flushes.
fn pods(db: &Tsdb, flushes: impl Fn(i64) -> bool) -> Vec<(Labels, Vec<i64>)> {
    let mut all = Vec::new();
    for pod in 0..40_i64 {
        for metric in ["up", "requests_total", "errors_total"].iter().take(1 + pod as usize % 3) {
            let labels = labels! {
                "__name__" => metric, "pod" => format!("pod-{pod}"), "zone" => format!("{}", pod % 3),
            };
            let series = db.series(&labels).unwrap();
            let times: Vec<i64> =
                (0..2 + pod % 5).map(|at| (pod / 4) * HOUR + at * HOUR / 2 + pod).collect();
            times.iter().for_each(|time| series.append(*time, 1.0).unwrap());
            all.push((labels, times));
        }
        if flushes(pod) {
            db.flush().unwrap();
        }
    }
    all
}

fn counted(db: &Tsdb, matchers: Vec<Matcher>, window: MillisRange, limit: usize) -> Cardinality {
    db.cardinality(&LabelRequest { matchers, window, limit }, &QueryContext::new()).unwrap()
}

#[test]
fn counts_are_exact() {
    let db = Tsdb::in_memory().unwrap();
    let all = pods(&db, |pod| pod == 20);
    check(&db, &all);
}

#[test]
fn counts_are_exact_whether_series_are_in_memory_or_not() {
    let db = Tsdb::in_memory().unwrap();
    let all = pods(&db, |pod| pod % 3 == 2);
    assert!(db.stats().series_evicted > 50);
    check(&db, &all);
    db.compact().unwrap();
    check(&db, &all);
}

fn check(db: &Tsdb, all: &[(Labels, Vec<i64>)]) {
    for window in [MillisRange::ALL, MillisRange::new(2 * HOUR + 17, 7 * HOUR)] {
        let inside = |time: &&i64| window.contains(telemetry_core::time::Millis(**time));
        let held: Vec<(&Labels, Vec<i64>)> = all
            .iter()
            .map(|(labels, times)| (labels, times.iter().filter(inside).copied().collect()))
            .filter(|(_, times): &(_, Vec<i64>)| !times.is_empty())
            .collect();
        let counted = counted(db, vec![], window, usize::MAX);
        assert_eq!(counted.series, held.len() as u64);
        let mut pairs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut hours: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for (labels, times) in &held {
            labels.iter().for_each(|pair| *pairs.entry(pair).or_default() += 1);
            let hour = |time: &i64| time / HOUR * HOUR;
            hours.entry(hour(times.first().unwrap())).or_default().0 += 1;
            hours.entry(hour(times.last().unwrap())).or_default().1 += 1;
        }
        let found: BTreeMap<(&str, &str), u64> = counted
            .pairs
            .iter()
            .map(|pair| ((pair.name.as_str(), pair.value.as_str()), pair.series))
            .collect();
        assert_eq!(found, pairs);
        assert!(counted.pairs.is_sorted_by_key(|pair| std::cmp::Reverse(pair.series)));
        for label in &counted.labels {
            let values: BTreeSet<_> =
                pairs.keys().filter(|(name, _)| *name == label.name).collect();
            assert_eq!(label.values, values.len() as u64);
        }
        for metric in &counted.metrics {
            assert_eq!(metric.series, pairs[&("__name__", metric.metric.as_str())]);
        }
        let churn: BTreeMap<i64, (u64, u64)> =
            counted.hours.iter().map(|hour| (hour.start, (hour.began, hour.ended))).collect();
        assert_eq!(churn, hours);
    }
}

#[test]
fn lists_are_cut_and_matchers_hold() {
    let db = Tsdb::in_memory().unwrap();
    pods(&db, |pod| pod == 20);
    let counted = counted(&db, vec![Matcher::equal("zone", "1")], MillisRange::ALL, 2);
    assert_eq!(counted.metrics.len(), 2);
    assert_eq!(counted.labels[0].name, "pod");
    assert_eq!(counted.pairs.len(), 2);
    assert!(counted.pairs.iter().any(|pair| pair.name == "zone" && pair.value == "1"));
    let request = LabelRequest {
        matchers: vec![Matcher::equal("pod", "pod-2")],
        window: MillisRange::ALL,
        limit: 2,
    };
    let series = db.find_series(&request, &QueryContext::new()).unwrap();
    let names: Vec<_> = series.iter().map(|labels| labels.name().unwrap()).collect();
    assert_eq!(names, ["errors_total", "requests_total"]);
}
