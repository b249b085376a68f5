//! Functions that change labels: values pass through.

use telemetry_core::labels::{LabelsBuilder, METRIC_NAME};
use telemetry_core::syntax::Span;

use super::pace::paced;
use super::{EvaluationError, Evaluator, Grid, Identity, Row, RowSet, Rows, Scratch, merge};
use crate::plan::{LabelJoin, LabelReplace};

/// Rows under other names.
struct RenamedRows<'a> {
    inner: Box<dyn Rows + 'a>,
    identities: Vec<Identity>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn label_replace(
        &'a self,
        node: &'a LabelReplace,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let inner = self.rows(&node.input, grid)?.into_rows();
        let replace = |identity: &Identity| -> Identity {
            let value = identity.labels.get(&node.from).unwrap_or_default();
            let Some(captures) = node.pattern.captures(value.as_bytes()) else {
                return identity.clone();
            };
            let mut new = String::new();
            node.pattern.expand(&node.replacement, value, &captures, &mut new);
            relabelled(identity, &node.to, &new)
        };
        let identities = paced(self.context, inner.identities(), replace)?;
        self.renamed(inner, identities, grid, node.span)
    }

    pub(super) fn label_join(
        &'a self,
        node: &'a LabelJoin,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let inner = self.rows(&node.input, grid)?.into_rows();
        let join = |identity: &Identity| {
            let values: Vec<&str> = node
                .from
                .iter()
                .map(|name| identity.labels.get(name).unwrap_or_default())
                .collect();
            relabelled(identity, &node.to, &values.join(&node.separator))
        };
        let identities = paced(self.context, inner.identities(), join)?;
        self.renamed(inner, identities, grid, node.span)
    }

    /// Rows whose new names may be equal: those that take turns are joined.
    fn renamed(
        &'a self,
        inner: Box<dyn Rows + 'a>,
        identities: Vec<Identity>,
        grid: Grid,
        span: Span,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let equal = merge::has_duplicates(self.context, identities.iter())?;
        let rows = RowSet::Lazy(Box::new(RenamedRows { inner, identities }));
        if !equal {
            return Ok(rows);
        }
        merge::join_equal(self.context, self.collected(rows, grid)?, span).map(RowSet::Ready)
    }
}

/// The same with another value of one label. A metric name that is set is there to stay.
fn relabelled(identity: &Identity, name: &str, value: &str) -> Identity {
    let labels = LabelsBuilder::from(&identity.labels).set(name, value).build();
    Identity::dropping(labels, identity.drop_name && name != METRIC_NAME)
}

impl Rows for RenamedRows<'_> {
    fn identities(&self) -> &[Identity] {
        &self.identities
    }

    fn fill(
        &self,
        index: usize,
        scratch: &mut Scratch,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        self.inner.fill(index, scratch, out)
    }
}
