//! `limit_ratio`: a share of the rows, chosen by their labels: always the same ones.

use telemetry_core::labels::Labels;
use xxhash_rust::xxh64::xxh64;

use super::super::{Collected, EvaluationError, Evaluator, Grid, Note};
use crate::plan::Aggregate;

impl<'a> Evaluator<'a> {
    pub(super) fn sample(
        &'a self,
        node: &'a Aggregate,
        grid: Grid,
    ) -> Result<Vec<Collected>, EvaluationError> {
        let Some(parameter) = &node.parameter else { return Ok(Vec::new()) };
        let parameter = self.scalar(parameter, grid)?;
        let mut ratios = Vec::with_capacity(grid.count);
        for step in 0..grid.count {
            let got = parameter.at(step);
            if got.is_nan() {
                return Err(EvaluationError::RatioNaN { span: node.parameter_span });
            }
            let capped = got.clamp(-1.0, 1.0);
            if capped != got {
                let note = Note::InvalidRatio { got: got.into(), capped: capped.into() };
                self.annotations.add(note, node.parameter_span);
            }
            ratios.push(capped);
        }
        let mut rows = self.collect(&node.input, grid)?;
        for row in &mut rows {
            let offset = place(&row.identity.labels);
            for (step, ratio) in ratios.iter().enumerate() {
                if !is_chosen(offset, *ratio) {
                    row.row.presence.remove(step);
                }
            }
        }
        rows.retain(|row| !row.row.presence.is_none());
        Ok(rows)
    }
}

/// Whether a series at `place` is in the share `ratio`; the shares `r` and `r - 1` are complements.
fn is_chosen(place: f64, ratio: f64) -> bool {
    if ratio >= 0.0 { place < ratio } else { place >= 1.0 + ratio }
}

/// Where between 0 and 1 a series lies: the hash of its labels in Go's encoding, each text behind its
/// length, so that the same series are chosen as by Prometheus.
fn place(labels: &Labels) -> f64 {
    let mut bytes = Vec::new();
    for (name, value) in labels {
        push(&mut bytes, name);
        push(&mut bytes, value);
    }
    xxh64(&bytes, 0) as f64 / u64::MAX as f64
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()) {
        Ok(short) if short < u8::MAX => bytes.push(short),
        _ => {
            // Prometheus has no longer texts than three bytes can count.
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
            bytes.push(u8::MAX);
            bytes.extend_from_slice(&length[..3]);
        }
    }
    bytes.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;

    #[test]
    fn complementary_shares_share_nothing() {
        for number in 0..100 {
            let place = place(&labels! { "n" => number.to_string() });
            assert!((0.0..=1.0).contains(&place));
            assert_ne!(is_chosen(place, 0.3), is_chosen(place, -0.7));
            assert!(is_chosen(place, 1.0) && !is_chosen(place, 0.0) && is_chosen(place, -1.0));
        }
    }
}
