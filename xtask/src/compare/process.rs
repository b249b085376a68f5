//! A server as a child of this process, and what it costs.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::http::Connection;
use super::{Peer, Result};

/// How long a server may take to start.
const START_MAX: Duration = Duration::from_secs(120);

/// How long it may take to stop before it is killed.
const STOP_MAX: Duration = Duration::from_secs(60);

/// A running server; killed where it is not stopped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pub(super) address: String,
    /// Seconds until it was ready.
    pub(super) start_seconds: f64,
}

impl Server {
    /// Starts `peer` and waits until it is ready. What it says goes into a file in `folder`.
    pub(super) fn start(peer: &dyn Peer, programs: &Path, folder: &Path) -> Result<Self> {
        let address = free_address()?;
        let program = programs.join(peer.program());
        let log = File::create(folder.join(format!("{}.log", peer.name())))?;
        let began = Instant::now();
        let child = Command::new(&program)
            .args(peer.arguments(folder, &address)?)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut server = Server { child, address, start_seconds: 0.0 };
        while began.elapsed() < START_MAX {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("{} ended with {status}", peer.name()).into());
            }
            let ready = Connection::open(&server.address).and_then(|mut it| it.get(peer.ready()));
            if ready.is_ok_and(|response| response.status == 200) {
                server.start_seconds = began.elapsed().as_secs_f64();
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(format!("{} was not ready after {START_MAX:?}", peer.name()).into())
    }

    /// Seconds of CPU of its threads so far, to the nanosecond.
    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        let mut nanos = 0_u64;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end while it is looked at.
            let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            let first = text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok());
            nanos += first.unwrap_or_default();
        }
        Ok(nanos as f64 / 1e9)
    }

    /// The most memory that it has taken so far, in bytes.
    pub(super) fn memory_bytes_max(&self) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        Ok(kib.ok_or("no VmHWM")? * 1024.0)
    }

    /// Asks it to stop and waits until it has.
    pub(super) fn stop(mut self) -> Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() && began.elapsed() < STOP_MAX {
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, or must not outlive this process.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address on loopback that nobody listens at.
fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Bytes of all files in `folder`.
pub(super) fn bytes_on_disk(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_on_disk(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(bytes).sum()
}
