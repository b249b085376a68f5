//! `stage.timestamp`: the time of a line, read from it.

use std::collections::HashMap;

use telemetry_core::time::calendar::Civil;

use super::super::entry::Entry;
use super::{Run, StageSetupError, each, required};
use crate::template::time::{Zone, parse_time};

const STAGE: &str = "timestamp";
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Streams whose last time is remembered.
const STREAMS_MAX: usize = 10_000;

/// Names of layouts.
const LAYOUTS: [(&str, &str); 10] = [
    ("ANSIC", "Mon Jan _2 15:04:05 2006"),
    ("UnixDate", "Mon Jan _2 15:04:05 MST 2006"),
    ("RubyDate", "Mon Jan 02 15:04:05 -0700 2006"),
    ("RFC822", "02 Jan 06 15:04 MST"),
    ("RFC822Z", "02 Jan 06 15:04 -0700"),
    ("RFC850", "Monday, 02-Jan-06 15:04:05 MST"),
    ("RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"),
    ("RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"),
    ("RFC3339", "2006-01-02T15:04:05Z07:00"),
    ("RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"),
];

/// Sets the time of a line to an extracted value.
#[derive(Clone, Debug, Default)]
pub struct Timestamp {
    /// The extracted value.
    pub source: String,
    /// How it is written: a name (`RFC3339`, `UnixDate`, …), `Unix`, `UnixMs`, `UnixUs`, `UnixNs`, or
    /// a layout of Go. A layout without a year means this year.
    pub format: String,
    /// How it may be written else, in this order.
    pub fallback_formats: Vec<String>,
    /// The time zone of times without one; empty: UTC.
    pub location: String,
    /// What happens where there is no time.
    pub action_on_failure: OnFailure,
}

/// What happens to a line whose time cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It gets the time of the line before it in its stream, and a nanosecond.
    #[default]
    Fudge,
    /// It keeps the time that it has.
    Skip,
}

#[derive(Debug)]
enum Format {
    /// A number of parts of a second; so many are one.
    Unix(i64),
    Layout {
        text: String,
        has_year: bool,
    },
}

impl Format {
    fn of(name: &str) -> Self {
        match name {
            "Unix" => return Format::Unix(1),
            "UnixMs" => return Format::Unix(1_000),
            "UnixUs" => return Format::Unix(1_000_000),
            "UnixNs" => return Format::Unix(NANOS_PER_SECOND),
            _ => {}
        }
        let known = LAYOUTS.iter().find(|known| known.0 == name);
        let text = known.map_or(name, |known| known.1).to_owned();
        let has_year = text.contains("2006") || text.contains("06");
        Format::Layout { text, has_year }
    }

    fn read(&self, text: &str, zone: &Zone, now: i64) -> Option<i64> {
        match self {
            Format::Unix(1) => seconds(text),
            Format::Unix(parts) => text.parse::<i64>().ok()?.checked_mul(NANOS_PER_SECOND / parts),
            Format::Layout { text: layout, has_year: true } => parse_time(layout, text, zone),
            Format::Layout { text: layout, has_year: false } => {
                let year = Civil::from_seconds(now.div_euclid(NANOS_PER_SECOND)).year;
                // The year is read with the rest, so that the zone is the one of that day.
                parse_time(&format!("2006 {layout}"), &format!("{year:04} {text}"), zone)
            }
        }
    }
}

/// Seconds with a fraction, exactly.
fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanos: i64 = digits.parse().ok()?;
    let nanos = if whole.starts_with('-') { -nanos } else { nanos };
    seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)
}

impl Timestamp {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required(STAGE, "source", !self.source.is_empty())?;
        required(STAGE, "format", !self.format.is_empty())?;
        let rule = "a time zone that is known";
        let zone = Zone::named(&self.location);
        let wrong = StageSetupError::Option { stage: STAGE, option: "location", rule };
        let zone = zone.ok_or(wrong)?;
        let formats = std::iter::once(&self.format).chain(&self.fallback_formats);
        let formats: Vec<Format> = formats.map(|name| Format::of(name)).collect();
        let Timestamp { source, action_on_failure, .. } = self.clone();
        let mut last = Last::default();
        Ok(each(move |entry, context| {
            let text = entry.get(&source);
            let read = |format: &Format| format.read(text.as_deref()?, &zone, context.now);
            let time = formats.iter().find_map(read);
            if action_on_failure == OnFailure::Skip {
                entry.time = time.unwrap_or(entry.time);
                return;
            }
            entry.time = time.or_else(|| last.after(entry)).unwrap_or(entry.time);
            if time.is_some() || last.after(entry).is_some() {
                last.remember(entry);
            }
        }))
    }
}

/// The last time of each stream.
#[derive(Debug, Default)]
struct Last {
    by_stream: HashMap<Vec<(String, String)>, i64>,
}

impl Last {
    fn key(entry: &Entry) -> Vec<(String, String)> {
        entry.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// A nanosecond after the last time of the stream.
    fn after(&self, entry: &Entry) -> Option<i64> {
        Some(self.by_stream.get(&Last::key(entry))?.saturating_add(1))
    }

    fn remember(&mut self, entry: &Entry) {
        let key = Last::key(entry);
        // Past the bound all is forgotten: a stream that goes on is known again at once.
        if self.by_stream.len() >= STREAMS_MAX && !self.by_stream.contains_key(&key) {
            self.by_stream.clear();
        }
        self.by_stream.insert(key, entry.time);
    }
}
