//! An application's own metrics: history that survives a restart, a bound on the disk it takes,
//! and questions in PromQL.
//!
//! ```text
//! cargo run --example metrics
//! ```
//!
//! The application is a service with a queue; its day is made up, so that the answers are known
//! and the example checks them. Times would come from the clock in a real one: every call takes
//! anything that turns into milliseconds, `SystemTime` for instance.
#![expect(clippy::print_stdout, reason = "an example shows its answers")]

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use quadra::labels;
use quadra::labels::Labels;
use quadra::model::SampleValue;
use quadra::promql::Value;
use quadra::tsdb::Series;
use quadra::{Quadra, time::Millis};

/// 2026-01-01, midnight.
const MIDNIGHT: i64 = 1_767_225_600_000;
const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
/// How often the service looks at itself.
const PACE: i64 = 15 * SECOND;
/// What its history may take on disk.
const DISK_BYTES: u64 = 8 << 20;

/// The series that the service writes, as handles: a label set is looked up once.
struct OwnMetrics {
    requests: [Series; 2],
    queued: Series,
}

impl OwnMetrics {
    fn new(db: &Quadra) -> Result<Self, quadra::Error> {
        let metrics = db.metrics();
        let requests = |status: &str| -> Labels {
            labels! { "__name__" => "requests_total", "job" => "shop", "status" => status }
        };
        Ok(OwnMetrics {
            requests: [metrics.series(requests("200"))?, metrics.series(requests("500"))?],
            queued: metrics.series(labels! { "__name__" => "queue_length", "job" => "shop" })?,
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    write_a_day(directory.path())?;

    // 2. Open again: the day is there.
    let db = open(directory.path())?;
    ask(&db)
}

fn open(directory: &Path) -> Result<Quadra, quadra::Error> {
    Quadra::builder().retention_bytes(DISK_BYTES).open(directory)
}

/// The life of one process.
fn write_a_day(directory: &Path) -> Result<(), Box<dyn Error>> {
    // 1. Write. What is seen at one time goes into one commit: readers see all of it or nothing,
    //    and a batch that is kept is stored as rows, a byte or two a sample.
    let db = open(directory)?;
    let own = OwnMetrics::new(&db)?;
    let mut batch = db.metrics().batch();
    for step in 0..24 * HOUR / PACE {
        let time = MIDNIGHT + step * PACE;
        // 30 requests between two looks; at noon the database behind it is away for an hour.
        let is_away = (12 * HOUR..13 * HOUR).contains(&(step * PACE));
        let failed_before = (time - MIDNIGHT - 12 * HOUR).clamp(0, HOUR) / PACE;
        let failed = 30 * failed_before;
        batch.append(&own.requests[0], time, (30 * step - failed) as f64);
        batch.append(&own.requests[1], time, failed as f64);
        batch.append(&own.queued, time, if is_away { 250.0 } else { (step % 4) as f64 });
        let committed = batch.commit()?;
        assert!(committed.is_complete(), "every sample is newer than the one before");
    }
    // Closed, as at the end of a process. A process that is killed loses nothing either: a commit is
    // in the log when it returns.
    Ok(db.close()?)
}

fn ask(db: &Quadra) -> Result<(), Box<dyn Error>> {
    // 3. Ask. How many requests a second, and how many of them failed, at a quarter to one?
    let noon = MIDNIGHT + 12 * HOUR + 45 * 60 * SECOND;
    let rate = number(db, "sum(rate(requests_total[5m]))", noon)?;
    let failing = number(
        db,
        r#"rate(requests_total{status="500"}[5m]) / on(job) sum by (job) (rate(requests_total[5m]))"#,
        noon,
    )?;
    println!("at 12:45  {rate:.1} requests a second, {:.0} % of them failed", failing * 100.0);
    assert!((rate - 2.0).abs() < 1e-9 && (failing - 1.0).abs() < 1e-9);

    // The longest queue of every hour, as a picture.
    let range = db.promql("max_over_time(queue_length[1h])");
    let result = range.range(MIDNIGHT + HOUR, MIDNIGHT + 23 * HOUR, Duration::from_secs(3_600))?;
    let Value::Matrix(series) = result.value else { return Err("a range is a matrix".into()) };
    for (time, longest) in &series[0].floats {
        let bar = "#".repeat((longest / 10.0).ceil() as usize);
        println!("{:>5}:00  {longest:>3} {bar}", (time.0 - MIDNIGHT) / HOUR);
    }
    assert_eq!(series[0].floats.len(), 23);
    assert_eq!(series[0].floats.iter().filter(|(_, longest)| *longest == 250.0).count(), 1 + 1);

    // 4. What it takes: 17,280 samples in a few kilobytes.
    db.flush()?;
    let stats = db.metrics().store().stats();
    println!("{} samples in {} bytes", stats.block_items, stats.block_bytes);
    assert_eq!(stats.block_items, 3 * 24 * 240);
    assert!(stats.block_bytes < DISK_BYTES);
    Ok(())
}

/// The value of a query that gives one.
fn number(db: &Quadra, query: &str, time: i64) -> Result<f64, Box<dyn Error>> {
    let Value::Vector(elements) = db.promql(query).instant(Millis(time))?.value else {
        return Err("not a vector".into());
    };
    match elements.first().map(|element| &element.value) {
        Some(SampleValue::Float(value)) => Ok(*value),
        _ => Err("no number".into()),
    }
}
