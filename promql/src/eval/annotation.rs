//! Remarks on an answer, as Prometheus words them.

use std::fmt;

use hashbrown::HashMap;
use parking_lot::Mutex;
use telemetry_core::query::{Severity, Warning};
use telemetry_core::syntax::Span;
use telemetry_core::syntax::number::format_g;
use telemetry_core::syntax::string::quote;

/// The remarks of a query so far. A text is kept once, at the place furthest behind in the query.
#[derive(Debug, Default)]
pub(crate) struct Annotations {
    kept: Mutex<HashMap<Note, Span>>,
}

/// Texts kept per query; what else there is repeats them with other names.
const NOTES_MAX: usize = 1_000;

/// A remark. Metric names are those of the series concerned, empty if it has none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Note {
    InvalidQuantile(Number),
    InvalidRatio { got: Number, capped: Number },
    BadBucketLabel { metric: Box<str>, value: Box<str> },
    MixedFloatsAndHistograms { metric: Box<str> },
    MixedInAggregation,
    MixedClassicAndNative { metric: Box<str> },
    NotACounter { metric: Box<str> },
    NotAGauge { metric: Box<str> },
    MixedSchemas { metric: Box<str> },
    IncompatibleBuckets { operator: &'static str },
    SortInRange,
    ResetCollision { operation: &'static str },
    StartOverlaps { metric: Box<str> },
    PossibleNonCounter { metric: Box<str> },
    ForcedMonotonicity { metric: Box<str>, detail: Box<str> },
    IncompatibleTypes { left: &'static str, operator: &'static str, right: &'static str },
    HistogramsIgnored { aggregation: &'static str },
    HistogramsIgnoredInRange { metric: Box<str> },
    NaNResult { metric: Box<str> },
    NaNSkew { metric: Box<str> },
    NaNFraction { metric: Box<str> },
    ReconciledBuckets { operation: &'static str },
}

/// A float that is compared by its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Number(u64);

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Number(value.to_bits())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_g(f64::from_bits(self.0)))
    }
}

impl Note {
    fn severity(&self) -> Severity {
        match self {
            Note::InvalidQuantile(_)
            | Note::InvalidRatio { .. }
            | Note::BadBucketLabel { .. }
            | Note::MixedFloatsAndHistograms { .. }
            | Note::MixedInAggregation
            | Note::MixedClassicAndNative { .. }
            | Note::NotACounter { .. }
            | Note::NotAGauge { .. }
            | Note::MixedSchemas { .. }
            | Note::IncompatibleBuckets { .. }
            | Note::SortInRange
            | Note::ResetCollision { .. }
            | Note::StartOverlaps { .. } => Severity::Warning,
            Note::PossibleNonCounter { .. }
            | Note::ForcedMonotonicity { .. }
            | Note::IncompatibleTypes { .. }
            | Note::HistogramsIgnored { .. }
            | Note::HistogramsIgnoredInRange { .. }
            | Note::NaNResult { .. }
            | Note::NaNSkew { .. }
            | Note::NaNFraction { .. }
            | Note::ReconciledBuckets { .. } => Severity::Info,
        }
    }
}

/// ` for metric name "x"`, or nothing.
struct ForMetric<'a>(&'a str);

impl fmt::Display for ForMetric<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " for metric name {}", quote(self.0)) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.severity() {
            Severity::Warning => "PromQL warning: ",
            Severity::Info => "PromQL info: ",
        })?;
        match self {
            Note::InvalidQuantile(got) => {
                write!(f, "quantile value should be between 0 and 1, got {got}")
            }
            Note::InvalidRatio { got, capped } => {
                write!(f, "ratio value should be between -1 and 1, got {got}, capping to {capped}")
            }
            Note::BadBucketLabel { metric, value } => write!(
                f,
                "bucket label \"le\" is missing or has a malformed value of {}{}",
                quote(value),
                ForMetric(metric)
            ),
            Note::MixedFloatsAndHistograms { metric } => {
                write!(f, "encountered a mix of histograms and floats{}", ForMetric(metric))
            }
            Note::MixedInAggregation => {
                f.write_str("encountered a mix of histograms and floats for aggregation")
            }
            Note::MixedClassicAndNative { metric } => write!(
                f,
                "vector contains a mix of classic and native histograms{}",
                ForMetric(metric)
            ),
            Note::NotACounter { metric } => {
                write!(f, "this native histogram metric is not a counter: {}", quote(metric))
            }
            Note::NotAGauge { metric } => {
                write!(f, "this native histogram metric is not a gauge: {}", quote(metric))
            }
            Note::MixedSchemas { metric } => write!(
                f,
                "vector contains a mix of histograms with exponential and custom buckets \
                 schemas{}",
                ForMetric(metric)
            ),
            Note::IncompatibleBuckets { operator } => {
                write!(f, "incompatible bucket layout encountered for binary operator {operator}")
            }
            Note::SortInRange => f.write_str(
                "sort is ineffective for range queries since results are always ordered by labels",
            ),
            Note::ResetCollision { operation } => {
                write!(f, "conflicting counter resets during histogram {operation}")
            }
            Note::StartOverlaps { metric } => write!(
                f,
                "sample has start time that overlaps with previous sample timestamp for metric {}",
                quote(metric)
            ),
            Note::PossibleNonCounter { metric } => write!(
                f,
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \
                 {}",
                quote(metric)
            ),
            Note::ForcedMonotonicity { metric, detail } => write!(
                f,
                "input to histogram_quantile needed to be fixed for monotonicity (see \
                 https://prometheus.io/docs/prometheus/latest/querying/functions/\
                 #histogram_quantile){}{detail}",
                ForMetric(metric)
            ),
            Note::IncompatibleTypes { left, operator, right } => write!(
                f,
                "incompatible sample types encountered for binary operator {}: {left} {operator} \
                 {right}",
                quote(operator)
            ),
            Note::HistogramsIgnored { aggregation } => {
                write!(f, "ignored histogram in {aggregation} aggregation")
            }
            Note::HistogramsIgnoredInRange { metric } => write!(
                f,
                "ignored histograms in a range containing both floats and histograms{}",
                ForMetric(metric)
            ),
            Note::NaNResult { metric } => write!(
                f,
                "input to histogram_quantile has NaN observations, result is NaN{}",
                ForMetric(metric)
            ),
            Note::NaNSkew { metric } => write!(
                f,
                "input to histogram_quantile has NaN observations, result is skewed higher{}",
                ForMetric(metric)
            ),
            Note::NaNFraction { metric } => write!(
                f,
                "input to histogram_fraction has NaN observations, which are excluded from all \
                 fractions{}",
                ForMetric(metric)
            ),
            Note::ReconciledBuckets { operation } => {
                write!(f, "mismatched custom buckets were reconciled during {operation}")
            }
        }
    }
}

impl Annotations {
    /// Keeps a remark on the expression at `span`.
    pub(crate) fn add(&self, note: Note, span: Span) {
        let mut kept = self.kept.lock();
        if let Some(place) = kept.get_mut(&note) {
            *place = (*place).max(span);
        } else if kept.len() < NOTES_MAX {
            kept.insert(note, span);
        }
    }

    /// The remarks with their places in `query`, warnings first, then by text.
    pub(crate) fn render(&self, query: &str) -> Vec<Warning> {
        let kept = self.kept.lock();
        let mut warnings: Vec<Warning> = kept
            .iter()
            .map(|(note, span)| {
                let (line, column) = span.line_column(query);
                let text = format!("{note} ({line}:{column})");
                Warning { severity: note.severity(), text }
            })
            .collect();
        warnings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.text.cmp(&b.text)));
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_and_ends_in_its_place() {
        let annotations = Annotations::default();
        annotations.add(Note::PossibleNonCounter { metric: "m".into() }, Span::new(5, 6));
        annotations.add(Note::PossibleNonCounter { metric: "m".into() }, Span::new(2, 3));
        annotations.add(Note::InvalidQuantile(f64::NAN.into()), Span::new(0, 1));
        let texts: Vec<String> =
            annotations.render("rate(m)").into_iter().map(|warning| warning.text).collect();
        assert_eq!(
            texts,
            [
                "PromQL warning: quantile value should be between 0 and 1, got NaN (1:1)",
                "PromQL info: metric might not be a counter, name does not end in \
                 _total/_sum/_count/_bucket: \"m\" (1:6)",
            ]
        );
    }
}
