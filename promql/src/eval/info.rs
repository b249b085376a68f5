//! `info`: adds the labels of info series to the series that they describe.
//!
//! Series and info series belong together if `job` and `instance` are equal. At each step, of the
//! info series of one metric with the same `job` and `instance` the one with the newest sample counts.

use hashbrown::HashMap;
use telemetry_core::labels::{Labels, LabelsBuilder, METRIC_NAME, Matcher};
use telemetry_core::vector::{Grouping, Groups};

use super::select::Look;
use super::{Collected, EvaluationError, Evaluator, Grid, Identity, Row, RowSet, merge};
use crate::plan::Info;

/// The labels by which series and info series belong together.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

/// An info series: when its samples were taken, per step.
struct InfoSeries {
    labels: Labels,
    times: Row,
    group: u32,
}

impl<'a> Evaluator<'a> {
    pub(super) fn info(
        &'a self,
        node: &'a Info,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let base = self.collect(&node.input, grid)?;
        let mut groups =
            Groups::new(Grouping::By(IDENTIFYING.iter().map(|name| Box::from(*name)).collect()));
        let series = self.info_series(node, grid, &mut groups)?;
        let mut results = Vec::with_capacity(base.len());
        for row in base {
            self.context.check()?;
            let labels = &row.identity.labels;
            let is_info =
                node.names.iter().all(|matcher| matcher.matches(labels.name().unwrap_or_default()));
            let group = groups.find(labels);
            let identified = IDENTIFYING.iter().any(|name| labels.contains(name));
            if is_info {
                results.push(row);
                continue;
            }
            let mine: Vec<&InfoSeries> = match group {
                Some(group) if identified => {
                    series.iter().filter(|info| info.group == group).collect()
                }
                _ => Vec::new(),
            };
            enrich(node, row, &mine, &mut results)?;
        }
        merge::join_equal(self.context, results, node.span).map(RowSet::Ready)
    }

    fn info_series(
        &'a self,
        node: &'a Info,
        grid: Grid,
        groups: &mut Groups,
    ) -> Result<Vec<InfoSeries>, EvaluationError> {
        let values = self.collected(self.select(&node.select, Look::Values, grid)?, grid)?;
        if let Some(histogram) = values.iter().find(|row| row.row.has_histograms()) {
            let labels = histogram.identity.labels.clone();
            return Err(EvaluationError::InfoHistogram { labels, span: node.span });
        }
        let times = self.collected(self.select(&node.select, Look::Times, grid)?, grid)?;
        // Both leave out the same empty rows, so they go side by side.
        let pairs = values.into_iter().zip(times);
        Ok(pairs
            .map(|(value, time)| {
                let labels = value.identity.labels;
                let group = groups.assign(&labels);
                InfoSeries { labels, times: time.row, group }
            })
            .collect())
    }
}

/// The row under the labels that its info series give it, step by step.
fn enrich(
    node: &Info,
    row: Collected,
    series: &[&InfoSeries],
    results: &mut Vec<Collected>,
) -> Result<(), EvaluationError> {
    let required = node.labels.iter().any(|matcher| !matcher.matches_empty());
    if series.is_empty() {
        if !required {
            results.push(row);
        }
        return Ok(());
    }
    let mut by_choice: HashMap<Vec<usize>, Option<Labels>> = HashMap::new();
    let mut parts: Vec<(Labels, Row)> = Vec::new();
    for step in &row.row.presence {
        let choice = choose(node, series, step)?;
        if choice.is_empty() && required {
            continue;
        }
        let labels = match by_choice.get(&choice) {
            Some(labels) => labels.clone(),
            None => {
                let labels = joined(node, &row.identity.labels, series, &choice)?;
                by_choice.insert(choice, Some(labels.clone()));
                Some(labels)
            }
        };
        let Some(labels) = labels else { continue };
        let at = match parts.iter().position(|(known, _)| *known == labels) {
            Some(at) => at,
            None => {
                parts.push((labels, Row::absent(row.row.steps())));
                parts.len() - 1
            }
        };
        if let Some(value) = row.row.get(step) {
            parts[at].1.set(step, value);
        }
    }
    let drop_name = row.identity.drop_name;
    let part = |(labels, row)| Collected::new(Identity::dropping(labels, drop_name), row);
    results.extend(parts.into_iter().map(part));
    Ok(())
}

/// Of each info metric the series with the newest sample at `step`.
fn choose(node: &Info, series: &[&InfoSeries], step: usize) -> Result<Vec<usize>, EvaluationError> {
    let mut chosen: Vec<usize> = Vec::new();
    for (at, info) in series.iter().enumerate() {
        if !info.times.presence.contains(step) {
            continue;
        }
        let same_metric = |other: &usize| series[*other].labels.name() == info.labels.name();
        let Some(place) = chosen.iter().position(same_metric) else {
            chosen.push(at);
            continue;
        };
        let other = series[chosen[place]];
        let (mine, known) = (info.times.floats[step], other.times.floats[step]);
        if mine == known {
            return Err(EvaluationError::DuplicateInfo {
                first: other.labels.clone(),
                second: info.labels.clone(),
                span: node.span,
            });
        }
        if mine > known {
            chosen[place] = at;
        }
    }
    Ok(chosen)
}

/// The labels of a series and of its info series; those of the series win.
fn joined(
    node: &Info,
    base: &Labels,
    series: &[&InfoSeries],
    chosen: &[usize],
) -> Result<Labels, EvaluationError> {
    let wanted = |name: &str| {
        name != METRIC_NAME
            && (node.labels.is_empty()
                || node.labels.iter().any(|matcher: &Matcher| matcher.name() == name))
    };
    let mut added = LabelsBuilder::new();
    for at in chosen {
        for (name, value) in series[*at].labels.iter().filter(|(name, _)| wanted(name)) {
            match added.get(name) {
                Some(known) if known != value => {
                    let name = name.into();
                    return Err(EvaluationError::ConflictingInfo { name, span: node.span });
                }
                _ => {
                    added.set(name, value);
                }
            }
        }
    }
    Ok(added.extend(base).build())
}
