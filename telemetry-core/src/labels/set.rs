//! [`Labels`]: an immutable, sorted set of labels in one allocation.
//!
//! ~~~text
//! text    repeated, by rising name:  name_len varint · name · value_len varint · value
//! varint  6 bits a byte, lowest first; bit 6 says that another byte follows; bit 7 is clear
//! ~~~
//!
//! Bit 7 is clear so that the whole is UTF-8 and pieces of it can be lent as `&str` without
//! checking them again. Most lengths take one byte. The text is the canonical form of the set:
//! two sets are equal when their texts are, and [`Labels::hash64`] is XXH3 of it. The form lives
//! in memory only; what goes to disk is each store's choice, except the hash, which is stable.
//!
//! Invariants: names are unique, sorted by their bytes, values are not empty (an empty value
//! means that the label is absent). Names and values are any UTF-8.

use super::builder::LabelsBuilder;
use super::name::is_classic_name;
use crate::syntax::string::write_quoted;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Name of the label that holds a metric's name.
pub const METRIC_NAME: &str = "__name__";

/// An immutable set of labels, sorted by name. Cheap to clone (one reference count), to hash
/// (the hash is kept) and to compare.
///
/// The order of sets is that of Prometheus: label by label, names before values, a prefix first.
///
/// ```
/// use telemetry_core::labels;
/// let set = labels! { "job" => "api", "__name__" => "up", "empty" => "" };
/// assert_eq!(set.get("job"), Some("api"));
/// assert_eq!(set.get("empty"), None);
/// assert_eq!(set.to_string(), r#"{__name__="up", job="api"}"#);
/// ```
#[derive(Clone)]
pub struct Labels {
    /// `None` is the empty set, which allocates nothing.
    text: Option<Arc<str>>,
    hash: u64,
}

impl Labels {
    /// The set without labels.
    pub fn empty() -> Self {
        Labels { text: None, hash: xxh3_64(b"") }
    }

    /// The set of `pairs`, which need not be sorted. Of several values for a name the last
    /// counts; empty values are left out.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut builder = LabelsBuilder::new();
        for (name, value) in pairs {
            builder.set(name.as_ref(), value.as_ref());
        }
        builder.build()
    }

    /// The set whose canonical form is `text`.
    pub(super) fn from_canonical(text: &str) -> Self {
        if text.is_empty() {
            return Labels::empty();
        }
        Labels { text: Some(Arc::from(text)), hash: xxh3_64(text.as_bytes()) }
    }

    fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Number of labels, found by walking over them.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.text.is_none()
    }

    /// The labels as (name, value), by rising name.
    pub fn iter(&self) -> Iter<'_> {
        Iter { rest: self.text() }
    }

    /// The value of a label. Walks over the names in front of it, comparing lengths first.
    pub fn get(&self, name: &str) -> Option<&str> {
        let text = self.text();
        let bytes = text.as_bytes();
        let wanted = name.as_bytes();
        let first = wanted.first();
        let mut at = 0;
        while at < bytes.len() {
            let pair = Pair::at(bytes, at);
            if pair.name_end - pair.name == wanted.len() {
                if bytes.get(pair.name..pair.name_end) == Some(wanted) {
                    return text.get(pair.value..pair.end);
                }
            } else if pair.name < pair.name_end && bytes.get(pair.name) > first {
                // Names are sorted: what follows is greater still.
                return None;
            }
            at = pair.end;
        }
        None
    }

    /// Whether a label of that name is there.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The metric's name: the value of [`METRIC_NAME`].
    pub fn name(&self) -> Option<&str> {
        self.get(METRIC_NAME)
    }

    /// XXH3 of the canonical form. Kept in the handle; stable over builds and machines.
    pub fn hash64(&self) -> u64 {
        self.hash
    }

    /// [`Labels::hash64`] of `self.only(names)`, without building it: a grouping key.
    pub fn hash_for(&self, names: &[&str]) -> u64 {
        self.hash_filtered(|name| names.contains(&name))
    }

    /// [`Labels::hash64`] of `self.without(names)`, without building it. The metric's name is
    /// left out only where `names` says so.
    pub fn hash_without(&self, names: &[&str]) -> u64 {
        self.hash_filtered(|name| !names.contains(&name))
    }

    fn hash_filtered(&self, keep: impl FnMut(&str) -> bool) -> u64 {
        let text = self.text();
        let mut runs = self.runs(keep);
        let first = runs.next().unwrap_or_default();
        let first = text.as_bytes().get(first).unwrap_or_default();
        let Some(second) = runs.next() else {
            return xxh3_64(first);
        };
        let mut scratch = Scratch::new();
        scratch.push(first);
        for run in std::iter::once(second).chain(runs) {
            scratch.push(text.as_bytes().get(run).unwrap_or_default());
        }
        xxh3_64(scratch.bytes())
    }

    /// The stretches of the canonical form that hold the labels whose names are kept.
    fn runs(&self, mut keep: impl FnMut(&str) -> bool) -> impl Iterator<Item = Range<usize>> {
        let text = self.text();
        let mut at = 0;
        std::iter::from_fn(move || {
            let mut run = at..at;
            while at < text.len() {
                let pair = Pair::at(text.as_bytes(), at);
                at = pair.end;
                if keep(text.get(pair.name..pair.name_end).unwrap_or_default()) {
                    run.end = at;
                } else if run.is_empty() {
                    run = at..at;
                } else {
                    return Some(run);
                }
            }
            Some(run).filter(|run| !run.is_empty())
        })
    }

    /// Whether `self.only(names)` and `other.only(names)` are equal: settles two equal keys of
    /// [`Labels::hash_for`].
    pub fn equal_for(&self, other: &Labels, names: &[&str]) -> bool {
        let chosen = |(name, _): &(&str, &str)| names.contains(name);
        self.iter().filter(chosen).eq(other.iter().filter(chosen))
    }

    /// Whether `self.without(names)` and `other.without(names)` are equal.
    pub fn equal_without(&self, other: &Labels, names: &[&str]) -> bool {
        let chosen = |(name, _): &(&str, &str)| !names.contains(name);
        self.iter().filter(chosen).eq(other.iter().filter(chosen))
    }

    /// The labels of these names only.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Labels {
        self.filtered(|name| names.contains(&name))
    }

    /// All labels except those of these names.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Labels {
        self.filtered(|name| !names.contains(&name))
    }

    /// The set with one label changed or added; an empty value takes it away.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Labels {
        LabelsBuilder::from(self).set(name, value).build()
    }

    fn filtered(&self, keep: impl FnMut(&str) -> bool) -> Labels {
        let text = self.text();
        let mut runs = self.runs(keep);
        let first = runs.next().unwrap_or_default();
        if first.len() == text.len() {
            return self.clone();
        }
        let first = text.get(first).unwrap_or_default();
        let Some(second) = runs.next() else {
            return Labels::from_canonical(first);
        };
        let mut kept = String::with_capacity(text.len());
        kept.push_str(first);
        for run in std::iter::once(second).chain(runs) {
            kept.push_str(text.get(run).unwrap_or_default());
        }
        Labels::from_canonical(&kept)
    }

    /// Bytes on the heap that this set holds, shared with its clones.
    pub fn heap_bytes(&self) -> usize {
        // An `Arc` keeps two counters beside the text.
        self.text.as_ref().map_or(0, |text| text.len() + 2 * size_of::<usize>())
    }
}

impl Default for Labels {
    fn default() -> Self {
        Labels::empty()
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        if self.hash != other.hash {
            return false;
        }
        match (&self.text, &other.text) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other {
            return Ordering::Equal;
        }
        self.iter().cmp(other.iter())
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            if is_classic_name(name) {
                f.write_str(name)?;
            } else {
                write_quoted(f, name)?;
            }
            f.write_str("=")?;
            write_quoted(f, value)?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Labels::from_pairs(pairs)
    }
}

impl<N: AsRef<str>, V: AsRef<str>, const COUNT: usize> From<[(N, V); COUNT]> for Labels {
    fn from(pairs: [(N, V); COUNT]) -> Self {
        Labels::from_pairs(pairs)
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The labels of a set, by rising name.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let pair = Pair::at(self.rest.as_bytes(), 0);
        let name = self.rest.get(pair.name..pair.name_end)?;
        let value = self.rest.get(pair.value..pair.end)?;
        self.rest = self.rest.get(pair.end..)?;
        Some((name, value))
    }
}

/// Where the pieces of one label are in a canonical form.
struct Pair {
    name: usize,
    name_end: usize,
    value: usize,
    end: usize,
}

impl Pair {
    #[inline]
    fn at(bytes: &[u8], at: usize) -> Pair {
        let (name_len, name) = read_len(bytes, at);
        let name_end = name + name_len;
        let (value_len, value) = read_len(bytes, name_end);
        Pair { name, name_end, value, end: value + value_len }
    }
}

/// Reads a length at `at`; gives it and the offset behind it. Past the end it reads zero.
#[inline]
fn read_len(bytes: &[u8], at: usize) -> (usize, usize) {
    let byte = bytes.get(at).copied().unwrap_or_default();
    if byte & MORE == 0 { (usize::from(byte), at + 1) } else { read_long_len(bytes, at) }
}

#[cold]
fn read_long_len(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let byte = bytes.get(at).copied().unwrap_or_default();
        at += 1;
        value |= usize::from(byte & LOW_BITS) << shift;
        if byte & MORE == 0 {
            return (value, at);
        }
        shift += 6;
    }
}

/// The bits of a byte of a length that hold it.
const LOW_BITS: u8 = 0x3f;
/// The bit that says that another byte follows.
const MORE: u8 = 0x40;

#[inline]
fn write_len(mut value: usize, mut push: impl FnMut(u8)) {
    loop {
        let low = (value & usize::from(LOW_BITS)) as u8;
        value >>= 6;
        if value == 0 {
            return push(low);
        }
        push(low | MORE);
    }
}

pub(super) fn push_pair(text: &mut String, name: &str, value: &str) {
    push_piece(text, name);
    push_piece(text, value);
}

/// Appends a length and a name or value; gives where that is.
#[inline]
pub(super) fn push_piece(text: &mut String, piece: &str) -> Range<usize> {
    write_len(piece.len(), |byte| text.push(char::from(byte)));
    let start = text.len();
    text.push_str(piece);
    start..text.len()
}

/// [`Labels::hash64`] of the set that `pairs` would make, without building it. The pairs must be
/// sorted by name, each name once, no value empty; they need not be known to be UTF-8. Short sets
/// are hashed on the stack.
///
/// ```
/// use telemetry_core::labels::{Labels, hash_pairs};
/// let pairs = [("a", "1"), ("b", "2")];
/// assert_eq!(hash_pairs(pairs), Labels::from(pairs).hash64());
/// ```
pub fn hash_pairs<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> u64 {
    let mut scratch = Scratch::new();
    for (name, value) in pairs {
        scratch.push_piece(name.as_ref());
        scratch.push_piece(value.as_ref());
    }
    xxh3_64(scratch.bytes())
}

/// Canonical forms up to this size need no allocation to be hashed.
const SCRATCH_BYTES: usize = 512;

/// A canonical form under construction, on the stack while it is short.
struct Scratch {
    inline: [u8; SCRATCH_BYTES],
    len: usize,
    spilled: Vec<u8>,
}

impl Scratch {
    fn new() -> Self {
        Scratch { inline: [0; SCRATCH_BYTES], len: 0, spilled: Vec::new() }
    }

    fn push_piece(&mut self, piece: &[u8]) {
        write_len(piece.len(), |byte| self.push(&[byte]));
        self.push(piece);
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.spilled.is_empty() {
            if let Some(room) = self.inline.get_mut(self.len..self.len + bytes.len()) {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
                return;
            }
            self.spilled.extend_from_slice(self.inline.get(..self.len).unwrap_or_default());
        }
        self.spilled.extend_from_slice(bytes);
    }

    fn bytes(&self) -> &[u8] {
        if self.spilled.is_empty() {
            self.inline.get(..self.len).unwrap_or_default()
        } else {
            &self.spilled
        }
    }
}
