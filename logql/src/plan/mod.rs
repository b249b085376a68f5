//! Checked syntax tree → what is carried out.
//!
//! Planning reads no data: it compiles pipelines, decides which labels parsers have to extract, and
//! what the source is asked. A plan can be run any number of times.

mod labels;
mod range;

pub(crate) use labels::SeriesLabels;
pub(crate) use range::{RangePlan, UnwrapPlan};

use crate::ast::{BinaryOp, Expr, GroupSide, Matching, RangeOp, VectorAggregation, VectorOp};
use crate::check::{label_replace_pattern, matchers};
use crate::error::{CheckError, Error};
use crate::stage::Pipeline;
use telemetry_core::labels::Matcher;
use telemetry_core::labels::regex::Regex;
use telemetry_core::source::LineFilter;
use telemetry_core::syntax::Span;
use telemetry_core::vector::Grouping;

/// The lines of a query: which streams, and what is done with each line.
#[derive(Clone, Debug)]
pub(crate) struct LinesPlan {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) pipeline: Pipeline,
    /// For each first filter of the pipeline its place among the filters of the request, if the
    /// source can be told of it.
    pub(crate) pushed: Vec<Option<usize>>,
    pub(crate) filters: Vec<LineFilter>,
}

impl LinesPlan {
    pub(crate) fn new(log: &crate::ast::LogQuery) -> Result<Self, Error> {
        let pipeline = Pipeline::new(&log.stages)?;
        let mut filters = Vec::new();
        let pushed = pipeline.first_filters().iter().map(|filter| {
            filters.push(filter.pushed()?);
            Some(filters.len() - 1)
        });
        let pushed = pushed.collect();
        Ok(LinesPlan { matchers: matchers(&log.selector)?, pushed, filters, pipeline })
    }
}

/// A metric query.
#[derive(Clone, Debug)]
pub(crate) enum MetricPlan {
    Number(f64),
    /// `vector(n)`: one series without labels.
    Vector(f64),
    Range(Box<RangePlan>),
    Aggregation(AggregationPlan),
    Binary(Box<BinaryPlan>),
    LabelReplace(Box<LabelReplacePlan>),
}

/// An aggregation over series.
#[derive(Clone, Debug)]
pub(crate) struct AggregationPlan {
    pub(crate) op: VectorOp,
    /// The `k` of `topk` and its kin.
    pub(crate) k: usize,
    pub(crate) grouping: Grouping,
    pub(crate) inner: Box<MetricPlan>,
    pub(crate) span: Span,
}

/// Two operands and an operator.
#[derive(Clone, Debug)]
pub(crate) struct BinaryPlan {
    pub(crate) op: BinaryOp,
    pub(crate) left: MetricPlan,
    pub(crate) right: MetricPlan,
    pub(crate) return_bool: bool,
    pub(crate) grouping: Grouping,
    /// The side that may hold many, and the labels it takes from the other.
    pub(crate) group: Option<(GroupSide, Vec<Box<str>>)>,
    pub(crate) span: Span,
}

/// `label_replace`.
#[derive(Clone, Debug)]
pub(crate) struct LabelReplacePlan {
    pub(crate) inner: MetricPlan,
    pub(crate) destination: Box<str>,
    pub(crate) replacement: Box<str>,
    pub(crate) source: Box<str>,
    pub(crate) regex: Regex,
}

/// Plans a metric query. The depth of the tree is bounded by the parser.
pub(crate) fn metric(expr: &Expr) -> Result<MetricPlan, Error> {
    Ok(match expr {
        Expr::Log(log) => return Err(Error::LogOperand { span: log.at.0 }),
        Expr::Literal(literal) => MetricPlan::Number(literal.value),
        Expr::Vector(literal) => MetricPlan::Vector(literal.value),
        Expr::RangeAggregation(node) => MetricPlan::Range(Box::new(RangePlan::new(node, None)?)),
        Expr::VectorAggregation(node) => MetricPlan::Aggregation(aggregation(node)?),
        Expr::Binary(node) => MetricPlan::Binary(Box::new(BinaryPlan {
            op: node.op,
            left: metric(&node.left)?,
            right: metric(&node.right)?,
            return_bool: node.return_bool,
            grouping: matching_grouping(node.matching.as_ref()),
            group: node.matching.as_ref().and_then(|matching| {
                let group = matching.group.as_ref()?;
                Some((group.side, group.include.clone().unwrap_or_default()))
            }),
            span: node.at.0,
        })),
        Expr::LabelReplace(node) => {
            let regex = Regex::new(&label_replace_pattern(&node.regex)).map_err(|error| {
                Error::Check { error: CheckError::LabelReplaceRegex(error), span: node.regex_at.0 }
            })?;
            MetricPlan::LabelReplace(Box::new(LabelReplacePlan {
                inner: metric(&node.inner)?,
                destination: node.destination.clone(),
                replacement: node.replacement.clone(),
                source: node.source.clone(),
                regex,
            }))
        }
    })
}

fn aggregation(node: &VectorAggregation) -> Result<AggregationPlan, Error> {
    let inner = match &*node.inner {
        // A sum over what can be summed line by line decides which labels are needed at all.
        Expr::RangeAggregation(range)
            if node.op == VectorOp::Sum && sums(range.op) && range.grouping.is_none() =>
        {
            let outer = node
                .grouping
                .clone()
                .unwrap_or(crate::ast::Grouping { without: false, labels: Vec::new() });
            MetricPlan::Range(Box::new(RangePlan::new(range, Some(&outer))?))
        }
        inner => metric(inner)?,
    };
    let k = node.parameter.as_ref().map_or(0.0, |parameter| parameter.value);
    Ok(AggregationPlan {
        op: node.op,
        k: count(k),
        grouping: aggregation_grouping(node),
        inner: Box::new(inner),
        span: node.at.0,
    })
}

/// The whole number below `value`; the nearest there is if it is out of reach.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
fn count(value: f64) -> usize {
    value as usize
}

/// Whether adding up the samples of several series gives that of all their lines.
fn sums(op: RangeOp) -> bool {
    use RangeOp as Op;
    matches!(op, Op::Bytes | Op::BytesRate | Op::Sum | Op::Rate | Op::Count)
}

fn aggregation_grouping(node: &VectorAggregation) -> Grouping {
    match &node.grouping {
        None => Grouping::By(Vec::new()),
        Some(grouping) if grouping.without => Grouping::Without(grouping.labels.clone()),
        Some(grouping) => Grouping::By(grouping.labels.clone()),
    }
}

fn matching_grouping(matching: Option<&Matching>) -> Grouping {
    match matching {
        None => Grouping::Without(Vec::new()),
        Some(matching) if matching.on => Grouping::By(matching.labels.clone()),
        Some(matching) => Grouping::Without(matching.labels.clone()),
    }
}
