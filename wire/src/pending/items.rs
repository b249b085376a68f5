//! Items in the order of the body.

use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::sink::{MetricSink, RefusalReason, SeriesRef};

/// Items and what comes beside them, in the order of the body. Floats, of which nearly all bodies
/// consist, are columns; for everything else it is said between which of them it came.
#[derive(Debug, Default)]
pub(crate) struct Items {
    series: Vec<SeriesRef>,
    times: Vec<i64>,
    values: Vec<f64>,
    others: Vec<(usize, Other)>,
}

/// What is not a plain float.
#[derive(Debug)]
pub(crate) enum Other {
    /// A histogram, or a float with a start timestamp.
    Sample { series: SeriesRef, time: i64, value: SampleValue, start: i64 },
    /// An item that cannot be handed on.
    Refused { reason: RefusalReason, kind: ItemKind },
    /// An exemplar of a series.
    Exemplar { series: SeriesRef, exemplar: Exemplar },
    /// What is known about a metric.
    Metadata { metric: String, metadata: Metadata },
}

/// What a sender counts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemKind {
    Float,
    Histogram,
}

/// A place in the items, to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    floats: usize,
    others: usize,
}

/// What was handed over beside floats.
#[derive(Debug, Default)]
pub(crate) struct HandedOver {
    /// Positions of the items that are histograms.
    pub(crate) histograms: Vec<u64>,
    pub(crate) exemplars: u64,
}

impl Items {
    pub(crate) fn clear(&mut self) {
        self.series.clear();
        self.times.clear();
        self.values.clear();
        self.others.clear();
    }

    #[inline]
    pub(crate) fn float(&mut self, series: SeriesRef, time: i64, value: f64) {
        self.series.push(series);
        self.times.push(time);
        self.values.push(value);
    }

    /// A float or a histogram with its start timestamp, 0 if unknown.
    #[inline]
    pub(crate) fn sample(&mut self, series: SeriesRef, time: i64, value: SampleValue, start: i64) {
        match value {
            SampleValue::Float(value) if start == 0 => self.float(series, time, value),
            value => self.other(Other::Sample { series, time, value, start }),
        }
    }

    pub(crate) fn other(&mut self, other: Other) {
        self.others.push((self.series.len(), other));
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { floats: self.series.len(), others: self.others.len() }
    }

    pub(crate) fn go_back(&mut self, to: Mark) {
        self.series.truncate(to.floats);
        self.times.truncate(to.floats);
        self.values.truncate(to.floats);
        self.others.truncate(to.others);
    }

    /// Hands everything to `sink`, which has not committed it yet. Nothing is left.
    pub(crate) fn hand_over<S: MetricSink + ?Sized>(&mut self, sink: &mut S) -> HandedOver {
        let mut handed_over = HandedOver::default();
        let mut others = std::mem::take(&mut self.others);
        let (mut at, mut item) = (0, 0_u64);
        for (before, other) in others.drain(..) {
            self.rows(at, before, sink);
            item += (before - at) as u64;
            at = before;
            match other {
                Other::Sample { series, time, value, start } => {
                    if matches!(value, SampleValue::Histogram(_)) {
                        handed_over.histograms.push(item);
                    }
                    sink.append(series, time, value, start);
                    item += 1;
                }
                Other::Refused { reason, kind } => {
                    if kind == ItemKind::Histogram {
                        handed_over.histograms.push(item);
                    }
                    sink.refuse(reason);
                    item += 1;
                }
                Other::Exemplar { series, exemplar } => {
                    handed_over.exemplars += 1;
                    sink.exemplar(series, exemplar);
                }
                Other::Metadata { metric, metadata } => sink.metadata(&metric, &metadata),
            }
        }
        self.rows(at, self.series.len(), sink);
        self.others = others;
        self.clear();
        handed_over
    }

    /// Hands over the floats `from..to`, a row per time.
    fn rows<S: MetricSink + ?Sized>(&self, from: usize, to: usize, sink: &mut S) {
        let mut from = from;
        while let Some(times @ [time, ..]) = self.times.get(from..to) {
            let len = times.iter().take_while(|other| *other == time).count();
            let row = from..from + len;
            let series = self.series.get(row.clone()).unwrap_or_default();
            sink.append_row(series, *time, self.values.get(row).unwrap_or_default());
            from += len;
        }
    }
}
