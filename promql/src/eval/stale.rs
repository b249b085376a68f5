//! Staleness markers: ranges do not see them.

use telemetry_core::model::is_stale;
use telemetry_core::source::Columns;

/// Values that are looked at together, so that the loop over them vectorises.
const BLOCK: usize = 64;

/// Whether a staleness marker is among the values.
pub(super) fn any_stale(values: &[f64]) -> bool {
    // Markers are NaN, and NaN is rare: the cheap question comes first.
    let has_nan = |block: &[f64]| block.iter().fold(false, |any, value| any | value.is_nan());
    values.chunks(BLOCK).any(|block| has_nan(block) && block.iter().any(|value| is_stale(*value)))
}

/// Takes the staleness markers out. Whether there were any.
pub(super) fn drop_stale(columns: &mut Columns) -> bool {
    let floats = &mut columns.floats;
    let floats_stale = any_stale(&floats.values);
    if floats_stale {
        let keep: Vec<bool> = floats.values.iter().map(|value| !is_stale(*value)).collect();
        retain(&mut floats.times, &keep);
        retain(&mut floats.values, &keep);
        retain(&mut floats.starts, &keep);
    }
    let histograms = &mut columns.histograms;
    let histograms_stale = histograms.values.iter().any(|value| is_stale(value.sum));
    if histograms_stale {
        let keep: Vec<bool> = histograms.values.iter().map(|value| !is_stale(value.sum)).collect();
        retain(&mut histograms.times, &keep);
        retain(&mut histograms.values, &keep);
        retain(&mut histograms.starts, &keep);
    }
    floats_stale || histograms_stale
}

fn retain<T>(column: &mut Vec<T>, keep: &[bool]) {
    let mut at = 0;
    column.retain(|_| {
        at += 1;
        keep.get(at - 1).copied().unwrap_or(true)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::model::STALE_MARKER;

    #[test]
    fn only_markers_are_taken_out() {
        let mut columns = Columns::default();
        for (time, value) in [(1, 1.0), (2, STALE_MARKER), (3, f64::NAN)] {
            columns.floats.push(time, value, 7);
        }
        assert!(drop_stale(&mut columns));
        assert_eq!(columns.floats.times, [1, 3]);
        assert_eq!(columns.floats.starts, [7, 7]);
        assert!(!drop_stale(&mut columns));
    }

    #[test]
    fn a_marker_is_found_anywhere() {
        for at in [0, 63, 64, 99] {
            let mut values = vec![0.0; 100];
            values[at] = STALE_MARKER;
            assert!(any_stale(&values));
            values[at] = f64::NAN;
            assert!(!any_stale(&values));
        }
    }
}
