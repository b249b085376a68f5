//! Lines → patterns, by the Drain method: lines of as many words that begin alike are compared word
//! by word with the clusters known so far, and join the most similar; words that differ become
//! `<_>`.
//!
//! ~~~text
//! user 17 logged in            ┐
//! user 23 logged in            ├─▶  user <_> logged <_>
//! user 40 logged out           ┘
//! ~~~
//!
//! Words with a digit vary from the start. Memory is bounded: so many clusters, each of so many
//! words; when there are too many, the one that was matched longest ago goes.

use hashbrown::HashMap;

/// What stands for a word that varies.
pub(super) const WILDCARD: &str = "<_>";
/// Lines longer than this are no lines to find a pattern in.
const LINE_BYTES_MAX: usize = 3_000;
/// Words that a line may have.
const WORDS_MAX: usize = 100;
/// Clusters that are kept.
pub(super) const CLUSTERS_MAX: usize = 300;
/// The share of words that must be equal.
const SIMILARITY: f64 = 0.3;

/// Words and what stands between them.
#[derive(Clone, Debug)]
struct Cluster {
    kind: Kind,
    /// Words that varied are none.
    words: Vec<Option<Box<str>>>,
    /// What stands before each word, and behind the last.
    gaps: Vec<Box<str>>,
    matched: u64,
}

/// What lines of one cluster have in common: the number of words, and the first that is fixed.
type Kind = (usize, Box<str>);

/// The clusters that lines have fallen into.
#[derive(Clone, Debug, Default)]
pub(super) struct Drain {
    /// By number; numbers are not used again.
    clusters: HashMap<usize, Cluster>,
    /// Numbers of clusters by their kind.
    alike: HashMap<Kind, Vec<usize>>,
    next: usize,
    lines: u64,
}

impl Drain {
    /// Takes up a line; gives the number of its cluster. Lines that are too long have none, nor has
    /// an empty one.
    pub(super) fn add(&mut self, line: &str) -> Option<usize> {
        if line.len() > LINE_BYTES_MAX || line.trim().is_empty() {
            return None;
        }
        let (words, gaps) = split(line);
        self.lines += 1;
        let first = words.iter().flatten().next().copied().unwrap_or_default();
        let kind: Kind = (words.len(), first.into());
        let numbers = self.alike.entry(kind.clone()).or_default();
        let mut best: Option<(usize, f64)> = None;
        for number in numbers.iter().copied() {
            let Some(cluster) = self.clusters.get(&number) else { continue };
            let similarity = cluster.similarity(&words);
            if similarity >= SIMILARITY && best.is_none_or(|(_, known)| similarity > known) {
                best = Some((number, similarity));
            }
        }
        if let Some((number, _)) = best {
            if let Some(cluster) = self.clusters.get_mut(&number) {
                cluster.join(&words, &gaps);
                cluster.matched = self.lines;
            }
            return Some(number);
        }
        let number = self.next;
        self.next += 1;
        numbers.push(number);
        let words = words.iter().map(|word| word.map(Box::from)).collect();
        let gaps = gaps.iter().map(|gap| Box::from(*gap)).collect();
        self.clusters.insert(number, Cluster { kind, words, gaps, matched: self.lines });
        self.evict();
        Some(number)
    }

    /// Lets the cluster go that was matched longest ago, if there are too many.
    fn evict(&mut self) {
        if self.clusters.len() <= CLUSTERS_MAX {
            return;
        }
        let oldest = self.clusters.iter().map(|(number, one)| (one.matched, *number)).min();
        let gone = oldest.and_then(|(_, number)| Some((number, self.clusters.remove(&number)?)));
        let Some((number, cluster)) = gone else { return };
        if let Some(numbers) = self.alike.get_mut(&cluster.kind) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.alike.remove(&cluster.kind);
            }
        }
    }

    /// The pattern of a cluster, if it was not let go.
    pub(super) fn pattern(&self, number: usize) -> Option<String> {
        self.clusters.get(&number).map(Cluster::pattern)
    }

    /// Whether a cluster was not let go.
    pub(super) fn holds(&self, number: usize) -> bool {
        self.clusters.contains_key(&number)
    }
}

impl Cluster {
    fn similarity(&self, words: &[Option<&str>]) -> f64 {
        let pairs = self.words.iter().zip(words);
        let equal = pairs.filter(|(known, word)| known.as_deref() == **word && word.is_some());
        let fixed = self.words.iter().flatten().count();
        equal.count() as f64 / fixed.max(1) as f64
    }

    fn join(&mut self, words: &[Option<&str>], gaps: &[&str]) {
        for (known, word) in self.words.iter_mut().zip(words) {
            if known.as_deref() != *word {
                *known = None;
            }
        }
        for (known, gap) in self.gaps.iter_mut().zip(gaps) {
            if **known != **gap {
                *known = " ".into();
            }
        }
    }

    /// The words with their gaps; wildcards that touch are one.
    fn pattern(&self) -> String {
        let mut out = String::new();
        for (number, gap) in self.gaps.iter().enumerate() {
            out.push_str(gap);
            match self.words.get(number) {
                Some(Some(word)) => out.push_str(word),
                Some(None) if out.ends_with(WILDCARD) => {}
                Some(None) => out.push_str(WILDCARD),
                None => {}
            }
        }
        out
    }
}

/// The words of a line, none for those with a digit, and what stands before each and behind the
/// last. What is behind the last word that counts is one more.
fn split(line: &str) -> (Vec<Option<&str>>, Vec<&str>) {
    let parts = |c: char| {
        c.is_whitespace()
            || matches!(c, '=' | '"' | '\'' | ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}')
    };
    let (mut words, mut gaps) = (Vec::new(), Vec::new());
    let mut rest = line;
    loop {
        let start = rest.find(|c| !parts(c)).unwrap_or(rest.len());
        let (gap, behind) = rest.split_at_checked(start).unwrap_or((rest, ""));
        gaps.push(gap);
        if behind.is_empty() {
            return (words, gaps);
        }
        let end = match words.len() + 1 < WORDS_MAX {
            true => behind.find(parts).unwrap_or(behind.len()),
            false => behind.len(),
        };
        let (word, behind) = behind.split_at_checked(end).unwrap_or((behind, ""));
        let varies = words.len() + 1 == WORDS_MAX || word.bytes().any(|b| b.is_ascii_digit());
        words.push((!varies).then_some(word));
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_differ_become_wildcards() {
        let mut drain = Drain::default();
        let lines = ["user 17 logged in", "user 23 logged in", "user 40 logged out"];
        let numbers: Vec<_> = lines.iter().map(|line| drain.add(line)).collect();
        assert_eq!(numbers, [Some(0); 3]);
        assert_eq!(drain.pattern(0).unwrap(), "user <_> logged <_>");
        assert_eq!(drain.add("connection closed"), Some(1));
        assert_eq!(drain.add(""), None);
        assert_eq!(drain.pattern(1).unwrap(), "connection closed");
    }

    #[test]
    fn clusters_are_bounded() {
        let mut drain = Drain::default();
        let letters = |number: usize| {
            let digits = number.to_string().into_bytes();
            digits.iter().map(|digit| char::from(digit + 49)).collect::<String>()
        };
        for number in 0..100_000 {
            drain.add(&letters(number));
        }
        assert_eq!(drain.clusters.len(), CLUSTERS_MAX);
        assert!(drain.alike.len() <= CLUSTERS_MAX);
        drain.add(&"x y ".repeat(700));
        assert!(drain.clusters.values().all(|cluster| cluster.words.len() <= WORDS_MAX));
    }
}
