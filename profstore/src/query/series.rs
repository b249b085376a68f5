//! Totals of profiles over time, as a chart shows them.

use std::collections::BTreeMap;

use telemetry_core::labels::Labels;
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::{ProfileRequest, ProfileSource};

use crate::Error;

/// How the profiles of one step become one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Aggregation {
    /// Their totals are added up.
    #[default]
    Sum,
    /// The sum of their totals divided by their number.
    Average,
}

/// What a series over time is asked for.
#[derive(Clone, Debug)]
pub struct SeriesQuery {
    /// Which profiles.
    pub request: ProfileRequest,
    /// Nanoseconds of one step; above zero.
    pub step_nanos: i64,
    /// Labels that make series; with none there is one series.
    pub group_by: Vec<String>,
    /// How the profiles of one step become one value.
    pub aggregation: Aggregation,
}

/// Values over time of the profiles with equal grouping labels.
#[derive(Clone, Debug, PartialEq)]
pub struct PointSeries {
    /// The grouping labels.
    pub labels: Labels,
    /// Time and value of every step with a profile. The time is the end of the step: the window's
    /// start plus a multiple of the step; a step holds what was taken after the one before, up to
    /// and including its own time.
    pub points: Vec<(i64, f64)>,
}

/// The totals of the selected profiles, by step and grouping labels, in order of the labels.
///
/// # Errors
///
/// [`Error::Step`] without a step, else as [`merge`](super::merge).
pub fn series(
    source: &dyn ProfileSource,
    query: &SeriesQuery,
    context: &QueryContext,
) -> Result<Vec<PointSeries>, Error> {
    let step = query.step_nanos;
    if step <= 0 {
        return Err(Error::Step { step_nanos: step });
    }
    let start = query.request.window.start.0;
    let names: Vec<&str> = query.group_by.iter().map(String::as_str).collect();
    let mut sums: BTreeMap<Labels, BTreeMap<i64, (i64, u64)>> = BTreeMap::new();
    let groups = source.select(&query.request, context)?;
    for index in 0..groups.len() {
        let Some(group) = groups.group(index)? else { continue };
        for at in 0..group.len() {
            context.check()?;
            let Some(row) = group.row(at) else { continue };
            // Counted from the start of the window in 128 bits: windows may be as wide as i64.
            let distance = i128::from(row.time) - i128::from(start);
            let steps = (distance + i128::from(step) - 1).div_euclid(i128::from(step));
            let time = i128::from(start) + steps * i128::from(step);
            let time = i64::try_from(time).unwrap_or(i64::MAX);
            let total = row.values.iter().fold(0_i64, |sum, value| sum.saturating_add(*value));
            let points = sums.entry(row.labels.only(&names)).or_default();
            let point = points.entry(time).or_default();
            *point = (point.0.saturating_add(total), point.1 + 1);
        }
    }
    let points: usize = sums.values().map(BTreeMap::len).sum();
    context.bound(Resource::Rows, points as u64)?;
    let value = |(sum, count): (i64, u64)| match query.aggregation {
        Aggregation::Sum => sum as f64,
        Aggregation::Average => sum as f64 / count as f64,
    };
    Ok(sums
        .into_iter()
        .map(|(labels, points)| PointSeries {
            labels,
            points: points.into_iter().map(|(time, point)| (time, value(point))).collect(),
        })
        .collect())
}
