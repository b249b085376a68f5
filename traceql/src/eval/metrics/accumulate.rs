//! Functions that add up spans by series and interval.

use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::query::Resource;
use telemetry_core::source::span::{SpanColumn, SpanField, SpanValue};

use super::observe::{self, Observed};
use super::{Metrics, quantile};
use crate::ast::{Attribute, MetricsFunction, MetricsQuery, OverTime};
use crate::error::Error;
use crate::value::{Label, Series};

/// Runs every function but `compare()`.
pub(super) fn run(metrics: &Metrics<'_>, query: &MetricsQuery) -> Result<Vec<Series>, Error> {
    let operand = operand(&query.function);
    let by: Vec<&SpanField> = query.by.iter().map(|attribute| &attribute.field).collect();
    let fields: Vec<&SpanField> = by.iter().copied().chain(operand).collect();
    let (plan, steps) = observe::compile(&query.pipeline, &fields)?;
    let mut states = States { len: metrics.axis.len, index: HashMap::new(), series: Vec::new() };
    observe::each_group(metrics, plan, &steps, &mut |observed| {
        let columns = by.iter().map(|field| observed.column(field));
        let columns: Vec<SpanColumn> = columns.collect::<Result<_, _>>()?;
        let values = match operand {
            Some(field) => Some((field, observed.column(field)?)),
            None => None,
        };
        for at in 0..observed.rows.len() {
            let value = values.as_ref().map(|(field, column)| observed.value(field, column, at));
            let Some(observation) = observation(&query.function, value.as_ref()) else { continue };
            let (Some(point), Some(weight)) = (observed.points.get(at), observed.weights.get(at))
            else {
                continue;
            };
            for key in keys(observed, &by, &columns, at) {
                states.of(key, &query.function)?.add(*point, observation, *weight);
            }
            metrics.context.bound(Resource::Series, states.series.len() as u64)?;
        }
        Ok(())
    })?;
    Ok(states.finish(metrics, query))
}

/// The field that a function takes values of.
fn operand(function: &MetricsFunction) -> Option<&SpanField> {
    match function {
        MetricsFunction::OverTime(_, Attribute { field, .. })
        | MetricsFunction::Histogram(Attribute { field, .. })
        | MetricsFunction::Quantile(Attribute { field, .. }, _) => Some(field),
        _ => None,
    }
}

/// What one span adds; none where it has no number. Durations are seconds.
fn observation(function: &MetricsFunction, value: Option<&SpanValue>) -> Option<Observation> {
    let Some(value) = value else { return Some(Observation::One) };
    match function {
        MetricsFunction::Histogram(_) | MetricsFunction::Quantile(..) => {
            quantile::bucket(value).map(Observation::Bucket)
        }
        _ => match value {
            SpanValue::Duration(nanos) => Some(Observation::Number(*nanos as f64 / 1e9)),
            other => other.as_f64().map(Observation::Number),
        },
    }
}

#[derive(Clone, Copy)]
enum Observation {
    /// The span itself.
    One,
    /// A number.
    Number(f64),
    /// A power of two, and whether it is of nanoseconds.
    Bucket(quantile::Bucket),
}

/// Values of the `by` fields at a span; every combination where some are arrays.
fn keys(
    observed: &Observed<'_>,
    by: &[&SpanField],
    columns: &[SpanColumn],
    at: usize,
) -> Vec<Vec<SpanValue>> {
    let mut keys = vec![Vec::with_capacity(by.len())];
    for (field, column) in by.iter().zip(columns) {
        let value = observed.value(field, column, at);
        if value.array_len().is_none() {
            keys.iter_mut().for_each(|key| key.push(value.clone()));
            continue;
        }
        let mut elements = Vec::new();
        value.for_each_element(|element| elements.push(element));
        elements.sort();
        elements.dedup();
        keys = keys
            .iter()
            .flat_map(|key| {
                elements.iter().map(move |element| {
                    let mut longer = key.clone();
                    longer.push(element.clone());
                    longer
                })
            })
            .collect();
    }
    keys
}

/// One state per combination of values.
struct States {
    len: usize,
    index: HashMap<Vec<SpanValue>, usize>,
    series: Vec<(Vec<SpanValue>, State)>,
}

impl States {
    fn of(&mut self, key: Vec<SpanValue>, function: &MetricsFunction) -> Result<&mut State, Error> {
        let at = match self.index.get(&key) {
            Some(at) => *at,
            None => {
                let at = self.series.len();
                self.index.insert(key.clone(), at);
                self.series.push((key, State::new(function, self.len)));
                at
            }
        };
        // The position was just looked up or made.
        self.series.get_mut(at).map(|(_, state)| state).ok_or(Error::Step)
    }

    fn finish(mut self, metrics: &Metrics<'_>, query: &MetricsQuery) -> Vec<Series> {
        let counts = matches!(query.function, MetricsFunction::Rate | MetricsFunction::Count);
        if self.series.is_empty() && query.by.is_empty() && counts {
            self.series.push((Vec::new(), State::new(&query.function, self.len)));
        }
        let mut found = Vec::new();
        for (key, state) in self.series {
            let labels = labels(&query.by, &key);
            match (&query.function, state) {
                (MetricsFunction::Quantile(_, quantiles), State::Histogram(histogram)) => {
                    for q in quantiles {
                        let values = histogram.quantiles(*q);
                        found.push(with_label("p", *q, &labels, values));
                    }
                }
                (_, State::Histogram(histogram)) => {
                    for (bound, counts) in histogram.buckets() {
                        found.push(with_label("__bucket", bound, &labels, counts));
                    }
                }
                (function, state) => {
                    let mut values = state.values();
                    if matches!(function, MetricsFunction::Rate) {
                        let seconds = metrics.axis.seconds();
                        values.iter_mut().for_each(|value| *value /= seconds);
                    }
                    let labels = if query.by.is_empty() {
                        vec![(Arc::from("__name__"), SpanValue::from(function.as_str()))]
                    } else if labels.is_empty() {
                        nothing(&query.by)
                    } else {
                        labels
                    };
                    found.push(Series { labels, values });
                }
            }
        }
        found
    }
}

/// Labels of a series: one per `by` attribute that has a value.
fn labels(by: &[Attribute], key: &[SpanValue]) -> Vec<Label> {
    let pairs = by.iter().zip(key).filter(|(_, value)| !value.is_nil());
    pairs.map(|(by, value)| (Arc::from(by.to_string()), value.clone())).collect()
}

/// The label of the series of spans that have none of the attributes.
fn nothing(by: &[Attribute]) -> Vec<Label> {
    let first = by.first().map(|by| (Arc::from(by.to_string()), SpanValue::from("nil")));
    first.into_iter().collect()
}

fn with_label(name: &str, value: f64, labels: &[Label], values: Vec<f64>) -> Series {
    let own = (Arc::from(name), SpanValue::Float(value));
    Series { labels: labels.iter().cloned().chain([own]).collect(), values }
}

/// What one series has seen.
enum State {
    /// Weights by point.
    Count(Vec<f64>),
    /// The least number by point; NaN if there was none.
    Min(Vec<f64>),
    /// The greatest.
    Max(Vec<f64>),
    /// Sums with what rounding lost, and weights.
    Sum {
        sums: Vec<(f64, f64)>,
        weights: Vec<f64>,
        mean: bool,
    },
    Histogram(quantile::Histogram),
}

impl State {
    fn new(function: &MetricsFunction, len: usize) -> Self {
        let sum = |mean| State::Sum { sums: vec![(0.0, 0.0); len], weights: vec![0.0; len], mean };
        match function {
            MetricsFunction::OverTime(OverTime::Min, _) => State::Min(vec![f64::NAN; len]),
            MetricsFunction::OverTime(OverTime::Max, _) => State::Max(vec![f64::NAN; len]),
            MetricsFunction::OverTime(OverTime::Avg, _) => sum(true),
            MetricsFunction::OverTime(OverTime::Sum, _) => sum(false),
            MetricsFunction::Histogram(_) | MetricsFunction::Quantile(..) => {
                State::Histogram(quantile::Histogram::new(len))
            }
            _ => State::Count(vec![0.0; len]),
        }
    }

    fn add(&mut self, point: usize, observation: Observation, weight: f64) {
        match (self, observation) {
            (State::Count(counts), _) => {
                counts.get_mut(point).into_iter().for_each(|count| *count += weight);
            }
            // `min` and `max` of a number and NaN are the number.
            (State::Min(values), Observation::Number(number)) => {
                values.get_mut(point).into_iter().for_each(|value| *value = value.min(number));
            }
            (State::Max(values), Observation::Number(number)) => {
                values.get_mut(point).into_iter().for_each(|value| *value = value.max(number));
            }
            (State::Sum { sums, weights, .. }, Observation::Number(number)) => {
                if let (Some(sum), Some(total)) = (sums.get_mut(point), weights.get_mut(point)) {
                    add_exactly(sum, number * weight);
                    *total += weight;
                }
            }
            (State::Histogram(histogram), Observation::Bucket(bucket)) => {
                histogram.add(point, bucket, weight);
            }
            _ => {}
        }
    }

    fn values(self) -> Vec<f64> {
        match self {
            State::Count(values) | State::Min(values) | State::Max(values) => values,
            State::Sum { sums, weights, mean } => sums
                .iter()
                .zip(weights)
                .map(|((sum, lost), weight)| match weight {
                    0.0 => f64::NAN,
                    weight if mean => (sum + lost) / weight,
                    _ => sum + lost,
                })
                .collect(),
            State::Histogram(_) => Vec::new(),
        }
    }
}

/// Adds as Kahan and Neumaier do: the second number is what the first lost by rounding.
fn add_exactly((sum, lost): &mut (f64, f64), number: f64) {
    let total = *sum + number;
    if total.is_finite() {
        *lost +=
            if sum.abs() >= number.abs() { *sum - total + number } else { number - total + *sum };
    }
    *sum = total;
}
