//! Functions that add up spans by series and interval.

use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::query::Resource;
use telemetry_core::source::span::{SpanColumn, SpanField, SpanValue, SpanValues};

use super::observe::{self, Wanted};
use super::{Metrics, quantile};
use crate::ast::{Attribute, MetricsFunction, MetricsQuery, OverTime};
use crate::error::Error;
use crate::plan::Plan;
use crate::value::{Label, Series};

/// Runs every function but `compare()`.
pub(super) fn run(metrics: &Metrics<'_>, query: &MetricsQuery) -> Result<Vec<Series>, Error> {
    let operand = operand(&query.function);
    let by: Vec<&SpanField> = query.by.iter().map(|attribute| &attribute.field).collect();
    let fields: Vec<SpanField> = by.iter().copied().chain(operand).cloned().collect();
    let (plan, steps) = observe::compile(&query.pipeline, &fields)?;
    let mut states = States { len: metrics.axis.len, index: HashMap::new(), series: Vec::new() };
    let wanted = Wanted { fields, ..Wanted::default() };
    observe::each_group(metrics, &plan, &steps, &wanted, &mut |observed| {
        let (labels, values) = observed.columns.split_at(by.len().min(observed.columns.len()));
        let mut series = SeriesOf { plan: &plan, labels, known: Vec::new() };
        for (at, (point, weight)) in observed.points.iter().zip(&observed.weights).enumerate() {
            let value = values.first().map(|(f, column)| observe::value(&plan, f, column, at));
            let Some(observation) = observation(&query.function, value.as_ref()) else { continue };
            series.each(at, &mut states, &query.function, &mut |state| {
                state.add(*point, observation, *weight);
            });
        }
        Ok(metrics.context.bound(Resource::Series, states.series.len() as u64)?)
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

/// Finds the series of the spans of one group.
struct SeriesOf<'a> {
    plan: &'a Plan,
    /// Columns of the `by` fields.
    labels: &'a [(SpanField, SpanColumn)],
    /// Series by position in the dictionary, if there is one `by` field and it is text.
    known: Vec<Option<usize>>,
}

impl SeriesOf<'_> {
    /// Calls `add` with the state of each series that the span at a position belongs to.
    fn each(
        &mut self,
        at: usize,
        states: &mut States,
        function: &MetricsFunction,
        add: &mut dyn FnMut(&mut State),
    ) {
        let Some(id) = self.dictionary_id(at) else {
            for key in self.keys(at) {
                let series = states.position(key, function);
                states.at(series).into_iter().for_each(&mut *add);
            }
            return;
        };
        if self.known.len() <= id {
            self.known.resize(id + 1, None);
        }
        let series = match self.known.get(id) {
            Some(Some(series)) => *series,
            _ => {
                let key = self.labels.iter().map(|(_, column)| column.value(at)).collect();
                let series = states.position(key, function);
                self.known.get_mut(id).into_iter().for_each(|known| *known = Some(series));
                series
            }
        };
        states.at(series).into_iter().for_each(add);
    }

    fn dictionary_id(&self, at: usize) -> Option<usize> {
        let [(_, column)] = self.labels else { return None };
        match &column.values {
            SpanValues::String { ids, .. } if column.is_present(at) => {
                ids.get(at).map(|id| *id as usize)
            }
            _ => None,
        }
    }

    /// Values of the fields; every combination where some are arrays.
    fn keys(&self, at: usize) -> Vec<Vec<SpanValue>> {
        let mut keys = vec![Vec::with_capacity(self.labels.len())];
        for (field, column) in self.labels {
            let value = observe::value(self.plan, field, column, at);
            if value.array_len().is_none() {
                keys.iter_mut().for_each(|key| key.push(value.clone()));
                continue;
            }
            let mut elements = Vec::new();
            value.for_each_element(|element| elements.push(element));
            elements.sort();
            elements.dedup();
            let longer = |key: &Vec<SpanValue>| {
                let key = key.clone();
                let element = move |element: &SpanValue| {
                    let mut longer = key.clone();
                    longer.push(element.clone());
                    longer
                };
                elements.iter().map(element).collect::<Vec<_>>()
            };
            keys = keys.iter().flat_map(longer).collect();
        }
        keys
    }
}

/// One state per combination of values.
struct States {
    len: usize,
    index: HashMap<Vec<SpanValue>, usize>,
    series: Vec<(Vec<SpanValue>, State)>,
}

impl States {
    /// The position of a combination's state; it is made if it is new.
    fn position(&mut self, key: Vec<SpanValue>, function: &MetricsFunction) -> usize {
        if let Some(at) = self.index.get(&key) {
            return *at;
        }
        let at = self.series.len();
        self.index.insert(key.clone(), at);
        self.series.push((key, State::new(function, self.len)));
        at
    }

    fn at(&mut self, position: usize) -> Option<&mut State> {
        self.series.get_mut(position).map(|(_, state)| state)
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
