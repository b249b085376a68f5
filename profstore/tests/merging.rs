//! What is merged: by type, selector, time and span.
#![cfg(test)]

mod profiles;

use std::sync::Arc;

use profiles::{Sample, commit, contents};
use profstore::ProfStore;
use profstore::query::{Aggregation, SeriesQuery, series};
use telemetry_core::labels;
use telemetry_core::labels::Matcher;
use telemetry_core::model::{Location, Profile, ProfileSample, ValueType};
use telemetry_core::query::{CancelToken, QueryContext};
use telemetry_core::source::ProfileRequest;
use telemetry_core::storage::fs::MemoryFileSystem;
use telemetry_core::storage::store::Durability;
use telemetry_core::time::NanosRange;

const CPU: &str = "process_cpu:cpu:nanoseconds::";

fn filled() -> ProfStore {
    let store = ProfStore::in_memory().unwrap();
    let samples = [(0, 100, "a;b 1"), (0, 200, "a;b 2"), (1, 200, "a;c 4"), (1, 300, "d 8")];
    commit(&store, &samples.map(|(series, time, folded)| (series, time, folded.to_owned())))
        .unwrap();
    store
}

fn folded(store: &ProfStore, selector: &str, window: NanosRange) -> String {
    store.merge(CPU, selector, window, &QueryContext::new()).unwrap().folded()
}

#[test]
fn selector_and_window_choose_the_profiles() {
    let store = filled();
    assert_eq!(folded(&store, "{}", NanosRange::ALL), "a;b 3\na;c 4\nd 8\n");
    assert_eq!(folded(&store, r#"{series="0"}"#, NanosRange::ALL), "a;b 3\n");
    assert_eq!(folded(&store, "{}", NanosRange::new(200, 300)), "a;b 2\na;c 4\n");
    let error = store.merge(CPU, "{series=", NanosRange::ALL, &QueryContext::new()).unwrap_err();
    assert!(error.to_string().contains("{series="), "{error}");
    assert!(store.merge("cpu", "{}", NanosRange::ALL, &QueryContext::new()).is_err());
}

#[test]
fn totals_over_time_are_sums_or_averages_by_group() {
    let store = filled();
    let query = |group_by: &[&str], aggregation| SeriesQuery {
        request: ProfileRequest {
            matchers: vec![Matcher::equal("service", "api")],
            window: NanosRange::new(0, 1_000),
        },
        step_nanos: 200,
        group_by: group_by.iter().map(|name| (*name).to_owned()).collect(),
        aggregation,
    };
    let context = QueryContext::new();
    let all = series(&store, &query(&[], Aggregation::Sum), &context).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].points, [(200, 7.0), (400, 8.0)]);
    let by = series(&store, &query(&["series"], Aggregation::Average), &context).unwrap();
    assert_eq!(by[0].labels, labels! { "series" => "0" });
    assert_eq!(by[0].points, [(200, 1.5)]);
    assert_eq!(by[1].points, [(200, 4.0), (400, 8.0)]);
}

fn with_span(time: i64, duration_nanos: i64, span: &str) -> Profile {
    let label = |key, value| telemetry_core::model::SampleLabel {
        key,
        value: telemetry_core::model::SampleLabelValue::Text(value),
    };
    let sample = |value, labels| ProfileSample { stack: vec![0], values: vec![value], labels };
    Profile {
        sample_types: vec![ValueType { kind: "cpu".into(), unit: "nanoseconds".into() }],
        samples: vec![sample(1, vec![label(1, 2)]), sample(10, vec![])],
        locations: vec![Location { address: 0xab, ..Location::default() }],
        strings: vec![String::new(), "span_id".into(), span.into()],
        time: time.into(),
        duration_nanos,
        ..Profile::default()
    }
}

#[test]
fn samples_of_a_span_are_merged_alone() {
    let store = ProfStore::in_memory().unwrap();
    let labels = labels! { "service" => "api" };
    store.push("process_cpu", &labels, &with_span(100, 50, "00000000000000ff")).unwrap();
    let context = QueryContext::new();
    let of = |span| store.merge_spans(CPU, "{}", &[span], NanosRange::ALL, &context).unwrap();
    assert_eq!(of(255).folded(), "0xab 1\n");
    assert!(of(1).is_empty());
    assert_eq!(folded(&store, "{}", NanosRange::ALL), "0xab 11\n");
}

#[test]
fn a_profile_covers_the_time_that_it_lasted() {
    let store = ProfStore::in_memory().unwrap();
    let labels = labels! { "service" => "api" };
    store.push("process_cpu", &labels, &with_span(100, 50, "")).unwrap();
    let context = QueryContext::new();
    let during = |start, end| {
        let window = NanosRange::new(start, end);
        !store.merge_during(CPU, "{}", window, &context).unwrap().is_empty()
    };
    assert!(during(120, 130) && during(90, 110));
    assert!(!during(150, 160) && !during(50, 100));
}

#[test]
fn a_cancelled_merge_stops() {
    let token = CancelToken::new();
    token.cancel();
    let context = QueryContext::new().with_cancel(&token);
    assert!(filled().merge(CPU, "{}", NanosRange::ALL, &context).is_err());
}

#[test]
fn compaction_drops_symbols_and_stacks_that_nothing_refers_to() {
    let bytes_of_blocks = |is_deleted: bool| {
        let disk = Arc::new(MemoryFileSystem::new());
        let store = profiles::open(disk, Durability::Off).unwrap();
        for round in 0..4_i64 {
            let name = format!("function_{round:_>2000}");
            let samples =
                [(0, round, "main;work 1".to_owned()), (1, round, format!("main;{name} 1"))];
            commit(&store, &samples).unwrap();
            store.flush().unwrap();
        }
        let before = contents(&store).unwrap();
        if is_deleted {
            profiles::delete(&store, 1, NanosRange::ALL).unwrap();
        }
        store.compact().unwrap();
        let kept: Vec<Sample> =
            before.into_iter().filter(|(series, _, _)| !is_deleted || *series == 0).collect();
        assert_eq!(contents(&store).unwrap(), kept);
        let stats = store.stats();
        assert_eq!(stats.blocks, 1);
        stats.block_bytes
    };
    let (all, kept) = (bytes_of_blocks(false), bytes_of_blocks(true));
    // Names are compressed; what refers to them is not there either.
    assert!(kept < all, "{kept} of {all} bytes");
}
