//! Rows: one series with one value per step.

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::model::{Histogram, SampleValue};
use telemetry_core::source::Columns;
use telemetry_core::vector::{Presence, Stepped};

use super::EvaluationError;
use super::window::WindowCache;

/// The values of one series, one per step, some absent.
///
/// A step that is present holds a histogram if the histogram column has one there, else a float.
/// What stands at other steps is arbitrary.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) presence: Presence,
    pub(crate) floats: Vec<f64>,
    /// As long as `floats`, or empty if no step holds a histogram.
    pub(crate) histograms: Vec<Option<Arc<Histogram>>>,
}

/// A histogram of some dozen buckets in memory.
pub(crate) const HISTOGRAM_BYTES: u64 = 512;

/// What a row is called. The metric name is still among the labels when it is to be dropped, so
/// that functions on labels can see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Identity {
    pub(crate) labels: Labels,
    pub(crate) drop_name: bool,
}

/// Many rows whose values are computed on demand.
pub(crate) trait Rows: Sync {
    /// What the rows are called.
    fn identities(&self) -> &[Identity];

    /// Computes row `index` into `out`, whatever was in it.
    fn fill(
        &self,
        index: usize,
        scratch: &mut Scratch,
        out: &mut Row,
    ) -> Result<(), EvaluationError>;
}

/// Rows that are computed on demand, or are there already.
pub(crate) enum RowSet<'a> {
    Lazy(Box<dyn Rows + 'a>),
    Ready(Vec<Collected>),
}

/// A row with its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collected {
    pub(crate) identity: Identity,
    pub(crate) row: Row,
}

/// Rows that are there already, as if they were computed.
pub(crate) struct ReadyRows {
    identities: Vec<Identity>,
    rows: Vec<Row>,
}

/// Buffers of one thread: a slot per node of the plan that needs some.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    slots: Vec<Option<Box<Slot>>>,
}

/// Buffers of one node.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) columns: Columns,
    pub(crate) windows: WindowCache,
    pub(crate) histogram_windows: WindowCache,
    pub(crate) row: Row,
}

impl Row {
    /// A row of `steps` steps that are all absent; keeps the memory.
    pub(crate) fn reset(&mut self, steps: usize) {
        self.presence.reset(steps);
        self.floats.clear();
        self.floats.resize(steps, 0.0);
        self.histograms.clear();
    }

    /// An absent row.
    pub(crate) fn absent(steps: usize) -> Self {
        Row { presence: Presence::none(steps), floats: vec![0.0; steps], histograms: Vec::new() }
    }

    /// A row of floats that are all present.
    pub(crate) fn of_floats(floats: Vec<f64>) -> Self {
        Row { presence: Presence::all(floats.len()), floats, histograms: Vec::new() }
    }

    pub(crate) fn steps(&self) -> usize {
        self.floats.len()
    }

    /// Whether any step may hold a histogram.
    pub(crate) fn has_histograms(&self) -> bool {
        !self.histograms.is_empty()
    }

    /// The histogram at `step`, if that is what is there.
    #[inline]
    pub(crate) fn histogram(&self, step: usize) -> Option<&Arc<Histogram>> {
        self.histograms.get(step).and_then(Option::as_ref)
    }

    #[inline]
    pub(crate) fn set_float(&mut self, step: usize, value: f64) {
        self.floats[step] = value;
        self.presence.insert(step);
        if let Some(histogram) = self.histograms.get_mut(step) {
            *histogram = None;
        }
    }

    pub(crate) fn set_histogram(&mut self, step: usize, value: Arc<Histogram>) {
        if self.histograms.is_empty() {
            self.histograms.resize(self.floats.len(), None);
        }
        self.histograms[step] = Some(value);
        self.presence.insert(step);
    }

    pub(crate) fn set(&mut self, step: usize, value: SampleValue) {
        match value {
            SampleValue::Float(value) => self.set_float(step, value),
            SampleValue::Histogram(value) => self.set_histogram(step, value),
        }
    }

    /// The value at `step`, if there is one.
    pub(crate) fn get(&self, step: usize) -> Option<SampleValue> {
        if !self.presence.contains(step) {
            return None;
        }
        Some(match self.histogram(step) {
            Some(histogram) => SampleValue::Histogram(histogram.clone()),
            None => SampleValue::Float(self.floats[step]),
        })
    }

    /// Takes the histograms away: what remains are the floats.
    pub(crate) fn keep_floats(&mut self) {
        for (step, histogram) in self.histograms.iter().enumerate() {
            if histogram.is_some() {
                self.presence.remove(step);
            }
        }
        self.histograms.clear();
    }

    /// Takes over the values of `other` at its steps.
    pub(crate) fn overlay(&mut self, other: &Row) {
        for step in &other.presence {
            match other.histogram(step) {
                Some(histogram) => self.set_histogram(step, histogram.clone()),
                None => self.set_float(step, other.floats[step]),
            }
        }
    }

    /// What its histograms take in memory, roughly; some may be shared with other rows.
    pub(crate) fn histogram_bytes(&self) -> u64 {
        (self.histograms.iter().flatten().count() as u64).saturating_mul(HISTOGRAM_BYTES)
    }

    /// What the row takes in memory for floats, roughly.
    pub(crate) fn bytes(steps: usize) -> u64 {
        (steps as u64).saturating_mul(8).saturating_add(steps as u64 / 8)
    }
}

impl Stepped for Collected {
    fn presence(&self) -> &Presence {
        &self.row.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.row.presence
    }
}

impl Identity {
    pub(crate) fn new(labels: Labels) -> Self {
        Identity { labels, drop_name: false }
    }

    pub(crate) fn dropping(labels: Labels, drop_name: bool) -> Self {
        Identity { labels, drop_name }
    }
}

impl Collected {
    pub(crate) fn new(identity: Identity, row: Row) -> Self {
        Collected { identity, row }
    }
}

impl<'a> RowSet<'a> {
    /// No rows.
    pub(crate) fn none() -> Self {
        RowSet::Ready(Vec::new())
    }

    /// As rows that are computed.
    pub(crate) fn into_rows(self) -> Box<dyn Rows + 'a> {
        match self {
            RowSet::Lazy(rows) => rows,
            RowSet::Ready(rows) => {
                let (identities, rows) =
                    rows.into_iter().map(|row| (row.identity, row.row)).unzip();
                Box::new(ReadyRows { identities, rows })
            }
        }
    }
}

impl Rows for ReadyRows {
    fn identities(&self) -> &[Identity] {
        &self.identities
    }

    fn fill(
        &self,
        index: usize,
        _scratch: &mut Scratch,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        out.clone_from(&self.rows[index]);
        Ok(())
    }
}

impl Scratch {
    /// Takes the buffers of a node out; [`put`](Self::put) brings them back.
    pub(crate) fn take(&mut self, slot: usize) -> Box<Slot> {
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, || None);
        }
        self.slots[slot].take().unwrap_or_default()
    }

    pub(crate) fn put(&mut self, slot: usize, buffers: Box<Slot>) {
        self.slots[slot] = Some(buffers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_takes_the_place_of_a_histogram() {
        let mut row = Row::absent(2);
        row.set_histogram(1, Arc::new(Histogram::default()));
        assert!(matches!(row.get(1), Some(SampleValue::Histogram(_))));
        row.set_float(1, 2.0);
        assert_eq!(row.get(1), Some(SampleValue::Float(2.0)));
        assert_eq!(row.get(0), None);
    }

    #[test]
    fn floats_remain_when_histograms_go() {
        let mut row = Row::absent(2);
        row.set_float(0, 1.0);
        row.set_histogram(1, Arc::new(Histogram::default()));
        row.keep_floats();
        assert_eq!((row.get(0), row.get(1)), (Some(SampleValue::Float(1.0)), None));
    }
}
