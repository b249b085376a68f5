//! The data directory of a Prometheus: its blocks, an answer from them, and a copy as new blocks.
//!
//! ```console
//! cargo run --release --example prometheus_blocks -- /var/lib/prometheus
//! cargo run --release --example prometheus_blocks -- /var/lib/prometheus 'topk(5, up)' --export copy/
//! ```
//!
//! The directory is only read: blocks, and the head from its log. What is exported has been read
//! back and compared, and a Prometheus opens it. Without arguments a small directory is made,
//! opened, asked and exported again.
#![expect(clippy::print_stdout, reason = "an example shows its answers")]

use std::error::Error;
use std::path::{Path, PathBuf};

use quadra::labels;
use quadra::model::SampleValue;
use quadra::promql::{Engine, Options, Value};
use quadra::query::QueryContext;
use quadra::source::MetricSource;
use quadra::time::Millis;
use quadra::tsdb::Tsdb;
use quadra::tsdb::prometheus::{Directory, ExportOptions, Exported, export};

/// What is asked where no query is given.
const SERIES_BY_NAME: &str = "sort_desc(count by (__name__) ({__name__!=\"\"}))";
/// A multiple of two hours: where a block begins.
const START: Millis = Millis(1_795_312_800_000);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(directory) = arguments.next() else { return built_in() };
    let (mut query, mut copy) = (SERIES_BY_NAME.to_owned(), None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--export" => copy = Some(PathBuf::from(arguments.next().ok_or("--export where?")?)),
            _ => query = argument,
        }
    }
    let directory = Directory::open(directory)?;
    list(&directory);
    answer(&directory, &query)?;
    if let Some(copy) = copy {
        report(&export_to(&directory, &copy)?);
    }
    Ok(())
}

/// The blocks, in order of time, and what is not in blocks yet.
fn list(directory: &Directory) {
    println!("block                          from           until          series     samples");
    for block in directory.blocks() {
        let meta = block.meta();
        println!(
            "{}     {:<14} {:<14} {:<10} {}",
            meta.ulid, meta.min_time, meta.max_time, meta.series, meta.samples
        );
    }
    match directory.time_range() {
        Some(range) => println!("samples from {} to {}", range.start.0, range.end.0),
        None => println!("no samples"),
    }
}

/// Prints what a query answers with at the newest sample.
fn answer(directory: &Directory, query: &str) -> Result<(), Box<dyn Error>> {
    let Some(range) = directory.time_range() else { return Ok(()) };
    let engine = Engine::new(Options::default());
    let result = engine.instant(directory, query, range.end, &QueryContext::new())?;
    match result.value {
        Value::Vector(elements) => {
            for element in elements {
                match element.value {
                    SampleValue::Float(value) => println!("{} {value}", element.labels),
                    SampleValue::Histogram(histogram) => {
                        println!("{} {} observations", element.labels, histogram.count);
                    }
                }
            }
        }
        other => println!("{other:?}"),
    }
    Ok(())
}

/// Blocks of two hours; a line for each window of time that is done.
fn export_to(source: &dyn MetricSource, copy: &Path) -> Result<Exported, quadra::tsdb::Error> {
    let mut done = 0;
    export(source, copy, &ExportOptions::default(), &mut |progress| {
        if progress.windows_done > done {
            done = progress.windows_done;
            println!("{done} of {} windows, {} samples", progress.windows, progress.samples);
        }
    })
}

fn report(exported: &Exported) {
    println!(
        "{} blocks, {} samples, {:.2} bytes each, compared: {}",
        exported.blocks.len(),
        exported.samples,
        exported.bytes as f64 / exported.samples.max(1) as f64,
        exported.verified
    );
    if exported.start_timestamps_left_out > 0 {
        println!("{} start timestamps were left out", exported.start_timestamps_left_out);
    }
}

/// Out of a store of our own and in again, twice.
fn built_in() -> Result<(), Box<dyn Error>> {
    let db = Tsdb::in_memory()?;
    let mut batch = db.batch();
    for shop in ["north", "south"] {
        let series = db.series(&labels! { "__name__" => "orders_total", "shop" => shop })?;
        for at in 0..720 {
            batch.append(&series, Millis(START.0 + at * 15_000), at as f64);
        }
    }
    batch.commit()?;
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    report(&export_to(&db, first.path())?);

    let directory = Directory::open(first.path())?;
    list(&directory);
    answer(&directory, "sum(rate(orders_total[5m]))")?;
    assert_eq!(directory.blocks().count(), 2, "three hours lie in two windows");

    let exported = export_to(&directory, second.path())?;
    assert_eq!((exported.samples, exported.verified), (1_440, true));
    assert_eq!(Directory::open(second.path())?.time_range(), directory.time_range());
    Ok(())
}
