//! Damage: whatever byte of whatever file is changed, opening, reading or the full check finds it,
//! or it changes nothing. No answer is wrong, and nothing panics.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod reading;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use reading::{Content, try_read};
use telemetry_core::labels;
use telemetry_core::model::{Exemplar, Histogram, SampleValue};
use telemetry_core::query::QueryContext;
use telemetry_core::source::SourceError;
use telemetry_core::storage::fs::FaultyFileSystem;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::runtime::{Runtime, RuntimeOptions};
use telemetry_core::time::{Millis, MillisRange};
use tsdb::{Builder, Durability, SeriesExemplars, Tsdb};

fn runtime() -> &'static Arc<Runtime> {
    static RUNTIME: OnceLock<Arc<Runtime>> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new(RuntimeOptions::default()))
}

fn open(fs: &FaultyFileSystem) -> tsdb::Result<Tsdb> {
    Builder::new(Path::new("/store"))
        .file_system(Arc::new(fs.clone()))
        .runtime(runtime())
        .maintenance(&Maintenance::manual())
        .durability(Durability::Always)
        .store_options(|options| options.head_bytes_kept_on_close = u64::MAX)
        .open()
}

/// Samples and exemplars.
type Everything = (Content, Vec<SeriesExemplars>);

fn read_all(db: &Tsdb) -> Result<Everything, SourceError> {
    let content = try_read(db, vec![], MillisRange::ALL)?;
    Ok((content, db.query_exemplars(&[vec![]], MillisRange::ALL, &QueryContext::new())?))
}

/// A closed store with two blocks, a tombstone, and samples of every kind and exemplars in log and
/// blocks.
fn store() -> (FaultyFileSystem, Everything) {
    let fs = FaultyFileSystem::new(1);
    let db = open(&fs).unwrap();
    let series: Vec<_> = (0..5)
        .map(|at| db.series(&labels! { "__name__" => "m", "at" => &at.to_string() }).unwrap())
        .collect();
    let mut batch = db.batch();
    for scrape in 0..60_i64 {
        for (at, series) in series[..4].iter().enumerate() {
            batch.append(series, scrape * 15_000, (scrape * at as i64) as f64 / 7.0);
        }
        let histogram = Histogram { count: scrape as f64, ..Histogram::default() };
        batch.append(&series[4], scrape * 15_000, SampleValue::Histogram(Arc::new(histogram)));
        if scrape % 3 == 0 {
            let labels = labels! { "trace_id" => &format!("{scrape:08x}") };
            let time = Millis(scrape * 15_000);
            let exemplar = Exemplar { labels, value: scrape as f64, time };
            batch.exemplar(series[scrape as usize % 5].reference(), exemplar);
        }
        let _ = batch.commit().unwrap();
        if scrape == 25 || scrape == 45 {
            db.flush().unwrap();
        }
        if scrape == 50 {
            db.delete(&[], MillisRange::new(0, 100_000)).unwrap();
        }
    }
    let content = read_all(&db).unwrap();
    db.close().unwrap();
    (fs, content)
}

#[test]
fn a_changed_byte_is_found_or_harmless() {
    let (fs, content) = store();
    let mut found = 0;
    let mut changed = 0;
    for path in fs.files() {
        let whole = fs.content(&path).unwrap();
        // The reserve holds nothing.
        if path.ends_with("RESERVE") {
            continue;
        }
        // Every byte of what is small, and a part of what is not.
        let step = (whole.len() / 700).max(1);
        for at in (0..whole.len()).step_by(step) {
            let copy = fs.fork();
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            copy.damage(&path, bytes);
            changed += 1;
            let Ok(db) = open(&copy) else {
                found += 1;
                continue;
            };
            match read_all(&db) {
                Err(_) => found += 1,
                Ok(read) => {
                    assert_eq!(read, content, "byte {at} of {path:?}");
                    found += u32::from(!db.verify().unwrap().is_intact());
                }
            }
        }
    }
    // The mark of the clean close is durable with the rest, so next to nothing is harmless.
    assert!(changed > 1_500 && found * 100 > changed * 95, "{found} of {changed} found");
}

#[test]
fn a_file_cut_short_is_found() {
    let (fs, content) = store();
    for path in fs.files().into_iter().filter(|path| !path.ends_with("RESERVE")) {
        let whole = fs.content(&path).unwrap();
        for at in (0..whole.len()).step_by((whole.len() / 40).max(1)) {
            let copy = fs.fork();
            copy.damage(&path, whole[..at].to_vec());
            if let Ok(db) = open(&copy)
                && let Ok(read) = read_all(&db)
                && db.verify().unwrap().is_intact()
            {
                let torn = !db.stats().recovery.was_clean();
                assert!(torn || read == content, "{path:?} cut at {at}");
            }
        }
    }
}
