//! Collects labels in any order and makes a [`Labels`] of them.
//!
//! Names and values are copied into one arena, so a builder that is kept and cleared allocates
//! nothing but the set it builds. Setting and removing only append, in the canonical form of sets;
//! sorting and the rule that the last one counts are applied once, when the set is built, and not
//! at all where labels were set by rising name.

use super::name::is_below;
use super::set::{Labels, push_pair, push_piece};
use std::ops::Range;

/// Builds a [`Labels`]; the last value set for a name counts, an empty one removes the label.
///
/// ```
/// use telemetry_core::labels::LabelsBuilder;
/// let set = LabelsBuilder::new().set("b", "1").set("a", "2").remove("b").build();
/// assert_eq!(set.to_string(), r#"{a="2"}"#);
/// ```
#[derive(Clone, Debug, Default)]
pub struct LabelsBuilder {
    arena: String,
    entries: Vec<Entry>,
    /// Whether the arena is not the canonical form of the set.
    is_loose: bool,
    /// The canonical form where the arena is not it, kept between builds for its allocation.
    canonical: String,
}

/// Where one label lies in the arena. Later entries override earlier ones.
#[derive(Clone, Debug)]
struct Entry {
    name: Range<usize>,
    value: Range<usize>,
}

impl LabelsBuilder {
    /// A builder without labels.
    pub fn new() -> Self {
        LabelsBuilder::default()
    }

    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        let last = self.entries.last().map(|last| piece(&self.arena, &last.name));
        self.is_loose |= value.is_empty() || last.is_some_and(|last| !is_below(last, name));
        self.arena.reserve(name.len() + value.len() + 2);
        let name = push_piece(&mut self.arena, name);
        let value = push_piece(&mut self.arena, value);
        self.entries.push(Entry { name, value });
        self
    }

    /// Removes a label, if it is there.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.set(name, "")
    }

    /// Sets every label of `labels`.
    pub fn extend(&mut self, labels: &Labels) -> &mut Self {
        for (name, value) in labels {
            self.set(name, value);
        }
        self
    }

    /// Keeps the labels of these names only.
    pub fn only(&mut self, names: &[&str]) -> &mut Self {
        let (arena, count) = (&self.arena, self.entries.len());
        self.entries.retain(|entry| names.contains(&piece(arena, &entry.name)));
        self.is_loose |= self.entries.len() < count;
        self
    }

    /// The value that is set for a name at the moment.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.entries.iter().rfind(|entry| piece(&self.arena, &entry.name) == name)?;
        Some(piece(&self.arena, &found.value)).filter(|value| !value.is_empty())
    }

    /// Forgets all labels and keeps the memory.
    pub fn clear(&mut self) -> &mut Self {
        self.arena.clear();
        self.entries.clear();
        self.is_loose = false;
        self
    }

    /// The set of the labels. The builder keeps them and can go on.
    pub fn build(&mut self) -> Labels {
        if !self.is_loose {
            return Labels::from_canonical(&self.arena);
        }
        self.tidy();
        self.canonical.clear();
        for entry in &self.entries {
            let value = piece(&self.arena, &entry.value);
            if !value.is_empty() {
                push_pair(&mut self.canonical, piece(&self.arena, &entry.name), value);
            }
        }
        Labels::from_canonical(&self.canonical)
    }

    /// Sorts by name and leaves the last entry of each.
    fn tidy(&mut self) {
        let arena = &self.arena;
        if self.entries.is_sorted_by(|a, b| piece(arena, &a.name) < piece(arena, &b.name)) {
            return;
        }
        // The sort is stable, so entries of a name stay in the order in which they were set.
        self.entries.sort_by(|a, b| piece(arena, &a.name).cmp(piece(arena, &b.name)));
        self.entries.dedup_by(|later, earlier| {
            let same = piece(arena, &later.name) == piece(arena, &earlier.name);
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
    }
}

impl From<&Labels> for LabelsBuilder {
    fn from(labels: &Labels) -> Self {
        let mut builder = LabelsBuilder::new();
        builder.extend(labels);
        builder
    }
}

fn piece<'a>(arena: &'a str, range: &Range<usize>) -> &'a str {
    arena.get(range.clone()).unwrap_or_default()
}

/// A [`Labels`] from `name => value` pairs.
///
/// ```
/// let set = telemetry_core::labels! { "app" => "api", "pod" => format!("api-{}", 7) };
/// assert_eq!(set.len(), 2);
/// ```
#[macro_export]
macro_rules! labels {
    ($($name:expr => $value:expr),* $(,)?) => {{
        #[allow(unused_mut, reason = "an empty set changes nothing")]
        let mut builder = $crate::labels::LabelsBuilder::new();
        $( builder.set(::std::convert::AsRef::<str>::as_ref(&$name), ::std::convert::AsRef::<str>::as_ref(&$value)); )*
        builder.build()
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts() {
        let mut builder = LabelsBuilder::new();
        builder.set("b", "1").set("a", "1").set("b", "2").set("a", "");
        assert_eq!(builder.get("b"), Some("2"));
        assert_eq!(builder.get("a"), None);
        assert_eq!(builder.build(), labels! { "b" => "2" });
    }

    #[test]
    fn a_builder_does_not_care_in_which_order_labels_come() {
        let pairs = [("a", "1"), ("ab", "2"), ("b", ""), ("b", "3"), ("c", "4"), ("a", "5")];
        let expected = labels! { "a" => "5", "ab" => "2", "b" => "3", "c" => "4" };
        let mut builder = LabelsBuilder::new();
        for turn in 0..pairs.len() {
            builder.clear();
            // The last value for `a` must stay the last.
            let (last, rest) = (pairs[5], &pairs[..5]);
            let turned = rest.iter().cycle().skip(turn).take(5).chain([&last]);
            for (name, value) in turned {
                builder.set(name, value);
            }
            let empty_counts = builder.get("b").is_none();
            let built = builder.build();
            assert_eq!(
                built,
                if empty_counts { expected.without(&["b"]) } else { expected.clone() }
            );
            assert_eq!(built.hash64(), Labels::from_pairs(&built).hash64());
        }
        builder.clear().set("a", "1").set("b", "2").set("c", "3").only(&["a", "c"]);
        assert_eq!(builder.build(), labels! { "c" => "3", "a" => "1" });
    }

    #[test]
    fn a_builder_goes_on_after_building() {
        let mut builder = LabelsBuilder::from(&labels! { "b" => "1" });
        builder.set("a", "1");
        assert_eq!(builder.build().len(), 2);
        builder.set("b", "3").remove("a");
        assert_eq!(builder.build(), labels! { "b" => "3" });
        assert_eq!(builder.clear().build(), labels! {});
    }
}
