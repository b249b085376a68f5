//! Every fuzz target: a function of bytes that panics where a promise is broken. A crate a file.

mod logql;
mod logstore;
mod profstore;
mod promql;
mod storage;
mod traceql;
mod tracestore;
mod tsdb;
mod vocabulary;
mod wire;

/// One target.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// Name of the `[[bin]]` in the fuzz crate's manifest.
    pub(crate) name: &'static str,
    /// Returns on any input; an error of the code under test is a right answer.
    pub(crate) run: fn(&[u8]),
    /// Well-formed inputs, from which the smoke run starts its mutations.
    #[cfg_attr(not(test), expect(dead_code, reason = "libFuzzer finds its own inputs"))]
    pub(crate) seeds: &'static [&'static [u8]],
}

/// The targets of every crate.
pub(crate) fn all() -> impl Iterator<Item = &'static Target> {
    [
        vocabulary::TARGETS,
        storage::TARGETS,
        logql::TARGETS,
        logstore::TARGETS,
        profstore::TARGETS,
        promql::TARGETS,
        traceql::TARGETS,
        tracestore::TARGETS,
        tsdb::TARGETS,
        wire::TARGETS,
    ]
    .into_iter()
    .flatten()
}
