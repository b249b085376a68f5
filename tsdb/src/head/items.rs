//! The items of a batch, as columns.

use std::sync::Arc;

use telemetry_core::model::Histogram;
use telemetry_core::sink::RefusalReason;

/// Items in the order in which they were handed in. An item that is more than a float has an
/// entry in `extras`.
#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) series: Vec<u32>,
    pub(crate) times: Vec<i64>,
    pub(crate) values: Vec<f64>,
    /// By rising item.
    pub(crate) extras: Vec<(usize, Extra)>,
}

/// What an item is beside a float.
#[derive(Debug)]
pub(crate) enum Extra {
    /// A float with a start timestamp.
    Start(i64),
    /// A histogram with its start timestamp, 0 if unknown.
    Histogram(Arc<Histogram>, i64),
    /// No sample at all: the caller, or this store, could not take it.
    Refused(RefusalReason),
}

impl Items {
    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, series: u32, time: i64, value: f64) {
        self.series.push(series);
        self.times.push(time);
        self.values.push(value);
    }

    pub(crate) fn push_extra(&mut self, series: u32, time: i64, value: f64, extra: Extra) {
        self.extras.push((self.len(), extra));
        self.push(series, time, value);
    }

    pub(crate) fn clear(&mut self) {
        self.series.clear();
        self.times.clear();
        self.values.clear();
        self.extras.clear();
    }
}
