//! Names and values of labels.

use std::collections::BTreeSet;

use telemetry_core::query::QueryContext;
use telemetry_core::source::{LabelRequest, SourceError};
use telemetry_core::storage::store::Snapshot;

use super::select;
use crate::engine::Metrics;
use crate::registry::Registry;

/// Names of labels of the series that a request selects.
pub(crate) fn label_names(
    snapshot: &Snapshot<Metrics>,
    registry: &Registry,
    request: &LabelRequest,
    context: &QueryContext,
) -> Result<Vec<String>, SourceError> {
    let selection = select(snapshot, registry, &request.matchers, request.window, false, context)?;
    let mut names = BTreeSet::new();
    for (labels, _) in &selection.series {
        for (name, _) in labels {
            if !names.contains(name) {
                names.insert(name.to_owned());
            }
        }
    }
    Ok(names.into_iter().take(request.limit).collect())
}

/// Values of a label on the series that a request selects.
pub(crate) fn label_values(
    snapshot: &Snapshot<Metrics>,
    registry: &Registry,
    name: &str,
    request: &LabelRequest,
    context: &QueryContext,
) -> Result<Vec<String>, SourceError> {
    let selection = select(snapshot, registry, &request.matchers, request.window, false, context)?;
    let mut values = BTreeSet::new();
    for (labels, _) in &selection.series {
        if let Some(value) = labels.get(name)
            && !values.contains(value)
        {
            values.insert(value.to_owned());
        }
    }
    Ok(values.into_iter().take(request.limit).collect())
}
