//! Random sequences of commits, flushes, compactions, deletes and reopenings against a map.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use reading::{Content, Value, read};
use telemetry_core::labels;
use telemetry_core::labels::{Labels, MatchOp, Matcher};
use telemetry_core::model::{BucketSpan, Exemplar, Histogram, STALE_MARKER, SampleValue};
use telemetry_core::query::QueryContext;
use telemetry_core::sink::{Committed, MetricSink, RawLabels, SeriesRef};
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::time::{Millis, MillisRange};
use tsdb::{Builder, OutOfOrder, Series, Sink, Tsdb};

/// Series of the model.
const SERIES: usize = 6;
/// Milliseconds between scrapes: an hour is a few of them, so that windows are crossed.
const PACE: i64 = 900_000;

#[derive(Clone, Debug)]
enum Step {
    /// Scrapes of all series but some (a bit each), one commit each.
    Scrape {
        count: u8,
        without: u8,
    },
    /// Single samples in one commit: series, steps back, kind.
    Samples(Vec<(u8, u8, u8)>),
    Flush,
    /// Only one series goes on through two flushes: the others leave memory.
    Forget(u8),
    Compact,
    /// A series (or all), from so many steps back, so many steps long.
    Delete {
        series: Option<u8>,
        back: u8,
        length: u8,
    },
    /// Close and open again, or only open again as after a kill.
    Reopen {
        close: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u8..6, prop_oneof![3 => Just(0_u8), 2 => 0_u8..63])
            .prop_map(|(count, without)| Step::Scrape { count, without }),
        4 => prop::collection::vec((0..SERIES as u8, 0_u8..12, 0_u8..8), 1..6)
            .prop_map(Step::Samples),
        2 => Just(Step::Flush),
        1 => (0..SERIES as u8).prop_map(Step::Forget),
        1 => Just(Step::Compact),
        1 => (prop::option::of(0..SERIES as u8), 0_u8..20, 0_u8..8)
            .prop_map(|(series, back, length)| Step::Delete { series, back, length }),
        1 => any::<bool>().prop_map(|close| Step::Reopen { close }),
    ]
}

fn labels_of(series: usize) -> Labels {
    let zone = if series.is_multiple_of(2) { "a" } else { "" };
    labels! { "__name__" => "m", "instance" => &format!("i{series}"), "zone" => zone }
}

fn value(kind: u8, salt: i64) -> (SampleValue, i64) {
    let whole = salt % 1_000;
    match kind {
        0 => (SampleValue::Float(STALE_MARKER), 0),
        1 => ((whole as f64).sqrt().into(), 0),
        2 => {
            let histogram = Histogram {
                schema: 2,
                count: whole as f64,
                sum: salt as f64 / 7.0,
                positive_spans: vec![BucketSpan { offset: 1, length: 2 }],
                positive_buckets: vec![1.0, whole as f64],
                ..Histogram::default()
            };
            (SampleValue::Histogram(Arc::new(histogram)), salt % 3)
        }
        3 => ((whole as f64).into(), salt),
        _ => ((whole as f64 / 100.0).into(), 0),
    }
}

/// The store and what should be in it.
struct Pair {
    files: Arc<MemoryFileSystem>,
    db: Tsdb,
    /// As long as the store is open: a handle for each series, and a sink with what it was told.
    handles: Vec<Series>,
    sink: Option<Sink>,
    references: [Option<SeriesRef>; SERIES],
    model: Content,
    /// Of the decoder's commits one each, at the time of the last scrape.
    exemplars: BTreeMap<Labels, Vec<Exemplar>>,
    newest: BTreeMap<Labels, i64>,
    /// A newest sample that was deleted may be forgotten, and older ones accepted again.
    deleted: bool,
    now: i64,
    traces: u32,
}

impl Pair {
    fn new() -> Self {
        let files = Arc::new(MemoryFileSystem::new());
        let db = Pair::open(&files);
        Pair {
            files,
            db,
            handles: Vec::new(),
            sink: None,
            references: [None; SERIES],
            model: Content::new(),
            exemplars: BTreeMap::new(),
            newest: BTreeMap::new(),
            deleted: false,
            now: 1_700_000_000_000,
            traces: 0,
        }
    }

    fn open(files: &Arc<MemoryFileSystem>) -> Tsdb {
        Builder::new("/store".as_ref())
            .file_system(Arc::clone(files) as Arc<dyn FileSystem>)
            .maintenance(&Maintenance::manual())
            .out_of_order(OutOfOrder::Within(Duration::from_millis(8 * PACE as u64)))
            .store_options(|options| options.head_bytes_kept_on_close = 4 << 10)
            .open()
            .unwrap()
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Scrape { count, without } => {
                for _ in 0..*count {
                    self.now += PACE;
                    let items = (0..SERIES).filter(|series| *without >> *series & 1 == 0);
                    let items = items.map(|series| {
                        (series, self.now, value(5 + series as u8, self.now / PACE + series as i64))
                    });
                    let items: Vec<_> = items.collect();
                    self.commit(&items);
                }
            }
            Step::Samples(samples) => {
                let items: Vec<_> = samples
                    .iter()
                    .map(|(series, back, kind)| {
                        let time = self.now - i64::from(*back) * PACE + i64::from(*kind % 3);
                        (usize::from(*series), time, value(*kind, time / 7))
                    })
                    .collect();
                self.commit(&items);
            }
            Step::Flush => drop(self.db.flush().unwrap()),
            Step::Forget(series) => {
                for _ in 0..2 {
                    self.now += PACE;
                    self.commit(&[(usize::from(*series), self.now, value(5, self.now / PACE))]);
                    self.db.flush().unwrap();
                }
            }
            Step::Compact => drop(self.db.compact().unwrap()),
            Step::Delete { series, back, length } => self.delete(*series, *back, *length),
            Step::Reopen { close } => {
                if *close {
                    self.db.close().unwrap();
                }
                self.handles.clear();
                (self.sink, self.references) = (None, [None; SERIES]);
                let files = Arc::new(MemoryFileSystem::new());
                let empty = Pair::open(&files);
                drop(std::mem::replace(&mut self.db, empty));
                self.db = Pair::open(&self.files);
            }
        }
    }

    /// Commits to both. The store says what it refuses; what it accepts must be as it says.
    fn commit(&mut self, items: &[(usize, i64, (SampleValue, i64))]) {
        let committed = self.store(items);
        assert_eq!(committed.stored + committed.refused.len() as u64, items.len() as u64);
        for (index, (series, time, (value, start))) in items.iter().enumerate() {
            let labels = labels_of(*series);
            let refused = committed.refused.iter().any(|refusal| refusal.index == index as u64);
            let newest = self.newest.get(&labels).copied();
            if newest.is_none_or(|newest| *time > newest) {
                assert!(!refused, "item {index} is in order");
            }
            if !self.deleted && newest.is_some_and(|newest| *time < newest - 8 * PACE) {
                assert!(refused, "item {index} is too old");
            }
            let held = self.model.get(&labels).and_then(|samples| samples.get(time));
            if let Some(held) = held {
                let given = Value::of(value, held.start);
                assert!(refused || *held == given, "item {index} has another value than is stored");
            }
            if refused {
                continue;
            }
            let newest = self.newest.entry(labels.clone()).or_insert(*time);
            *newest = (*newest).max(*time);
            let samples = self.model.entry(labels).or_default();
            // Of two values at one time the first counts.
            samples.entry(*time).or_insert_with(|| Value::of(value, *start));
        }
    }

    /// Through handles that live long, or as a decoder that remembers references.
    fn store(&mut self, items: &[(usize, i64, (SampleValue, i64))]) -> Committed {
        let db = &self.db;
        if self.now % (2 * PACE) == 0 && items.iter().all(|(.., (_, start))| *start == 0) {
            if self.handles.is_empty() {
                let handles = (0..SERIES).map(|series| db.series(&labels_of(series)).unwrap());
                self.handles = handles.collect();
            }
            let mut batch = db.batch();
            for (series, time, (value, _)) in items {
                batch.append(&self.handles[*series], *time, value.clone());
            }
            return batch.commit().unwrap();
        }
        let sink = self.sink.get_or_insert_with(|| db.sink());
        self.traces += 1;
        let trace = self.traces.to_string();
        let exemplar = Exemplar {
            labels: labels! { "trace_id" => &trace },
            value: f64::from(self.traces),
            time: Millis(self.now),
        };
        let mut with = Some(exemplar);
        for (series, time, (value, start)) in items {
            let known = self.references[*series].filter(|known| sink.is_live(*known));
            let reference = known.unwrap_or_else(|| {
                let labels = labels_of(*series);
                let pairs: Vec<_> = labels.iter().collect();
                sink.resolve(&RawLabels::new(&pairs)).unwrap()
            });
            self.references[*series] = Some(reference);
            sink.append(reference, *time, value.clone(), *start);
            if let Some(exemplar) = with.take() {
                let labels = labels_of(*series);
                self.exemplars.entry(labels).or_default().push(exemplar.clone());
                sink.exemplar(reference, exemplar);
            }
        }
        sink.commit().unwrap()
    }

    fn delete(&mut self, series: Option<u8>, back: u8, length: u8) {
        let start = self.now - i64::from(back) * PACE;
        let range = MillisRange::new(start, start + i64::from(length) * PACE);
        let matchers = match series {
            Some(series) => vec![Matcher::equal("instance", format!("i{series}"))],
            None => vec![],
        };
        self.db.delete(&matchers, range).unwrap();
        self.deleted = true;
        for (labels, samples) in &mut self.model {
            if matchers.iter().all(|matcher| matcher.matches_labels(labels)) {
                samples.retain(|time, _| *time < range.start.0 || range.end.0 < *time);
            }
        }
        for (labels, exemplars) in &mut self.exemplars {
            if matchers.iter().all(|matcher| matcher.matches_labels(labels)) {
                exemplars.retain(|exemplar| !range.contains(exemplar.time));
            }
        }
    }

    fn expected(&self, matchers: &[Matcher], window: MillisRange) -> Content {
        let mut expected = Content::new();
        for (labels, samples) in &self.model {
            let inside: BTreeMap<_, _> = samples
                .iter()
                .filter(|(time, _)| window.start.0 <= **time && **time <= window.end.0)
                .map(|(time, value)| (*time, value.clone()))
                .collect();
            if !inside.is_empty() && matchers.iter().all(|matcher| matcher.matches_labels(labels)) {
                expected.insert(labels.clone(), inside);
            }
        }
        expected
    }

    fn check_exemplars(&self, matchers: &[Matcher], window: MillisRange) {
        let selectors = [matchers.to_vec()];
        let found = self.db.query_exemplars(&selectors, window, &QueryContext::new()).unwrap();
        let found: Vec<_> = found.into_iter().map(|it| (it.labels, it.exemplars)).collect();
        let selected = self.exemplars.iter().filter_map(|(labels, exemplars)| {
            let inside = exemplars.iter().filter(|exemplar| window.contains(exemplar.time));
            let inside: Vec<Exemplar> = inside.cloned().collect();
            let fits = matchers.iter().all(|matcher| matcher.matches_labels(labels));
            (fits && !inside.is_empty()).then(|| (labels.clone(), inside))
        });
        assert_eq!(found, selected.collect::<Vec<_>>());
    }

    fn check(&self) {
        let matcher = |op, name, value| Matcher::new(op, name, value).unwrap();
        for matchers in [
            vec![],
            vec![Matcher::equal("instance", "i3")],
            vec![
                matcher(MatchOp::NotEqual, "zone", "a"),
                matcher(MatchOp::Regex, "__name__", "m|n"),
            ],
        ] {
            for window in [
                MillisRange::ALL,
                MillisRange::new(self.now - 3 * PACE, self.now - PACE),
                MillisRange::new(self.now - 5 * PACE + 1, self.now - 4 * PACE - 1),
            ] {
                let found = read(&self.db, matchers.clone(), window);
                assert_eq!(found, self.expected(&matchers, window));
                self.check_exemplars(&matchers, window);
            }
        }
    }
}

/// Series that left memory, of all cases.
static EVICTED: AtomicU64 = AtomicU64::new(0);

/// `PROPTEST_CASES`, or a number that takes a second.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(192)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    fn the_store_equals_a_map_in_every_case(steps in prop::collection::vec(step(), 1..40)) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.take(step);
            pair.check();
        }
        prop_assert!(pair.db.verify().unwrap().problems.is_empty());
        EVICTED.fetch_add(pair.db.stats().series_evicted, Ordering::Relaxed);
    }
}

#[test]
fn the_store_equals_a_map() {
    the_store_equals_a_map_in_every_case();
    assert!(EVICTED.load(Ordering::Relaxed) > 200, "{EVICTED:?} series left memory");
}
