//! Joins templates that differ in words: without that, text in which names vary would have a
//! template per name.
//!
//! ~~~text
//! user anna logged in from ␣        one template each, with few rows;
//! user bert logged in from ␣        the same but for a word
//! user ␣ logged in from ␣           one template for both: the word is a variable
//! ~~~
//!
//! 1. A template that is new and has few rows on its page is rare. One that has many is kept.
//! 2. Rare templates of one skeleton (what is left without words and variables) whose words are
//!    mostly equal are a cluster; words that are not equal in all of it become variables.
//! 3. What was joined is remembered by the hash of the exact template, and by skeleton: the next
//!    page's lines find it without clusters.
//! 4. What is left alone is a template as it is, until there are many; then its lines are kept
//!    whole.

use hashbrown::HashMap;

use super::dictionary::Dictionary;
use super::tokenize::{GapHash, Span, class, class_of};

/// With so many rows on a page a template is worth its place.
const ROWS_MIN: usize = 16;
/// Share of words that those of a cluster have in common, in percent.
const EQUAL_WORDS_MIN: usize = 60;
/// Clusters of one skeleton that a template is compared with.
const CLUSTERS_MAX: usize = 32;
/// Templates of a block with which those that are alone are no more taken.
const LONE_TEMPLATES_MAX: usize = 6000;
/// Exact templates that are remembered.
const KNOWN_MAX: usize = 1 << 17;

/// A template some of whose words are variables.
#[derive(Clone, Debug)]
struct Joined {
    number: u32,
    /// Which words, by their place among the words.
    words: Vec<u16>,
}

/// What was joined in a block.
#[derive(Debug, Default)]
pub(super) struct Rare {
    joined: Vec<Joined>,
    by_exact: HashMap<u64, u32>,
    by_skeleton: HashMap<u64, Vec<u32>>,
}

/// A line whose template is not known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unknown<'l> {
    pub(super) row: usize,
    pub(super) hash: u64,
    pub(super) line: &'l [u8],
    pub(super) start: u32,
    /// Where its variables begin among all.
    pub(super) first_span: usize,
    pub(super) spans: usize,
}

impl Unknown<'_> {
    fn spans<'s>(&self, spans: &'s [Span]) -> &'s [Span] {
        spans.get(self.first_span..self.first_span + self.spans).unwrap_or_default()
    }
}

/// Words of a line that are static as a whole, and the hash of what is left without them.
fn words(line: &[u8], start: u32, variables: &[Span]) -> (Vec<Span>, u64) {
    let mut words = Vec::new();
    let mut skeleton = GapHash::default();
    let (mut gap, mut at) = (0, 0);
    let mut variables = variables.iter().peekable();
    while at < line.len() {
        let from = at;
        let is_part = |byte: &&u8| class_of(**byte) != class::OTHER;
        at += line.iter().skip(at).take_while(is_part).count();
        if at == from {
            at += 1;
            continue;
        }
        let mut has_variable = false;
        while let Some(span) = variables.next_if(|span| ((span.start - start) as usize) < at) {
            has_variable = true;
            skeleton.add(line.get(gap..(span.start - start) as usize).unwrap_or_default());
            skeleton.add(b"\x01");
            gap = (span.start - start) as usize + span.bytes as usize;
        }
        if !has_variable {
            skeleton.add(line.get(gap..from).unwrap_or_default());
            gap = at;
            let text = line.get(from..at).unwrap_or_default();
            let mask = text.iter().fold(0, |mask, byte| mask | class_of(*byte));
            // Lines of templates are bounded.
            let part = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            words.push(Span { start: start + part(from), bytes: part(at - from), mask });
        }
    }
    skeleton.add(line.get(gap..).unwrap_or_default());
    (words, skeleton.finish())
}

/// Variables, and those of the words at `places`, by rising place.
fn with_words(variables: &[Span], words: &[Span], places: &[u16], into: &mut Vec<Span>) {
    let first = into.len();
    into.extend_from_slice(variables);
    into.extend(places.iter().filter_map(|place| words.get(usize::from(*place))));
    if let Some(added) = into.get_mut(first..) {
        added.sort_unstable_by_key(|span| span.start);
    }
}

/// The hash by which a dictionary knows a line with these variables.
fn hash(line: &[u8], start: u32, spans: &[Span]) -> u64 {
    let mut hash = GapHash::default();
    let mut from = 0;
    for span in spans {
        let to = (span.start - start) as usize;
        hash.add(line.get(from..to).unwrap_or_default());
        from = to + span.bytes as usize;
    }
    hash.add(line.get(from..).unwrap_or_default());
    hash.finish()
}

/// Rare lines of one exact template.
struct Exact<'u, 'l> {
    rows: Vec<&'u Unknown<'l>>,
    words: Vec<Span>,
    skeleton: u64,
}

impl<'l> Exact<'_, 'l> {
    fn word(&self, at: usize) -> &'l [u8] {
        let (Some(first), Some(word)) = (self.rows.first(), self.words.get(at)) else { return &[] };
        let from = (word.start - first.start) as usize;
        first.line.get(from..from + word.bytes as usize).unwrap_or_default()
    }
}

impl Rare {
    /// The joined template of a line whose exact template was joined before; its variables are added
    /// to `spans`.
    pub(super) fn known(
        &self,
        unknown: &Unknown<'_>,
        dictionary: &Dictionary,
        spans: &mut Vec<Span>,
    ) -> Option<u32> {
        let joined = self.joined.get(*self.by_exact.get(&unknown.hash)? as usize)?;
        let own = unknown.spans(spans).to_vec();
        let (words, _) = words(unknown.line, unknown.start, &own);
        Self::fit(joined, unknown, (&own, &words), dictionary, spans)
    }

    fn fit(
        joined: &Joined,
        unknown: &Unknown<'_>,
        (own, words): (&[Span], &[Span]),
        dictionary: &Dictionary,
        spans: &mut Vec<Span>,
    ) -> Option<u32> {
        let first = spans.len();
        with_words(own, words, &joined.words, spans);
        let added = spans.get(first..).unwrap_or_default();
        if dictionary.is_of(joined.number, unknown.line, unknown.start, added) {
            return Some(joined.number);
        }
        spans.truncate(first);
        None
    }

    /// Finds templates for lines. `give` gets the row, its template, and where its variables begin
    /// in `spans`; rows that are not given are kept whole.
    pub(super) fn resolve(
        &mut self,
        unknown: &[Unknown<'_>],
        dictionary: &mut Dictionary,
        spans: &mut Vec<Span>,
        give: &mut dyn FnMut(usize, u32, usize),
    ) {
        let mut by_hash: HashMap<u64, Vec<&Unknown<'_>>> = HashMap::new();
        let mut order = Vec::new();
        for line in unknown {
            let rows = by_hash.entry(line.hash).or_default();
            if rows.is_empty() {
                order.push(line.hash);
            }
            rows.push(line);
        }
        let mut by_skeleton: HashMap<u64, Vec<Exact<'_, '_>>> = HashMap::new();
        let mut skeletons = Vec::new();
        for hash in order {
            let Some(rows) = by_hash.remove(&hash) else { continue };
            let Some(first) = rows.first() else { continue };
            if rows.len() >= ROWS_MIN {
                take(&rows, dictionary, spans, give);
                continue;
            }
            let own = first.spans(spans).to_vec();
            let (words, skeleton) = words(first.line, first.start, &own);
            let exact = Exact { rows, words, skeleton };
            if self.joins_known(&exact, dictionary, spans, give) {
                continue;
            }
            let group = by_skeleton.entry(skeleton).or_default();
            if group.is_empty() {
                skeletons.push(skeleton);
            }
            group.push(exact);
        }
        for skeleton in skeletons {
            let group = by_skeleton.remove(&skeleton).unwrap_or_default();
            for cluster in clusters(group) {
                self.join(&cluster, dictionary, spans, give);
            }
        }
    }

    /// Whether lines fit a template that was joined before.
    fn joins_known(
        &mut self,
        exact: &Exact<'_, '_>,
        dictionary: &Dictionary,
        spans: &mut Vec<Span>,
        give: &mut dyn FnMut(usize, u32, usize),
    ) -> bool {
        let Some(first) = exact.rows.first() else { return true };
        let places = self.by_skeleton.get(&exact.skeleton).map(Vec::as_slice).unwrap_or_default();
        let own = first.spans(spans);
        let mut added = Vec::new();
        let fits = |place: &&u32| {
            let Some(joined) = self.joined.get(**place as usize) else { return false };
            added.clear();
            with_words(own, &exact.words, &joined.words, &mut added);
            dictionary.is_of(joined.number, first.line, first.start, &added)
        };
        let Some(place) = places.iter().rev().take(CLUSTERS_MAX).find(fits).copied() else {
            return false;
        };
        self.give_joined(place, exact, dictionary, spans, give);
        true
    }

    fn give_joined(
        &mut self,
        place: u32,
        exact: &Exact<'_, '_>,
        dictionary: &Dictionary,
        spans: &mut Vec<Span>,
        give: &mut dyn FnMut(usize, u32, usize),
    ) {
        let Some(joined) = self.joined.get(place as usize) else { return };
        for line in &exact.rows {
            let own = line.spans(spans).to_vec();
            let (words, _) = words(line.line, line.start, &own);
            let first = spans.len();
            if let Some(number) = Self::fit(joined, line, (&own, &words), dictionary, spans) {
                give(line.row, number, first);
            }
        }
        if let Some(first) = exact.rows.first()
            && self.by_exact.len() < KNOWN_MAX
        {
            self.by_exact.insert(first.hash, place);
        }
    }

    /// Makes one template of a cluster.
    fn join(
        &mut self,
        cluster: &[Exact<'_, '_>],
        dictionary: &mut Dictionary,
        spans: &mut Vec<Span>,
        give: &mut dyn FnMut(usize, u32, usize),
    ) {
        let Some(first) = cluster.first() else { return };
        let Some(line) = first.rows.first() else { return };
        if cluster.len() == 1 {
            if dictionary.len() < LONE_TEMPLATES_MAX {
                take(&first.rows, dictionary, spans, give);
            }
            return;
        }
        let varies = |at: &u16| {
            let at = usize::from(*at);
            cluster.iter().any(|exact| exact.word(at) != first.word(at))
        };
        let count = u16::try_from(first.words.len()).unwrap_or(u16::MAX);
        let words: Vec<u16> = (0..count).filter(varies).collect();
        let mut added = Vec::new();
        with_words(line.spans(spans), &first.words, &words, &mut added);
        let hash = hash(line.line, line.start, &added);
        let Some(number) = dictionary.intern(hash, line.line, line.start, &added) else { return };
        // A block has far fewer templates than four billion.
        let place = u32::try_from(self.joined.len()).unwrap_or(u32::MAX);
        self.joined.push(Joined { number, words });
        self.by_skeleton.entry(first.skeleton).or_default().push(place);
        for exact in cluster {
            self.give_joined(place, exact, dictionary, spans, give);
        }
    }
}

/// Gives lines of one exact template that template.
fn take(
    rows: &[&Unknown<'_>],
    dictionary: &mut Dictionary,
    spans: &[Span],
    give: &mut dyn FnMut(usize, u32, usize),
) {
    for line in rows {
        let own = line.spans(spans);
        if let Some(number) = dictionary.intern(line.hash, line.line, line.start, own) {
            give(line.row, number, line.first_span);
        }
    }
}

/// Templates of one skeleton, those with mostly equal words together.
fn clusters<'u, 'l>(group: Vec<Exact<'u, 'l>>) -> Vec<Vec<Exact<'u, 'l>>> {
    let mut clusters: Vec<Vec<Exact<'_, '_>>> = Vec::new();
    for exact in group {
        let is_near = |cluster: &&mut Vec<Exact<'_, '_>>| {
            let Some(first) = cluster.first() else { return false };
            let count = exact.words.len();
            let equal = (0..count).filter(|at| exact.word(*at) == first.word(*at)).count();
            first.words.len() == count && equal * 100 >= count * EQUAL_WORDS_MIN
        };
        match clusters.iter_mut().rev().take(CLUSTERS_MAX).find(is_near) {
            Some(cluster) => cluster.push(exact),
            None => clusters.push(vec![exact]),
        }
    }
    clusters
}
