//! The spelling of bounds and quantiles.

use std::borrow::Cow;

use telemetry_core::model::MetricKind;
use telemetry_core::syntax::number::{parse_float, write_g};

use super::entry::Label;

/// Spells the bounds of histograms and the quantiles of summaries as Prometheus does since
/// version 3: `1` becomes `1.0`.
pub(super) fn normalise(labels: &mut [Label<'_>], kind: MetricKind) {
    let bound = match kind {
        MetricKind::Histogram => "le",
        MetricKind::Summary => "quantile",
        _ => return,
    };
    for (name, value) in labels {
        if name == bound
            && let Ok(number) = parse_float(value)
        {
            let text = float_text(number);
            if *value != text {
                *value = Cow::Owned(text);
            }
        }
    }
}

/// A float as OpenMetrics spells it: never without a point or an exponent.
pub(super) fn float_text(value: f64) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_g(&mut text, value);
    if value.is_finite() && !text.contains(['e', '.']) {
        text.push_str(".0");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_have_a_point_or_an_exponent() {
        let cases = [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (0.25, "0.25"),
            (1e6, "1e+06"),
            (f64::INFINITY, "+Inf"),
            (1e-5, "1e-05"),
        ];
        for (value, text) in cases {
            assert_eq!(float_text(value), text);
        }
    }
}
