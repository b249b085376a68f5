//! The fields of a time as lines write them, in UTC.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::time::calendar::date_of_days;

const NANOS: i64 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;

/// How many fields there are.
pub(super) const FIELDS: u8 = 17;

/// A time taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Seconds since 1970.
    seconds: i64,
    year: u64,
    month: u64,
    day: u64,
    second_of_day: u64,
    nanos: u64,
}

impl Clock {
    /// The fields of `time`, in nanoseconds since 1970.
    pub(super) fn new(time: i64) -> Self {
        let seconds = time.div_euclid(NANOS);
        let (year, month, day) = date_of_days(seconds.div_euclid(DAY_SECONDS));
        Clock {
            seconds,
            year: year.unsigned_abs(),
            month: month.into(),
            day: day.into(),
            second_of_day: seconds.rem_euclid(DAY_SECONDS).unsigned_abs(),
            nanos: time.rem_euclid(NANOS).unsigned_abs(),
        }
    }

    /// As [`new`](Self::new), from the fields of a time before, which most often is of one day.
    pub(super) fn after(self, time: i64) -> Self {
        let second = time.div_euclid(NANOS).wrapping_sub(self.seconds);
        let second_of_day = self.second_of_day.cast_signed().wrapping_add(second);
        if !(0..DAY_SECONDS).contains(&second_of_day) {
            return Clock::new(time);
        }
        Clock {
            seconds: self.seconds + second,
            second_of_day: second_of_day.unsigned_abs(),
            nanos: time.rem_euclid(NANOS).unsigned_abs(),
            ..self
        }
    }

    /// The number of a field and how many digits it has at least.
    pub(super) fn field(&self, field: u8) -> Option<(u64, u8)> {
        let Clock { seconds, year, month, day, second_of_day, nanos } = *self;
        // No line is written so for times before 1970.
        let seconds = u64::try_from(seconds).unwrap_or(0);
        let (hour, minute, second) =
            (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        let date = month * 100 + day;
        Some(match field {
            0 => (year, 4),
            1 => (year % 100, 2),
            2 => (month, 2),
            3 => (day, 2),
            4 => (day, 0),
            5 => (hour, 2),
            6 => (hour, 0),
            7 => (minute, 2),
            8 => (second, 2),
            9 => (nanos / 1_000_000, 3),
            10 => (nanos / 1000, 6),
            11 => (nanos, 9),
            12 => (year % 100 * 10_000 + date, 6),
            13 => (hour * 10_000 + minute * 100 + second, 6),
            14 => (year * 10_000 + date, 8),
            15 => (seconds, 0),
            16 => (seconds * 1000 + nanos / 1_000_000, 0),
            _ => return None,
        })
    }
}

/// Digits that `number` has when written with at least `digits`.
pub(super) fn digits_of(number: u64, digits: u8) -> usize {
    let own = number.checked_ilog10().map_or(1, |log| log as usize + 1);
    own.max(usize::from(digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_those_of_the_time() {
        // 2026-01-02 03:04:05.006007008 UTC.
        let clock = Clock::new(1_767_323_045_006_007_008);
        let fields: Vec<String> = (0..FIELDS)
            .map(|field| {
                let (number, digits) = clock.field(field).unwrap();
                let text = format!("{number:0digits$}", digits = usize::from(digits));
                assert_eq!(text.len(), digits_of(number, digits));
                text
            })
            .collect();
        let expected = [
            "2026",
            "26",
            "01",
            "02",
            "2",
            "03",
            "3",
            "04",
            "05",
            "006",
            "006007",
            "006007008",
            "260102",
            "030405",
            "20260102",
            "1767323045",
            "1767323045006",
        ];
        assert_eq!(fields, expected);
        for time in [i64::MIN, -1, i64::MAX] {
            (0..FIELDS).for_each(|field| assert!(Clock::new(time).field(field).is_some()));
        }
        assert_eq!(clock.field(FIELDS), None);
    }

    proptest! {
        #[test]
        fn fields_can_be_had_from_those_before(
            first in any::<i64>(), step in -200_000_000_000_000_i64..200_000_000_000_000,
        ) {
            let time = first.saturating_add(step);
            let (after, new) = (Clock::new(first).after(time), Clock::new(time));
            for field in 0..FIELDS {
                prop_assert_eq!(after.field(field), new.field(field));
            }
        }
    }
}
