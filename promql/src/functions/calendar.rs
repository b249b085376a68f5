//! Parts of dates: a value is read as seconds since the Unix epoch, in UTC.

use telemetry_core::time::calendar::Civil;

use super::math::Map;

/// The body of the function `name`, if it is one of these.
pub(crate) fn map(name: &str) -> Option<Map> {
    Some(match name {
        "day_of_month" => |value| f64::from(civil(value).day),
        "day_of_week" => |value| f64::from(civil(value).weekday()),
        "day_of_year" => |value| f64::from(civil(value).year_day()),
        "days_in_month" => |value| f64::from(civil(value).days_in_month()),
        "hour" => |value| f64::from(civil(value).hour),
        "minute" => |value| f64::from(civil(value).minute),
        "month" => |value| f64::from(civil(value).month),
        "year" => |value| civil(value).year as f64,
        _ => return None,
    })
}

/// What is no number, or none that fits, is the latest date: in Prometheus (on x86-64) it becomes
/// the least integer, which leaves the calendar at one end and enters it at the other.
fn civil(value: f64) -> Civil {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    let fits = (-BEYOND..BEYOND).contains(&value);
    Civil::from_seconds(if fits { value as i64 } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_in_utc_and_start_at_one() {
        let cases = [
            ("year", 1_136_239_445.0, 2006.0),
            ("month", 1_136_239_445.0, 1.0),
            ("day_of_month", 1_136_239_445.0, 2.0),
            ("day_of_week", 1_136_239_445.0, 1.0),
            ("day_of_year", 1_136_239_445.0, 2.0),
            ("hour", 1_136_239_445.0, 22.0),
            ("minute", 1_136_239_445.0, 4.0),
            ("days_in_month", 1_454_284_800.0, 29.0),
            ("year", -1.0, 1969.0),
        ];
        for (name, value, expected) in cases {
            assert_eq!(map(name).unwrap()(value), expected, "{name}");
        }
    }

    #[test]
    fn any_number_is_some_date() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
            assert_eq!(map("year").unwrap()(value), 292_277_026_596.0);
            assert_eq!(map("month").unwrap()(value), 12.0);
            assert_eq!(map("hour").unwrap()(value), 15.0);
        }
    }
}
