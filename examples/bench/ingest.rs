//! The phase `ingest`: load, flush, compact, close.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use quadra::Quadra;

use super::arguments::Arguments;
use super::frames::Frames;
use super::load::{Cost, loader};
use super::manifest::{Kind, Manifest};
use super::process;
use super::report::Report;

/// Loads the workload and prints what that cost.
pub(crate) fn run(
    arguments: &Arguments,
    manifest: &Manifest,
    report: &mut Report<'_>,
) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(&arguments.dir)?;
    if fs::read_dir(&arguments.dir)?.next().is_some() {
        return Err(format!("{} is not empty", arguments.dir.display()).into());
    }
    let threads = arguments.threads.unwrap_or(1);
    for (name, value) in [
        ("path", arguments.path.as_str().into()),
        ("durability", arguments.durability.as_str().into()),
        ("threads", threads.into()),
    ] {
        report.common.insert(name.to_owned(), value);
    }
    process::forget_highest_memory();
    let db = Quadra::builder().durability(arguments.durability()?).open(&arguments.dir)?;
    let idle = process::memory_bytes("VmRSS");

    let (began, cpu) = (Instant::now(), process::cpu_seconds()?);
    let cost = load(&db, arguments, manifest, threads)?;
    let wall = began.elapsed().as_secs_f64() - cost.beside_wall / threads as f64;
    let cpu = process::cpu_seconds()? - cpu - cost.beside_cpu;

    let (settling, settling_cpu) = (Instant::now(), process::cpu_seconds()?);
    db.flush()?;
    db.compact()?;
    db.close()?;
    drop(db);
    let settle_wall = settling.elapsed().as_secs_f64();
    let settle_cpu = process::cpu_seconds()? - settling_cpu;

    report.figure("ingest_wall", wall, "s")?;
    report.figure("ingest_cpu", cpu, "s")?;
    report.figure("settle_wall", settle_wall, "s")?;
    report.figure("settle_cpu", settle_cpu, "s")?;
    let unit = match manifest.kind {
        Kind::Metrics => "samples/s",
        Kind::Logs => "lines/s",
        Kind::Traces => "spans/s",
        Kind::Profiles => "profiles/s",
    };
    let items = cost.items as f64;
    report.figure("items", items, "count")?;
    report.figure("refused", cost.refused as f64, "count")?;
    report.figure("ingest_rate", items / wall, unit)?;
    report.figure("ingest_rate_cpu", items / (cpu + settle_cpu), unit)?;
    if manifest.kind == Kind::Logs {
        let megabytes = cost.line_bytes as f64 / 1e6;
        report.figure("ingest_bytes_rate", megabytes / wall, "MB/s")?;
        report.figure("ingest_bytes_rate_cpu", megabytes / (cpu + settle_cpu), "MB/s")?;
    }
    let mut calls = cost.calls;
    calls.sort_by(f64::total_cmp);
    let rank = |share: f64| calls.get(((calls.len() as f64 - 1.0) * share) as usize);
    for (metric, share) in [("append_p50", 0.5), ("append_p99", 0.99), ("append_max", 1.0)] {
        report.figure(metric, rank(share).copied().unwrap_or_default() * 1e6, "us")?;
    }
    let memory = [("rss_peak", process::memory_bytes("VmHWM")), ("rss_idle", idle)];
    for (metric, bytes) in memory {
        if let Some(bytes) = bytes {
            report.figure(metric, bytes as f64, "bytes")?;
        }
    }
    disk(arguments, manifest, items, cost.line_bytes, report)?;
    report.common.clear();
    Ok(())
}

fn load(
    db: &Quadra,
    arguments: &Arguments,
    manifest: &Manifest,
    threads: usize,
) -> Result<Cost, Box<dyn Error>> {
    let parts = u32::try_from(threads)?;
    let has_heads = manifest.kind == Kind::Profiles;
    let part = |part: u32| -> Result<Cost, String> {
        let in_words = |error: Box<dyn Error>| error.to_string();
        let open = || Frames::open(&manifest.frames, has_heads, part, parts);
        let mut frames = open().map_err(|error| in_words(error.into()))?;
        let mut loader = loader(db, manifest.kind, arguments.path);
        let mut cost = Cost::default();
        while let Some(frame) = frames.next().map_err(|error| in_words(error.into()))? {
            loader.frame(frame, &mut cost).map_err(in_words)?;
        }
        Ok(cost)
    };
    if threads == 1 {
        return Ok(part(0)?);
    }
    let mut all = Cost::default();
    thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        let part = &part;
        let workers: Vec<_> = (0..parts).map(|at| scope.spawn(move || part(at))).collect();
        for worker in workers {
            all.add(worker.join().map_err(|_| "a thread panicked")??);
        }
        Ok(())
    })?;
    Ok(all)
}

fn disk(
    arguments: &Arguments,
    manifest: &Manifest,
    items: f64,
    line_bytes: u64,
    report: &mut Report<'_>,
) -> Result<(), Box<dyn Error>> {
    let all = process::bytes_on_disk(&arguments.dir, &|_| true) as f64;
    // A block is one folder; what is beside them is manifests, locks and the rest of the log.
    let is_block = |path: &Path| path.components().any(|part| part.as_os_str() == "blocks");
    let is_index = |path: &Path| is_block(path) && path.ends_with("index");
    let blocks = process::bytes_on_disk(&arguments.dir, &is_block) as f64;
    let index = process::bytes_on_disk(&arguments.dir, &is_index) as f64;
    report.figure("disk", all, "bytes")?;
    report.figure("disk_data", blocks - index, "bytes")?;
    report.figure("disk_index", index, "bytes")?;
    report.figure("bytes_per_item", all / items, "bytes")?;
    if manifest.kind == Kind::Logs {
        report.figure("ratio", line_bytes as f64 / all, "x")?;
    }
    Ok(())
}
