//! The phase `query`: open, ask each query once, then again and again.

use std::error::Error;
use std::fs;
use std::time::Instant;

use quadra::Quadra;
use quadra::storage::runtime::{Runtime, RuntimeOptions};
use serde_json::Value;

use super::arguments::Arguments;
use super::ask::{Answer, Question};
use super::expected::Expected;
use super::manifest::Manifest;
use super::process;
use super::report::Report;

/// Asks the queries of the workload and prints what that cost. Gives the number of those that
/// failed, or whose answer is not the one expected.
pub(crate) fn run(
    arguments: &Arguments,
    manifest: &Manifest,
    report: &mut Report<'_>,
) -> Result<usize, Box<dyn Error>> {
    let path = arguments.queries.as_ref().ok_or("--queries FILE is missing")?;
    let all: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let expected = arguments.expected.as_deref().map(Expected::read).transpose()?;
    process::forget_highest_memory();

    let mut options = RuntimeOptions::default();
    if let Some(threads) = arguments.threads {
        options.parallelism = threads;
        report.common.insert("threads".to_owned(), threads.into());
    }
    let opening = Instant::now();
    let db = Quadra::builder()
        .durability(arguments.durability()?)
        .runtime(&Runtime::new(options))
        .open(&arguments.dir)?;
    report.figure("open", millis(opening), "ms")?;
    let idle = process::memory_bytes("VmRSS");

    let mut failures = 0;
    let mut asked = Vec::new();
    for query in manifest.queries(&all)? {
        let id = query["id"].as_str().ok_or("a query without an id")?;
        let question = match Question::read(query, manifest) {
            Ok(Some(question)) => question,
            Ok(None) => continue,
            Err(error) => {
                failures += 1;
                report.failure(id, &error.to_string())?;
                continue;
            }
        };
        match cold(&db, &question) {
            Ok(first) => asked.push((id, question, first)),
            Err(error) => {
                failures += 1;
                report.failure(id, &error.to_string())?;
            }
        }
    }
    for (id, question, first) in asked {
        let warm = warm(&db, &question, arguments.warm);
        let told = match warm {
            Ok(warm) => tell(id, &question, &first, warm, report),
            Err(error) => Err(error),
        };
        let outcome = told.and_then(|()| match &expected {
            Some(expected) => expected.check(&manifest.workload, id, &first.answer),
            None => Ok(()),
        });
        if let Err(error) = outcome {
            failures += 1;
            report.failure(id, &error.to_string())?;
        }
    }
    let memory = [("rss_peak", process::memory_bytes("VmHWM")), ("rss_idle", idle)];
    for (metric, bytes) in memory {
        if let Some(bytes) = bytes {
            report.figure(metric, bytes as f64, "bytes")?;
        }
    }
    db.close()?;
    Ok(failures)
}

/// The first run of a query.
struct First {
    millis: f64,
    answer: Answer,
}

/// The runs after it.
struct Warm {
    /// In rising order.
    millis: Vec<f64>,
    cpu_millis: f64,
}

/// Asks every variant of `question` once: the time in the middle, and the last answer.
fn cold(db: &Quadra, question: &Question) -> Result<First, Box<dyn Error>> {
    let (mut times, mut last) = (Vec::new(), Answer::default());
    for variant in 0..question.variants() {
        let began = Instant::now();
        last = question.ask(db, variant)?;
        times.push(millis(began));
    }
    Ok(First { millis: middle(&mut times), answer: last })
}

/// Asks every variant `runs` times.
fn warm(db: &Quadra, question: &Question, runs: usize) -> Result<Warm, Box<dyn Error>> {
    let mut times = Vec::new();
    let cpu = process::cpu_seconds()?;
    for _ in 0..runs {
        for variant in 0..question.variants() {
            let began = Instant::now();
            question.ask(db, variant)?;
            times.push(millis(began));
        }
    }
    let cpu = (process::cpu_seconds()? - cpu) * 1e3;
    let cpu_millis = cpu / times.len().max(1) as f64;
    middle(&mut times);
    Ok(Warm { millis: times, cpu_millis })
}

fn tell(
    id: &str,
    question: &Question,
    first: &First,
    mut warm: Warm,
    report: &mut Report<'_>,
) -> Result<(), Box<dyn Error>> {
    report.of_query(id, "query_cold", first.millis, "ms", question.variants())?;
    let n = warm.millis.len();
    if let Some(least) = warm.millis.first().copied() {
        report.of_query(id, "query_warm", middle(&mut warm.millis), "ms", n)?;
        report.of_query(id, "query_warm_min", least, "ms", n)?;
        report.of_query(id, "query_cpu", warm.cpu_millis, "ms", n)?;
    }
    let Answer { rows, points, sum } = first.answer;
    report.of_query(id, "query_rows", rows as f64, "count", 1)?;
    if let Some(points) = points {
        report.of_query(id, "query_points", points as f64, "count", 1)?;
        report.of_query(id, "query_sum", sum, "value", 1)?;
    }
    Ok(())
}

/// Sorts the times and gives the one in the middle.
fn middle(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
