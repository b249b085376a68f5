//! Crashes: whenever the power goes, a sync fails or the disk is full, what is found afterwards is
//! a prefix of the commits that holds all that the durability contract covers, each whole.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod reading;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reading::{Content, Value, try_read};
use telemetry_core::labels;
use telemetry_core::labels::Matcher;
use telemetry_core::model::{Exemplar, Histogram, SampleValue};
use telemetry_core::query::QueryContext;
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::runtime::{Runtime, RuntimeOptions};
use telemetry_core::time::{Millis, MillisRange};
use tsdb::{Builder, Durability, Error, OutOfOrder, Tsdb};

const HOUR: i64 = 3_600_000;

/// One step of the workload.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A scrape of four series at this time.
    Scrape(i64),
    /// Late samples and a histogram.
    Stray(i64),
    /// A series from this time, an hour long.
    Delete(i64),
    Flush,
    Compact,
    Sync,
    Reopen,
}

use Step::{Compact, Delete, Flush, Reopen, Scrape, Stray, Sync};

/// Every kind of step beside every other.
const STEPS: [Step; 30] = [
    Scrape(1),
    Scrape(2),
    Scrape(3),
    Flush,
    Stray(3),
    Scrape(4),
    Sync,
    Delete(2),
    Scrape(5),
    Scrape(6),
    Reopen,
    Scrape(7),
    Stray(6),
    Flush,
    Scrape(8),
    Scrape(9),
    Flush,
    Compact,
    Delete(8),
    Scrape(10),
    Sync,
    Scrape(11),
    Scrape(12),
    Flush,
    Compact,
    Stray(11),
    Reopen,
    Scrape(13),
    Flush,
    Scrape(14),
];

/// The items of a step: series, time, value.
fn items(step: Step) -> Vec<(usize, i64, SampleValue)> {
    match step {
        Scrape(hour) => {
            let value = |series: usize| ((hour * 10) as f64 / (series + 1) as f64).into();
            (0..4).map(|series| (series, hour * HOUR, value(series))).collect()
        }
        Stray(hour) => {
            let histogram = Histogram { count: hour as f64, sum: 0.1, ..Histogram::default() };
            vec![
                (0, hour * HOUR - 7, 1.5.into()),
                (4, hour * HOUR, SampleValue::Histogram(Arc::new(histogram))),
                (1, hour * HOUR + 9, 2.5.into()),
            ]
        }
        _ => Vec::new(),
    }
}

fn labels_of(series: usize) -> telemetry_core::labels::Labels {
    labels! { "__name__" => "m", "series" => &series.to_string() }
}

/// The exemplar of a step: of the series that is deleted now and then.
fn exemplar(step: Step) -> Option<Exemplar> {
    let Scrape(hour) = step else { return None };
    let trace = format!("{hour:x}");
    Some(Exemplar {
        labels: labels! { "trace_id" => &trace },
        value: 0.5,
        time: Millis(hour * HOUR),
    })
}

fn deleted(hour: i64) -> (Vec<Matcher>, MillisRange) {
    (vec![Matcher::equal("series", "1")], MillisRange::new(hour * HOUR, (hour + 1) * HOUR))
}

fn is_change(step: &Step) -> bool {
    matches!(step, Scrape(_) | Stray(_) | Delete(_))
}

/// Samples, and the times of exemplars.
type State = (Content, BTreeSet<i64>);

/// What each number of changes leaves.
fn states() -> Vec<State> {
    let (mut state, mut exemplars) = (Content::new(), BTreeSet::new());
    let mut states = vec![(state.clone(), exemplars.clone())];
    for step in STEPS.iter().filter(|step| is_change(step)) {
        for (series, time, value) in items(*step) {
            let samples = state.entry(labels_of(series)).or_default();
            samples.entry(time).or_insert_with(|| Value::of(&value, 0));
        }
        exemplars.extend(exemplar(*step).map(|exemplar| exemplar.time.0));
        if let Delete(hour) = step {
            let (_, range) = deleted(*hour);
            if let Some(samples) = state.get_mut(&labels_of(1)) {
                samples.retain(|time, _| *time < range.start.0 || range.end.0 < *time);
            }
            exemplars.retain(|time| *time < range.start.0 || range.end.0 < *time);
        }
        states.push((state.clone(), exemplars.clone()));
    }
    states
}

/// One pool of workers for all stores of this file.
fn runtime() -> &'static Arc<Runtime> {
    static RUNTIME: OnceLock<Arc<Runtime>> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new(RuntimeOptions::default()))
}

fn open(fs: &FaultyFileSystem, durability: Durability) -> tsdb::Result<Tsdb> {
    Builder::new(Path::new("/store"))
        .file_system(Arc::new(fs.clone()))
        .runtime(runtime())
        .maintenance(&Maintenance::manual())
        .durability(durability)
        .out_of_order(OutOfOrder::Within(Duration::from_secs(7200)))
        .open()
}

/// How far a workload came.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// Changes that returned.
    returned: usize,
    /// Changes that were begun.
    begun: usize,
    /// Those that must survive power loss.
    durable: usize,
}

struct Run<'a> {
    fs: &'a FaultyFileSystem,
    durability: Durability,
    db: Option<Tsdb>,
    progress: Progress,
}

impl Run<'_> {
    fn new(fs: &FaultyFileSystem, durability: Durability) -> Run<'_> {
        Run { fs, durability, db: None, progress: Progress::default() }
    }

    fn step(&mut self, step: Step) -> tsdb::Result<()> {
        if self.db.is_none() {
            self.db = Some(open(self.fs, self.durability)?);
        }
        let Some(db) = &self.db else { return Ok(()) };
        if is_change(&step) {
            self.progress.begun += 1;
        }
        match step {
            Scrape(_) | Stray(_) => {
                let mut batch = db.batch();
                for (series, time, value) in items(step) {
                    batch.append(&db.series(&labels_of(series))?, time, value);
                }
                if let Some(exemplar) = exemplar(step) {
                    batch.exemplar(db.series(&labels_of(1))?.reference(), exemplar);
                }
                assert!(batch.commit()?.is_complete());
            }
            Delete(hour) => {
                let (matchers, range) = deleted(hour);
                db.delete(&matchers, range)?;
            }
            Flush => drop(db.flush()?),
            Compact => drop(db.compact()?),
            Sync => db.sync()?,
            Reopen => {
                let db = self.db.take();
                db.map_or(Ok(()), |db| db.close())?;
            }
        }
        if is_change(&step) {
            self.progress.returned += 1;
            if self.durability == Durability::Always {
                self.progress.durable = self.progress.returned;
            }
        } else if matches!(step, Flush | Sync | Reopen) {
            self.progress.durable = self.progress.returned;
        }
        Ok(())
    }

    /// All steps, up to the first that fails.
    fn all(&mut self) -> Option<Error> {
        STEPS.iter().find_map(|step| self.step(*step).err())
    }
}

/// What is found is one of the states from `least` to `most` changes.
fn check(fs: &FaultyFileSystem, states: &[State], least: usize, most: usize, case: &str) {
    let db = open(fs, Durability::Always).unwrap_or_else(|error| panic!("{case}: {error}"));
    let found = try_read(&db, vec![], MillisRange::ALL).unwrap();
    let exemplars = db.query_exemplars(&[vec![]], MillisRange::ALL, &QueryContext::new()).unwrap();
    let times = exemplars.iter().flat_map(|series| &series.exemplars).map(|it| it.time.0);
    let times: Vec<i64> = times.collect();
    let expected = &states[least..=most];
    let is_it = |(samples, exemplars): &State| {
        let held = samples.iter().filter(|(_, samples)| !samples.is_empty());
        held.eq(found.iter()) && exemplars.iter().eq(&times)
    };
    assert!(expected.iter().any(is_it), "{case}: found {found:#?}, exemplars at {times:?}");
    assert!(db.verify().unwrap().is_intact(), "{case}");
    // And it goes on.
    let up = db.series(&labels! { "__name__" => "up" }).unwrap();
    up.append(20 * HOUR, 1.0).unwrap();
}

/// Changes to the file system that the whole workload makes.
fn changes(durability: Durability) -> u64 {
    let fs = FaultyFileSystem::new(1);
    let mut run = Run::new(&fs, durability);
    assert!(run.all().is_none());
    drop(run);
    let states = states();
    let last = states.len() - 1;
    check(&fs.kill(), &states, last, last, "no fault");
    fs.calls().changes
}

#[test]
fn power_cut_at_every_change_keeps_every_durable_commit() {
    let states = states();
    let interval = Durability::Interval(Duration::from_secs(3600));
    for (seed, durability) in
        [(3, Durability::Always), (4, interval), (5, Durability::Always), (6, interval)]
    {
        for n in 1..=changes(durability) {
            let fs = FaultyFileSystem::new(seed * 10_000 + n);
            fs.cut_power_at(n);
            let mut run = Run::new(&fs, durability);
            run.all();
            let Progress { durable, begun, .. } = run.progress;
            drop(run);
            let case = format!("{durability:?}, seed {}, change {n}", fs.seed());
            check(&fs.reboot(), &states, durable, begun, &case);
        }
    }
}

#[test]
fn a_killed_process_loses_no_commit_that_returned() {
    let states = states();
    let durability = Durability::Interval(Duration::from_secs(3600));
    for n in (1..=changes(durability)).step_by(3) {
        let fs = FaultyFileSystem::new(n);
        fs.cut_power_at(n);
        let mut run = Run::new(&fs, durability);
        run.all();
        let Progress { returned, begun, .. } = run.progress;
        drop(run);
        check(&fs.kill(), &states, returned, begun, &format!("change {n}"));
    }
}

#[test]
fn a_failed_call_is_an_error_and_loses_nothing() {
    let states = states();
    for n in (1..=changes(Durability::Always)).step_by(2) {
        let fs = FaultyFileSystem::new(n);
        fs.fail_call(n);
        let mut run = Run::new(&fs, Durability::Always);
        run.all();
        let Progress { returned, begun, .. } = run.progress;
        // Reads go on, whatever has failed.
        if let Some(db) = &run.db {
            try_read(db, vec![], MillisRange::ALL).unwrap();
        }
        drop(run);
        check(&fs.reboot(), &states, returned, begun, &format!("call {n}"));
    }
}

#[test]
fn appends_go_on_when_a_full_disk_has_room_again() {
    let fs = FaultyFileSystem::new(5);
    let db = open(&fs, Durability::Always).unwrap();
    let series: Vec<_> = (0..4).map(|at| db.series(&labels_of(at)).unwrap()).collect();
    let mut batch = db.batch();
    let mut scrape = |time: i64| {
        for series in &series {
            batch.append(series, time * 1_000, time as f64);
        }
        batch.commit().map(drop)
    };
    for time in 0..20 {
        scrape(time).unwrap();
    }
    fs.limit_bytes(Some(fs.total_bytes() + 50));
    let mut failed = 0;
    for time in 20..40 {
        failed += usize::from(scrape(time).is_err());
    }
    assert!(failed > 0);
    let before = try_read(&db, vec![], MillisRange::ALL).unwrap();
    assert_eq!(before[&labels_of(0)].len(), 40 - failed);
    fs.limit_bytes(None);
    for time in 40..60 {
        scrape(time).unwrap();
    }
    let found = try_read(&db, vec![], MillisRange::ALL).unwrap();
    assert_eq!(found[&labels_of(3)].len(), 60 - failed);
    drop((db, series));
    let db = open(&fs.reboot(), Durability::Always).unwrap();
    assert_eq!(try_read(&db, vec![], MillisRange::ALL).unwrap(), found);
}
