//! A row for each decoder: how much it reads in a second of one core, and how much the reference
//! reads of the same bytes.
//!
//! Processor time of the thread is measured, so other work on the machine does not count. Ours and
//! the reference take turns, and of each the least time of several rounds stands: what disturbs a
//! round only ever makes it longer.
#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::time::Duration;

/// Rounds of each side.
const ROUNDS: usize = 15;

/// How long a round is.
const ROUND: Duration = Duration::from_millis(20);

/// The reference: its name, and what reads the bytes.
pub(crate) type Reference<'a> = (&'a str, &'a mut dyn FnMut());

/// Measures decoders and prints their rows.
pub(crate) struct Table {
    /// Rows to measure: those whose name has this in it.
    filter: String,
    /// Whether rows are run once and not measured: under `cargo test`.
    is_trial: bool,
}

impl Table {
    /// A table of the rows that the command line asks for.
    pub(crate) fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let filter = arguments.iter().find(|argument| !argument.starts_with('-')).cloned();
        let is_trial = !arguments.iter().any(|argument| argument == "--bench");
        if !is_trial {
            println!("| decoder | bytes | items | MB/s | M items/s | reference | MB/s | times |");
            println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
        }
        Table { filter: filter.unwrap_or_default(), is_trial }
    }

    /// Measures `ours` and the `reference` on the same `bytes`, which have so many `items`.
    pub(crate) fn row(
        &self,
        name: &str,
        items: usize,
        bytes: usize,
        mut ours: impl FnMut(),
        reference: Reference<'_>,
    ) {
        if !name.contains(&self.filter) {
            return;
        }
        let (peer, theirs) = reference;
        ours();
        theirs();
        if self.is_trial {
            return;
        }
        let runs = [runs_of_a_round(&mut ours), runs_of_a_round(theirs)];
        let mut least = [f64::INFINITY; 2];
        for _ in 0..ROUNDS {
            least[0] = least[0].min(seconds(runs[0], &mut ours));
            least[1] = least[1].min(seconds(runs[1], theirs));
        }
        let [ours, theirs] = least;
        let megabytes = |seconds: f64| bytes as f64 / 1e6 / seconds;
        println!(
            "| {name} | {bytes} | {items} | {:.0} | {:.2} | {peer} | {:.0} | {:.2} |",
            megabytes(ours),
            items as f64 / 1e6 / ours,
            megabytes(theirs),
            theirs / ours,
        );
    }
}

/// How often `work` is run in a round.
fn runs_of_a_round(work: &mut dyn FnMut()) -> u32 {
    let mut runs = 1;
    while seconds(runs, work) * f64::from(runs) < ROUND.as_secs_f64() && runs < 1 << 20 {
        runs *= 2;
    }
    runs
}

/// Seconds that a run takes, the mean of `runs`.
fn seconds(runs: u32, work: &mut dyn FnMut()) -> f64 {
    let before = now();
    for _ in 0..runs {
        work();
    }
    (now() - before).as_secs_f64() / f64::from(runs)
}

/// Processor time that this thread has used.
#[cfg(unix)]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Time on the wall, where nothing better is known.
#[cfg(not(unix))]
fn now() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}
