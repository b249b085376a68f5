//! An evaluator that does what the definitions say, one step and one window at a time.
//!
//! It is slow, knows floats only, and shares nothing with the engine but the parser. A range query is
//! one instant query per step, put together by labels.

mod over_time;

use std::collections::{BTreeMap, HashMap, HashSet};

use promql::ast::{
    Aggregate, AggregateOp, AtTime, Binary, BinaryOp, Call, DurationKind, Expr, Grouping,
    MatchingLabels, Modifiers, Side, UnaryOp, VectorSelector,
};
use telemetry_core::labels::{Labels, LabelsBuilder, MatchOp, Matcher, Regex};
use telemetry_core::model::is_stale;

use over_time::over_time;

/// Series with their samples, in order of time.
pub(crate) type Data = Vec<(Labels, Vec<(i64, f64)>)>;

/// How far back a selector looks, in milliseconds.
pub(crate) const LOOKBACK: i64 = 300_000;
/// The step of sub-queries that have none.
pub(crate) const SUBQUERY_STEP: i64 = 60_000;

/// The value of an expression at one time.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Scalar(f64),
    Vector(Vec<(Labels, f64)>),
    Range { series: Vec<(Labels, Vec<(i64, f64)>)>, start: i64, end: i64 },
}

/// The query has no value.
#[derive(Debug)]
pub(crate) struct Failure(#[expect(dead_code, reason = "shown by Debug")] &'static str);

type Result<T> = std::result::Result<T, Failure>;

/// Evaluates over `data`; `start` and `end` are the times of the whole query.
pub(crate) struct Naive<'a> {
    pub(crate) data: &'a Data,
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Naive<'_> {
    /// The series of a range query, by labels.
    pub(crate) fn range(
        &self,
        expr: &Expr,
        step: i64,
    ) -> Result<BTreeMap<Labels, Vec<(i64, f64)>>> {
        let mut series: BTreeMap<Labels, Vec<(i64, f64)>> = BTreeMap::new();
        let mut time = self.start;
        while time <= self.end {
            let vector = match self.eval(expr, time)? {
                Value::Scalar(value) => vec![(Labels::empty(), value)],
                Value::Vector(vector) => distinct(vector)?,
                Value::Range { .. } => return Err(Failure("a range")),
            };
            for (labels, value) in vector {
                series.entry(labels).or_default().push((time, value));
            }
            time += step;
        }
        Ok(series)
    }

    fn vector(&self, expr: &Expr, time: i64) -> Result<Vec<(Labels, f64)>> {
        match self.eval(expr, time)? {
            Value::Vector(vector) => distinct(vector),
            _ => Err(Failure("not a vector")),
        }
    }

    fn scalar(&self, expr: &Expr, time: i64) -> Result<f64> {
        match self.eval(expr, time)? {
            Value::Scalar(value) => Ok(value),
            _ => Err(Failure("not a scalar")),
        }
    }

    fn eval(&self, expr: &Expr, time: i64) -> Result<Value> {
        Ok(match expr {
            Expr::Number(node) => Value::Scalar(node.value),
            Expr::String(_) => return Err(Failure("a text")),
            Expr::Paren(node) => self.eval(&node.expr, time)?,
            Expr::Selector(node) => {
                let at = self.reference(&node.modifiers, time);
                let newest = |(labels, samples): &(Labels, Vec<(i64, f64)>)| {
                    let newest = within(samples, at - LOOKBACK, at).last()?;
                    (!is_stale(newest.1)).then(|| (labels.clone(), newest.1))
                };
                Value::Vector(self.matching(node).filter_map(newest).collect())
            }
            Expr::Matrix(node) => {
                let end = self.reference(&node.selector.modifiers, time);
                let start = end - millis(&node.range);
                let inside = |(labels, samples): &(Labels, Vec<(i64, f64)>)| {
                    let inside = within(samples, start, end).iter().copied();
                    (labels.clone(), inside.filter(|(_, value)| !is_stale(*value)).collect())
                };
                Value::Range {
                    series: self.matching(&node.selector).map(inside).collect(),
                    start,
                    end,
                }
            }
            Expr::Subquery(node) => {
                let end = self.reference(&node.modifiers, time);
                let start = end - millis(&node.range);
                let step = node.step.as_ref().map_or(SUBQUERY_STEP, millis);
                let mut series: BTreeMap<Labels, Vec<(i64, f64)>> = BTreeMap::new();
                let first = start.div_euclid(step) * step + step;
                for t in (first..=end).step_by(step.unsigned_abs() as usize) {
                    for (labels, value) in self.vector(&node.expr, t)? {
                        series.entry(labels).or_default().push((t, value));
                    }
                }
                Value::Range { series: series.into_iter().collect(), start, end }
            }
            Expr::Unary(node) => match (node.op, self.eval(&node.expr, time)?) {
                (UnaryOp::Plus, value) => value,
                (UnaryOp::Minus, Value::Scalar(value)) => Value::Scalar(-value),
                (UnaryOp::Minus, Value::Vector(vector)) => {
                    Value::Vector(vector.into_iter().map(|(l, v)| (nameless(&l), -v)).collect())
                }
                _ => return Err(Failure("a sign in front of a range")),
            },
            Expr::Binary(node) => self.binary(node, time)?,
            Expr::Aggregate(node) => Value::Vector(self.aggregate(node, time)?),
            Expr::Call(node) => self.call(node, time)?,
        })
    }

    fn reference(&self, modifiers: &Modifiers, time: i64) -> i64 {
        let at = modifiers.at.map_or(time, |at| match at.time {
            AtTime::Millis(millis) => millis,
            AtTime::Start => self.start,
            AtTime::End => self.end,
        });
        at - modifiers.offset.as_ref().map_or(0, millis)
    }

    fn matching<'s>(
        &'s self,
        node: &VectorSelector,
    ) -> impl Iterator<Item = &'s (Labels, Vec<(i64, f64)>)> + use<'s> {
        let mut matchers: Vec<Matcher> = node
            .matchers
            .iter()
            .map(|m| Matcher::new(m.op, &*m.name, &*m.value).unwrap())
            .collect();
        matchers.extend(node.name.iter().map(|name| Matcher::equal("__name__", &**name)));
        self.data
            .iter()
            .filter(move |(labels, _)| matchers.iter().all(|m| m.matches_labels(labels)))
    }

    fn binary(&self, node: &Binary, time: i64) -> Result<Value> {
        let checked = |value| match value {
            Value::Vector(vector) => distinct(vector).map(Value::Vector),
            other => Ok(other),
        };
        let left = checked(self.eval(&node.left, time)?)?;
        let right = checked(self.eval(&node.right, time)?)?;
        let op = node.op;
        let keeps_name = op.is_comparison() && !node.return_bool;
        let named = |labels: &Labels| if keeps_name { labels.clone() } else { nameless(labels) };
        Ok(match (left, right) {
            (Value::Scalar(a), Value::Scalar(b)) => {
                Value::Scalar(operate(op, true, a, b, a).unwrap())
            }
            (Value::Vector(vector), Value::Scalar(b)) => Value::Vector(
                vector
                    .iter()
                    .filter_map(|(l, a)| {
                        Some((named(l), operate(op, node.return_bool, *a, b, *a)?))
                    })
                    .collect(),
            ),
            (Value::Scalar(a), Value::Vector(vector)) => Value::Vector(
                vector
                    .iter()
                    .filter_map(|(l, b)| {
                        Some((named(l), operate(op, node.return_bool, a, *b, *b)?))
                    })
                    .collect(),
            ),
            (Value::Vector(left), Value::Vector(right)) => Value::Vector(match op {
                BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => set(node, &left, &right),
                _ => join(node, &left, &right)?,
            }),
            _ => return Err(Failure("an operator on a range")),
        })
    }

    fn aggregate(&self, node: &Aggregate, time: i64) -> Result<Vec<(Labels, f64)>> {
        let vector = self.vector(&node.expr, time)?;
        let parameter = match &node.param {
            Some(param) if !matches!(**param, Expr::String(_)) => self.scalar(param, time)?,
            _ => 0.0,
        };
        let mut groups: Vec<(Labels, Vec<(Labels, f64)>)> = Vec::new();
        let mut places: HashMap<Labels, usize> = HashMap::new();
        for (labels, value) in vector {
            let group = group(node, &labels, value)?;
            let place = *places.entry(group.clone()).or_insert(groups.len());
            if place == groups.len() {
                groups.push((group, Vec::new()));
            }
            groups[place].1.push((labels, value));
        }
        let mut result = Vec::new();
        for (group, members) in groups {
            let values: Vec<f64> = members.iter().map(|(_, value)| *value).collect();
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
            let value = match node.op {
                AggregateOp::Sum => values.iter().sum(),
                AggregateOp::Avg => mean,
                AggregateOp::Count | AggregateOp::CountValues => count,
                AggregateOp::Group => 1.0,
                AggregateOp::Min => values.iter().copied().fold(f64::NAN, f64::min),
                AggregateOp::Max => values.iter().copied().fold(f64::NAN, f64::max),
                AggregateOp::Stddev => variance.sqrt(),
                AggregateOp::Stdvar => variance,
                AggregateOp::Quantile => quantile(parameter, values),
                AggregateOp::LimitK => {
                    result.extend(members.into_iter().take(parameter.max(0.0) as usize));
                    continue;
                }
                AggregateOp::TopK | AggregateOp::BottomK => {
                    let mut members = members;
                    members.sort_by(|(_, a), (_, b)| {
                        let order = a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
                        let order =
                            if node.op == AggregateOp::TopK { order.reverse() } else { order };
                        a.is_nan().cmp(&b.is_nan()).then(order)
                    });
                    members.truncate(parameter.max(0.0) as usize);
                    result.extend(members);
                    continue;
                }
                _ => return Err(Failure("an aggregation")),
            };
            result.push((group, value));
        }
        Ok(result)
    }

    fn call(&self, node: &Call, time: i64) -> Result<Value> {
        let name = &*node.name;
        let number = |at: usize| self.scalar(&node.args[at], time);
        Ok(match name {
            "time" => Value::Scalar(time as f64 / 1e3),
            "scalar" => match self.vector(&node.args[0], time)?.as_slice() {
                [(_, value)] => Value::Scalar(*value),
                _ => Value::Scalar(f64::NAN),
            },
            "vector" => Value::Vector(vec![(Labels::empty(), number(0)?)]),
            "absent" => {
                let present = !self.vector(&node.args[0], time)?.is_empty();
                let mut labels = LabelsBuilder::new();
                if let Expr::Selector(node) = &node.args[0] {
                    let fixed = node.matchers.iter().filter(|m| m.op == MatchOp::Equal);
                    fixed.for_each(|m| {
                        labels.set(&m.name, &m.value);
                    });
                }
                Value::Vector(if present { vec![] } else { vec![(labels.build(), 1.0)] })
            }
            "abs" | "floor" | "sgn" | "sqrt" | "clamp_min" | "ceil" | "exp" | "ln" | "round"
            | "cos" => {
                let low = if name == "clamp_min" { number(1)? } else { 0.0 };
                let vector = self.vector(&node.args[0], time)?.into_iter();
                Value::Vector(
                    vector
                        .map(|(labels, v)| {
                            let value = match name {
                                "abs" => v.abs(),
                                "floor" => v.floor(),
                                "ceil" => v.ceil(),
                                "exp" => v.exp(),
                                "ln" => v.ln(),
                                "cos" => v.cos(),
                                "round" => (v + 0.5).floor(),
                                "sqrt" => v.sqrt(),
                                // NaN stays NaN, unless infinity is greater anyhow.
                                "clamp_min" if v == f64::INFINITY || low == f64::INFINITY => {
                                    f64::INFINITY
                                }
                                "clamp_min" if v.is_nan() || low.is_nan() => f64::NAN,
                                "clamp_min" => v.max(low),
                                _ if v > 0.0 => 1.0,
                                _ if v < 0.0 => -1.0,
                                _ => v,
                            };
                            (nameless(&labels), value)
                        })
                        .collect(),
                )
            }
            "histogram_quantile" => {
                let phi = number(0)?;
                Value::Vector(bucket_quantiles(phi, self.vector(&node.args[1], time)?))
            }
            "label_replace" => {
                let text = |at: usize| match &node.args[at] {
                    Expr::String(text) => text.value.to_string(),
                    other => panic!("{other:?}"),
                };
                let pattern = Regex::anchored(&text(4)).unwrap();
                let replace = |(labels, value): (Labels, f64)| {
                    let from = labels.get(&text(3)).unwrap_or_default();
                    match pattern.captures(from.as_bytes()) {
                        None => (labels, value),
                        Some(captures) => {
                            let mut to = String::new();
                            pattern.expand(&text(2), from, &captures, &mut to);
                            (LabelsBuilder::from(&labels).set(&text(1), &to).build(), value)
                        }
                    }
                };
                Value::Vector(self.vector(&node.args[0], time)?.into_iter().map(replace).collect())
            }
            _ => {
                let at = node.args.iter().position(is_range).ok_or(Failure("a call"))?;
                let Value::Range { series, start, end } = self.eval(&node.args[at], time)? else {
                    return Err(Failure("no range"));
                };
                let parameter = match node.args.len() {
                    2 => number(1 - at)?,
                    _ => 0.0,
                };
                let keeps = matches!(name, "last_over_time" | "first_over_time");
                let value = |(labels, samples): &(Labels, Vec<(i64, f64)>)| {
                    let value = over_time(name, samples, start, end, time, parameter)?;
                    Some((if keeps { labels.clone() } else { nameless(labels) }, value))
                };
                Value::Vector(series.iter().filter_map(value).collect())
            }
        })
    }
}

/// The samples after `start` up to `end`.
fn within(samples: &[(i64, f64)], start: i64, end: i64) -> &[(i64, f64)] {
    let from = samples.partition_point(|(time, _)| *time <= start);
    let to = samples.partition_point(|(time, _)| *time <= end);
    samples.get(from..to).unwrap_or_default()
}

fn is_range(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(node) => is_range(&node.expr),
        other => matches!(other, Expr::Matrix(_) | Expr::Subquery(_)),
    }
}

fn quantile(phi: f64, mut values: Vec<f64>) -> f64 {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())));
    let rank = phi * (values.len() - 1) as f64;
    let (low, high) = (rank.floor() as usize, (rank.floor() as usize + 1).min(values.len() - 1));
    let weight = rank - rank.floor();
    values[low] * (1.0 - weight) + values[high] * weight
}

/// The quantile of each classic histogram: on the line through the bucket that it falls into.
fn bucket_quantiles(phi: f64, vector: Vec<(Labels, f64)>) -> Vec<(Labels, f64)> {
    let mut histograms: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for (labels, count) in vector {
        let Some(Ok(bound)) = labels.get("le").map(str::parse::<f64>) else { continue };
        let histogram = labels.without(&["__name__", "le"]);
        histograms.entry(histogram).or_default().push((bound, count));
    }
    let quantile = |mut buckets: Vec<(f64, f64)>| {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut highest = f64::NEG_INFINITY;
        for bucket in &mut buckets {
            highest = highest.max(bucket.1);
            bucket.1 = highest;
        }
        let Some((f64::INFINITY, total)) = buckets.last().copied() else { return f64::NAN };
        if buckets.len() < 2 || total == 0.0 {
            return f64::NAN;
        }
        let rank = phi * total;
        let at = buckets.iter().position(|(_, count)| *count >= rank).unwrap_or(0);
        if at == buckets.len() - 1 {
            return buckets[at - 1].0;
        }
        let (start, below) = if at == 0 { (0.0, 0.0) } else { buckets[at - 1] };
        let (end, count) = buckets[at];
        if at == 0 && end <= 0.0 {
            return end;
        }
        start + (end - start) * (rank - below) / (count - below)
    };
    histograms.into_iter().map(|(labels, buckets)| (labels, quantile(buckets))).collect()
}

fn operate(op: BinaryOp, return_bool: bool, a: f64, b: f64, kept: f64) -> Option<f64> {
    let holds = match op {
        BinaryOp::Add => return Some(a + b),
        BinaryOp::Subtract => return Some(a - b),
        BinaryOp::Multiply => return Some(a * b),
        BinaryOp::Divide => return Some(a / b),
        BinaryOp::Modulo => return Some(a % b),
        BinaryOp::Power => return Some(a.powf(b)),
        BinaryOp::Atan2 => return Some(a.atan2(b)),
        BinaryOp::Equal => a == b,
        BinaryOp::NotEqual => a != b,
        BinaryOp::Greater => a > b,
        BinaryOp::Less => a < b,
        BinaryOp::GreaterOrEqual => a >= b,
        BinaryOp::LessOrEqual => a <= b,
        other => panic!("{other:?}"),
    };
    match (return_bool, holds) {
        (true, holds) => Some(f64::from(u8::from(holds))),
        (false, true) => Some(kept),
        (false, false) => None,
    }
}

fn key(node: &Binary, labels: &Labels) -> Labels {
    match &node.matching.labels {
        MatchingLabels::On(names) => only(labels, names),
        MatchingLabels::Ignoring(names) => without(labels, names, true),
    }
}

fn set(node: &Binary, left: &[(Labels, f64)], right: &[(Labels, f64)]) -> Vec<(Labels, f64)> {
    let found = |labels: &Labels, side: &[(Labels, f64)]| {
        side.iter().any(|(other, _)| key(node, other) == key(node, labels))
    };
    let mut result: Vec<(Labels, f64)> = match node.op {
        BinaryOp::And => left.iter().filter(|(l, _)| found(l, right)).cloned().collect(),
        BinaryOp::Unless => left.iter().filter(|(l, _)| !found(l, right)).cloned().collect(),
        _ => left.to_vec(),
    };
    if node.op == BinaryOp::Or {
        result.extend(right.iter().filter(|(l, _)| !found(l, left)).cloned());
    }
    result
}

fn join(
    node: &Binary,
    left: &[(Labels, f64)],
    right: &[(Labels, f64)],
) -> Result<Vec<(Labels, f64)>> {
    if left.is_empty() || right.is_empty() {
        return Ok(Vec::new());
    }
    let many_right = node.matching.group.as_ref().is_some_and(|group| group.many == Side::Right);
    let (many, one) = if many_right { (right, left) } else { (left, right) };
    let mut ones: HashMap<Labels, &(Labels, f64)> = HashMap::new();
    for sample in one {
        if ones.insert(key(node, &sample.0), sample).is_some() {
            return Err(Failure("two on the one side"));
        }
    }
    let mut met: HashSet<Labels> = HashSet::new();
    let mut result: Vec<(Labels, f64)> = Vec::new();
    for (labels, value) in many {
        let group = key(node, labels);
        let Some((other, one)) = ones.get(&group).copied() else { continue };
        if node.matching.group.is_none() && !met.insert(group) {
            return Err(Failure("many to one"));
        }
        let (a, b) = if many_right { (*one, *value) } else { (*value, *one) };
        let Some(value) = operate(node.op, node.return_bool, a, b, a) else { continue };
        let keeps_name = node.op.is_comparison() && !node.return_bool;
        let mut labels = if keeps_name { labels.clone() } else { nameless(labels) };
        match (&node.matching.group, &node.matching.labels) {
            (Some(group), _) => {
                let mut builder = LabelsBuilder::from(&labels);
                for name in &group.include {
                    builder.set(name, other.get(name).unwrap_or_default());
                }
                labels = builder.build();
            }
            (None, MatchingLabels::On(names)) => labels = only(&labels, names),
            (None, MatchingLabels::Ignoring(names)) => labels = without(&labels, names, false),
        }
        result.push((labels, value));
    }
    distinct(result)
}

fn distinct(vector: Vec<(Labels, f64)>) -> Result<Vec<(Labels, f64)>> {
    let mut seen = HashSet::new();
    match vector.iter().all(|(labels, _)| seen.insert(labels)) {
        true => Ok(vector),
        false => Err(Failure("the same labels twice")),
    }
}

fn nameless(labels: &Labels) -> Labels {
    labels.without(&["__name__"])
}

/// The labels of the group of a series. What `count_values` adds is one of those of the series.
fn group(node: &Aggregate, labels: &Labels, value: f64) -> Result<Labels> {
    let (mut labels, mut taken) = (labels.clone(), Vec::new());
    if node.op == AggregateOp::CountValues {
        let Some(Expr::String(label)) = node.param.as_deref() else {
            return Err(Failure("no label"));
        };
        let text = match value {
            f64::INFINITY => "+Inf".to_owned(),
            f64::NEG_INFINITY => "-Inf".to_owned(),
            value => value.to_string(),
        };
        labels = LabelsBuilder::from(&labels).set(&label.value, &text).build();
        taken.push(label.value.clone());
    }
    Ok(match &node.grouping {
        Grouping::By(names) => only(&labels, &[&names[..], &taken].concat()),
        Grouping::Without(names) => without(&labels, names, true),
    })
}

fn only(labels: &Labels, names: &[Box<str>]) -> Labels {
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    labels.only(&names)
}

fn without(labels: &Labels, names: &[Box<str>], name_too: bool) -> Labels {
    let mut names: Vec<&str> = names.iter().map(|name| &**name).collect();
    if name_too {
        names.push("__name__");
    }
    labels.without(&names)
}

fn millis(duration: &promql::ast::Duration) -> i64 {
    match &duration.kind {
        DurationKind::Millis(millis) => *millis,
        DurationKind::Expr(_) => panic!("a computed duration"),
    }
}
