//! A CPU profile of this program, where a sampler exists for the platform.

use quadra::{Quadra, labels};

/// Samples the program's stacks until it is stored.
#[cfg(unix)]
pub(crate) struct Sampler(Option<pprof::ProfilerGuard<'static>>);

#[cfg(unix)]
impl Sampler {
    /// Starts to sample, some hundred times a second of CPU time.
    pub(crate) fn start() -> Self {
        let blocklist = ["libc", "libgcc", "pthread", "vdso"];
        let guard = pprof::ProfilerGuardBuilder::default().frequency(99).blocklist(&blocklist);
        Sampler(guard.build().ok())
    }

    /// Stores what was sampled. Answers how many stacks.
    pub(crate) fn store(self, db: &Quadra) -> Result<usize, Box<dyn std::error::Error>> {
        use pprof::protos::Message as _;
        let Some(guard) = self.0 else { return Ok(0) };
        let bytes = guard.report().build()?.pprof()?.encode_to_vec();
        // Only one sampler can run: this one ends before the next begins.
        drop(guard);
        let profile = quadra::wire::pprof::decode(&bytes)?;
        db.profiles().push("process_cpu", labels! { "service" => "quickstart" }, &profile)?;
        Ok(profile.samples.len())
    }
}

/// There is no sampler for this platform.
#[cfg(not(unix))]
pub(crate) struct Sampler;

#[cfg(not(unix))]
impl Sampler {
    pub(crate) fn start() -> Self {
        Sampler
    }

    pub(crate) fn store(self, _db: &Quadra) -> Result<usize, Box<dyn std::error::Error>> {
        Ok(0)
    }
}
