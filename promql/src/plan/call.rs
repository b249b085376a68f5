//! Calls that give vectors.

use telemetry_core::labels::Regex;
use telemetry_core::syntax::Span;

use super::fold::with_scalars;
use super::planner::{PlanResult, Planned, Planner, Scope, strip, text};
use super::{
    HistogramCall, HistogramFunction, LabelJoin, LabelReplace, Order, OverTime, Scalar, ValueMap,
    Vector, absent,
};
use crate::ast::{Call, Expr};
use crate::eval::EvaluationError;
use crate::functions::{Body, RangeFunction, body};

impl Planner {
    pub(super) fn vector_call(&mut self, node: &Call, scope: Scope) -> PlanResult<Vector> {
        match body(&node.name) {
            Some(Body::Map(name, map)) => self.map(node, ValueMap::Float(name, map), scope),
            Some(Body::Date(name, map)) if node.args.is_empty() => {
                let input = Box::new(Vector::OfScalar(Scalar::Time));
                Ok(Planned::varying(Vector::Map { map: ValueMap::Float(name, map), input }))
            }
            Some(Body::Date(name, map)) => {
                let planned = self.map(node, ValueMap::Float(name, map), scope)?;
                Ok(Planned::varying(planned.once()))
            }
            Some(Body::Range(function)) => self.over_time(node, function, scope),
            None => self.special(node, scope),
        }
    }

    fn special(&mut self, node: &Call, scope: Scope) -> PlanResult<Vector> {
        match &*node.name {
            "absent" => {
                let labels = absent::labels(argument(node, 0)?);
                let input = self.vector(argument(node, 0)?, scope)?;
                let (fixed, input) = (input.fixed, Box::new(input.node));
                Ok(Planned { fixed, node: Vector::Absent { input, labels } })
            }
            "absent_over_time" => {
                let labels = absent::labels(strip(argument(node, 0)?));
                let range = self.range(argument(node, 0)?, scope)?;
                let fixed = range.fixed;
                Ok(Planned { fixed, node: Vector::AbsentOverTime { range: range.node, labels } })
            }
            "vector" => {
                let scalar = self.scalar(argument(node, 0)?, scope)?;
                Ok(Planned { fixed: scalar.fixed, node: Vector::OfScalar(scalar.node) })
            }
            "timestamp" | "start_timestamp" => self.timestamp(node, scope),
            "round" | "clamp" | "clamp_min" | "clamp_max" => self.map_with(node, scope),
            "histogram_avg" => self.map_histogram(node, ValueMap::HistogramAvg, true, scope),
            "histogram_count" => self.map_histogram(node, ValueMap::HistogramCount, true, scope),
            "histogram_sum" => self.map_histogram(node, ValueMap::HistogramSum, true, scope),
            "histogram_stddev" => self.map_histogram(node, ValueMap::HistogramStddev, false, scope),
            "histogram_stdvar" => self.map_histogram(node, ValueMap::HistogramStdvar, false, scope),
            "histogram_quantile" | "histogram_quantiles" | "histogram_fraction" => {
                self.histogram(node, scope)
            }
            "label_replace" => self.label_replace(node, scope),
            "label_join" => self.label_join(node, scope),
            "sort" => self.sort(node, Order::Ascending, scope),
            "sort_desc" => self.sort(node, Order::Descending, scope),
            name @ ("sort_by_label" | "sort_by_label_desc") => {
                let labels: Result<Vec<Box<str>>, EvaluationError> = node
                    .args
                    .iter()
                    .skip(1)
                    .map(|arg| text(arg).map(|(name, _)| name.into()))
                    .collect();
                let descending = name == "sort_by_label_desc";
                self.sort(node, Order::ByLabels { labels: labels?, descending }, scope)
            }
            "info" => self.info(node, scope),
            _ => Err(EvaluationError::Misplaced { span: node.span }),
        }
    }

    fn map(&mut self, node: &Call, map: ValueMap, scope: Scope) -> PlanResult<Vector> {
        let input = self.vector(argument(node, 0)?, scope)?;
        let (fixed, input) = (input.fixed, Box::new(input.node));
        Ok(Planned { fixed, node: Vector::Map { map, input } })
    }

    fn map_histogram(
        &mut self,
        node: &Call,
        map: ValueMap,
        counts_only: bool,
        scope: Scope,
    ) -> PlanResult<Vector> {
        let outer = std::mem::replace(&mut self.counts_only, counts_only);
        let planned = self.map(node, map, scope);
        self.counts_only = outer;
        planned
    }

    fn map_with(&mut self, node: &Call, scope: Scope) -> PlanResult<Vector> {
        let input = self.vector(argument(node, 0)?, scope)?;
        let mut scalar = |at: usize| match node.args.get(at) {
            Some(arg) => self.scalar(arg, scope),
            None => Ok(Planned::fixed(Scalar::Constant(1.0))),
        };
        let scalars = [scalar(1)?, scalar(2)?];
        let name = &*node.name;
        Ok(with_scalars(input, scalars, |input, [first, second]| {
            let map = match name {
                "round" => ValueMap::Round(first),
                "clamp" => ValueMap::Clamp(first, second),
                "clamp_min" => ValueMap::ClampMin(first),
                _ => ValueMap::ClampMax(first),
            };
            Vector::Map { map, input: Box::new(input) }
        }))
    }

    /// `timestamp` of a plain selector looks at its samples; of anything else it is the step's time.
    fn timestamp(&mut self, node: &Call, scope: Scope) -> PlanResult<Vector> {
        let is_start = &*node.name == "start_timestamp";
        let input = self.vector(argument(node, 0)?, scope)?;
        let plain = matches!(strip(argument(node, 0)?), Expr::Selector(_));
        let node = match input.node {
            Vector::Select(select) if plain => {
                let fixed = select.at.is_some();
                let vector =
                    if is_start { Vector::StartsOf(select) } else { Vector::TimesOf(select) };
                return Ok(Planned { fixed, node: vector });
            }
            node if input.fixed => Vector::Once(Box::new(node)),
            node => node,
        };
        let map = if is_start { ValueMap::Nothing } else { ValueMap::Time };
        Ok(Planned::varying(Vector::Map { map, input: Box::new(node) }))
    }

    fn over_time(
        &mut self,
        node: &Call,
        function: &'static RangeFunction,
        scope: Scope,
    ) -> PlanResult<Vector> {
        let outer = std::mem::replace(&mut self.function, function.name);
        let mut range = None;
        let mut parameters = Vec::new();
        let mut parameter_span = None;
        let mut span = node.span;
        for arg in &node.args {
            if self.is_scalar(arg) {
                parameters.push(self.scalar(arg, scope)?);
                parameter_span.get_or_insert(arg.span());
            } else {
                range = Some(self.range(arg, scope)?);
                span = arg.span();
            }
        }
        self.function = outer;
        let range = range.ok_or(EvaluationError::Misplaced { span: node.span })?;
        let parameter_span = parameter_span.unwrap_or(node.span);
        // `predict_linear` looks at the time of the step, wherever its range is fixed to.
        let fixed = range.fixed
            && function.name != "predict_linear"
            && parameters.iter().all(|parameter| parameter.fixed);
        let parameters = parameters
            .into_iter()
            .map(|parameter| if fixed { parameter.node } else { parameter.once() })
            .collect();
        let range = range.node;
        let call = OverTime { function, range, parameters, span, parameter_span };
        Ok(Planned { fixed, node: Vector::OverTime(Box::new(call)) })
    }

    fn histogram(&mut self, node: &Call, scope: Scope) -> PlanResult<Vector> {
        let outer = std::mem::replace(&mut self.counts_only, false);
        let planned = self.buckets(node, scope);
        self.counts_only = outer;
        planned
    }

    fn buckets(&mut self, node: &Call, scope: Scope) -> PlanResult<Vector> {
        let name = &*node.name;
        let mut scalars = Vec::new();
        let mut label = Box::<str>::default();
        let mut input = None;
        let mut span = node.span;
        for arg in &node.args {
            if self.is_scalar(arg) {
                scalars.push((self.scalar(arg, scope)?, arg.span()));
            } else if matches!(strip(arg), Expr::String(_)) {
                label = text(arg)?.0.into();
            } else {
                span = arg.span();
                input = Some(self.vector(arg, scope)?);
            }
        }
        let input = input.ok_or(EvaluationError::Misplaced { span: node.span })?;
        let fixed = input.fixed && scalars.iter().all(|(scalar, _)| scalar.fixed);
        let parameter_span = scalars.first().map_or(node.span, |(_, span)| *span);
        let mut phis: Vec<(Scalar, Span)> = scalars
            .into_iter()
            .map(|(scalar, span)| (if fixed { scalar.node } else { scalar.once() }, span))
            .collect();
        let function = match (name, phis.len()) {
            ("histogram_quantiles", 1..) => HistogramFunction::Quantiles { label, phis },
            ("histogram_fraction", 2) => {
                let (upper, _) = phis.swap_remove(1);
                let (lower, _) = phis.swap_remove(0);
                HistogramFunction::Fraction(lower, upper)
            }
            ("histogram_quantile", 1) => HistogramFunction::Quantile(phis.swap_remove(0).0),
            _ => return Err(EvaluationError::Misplaced { span: node.span }),
        };
        let input = if fixed { input.node } else { input.once() };
        let call = HistogramCall { function, input, span, parameter_span };
        Ok(Planned { fixed, node: Vector::Histogram(Box::new(call)) })
    }

    fn label_replace(&mut self, node: &Call, scope: Scope) -> PlanResult<Vector> {
        let input = self.vector(argument(node, 0)?, scope)?;
        let to = self.label_name(node, 1, "destination", "label_replace")?;
        let (replacement, _) = text(argument(node, 2)?)?;
        let (from, _) = text(argument(node, 3)?)?;
        let (pattern, span) = text(argument(node, 4)?)?;
        let pattern = Regex::anchored(pattern).map_err(|source| EvaluationError::Pattern {
            pattern: pattern.into(),
            source,
            span,
        })?;
        let call = LabelReplace {
            input: input.node,
            to,
            replacement: replacement.into(),
            from: from.into(),
            pattern,
            span: node.span,
        };
        Ok(Planned { fixed: input.fixed, node: Vector::LabelReplace(Box::new(call)) })
    }

    fn label_join(&mut self, node: &Call, scope: Scope) -> PlanResult<Vector> {
        let input = self.vector(argument(node, 0)?, scope)?;
        let to = self.label_name(node, 1, "destination", "label_join")?;
        let (separator, _) = text(argument(node, 2)?)?;
        let from: Result<Vec<_>, _> = (3..node.args.len())
            .map(|at| self.label_name(node, at, "source", "label_join"))
            .collect();
        let call = LabelJoin {
            input: input.node,
            to,
            separator: separator.into(),
            from: from?,
            span: node.span,
        };
        Ok(Planned { fixed: input.fixed, node: Vector::LabelJoin(Box::new(call)) })
    }

    fn label_name(
        &self,
        node: &Call,
        at: usize,
        role: &'static str,
        function: &'static str,
    ) -> Result<Box<str>, EvaluationError> {
        let (name, span) = text(argument(node, at)?)?;
        if !self.is_label_name(name) {
            let name = name.into();
            return Err(EvaluationError::FunctionLabelName { role, function, name, span });
        }
        Ok(name.into())
    }

    fn sort(&mut self, node: &Call, order: Order, scope: Scope) -> PlanResult<Vector> {
        let input = self.vector(argument(node, 0)?, scope)?;
        let (fixed, input) = (input.fixed, Box::new(input.node));
        Ok(Planned { fixed, node: Vector::Sort { input, order, span: node.span } })
    }
}

/// Argument `at` of a call.
pub(super) fn argument(node: &Call, at: usize) -> Result<&Expr, EvaluationError> {
    node.args.get(at).ok_or(EvaluationError::Misplaced { span: node.span })
}
