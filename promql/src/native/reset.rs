//! Was a histogram reset since the one before?

use telemetry_core::model::{CounterReset, Histogram, is_stale};

use super::combine::common_bounds;
use super::working::{Buckets, Working};

/// Whether `current` counts anew: something in it is less than it was in `previous`, its buckets got
/// finer, or the histogram says so itself.
pub(crate) fn detect_reset(current: &Histogram, previous: &Histogram) -> bool {
    match current.counter_reset {
        CounterReset::Reset => return true,
        CounterReset::NotReset => return false,
        CounterReset::Unknown | CounterReset::Gauge => {}
    }
    if current.count < previous.count || current.has_custom_bounds() != previous.has_custom_bounds()
    {
        return true;
    }
    let (mut now, mut before) = (Working::from(current), Working::from(previous));
    if now.has_custom_bounds() {
        let common = common_bounds(&now.bounds, &before.bounds);
        now.rebound(&common);
        before.rebound(&common);
    } else {
        if current.schema > previous.schema || current.zero_threshold < previous.zero_threshold {
            return true;
        }
        before.widen_zero(now.zero_threshold);
        // The new threshold cuts through observations of before: those cannot be told apart.
        if before.zero_threshold != now.zero_threshold || now.zero.value() < before.zero.value() {
            return true;
        }
        before.coarsen(now.schema);
    }
    falls(&now.positive, &before.positive) || falls(&now.negative, &before.negative)
}

/// Whether `current` certainly counts on where `previous`, stored right before it, left off: the
/// buckets have the same bounds and nothing in them is less. Gauges do not count, and nothing is
/// known across a staleness marker. Where this is false there may still be no reset.
pub(crate) fn continues(current: &Histogram, previous: &Histogram) -> bool {
    let counts = |one: &Histogram| one.counter_reset != CounterReset::Gauge && !is_stale(one.sum);
    let same_bounds = current.schema == previous.schema
        && current.zero_threshold.to_bits() == previous.zero_threshold.to_bits()
        && current.custom_bounds == previous.custom_bounds;
    if !counts(current) || !counts(previous) || !same_bounds {
        return false;
    }
    if current.positive_spans != previous.positive_spans
        || current.negative_spans != previous.negative_spans
    {
        return !detect_reset(current, previous);
    }
    let none_less =
        |now: &[f64], before: &[f64]| now.iter().zip(before).all(|(now, before)| now >= before);
    current.count >= previous.count
        && current.zero_count >= previous.zero_count
        && none_less(&current.positive_buckets, &previous.positive_buckets)
        && none_less(&current.negative_buckets, &previous.negative_buckets)
}

/// Whether any bucket of `before` held more than it does now.
fn falls(now: &Buckets, before: &Buckets) -> bool {
    let mut now = now.iter().peekable();
    before.iter().any(|(index, held)| {
        while now.next_if(|(at, _)| at < index).is_some() {}
        let holds = now.peek().filter(|(at, _)| at == index).map_or(0.0, |(_, sum)| sum.value());
        holds < held.value()
    })
}
