//! Names of attributes as label names, each made once.
//!
//! The records of a request have mostly the same attributes. What a key becomes is remembered, and
//! names have numbers, so that a repeated one is found by its bit.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use crate::otlp::name::LOKI;
use crate::otlp::texts::Texts;
use crate::protobuf::Bytes;

/// How many names are numbered: as many as a set of bits holds.
const NUMBERED_MAX: usize = 64;

/// How many keys are remembered; a new one takes the place of another.
const KEYS: usize = 128;

/// Names that are not made of attributes.
const FIXED: [&str; 11] = [
    "observed_timestamp",
    "severity_number",
    "severity_text",
    "dropped_attributes_count",
    "flags",
    "trace_id",
    "span_id",
    "event_name",
    "scope_name",
    "scope_version",
    "scope_dropped_attributes_count",
];

/// A name with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(u8);

impl Number {
    pub(super) const OBSERVED_TIMESTAMP: Number = Number(0);
    pub(super) const SEVERITY_NUMBER: Number = Number(1);
    pub(super) const SEVERITY_TEXT: Number = Number(2);
    pub(super) const DROPPED_ATTRIBUTES_COUNT: Number = Number(3);
    pub(super) const FLAGS: Number = Number(4);
    pub(super) const TRACE_ID: Number = Number(5);
    pub(super) const SPAN_ID: Number = Number(6);
    pub(super) const EVENT_NAME: Number = Number(7);
    pub(super) const SCOPE_NAME: Number = Number(8);
    pub(super) const SCOPE_VERSION: Number = Number(9);
    pub(super) const SCOPE_DROPPED_ATTRIBUTES_COUNT: Number = Number(10);

    /// The bit that stands for the name.
    pub(super) fn bit(self) -> u64 {
        1 << (self.0 % 64)
    }
}

/// A label name. Equal names are equal values: one is numbered always or never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    Numbered(Number),
    /// Past the number of names that are numbered.
    Other(Cow<'a, str>),
}

/// The names of a request.
#[derive(Debug)]
pub(super) struct Names<'a> {
    numbered: Vec<Cow<'a, str>>,
    keys: Vec<(&'a [u8], Option<Number>)>,
}

impl Default for Names<'_> {
    fn default() -> Self {
        Names { numbered: FIXED.map(Cow::Borrowed).to_vec(), keys: vec![(b"", None); KEYS] }
    }
}

impl<'a> Names<'a> {
    /// The name for the key of an attribute.
    #[inline]
    pub(super) fn of_key(&mut self, key: Bytes<'a>, texts: &mut Texts) -> Name<'a> {
        let place = place(key.bytes);
        match self.keys.get(place) {
            Some((known, Some(number))) if *known == key.bytes => Name::Numbered(*number),
            _ => self.learn(key, place, texts),
        }
    }

    fn learn(&mut self, key: Bytes<'a>, place: usize, texts: &mut Texts) -> Name<'a> {
        let text = texts.read(key);
        let is_right = matches!(text, Cow::Borrowed(_));
        let name = match text {
            Cow::Borrowed(key) if LOKI.is_right(key) => self.named(Cow::Borrowed(key)),
            key => self.named(Cow::Owned(made(&key))),
        };
        // A key that is not UTF-8 counts as replaced each time.
        if let Name::Numbered(number) = name
            && is_right
            && let Some(entry) = self.keys.get_mut(place)
        {
            *entry = (key.bytes, Some(number));
        }
        name
    }

    /// The name with this text.
    pub(super) fn named(&mut self, text: Cow<'a, str>) -> Name<'a> {
        if let Some(at) = self.numbered.iter().position(|known| *known == text) {
            return u8::try_from(at).map_or(Name::Other(text), |at| Name::Numbered(Number(at)));
        }
        match u8::try_from(self.numbered.len()) {
            Ok(at) if self.numbered.len() < NUMBERED_MAX => {
                self.numbered.push(text);
                Name::Numbered(Number(at))
            }
            _ => Name::Other(text),
        }
    }

    /// The text of a name.
    #[inline]
    pub(super) fn text<'s>(&'s self, name: &'s Name<'a>) -> &'s str {
        match name {
            Name::Numbered(Number(at)) => {
                self.numbered.get(usize::from(*at)).map(|text| &**text).unwrap_or_default()
            }
            Name::Other(text) => text,
        }
    }
}

/// The label name for `key`. A name cannot be empty; the attribute is kept all the same.
pub(super) fn made(key: &str) -> String {
    let mut name = String::new();
    LOKI.append(if key.is_empty() { "_" } else { key }, &mut name);
    name
}

/// Where a key is remembered: by its length and its ends, which tell nearly all apart.
#[inline]
fn place(key: &[u8]) -> usize {
    let ends = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first).rotate_left(32) ^ u64::from_le_bytes(*last)
        }
        _ => key.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    };
    let mixed = (ends ^ key.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The seven upper bits.
    usize::try_from(mixed >> 57).unwrap_or_default() % KEYS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name<'a>(names: &mut Names<'a>, key: &'a [u8]) -> (String, Name<'a>) {
        let name = names.of_key(Bytes { bytes: key, at: 0 }, &mut Texts::default());
        (names.text(&name).to_owned(), name)
    }

    #[test]
    fn a_key_has_the_same_name_each_time() {
        let mut names = Names::default();
        for _ in 0..2 {
            assert_eq!(name(&mut names, b"http.route").0, "http_route");
            assert_eq!(name(&mut names, b"").0, "_");
            assert_eq!(name(&mut names, b"flags").1, Name::Numbered(Number::FLAGS));
            assert_eq!(name(&mut names, b"a.b").1, name(&mut names, b"a_b").1);
            assert_eq!(name(&mut names, b"a\xff").1, name(&mut names, b"a_").1);
        }
    }

    #[test]
    fn texts_replaced_are_counted_each_time() {
        let (mut names, mut texts) = (Names::default(), Texts::default());
        for _ in 0..3 {
            let _ = names.of_key(Bytes { bytes: b"k\xff", at: 0 }, &mut texts);
        }
        assert_eq!(texts.replaced, 3);
    }

    #[test]
    fn names_past_the_numbers_are_themselves() {
        let keys: Vec<_> = (0..500).map(|at| format!("key.{at}")).collect();
        let mut names = Names::default();
        for _ in 0..2 {
            for key in &keys {
                assert_eq!(name(&mut names, key.as_bytes()).0, key.replace('.', "_"));
            }
        }
        assert_eq!(names.numbered.len(), NUMBERED_MAX);
    }

    #[test]
    fn numbers_stand_for_the_fixed_names() {
        let names = Names::default();
        let text = |number| names.text(&Name::Numbered(number)).to_owned();
        assert_eq!(text(Number::OBSERVED_TIMESTAMP), "observed_timestamp");
        assert_eq!(text(Number::SEVERITY_TEXT), "severity_text");
        assert_eq!(text(Number::TRACE_ID), "trace_id");
        assert_eq!(text(Number::EVENT_NAME), "event_name");
        let last = Number::SCOPE_DROPPED_ATTRIBUTES_COUNT;
        assert_eq!(text(last), "scope_dropped_attributes_count");
    }
}
