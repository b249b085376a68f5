//! Times of OTLP: unsigned nanoseconds, of which the upper half cannot be stored.

use telemetry_core::sink::RefusalReason;

/// The time in nanoseconds, or why the item is refused: past the year 2262.
pub(super) fn nanos(time: u64) -> Result<i64, RefusalReason> {
    i64::try_from(time).map_err(|_| RefusalReason::InvalidTime { time: i64::MAX })
}
