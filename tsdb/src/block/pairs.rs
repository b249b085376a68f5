//! Labels with a value, sorted: what series are numbered by while a block is written.
//!
//! ~~~text
//! rank    0            1              2          3
//! pair    job="api"    job="web"      pod="a"    pod="b"
//! series  {job="api", pod="b"} = [0, 3]
//! ~~~
//!
//! A series is the ranks of its labels, by rising name, hence by rising rank; and series are in the
//! order of their labels when these lists are. So nothing that writes a block compares texts of
//! series: texts are sorted once, whatever the number of series that have them.

use std::cmp::Ordering;
use std::ops::Range;

/// Pairs in the order of their names and values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    names: Vec<PairName>,
    /// All values, one behind the other.
    pool: String,
    /// Where each value ends in the pool.
    ends: Vec<usize>,
}

#[derive(Clone, Debug)]
struct PairName {
    text: String,
    /// The rank of its first pair.
    first: u32,
}

impl Pairs {
    /// Adds a pair behind those before it. Gives its rank.
    pub(crate) fn push(&mut self, name: &str, value: &str) -> u32 {
        let rank = self.len();
        if self.names.last().is_none_or(|last| last.text != name) {
            self.names.push(PairName { text: name.to_owned(), first: rank });
        }
        self.pool.push_str(value);
        self.ends.push(self.pool.len());
        rank
    }

    /// Number of pairs.
    pub(crate) fn len(&self) -> u32 {
        // A block has fewer series than 2³², and none has that many labels of its own.
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// Number of names.
    pub(crate) fn names(&self) -> usize {
        self.names.len()
    }

    /// The text of a name.
    pub(crate) fn name(&self, name: usize) -> &str {
        self.names.get(name).map_or("", |name| &name.text)
    }

    /// The ranks of the pairs of a name.
    pub(crate) fn ranks(&self, name: usize) -> Range<u32> {
        let start = self.names.get(name).map_or(self.len(), |name| name.first);
        let end = self.names.get(name + 1).map_or(self.len(), |next| next.first);
        start..end
    }

    /// The name of a pair.
    pub(crate) fn name_of(&self, rank: u32) -> usize {
        self.names.partition_point(|name| name.first <= rank).saturating_sub(1)
    }

    /// The value of a pair.
    pub(crate) fn value(&self, rank: u32) -> &str {
        let rank = rank as usize;
        let start = rank.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(rank).copied().unwrap_or_default();
        self.pool.get(start.unwrap_or(0)..end).unwrap_or_default()
    }
}

/// A sorted list of texts that is read once, from the front.
pub(crate) trait SortedTexts {
    /// What reading can fail with.
    type Error;

    /// The current text; none at the end.
    fn peek(&self) -> Option<&str>;

    /// Moves to the next.
    fn advance(&mut self) -> Result<(), Self::Error>;
}

/// Visits the texts of several lists in order, equal ones together: the text, and which lists have
/// it.
pub(crate) fn merge_texts<T: SortedTexts>(
    lists: &mut [T],
    mut visit: impl FnMut(&str, &[usize]),
) -> Result<(), T::Error> {
    let mut at = Vec::new();
    loop {
        at.clear();
        let mut least: Option<&str> = None;
        for (index, list) in lists.iter().enumerate() {
            let Some(text) = list.peek() else { continue };
            match least.map_or(Ordering::Less, |least| text.cmp(least)) {
                Ordering::Less => {
                    least = Some(text);
                    at.clear();
                    at.push(index);
                }
                Ordering::Equal => at.push(index),
                Ordering::Greater => {}
            }
        }
        let Some(least) = least else { return Ok(()) };
        visit(least, &at);
        for index in &at {
            if let Some(list) = lists.get_mut(*index) {
                list.advance()?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_find_names_and_values() {
        let mut pairs = Pairs::default();
        for (rank, (name, value)) in
            (0..).zip([("a", "x"), ("a", "y"), ("b", ""), ("c", "x"), ("c", "zz")])
        {
            assert_eq!(pairs.push(name, value), rank);
        }
        assert_eq!((pairs.len(), pairs.names()), (5, 3));
        assert_eq!((pairs.name(2), pairs.ranks(2), pairs.ranks(0)), ("c", 3..5, 0..2));
        assert_eq!(pairs.ranks(3), 5..5);
        let found: Vec<_> =
            (0..5).map(|rank| (pairs.name(pairs.name_of(rank)), pairs.value(rank))).collect();
        assert_eq!(found, [("a", "x"), ("a", "y"), ("b", ""), ("c", "x"), ("c", "zz")]);
    }

    #[test]
    fn lists_are_merged_with_equal_texts_once() {
        struct List(&'static [&'static str]);
        impl SortedTexts for List {
            type Error = std::convert::Infallible;
            fn peek(&self) -> Option<&str> {
                self.0.first().copied()
            }
            fn advance(&mut self) -> Result<(), Self::Error> {
                self.0 = &self.0[1..];
                Ok(())
            }
        }
        let mut lists = [List(&["a", "c"]), List(&["b", "c", "d"]), List(&[])];
        let mut seen = Vec::new();
        merge_texts(&mut lists, |text, at| seen.push((text.to_owned(), at.to_vec()))).unwrap();
        let wanted = [("a", vec![0]), ("b", vec![1]), ("c", vec![0, 1]), ("d", vec![1])];
        assert_eq!(seen, wanted.map(|(text, at)| (text.to_owned(), at)));
    }
}
