//! How fine native histograms may be.

use std::sync::Arc;

use telemetry_core::model::Histogram;

use super::options::ScrapeOptions;
use crate::prometheus::native::reduced;

/// The coarsest and the finest schema.
const SCHEMA_MIN: i32 = -4;
const SCHEMA_MAX: i32 = 8;

/// The histogram as coarse as the options want it; none where it has too many buckets even so.
pub(super) fn limited(
    histogram: &Arc<Histogram>,
    options: &ScrapeOptions,
) -> Option<Arc<Histogram>> {
    let mut limited = Arc::clone(histogram);
    let finest = finest_schema(options.native_histogram_min_bucket_factor);
    if !limited.has_custom_bounds() && limited.schema > finest {
        limited = Arc::new(reduced(&limited, finest));
    }
    let limit = options.native_histogram_bucket_limit;
    while limit > 0 && limited.positive_buckets.len() + limited.negative_buckets.len() > limit {
        if limited.has_custom_bounds() || limited.schema <= SCHEMA_MIN {
            return None;
        }
        limited = Arc::new(reduced(&limited, limited.schema - 1));
    }
    Some(limited)
}

/// The finest schema whose bounds rise by at least `factor`: `2^(2^-schema)`. All do where it is at
/// most 1.
fn finest_schema(factor: f64) -> i32 {
    if factor.is_nan() || factor <= 1.0 {
        return SCHEMA_MAX;
    }
    let schema = (-factor.log2().log2()).floor();
    #[expect(clippy::cast_possible_truncation, reason = "clamped before")]
    let schema = schema.clamp(f64::from(SCHEMA_MIN), f64::from(SCHEMA_MAX)) as i32;
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_names_the_finest_schema() {
        let cases = [
            (0.0, 8),
            (1.0, 8),
            (1.002, 8),
            (1.1, 2),
            (1.09, 3),
            (2.0, 0),
            (4.0, -1),
            (1e6, -4),
            (f64::INFINITY, -4),
            (f64::NAN, 8),
        ];
        for (factor, schema) in cases {
            assert_eq!(finest_schema(factor), schema, "{factor}");
        }
    }
}
