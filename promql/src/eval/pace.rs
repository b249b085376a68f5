//! Asks now and then whether a query may go on.

use telemetry_core::query::QueryContext;

use super::EvaluationError;

/// Units of work, some nanoseconds each, between two questions: well below 10 ms.
const UNITS: usize = 1 << 18;

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
