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
use wire::prometheus::{Format, decode_exposition};

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
    #[serde(default)]
    start_timestamp_ms: i64,
    #[serde(default)]
    exemplars: Vec<ExpectedExemplar>,
}

#[derive(Deserialize)]
struct ExpectedExemplar {
    labels: BTreeMap<String, String>,
    value: f64,
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
        report.case(&case.name, || document(case).into());
    }
    for case in &cases.single {
        let input = case.input.bytes();
        report.case(&input.escape_ascii().to_string(), || {
            let decoded = decode(&input, format(&case.format)).map(|_| ());
            match (decoded, case.valid) {
                (Ok(()), true) | (Err(_), false) => Outcome::Passed,
                (Ok(()), false) => Outcome::Failed("accepted".into()),
                (Err(error), true) => Outcome::Failed(error),
            }
        });
    }
}

/// A file in a format that its name tells.
pub(super) fn file(path: &Path, report: &mut Report) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let format = if name.ends_with(".om.txt") { Format::OpenMetrics } else { Format::Text };
    report.case(&name, || match std::fs::read(path) {
        Ok(bytes) => decode(&bytes, format).map(|_| ()).into(),
        Err(error) => Outcome::Failed(error.to_string()),
    });
}

/// The format that a case names.
fn format(name: &str) -> Format {
    if name.starts_with("openmetrics") { Format::OpenMetrics } else { Format::Text }
}

fn decode(input: &[u8], format: Format) -> Result<Recorder, String> {
    let mut recorder = Recorder::default();
    match decode_exposition(input, format, Millis(DEFAULT_TIME), &[], &mut recorder) {
        Ok(outcome) if outcome.is_complete() => Ok(recorder),
        Ok(outcome) => Err(outcome.message()),
        Err(error) => Err(error.to_string()),
    }
}

fn document(case: &Document) -> Result<(), String> {
    let found = decode(&case.input.bytes(), format(&case.format))?;
    let mut metadata: BTreeMap<String, Metadata> = BTreeMap::new();
    let mut samples = found.samples.iter();
    for entry in &case.expected {
        if entry.text.is_empty() {
            continue;
        }
        // Of a sample, a value of zero may be left out.
        let zero = serde_json::Value::from(0);
        let value = entry.value.as_ref().or(entry.labels.as_ref().map(|_| &zero));
        let Some(value) = value else {
            described(metadata.entry(entry.text.clone()).or_default(), entry)?;
            continue;
        };
        let Recorded { labels, time, value: found, start, exemplars } =
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
        let expected_exemplars: Vec<_> = entry
            .exemplars
            .iter()
            .map(|exemplar| Exemplar {
                labels: exemplar.labels.iter().collect(),
                value: exemplar.value,
                time: Millis(exemplar.timestamp_ms.unwrap_or(expected_time)),
            })
            .collect();
        if *start != entry.start_timestamp_ms || *exemplars != expected_exemplars {
            return Err(format!("{}: got start {start}, exemplars {exemplars:?}", entry.text));
        }
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
    start: i64,
    exemplars: Vec<Exemplar>,
}

impl MetricSink for Recorder {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        self.series.push(labels.build());
        Ok(SeriesRef(self.series.len() as u64 - 1))
    }

    fn append(&mut self, series: SeriesRef, time: i64, value: SampleValue, start: i64) {
        let at = usize::try_from(series.0).unwrap_or(usize::MAX);
        if let Some(labels) = self.series.get(at) {
            let exemplars = Vec::new();
            self.samples.push(Recorded { labels: labels.clone(), time, value, start, exemplars });
        }
    }

    fn refuse(&mut self, _reason: RefusalReason) {}

    fn exemplar(&mut self, _series: SeriesRef, exemplar: Exemplar) {
        // It follows its sample.
        self.samples.last_mut().into_iter().for_each(|last| last.exemplars.push(exemplar.clone()));
    }

    fn metadata(&mut self, metric: &str, metadata: &Metadata) {
        self.metadata.insert(metric.to_owned(), metadata.clone());
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Ok(Committed { stored: self.samples.len() as u64, refused: Vec::new() })
    }
}
