//! Rows that are the same at every step: computed for one, then repeated.

use super::{EvaluationError, Identity, Row, Rows, Scratch};

pub(super) struct OnceRows<'a> {
    inner: Box<dyn Rows + 'a>,
    steps: usize,
}

impl<'a> OnceRows<'a> {
    pub(super) fn new(inner: Box<dyn Rows + 'a>, steps: usize) -> Self {
        OnceRows { inner, steps }
    }
}

impl Rows for OnceRows<'_> {
    fn identities(&self) -> &[Identity] {
        self.inner.identities()
    }

    fn fill(
        &self,
        index: usize,
        scratch: &mut Scratch,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        if self.steps == 0 {
            out.reset(0);
            return Ok(());
        }
        self.inner.fill(index, scratch, out)?;
        let (present, histogram) = (out.presence.contains(0), out.histogram(0).cloned());
        let value = out.floats.first().copied().unwrap_or_default();
        out.reset(self.steps);
        if present {
            out.presence.fill();
            match histogram {
                Some(histogram) => out.histograms.resize(self.steps, Some(histogram)),
                None => out.floats.fill(value),
            }
        }
        Ok(())
    }
}
