//! Quadra: the contract bench, a process for each phase.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Arguments, Figures, Result};

/// Figures of a phase and their names in the table.
const INGEST: [(&str, &str); 7] = [
    ("ingest_wall", "ingest_wall"),
    ("ingest_cpu", "ingest_cpu"),
    ("settle_cpu", "settle_cpu"),
    ("ingest_rate_cpu", "ingest_rate_cpu"),
    ("rss_peak", "ingest rss_peak"),
    ("disk", "disk"),
    ("bytes_per_item", "bytes_per_item"),
];
const QUERY: [(&str, &str); 2] = [("open", "open"), ("rss_peak", "query rss_peak")];

pub(super) fn measure(arguments: &Arguments) -> Result<Figures> {
    let mut figures = Figures::default();
    for line in phase(arguments, "ingest")? {
        keep(&mut figures, &INGEST, &line);
    }
    for line in phase(arguments, "query")? {
        let (Some(metric), Some(value)) = (line["metric"].as_str(), line["value"].as_f64()) else {
            eprintln!("quadra: {line}");
            continue;
        };
        let Some(query) = line["query"].as_str() else {
            keep(&mut figures, &QUERY, &line);
            continue;
        };
        let figures = figures.queries.entry(query.to_owned()).or_default();
        match metric {
            "query_cold" => figures.cold_ms = value,
            "query_warm_min" => figures.warm_ms = value,
            "query_cpu" => figures.cpu_ms = value,
            "query_rows" => figures.answer.rows = value,
            "query_points" => figures.answer.points = value,
            "query_sum" => figures.answer.sum = value,
            _ => {}
        }
    }
    std::fs::remove_dir_all(arguments.folder.join("quadra"))?;
    Ok(figures)
}

fn keep(figures: &mut Figures, wanted: &[(&str, &'static str)], line: &Value) {
    let found = wanted.iter().find(|(metric, _)| line["metric"] == *metric);
    if let (Some((_, name)), Some(value)) = (found, line["value"].as_f64()) {
        figures.whole.insert(name, value);
    }
}

fn phase(arguments: &Arguments, phase: &str) -> Result<Vec<Value>> {
    let output = Command::new(&arguments.bench)
        .arg("--data")
        .arg(&arguments.data)
        .arg("--queries")
        .arg(&arguments.queries)
        .arg("--dir")
        .arg(arguments.folder.join("quadra"))
        .args(["--workload", &arguments.workload, "--phase", phase])
        .args(["--warm", &arguments.warm.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", arguments.bench.display()))?;
    // A query that failed is among the lines; without any line nothing was measured.
    if output.stdout.is_empty() {
        return Err(format!("the bench ended with {}", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
