//! `exposition/`: texts that applications expose.
//!
//! A document passes when its samples come in order with the labels, values and times expected, and
//! its metadata is what its entries add up to; a single text is accepted or refused; a file is read
//! without an error.

use crate::conformance::report::{Outcome, Report};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use telemetry_core::labels::Labels;
use telemetry_core::model::{Exemplar, Metadata, MetricKind, SampleValue};
use telemetry_core::sink::{Committed, MetricSink, RawLabels, RefusalReason, SeriesRef, SinkError};
use telemetry_core::time::Millis;

/// The time of samples that have none.
const DEFAULT_TIME: i64 = 1_000_000;

/// Every type of metric.
const KINDS: &[MetricKind] = &[
    MetricKind::Unknown,
    MetricKind::Counter,
    MetricKind::Gauge,
    MetricKind::Histogram,
    MetricKind::GaugeHistogram,
    MetricKind::Summary,
    MetricKind::Info,
    MetricKind::StateSet,
];

#[derive(Deserialize)]
struct Cases {
    documents: Vec<Document>,
    single: Vec<Single>,
}

#[derive(Deserialize)]
struct Document {
    name: String,
    format: String,
    input: Text,
    expected: Vec<Entry>,
}

/// An entry of a document: metadata of a metric, a sample, or a comment, of which nothing is kept.
#[derive(Deserialize)]
struct Entry {
    /// The series as written, or the metric's name.
    #[serde(default)]
    text: String,
    help: Option<String>,
    r#type: Option<String>,
    unit: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    value: Option<serde_json::Value>,
    timestamp_ms: Option<i64>,
}

#[derive(Deserialize)]
struct Single {
    format: String,
    input: Text,
    valid: bool,
}

/// A text, or bytes that are not UTF-8, one per character.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Bytes { latin1: String },
}

impl Text {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Text::Text(text) => text.clone().into_bytes(),
            Text::Bytes { latin1 } => {
                latin1.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
            }
        }
    }
}

pub(super) fn cases(text: &str, report: &mut Report) {
    let cases: Cases = match serde_json::from_str(text) {
        Ok(cases) => cases,
        Err(error) => return report.record("the file", Outcome::Failed(error.to_string())),
    };
    for case in &cases.documents {
        report.case(&case.name, || with(&case.format, || document(case).into()));
    }
    for case in &cases.single {
        let input = case.input.bytes();
        report.case(&input.escape_ascii().to_string(), || {
            with(&case.format, || {
                let decoded = decode(&input).map(|_| ());
                match (decoded, case.valid) {
                    (Ok(()), true) | (Err(_), false) => Outcome::Passed,
                    (Ok(()), false) => Outcome::Failed("accepted".into()),
                    (Err(error), true) => Outcome::Failed(error),
                }
            })
        });
    }
}

/// A file in a format that its name tells.
pub(super) fn file(path: &Path, report: &mut Report) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let format = if name.ends_with(".om.txt") { "openmetrics" } else { "prometheus" };
    report.case(&name, || {
        with(format, || match std::fs::read(path) {
            Ok(bytes) => decode(&bytes).map(|_| ()).into(),
            Err(error) => Outcome::Failed(error.to_string()),
        })
    });
}

fn with(format: &str, run: impl FnOnce() -> Outcome) -> Outcome {
    if format.starts_with("openmetrics") {
        return Outcome::Skipped("OpenMetrics is read by a later issue".into());
    }
    run()
}

fn decode(input: &[u8]) -> Result<Recorder, String> {
    let mut recorder = Recorder::default();
    match wire::prometheus::decode_text(input, Millis(DEFAULT_TIME), &[], &mut recorder) {
        Ok(outcome) if outcome.is_complete() => Ok(recorder),
        Ok(outcome) => Err(outcome.message()),
        Err(error) => Err(error.to_string()),
    }
}

fn document(case: &Document) -> Result<(), String> {
    let found = decode(&case.input.bytes())?;
    let mut metadata: BTreeMap<String, Metadata> = BTreeMap::new();
    let mut samples = found.samples.iter();
    for entry in &case.expected {
        if entry.text.is_empty() {
            continue;
        }
        let Some(value) = &entry.value else {
            described(metadata.entry(entry.text.clone()).or_default(), entry)?;
            continue;
        };
        let Recorded { labels, time, value: found } =
            samples.next().ok_or(format!("{} is missing", entry.text))?;
        let expected: Labels = entry
            .labels
            .iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let expected_time = entry.timestamp_ms.unwrap_or(DEFAULT_TIME);
        let same = match (number(value), found) {
            (Some(a), SampleValue::Float(b)) => a == *b || (a.is_nan() && b.is_nan()),
            _ => false,
        };
        if *labels != expected || *time != expected_time || !same {
            return Err(format!("{}: got {labels} {found:?} at {time}", entry.text));
        }
    }
    if samples.next().is_some() {
        return Err(format!("{} samples", found.samples.len()));
    }
    for (name, expected) in metadata {
        let found = found.metadata.get(&name);
        if found != Some(&expected) {
            return Err(format!("{name}: got {found:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

/// Adds what an entry says about a metric.
fn described(metadata: &mut Metadata, entry: &Entry) -> Result<(), String> {
    if let Some(help) = &entry.help {
        metadata.help.clone_from(help);
    }
    if let Some(unit) = &entry.unit {
        metadata.unit.clone_from(unit);
    }
    if let Some(name) = &entry.r#type {
        let kind = KINDS.iter().find(|kind| kind.as_str() == name);
        metadata.kind = *kind.ok_or(format!("no type: {name}"))?;
    }
    Ok(())
}

/// A number, or the text of one that JSON does not have.
fn number(value: &serde_json::Value) -> Option<f64> {
    match value {
        serde_json::Value::String(text) => super::series::float(text),
        value => value.as_f64(),
    }
}

/// Keeps what a decoder hands over.
#[derive(Default)]
struct Recorder {
    series: Vec<Labels>,
    samples: Vec<Recorded>,
    metadata: BTreeMap<String, Metadata>,
}

struct Recorded {
    labels: Labels,
    time: i64,
    value: SampleValue,
}

impl MetricSink for Recorder {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        self.series.push(labels.build());
        Ok(SeriesRef(self.series.len() as u64 - 1))
    }

    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, _start: i64) {
        let at = usize::try_from(series.0).unwrap_or(usize::MAX);
        if let Some(labels) = self.series.get(at) {
            self.samples.push(Recorded { labels: labels.clone(), time, value });
        }
    }

    fn refuse(&mut self, _reason: RefusalReason) {}

    fn exemplar(&mut self, _series: SeriesRef, _exemplar: Exemplar) {}

    fn metadata(&mut self, metric: &str, metadata: &Metadata) {
        self.metadata.insert(metric.to_owned(), metadata.clone());
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Ok(Committed { stored: self.samples.len() as u64, refused: Vec::new() })
    }
}
