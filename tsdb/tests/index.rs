//! The index of a block against a naive one: labels, matchers, names and values, in heads, in blocks,
//! in merged blocks.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use telemetry_core::labels::{Labels, MatchOp, Matcher};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{LabelRequest, MetricSource, SeriesRequest};
use telemetry_core::time::MillisRange;
use tsdb::{OutOfOrder, Tsdb};

/// Label sets with a sample each, by the time of the sample.
type Naive = BTreeMap<Labels, i64>;

fn store(sets: &[Labels]) -> (Tsdb, Naive) {
    let db = Tsdb::builder("/").out_of_order(OutOfOrder::Unlimited);
    let file_system = std::sync::Arc::new(telemetry_core::storage::fs::MemoryFileSystem::new());
    (db.file_system(file_system).open().unwrap(), sets.iter().map(|set| (set.clone(), 0)).collect())
}

/// Appends a sample to each series, and flushes after every `block` of them.
fn fill(db: &Tsdb, sets: &[Labels], naive: &mut Naive, block: usize) {
    for part in sets.chunks(block) {
        let mut batch = db.batch();
        for (time, set) in (1_000..).zip(part) {
            naive.insert(set.clone(), time);
            batch.append(&db.series(set).unwrap(), time, time as f64);
        }
        batch.commit().unwrap();
        db.flush().unwrap();
    }
}

fn check(db: &Tsdb, naive: &Naive, matchers: &[Matcher], window: MillisRange) {
    let context = QueryContext::new();
    let mut request = SeriesRequest::new(matchers.to_vec(), window);
    request.sorted = true;
    let set = db.select(&request, &context).unwrap();
    let found: Vec<&Labels> = (0..set.len()).map(|index| set.labels(index)).collect();
    let wanted: Vec<&Labels> = naive
        .iter()
        .filter(|(set, time)| {
            matchers.iter().all(|matcher| matcher.matches_labels(set))
                && (window.start.0..=window.end.0).contains(time)
        })
        .map(|(set, _)| set)
        .collect();
    assert_eq!(found, wanted, "{matchers:?}");
    let request = LabelRequest { matchers: matchers.to_vec(), window, limit: usize::MAX };
    let names: BTreeSet<&str> =
        wanted.iter().flat_map(|set| set.iter().map(|(name, _)| name)).collect();
    assert!(db.label_names(&request, &context).unwrap().iter().eq(&names), "{matchers:?}");
    for name in names.iter().copied().chain(["none"]) {
        let values: BTreeSet<&str> = wanted.iter().filter_map(|set| set.get(name)).collect();
        let found = db.label_values(name, &request, &context).unwrap();
        assert!(found.iter().eq(&values), "{name} on {matchers:?}");
        let limited = LabelRequest { limit: 2, ..request.clone() };
        let found = db.label_values(name, &limited, &context).unwrap();
        assert!(found.iter().eq(values.iter().take(2)), "{name} on {matchers:?}");
    }
}

fn labels() -> impl Strategy<Value = Labels> {
    let value = prop::sample::select(vec!["a", "b", "ab", "abc", "c", "\n", "é", "aé", "x y"]);
    let name = prop::sample::select(vec!["__name__", "x", "y", "z", "ü"]);
    prop::collection::vec((name, value), 1..5).prop_map(|pairs| pairs.into_iter().collect())
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop::sample::select(vec![
        MatchOp::Equal,
        MatchOp::NotEqual,
        MatchOp::Regex,
        MatchOp::NotRegex,
    ]);
    let value = prop::sample::select(vec![
        "", "a", "ab", "none", "a|b", "a|", "a.*", ".*", ".+", "ab?", "[ab]", "(a|b)c?", "|", "é",
        ".*b.*", ".*é", ".*(b|c)", "(?i)AB.*", ".* y", "[^a].*b?",
    ]);
    (op, prop::sample::select(vec!["x", "y", "none", "__name__"]), value)
        .prop_map(|(op, name, value)| Matcher::new(op, name, value).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn heads_blocks_and_merged_blocks_have_the_series_that_match(
        sets in prop::collection::vec(labels(), 1..60),
        matchers in prop::collection::vec(prop::collection::vec(matcher(), 0..3), 1..8),
        block in 1_usize..60,
        window in (990_i64..1_060, 0_i64..60),
    ) {
        let sets: BTreeSet<Labels> = sets.into_iter().collect();
        let sets: Vec<Labels> = sets.into_iter().rev().collect();
        let windows =
            [MillisRange::ALL, MillisRange::new(window.0, window.0 + window.1)];
        let (db, mut naive) = store(&sets);
        fill(&db, &sets, &mut naive, block);
        let all = |db: &Tsdb, naive: &Naive| {
            for (matchers, window) in matchers.iter().flat_map(|it| windows.map(|window| (it, window))) {
                check(db, naive, matchers, window);
            }
        };
        all(&db, &naive);
        db.compact().unwrap();
        all(&db, &naive);
        prop_assert!(db.verify().unwrap().is_intact());
        // The same beside a head.
        let (head, mut naive) = store(&sets);
        fill(&head, &sets[..sets.len() / 2], &mut naive, sets.len());
        let mut batch = head.batch();
        for set in &sets[sets.len() / 2..] {
            naive.insert(set.clone(), 1_000);
            batch.append(&head.series(set).unwrap(), 1_000, 1.0);
        }
        batch.commit().unwrap();
        all(&head, &naive);
    }
}

/// Several pages of series, of values, of lists; long values; shapes that alternate.
#[test]
fn a_large_index_is_as_a_small_one() {
    let long = "v".repeat(50_000);
    let set = |at: u32| {
        let mut labels = Labels::empty().with("__name__", ["up", "down"][at as usize % 2]);
        labels = labels.with("pod", &format!("pod-{:05}", at.wrapping_mul(7_919) % 100_000));
        labels = labels.with("zone", ["a", "b", "c", "d", "e"][at as usize % 5]);
        match at % 300 {
            0 => labels.with("long", &format!("{long}{at}")),
            n if n < 100 => labels.with(&format!("n{}", n % 7), "x"),
            _ => labels,
        }
    };
    let sets: Vec<Labels> = (0..5_000).map(set).collect();
    let (db, mut naive) = store(&sets);
    let checks = |db: &Tsdb, naive: &Naive| {
        for (op, name, value) in [
            (MatchOp::Regex, "pod", ".*77.*"),
            (MatchOp::NotRegex, "pod", ".*7.*"),
            (MatchOp::Regex, "pod", "pod-000.*|pod-999.*"),
            (MatchOp::Regex, "pod", "pod-12.*"),
            (MatchOp::Equal, "pod", "pod-07919"),
            (MatchOp::NotEqual, "zone", "b"),
            (MatchOp::Regex, "long", "v+300"),
            (MatchOp::Equal, "long", ""),
            (MatchOp::NotEqual, "n3", ""),
        ] {
            let matcher = Matcher::new(op, name, value).unwrap();
            check(db, naive, &[matcher, Matcher::equal("__name__", "up")], MillisRange::ALL);
        }
    };
    fill(&db, &sets, &mut naive, 3_000);
    checks(&db, &naive);
    db.compact().unwrap();
    checks(&db, &naive);
    assert!(db.verify().unwrap().is_intact());
}
