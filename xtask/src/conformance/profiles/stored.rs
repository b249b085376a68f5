//! Profiles in a real store: in the head, and after flush, compaction and reopening.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use profstore::flame::CallTree;
use profstore::{PROFILE_TYPE, ProfStore};
use serde_json::Value;
use telemetry_core::labels;
use telemetry_core::model::Profile;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{ProfileRequest, ProfileSource};
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::StoreOptions;
use telemetry_core::time::NanosRange;

use super::Check;

/// Reads a pprof file.
pub(super) fn decode(path: &Path) -> Result<Profile, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    wire::pprof::decode(&bytes).map_err(|error| error.to_string())
}

/// A store and the files that it lives in.
pub(super) struct Stored {
    files: Arc<dyn FileSystem>,
    store: ProfStore,
}

fn open(files: &Arc<dyn FileSystem>) -> Result<ProfStore, String> {
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    let builder = ProfStore::builder().file_system(files.clone()).storage(options);
    builder.open("/profiles").map_err(|error| error.to_string())
}

impl Stored {
    /// A store with these profiles, each in a commit of its own.
    pub(super) fn with(profiles: &[&Profile]) -> Result<Self, String> {
        let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new());
        let store = open(&files)?;
        for profile in profiles {
            let labels = labels! { "service" => "conformance" };
            store.push("profile", &labels, profile).map_err(|error| error.to_string())?;
        }
        Ok(Stored { files, store })
    }

    /// Asks from the head and again from blocks that were compacted and read anew.
    pub(super) fn twice(self, ask: impl Fn(&Asked<'_>) -> Check) -> Check {
        ask(&self.now()).map_err(|error| format!("from the head: {error}"))?;
        let care = || {
            self.store.flush()?;
            self.store.compact()?;
            self.store.close()
        };
        care().map_err(|error| error.to_string())?;
        drop(self.store);
        let store = open(&self.files)?;
        ask(&Asked { store: &store }).map_err(|error| format!("from a block: {error}"))
    }

    /// The store as it is.
    pub(super) fn now(&self) -> Asked<'_> {
        Asked { store: &self.store }
    }
}

/// A store that questions are put to.
pub(super) struct Asked<'a> {
    store: &'a ProfStore,
}

impl Asked<'_> {
    /// The merged tree of the sample type that an expectation names.
    pub(super) fn tree(&self, kind: &Value) -> Result<CallTree, String> {
        let text = |key: &str| kind[key].as_str().unwrap_or_default().to_owned();
        self.tree_of(&text("sample_type"), &text("unit"))
    }

    /// The merged tree of all profile types with this sample type.
    pub(super) fn tree_of(&self, kind: &str, unit: &str) -> Result<CallTree, String> {
        let context = QueryContext::new();
        let types = self.store.profile_types(NanosRange::ALL, &context);
        let types = types.map_err(|error| error.to_string())?;
        let chosen = types.iter().find(|t| t.sample_type == kind && t.sample_unit == unit);
        // A type whose values are all zero is not stored.
        let Some(chosen) = chosen else { return Ok(CallTree::new()) };
        self.store
            .merge(&chosen.to_string(), "{}", NanosRange::ALL, &context)
            .map_err(|error| error.to_string())
    }

    /// Distinct stacks with a positive value in any type, by the labels of their samples, or
    /// whatever the labels.
    pub(super) fn stacks(&self, by_labels: bool) -> Result<usize, String> {
        let request = ProfileRequest { matchers: vec![], window: NanosRange::ALL };
        let groups = self.store.select(&request, &QueryContext::new());
        let groups = groups.map_err(|error| error.to_string())?;
        let of_the_type = [
            "__name__",
            "__type__",
            "__unit__",
            "__period_type__",
            "__period_unit__",
            PROFILE_TYPE,
        ];
        let mut distinct = BTreeSet::new();
        for index in 0..groups.len() {
            let group = groups.group(index).map_err(|error| error.to_string())?;
            let group = group.ok_or("a group is missing")?;
            for row in (0..group.len()).filter_map(|at| group.row(at)) {
                let labels = row.labels.without(&of_the_type);
                for (at, (stack, value)) in row.stacks.iter().zip(row.values).enumerate() {
                    let span = row.spans.get(at).copied().unwrap_or(0);
                    let labels = by_labels.then(|| (labels.clone(), span));
                    if *value > 0 {
                        distinct.insert((labels, *stack));
                    }
                }
            }
        }
        Ok(distinct.len())
    }
}
