//! Asks now and then whether a query may go on.

use telemetry_core::query::QueryContext;

use super::EvaluationError;

/// Units of work, some nanoseconds each, between two questions: well below 10 ms.
const UNITS: usize = 1 << 18;

/// What the work on the labels of one series counts as.
const LABELS_UNITS: usize = 64;

/// What `change` makes of each item, which is a look at the labels of a series or the like.
///
/// # Errors
///
/// The query was cancelled, or its time is over.
pub(super) fn paced<T, R>(
    context: &QueryContext,
    items: impl IntoIterator<Item = T>,
    mut change: impl FnMut(T) -> R,
) -> Result<Vec<R>, EvaluationError> {
    let mut pace = Pace::new(context);
    let changed = items.into_iter().map(|item| {
        pace.spend(LABELS_UNITS)?;
        Ok(change(item))
    });
    changed.collect()
}

/// Counts work and asks when there was enough of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace<'a> {
    context: &'a QueryContext,
    units: usize,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(context: &'a QueryContext) -> Self {
        Pace { context, units: 0 }
    }

    /// Counts `units` of work.
    ///
    /// # Errors
    ///
    /// The query was cancelled, or its time is over.
    #[inline]
    pub(crate) fn spend(&mut self, units: usize) -> Result<(), EvaluationError> {
        self.units += units;
        if self.units >= UNITS {
            self.units = 0;
            self.context.check()?;
        }
        Ok(())
    }
}
