//! Time zones by name, from a table that is linked in: the answer does not depend on the machine.
//!
//! Behind the feature `time-zones`; without it only UTC is known.

/// A zone.
#[derive(Clone, Debug)]
pub(crate) enum Zone {
    Utc,
    #[cfg(feature = "time-zones")]
    Named(jiff::tz::TimeZone),
}

/// The short name of a zone at a moment: `CET`. At most so many bytes of it are kept.
pub(super) type Abbreviation = [u8; 6];

/// `UTC`.
pub(super) const UTC: Abbreviation = *b"UTC\0\0\0";

impl Zone {
    /// The zone of a name. The zone of the machine counts as UTC.
    pub(crate) fn named(name: &str) -> Option<Zone> {
        match name {
            "" | "UTC" | "Local" => Some(Zone::Utc),
            name => Self::in_table(name),
        }
    }

    #[cfg(feature = "time-zones")]
    fn in_table(name: &str) -> Option<Zone> {
        use jiff::tz::TimeZoneDatabase;
        static TABLE: std::sync::LazyLock<TimeZoneDatabase> =
            std::sync::LazyLock::new(TimeZoneDatabase::bundled);
        TABLE.get(name).ok().map(Zone::Named)
    }

    #[cfg(not(feature = "time-zones"))]
    fn in_table(name: &str) -> Option<Zone> {
        matches!(name, "Etc/UTC" | "GMT" | "Etc/GMT" | "Zulu").then_some(Zone::Utc)
    }

    /// The offset from UTC in seconds, and the short name, at a moment in seconds since the epoch.
    fn at(&self, seconds: i64) -> (i32, Abbreviation) {
        match self {
            Zone::Utc => {
                let _everywhen = seconds;
                (0, UTC)
            }
            #[cfg(feature = "time-zones")]
            Zone::Named(zone) => {
                let moment = jiff::Timestamp::from_second(seconds).unwrap_or_default();
                let info = zone.to_offset_info(moment);
                let mut short = Abbreviation::default();
                short.iter_mut().zip(info.abbreviation().bytes()).for_each(|(to, byte)| *to = byte);
                (info.offset().seconds(), short)
            }
        }
    }

    /// The moment at which clocks of the zone show what those of UTC show at `shown`, with offset
    /// and short name. Where they show it twice or never, one of the two offsets around is taken,
    /// as in Go.
    pub(super) fn moment_of(&self, shown: i64) -> (i64, i32, Abbreviation) {
        let (guess, _) = self.at(shown);
        let (offset, _) = self.at(shown.saturating_sub(i64::from(guess)));
        let moment = shown.saturating_sub(i64::from(offset));
        let (shown_offset, short) = self.at(moment);
        (moment, shown_offset, short)
    }
}

#[cfg(all(test, feature = "time-zones"))]
mod tests {
    use super::*;

    #[test]
    fn clocks_change() {
        let paris = Zone::named("Europe/Paris").unwrap();
        // 2026-07-05 10:00 and 2026-01-05 10:00 by the clock.
        assert_eq!(paris.moment_of(1_783_245_600), (1_783_238_400, 7_200, *b"CEST\0\0"));
        assert_eq!(paris.moment_of(1_767_607_200), (1_767_603_600, 3_600, *b"CET\0\0\0"));
        assert!(Zone::named("Middle/Earth").is_none());
        assert_eq!(Zone::named("").unwrap().moment_of(5), (5, 0, UTC));
    }
}
