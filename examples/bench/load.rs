//! How frames get into the database: a signal a file, each by both paths.

mod logs;
mod metrics;
mod profiles;
mod traces;

use std::error::Error;
use std::time::Instant;

use quadra::Quadra;
use quadra::sink::Committed;
use quadra::wire::Outcome;

use super::arguments::Path;
use super::frames::Frame;
use super::manifest::Kind;
use super::process::thread_cpu_seconds;

/// Takes frames.
pub(crate) trait Loader {
    /// Stores what is in `frame`.
    fn frame(&mut self, frame: Frame<'_>, cost: &mut Cost) -> Result<(), Box<dyn Error>>;
}

/// What frames cost.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    /// Items that were stored.
    pub(crate) items: u64,
    /// Items that were not.
    pub(crate) refused: u64,
    /// Bytes of the lines among them.
    pub(crate) line_bytes: u64,
    /// Seconds that each call took.
    pub(crate) calls: Vec<f64>,
    /// Seconds that were spent on what is not to be measured, and their CPU.
    pub(crate) beside_wall: f64,
    pub(crate) beside_cpu: f64,
}

impl Cost {
    pub(crate) fn add(&mut self, mut other: Cost) {
        self.items += other.items;
        self.refused += other.refused;
        self.line_bytes += other.line_bytes;
        self.calls.append(&mut other.calls);
        self.beside_wall += other.beside_wall;
        self.beside_cpu += other.beside_cpu;
    }

    /// Does what is measured: one call.
    fn call<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = call();
        self.calls.push(began.elapsed().as_secs_f64());
        result
    }

    /// Does what is not measured.
    fn beside<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, Box<dyn Error>> {
        let (began, cpu) = (Instant::now(), thread_cpu_seconds()?);
        let result = work();
        self.beside_wall += began.elapsed().as_secs_f64();
        self.beside_cpu += thread_cpu_seconds()? - cpu;
        Ok(result)
    }

    /// Counts what a decoder stored.
    fn outcome(&mut self, outcome: &Outcome) {
        self.items += outcome.stored();
        self.refused += outcome.refused.len() as u64;
    }

    /// Counts what a batch stored.
    fn committed(&mut self, committed: &Committed) {
        self.items += committed.stored;
        self.refused += committed.refused.len() as u64;
    }
}

/// The loader for a kind of workload.
pub(crate) fn loader(db: &Quadra, kind: Kind, path: Path) -> Box<dyn Loader> {
    match (kind, path) {
        (Kind::Metrics, Path::Wire) => Box::new(metrics::wire(db)),
        (Kind::Metrics, Path::Api) => Box::new(metrics::Api::new(db)),
        (Kind::Logs, Path::Wire) => Box::new(logs::wire(db)),
        (Kind::Logs, Path::Api) => Box::new(logs::Api::new(db)),
        (Kind::Traces, Path::Wire) => Box::new(traces::wire(db)),
        (Kind::Traces, Path::Api) => Box::new(traces::Api::new(db)),
        (Kind::Profiles, path) => Box::new(profiles::Profiles::new(db, path)),
    }
}
