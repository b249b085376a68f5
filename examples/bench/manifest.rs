//! What a workload says about itself.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// `NAME.manifest.json`.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) workload: String,
    pub(crate) kind: Kind,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// The file of frames.
    pub(crate) frames: PathBuf,
    fields: Value,
}

/// The signal of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Metrics,
    Logs,
    Traces,
    Profiles,
}

impl Manifest {
    pub(crate) fn read(data: &Path, workload: &str) -> Result<Self, Box<dyn Error>> {
        let path = data.join(format!("{workload}.manifest.json"));
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let fields: Value = serde_json::from_str(&text)?;
        let kind = match fields["kind"].as_str() {
            Some("metrics") => Kind::Metrics,
            Some("logs") => Kind::Logs,
            Some("traces") => Kind::Traces,
            Some("profiles") => Kind::Profiles,
            other => return Err(format!("{}: kind {other:?}", path.display()).into()),
        };
        // Lines of logs are there twice, as text and as frames.
        let file =
            fields["push_file"].as_str().or(fields["file"].as_str()).ok_or("no file named")?;
        let time = |name: &str| fields[name].as_i64().ok_or(format!("no {name} in the manifest"));
        Ok(Manifest {
            workload: workload.to_owned(),
            kind,
            start_ms: time("start_ms")?,
            end_ms: time("end_ms")?,
            frames: data.join(file),
            fields,
        })
    }

    /// The list of queries: that of the workload's own name, else that of its kind.
    pub(crate) fn queries<'a>(&self, all: &'a Value) -> Result<&'a [Value], Box<dyn Error>> {
        let own =
            ["metrics-HC", "logs-json"].into_iter().find(|name| self.workload.starts_with(name));
        let name = own.unwrap_or(match self.kind {
            Kind::Metrics => "metrics",
            Kind::Logs => "logs",
            Kind::Traces => "traces",
            Kind::Profiles => "profiles",
        });
        let list = all.get(name).and_then(Value::as_array);
        Ok(list.ok_or_else(|| format!("there are no queries called {name}"))?)
    }

    /// A text of the manifest; empty where it has none of this name.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields[name].as_str().unwrap_or_default()
    }

    /// A list of texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.fields[name].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).collect()
    }
}
