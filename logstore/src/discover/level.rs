//! Levels and their spellings.

use std::borrow::Cow;

const UNKNOWN: &str = "unknown";

/// Spellings of a level as the value of a field, any case.
const SPELLINGS: [(&str, &str); 14] = [
    ("trace", "trace"),
    ("trc", "trace"),
    ("debug", "debug"),
    ("dbg", "debug"),
    ("info", "info"),
    ("inf", "info"),
    ("information", "info"),
    ("warn", "warn"),
    ("wrn", "warn"),
    ("warning", "warn"),
    ("error", "error"),
    ("err", "error"),
    ("critical", "critical"),
    ("fatal", "fatal"),
];

/// Words of a text that tell its level, any case.
const WORDS: [(&str, &str); 9] = [
    ("trace", "trace"),
    ("debug", "debug"),
    ("info", "info"),
    ("warn", "warn"),
    ("warning", "warn"),
    ("error", "error"),
    ("err", "error"),
    ("critical", "critical"),
    ("fatal", "fatal"),
];

/// The level that a value is a spelling of.
pub(super) fn known(value: &[u8]) -> Option<&'static str> {
    among(&SPELLINGS, value)
}

fn among(table: &[(&str, &'static str)], word: &[u8]) -> Option<&'static str> {
    let is_it = |known: &&(&str, &str)| word.eq_ignore_ascii_case(known.0.as_bytes());
    table.iter().find(is_it).map(|known| known.1)
}

/// The level that a value is a spelling of, or the value.
pub(super) fn normalized(value: &str) -> Cow<'_, str> {
    known(value.as_bytes()).map_or(Cow::Borrowed(value), Cow::Borrowed)
}

/// The level of one of OpenTelemetry's severity numbers.
pub(super) fn of_severity_number(text: &str) -> &'static str {
    match text.parse::<i64>() {
        Err(_) => "info",
        Ok(0) => UNKNOWN,
        Ok(..=4) => "trace",
        Ok(..=8) => "debug",
        Ok(..=12) => "info",
        Ok(..=16) => "warn",
        Ok(..=20) => "error",
        Ok(..=24) => "fatal",
        Ok(_) => UNKNOWN,
    }
}

/// The level of the first word that is one.
pub(super) fn of_text(line: &[u8]) -> &'static str {
    let words = line.split(|byte| !is_word(*byte));
    let mut words = words.filter(|word| (3..=8).contains(&word.len()));
    words.find_map(|word| among(&WORDS, word)).unwrap_or(UNKNOWN)
}

/// Letters, digits and `_`; bytes past ASCII as the letters of Latin-1 that they would be, as in
/// Loki.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte == b'_'
        || (byte >= 0x80 && char::from(byte).is_alphabetic())
}
