//! The report: a JSON object a line.

use std::io::{self, StdoutLock, Write};

use serde_json::{Map, Value, json};

/// Prints figures as they come.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    workload: &'a str,
    out: StdoutLock<'static>,
    /// What every line says beside its figure.
    pub(crate) common: Map<String, Value>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(workload: &'a str, out: StdoutLock<'static>) -> Self {
        Report { workload, out, common: Map::new() }
    }

    /// A figure of the workload.
    pub(crate) fn figure(&mut self, metric: &str, value: f64, unit: &str) -> io::Result<()> {
        self.line(json!({ "metric": metric, "value": value, "unit": unit }))
    }

    /// A figure of a query, from `n` runs.
    pub(crate) fn of_query(
        &mut self,
        query: &str,
        metric: &str,
        value: f64,
        unit: &str,
        n: usize,
    ) -> io::Result<()> {
        self.line(json!({ "query": query, "metric": metric, "value": value, "unit": unit, "n": n }))
    }

    /// A query that failed, and why.
    pub(crate) fn failure(&mut self, query: &str, why: &str) -> io::Result<()> {
        let fields =
            json!({ "query": query, "metric": "error", "value": null, "unit": "", "note": why });
        self.line(fields)
    }

    fn line(&mut self, fields: Value) -> io::Result<()> {
        let mut line = Map::new();
        line.insert("workload".to_owned(), self.workload.into());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        line.extend(self.common.clone());
        writeln!(self.out, "{}", Value::Object(line))?;
        self.out.flush()
    }
}
