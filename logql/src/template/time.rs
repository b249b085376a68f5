//! Times as Go's layouts show them, for others than templates.

pub(crate) use super::zone::Zone;

/// The time in nanoseconds that `text` shows in the way of `layout`; without an offset it is in `zone`.
pub(crate) fn parse_time(layout: &str, text: &str, zone: &Zone) -> Option<i64> {
    i64::try_from(super::layout::parse(layout, text, zone)?.nanos()).ok()
}
