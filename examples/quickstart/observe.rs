//! Observes the machine and this program for a while.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use quadra::time::Millis;
use quadra::{Quadra, labels};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;

use super::host::Host;
use super::layer::QuadraLayer;
use super::sampler::Sampler;
use super::work::{Done, Work};

/// Time between two readings.
const SCRAPE_EVERY: Duration = Duration::from_millis(500);

/// Length of one CPU profile.
const PROFILE_EVERY: Duration = Duration::from_secs(2);

/// Upper bounds of the buckets of the jobs' durations, in seconds.
const BUCKETS: [f64; 8] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, f64::INFINITY];

/// Works for `observe_for`, and keeps what can be seen of it: host metrics, the program's own
/// metrics, log lines, spans, and a CPU profile.
pub(crate) fn machine(db: &Quadra, observe_for: Duration) -> Result<(), Box<dyn Error>> {
    eprintln!("observing this machine and this program for {} s", observe_for.as_secs());
    let layer = QuadraLayer::new(db.clone(), "quickstart");
    let mut sampler = Sampler::start();
    let mut profiles = 0;
    let (mut host, mut jobs, mut samples) = (Host::new()?, Jobs::default(), 0);
    tracing::subscriber::with_default(Registry::default().with(layer), || {
        let mut work = Work::new(Path::new(env!("CARGO_MANIFEST_DIR")));
        let began = Instant::now();
        let (mut next_scrape, mut next_profile) = (began, began + PROFILE_EVERY);
        while began.elapsed() < observe_for {
            if Instant::now() >= next_scrape {
                let now = Millis::from(SystemTime::now());
                samples += host.scrape(db, now)? + jobs.scrape(db, now)?;
                next_scrape += SCRAPE_EVERY;
            }
            if Instant::now() >= next_profile {
                profiles += sampler.store(db)?;
                sampler = Sampler::start();
                next_profile += PROFILE_EVERY;
            }
            let job_began = Instant::now();
            let done = work.job();
            jobs.count(&done, job_began.elapsed());
            // A program that does nothing else than work is no fair example.
            std::thread::sleep(Duration::from_millis(5));
        }
        let now = Millis::from(SystemTime::now());
        samples += host.scrape(db, now)? + jobs.scrape(db, now)?;
        profiles += sampler.store(db)?;
        Ok::<(), Box<dyn Error>>(())
    })?;
    eprintln!("  metrics   {samples} samples");
    match profiles {
        0 => {
            eprintln!("  profiles  none: there is no sampler for this platform, or it never fired")
        }
        _ => eprintln!("  profiles  {profiles} stacks sampled"),
    }
    Ok(())
}

/// The program's own metrics: how many jobs of which kind ended how, and how long they took.
#[derive(Default)]
struct Jobs {
    ended: BTreeMap<(&'static str, &'static str), f64>,
    bytes: f64,
    buckets: BTreeMap<&'static str, [f64; BUCKETS.len()]>,
}

impl Jobs {
    fn count(&mut self, done: &Done, took: Duration) {
        let result = if done.failed { "failed" } else { "ok" };
        *self.ended.entry((done.kind, result)).or_default() += 1.0;
        self.bytes += done.bytes as f64;
        let buckets = self.buckets.entry(done.kind).or_default();
        for (count, bound) in buckets.iter_mut().zip(BUCKETS) {
            *count += if took.as_secs_f64() <= bound { 1.0 } else { 0.0 };
        }
    }

    fn scrape(&self, db: &Quadra, now: Millis) -> Result<u64, quadra::Error> {
        let metrics = db.metrics();
        let mut batch = metrics.batch();
        for ((kind, result), count) in &self.ended {
            let series = metrics.series(labels! {
                "__name__" => "jobs_total", "job" => "quickstart", "kind" => *kind, "result" => *result
            })?;
            batch.append(&series, now, *count);
        }
        for (kind, buckets) in &self.buckets {
            for (count, bound) in buckets.iter().zip(BUCKETS) {
                let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".into() };
                let series = metrics.series(labels! {
                    "__name__" => "job_duration_seconds_bucket", "job" => "quickstart",
                    "kind" => *kind, "le" => &*bound
                })?;
                batch.append(&series, now, *count);
            }
        }
        let bytes = metrics
            .series(labels! { "__name__" => "job_read_bytes_total", "job" => "quickstart" })?;
        batch.append(&bytes, now, self.bytes);
        Ok(batch.commit()?.stored)
    }
}
