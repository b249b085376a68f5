//! Labels of series as numbers, and which series have them.
//!
//! ~~~text
//! names     number → text, ids that have it, its pairs
//! pairs     number → name, value (a place in texts), ids that have it
//! members   of a series │ of another │ …         pair numbers, by rising name
//! spans     id → its members
//! ~~~
//!
//! A label that a thousand series have is kept once, and a series is a few numbers: about 190
//! bytes, all told, where a set of seven labels with a value of its own has 150 bytes of text.
//! Everything only grows, and numbers never change, so a reader may let go of the lock between
//! two steps and look at what was there when it began. Series are evicted by building another
//! index without them (evict.rs), of a later *edition*; ids are the same there, other numbers are not.

use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};
use telemetry_core::storage::postings::Postings;

/// Sets of up to this many labels are looked up without an allocation.
const MEMBERS_INLINE: usize = 32;
/// Texts are kept in pieces of this size, unless one is longer.
const TEXTS_BYTES: usize = 1 << 20;
/// Ids that wait to be added to a bitmap, which takes many at once in less time than one by one.
const TAIL_IDS_MAX: usize = 64;

/// Series by their labels.
#[derive(Debug, Default)]
pub(super) struct Index {
    names: Vec<Name>,
    name_numbers: HashMap<Box<str>, u32>,
    pairs: Vec<Pair>,
    /// Pair numbers by name and value.
    pair_numbers: HashTable<u32>,
    texts: Vec<String>,
    members: Vec<u32>,
    /// Where in `members` those of each id are, and how many; none where the id is of no series.
    spans: Vec<(u32, u32)>,
    /// Series by their pair numbers.
    series: HashTable<u32>,
    /// All ids.
    all: Runs,
    hasher: RandomState,
    edition: u64,
}

/// Ids that mostly come one after the other.
#[derive(Debug, Default)]
struct Runs {
    /// Without the last run.
    ids: Postings,
    last: Range<u32>,
}

/// A name of labels.
#[derive(Debug)]
pub(super) struct Name {
    text: Box<str>,
    /// The ids that have it: most names come with series after series.
    ids: Runs,
    pub(super) pairs: Vec<u32>,
}

/// A name with a value.
#[derive(Debug)]
struct Pair {
    name: u32,
    text: u32,
    offset: u32,
    len: u32,
    ids: Ids,
}

/// Most pairs of a large store belong to one series.
#[derive(Debug)]
enum Ids {
    One(u32),
    More(Box<More>),
}

/// Two ids or more.
#[derive(Debug, Default)]
struct More {
    set: Postings,
    /// Those that are not in `set` yet.
    tail: Vec<u32>,
}

/// What of a label set is known already: its pair numbers, none for a pair that is new.
pub(super) type Known = Vec<Option<u32>>;

impl Index {
    /// An index for the series that stay in another one.
    pub(super) fn after(other: &Index) -> Self {
        Index { edition: other.edition + 1, ..Index::default() }
    }

    /// Rises with every eviction: numbers of names and pairs are those of one edition.
    pub(super) fn edition(&self) -> u64 {
        self.edition
    }

    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether an id is of a series here.
    pub(super) fn has(&self, id: u32) -> bool {
        self.spans.get(id as usize).is_some_and(|(_, len)| *len > 0)
    }

    /// The ids of all series.
    pub(super) fn all(&self) -> Postings {
        self.all.get()
    }

    /// The series with these labels, sorted by name; and the numbers of its pairs in `known`.
    pub(super) fn find(&self, labels: &[(&str, &str)], known: &mut Known) -> Option<u32> {
        known.clear();
        known.extend(labels.iter().map(|(name, value)| {
            let name = self.name_numbers.get(*name)?;
            self.pair(*name, value)
        }));
        self.find_known(known)
    }

    /// The series with these pairs.
    pub(super) fn find_known(&self, known: &Known) -> Option<u32> {
        let mut members = [0; MEMBERS_INLINE];
        if let Some(members) = members.get_mut(..known.len()) {
            for (member, pair) in members.iter_mut().zip(known) {
                *member = (*pair)?;
            }
            return self.find_members(members);
        }
        let members: Option<Vec<u32>> = known.iter().copied().collect();
        self.find_members(&members?)
    }

    fn find_members(&self, members: &[u32]) -> Option<u32> {
        let hash = self.hasher.hash_one(members);
        self.series.find(hash, |id| self.members(*id) == members).copied()
    }

    /// Whether there are numbers left for a series of so many labels.
    pub(super) fn has_room(&self, labels: usize) -> bool {
        self.members.len().saturating_add(labels) < u32::MAX as usize
    }

    /// Adds a series that is not there, of which `known` is known, under an id that is free.
    pub(super) fn add(&mut self, id: u32, labels: &[(&str, &str)], known: &Known) {
        let start = self.members.len() as u32;
        for ((name, value), known) in labels.iter().zip(known) {
            let pair = match known {
                Some(pair) => *pair,
                None => self.make_pair(name, value, id),
            };
            if let Some(known) = self.pairs.get_mut(pair as usize) {
                known.ids.push(id);
                if let Some(name) = self.names.get_mut(known.name as usize) {
                    name.ids.push(id);
                }
            }
            self.members.push(pair);
        }
        if self.spans.len() <= id as usize {
            self.spans.resize(id as usize + 1, (0, 0));
        }
        self.spans[id as usize] = (start, self.members.len() as u32 - start);
        self.all.push(id);
        let Index { members, spans, hasher, series, .. } = self;
        let members_of = |id: u32| members_in(members, spans, id);
        let hash = hasher.hash_one(members_of(id));
        series.insert_unique(hash, id, |id| hasher.hash_one(members_of(*id)));
    }

    /// Takes over a series of another index.
    pub(super) fn adopt(&mut self, other: &Index, id: u32, known: &mut Known) {
        let labels: Vec<(&str, &str)> = other.texts(id).collect();
        if !labels.is_empty() && self.find(&labels, known).is_none() {
            self.add(id, &labels, known);
        }
    }

    /// Memory that all of it takes, roughly.
    pub(super) fn memory_bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(String::capacity).sum();
        let tables = self.series.capacity() + self.pair_numbers.capacity();
        // A slot of a table is a number and a byte, and one in eight is empty.
        texts
            + tables * 6
            + self.pairs.capacity() * (size_of::<Pair>() + size_of::<u32>())
            + self.members.capacity() * size_of::<u32>()
            + self.spans.capacity() * size_of::<(u32, u32)>()
    }

    fn make_name(&mut self, text: &str) -> u32 {
        if let Some(number) = self.name_numbers.get(text) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(Name { text: text.into(), ids: Runs::default(), pairs: Vec::new() });
        self.name_numbers.insert(text.into(), number);
        number
    }

    /// The number of a pair that is made for the series `id`, unless it is there by now.
    fn make_pair(&mut self, name: &str, value: &str, id: u32) -> u32 {
        let name = self.make_name(name);
        if let Some(number) = self.pair(name, value) {
            return number;
        }
        let fits = |text: &String| text.capacity() - text.len() >= value.len();
        if !self.texts.last().is_some_and(fits) {
            // The first pieces are small: so are most stores.
            let bytes = TEXTS_BYTES >> 8_usize.saturating_sub(self.texts.len());
            self.texts.push(String::with_capacity(bytes.max(value.len())));
        }
        let (text, mut offset) = (self.texts.len() as u32 - 1, 0);
        if let Some(texts) = self.texts.last_mut() {
            offset = texts.len() as u32;
            texts.push_str(value);
        }
        let number = self.pairs.len() as u32;
        self.pairs.push(Pair { name, text, offset, len: value.len() as u32, ids: Ids::One(id) });
        if let Some(name) = self.names.get_mut(name as usize) {
            name.pairs.push(number);
        }
        let Index { pairs, texts, hasher, pair_numbers, .. } = self;
        let hash_of = |number: u32| {
            let pair = &pairs[number as usize];
            hasher.hash_one((pair.name, text_of(texts, pair)))
        };
        pair_numbers.insert_unique(hash_of(number), number, |number| hash_of(*number));
        number
    }

    fn pair(&self, name: u32, value: &str) -> Option<u32> {
        let hash = self.hasher.hash_one((name, value));
        let found = self.pair_numbers.find(hash, |number| {
            let pair = &self.pairs[*number as usize];
            pair.name == name && text_of(&self.texts, pair) == value
        });
        found.copied()
    }

    /// The pairs of a series, by rising name.
    pub(super) fn members(&self, id: u32) -> &[u32] {
        members_in(&self.members, &self.spans, id)
    }

    /// The labels of a series, by rising name.
    pub(super) fn texts(&self, id: u32) -> impl Iterator<Item = (&str, &str)> {
        self.members(id).iter().map(|pair| self.texts_of(*pair))
    }

    /// Name and value of a pair.
    pub(super) fn texts_of(&self, pair: u32) -> (&str, &str) {
        let Some(pair) = self.pairs.get(pair as usize) else { return ("", "") };
        let name = self.names.get(pair.name as usize).map_or("", |name| &name.text);
        (name, text_of(&self.texts, pair))
    }

    /// The number of the name of a pair, its text, and the value.
    pub(super) fn pair_texts(&self, pair: u32) -> (u32, &str, &str) {
        let (text, value) = self.texts_of(pair);
        (self.name_of(pair), text, value)
    }

    /// The number of the name of a pair.
    pub(super) fn name_of(&self, pair: u32) -> u32 {
        self.pairs.get(pair as usize).map_or(0, |pair| pair.name)
    }

    /// The number of a name.
    pub(super) fn name_number(&self, text: &str) -> Option<u32> {
        self.name_numbers.get(text).copied()
    }

    pub(super) fn name(&self, text: &str) -> Option<&Name> {
        self.names.get(*self.name_numbers.get(text)? as usize)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &*name.text)
    }

    /// The ids that have a name.
    pub(super) fn with_name(&self, text: &str) -> Postings {
        self.name(text).map_or_else(Postings::new, |name| name.ids.get())
    }

    /// Adds the ids that have a pair.
    pub(super) fn add_ids(&self, pair: u32, few: &mut Vec<u32>, many: &mut Postings) {
        match self.pairs.get(pair as usize).map(|pair| &pair.ids) {
            None => {}
            Some(Ids::One(id)) => few.push(*id),
            Some(Ids::More(more)) => {
                few.extend_from_slice(&more.tail);
                if !more.set.is_empty() {
                    many.union_with(&more.set);
                }
            }
        }
    }

    /// Adds the ids that have a name with a value.
    pub(super) fn add_ids_with(
        &self,
        name: &str,
        value: &str,
        few: &mut Vec<u32>,
        many: &mut Postings,
    ) {
        let name = self.name_numbers.get(name);
        if let Some(pair) = name.and_then(|name| self.pair(*name, value)) {
            self.add_ids(pair, few, many);
        }
    }
}

impl Runs {
    /// Adds an id.
    fn push(&mut self, id: u32) {
        if self.last.end != id || self.last.is_empty() {
            if !self.last.is_empty() {
                self.ids.union_with(&Postings::from_range(self.last.clone()));
            }
            self.last = id..id;
        }
        self.last.end = id + 1;
    }

    fn get(&self) -> Postings {
        let mut ids = self.ids.clone();
        ids.union_with(&Postings::from_range(self.last.clone()));
        ids
    }
}

impl Ids {
    /// Adds an id that is not there, or was added last.
    fn push(&mut self, id: u32) {
        match self {
            Ids::One(one) if *one == id => {}
            Ids::One(one) => {
                *self = Ids::More(Box::new(More { tail: vec![*one, id], set: Postings::new() }));
            }
            Ids::More(more) => {
                more.tail.push(id);
                if more.tail.len() >= TAIL_IDS_MAX {
                    more.set.insert_many(&more.tail);
                    more.tail.clear();
                }
            }
        }
    }
}

fn text_of<'a>(texts: &'a [String], pair: &Pair) -> &'a str {
    let range = pair.offset as usize..pair.offset as usize + pair.len as usize;
    texts.get(pair.text as usize).and_then(|text| text.get(range)).unwrap_or_default()
}

fn members_in<'a>(members: &'a [u32], spans: &[(u32, u32)], id: u32) -> &'a [u32] {
    let (start, len) = spans.get(id as usize).copied().unwrap_or_default();
    members.get(start as usize..start as usize + len as usize).unwrap_or_default()
}
