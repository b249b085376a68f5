//! Internals that conformance data speaks of: tokens, sanitiser, paths, single stages. Not part of
//! the API.

use crate::error::Error;
use crate::lexer::TokenKind;
use crate::plan;
use crate::stage::hints::Hints;
use crate::stage::json::{Step, label_paths, parse_path};
use crate::stage::labels::LineLabels;
use crate::stage::pattern::{Pattern, PatternFilter};
use crate::stage::{Entry, LineText, Pipeline, sanitize};
use crate::value::LabelSet;
use telemetry_core::labels::Labels;

/// The time of every query here.
const NOW: i64 = 1_700_000_000_000_000_000;

/// A line before a stage.
#[derive(Clone, Debug, Default)]
pub struct LineIn {
    /// Its text.
    pub line: Vec<u8>,
    /// Its time in nanoseconds.
    pub time: i64,
    /// Labels of its stream.
    pub labels: Vec<(String, String)>,
    /// Its structured metadata.
    pub metadata: Vec<(String, String)>,
    /// An error that it carries already.
    pub error: Option<(String, String)>,
}

/// A line behind a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineOut {
    /// Its text.
    pub line: Vec<u8>,
    /// All its labels.
    pub labels: LabelSet,
}

/// Kinds of tokens, or the message of the one that is none.
pub fn tokens(query: &str) -> Result<Vec<&'static str>, String> {
    let mut names = Vec::new();
    for token in crate::lexer::tokenize(query) {
        match &token.kind {
            TokenKind::Bad(bad) => return Err(bad.to_string()),
            TokenKind::End => {}
            kind => names.push(kind.describe()),
        }
    }
    Ok(names)
}

/// The nanoseconds of a duration literal.
pub fn duration(text: &str) -> Option<i64> {
    match crate::lexer::tokenize(text).into_iter().map(|token| token.kind).next()? {
        TokenKind::Duration(nanos) => Some(nanos),
        _ => None,
    }
}

/// The label name of a field.
pub fn sanitize_label(name: &str) -> String {
    sanitize::sanitize(name.as_bytes())
}

/// The steps of a JSON path: member names as `Ok`, indices as `Err`.
pub fn json_path(text: &str) -> Result<Vec<Result<String, usize>>, String> {
    let steps = parse_path(text).map_err(|error| error.to_string())?;
    let step = |step: Step| match step {
        Step::Key(name) => Ok(name.into_string()),
        Step::Index(index) => Err(index),
    };
    Ok(steps.into_iter().map(step).collect())
}

/// The path of keys behind each label that `| json` makes of a line.
pub fn json_label_paths(line: &LineIn) -> Result<Vec<(String, Vec<String>)>, String> {
    let mut labels = line_labels(line);
    label_paths(&line.line, &mut labels).map_err(|error| error.to_string())
}

/// What the captures of a pattern find in a line.
pub fn pattern_captures(pattern: &str, line: &str) -> Result<Vec<String>, String> {
    let pattern = Pattern::new(pattern).map_err(|error| error.to_string())?;
    let text = |(_, text): (&str, &[u8])| String::from_utf8_lossy(text).into_owned();
    Ok(pattern.captures(line.as_bytes()).into_iter().map(text).collect())
}

/// Whether a pattern, as a line filter, matches a line.
pub fn pattern_filter(pattern: &str, line: &str) -> Result<bool, String> {
    let filter = PatternFilter::new(pattern).map_err(|error| error.to_string())?;
    Ok(filter.is_match(line.as_bytes()))
}

/// Whether nothing in a pipeline can drop or change a line.
pub fn is_noop_pipeline(query: &str) -> Result<bool, Error> {
    use crate::ast::{FilterText, LineFilterOp, StageKind};
    let log = crate::parse::parse_log(query)?;
    Ok(log.stages.iter().all(|stage| match &stage.kind {
        StageKind::LineFilter(filter) => filter.arms.iter().any(|arm| match &arm.text {
            FilterText::Text(text) => match filter.op {
                LineFilterOp::Contains => text.is_empty(),
                LineFilterOp::Regex => matches!(&**text, "" | ".*"),
                _ => false,
            },
            FilterText::Ip(_) => false,
        }),
        _ => false,
    }))
}

/// The matchers of a selector, and those alone: `(name, operator, value)`.
pub fn matchers(query: &str) -> Result<Vec<(String, String, String)>, Error> {
    let log = crate::parse::parse_log(query)?;
    let matcher = |matcher: &crate::ast::LabelMatcher| {
        (matcher.name.to_string(), matcher.op.to_string(), matcher.value.to_string())
    };
    Ok(log.selector.matchers.iter().map(matcher).collect())
}

/// Runs stages, as they stand behind a selector, over a line; `None` where they drop it.
pub fn run_stages(stages: &str, line: &LineIn) -> Result<Option<LineOut>, Error> {
    let log = crate::parse::parse_log(&format!("{{x=\"y\"}} {stages}"))?;
    crate::check::check_stages(&log.stages)?;
    let mut pipeline = Pipeline::new(&log.stages)?;
    let mut labels = line_labels(line);
    if !pipeline.first_filters().iter().all(|filter| filter.keeps(&line.line)) {
        return Ok(None);
    }
    let mut buffer = Vec::new();
    let mut entry = entry(line, &mut labels, &mut buffer);
    if !pipeline.apply(&mut entry, &Hints::everything()) {
        return Ok(None);
    }
    let line = entry.line.get().to_vec();
    Ok(Some(LineOut { line, labels: all_labels(&labels) }))
}

/// The value and the labels of the series that a line gives to the first range aggregation of a
/// metric query; `None` where it gives nothing.
pub fn sample(query: &str, line: &LineIn) -> Result<Option<(f64, LabelSet)>, Error> {
    let expr = crate::parse(query)?;
    let plan = plan::metric(&expr)?;
    let Some(range) = first_range(&plan) else { return Ok(None) };
    let mut labels = line_labels(line);
    let mut pipeline = range.lines.pipeline.clone();
    if !pipeline.first_filters().iter().all(|filter| filter.keeps(&line.line)) {
        return Ok(None);
    }
    let mut buffer = Vec::new();
    let mut entry = entry(line, &mut labels, &mut buffer);
    if !pipeline.apply(&mut entry, &range.hints) {
        return Ok(None);
    }
    let length = entry.line.get().len() as f64;
    let value = match &range.unwrap {
        Some(unwrap) => unwrap.value(entry.labels),
        None if range.counts_bytes() => Some(length),
        None => Some(1.0),
    };
    let mut pairs = Vec::new();
    range.labels.collect(&labels, &mut pairs);
    Ok(value.map(|value| (value, pairs.into_iter().collect())))
}

/// A line at the head of its stages.
fn entry<'e>(line: &'e LineIn, labels: &'e mut LineLabels, buffer: &'e mut Vec<u8>) -> Entry<'e> {
    let text = LineText::new(&line.line, buffer);
    Entry { time: line.time, now: NOW, line: text, stored_bytes: line.line.len(), labels }
}

fn first_range(plan: &plan::MetricPlan) -> Option<&plan::RangePlan> {
    match plan {
        plan::MetricPlan::Range(range) => Some(range),
        plan::MetricPlan::Aggregation(node) => first_range(&node.inner),
        plan::MetricPlan::LabelReplace(node) => first_range(&node.inner),
        plan::MetricPlan::Binary(node) => {
            first_range(&node.left).or_else(|| first_range(&node.right))
        }
        plan::MetricPlan::Number(_) | plan::MetricPlan::Vector(_) => None,
    }
}

fn line_labels(line: &LineIn) -> LineLabels {
    let mut labels = LineLabels::default();
    labels.enter(&Labels::from_pairs(line.labels.iter().map(|(name, value)| (name, value))));
    for (name, value) in &line.labels {
        // A stream has no empty labels; the data asks for some all the same.
        if value.is_empty() {
            labels.add_metadata(name, value);
        }
    }
    for (name, value) in &line.metadata {
        labels.add_metadata(name, value);
    }
    if let Some((error, details)) = &line.error {
        labels.set_error_text(error, details);
    }
    labels
}

fn all_labels(labels: &LineLabels) -> LabelSet {
    let mut pairs = Vec::new();
    labels.for_each(|name, value, _| pairs.push((name, value)));
    pairs.into_iter().collect()
}

/// Names of the labels that a template reads.
pub fn template_labels(text: &str) -> Result<Vec<String>, String> {
    let template = crate::template::Template::new("line", text).map_err(|e| e.to_string())?;
    Ok(template.fields())
}
