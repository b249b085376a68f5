//! The label set of a data point.
//!
//! Points of a metric have the same attributes with other values. So names are translated and
//! sorted for the first of them, and of those after it only the values are read.
//!
//! Attributes become labels under names that Prometheus takes; where two attributes get the same
//! name their values are joined by `;` in the order of the attributes' keys. `job` and `instance`
//! come from the resource and cover attributes of these names, as do `le`, `quantile` and the name.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

use telemetry_core::labels::METRIC_NAME;
use telemetry_core::sink::{RawLabels, RefusalReason};

use super::options::Translation;
use super::target::Target;
use crate::error::Fault;
use crate::otlp::name::PROMETHEUS;
use crate::otlp::texts::Texts;
use crate::otlp::value::{Any, Attribute};

/// Up to this many labels are handed on without an allocation.
const INLINE_LABELS: usize = 32;

/// The labels of one data point, without those that name its series.
#[derive(Debug, Default)]
pub(super) struct PointLabels<'a> {
    entries: Vec<Entry<'a>>,
    /// Values that are not in the input as they are.
    arena: String,
    /// Names that are not.
    names: String,
    /// The keys of the attributes that the entries are of, one for one, in the order of the
    /// attributes; none where the entries are not of all of them, one for one.
    keys: Vec<&'a [u8]>,
    /// Whether names stay as they are.
    keeps_names: bool,
}

#[derive(Clone, Debug)]
struct Entry<'a> {
    /// Which attribute it is of.
    at: usize,
    /// The attribute's key, which decides the order of joined values.
    key: &'a [u8],
    /// In the input or among the names.
    name: Piece<'a>,
    /// In the input or in the arena.
    value: Piece<'a>,
}

/// A text in the input or in an arena.
#[derive(Clone, Debug)]
enum Piece<'a> {
    Input(&'a str),
    Arena(Range<usize>),
}

fn text<'s>(arena: &'s str, piece: &Piece<'s>) -> &'s str {
    match piece {
        Piece::Input(text) => text,
        Piece::Arena(range) => arena.get(range.clone()).unwrap_or_default(),
    }
}

/// Appends a text to the arena; where it starts there.
fn append(arena: &mut String, piece: &Piece<'_>) -> usize {
    let start = arena.len();
    match piece {
        Piece::Input(text) => arena.push_str(text),
        // Ranges are those of pieces, which lie within the arena.
        Piece::Arena(range) => arena.extend_from_within(range.clone()),
    }
    start
}

impl<'a> PointLabels<'a> {
    pub(super) fn new(translation: Translation) -> Self {
        PointLabels { keeps_names: !translation.escapes(), ..PointLabels::default() }
    }

    /// Appends names and values, sorted by name.
    pub(super) fn append_to(&self, out: &mut Vec<(String, String)>) {
        out.extend(self.iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    /// Names and values, which may be empty, sorted by name.
    #[inline]
    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let (names, values) = (&self.names, &self.arena);
        self.entries.iter().map(|entry| (text(names, &entry.name), text(values, &entry.value)))
    }

    /// Makes the labels of `attributes`, without those whose keys are in `without`.
    pub(super) fn set(
        &mut self,
        attributes: &[Attribute<'a>],
        without: &[&str],
    ) -> Result<Result<(), RefusalReason>, Fault> {
        self.arena.clear();
        let keys = attributes.iter().map(|attribute| attribute.key.bytes);
        if !self.keys.is_empty() && without.is_empty() && keys.clone().eq(self.keys.iter().copied())
        {
            return self.set_values(attributes);
        }
        self.entries.clear();
        self.names.clear();
        self.keys.clear();
        for (at, attribute) in attributes.iter().enumerate() {
            if !without.iter().any(|key| key.as_bytes() == attribute.key.bytes)
                && let Err(reason) = self.add(at, attribute)?
            {
                return Ok(Err(reason));
            }
        }
        let names = &self.names;
        self.entries.sort_by(|a, b| {
            text(names, &a.name).cmp(text(names, &b.name)).then_with(|| a.key.cmp(b.key))
        });
        self.join();
        if without.is_empty() && self.entries.len() == attributes.len() {
            self.keys.extend(keys);
        }
        Ok(Ok(()))
    }

    /// Makes the labels of attributes with the keys of those before.
    fn set_values(
        &mut self,
        attributes: &[Attribute<'a>],
    ) -> Result<Result<(), RefusalReason>, Fault> {
        for entry in &mut self.entries {
            let Some(attribute) = attributes.get(entry.at) else { continue };
            match read_value(attribute, &mut self.arena)? {
                Ok(value) => entry.value = value,
                Err(reason) => {
                    // Which of the entries are of this point, nobody shall have to know.
                    self.keys.clear();
                    return Ok(Err(reason));
                }
            }
        }
        Ok(Ok(()))
    }

    fn add(
        &mut self,
        at: usize,
        attribute: &Attribute<'a>,
    ) -> Result<Result<(), RefusalReason>, Fault> {
        let key = attribute.key.bytes;
        let Ok(name) = str::from_utf8(key) else { return Ok(Err(invalid(key))) };
        if name == METRIC_NAME {
            return Ok(Ok(()));
        }
        let name = if self.keeps_names || PROMETHEUS.is_right(name) {
            Piece::Input(name)
        } else {
            let start = self.names.len();
            PROMETHEUS.append(name, &mut self.names);
            Piece::Arena(start..self.names.len())
        };
        // Empty, or nothing but replaced characters.
        let is_left = |name: &str| match self.keeps_names {
            true => !name.is_empty(),
            false => name.bytes().any(|byte| byte != b'_'),
        };
        if !is_left(text(&self.names, &name)) {
            return Ok(Err(invalid(key)));
        }
        let value = match read_value(attribute, &mut self.arena)? {
            Ok(value) => value,
            Err(reason) => return Ok(Err(reason)),
        };
        self.entries.push(Entry { at, key, name, value });
        Ok(Ok(()))
    }

    /// Joins the values of equal names, which are neighbours.
    fn join(&mut self) {
        let (names, arena) = (&self.names, &mut self.arena);
        self.entries.dedup_by(|later, earlier| {
            let same = text(names, &later.name) == text(names, &earlier.name);
            if same {
                // What is joined already lies at the end and grows there: a name may occur as often
                // as the input is long.
                let start = match &earlier.value {
                    Piece::Arena(range) if range.end == arena.len() => range.start,
                    value => append(arena, value),
                };
                arena.push(';');
                append(arena, &later.value);
                earlier.value = Piece::Arena(start..arena.len());
            }
            same
        });
    }

    /// Whether there are no labels.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The value of an attribute as text, which may go to the arena.
#[inline]
fn read_value<'a>(
    attribute: &Attribute<'a>,
    arena: &mut String,
) -> Result<Result<Piece<'a>, RefusalReason>, Fault> {
    let key = attribute.key.bytes;
    Ok(match attribute.value {
        // A replaced value would be another series' label.
        Any::String(value) => {
            str::from_utf8(value.bytes).map(Piece::Input).map_err(|_| invalid(key))
        }
        value => {
            let (start, mut texts) = (arena.len(), Texts::default());
            value.write_text(arena, &mut texts)?;
            let value = Piece::Arena(start..arena.len());
            if texts.replaced > 0 { Err(invalid(key)) } else { Ok(value) }
        }
    })
}

#[cold]
fn invalid(key: &[u8]) -> RefusalReason {
    RefusalReason::InvalidLabel { name: String::from_utf8_lossy(key).into_owned() }
}

/// The label sets of the series that one point goes to: they differ in the name, and in the bound
/// where the point has several.
#[derive(Debug)]
pub(super) struct SeriesLabels<'x> {
    /// The bound and the name, then what all series of the point have.
    inline: [(&'x str, &'x str); INLINE_LABELS],
    len: usize,
    /// All of it, where it is more.
    spilled: Vec<(&'x str, &'x str)>,
    /// Whether an attribute has the name of a bound.
    has_bound: bool,
}

/// Labels that tell the series of a histogram or summary apart.
const BOUNDS: [&str; 2] = ["le", "quantile"];

impl<'x> SeriesLabels<'x> {
    pub(super) fn new(labels: &'x PointLabels<'_>, target: &'x Target) -> Self {
        let mut series = SeriesLabels {
            inline: [("", ""); INLINE_LABELS],
            // Room for the bound and the name.
            len: 2,
            spilled: Vec::new(),
            has_bound: false,
        };
        if labels.entries.len() + target.len() + 4 > INLINE_LABELS {
            series.spilled = vec![("", ""); 2];
        }
        let identity = target.labels();
        let is_covered = |name: &str| {
            identity.iter().any(|label| label.0 == name && !label.1.is_empty())
                || target.scope.iter().any(|label| label.0 == name)
        };
        identity.into_iter().for_each(|label| series.push(label));
        for label in labels.iter() {
            series.has_bound |= BOUNDS.contains(&label.0);
            if !is_covered(label.0) {
                series.push(label);
            }
        }
        for (name, value) in &target.scope {
            series.push((name, value));
        }
        for (name, value) in &target.promoted {
            series.has_bound |= BOUNDS.contains(&name.as_str());
            if !is_covered(name) && !labels.iter().any(|label| label.0 == name) {
                series.push((name, value));
            }
        }
        series
    }

    /// Adds a label, unless its value is empty.
    #[inline]
    fn push(&mut self, label: (&'x str, &'x str)) {
        if label.1.is_empty() {
            return;
        }
        if !self.spilled.is_empty() {
            self.spilled.push(label);
        } else if let Some(slot) = self.inline.get_mut(self.len) {
            *slot = label;
            self.len += 1;
        }
    }

    /// Calls `then` with the labels of the series `name`; `bound` is `le` or `quantile` with its
    /// value.
    pub(super) fn with<T>(
        &mut self,
        name: &'x str,
        bound: Option<(&'x str, &'x str)>,
        then: impl FnOnce(&RawLabels<'_>) -> T,
    ) -> T {
        let all = if self.spilled.is_empty() {
            self.inline.get_mut(..self.len).unwrap_or_default()
        } else {
            &mut self.spilled
        };
        if let [first, second, ..] = all {
            (*first, *second) = (bound.unwrap_or_default(), (METRIC_NAME, name));
        }
        match (all, bound) {
            ([first, rest @ ..], Some(bound)) if self.has_bound => {
                let rest = rest.iter().filter(|label| label.0 != bound.0);
                let labels: Vec<_> = std::iter::once(&*first).chain(rest).copied().collect();
                then(&RawLabels::new(&labels))
            }
            (all, Some(_)) => then(&RawLabels::new(all)),
            (all, None) => then(&RawLabels::new(all.get(1..).unwrap_or_default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::Bytes;

    fn attribute<'a>(key: &'a str, value: &'a str) -> Attribute<'a> {
        let bytes = |text: &'a str| Bytes { bytes: text.as_bytes(), at: 0 };
        Attribute { key: bytes(key), value: Any::String(bytes(value)) }
    }

    fn labels(attributes: &[Attribute<'_>], bound: Option<(&str, &str)>) -> String {
        let mut labels = PointLabels::default();
        labels.set(attributes, &[]).unwrap().unwrap();
        let target = Target { job: "ns/api".to_owned(), ..Target::default() };
        let mut series = SeriesLabels::new(&labels, &target);
        series.with("m", bound, |raw| raw.build().to_string())
    }

    #[test]
    fn names_that_become_equal_join_their_values() {
        let attributes = [
            attribute("b_c", "2"),
            attribute("b.c", "1"),
            attribute("__name__", "x"),
            attribute("empty", ""),
            attribute("job", "covered"),
            attribute("instance", "kept"),
        ];
        assert_eq!(
            labels(&attributes, None),
            r#"{__name__="m", b_c="1;2", instance="kept", job="ns/api"}"#
        );
    }

    #[test]
    fn points_with_the_same_keys_are_read_like_the_first() {
        let points = [
            vec![attribute("b.c", "1"), attribute("a", "2"), attribute("x", "")],
            vec![attribute("b.c", "3"), attribute("a", "4"), attribute("x", "5")],
            vec![attribute("a", "4"), attribute("b.c", "3"), attribute("x", "5")],
            vec![attribute("b.c", "3"), attribute("b_c", "4"), attribute("x", "5")],
            vec![attribute("b.c", "6"), attribute("b_c", "7"), attribute("x", "8")],
            vec![attribute("__name__", "6"), attribute("a", "7")],
            vec![attribute("__name__", "8"), attribute("a", "9")],
            vec![],
            vec![attribute("a", "7")],
        ];
        let target = Target::default();
        let mut labels = PointLabels::default();
        for attributes in points.iter().flat_map(|point| [point, point]) {
            labels.set(attributes, &[]).unwrap().unwrap();
            let mut anew = PointLabels::default();
            anew.set(attributes, &[]).unwrap().unwrap();
            let [known, anew] = [&labels, &anew].map(|labels| {
                SeriesLabels::new(labels, &target).with("m", None, |raw| raw.build())
            });
            assert_eq!(known, anew);
        }
        let damaged = Any::String(Bytes { bytes: b"\xff", at: 0 });
        let damaged = Attribute { value: damaged, ..attribute("a", "") };
        assert!(labels.set(&[damaged], &[]).unwrap().is_err());
        labels.set(&[attribute("a", "1")], &[]).unwrap().unwrap();
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("a", "1")]);
    }

    #[test]
    fn the_bound_covers_an_attribute() {
        let attributes = [attribute("le", "9")];
        let expected = r#"{__name__="m", job="ns/api", le="+Inf"}"#;
        assert_eq!(labels(&attributes, Some(("le", "+Inf"))), expected);
        let expected = r#"{__name__="m", job="ns/api", le="9"}"#;
        assert_eq!(labels(&attributes, None), expected);
    }

    #[test]
    fn many_attributes_are_all_there() {
        let keys: Vec<_> = (0..100).map(|at| format!("key.{at}")).collect();
        let attributes: Vec<_> = keys.iter().map(|key| attribute(key, "v")).collect();
        let mut labels = PointLabels::default();
        labels.set(&attributes, &["key.7"]).unwrap().unwrap();
        let target = Target::default();
        let mut series = SeriesLabels::new(&labels, &target);
        assert_eq!(series.with("m", None, |raw| raw.build().len()), 100);
        let bound = Some(("le", "1"));
        assert_eq!(series.with("m", bound, |raw| raw.build().len()), 101);
    }

    #[test]
    fn names_without_a_letter_are_refused() {
        for key in ["", "...", "__"] {
            let refused = PointLabels::default().set(&[attribute(key, "v")], &[]).unwrap();
            let name = key.to_owned();
            assert_eq!(refused, Err(RefusalReason::InvalidLabel { name }));
        }
    }
}
