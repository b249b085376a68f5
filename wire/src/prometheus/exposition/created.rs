//! Start timestamps of OpenMetrics: the lines `…_created`.
//!
//! The line may stand anywhere in the metric's family, so the samples between two lines of metadata
//! are a *run* that is kept until it ends. The start of a sample is what the first `_created` line
//! behind it says, if that line is of the same metric: the same labels apart from bounds, the same
//! family. A sample behind the line has the start of the sample before it, if that was of the same
//! metric. So Prometheus looks for it, here from back to front in one pass.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;
use std::ops::Range;

use telemetry_core::model::MetricKind;

use super::entry::{Entry, Exposed, ExposedExemplar, ExposedValue, Label};

const CREATED: &str = "_created";

/// A sample's line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) name: Cow<'a, str>,
    /// Where its labels are in the run's.
    pub(super) labels: Range<usize>,
    pub(super) value: f64,
    pub(super) time: Option<i64>,
    pub(super) exemplar: Option<ExposedExemplar>,
}

/// The samples since the last line of metadata.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) labels: Vec<Label<'a>>,
    pub(super) kind: MetricKind,
    /// Bytes of the name in the last line of metadata.
    pub(super) family_len: usize,
    lines: Vec<Line<'a>>,
    /// The metric whose start was found last, and that start.
    known: Option<(Metric, i64)>,
    keeps_created: bool,
}

/// What samples of one metric have in common.
type Metric = (String, Vec<(String, String)>);

impl<'a> Run<'a> {
    pub(super) fn new(keeps_created: bool) -> Self {
        Run {
            labels: Vec::new(),
            kind: MetricKind::Unknown,
            family_len: 0,
            lines: Vec::new(),
            known: None,
            keeps_created,
        }
    }

    pub(super) fn push(&mut self, line: Line<'a>) {
        self.lines.push(line);
    }

    /// Hands over the samples.
    pub(super) fn finish(&mut self, visit: &mut impl FnMut(Entry<'_>)) {
        let lines = std::mem::take(&mut self.lines);
        let starts = if self.has_starts() && lines.iter().any(|line| line.name.ends_with(CREATED)) {
            self.starts(&lines)
        } else {
            self.known = None;
            Vec::new()
        };
        for (at, line) in lines.iter().enumerate() {
            if self.has_starts() && line.name.ends_with(CREATED) && !self.keeps_created {
                continue;
            }
            visit(Entry::Sample(Exposed {
                name: &line.name,
                labels: self.labels.get(line.labels.clone()).unwrap_or_default(),
                value: ExposedValue::Float(line.value),
                time: line.time,
                start: starts.get(at).copied().unwrap_or_default(),
                exemplars: line.exemplar.as_slice(),
                kind: self.kind,
            }));
        }
        self.labels.clear();
        self.lines = lines;
        self.lines.clear();
    }

    fn has_starts(&self) -> bool {
        use MetricKind::{Counter, Histogram, Summary};
        !self.keeps_created && matches!(self.kind, Counter | Histogram | Summary)
    }

    /// The start of every line, 0 where there is none.
    #[expect(clippy::cast_possible_truncation, reason = "Prometheus truncates")]
    fn starts(&mut self, lines: &[Line<'a>]) -> Vec<i64> {
        // The next `_created` line from each line on, found from back to front.
        let mut created: Vec<(Metric, i64)> = Vec::new();
        let mut next = vec![0; lines.len()];
        for (slot, line) in next.iter_mut().zip(lines).rev() {
            if let Some(stem) = line.name.strip_suffix(CREATED) {
                created.push((self.metric(stem, line), (line.value * 1000.0) as i64));
            }
            *slot = created.len();
        }
        let mut starts = Vec::with_capacity(lines.len());
        for (line, next) in lines.iter().zip(next) {
            if line.name.ends_with(CREATED) {
                starts.push(0);
                continue;
            }
            let stem = line.name.get(..self.family_len).unwrap_or(&line.name);
            let metric = self.metric(stem, line);
            if self.known.as_ref().is_none_or(|known| known.0 != metric || known.1 <= 0) {
                let next = next.checked_sub(1).and_then(|at| created.get(at));
                self.known = next.filter(|created| created.0 == metric).cloned();
            }
            starts.push(self.known.as_ref().map_or(0, |known| known.1));
        }
        starts
    }

    fn metric(&self, stem: &str, line: &Line<'_>) -> Metric {
        let bound = match self.kind {
            MetricKind::Summary => "quantile",
            MetricKind::Histogram => "le",
            _ => "",
        };
        let labels = self.labels.get(line.labels.clone()).unwrap_or_default();
        let labels = labels.iter().filter(|(name, _)| name != bound);
        let labels = labels.map(|(name, value)| (name.to_string(), value.to_string()));
        (stem.to_owned(), labels.collect())
    }
}
