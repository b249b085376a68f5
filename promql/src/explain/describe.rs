//! From a plan to its explanation.

use telemetry_core::labels::METRIC_NAME;
use telemetry_core::source::SeriesHints;
use telemetry_core::time::{Millis, MillisRange};
use telemetry_core::vector::Grouping;

use super::{Explanation, Form, Operator, OperatorKind, Reach, SourceRead};
use crate::ast::{AggregateOp, BinaryOp};
use crate::eval::{Grid, WindowTimes, digest_of};
use crate::plan::{
    Aggregate, HistogramFunction, Order, Plan, Range, Root, Scalar, Select, Selector, ValueMap,
    Vector,
};

/// Explains the plan of a query over `grid`.
pub(crate) fn describe(
    plan: &Plan,
    grid: Grid,
    is_range: bool,
    lookback: i64,
    parallelism: usize,
) -> Explanation {
    let describer = Describer { lookback };
    let root = match &plan.root {
        Root::Scalar(scalar) => describer.scalar(scalar, grid),
        Root::Vector(vector) => describer.vector(vector, grid),
        Root::Range(range) => describer.range(range, grid),
        Root::String(text) => leaf(OperatorKind::Text(text.clone()), Form::Constant, grid),
    };
    Explanation {
        times: MillisRange::new(grid.start, grid.end()),
        step_ms: is_range.then_some(grid.step),
        steps: grid.count,
        parallelism,
        reads: plan.selectors.iter().map(read).collect(),
        root,
    }
}

fn read(selector: &Selector) -> SourceRead {
    SourceRead {
        matchers: selector.matchers.clone(),
        window: selector.window,
        hints: hints(selector),
        uses: selector.uses,
    }
}

/// What the source is told about the use of a selector.
pub(crate) fn hints(selector: &Selector) -> SeriesHints {
    let mut hints = SeriesHints::default();
    hints.step_ms = selector.step_ms;
    hints.range_ms = selector.range_ms;
    hints.function = selector.function;
    hints
}

struct Describer {
    lookback: i64,
}

fn leaf(kind: OperatorKind, form: Form, grid: Grid) -> Operator {
    node(kind, form, grid, Vec::new())
}

fn node(kind: OperatorKind, form: Form, grid: Grid, inputs: Vec<Operator>) -> Operator {
    Operator { kind, form, steps: grid.count, inputs }
}

fn call(function: &'static str, form: Form, grid: Grid, inputs: Vec<Operator>) -> Operator {
    node(OperatorKind::Call { function }, form, grid, inputs)
}

/// What is evaluated for one step of `grid`.
fn once(grid: Grid) -> Grid {
    Grid { count: grid.count.min(1), ..grid }
}

impl Describer {
    fn scalar(&self, scalar: &Scalar, grid: Grid) -> Operator {
        let numbers = |kind, inputs| node(kind, Form::Numbers, grid, inputs);
        match scalar {
            Scalar::Constant(value) => {
                leaf(OperatorKind::Constant(*value), Form::Constant, once(grid))
            }
            Scalar::Time => leaf(OperatorKind::StepTime, Form::Numbers, grid),
            Scalar::OfVector(vector) => {
                call("scalar", Form::Collected, grid, vec![self.vector(vector, grid)])
            }
            Scalar::Negate(inner) => numbers(OperatorKind::Negate, vec![self.scalar(inner, grid)]),
            Scalar::Binary { op, left, right } => {
                let kind = OperatorKind::Binary { op: *op, matching: None, many: None };
                numbers(kind, self.scalars([left, right], grid))
            }
            Scalar::Least(left, right) => {
                call("min_of", Form::Numbers, grid, self.scalars([left, right], grid))
            }
            Scalar::Greatest(left, right) => {
                call("max_of", Form::Numbers, grid, self.scalars([left, right], grid))
            }
            Scalar::Once(inner) => {
                numbers(OperatorKind::Repeat, vec![self.scalar(inner, once(grid))])
            }
        }
    }

    fn scalars<'a>(
        &self,
        scalars: impl IntoIterator<Item = &'a Box<Scalar>>,
        grid: Grid,
    ) -> Vec<Operator> {
        scalars.into_iter().map(|scalar| self.scalar(scalar, grid)).collect()
    }

    fn vector(&self, vector: &Vector, grid: Grid) -> Operator {
        let inner = |input: &Vector| vec![self.vector(input, grid)];
        match vector {
            Vector::Select(select) => self.newest(select, grid),
            Vector::TimesOf(select) => {
                call("timestamp", Form::Streamed, grid, vec![self.newest(select, grid)])
            }
            Vector::StartsOf(select) => {
                call("start_timestamp", Form::Streamed, grid, vec![self.newest(select, grid)])
            }
            Vector::OverTime(over) => {
                let kind = OperatorKind::OverTime {
                    function: over.function.name,
                    sliding: over.function.row.is_some(),
                    from_statistics: digest_of(over, grid).is_some(),
                };
                let mut inputs = vec![self.range(&over.range, grid)];
                inputs.extend(over.parameters.iter().map(|scalar| self.scalar(scalar, grid)));
                node(kind, Form::Streamed, grid, inputs)
            }
            Vector::AbsentOverTime { range, .. } => {
                call("absent_over_time", Form::Streamed, grid, vec![self.range(range, grid)])
            }
            Vector::Map { map, input } => self.map(map, input, grid),
            Vector::WithScalar(both) => {
                let kind = OperatorKind::Binary { op: both.op, matching: None, many: None };
                let mut inputs =
                    vec![self.vector(&both.vector, grid), self.scalar(&both.scalar, grid)];
                if both.scalar_left {
                    inputs.reverse();
                }
                node(kind, Form::Streamed, grid, inputs)
            }
            Vector::Binary(both) => {
                let many = both.group.as_ref().map(|(side, _)| *side);
                self.matched(both.op, &both.grouping, many, [&both.left, &both.right], grid)
            }
            Vector::Set(both) => {
                self.matched(both.op, &both.grouping, None, [&both.left, &both.right], grid)
            }
            Vector::Aggregate(aggregate) => self.aggregate(aggregate, grid),
            Vector::OfScalar(scalar) => {
                call("vector", Form::Numbers, grid, vec![self.scalar(scalar, grid)])
            }
            Vector::Absent { input, .. } => call("absent", Form::Streamed, grid, inner(input)),
            Vector::LabelReplace(replace) => {
                call("label_replace", Form::Streamed, grid, inner(&replace.input))
            }
            Vector::LabelJoin(join) => call("label_join", Form::Streamed, grid, inner(&join.input)),
            Vector::Sort { input, order, .. } => {
                let function = match order {
                    Order::Ascending => "sort",
                    Order::Descending => "sort_desc",
                    Order::ByLabels { descending: false, .. } => "sort_by_label",
                    Order::ByLabels { .. } => "sort_by_label_desc",
                };
                call(function, Form::Collected, grid, inner(input))
            }
            Vector::Histogram(of) => {
                let (function, scalars): (_, Vec<&Scalar>) = match &of.function {
                    HistogramFunction::Quantile(phi) => ("histogram_quantile", vec![phi]),
                    HistogramFunction::Quantiles { phis, .. } => {
                        ("histogram_quantiles", phis.iter().map(|(phi, _)| phi).collect())
                    }
                    HistogramFunction::Fraction(low, high) => {
                        ("histogram_fraction", vec![low, high])
                    }
                };
                let mut inputs = inner(&of.input);
                inputs.extend(scalars.into_iter().map(|scalar| self.scalar(scalar, grid)));
                call(function, Form::Collected, grid, inputs)
            }
            Vector::Info(info) => {
                let inputs = vec![self.vector(&info.input, grid), self.newest(&info.select, grid)];
                call("info", Form::Collected, grid, inputs)
            }
            Vector::Once(input) => {
                let inputs = vec![self.vector(input, once(grid))];
                node(OperatorKind::Repeat, Form::Streamed, grid, inputs)
            }
        }
    }

    fn map(&self, map: &ValueMap, input: &Vector, grid: Grid) -> Operator {
        let mut inputs = vec![self.vector(input, grid)];
        let mut with = |scalar: &Scalar| inputs.push(self.scalar(scalar, grid));
        let function = match map {
            ValueMap::Float(name, _) => *name,
            ValueMap::Negate => return node(OperatorKind::Negate, Form::Streamed, grid, inputs),
            ValueMap::Round(nearest) => {
                with(nearest);
                "round"
            }
            ValueMap::Clamp(low, high) => {
                with(low);
                with(high);
                "clamp"
            }
            ValueMap::ClampMin(low) => {
                with(low);
                "clamp_min"
            }
            ValueMap::ClampMax(high) => {
                with(high);
                "clamp_max"
            }
            ValueMap::Time => "timestamp",
            ValueMap::Nothing => "start_timestamp",
            ValueMap::HistogramAvg => "histogram_avg",
            ValueMap::HistogramCount => "histogram_count",
            ValueMap::HistogramSum => "histogram_sum",
            ValueMap::HistogramStddev => "histogram_stddev",
            ValueMap::HistogramStdvar => "histogram_stdvar",
        };
        call(function, Form::Streamed, grid, inputs)
    }

    fn matched(
        &self,
        op: BinaryOp,
        grouping: &Grouping,
        many: Option<crate::ast::Side>,
        sides: [&Vector; 2],
        grid: Grid,
    ) -> Operator {
        let kind = OperatorKind::Binary { op, matching: Some(as_written(grouping)), many };
        let inputs = sides.map(|side| self.vector(side, grid)).into();
        node(kind, Form::Collected, grid, inputs)
    }

    fn aggregate(&self, aggregate: &Aggregate, grid: Grid) -> Operator {
        let form = match aggregate.op {
            AggregateOp::TopK
            | AggregateOp::BottomK
            | AggregateOp::LimitK
            | AggregateOp::LimitRatio
            | AggregateOp::CountValues
            | AggregateOp::Quantile => Form::Collected,
            _ => Form::Grouped,
        };
        let grouping = as_written(&aggregate.grouping);
        let kind = OperatorKind::Aggregate { op: aggregate.op, grouping };
        let mut inputs = vec![self.vector(&aggregate.input, grid)];
        inputs.extend(aggregate.parameter.iter().map(|scalar| self.scalar(scalar, grid)));
        node(kind, form, grid, inputs)
    }

    fn range(&self, range: &Range, grid: Grid) -> Operator {
        match range {
            Range::Samples { select, range } => {
                leaf(OperatorKind::Samples(reach(select, *range)), Form::Streamed, grid)
            }
            Range::Subquery(subquery) => {
                let crate::plan::Subquery { range, step, offset, at, .. } = **subquery;
                let when = WindowTimes { grid, at, offset, range };
                let kind = OperatorKind::Subquery {
                    range_ms: range,
                    step_ms: step,
                    at: at.map(Millis),
                    offset_ms: offset,
                };
                let inputs = vec![self.vector(&subquery.inner, when.inner_grid(step))];
                node(kind, Form::Streamed, grid, inputs)
            }
        }
    }

    fn newest(&self, select: &Select, grid: Grid) -> Operator {
        leaf(OperatorKind::Newest(reach(select, self.lookback)), Form::Streamed, grid)
    }
}

fn reach(select: &Select, range_ms: i64) -> Reach {
    Reach {
        read: select.selector,
        range_ms,
        at: select.at.map(Millis),
        offset_ms: select.offset,
        extension: select.extension,
    }
}

/// Without the metric name, which `without` and `ignoring` leave out in any case.
fn as_written(grouping: &Grouping) -> Grouping {
    match grouping {
        Grouping::By(names) => Grouping::By(names.clone()),
        Grouping::Without(names) => {
            let others = names.iter().filter(|name| ***name != *METRIC_NAME);
            Grouping::Without(others.cloned().collect())
        }
    }
}
