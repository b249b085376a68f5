//! Functions over ranges of native histograms.
//!
//! A rise needs the first histogram of a window, the last one, and those before a reset. Whether one
//! was reset depends on the one before alone, so it is found out once per histogram where windows
//! overlap, not once per window; that was most of the work.
//!
//! Sums and means look at every histogram of every window. Joining the parts of a window would add
//! populations in another order, and taking out what leaves a window would keep what rounding has added:
//! neither gives the result of the definition to the last bit. Where they are added, zero buckets grow to
//! the widest one and schemas go to the coarsest one, and neither can be undone.

use std::sync::Arc;

use telemetry_core::model::{CounterReset, Histogram, SampleValue};

use super::range::{Remarks, Samples};
use super::rate::{Rise, is_restart};
use crate::eval::Note;
use crate::native::{Incompatible, Joined, Working, detect_reset};

type Histograms<'a> = Samples<'a, Arc<Histogram>>;

/// A histogram as the value of a step.
pub(super) fn value(histogram: Histogram) -> Option<SampleValue> {
    Some(SampleValue::Histogram(Arc::new(histogram)))
}

/// The rise from the first to the last of some histograms, as a gauge. `started`: the first one has
/// counted from a time inside the window, so all of it counts.
pub(super) fn rise(
    samples: Histograms<'_>,
    rise: Rise,
    started: bool,
    remarks: &Remarks<'_>,
) -> Option<Working> {
    let values = samples.values;
    let (first, last) = (values.first()?, values.last()?);
    remark_on_kind(values, rise, remarks);
    let is_reset = |at: usize| samples.is_reset(at) || is_restart(samples, at, remarks);
    // If the second one starts anew, the first one says nothing: not even its buckets matter.
    let ignored = rise.counter && !started && values.len() > 1 && is_reset(1);
    let like = if ignored { &values[1] } else { first };
    let considered = if rise.counter { values } else { &[first.clone(), last.clone()] };
    let custom = like.has_custom_bounds();
    let mixed = considered.iter().skip(1).any(|one| one.has_custom_bounds() != custom);
    if mixed {
        remarks.add(|metric| Note::MixedSchemas { metric });
        return None;
    }
    let schema = considered.iter().skip(usize::from(ignored)).map(|one| one.schema).min();
    let mut total = Working::from(&**last);
    total.coarsen(schema.unwrap_or(last.schema));
    if !started && !ignored {
        joined(total.add(first, true), "subtraction", remarks)?;
    }
    if rise.counter {
        for at in 1 + usize::from(ignored)..values.len() {
            if is_reset(at) {
                joined(total.add(&values[at - 1], false), "addition", remarks)?;
            }
        }
    }
    total.counter_reset = CounterReset::Gauge;
    Some(total)
}

/// Remarks where rises are asked of what is no counter, or differences of what is no gauge.
pub(super) fn remark_on_kind(values: &[Arc<Histogram>], rise: Rise, remarks: &Remarks<'_>) {
    let is_gauge = |one: &Arc<Histogram>| one.counter_reset == CounterReset::Gauge;
    let ends = || [values.first(), values.last()].into_iter().flatten();
    if rise.counter && values.iter().any(is_gauge) {
        remarks.add(|metric| Note::NotACounter { metric });
    } else if !rise.counter && !ends().all(is_gauge) {
        remarks.add(|metric| Note::NotAGauge { metric });
    }
}

/// Remarks on what joining has cost; nothing if it was not possible.
pub(super) fn joined(
    result: Result<Joined, Incompatible>,
    operation: &'static str,
    remarks: &Remarks<'_>,
) -> Option<()> {
    match result {
        Ok(joined) => {
            // Resets are dealt with here, so it does not matter that they collide.
            if joined.reconciled {
                remarks.add(|_| Note::ReconciledBuckets { operation });
            }
            Some(())
        }
        Err(Incompatible) => {
            remarks.add(|metric| Note::MixedSchemas { metric });
            None
        }
    }
}

/// The rise from one histogram to the next, as a gauge; all of the second one after a reset.
pub(super) fn step(
    samples: Histograms<'_>,
    at: usize,
    rise: Rise,
    remarks: &Remarks<'_>,
) -> Option<Working> {
    let (previous, last) = (&samples.values[at - 1], &samples.values[at]);
    remark_on_kind(&samples.values[at - 1..=at], rise, remarks);
    let reset = rise.counter && (samples.is_reset(at) || is_restart(samples, at, remarks));
    let mut total = Working::from(&**last);
    if !reset {
        joined(total.add(previous, true), "subtraction", remarks)?;
    }
    total.counter_reset = CounterReset::Gauge;
    Some(total)
}

/// The sum of some histograms; nothing if their buckets do not go together.
pub(super) fn sum(values: &[Arc<Histogram>], remarks: &Remarks<'_>) -> Option<Working> {
    let (first, rest) = values.split_first()?;
    let mut total = Working::from(&**first);
    for value in rest {
        add(&mut total, value, remarks)?;
    }
    Some(total)
}

/// Their mean. Where the sum is too large, means are taken of what there is so far.
pub(super) fn mean(values: &[Arc<Histogram>], remarks: &Remarks<'_>) -> Option<Working> {
    let mut total = sum(values, remarks)?;
    if !total.overflows() {
        total.divide(values.len() as f64);
        return Some(total);
    }
    let (first, rest) = values.split_first()?;
    let mut mean = Working::from(&**first);
    let mut count = 1.0;
    for value in rest {
        count += 1.0;
        mean.scale((count - 1.0) / count);
        let mut share = Working::from(&**value);
        share.divide(count);
        add(&mut mean, &share.finish(), remarks)?;
    }
    Some(mean)
}

fn add(total: &mut Working, value: &Histogram, remarks: &Remarks<'_>) -> Option<()> {
    let operation = "aggregation";
    match total.add(value, false) {
        Ok(found) => {
            if found.collision {
                remarks.add(|_| Note::ResetCollision { operation });
            }
            if found.reconciled {
                remarks.add(|_| Note::ReconciledBuckets { operation });
            }
            Some(())
        }
        Err(Incompatible) => {
            remarks.add(|metric| Note::MixedSchemas { metric });
            None
        }
    }
}

/// The histogram `share` of the way from one to the next. After a reset a counter starts at zero.
pub(super) fn between(
    from: &Histogram,
    to: &Histogram,
    share: f64,
    counter: bool,
) -> Result<Histogram, Incompatible> {
    let hint = to.counter_reset;
    let mut total = Working::from(to);
    if counter && detect_reset(to, from) {
        total.scale(share);
    } else {
        total.add(from, true)?;
        total.scale(share);
        total.add(from, false)?;
    }
    total.counter_reset = hint;
    Ok(total.finish())
}
