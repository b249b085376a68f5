//! What metric queries compute with: rows of values over steps.

use crate::value::LabelSet;
use telemetry_core::labels::Labels;
use telemetry_core::time::Nanos;
use telemetry_core::vector::{Presence, Stepped};

/// The times at which a metric query is evaluated: `start`, and every `step` up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) start: i64,
    pub(crate) step: i64,
    pub(crate) count: usize,
}

impl Steps {
    /// A single time.
    pub(crate) fn instant(time: Nanos) -> Self {
        Steps { start: time.0, step: 1, count: 1 }
    }

    /// The time of a step.
    pub(crate) fn time(&self, step: usize) -> i64 {
        let offset = i64::try_from(step).unwrap_or(i64::MAX).saturating_mul(self.step);
        self.start.saturating_add(offset)
    }

    /// The last time.
    pub(crate) fn end(&self) -> i64 {
        self.time(self.count.saturating_sub(1))
    }

    /// The first step whose time is at or behind `time`; may be past the last.
    pub(crate) fn first_from(&self, time: i64) -> usize {
        if time <= self.start {
            return 0;
        }
        if let (Some(ahead), true) = (time.checked_sub(self.start), self.step > 0) {
            let steps = (ahead.unsigned_abs() - 1) / self.step.unsigned_abs() + 1;
            return usize::try_from(steps).unwrap_or(usize::MAX).min(self.count);
        }
        let ahead = i128::from(time) - i128::from(self.start);
        let step = i128::from(self.step.max(1));
        if ahead <= 0 {
            return 0;
        }
        usize::try_from((ahead + step - 1) / step).unwrap_or(usize::MAX).min(self.count)
    }
}

/// One series: a value per step, present or not.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) labels: Labels,
    /// Names of labels that are there without a value. They tell series of lines apart; whatever
    /// is computed from these has no such labels, as nothing can be matched or grouped by them.
    pub(crate) empty: Vec<Box<str>>,
    pub(crate) values: Vec<f64>,
    pub(crate) presence: Presence,
}

impl Row {
    /// A row without values.
    pub(crate) fn empty(labels: Labels, steps: usize) -> Self {
        Row { labels, empty: Vec::new(), values: vec![0.0; steps], presence: Presence::none(steps) }
    }

    /// A row of the series of some lines.
    pub(crate) fn of_lines(labels: &LabelSet, steps: usize) -> Self {
        let empty = labels.iter().filter(|(_, value)| value.is_empty());
        let empty = empty.map(|(name, _)| name.into()).collect();
        Row { empty, ..Row::empty(Labels::from_pairs(labels.iter()), steps) }
    }

    /// All labels, those without a value too.
    pub(crate) fn label_set(&self) -> LabelSet {
        self.labels.iter().chain(self.empty.iter().map(|name| (&**name, ""))).collect()
    }

    /// A row with one value everywhere.
    pub(crate) fn constant(value: f64, steps: usize) -> Self {
        Row {
            labels: Labels::empty(),
            empty: Vec::new(),
            values: vec![value; steps],
            presence: Presence::all(steps),
        }
    }

    pub(crate) fn set(&mut self, step: usize, value: f64) {
        if let Some(slot) = self.values.get_mut(step) {
            *slot = value;
            self.presence.insert(step);
        }
    }

    pub(crate) fn value(&self, step: usize) -> f64 {
        self.values.get(step).copied().unwrap_or_default()
    }
}

impl Stepped for Row {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }
}

/// The value of a metric expression.
#[derive(Clone, Debug)]
pub(crate) enum Columns {
    Number(f64),
    Rows(Vec<Row>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_found_by_time() {
        let steps = Steps { start: 100, step: 10, count: 5 };
        assert_eq!(steps.end(), 140);
        for (time, first) in [(0, 0), (100, 0), (101, 1), (110, 1), (111, 2), (140, 4), (141, 5)] {
            assert_eq!(steps.first_from(time), first, "{time}");
        }
        assert_eq!(steps.first_from(i64::MAX), 5);
        assert_eq!(steps.first_from(i64::MIN), 0);
    }
}
