//! Several parts of one series that overlap in time, as one run of samples.

use std::sync::Arc;

use telemetry_core::source::Columns;
use telemetry_core::storage::Result;
use telemetry_core::time::MillisRange;

use super::Part;

/// A sample's place: its time, the part it is from, whether it is a float, its index there.
type Place = (i64, usize, bool, usize);

/// The samples of `parts` in `range`, without hidden ones. Of samples at one time the one from
/// the first part counts.
///
/// # Errors
///
/// A block that cannot be read.
pub(crate) fn merge(parts: &[Part], range: MillisRange) -> Result<Columns> {
    if let Some(ordered) = in_order(parts) {
        let mut columns = Columns::default();
        for part in ordered {
            part.decode(range, &mut columns)?;
        }
        return Ok(columns);
    }
    let mut decoded = Vec::with_capacity(parts.len());
    for part in parts {
        let mut columns = Columns::default();
        part.decode(range, &mut columns)?;
        decoded.push(columns);
    }
    Ok(pick(&decoded, |time, from| parts.get(from).is_none_or(|part| !part.hides(time))))
}

/// The parts in order of time, if they do not overlap and nothing of them is hidden.
pub(crate) fn in_order(parts: &[Part]) -> Option<Vec<&Part>> {
    let mut ordered: Vec<&Part> = parts.iter().collect();
    ordered.sort_by_key(|part| part.first);
    let apart = ordered.iter().zip(ordered.iter().skip(1)).all(|(a, b)| a.last < b.first);
    (apart && parts.iter().all(|part| part.hidden.is_none())).then_some(ordered)
}

/// Joins columns, keeping the first of equal times among those that `keep` accepts.
fn pick(columns: &[Columns], keep: impl Fn(i64, usize) -> bool) -> Columns {
    let mut places: Vec<Place> = Vec::new();
    for (from, columns) in columns.iter().enumerate() {
        let floats = columns.floats.times.iter().enumerate();
        places.extend(floats.map(|(index, time)| (*time, from, true, index)));
        let histograms = columns.histograms.times.iter().enumerate();
        places.extend(histograms.map(|(index, time)| (*time, from, false, index)));
    }
    places.retain(|(time, from, ..)| keep(*time, *from));
    places.sort_unstable();
    places.dedup_by_key(|(time, ..)| *time);
    let mut merged = Columns::default();
    for (time, from, is_float, index) in places {
        let Some(columns) = columns.get(from) else { continue };
        if is_float {
            let floats = &columns.floats;
            let start = floats.starts.get(index).copied().unwrap_or(0);
            if let Some(value) = floats.values.get(index) {
                merged.floats.push(time, *value, start);
            }
        } else {
            let histograms = &columns.histograms;
            let start = histograms.starts.get(index).copied().unwrap_or(0);
            if let Some(value) = histograms.values.get(index) {
                merged.histograms.push(time, Arc::clone(value), start);
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(samples: &[(i64, f64)]) -> Part {
        let mut columns = Columns::default();
        samples.iter().for_each(|(time, value)| columns.floats.push(*time, *value, 0));
        Part::held(columns).unwrap()
    }

    #[test]
    fn the_first_of_equal_times_counts() {
        let parts = [part(&[(1, 1.0), (3, 3.0)]), part(&[(2, 20.0), (3, 30.0), (4, 40.0)])];
        let merged = merge(&parts, MillisRange::new(1, 3)).unwrap();
        assert_eq!(merged.floats.times, [1, 2, 3]);
        assert_eq!(merged.floats.values, [1.0, 20.0, 3.0]);
    }

    #[test]
    fn hidden_samples_give_way() {
        let mut first = part(&[(1, 1.0), (3, 3.0)]);
        first.hidden = Some(Arc::new([MillisRange::new(2, 9)]));
        let merged = merge(&[first, part(&[(3, 30.0)])], MillisRange::ALL).unwrap();
        assert_eq!(merged.floats.values, [1.0, 30.0]);
    }
}
