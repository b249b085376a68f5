//! Runs a pipeline over one line: for tests.

use super::hints::Hints;
use super::labels::LineLabels;
use super::{Entry, LineText, Pipeline};
use telemetry_core::labels::Labels;

/// What became of a line.
pub(crate) struct Outcome {
    pub(crate) kept: bool,
    pub(crate) line: Vec<u8>,
    pub(crate) labels: LineLabels,
}

/// Runs `stages`, as they would stand behind a selector, over `line`.
pub(crate) fn apply(stages: &str, line: &str) -> Outcome {
    let query = crate::parse::parse_log(&format!(r#"{{x="y"}} {stages}"#)).unwrap();
    crate::check::check_stages(&query.stages).unwrap();
    let mut pipeline = Pipeline::new(&query.stages).unwrap();
    let mut labels = LineLabels::default();
    labels.enter(&Labels::empty());
    let mut buffer = Vec::new();
    let first = pipeline.first_filters().iter().all(|filter| filter.keeps(line.as_bytes()));
    let text = LineText::new(line.as_bytes(), &mut buffer);
    let stored_bytes = line.len();
    let mut entry = Entry { time: 0, now: 0, line: text, stored_bytes, labels: &mut labels };
    let kept = first && pipeline.apply(&mut entry, &Hints::everything());
    let line = entry.line.get().to_vec();
    Outcome { kept, line, labels }
}

/// Whether the line stays.
pub(crate) fn keeps(stages: &str, line: &str) -> bool {
    apply(stages, line).kept
}

/// All labels as `name=value`, sorted.
pub(crate) fn labels_of(outcome: &Outcome) -> Vec<String> {
    let mut all = Vec::new();
    outcome.labels.for_each(|name, value, _| all.push(format!("{name}={value}")));
    all.sort();
    all
}
