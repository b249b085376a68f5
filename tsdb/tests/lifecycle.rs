//! From the head to blocks, to larger blocks, to nothing.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod reading;

use reading::read;
use telemetry_core::labels;
use telemetry_core::labels::Matcher;
use telemetry_core::model::{Exemplar, Metadata, MetricKind};
use telemetry_core::query::QueryContext;
use telemetry_core::sink::RefusalReason;
use telemetry_core::source::{MetricSource, SeriesRequest};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::time::{Millis, MillisRange};
use tsdb::{Builder, Error, Retention, Series, Tsdb};

const HOUR: i64 = 3_600_000;

fn manual() -> Builder {
    Builder::in_memory().maintenance(&Maintenance::manual())
}

fn make_series(db: &Tsdb, count: usize) -> Vec<Series> {
    (0..count)
        .map(|at| db.series(&labels! { "__name__" => "m", "at" => &at.to_string() }).unwrap())
        .collect()
}

/// Scrapes every quarter of an hour from one hour to another.
fn scrape(db: &Tsdb, series: &[Series], hours: std::ops::Range<i64>) {
    let mut batch = db.batch();
    for quarter in hours.start * 4..hours.end * 4 {
        for series in series {
            batch.append(series, quarter * HOUR / 4, quarter as f64);
        }
        assert!(batch.commit().unwrap().is_complete());
    }
}

#[test]
fn flushing_cuts_blocks_by_windows_and_compaction_joins_them() {
    let db = manual().open().unwrap();
    let series = make_series(&db, 3);
    scrape(&db, &series, 0..5);
    db.flush().unwrap();
    // Five hours are most of a window of six.
    assert_eq!(db.stats().blocks, 1);
    scrape(&db, &series, 5..7);
    db.flush().unwrap();
    // The last hour of that window, and the first of the next.
    assert_eq!(db.stats().blocks, 3);
    let before = read(&db, vec![], MillisRange::ALL);
    assert_eq!(db.compact().unwrap(), 1);
    assert_eq!(db.stats().blocks, 2);
    assert_eq!(read(&db, vec![], MillisRange::ALL), before);
    assert_eq!(before.values().map(|samples| samples.len()).sum::<usize>(), 3 * 28);
    assert!(db.verify().unwrap().is_intact());
}

#[test]
fn late_samples_of_an_older_block_are_merged_in() {
    let db = manual().open().unwrap();
    let series = make_series(&db, 2);
    scrape(&db, &series, 0..4);
    db.flush().unwrap();
    series[0].append(3 * HOUR + 7, 0.5).unwrap();
    db.flush().unwrap();
    assert_eq!(db.compact().unwrap(), 1);
    assert_eq!(db.stats().blocks, 1);
    let found = read(&db, vec![Matcher::equal("at", "0")], MillisRange::ALL);
    assert_eq!(found.values().next().unwrap().len(), 17);
}

#[test]
fn many_short_series_stay_small() {
    const SERIES: u64 = 40_000;
    let db = manual().open().unwrap();
    let set = |at: u64| {
        labels! {
            "__name__" => "requests_total",
            "deployment" => &format!("deployment-{}", at % 97),
            "pod" => &format!("deployment-{}-{:08x}", at % 97, at.wrapping_mul(0x9e37_79b9) as u32),
            "status" => ["200", "404", "500"][at as usize % 3],
        }
    };
    let series: Vec<Series> = (0..SERIES).map(|at| db.series(&set(at)).unwrap()).collect();
    let mut batch = db.batch();
    for scrape in 0..5_i64 {
        for target in series.chunks(1_000) {
            for (at, series) in (0..).zip(target) {
                batch.append(series, scrape * 15_000, (at * 7 + scrape * (at % 50)) as f64);
            }
            assert!(batch.commit().unwrap().is_complete());
        }
    }
    // 21 bytes of its own, 8 for each sample, and what each row costs.
    let head = db.stats().head_bytes;
    assert!(head <= SERIES * 62, "{} bytes a series", head / SERIES);
    // Its labels and its newest sample.
    let labels = db.stats().series_bytes;
    assert!(labels <= SERIES * 240, "{} bytes a series", labels / SERIES);
    let before = read(&db, vec![Matcher::equal("deployment", "deployment-7")], MillisRange::ALL);
    db.flush().unwrap();
    let block = db.stats().block_bytes;
    assert!(block <= SERIES * 24, "{} bytes a series", block / SERIES);
    let after = read(&db, vec![Matcher::equal("deployment", "deployment-7")], MillisRange::ALL);
    assert_eq!(after, before);
    assert_eq!(after.len() as u64, SERIES.div_ceil(97));
    assert!(db.verify().unwrap().is_intact());
}

#[test]
fn a_late_sample_does_not_contradict_what_is_stored() {
    let db = manual().open().unwrap();
    let series = &make_series(&db, 1)[0];
    for time in [1_000, 2_000, 3_000] {
        series.append(time, time as f64).unwrap();
        db.flush().unwrap();
    }
    let refused = series.append(2_000, 7.0).unwrap_err();
    assert!(matches!(refused, Error::Refused(RefusalReason::Duplicate { time: 2_000 })));
    // The same again is no contradiction, and is not stored twice.
    series.append(2_000, 2_000.0).unwrap();
    assert_eq!(db.stats().store.head_items, 0);
    series.append(1_500, 1.5).unwrap();
    // What was deleted is not there.
    db.delete(&[], MillisRange::new(1_000, 1_000)).unwrap();
    series.append(1_000, 7.0).unwrap();
    let content = read(&db, vec![], MillisRange::ALL);
    assert_eq!(content.values().next().unwrap().len(), 4);
}

#[test]
fn a_backup_is_restored_as_a_store_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let db = Tsdb::builder(at("store")).maintenance(&Maintenance::manual()).open().unwrap();
    let series = make_series(&db, 3);
    scrape(&db, &series, 0..3);
    db.flush().unwrap();
    scrape(&db, &series, 3..4);
    db.backup(at("backup")).unwrap();
    let before = read(&db, vec![], MillisRange::ALL);
    scrape(&db, &series, 4..5);
    let restored = Tsdb::restore(at("backup"), at("restored")).unwrap();
    assert_eq!(read(&restored, vec![], MillisRange::ALL), before);
    let series = make_series(&restored, 3);
    scrape(&restored, &series, 4..5);
    assert_eq!(read(&restored, vec![], MillisRange::ALL), read(&db, vec![], MillisRange::ALL));
    assert!(Tsdb::restore(at("backup"), at("store")).is_err(), "there is a store");
}

#[test]
fn deletes_are_carried_out_by_compaction() {
    let db = manual().open().unwrap();
    let series = make_series(&db, 2);
    scrape(&db, &series, 0..2);
    db.flush().unwrap();
    db.delete(&[Matcher::equal("at", "0")], MillisRange::ALL).unwrap();
    assert_eq!(read(&db, vec![], MillisRange::ALL).len(), 1);
    assert_eq!(db.stats().block_items, 16);
    // What comes after the delete stays, at whatever time.
    series[0].append(2 * HOUR, 1.0).unwrap();
    assert_eq!(read(&db, vec![], MillisRange::ALL).len(), 2);
    db.compact().unwrap();
    assert_eq!(db.stats().block_items, 8);
    assert_eq!(read(&db, vec![], MillisRange::ALL).len(), 2);
    // Nothing is left of a block of which everything is deleted.
    db.delete(&[], MillisRange::ALL).unwrap();
    db.compact().unwrap();
    assert_eq!(db.stats().blocks, 0);
    assert!(read(&db, vec![], MillisRange::ALL).is_empty());
}

#[test]
fn retention_counts_from_the_newest_sample() {
    let retention = Retention { age: Some(5 * HOUR), bytes: None };
    let db = manual().retention(retention).open().unwrap();
    let series = make_series(&db, 1);
    scrape(&db, &series, 0..2);
    db.flush().unwrap();
    scrape(&db, &series, 6..7);
    db.flush().unwrap();
    db.run_maintenance().unwrap();
    assert_eq!(db.stats().blocks, 2, "the older block ends within five hours of the newest sample");
    scrape(&db, &series, 8..9);
    db.flush().unwrap();
    db.run_maintenance().unwrap();
    let found = read(&db, vec![], MillisRange::ALL);
    let first = found.values().flat_map(|samples| samples.keys()).min();
    assert_eq!(first, Some(&(6 * HOUR)));
    // A handle outlives what retention removes.
    series[0].append(9 * HOUR, 1.0).unwrap();
}

#[test]
fn exemplars_and_metadata_survive_flushing_and_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let db = Tsdb::open(directory.path()).unwrap();
    let series = make_series(&db, 1);
    let metadata =
        Metadata { kind: MetricKind::Counter, unit: "bytes".into(), help: String::new() };
    let exemplar =
        Exemplar { labels: labels! { "trace_id" => "ab" }, value: 2.0, time: Millis(10) };
    let mut batch = db.batch();
    batch.append(&series[0], 10, 2.0).metadata("m", &metadata);
    batch.exemplar(series[0].reference(), exemplar.clone());
    let _ = batch.commit().unwrap();
    for _ in 0..2 {
        db.flush().unwrap();
        series[0].append(20, 1.0).unwrap();
    }
    drop(series);
    db.close().unwrap();
    let db = Tsdb::open(directory.path()).unwrap();
    assert_eq!(db.metadata("m"), Some(metadata));
    let selector = vec![Matcher::equal("__name__", "m")];
    let found = db.query_exemplars(&[selector], MillisRange::ALL, &QueryContext::new()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].labels, labels! { "__name__" => "m", "at" => "0" });
    assert_eq!(found[0].exemplars, [exemplar]);
}

#[test]
fn what_was_stored_before_decides_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let db = Tsdb::open(directory.path()).unwrap();
    let series = make_series(&db, 1);
    scrape(&db, &series, 0..4);
    db.flush().unwrap();
    drop(series);
    db.close().unwrap();
    let db = Tsdb::open(directory.path()).unwrap();
    let series = make_series(&db, 1);
    // The newest sample, as it is in the block: the same again, another value, much older.
    assert!(series[0].append(15 * HOUR / 4, 15.0).is_ok());
    assert!(series[0].append(15 * HOUR / 4, 16.0).is_err());
    assert!(series[0].append(HOUR, 1.0).is_err());
    assert!(series[0].append(4 * HOUR, 1.0).is_ok());
}

#[test]
fn chunks_of_a_long_series_stay_small() {
    let db = manual().open().unwrap();
    let series = make_series(&db, 2);
    let mut batch = db.batch();
    for second in 0..10_000_i64 {
        batch.append(&series[0], second * 1_000, second as f64);
        batch.append(&series[1], second * 1_000, 1.0);
    }
    let _ = batch.commit().unwrap();
    db.flush().unwrap();
    let context = QueryContext::new();
    let set = db.select(&SeriesRequest::new(vec![], MillisRange::ALL), &context).unwrap();
    let chunks = set.chunks(0).unwrap();
    assert!(chunks.iter().all(|chunk| chunk.statistics().count <= 2_880));
    assert_eq!(chunks.iter().map(|chunk| chunk.statistics().count).sum::<u64>(), 10_000);
    assert_eq!(set.time_column(0), set.time_column(1));
    // Only the chunks that the window touches are given.
    let window = MillisRange::new(5_000_000, 5_001_000);
    let set = db.select(&SeriesRequest::new(vec![], window), &context).unwrap();
    assert_eq!(set.chunks(0).unwrap().len(), 1);
}

#[test]
fn buckets_that_are_told_by_their_neighbours_come_back_from_every_block() {
    let db = manual().open().unwrap();
    let series = make_series(&db, 6);
    let (mut state, mut counts) = (1_u64, [0_u64; 6]);
    for part in 0..2_i64 {
        let mut batch = db.batch();
        for second in part * 3_000..(part + 1) * 3_000 {
            // The first bucket counts many events, each of the others a few more.
            let mut events = 0;
            for (at, count) in counts.iter_mut().enumerate() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                events += (state >> 40) % if at == 0 { 200 } else { 3 };
                *count += events;
                batch.append(&series[at], second * 1_000, *count as f64);
            }
        }
        assert!(batch.commit().unwrap().is_complete());
        let before = read(&db, vec![], MillisRange::ALL);
        db.flush().unwrap();
        assert_eq!(read(&db, vec![], MillisRange::ALL), before);
    }
    series[0].append(7 * HOUR, 1e9).unwrap();
    db.flush().unwrap();
    let before = read(&db, vec![], MillisRange::ALL);
    assert_eq!(db.compact().unwrap(), 1);
    assert_eq!(db.stats().blocks, 2);
    assert_eq!(read(&db, vec![], MillisRange::ALL), before);
    assert!(db.verify().unwrap().is_intact());
}

#[test]
fn how_heads_were_cut_makes_no_difference_to_what_stays() {
    let blocks_bytes = |cuts: &[i64]| {
        let db = manual().open().unwrap();
        let series = make_series(&db, 3);
        for minute in 0..6 * 60 {
            if cuts.contains(&minute) {
                db.flush().unwrap();
                db.run_maintenance().unwrap();
            }
            let mut batch = db.batch();
            for (at, series) in (0_i64..).zip(&series) {
                batch.append(series, minute * 60_000, (minute * minute % (97 + at)) as f64);
            }
            assert!(batch.commit().unwrap().is_complete());
        }
        db.flush().unwrap();
        db.compact().unwrap();
        assert_eq!(db.compact().unwrap(), 0);
        (db.stats().blocks, db.stats().block_bytes)
    };
    let whole = blocks_bytes(&[]);
    assert_eq!(whole.0, 1);
    for cuts in [&[300][..], &[10, 350], &[100, 110, 300, 301, 302], &[60, 120, 180, 240, 300]] {
        assert_eq!(blocks_bytes(cuts), whole, "{cuts:?}");
    }
}
