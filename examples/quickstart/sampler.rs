//! A CPU profile of this program, where a sampler exists for the platform.

use quadra::{Quadra, labels};

/// Samples the program's stacks until it is stored.
#[cfg(unix)]
pub(crate) struct Sampler(Option<pprof::ProfilerGuard<'static>>);

#[cfg(unix)]
impl Sampler {
    /// Starts to sample, a hundred times a second of CPU time.
    pub(crate) fn start() -> Self {
        let blocklist = ["libc", "libgcc", "pthread", "vdso"];
        let guard = pprof::ProfilerGuardBuilder::default().frequency(99).blocklist(&blocklist);
        Sampler(guard.build().ok())
    }

    /// Stores what was sampled. Answers what happened, for people.
    pub(crate) fn store(self, db: &Quadra) -> Result<String, Box<dyn std::error::Error>> {
        use pprof::protos::Message as _;
        let Some(guard) = self.0 else { return Ok("the sampler could not be started".into()) };
        let bytes = guard.report().build()?.pprof()?.encode_to_vec();
        let profile = quadra::wire::pprof::decode(&bytes)?;
        db.profiles().push("process_cpu", labels! { "service" => "quickstart" }, &profile)?;
        Ok(format!("{} stacks sampled", profile.samples.len()))
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

    pub(crate) fn store(self, _db: &Quadra) -> Result<String, Box<dyn std::error::Error>> {
        Ok("there is no sampler for this platform".into())
    }
}
