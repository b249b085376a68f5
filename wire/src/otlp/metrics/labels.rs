//! The label set of a data point.
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
    arena: String,
    /// Whether names stay as they are.
    keeps_names: bool,
}

#[derive(Clone, Debug)]
struct Entry<'a> {
    /// The attribute's key, which decides the order of joined values.
    key: &'a [u8],
    name: Piece<'a>,
    value: Piece<'a>,
}

/// A text in the input or in the arena.
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
        let owned = |piece: &Piece<'a>| text(&self.arena, piece).to_owned();
        out.extend(self.entries.iter().map(|entry| (owned(&entry.name), owned(&entry.value))));
    }

    /// Makes the labels of `attributes`, without those whose keys are in `without`.
    pub(super) fn set(
        &mut self,
        attributes: &[Attribute<'a>],
        without: &[&str],
    ) -> Result<Result<(), RefusalReason>, Fault> {
        self.entries.clear();
        self.arena.clear();
        for attribute in attributes {
            if !without.iter().any(|key| key.as_bytes() == attribute.key.bytes)
                && let Err(reason) = self.add(attribute)?
            {
                return Ok(Err(reason));
            }
        }
        let arena = &self.arena;
        self.entries.sort_by(|a, b| {
            text(arena, &a.name).cmp(text(arena, &b.name)).then_with(|| a.key.cmp(b.key))
        });
        self.join();
        Ok(Ok(()))
    }

    fn add(&mut self, attribute: &Attribute<'a>) -> Result<Result<(), RefusalReason>, Fault> {
        let invalid = |key: &[u8]| {
            Ok(Err(RefusalReason::InvalidLabel { name: String::from_utf8_lossy(key).into_owned() }))
        };
        let key = attribute.key.bytes;
        let Ok(name) = str::from_utf8(key) else { return invalid(key) };
        if name == METRIC_NAME {
            return Ok(Ok(()));
        }
        let name = if self.keeps_names || PROMETHEUS.is_right(name) {
            Piece::Input(name)
        } else {
            let start = self.arena.len();
            PROMETHEUS.append(name, &mut self.arena);
            Piece::Arena(start..self.arena.len())
        };
        // Empty, or nothing but replaced characters.
        let is_left = |name: &str| match self.keeps_names {
            true => !name.is_empty(),
            false => name.bytes().any(|byte| byte != b'_'),
        };
        if !is_left(text(&self.arena, &name)) {
            return invalid(key);
        }
        let value = match attribute.value {
            Any::String(value) => match str::from_utf8(value.bytes) {
                Ok(value) => Piece::Input(value),
                // A replaced value would be another series' label.
                Err(_) => return invalid(key),
            },
            value => {
                let (start, mut texts) = (self.arena.len(), Texts::default());
                value.write_text(&mut self.arena, &mut texts)?;
                if texts.replaced > 0 {
                    return invalid(key);
                }
                Piece::Arena(start..self.arena.len())
            }
        };
        self.entries.push(Entry { key, name, value });
        Ok(Ok(()))
    }

    /// Joins the values of equal names, which are neighbours.
    fn join(&mut self) {
        let arena = &mut self.arena;
        self.entries.dedup_by(|later, earlier| {
            let same = text(arena, &later.name) == text(arena, &earlier.name);
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
        let identity = target.labels();
        let scope = target.scope.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let is_covered = |name: &str| {
            identity.iter().any(|label| label.0 == name && !label.1.is_empty())
                || target.scope.iter().any(|label| label.0 == name)
        };
        let is_own = |name: &str| {
            labels.entries.iter().any(|entry| text(&labels.arena, &entry.name) == name)
        };
        let own = labels
            .entries
            .iter()
            .map(|entry| (text(&labels.arena, &entry.name), text(&labels.arena, &entry.value)))
            .filter(|label| !is_covered(label.0));
        let promoted = target.promoted.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let promoted = promoted.filter(|label| !is_covered(label.0) && !is_own(label.0));
        let all = identity.into_iter().chain(own).chain(scope).chain(promoted);
        let all = [("", ""); 2].into_iter().chain(all.filter(|(_, value)| !value.is_empty()));
        let mut series = SeriesLabels {
            inline: [("", ""); INLINE_LABELS],
            len: 0,
            spilled: Vec::new(),
            has_bound: BOUNDS.iter().any(|bound| {
                is_own(bound) || target.promoted.iter().any(|label| label.0 == *bound)
            }),
        };
        if labels.entries.len() + target.len() + 4 > INLINE_LABELS {
            series.spilled.extend(all);
            return series;
        }
        for (slot, label) in series.inline.iter_mut().zip(all) {
            *slot = label;
            series.len += 1;
        }
        series
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
