//! Rows with the same labels: one series, if they take turns.

use hashbrown::{HashMap, HashSet};
use telemetry_core::labels::Labels;
use telemetry_core::query::QueryContext;
use telemetry_core::syntax::Span;

use super::pace::paced;
use super::{Collected, EvaluationError, Identity};
use crate::plan::METADATA_LABELS;

/// Whether two rows are called the same.
///
/// # Errors
///
/// The query was cancelled, or its time is over.
pub(super) fn has_duplicates<'i>(
    context: &QueryContext,
    identities: impl Iterator<Item = &'i Identity>,
) -> Result<bool, EvaluationError> {
    let mut seen: HashSet<&Labels> = HashSet::with_capacity(identities.size_hint().0);
    let new = paced(context, identities, |identity| seen.insert(&identity.labels))?;
    Ok(new.contains(&false))
}

/// Joins rows with the same labels, each at the place of the first one.
///
/// # Errors
///
/// If two of them have a value at the same step; if the query was stopped.
pub(super) fn join_equal(
    context: &QueryContext,
    rows: Vec<Collected>,
    span: Span,
) -> Result<Vec<Collected>, EvaluationError> {
    if !has_duplicates(context, rows.iter().map(|row| &row.identity))? {
        return Ok(rows);
    }
    let mut places: HashMap<Labels, usize> = HashMap::with_capacity(rows.len());
    let mut joined: Vec<Collected> = Vec::with_capacity(rows.len());
    for row in rows {
        match places.get(&row.identity.labels) {
            None => {
                places.insert(row.identity.labels.clone(), joined.len());
                joined.push(row);
            }
            Some(at) => {
                let kept = &mut joined[*at].row;
                if kept.presence.first_common(&row.row.presence).is_some() {
                    return Err(EvaluationError::SameLabels { span });
                }
                kept.overlay(&row.row);
            }
        }
    }
    Ok(joined)
}

/// Takes away the metric names that were to be dropped.
pub(crate) fn without_dropped_names(
    context: &QueryContext,
    mut rows: Vec<Collected>,
    span: Span,
) -> Result<Vec<Collected>, EvaluationError> {
    for row in &mut rows {
        if row.identity.drop_name {
            row.identity = Identity::new(row.identity.labels.without(&METADATA_LABELS));
        }
    }
    join_equal(context, rows, span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Row;
    use telemetry_core::labels;

    fn row(name: &str, values: &[(usize, f64)]) -> Collected {
        let mut row = Row::absent(3);
        values.iter().for_each(|(step, value)| row.set_float(*step, *value));
        Collected::new(Identity::dropping(labels! { "__name__" => name }, true), row)
    }

    #[test]
    fn rows_that_take_turns_are_one_series() {
        let rows = vec![row("a", &[(0, 1.0)]), row("b", &[(2, 3.0)])];
        let joined = without_dropped_names(&QueryContext::new(), rows, Span::default()).unwrap();
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].row.presence.ones().collect::<Vec<_>>(), [0, 2]);
        assert!(joined[0].identity.labels.is_empty());
    }

    #[test]
    fn two_values_at_one_step_are_refused() {
        let rows = vec![row("a", &[(0, 1.0)]), row("b", &[(0, 3.0)])];
        let error = without_dropped_names(&QueryContext::new(), rows, Span::default()).unwrap_err();
        assert_eq!(error.to_string(), "vector cannot contain metrics with the same labelset");
    }
}
