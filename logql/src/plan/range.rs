//! How a range aggregation is carried out.

use super::{LinesPlan, SeriesLabels};
use crate::ast::{Conversion, Grouping, RangeAggregation, RangeOp};
use crate::error::Error;
use crate::lexer::{parse_go_duration, parse_human_bytes};
use crate::stage::hints::Hints;
use crate::stage::labels::{LineError, LineLabels};
use crate::stage::{LabelFilter, parse_sample};
use telemetry_core::labels::{Labels, LabelsBuilder, MatchOp};
use telemetry_core::syntax::Span;

/// An aggregation over windows of lines.
#[derive(Clone, Debug)]
pub(crate) struct RangePlan {
    pub(crate) op: RangeOp,
    /// The quantile.
    pub(crate) parameter: f64,
    pub(crate) lines: LinesPlan,
    pub(crate) labels: SeriesLabels,
    pub(crate) hints: Hints,
    pub(crate) unwrap: Option<UnwrapPlan>,
    pub(crate) range_ns: i64,
    pub(crate) offset_ns: i64,
    /// Labels of the one series that `absent_over_time` gives.
    pub(crate) absent: Labels,
    pub(crate) span: Span,
}

impl RangePlan {
    /// The plan of `node`; `outer` is the grouping of a sum around it.
    pub(crate) fn new(node: &RangeAggregation, outer: Option<&Grouping>) -> Result<Self, Error> {
        let lines = LinesPlan::new(&node.range.log)?;
        let unwrap = node.range.unwrap.as_ref().map(UnwrapPlan::new).transpose()?;
        let labels = SeriesLabels::new(node, outer);
        let read = unwrap.as_ref().map(UnwrapPlan::read_labels).unwrap_or_default();
        Ok(RangePlan {
            op: node.op,
            parameter: node.parameter.as_ref().map_or(0.0, |parameter| parameter.value),
            hints: labels.hints(&lines.pipeline, &read),
            labels,
            absent: absent_labels(node),
            lines,
            unwrap,
            range_ns: node.range.range_ns,
            offset_ns: node.range.offset_ns,
            span: node.at.0,
        })
    }

    /// Whether the text of the lines is needed behind the first filters.
    pub(crate) fn needs_text(&self) -> bool {
        self.lines.pipeline.reads_line()
    }

    /// Whether the length of a line is its value.
    pub(crate) fn counts_bytes(&self) -> bool {
        matches!(self.op, RangeOp::Bytes | RangeOp::BytesRate)
    }
}

/// The labels that the selector fixes; one that is fixed twice is none.
fn absent_labels(node: &RangeAggregation) -> Labels {
    let matchers = &node.range.log.selector.matchers;
    let mut builder = LabelsBuilder::new();
    for matcher in matchers.iter().filter(|matcher| matcher.op == MatchOp::Equal) {
        if matchers.iter().filter(|other| other.name == matcher.name).count() == 1 {
            builder.set(&matcher.name, &matcher.value);
        }
    }
    builder.build()
}

/// How a label becomes the value of a sample.
#[derive(Clone, Debug)]
pub(crate) struct UnwrapPlan {
    label: Box<str>,
    conversion: Conversion,
    filters: Vec<LabelFilter>,
}

impl UnwrapPlan {
    fn new(unwrap: &crate::ast::Unwrap) -> Result<Self, Error> {
        let filters = unwrap.filters.iter().map(|filter| {
            LabelFilter::new(filter, &|error| Error::Stage {
                stage: format!("| {}", crate::print::label_filter(filter)),
                error,
                span: unwrap.at.0,
            })
        });
        Ok(UnwrapPlan {
            label: unwrap.label.clone(),
            conversion: unwrap.conversion,
            filters: filters.collect::<Result<_, Error>>()?,
        })
    }

    fn read_labels(&self) -> Vec<String> {
        let mut names = vec![self.label.to_string()];
        for filter in &self.filters {
            filter.for_each_name(&mut |name| names.push(name.to_string()));
        }
        names
    }

    /// The value of a line; `None` where the line has none or a filter drops it. A text that is no
    /// value counts as 0 and marks the line.
    pub(crate) fn value(&self, labels: &mut LineLabels) -> Option<f64> {
        let text = labels.get(&self.label).filter(|text| !text.is_empty())?;
        let value = match self.conversion {
            Conversion::Number => parse_sample(text),
            Conversion::Bytes => {
                parse_human_bytes(text).map(|bytes| bytes as f64).map_err(|error| error.to_string())
            }
            Conversion::Duration | Conversion::DurationSeconds => {
                parse_go_duration(text).map(seconds).map_err(|error| error.to_string())
            }
        };
        let value = value.unwrap_or_else(|details| {
            labels.set_error(LineError::Unwrap, &details);
            0.0
        });
        self.filters.iter().all(|filter| filter.keeps(labels)).then_some(value)
    }
}

/// Nanoseconds in seconds as Go's `Duration.Seconds` gives them: whole seconds and the rest apart.
fn seconds(nanos: i64) -> f64 {
    const NANOS: i64 = 1_000_000_000;
    (nanos / NANOS) as f64 + (nanos % NANOS) as f64 / 1e9
}
