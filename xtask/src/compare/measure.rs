//! Measures a peer: load, settle, stop, start, ask.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::answer::Answer;
use super::http::Connection;
use super::process::{Server, bytes_on_disk};
use super::question::{Question, Workload};
use super::{Arguments, Figures, Peer, QueryFigures, Result, frames};

/// What a store does by itself within this time is part of loading.
const SETTLE: Duration = Duration::from_secs(60);

/// Measures `peer` on `workload`.
pub(super) fn measure(
    peer: &dyn Peer,
    programs: &Path,
    arguments: &Arguments,
    workload: &Workload,
) -> Result<Figures> {
    let folder = arguments.folder.join(peer.name());
    fs::create_dir_all(&folder)?;
    let mut figures = Figures::default();
    load(peer, programs, &folder, workload, &mut figures)?;
    let disk = bytes_on_disk(&folder.join("data")) as f64;
    figures.whole.insert("disk", disk);
    figures.whole.insert("bytes_per_item", disk / workload.samples);

    let server = Server::start(peer, programs, &folder)?;
    figures.whole.insert("open", server.start_seconds * 1e3);
    let mut connection = Connection::open(&server.address)?;
    for question in &workload.questions {
        let asked = ask(&server, &mut connection, question, arguments.warm)?;
        figures.queries.insert(question.id.clone(), asked);
    }
    figures.whole.insert("query rss_peak", server.memory_bytes_max()?);
    server.stop()?;
    fs::remove_dir_all(&folder)?;
    Ok(figures)
}

fn load(
    peer: &dyn Peer,
    programs: &Path,
    folder: &Path,
    workload: &Workload,
    figures: &mut Figures,
) -> Result<()> {
    let server = Server::start(peer, programs, folder)?;
    let mut connection = Connection::open(&server.address)?;
    let (began, cpu) = (Instant::now(), server.cpu_seconds()?);
    frames::each(&workload.frames, |body| {
        let response = connection.remote_write("/api/v1/write", body)?;
        match response.status {
            200 | 204 => Ok(()),
            status => {
                let text = String::from_utf8_lossy(&response.body);
                Err(format!("{} answered {status}: {text}", peer.name()).into())
            }
        }
    })?;
    let loaded = server.cpu_seconds()? - cpu;
    figures.whole.insert("ingest_wall", began.elapsed().as_secs_f64());
    figures.whole.insert("ingest_cpu", loaded);
    if let Some(path) = peer.flush() {
        connection.get(path)?;
    }
    thread::sleep(SETTLE);
    let settled = server.cpu_seconds()? - cpu;
    figures.whole.insert("settle_cpu", settled - loaded);
    figures.whole.insert("ingest_rate_cpu", workload.samples / settled);
    figures.whole.insert("ingest rss_peak", server.memory_bytes_max()?);
    server.stop()
}

fn ask(
    server: &Server,
    connection: &mut Connection,
    question: &Question,
    warm: usize,
) -> Result<QueryFigures> {
    let mut run = || -> Result<(f64, Vec<u8>)> {
        let began = Instant::now();
        let response = connection.get(&question.path)?;
        let millis = began.elapsed().as_secs_f64() * 1e3;
        match response.status {
            200 => Ok((millis, response.body)),
            status => Err(format!("{}: status {status}", question.id).into()),
        }
    };
    let (cold_ms, body) = run()?;
    let cpu = server.cpu_seconds()?;
    let mut warm_ms = f64::INFINITY;
    for _ in 0..warm {
        warm_ms = warm_ms.min(run()?.0);
    }
    let cpu_ms = (server.cpu_seconds()? - cpu) * 1e3 / warm.max(1) as f64;
    Ok(QueryFigures { cold_ms, warm_ms, cpu_ms, answer: Answer::read(&body)? })
}
