//! `compliance-queries.yml`: templates of queries.
//!
//! Every expansion is accepted; those marked `should_fail` are refused, by the parser or in the
//! evaluation over data of the names that the templates use. Results are compared only against a
//! running Prometheus, which is another command's business.

use crate::conformance::report::{Outcome, Report};
use promql::{Engine, Options};
use std::time::Duration;
use telemetry_core::labels;
use telemetry_core::query::QueryContext;
use telemetry_core::source::MemoryMetrics;
use telemetry_core::time::MillisRange;

/// Samples of each series of the data, and their distance.
const SAMPLES: i64 = 240;
const STEP_MS: i64 = 15_000;

/// What a placeholder stands for.
const VARIANTS: &[(&str, &[&str])] = &[
    ("range", &["1s", "15s", "1m", "5m", "15m", "1h"]),
    ("offset", &["1m", "5m", "10m"]),
    ("simpleAggrOp", &["sum", "avg", "max", "min", "count", "stddev", "stdvar"]),
    (
        "simpleTimeAggrOp",
        &["sum", "avg", "max", "min", "count", "stddev", "stdvar", "absent", "last"],
    ),
    ("topBottomOp", &["topk", "bottomk"]),
    ("quantile", &["-0.5", "0.1", "0.5", "0.75", "0.95", "0.90", "0.99", "1", "1.5"]),
    ("arithBinOp", &["+", "-", "*", "/", "%", "^"]),
    ("compBinOp", &["==", "!=", "<", ">", "<=", ">="]),
    ("binOp", &["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">="]),
    ("simpleMathFunc", &["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "round"]),
    ("extrapolatedRateFunc", &["delta", "rate", "increase"]),
    ("clampFunc", &["clamp_min", "clamp_max"]),
    ("instantRateFunc", &["idelta", "irate"]),
    (
        "dateFunc",
        &["day_of_month", "day_of_week", "days_in_month", "hour", "minute", "month", "year"],
    ),
];

/// A query and whether it must be refused.
#[derive(Debug, PartialEq, Eq)]
struct Template {
    query: String,
    variants: Vec<String>,
    should_fail: bool,
}

pub(super) fn run(text: &str, report: &mut Report) {
    let templates = match templates(text) {
        Ok(templates) => templates,
        Err(reason) => return report.record("the file", Outcome::Failed(reason)),
    };
    let data = data();
    for template in templates {
        for query in expansions(&template) {
            report.case(&query, || {
                let answered = match promql::parse(&query) {
                    Ok(_) if template.should_fail => evaluated(&data, &query),
                    Ok(_) => Ok(()),
                    Err(error) => Err(error.to_string()),
                };
                match (answered, template.should_fail) {
                    (Ok(()), false) | (Err(_), true) => Outcome::Passed,
                    (Ok(()), true) => Outcome::Failed("accepted".into()),
                    (Err(error), false) => Outcome::Failed(error),
                }
            });
        }
    }
}

/// Evaluates over the hour that [`data`] covers. The templates are older than names of any UTF-8 text.
fn evaluated(data: &MemoryMetrics, query: &str) -> Result<(), String> {
    let mut options = Options::default();
    options.legacy_names = true;
    let range = MillisRange::new(0, SAMPLES * STEP_MS);
    let step = Duration::from_secs(60);
    let result = Engine::new(options).range(data, query, range, step, &QueryContext::new());
    result.map(|_| ()).map_err(|error| error.message())
}

/// A gauge with three instances, over which the queries that must fail are evaluated.
fn data() -> MemoryMetrics {
    let mut metrics = MemoryMetrics::new();
    for port in 10_000..10_003 {
        let instance = format!("demo.promlabs.com:{port}");
        let labels = labels! {
            "__name__" => "demo_num_cpus", "job" => "demo", "instance" => instance
        };
        for at in 0..SAMPLES {
            metrics.insert(&labels, at * STEP_MS, f64::from(port));
        }
    }
    metrics
}

/// Every combination of the values of the placeholders.
fn expansions(template: &Template) -> Vec<String> {
    let mut queries = vec![template.query.clone()];
    for variant in &template.variants {
        let values =
            VARIANTS.iter().find(|(name, _)| name == variant).map_or(&[][..], |(_, values)| values);
        let place = format!("{{{{.{variant}}}}}");
        queries = queries
            .iter()
            .flat_map(|query| values.iter().map(|value| query.replace(&place, value)))
            .collect();
    }
    queries
}

/// The file is a list of maps with three keys, one a line; that much of YAML is read.
fn templates(text: &str) -> Result<Vec<Template>, String> {
    let mut templates: Vec<Template> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let bad = || format!("line {}: {line}", at + 1);
        // A dash begins an item; its key may follow on the same line or behind a comment.
        let line = line.trim().trim_start_matches("- ");
        if line.is_empty() || line.starts_with('#') || line == "test_cases:" {
            continue;
        }
        if let Some(query) = line.strip_prefix("query:") {
            let query = scalar(query.trim()).ok_or_else(bad)?;
            templates.push(Template { query, variants: Vec::new(), should_fail: false });
            continue;
        }
        let template = templates.last_mut().ok_or_else(bad)?;
        if let Some(names) = line.strip_prefix("variant_args:") {
            let names = names.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let names = names.ok_or_else(bad)?.split(',').map(|name| scalar(name.trim()));
            template.variants = names.collect::<Option<_>>().ok_or_else(bad)?;
        } else if let Some(value) = line.strip_prefix("should_fail:") {
            template.should_fail = value.trim() == "true";
        } else if !line.starts_with("skip_comparison:") {
            return Err(bad());
        }
    }
    Ok(templates)
}

/// A scalar in single quotes, in double quotes or plain.
fn scalar(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('\'') {
        return Some(rest.strip_suffix('\'')?.replace("''", "'"));
    }
    if text.starts_with('"') {
        return serde_json::from_str(text).ok();
    }
    Some(text.split(" #").next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_is_a_query() {
        let text = "test_cases:\n  # a\n  - query: 'a{x=\"''\"} {{.offset}} {{.topBottomOp}}'\n    \
                    variant_args: ['offset', 'topBottomOp']\n    should_fail: true\n";
        let templates = templates(text).unwrap();
        assert!(templates[0].should_fail);
        let queries = expansions(&templates[0]);
        assert_eq!(queries.len(), 6);
        assert_eq!(queries[5], "a{x=\"'\"} 10m bottomk");
    }
}
