//! The workload and its fixed queries, as paths of the HTTP interface that both peers have.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use telemetry_core::time::duration::parse_prometheus;

use super::http::escaped;
use super::{Arguments, Result};

/// A workload of metrics.
#[derive(Debug)]
pub(super) struct Workload {
    pub(super) frames: PathBuf,
    pub(super) samples: f64,
    pub(super) questions: Vec<Question>,
}

/// A query.
#[derive(Debug, PartialEq)]
pub(super) struct Question {
    pub(super) id: String,
    pub(super) path: String,
}

impl Workload {
    pub(super) fn read(arguments: &Arguments) -> Result<Self> {
        let name = &arguments.workload;
        let manifest = arguments.data.join(format!("{name}.manifest.json"));
        let manifest: Value = serde_json::from_str(&fs::read_to_string(manifest)?)?;
        if manifest["kind"] != "metrics" {
            return Err(format!("{name} is no workload of metrics").into());
        }
        let all: Value = serde_json::from_str(&fs::read_to_string(&arguments.queries)?)?;
        let list = if name.starts_with("metrics-HC") { "metrics-HC" } else { "metrics" };
        let list = all[list].as_array().ok_or("no queries for this workload")?;
        let questions = list.iter().map(|query| question(query, &manifest));
        Ok(Workload {
            frames: arguments.data.join(manifest["file"].as_str().ok_or("no file named")?),
            samples: manifest["samples"].as_f64().ok_or("no samples in the manifest")?,
            questions: questions.collect::<Result<_>>()?,
        })
    }
}

fn question(query: &Value, manifest: &Value) -> Result<Question> {
    let text = |name: &str| query[name].as_str();
    let wanted = |name: &str| text(name).ok_or_else(|| format!("a query without {name}"));
    let time = |name: &str| manifest[name].as_f64().ok_or("a manifest without its times");
    let (first, last) = (time("start_ms")? / 1e3, time("end_ms")? / 1e3);
    let start = match text("start") {
        None | Some("0") => first,
        Some(before) => {
            (last - parse_prometheus(before.trim_start_matches('-'))? as f64 / 1e9).max(first)
        }
    };
    let path = match wanted("type")? {
        "instant" => format!("/api/v1/query?query={}&time={last}", escaped(wanted("promql")?)),
        "range" => {
            let step = parse_prometheus(wanted("step")?)? as f64 / 1e9;
            let query = escaped(wanted("promql")?);
            format!("/api/v1/query_range?query={query}&start={start}&end={last}&step={step}")
        }
        "label_values" => {
            format!("/api/v1/label/{}/values?start={first}&end={last}", wanted("label")?)
        }
        "series" => {
            let matcher = escaped(wanted("match")?);
            format!("/api/v1/series?match%5B%5D={matcher}&start={first}&end={last}")
        }
        other => return Err(format!("a query of type {other}").into()),
    };
    Ok(Question { id: wanted("id")?.to_owned(), path })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_count_from_the_end_and_not_before_the_start() {
        let manifest = json!({ "start_ms": 1_000_000, "end_ms": 8_200_000 });
        let path = |query: Value| question(&query, &manifest).unwrap().path;
        let range = json!({ "id": "r", "type": "range", "start": "-1h", "end": "0", "step": "1m", "promql": "up" });
        assert_eq!(path(range), "/api/v1/query_range?query=up&start=4600&end=8200&step=60");
        let range =
            json!({ "id": "r", "type": "range", "start": "-12h", "step": "1m", "promql": "up" });
        assert_eq!(path(range), "/api/v1/query_range?query=up&start=1000&end=8200&step=60");
        let instant = json!({ "id": "i", "type": "instant", "promql": "a[1h]" });
        assert_eq!(path(instant), "/api/v1/query?query=a%5B1h%5D&time=8200");
    }
}
