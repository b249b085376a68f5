//! Times: `date`, `toDate`, `unixEpoch` and their kin.
//!
//! The zone of the machine counts as UTC; other zones are known by name.

use super::{Function, Type, row, text_at, value_at};
use crate::template::layout::{GoTime, format, parse};
use crate::template::value::Value;
use crate::template::zone::Zone;
use telemetry_core::syntax::number::parse_integer;

use Type::{Any, Text, Time};

pub(super) const FUNCTIONS: &[Function] = &[
    row("__timestamp__", &[], |_, fields| Ok(Value::Time(GoTime::utc(fields.time)))),
    row("now", &[], |_, fields| Ok(Value::Time(GoTime::utc(fields.now)))),
    row("date", &[Text, Any], |values, fields| {
        let time = match value_at(values, 1) {
            Value::Time(time) => *time,
            Value::Int(seconds) => GoTime::utc(seconds.saturating_mul(1_000_000_000)),
            _ => GoTime::utc(fields.now),
        };
        Ok(Value::Text(format(time, text_at(values, 0))))
    }),
    row("toDate", &[Text, Text], |values, _| {
        let time =
            parse(text_at(values, 0), text_at(values, 1), &Zone::Utc).unwrap_or(GoTime::ZERO);
        Ok(Value::Time(time))
    }),
    row("toDateInZone", &[Text, Text, Text], |values, _| {
        let name = text_at(values, 1);
        let zone = Zone::named(name).ok_or_else(|| format!("unknown time zone {name}"))?;
        let time = parse(text_at(values, 0), text_at(values, 2), &zone).unwrap_or(GoTime::ZERO);
        Ok(Value::Time(time))
    }),
    row("unixToTime", &[Text], |values, _| unix_to_time(text_at(values, 0))),
    row("unixEpoch", &[Time], |values, _| epoch(values, 1_000_000_000)),
    row("unixEpochMillis", &[Time], |values, _| epoch(values, 1_000_000)),
    row("unixEpochNanos", &[Time], |values, _| epoch(values, 1)),
];

fn epoch(values: &[Value], unit: i128) -> Result<Value, String> {
    let Value::Time(time) = value_at(values, 0) else { return Ok(Value::from("")) };
    Ok(Value::Text(time.nanos().div_euclid(unit).to_string()))
}

/// A count of days, seconds, milliseconds, microseconds or nanoseconds, as its length tells.
fn unix_to_time(text: &str) -> Result<Value, String> {
    let wrong = || format!("unable to parse time '{text}'");
    let count = parse_integer(text).ok_or_else(wrong)?;
    let unit = match text.len() {
        5 => 86_400_000_000_000,
        10 => 1_000_000_000,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return Err(wrong()),
    };
    Ok(Value::Time(GoTime::utc(count.saturating_mul(unit))))
}
