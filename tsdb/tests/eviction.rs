//! Series that nobody writes to leave memory, and nothing else changes for it.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod reading;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reading::read;
use telemetry_core::labels;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::SampleValue;
use telemetry_core::query::QueryContext;
use telemetry_core::sink::{MetricSink, RawLabels, RefusalReason, SeriesRef};
use telemetry_core::source::{Columns, MetricSource, SeriesRequest};
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::time::MillisRange;
use tsdb::{Builder, Error, Limits, Series, Tsdb};

const HOUR: i64 = 3_600_000;

fn pod(number: usize) -> Labels {
    labels! { "__name__" => "up", "pod" => &format!("pod-{number}"), "zone" => "a" }
}

fn manual() -> Builder {
    Builder::in_memory().maintenance(&Maintenance::manual())
}

/// Writes a sample of something else and flushes, until whoever can be evicted is.
fn forget(db: &Tsdb, hour: i64) {
    let other = db.series(&labels! { "__name__" => "other" }).unwrap();
    for turn in 0..2 {
        other.append(hour * HOUR + turn, 1.0).unwrap();
        db.flush().unwrap();
    }
}

#[test]
fn handles_go_on_after_their_series_has_left_memory() {
    let db = manual().open().unwrap();
    let pods: Vec<Series> = (0..20).map(|number| db.series(&pod(number)).unwrap()).collect();
    pods.iter().for_each(|pod| pod.append(HOUR, 1.0).unwrap());
    forget(&db, 2);
    assert_eq!((db.stats().series, db.stats().series_evicted), (1, 20));
    // One by one, and as a row of a batch.
    pods[0].append(3 * HOUR, 2.0).unwrap();
    let mut batch = db.batch();
    for pod in &pods[1..] {
        batch.append(pod, 3 * HOUR, 2.0);
    }
    assert!(batch.commit().unwrap().is_complete());
    let content = read(&db, vec![Matcher::equal("__name__", "up")], MillisRange::ALL);
    assert_eq!(content.len(), 20);
    assert!(content.values().all(|samples| samples.keys().eq(&[HOUR, 3 * HOUR])));
    assert!(db.verify().unwrap().is_intact());
}

#[test]
fn what_was_stored_before_still_decides() {
    let db = manual().open().unwrap();
    let series = db.series(&pod(1)).unwrap();
    series.append(5 * HOUR, 1.0).unwrap();
    forget(&db, 4);
    assert_eq!(db.stats().series_evicted, 1);
    let refusal = |time, value: f64| match series.append(time, value) {
        Ok(()) => None,
        Err(Error::Refused(reason)) => Some(reason),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(refusal(5 * HOUR, 1.0), None);
    assert_eq!(refusal(5 * HOUR, 2.0), Some(RefusalReason::Duplicate { time: 5 * HOUR }));
    let too_old = RefusalReason::TooOld { time: HOUR, oldest: 4 * HOUR };
    assert_eq!(refusal(HOUR, 1.0), Some(too_old));
    assert_eq!(refusal(5 * HOUR - 1, 3.0), None);
    // What was deleted is forgotten, evicted or not.
    db.delete(&[], MillisRange::ALL).unwrap();
    forget(&db, 6);
    assert_eq!(refusal(5 * HOUR, 4.0), None);
}

#[test]
fn a_decoder_that_remembers_references_is_told_what_is_gone() {
    let db = manual().open().unwrap();
    let mut sink = db.sink();
    let (name, value) = ("pod", "x");
    let pairs = [("__name__", "up"), (name, value)];
    let mut known: Option<SeriesRef> = None;
    for hour in 1..8 {
        let series = match known.filter(|series| sink.is_live(*series)) {
            Some(series) => series,
            None => sink.resolve(&RawLabels::new(&pairs)).unwrap(),
        };
        assert_eq!(known.is_some_and(|known| known == series), hour % 2 == 0);
        known = Some(series);
        sink.append(series, hour * HOUR, SampleValue::Float(1.0), 0);
        assert!(sink.commit().unwrap().is_complete());
        if hour % 2 == 0 {
            forget(&db, hour);
            forget(&db, hour + 1);
        }
    }
    let content = read(&db, vec![Matcher::equal(name, value)], MillisRange::ALL);
    assert_eq!(content.values().next().unwrap().len(), 7);
    // Who does not ask is refused, and writes to no other series.
    let stale = known.unwrap();
    forget(&db, 8);
    forget(&db, 9);
    let others: Vec<Series> = (0..9).map(|number| db.series(&pod(number)).unwrap()).collect();
    sink.append(stale, 9 * HOUR, SampleValue::Float(1.0), 0);
    let refused = sink.commit().unwrap().refused;
    assert_eq!(refused[0].reason, RefusalReason::UnknownSeries { handle: stale.0 });
    assert_eq!(db.labels_of(stale), None);
    drop(others);
}

#[test]
fn a_reference_keeps_its_series() {
    let db = manual().open().unwrap();
    let series = db.series(&pod(1)).unwrap().reference();
    for hour in 1..4 {
        forget(&db, hour);
    }
    assert_eq!(db.labels_of(series), Some(pod(1)));
    let mut batch = db.batch();
    batch.append_ref(series, 5 * HOUR, 1.0).append_row(&[series], 5 * HOUR + 1, &[2.0]);
    assert_eq!(batch.commit().unwrap().stored, 2);
}

#[test]
fn a_batch_keeps_its_series_until_it_is_committed() {
    let db = manual().open().unwrap();
    let series = db.series(&pod(1)).unwrap();
    let mut batch = db.batch();
    batch.append(&series, HOUR, 1.0);
    forget(&db, 2);
    forget(&db, 3);
    assert_eq!(db.stats().series_evicted, 0);
    assert_eq!(batch.commit().unwrap().stored, 1);
    assert_eq!(read(&db, vec![Matcher::equal("pod", "pod-1")], MillisRange::ALL).len(), 1);
    forget(&db, 4);
    forget(&db, 5);
    assert_eq!(db.stats().series_evicted, 1);
}

#[test]
fn a_selection_still_finds_what_leaves_memory_meanwhile() {
    let db = manual().open().unwrap();
    for number in 0..50 {
        db.series(&pod(number)).unwrap().append(HOUR, number as f64).unwrap();
    }
    let request = SeriesRequest::new(vec![Matcher::equal("zone", "a")], MillisRange::ALL);
    let set = db.select(&request, &QueryContext::new()).unwrap();
    for hour in 2..6 {
        forget(&db, hour);
        for number in 100..150 {
            let series = db.series(&pod(number * hour as usize)).unwrap();
            series.append(hour * HOUR, -1.0).unwrap();
        }
    }
    assert_eq!(set.len(), 50);
    for index in 0..50 {
        let mut columns = Columns::default();
        for chunk in set.chunks(index).unwrap() {
            chunk.decode(MillisRange::ALL, &mut columns).unwrap();
        }
        let number = columns.floats.values[0] as usize;
        assert_eq!((columns.floats.times, set.labels(index)), (vec![HOUR], &pod(number)));
    }
    drop(set);
    forget(&db, 6);
    forget(&db, 7);
    assert!(db.stats().series_evicted > 50);
}

#[test]
fn a_store_whose_series_come_and_go_opens_with_all_of_them() {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let open = || {
        let builder = Builder::new("/store".as_ref()).file_system(Arc::clone(&files));
        let builder = builder.maintenance(&Maintenance::manual());
        builder.store_options(|options| options.head_bytes_kept_on_close = u64::MAX).open().unwrap()
    };
    let mut db = open();
    let mut handles: Vec<Series> = (0..40).map(|number| db.series(&pod(number)).unwrap()).collect();
    for hour in 1..60_i64 {
        // Ten pods at a time; every one comes back later, under whatever number.
        let first = (hour as usize * 7) % 40;
        let mut batch = db.batch();
        for turn in 0..10 {
            batch.append(
                &handles[(first + turn) % 40],
                hour * HOUR,
                (hour * 10 + turn as i64) as f64,
            );
        }
        assert!(batch.commit().unwrap().is_complete());
        drop(batch);
        if hour % 3 == 0 {
            db.flush().unwrap();
        }
        if hour % 17 == 0 {
            // The log has what came after the last flush.
            let content = read(&db, vec![], MillisRange::ALL);
            drop(std::mem::take(&mut handles));
            drop(std::mem::replace(&mut db, Tsdb::in_memory().unwrap()));
            db = open();
            assert_eq!(read(&db, vec![], MillisRange::ALL), content);
            handles = (0..40).map(|number| db.series(&pod(number)).unwrap()).collect();
        }
    }
    let content = read(&db, vec![], MillisRange::ALL);
    assert_eq!(content.len(), 40);
    assert_eq!(content.values().map(|samples| samples.len()).sum::<usize>(), 590);
}

#[test]
fn a_store_open_for_reading_forgets_what_its_writer_forgets() {
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
    let builder = || {
        let builder = Builder::new("/store".as_ref()).file_system(Arc::clone(&files));
        builder.maintenance(&Maintenance::manual())
    };
    let writer = builder().open().unwrap();
    let reader = builder().open_read_only().unwrap();
    for hour in 1..20 {
        for number in 0..30 {
            // Some come back.
            let number = (hour as usize * 25 + number) % 333;
            let series = writer.series(&pod(number)).unwrap();
            series.append(hour * HOUR, number as f64).unwrap();
            if number.is_multiple_of(16) {
                reader.refresh().unwrap();
            }
        }
        reader.refresh().unwrap();
        assert_eq!(
            read(&reader, vec![], MillisRange::ALL),
            read(&writer, vec![], MillisRange::ALL)
        );
        writer.flush().unwrap();
        reader.refresh().unwrap();
        assert_eq!(
            read(&reader, vec![], MillisRange::ALL),
            read(&writer, vec![], MillisRange::ALL)
        );
        assert!(reader.stats().series <= 100, "{} series", reader.stats().series);
    }
    assert!(reader.stats().series_evicted > 300);
}

#[test]
fn refused_series_cost_the_others_nothing() {
    let limits = Limits { series_max: 1_000, ..Limits::default() };
    let db = manual().limits(limits).open().unwrap();
    let known: Vec<Series> = (0..1_000).map(|number| db.series(&pod(number)).unwrap()).collect();
    let limit = RefusalReason::TooMany { what: "series", limit: 1_000 };
    let mut sink = db.sink();
    for scrape in 1..20_i64 {
        // A flood of labels that nobody has seen, each refused with its reason.
        for number in 0..500 {
            let value = format!("flood-{scrape}-{number}");
            let pairs = [("__name__", "up"), ("pod", value.as_str())];
            assert_eq!(sink.resolve(&RawLabels::new(&pairs)), Err(limit.clone()));
            sink.refuse(limit.clone());
        }
        assert_eq!(sink.commit().unwrap().refused.len(), 500);
        let mut batch = db.batch();
        for pod in &known {
            batch.append(pod, scrape * 15_000, 1.0);
        }
        assert!(batch.commit().unwrap().is_complete());
    }
    let stats = db.stats();
    assert_eq!((stats.series, stats.refused.limits, stats.head_items), (1_000, 9_500, 19_000));
    // None of the texts of the flood is in memory.
    assert!(stats.series_bytes < 400_000, "{} bytes", stats.series_bytes);
    // When series leave, others can come.
    db.flush().unwrap();
    known[0].append(20 * 15_000, 1.0).unwrap();
    db.flush().unwrap();
    assert_eq!(db.stats().series, 1);
    assert!(db.series(&pod(5_000)).is_ok());
}

/// As a cluster whose pods are replaced all the time: 1,000,000 series, 10,000 at a time.
#[test]
fn a_million_series_that_come_and_go_stay_within_a_bound() {
    const AT_A_TIME: usize = 10_000;
    let db = manual().open().unwrap();
    let mut sink = db.sink();
    let (mut most, mut most_bytes) = (0, 0);
    let mut text = String::new();
    for hour in 1..=100_i64 {
        let mut series = Vec::with_capacity(AT_A_TIME);
        for number in 0..AT_A_TIME {
            use std::fmt::Write;
            text.clear();
            write!(text, "pod-{hour}-{number}").unwrap();
            let pairs = [
                ("__name__", "container_memory_bytes"),
                ("job", "kubelet"),
                ("namespace", "shop"),
                ("pod", text.as_str()),
            ];
            series.push(sink.resolve(&RawLabels::new(&pairs)).unwrap());
        }
        let values = vec![hour as f64; AT_A_TIME];
        for scrape in 0..2 {
            sink.append_row(&series, hour * HOUR + scrape * 15_000, &values);
            assert!(sink.commit().unwrap().is_complete());
        }
        db.flush().unwrap();
        let stats = db.stats();
        most = most.max(stats.series);
        most_bytes = most_bytes.max(stats.series_bytes);
    }
    assert_eq!(db.stats().series + db.stats().series_evicted, 1_000_000);
    // Those of the head and of the one before, and a third of these; 250 bytes each.
    assert!(most <= 4 * AT_A_TIME as u64, "{most} series");
    assert!(most_bytes <= 4 * AT_A_TIME as u64 * 250, "{most_bytes} bytes");
}

#[test]
fn writers_and_readers_beside_evictions_see_every_series_once() {
    const WRITERS: usize = 2;
    let db = manual().open().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let db = db.clone();
                scope.spawn(move || {
                    let mut sink = db.sink();
                    let mut known: Vec<Option<SeriesRef>> = vec![None; 60];
                    let mut written = 0;
                    for scrape in 1..400_i64 {
                        // Some scrapes between two flushes.
                        let flushes = db.stats().flushes;
                        while scrape % 5 == 0 && db.stats().flushes == flushes {
                            std::thread::yield_now();
                        }
                        // Five pods of sixty at a time.
                        for turn in 0..5 {
                            let pod = (scrape as usize / 20 * 5 + turn) % 60;
                            let value = format!("{writer}-{pod}");
                            let pairs = [("__name__", "up"), ("pod", value.as_str())];
                            let live = known[pod].filter(|series| sink.is_live(*series));
                            let series = match live {
                                Some(series) => series,
                                None => sink.resolve(&RawLabels::new(&pairs)).unwrap(),
                            };
                            known[pod] = Some(series);
                            sink.append(series, scrape * 1_000, SampleValue::Float(pod as f64), 0);
                            written += 1;
                        }
                        assert!(sink.commit().unwrap().is_complete());
                    }
                    written
                })
            })
            .collect();
        let flusher = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                db.flush().unwrap();
            }
        });
        let reader = scope.spawn(|| {
            let mut before = 0;
            while !done.load(Ordering::Relaxed) {
                let content = read(&db, vec![Matcher::equal("__name__", "up")], MillisRange::ALL);
                for (labels, samples) in &content {
                    let pod: f64 = labels.get("pod").unwrap()[2..].parse().unwrap();
                    assert!(samples.values().all(|value| value.bits == pod.to_bits()));
                }
                let now = content.values().map(|samples| samples.len()).sum();
                assert!(now >= before, "{now} samples after {before}");
                before = now;
            }
        });
        let written: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        done.store(true, Ordering::Relaxed);
        flusher.join().unwrap();
        reader.join().unwrap();
        let content = read(&db, vec![], MillisRange::ALL);
        assert_eq!(content.len(), WRITERS * 60);
        assert_eq!(content.values().map(|samples| samples.len()).sum::<usize>(), written);
    });
    assert!(db.stats().series_evicted > 0);
}
