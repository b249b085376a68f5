//! The fields that lines turn out to have when somebody parses them.
//!
//! The newest lines of a query are a sample. Each is tried as JSON, then as logfmt; what that gives
//! are fields, and so are structured metadata and labels that stages of the query made.

use crate::ast::Expr;
use crate::engine::{Engine, LogOptions};
use crate::error::Error;
use crate::lexer::{parse_go_duration, parse_human_bytes};
use crate::stage::hints::Hints;
use crate::stage::json::label_paths;
use crate::stage::labels::{Category, ERROR, ERROR_DETAILS, LineLabels};
use crate::stage::{Entry, LineText, parse_logfmt};
use crate::value::LogLine;
use std::collections::{BTreeMap, BTreeSet};
use telemetry_core::labels::Labels;
use telemetry_core::query::QueryContext;
use telemetry_core::source::Direction;
use telemetry_core::syntax::number::parse_float;
use telemetry_core::time::NanosRange;

/// How fields are looked for.
#[derive(Clone, Debug)]
pub struct FieldOptions {
    /// The times of the lines: the start is in, the end is not.
    pub window: NanosRange,
    /// How many lines are looked at, the newest.
    pub line_limit: usize,
    /// How many fields, or values, are told of.
    pub limit: usize,
}

impl Default for FieldOptions {
    /// A hundred lines of all times, a thousand fields.
    fn default() -> Self {
        FieldOptions { window: NanosRange::ALL, line_limit: 100, limit: 1_000 }
    }
}

/// A field of some lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectedField {
    /// The label that it becomes.
    pub label: String,
    /// What all its values are.
    pub kind: FieldKind,
    /// How many values it has in the sample.
    pub cardinality: usize,
    /// What finds it in a line; nothing where it lies beside the line.
    pub parsers: Vec<FieldParser>,
    /// The keys that lead to it in JSON.
    pub json_path: Vec<String>,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// A duration, as Go writes it.
    Duration,
    /// A size: `12KB`.
    Bytes,
    /// Any text.
    Text,
}

impl FieldKind {
    /// The word that Loki has for it.
    pub fn name(self) -> &'static str {
        match self {
            FieldKind::Int => "int",
            FieldKind::Float => "float",
            FieldKind::Boolean => "boolean",
            FieldKind::Duration => "duration",
            FieldKind::Bytes => "bytes",
            FieldKind::Text => "string",
        }
    }

    /// The narrowest kind that all of some values are of.
    pub fn of<'v>(values: impl Iterator<Item = &'v str> + Clone) -> Self {
        use FieldKind as Kind;
        let kinds = [Kind::Int, Kind::Float, Kind::Boolean, Kind::Duration, Kind::Bytes];
        let holds = |kind: &Kind| values.clone().all(|value| kind.takes(value));
        kinds.into_iter().find(holds).unwrap_or(Kind::Text)
    }

    fn takes(self, value: &str) -> bool {
        match self {
            FieldKind::Int => value.parse::<i64>().is_ok(),
            FieldKind::Float => parse_float(value).is_ok(),
            FieldKind::Boolean => matches!(value, "true" | "false"),
            FieldKind::Duration => parse_go_duration(value).is_ok(),
            FieldKind::Bytes => parse_human_bytes(value).is_ok(),
            FieldKind::Text => true,
        }
    }
}

/// What finds a field in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldParser {
    /// `| json`
    Json,
    /// `| logfmt`
    Logfmt,
}

impl FieldParser {
    /// The stage's name.
    pub fn name(self) -> &'static str {
        match self {
            FieldParser::Json => "json",
            FieldParser::Logfmt => "logfmt",
        }
    }
}

/// What is known of a field so far.
#[derive(Default)]
struct Seen {
    values: BTreeSet<String>,
    parsers: BTreeSet<FieldParser>,
    json_path: Vec<String>,
}

impl Engine<'_> {
    /// The fields of the lines of a log query, sorted by label.
    ///
    /// # Errors
    ///
    /// As [`log`](Self::log).
    pub fn detected_fields(
        &self,
        query: &Expr,
        options: &FieldOptions,
        context: &QueryContext,
    ) -> Result<Vec<DetectedField>, Error> {
        let fields = self.fields(query, options, context)?;
        let field = |(label, seen): (String, Seen)| DetectedField {
            kind: FieldKind::of(seen.values.iter().map(String::as_str)),
            cardinality: seen.values.len(),
            parsers: seen.parsers.into_iter().collect(),
            json_path: seen.json_path,
            label,
        };
        Ok(fields.into_iter().take(options.limit).map(field).collect())
    }

    /// The values of one field, sorted.
    ///
    /// # Errors
    ///
    /// As [`log`](Self::log).
    pub fn detected_field_values(
        &self,
        label: &str,
        query: &Expr,
        options: &FieldOptions,
        context: &QueryContext,
    ) -> Result<Vec<String>, Error> {
        let mut fields = self.fields(query, options, context)?;
        let values = fields.remove(label).map(|seen| seen.values).unwrap_or_default();
        Ok(values.into_iter().take(options.limit).collect())
    }

    fn fields(
        &self,
        query: &Expr,
        options: &FieldOptions,
        context: &QueryContext,
    ) -> Result<BTreeMap<String, Seen>, Error> {
        let lines = LogOptions {
            window: options.window,
            limit: options.line_limit,
            direction: Direction::Backward,
            interval_ns: 0,
        };
        let mut fields = BTreeMap::new();
        for stream in self.log(query, &lines, context)? {
            for line in &stream.entries {
                context.check()?;
                look(line, &mut fields);
            }
        }
        Ok(fields)
    }
}

fn look(line: &LogLine, fields: &mut BTreeMap<String, Seen>) {
    let origin = &line.origin;
    for (name, value) in origin.metadata.iter().chain(origin.parsed.iter()) {
        if !matches!(name, ERROR | ERROR_DETAILS) {
            fields.entry(name.into()).or_default().values.insert(value.into());
        }
    }
    let mut labels = LineLabels::default();
    labels.enter(&Labels::from_pairs(origin.stream.iter()));
    origin.metadata.iter().for_each(|(name, value)| labels.add_metadata(name, value));
    let (parser, paths) = match label_paths(&line.line, &mut labels) {
        Ok(paths) => (FieldParser::Json, paths),
        Err(_) => {
            labels.reset();
            origin.metadata.iter().for_each(|(name, value)| labels.add_metadata(name, value));
            let mut buffer = Vec::new();
            let mut entry = Entry {
                time: line.time.0,
                now: line.time.0,
                line: LineText::new(&line.line, &mut buffer),
                stored_bytes: line.line.len(),
                labels: &mut labels,
            };
            parse_logfmt(&mut entry, &Hints::everything());
            (FieldParser::Logfmt, Vec::new())
        }
    };
    labels.for_each(|name, value, category| {
        if category == Category::Parsed && !matches!(name, ERROR | ERROR_DETAILS) {
            let seen = fields.entry(name.into()).or_default();
            seen.values.insert(value.into());
            seen.parsers.insert(parser);
        }
    });
    for (label, path) in paths {
        if let Some(seen) = fields.get_mut(&label) {
            seen.json_path = path;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;
    use telemetry_core::model::LogEntry;
    use telemetry_core::source::MemoryLogs;

    #[test]
    fn fields_of_json_logfmt_and_metadata() {
        let mut logs = MemoryLogs::new();
        let app = labels! { "app" => "a" };
        let json = r#"{"n":1,"user":{"id":"u1"},"app":"x","took":"1s"}"#;
        logs.insert(&app, LogEntry::new(1, json).with("region", "eu"));
        logs.insert(&app, LogEntry::new(2, "n=2.5 size=3KB took=2ms ok=true"));
        logs.insert(&app, LogEntry::new(3, "just words"));
        let (engine, context) = (Engine::new(&logs), QueryContext::new());
        let query = crate::parse(r#"{app="a"}"#).unwrap();
        let options = FieldOptions::default();
        let found = engine.detected_fields(&query, &options, &context).unwrap();
        let told: Vec<String> = found
            .iter()
            .map(|field| {
                let parsers: Vec<&str> = field.parsers.iter().map(|p| p.name()).collect();
                let path = field.json_path.join(".");
                format!("{} {} {parsers:?} {path}", field.label, field.kind.name())
            })
            .collect();
        assert_eq!(
            told,
            [
                r#"app_extracted string ["json"] app"#,
                r#"n float ["json", "logfmt"] n"#,
                r#"ok boolean ["logfmt"] "#,
                r#"region string [] "#,
                r#"size bytes ["logfmt"] "#,
                r#"took duration ["json", "logfmt"] took"#,
                r#"user_id string ["json"] user.id"#,
            ]
        );
        let values = engine.detected_field_values("n", &query, &options, &context).unwrap();
        assert_eq!(values, ["1", "2.5"]);
    }
}
