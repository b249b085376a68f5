//! Who takes what a message exposes.

use super::entry::{Entry, Exposed, ExposedExemplar, ExposedValue};

/// Takes the entries of messages, and of metrics that it knows the values alone.
pub(super) trait Visit {
    /// Whether it knows metrics of before.
    const REMEMBERS: bool;

    /// Takes an entry.
    fn entry(&mut self, entry: Entry<'_>);

    /// A metric begins. `key` stands for its series: their number, their order and all of their
    /// labels; none where it cannot be told what they are. Gives whether they are known. Then their
    /// values come by [`known`](Self::known), in the order in which entries would.
    fn begin(&mut self, key: Option<u128>) -> bool;

    /// Takes a sample of the next series of a metric that is known.
    fn known(&mut self, sample: Sampled<'_>);

    /// The metric has no more series.
    fn finish(&mut self);
}

/// A sample without its series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampled<'e> {
    pub(super) value: ExposedValue<'e>,
    pub(super) time: Option<i64>,
    pub(super) start: i64,
    pub(super) exemplars: &'e [ExposedExemplar],
}

impl<'e> From<&Exposed<'e>> for Sampled<'e> {
    fn from(sample: &Exposed<'e>) -> Self {
        let Exposed { value, time, start, exemplars, .. } = *sample;
        Sampled { value, time, start, exemplars }
    }
}

/// Takes entries and knows nothing.
pub(super) struct Entries<'v, V>(pub(super) &'v mut V);

impl<V: FnMut(Entry<'_>)> Visit for Entries<'_, V> {
    const REMEMBERS: bool = false;

    fn entry(&mut self, entry: Entry<'_>) {
        (self.0)(entry);
    }

    fn begin(&mut self, _: Option<u128>) -> bool {
        false
    }

    fn known(&mut self, _: Sampled<'_>) {}

    fn finish(&mut self) {}
}
