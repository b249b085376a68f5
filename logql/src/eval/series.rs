//! The series that lines fall into.

use super::row::Steps;
use crate::value::LabelSet;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use telemetry_core::labels::Labels;

/// Series by their labels, in the order of their first line.
pub(super) struct SeriesTable<A> {
    table: HashTable<usize>,
    series: Vec<(LabelSet, A)>,
    /// The series of lines that have no labels but those of their stream.
    of_streams: HashMap<Labels, usize>,
    hasher: DefaultHashBuilder,
}

impl<A: Default> SeriesTable<A> {
    pub(super) fn new() -> Self {
        SeriesTable {
            table: HashTable::new(),
            series: Vec::new(),
            of_streams: HashMap::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// The number of the series with these labels, which must be sorted.
    pub(super) fn number(&mut self, pairs: &[(&str, &str)]) -> usize {
        let hasher = &self.hasher;
        let hash = self::hash(hasher, pairs.iter().copied());
        let series = &mut self.series;
        let equal = |number: &usize| {
            series.get(*number).is_some_and(|(labels, _)| labels.iter().eq(pairs.iter().copied()))
        };
        if let Some(number) = self.table.find(hash, equal) {
            return *number;
        }
        let number = series.len();
        series.push((pairs.iter().copied().collect(), A::default()));
        let hash_of = |number: &usize| {
            series.get(*number).map_or(0, |(labels, _)| self::hash(hasher, labels.iter()))
        };
        self.table.insert_unique(hash, number, hash_of);
        number
    }

    /// The number of the series of a stream's plain lines, which have those of its labels that
    /// `takes` takes: the same of all streams of a table.
    pub(super) fn of_stream(&mut self, stream: &Labels, takes: impl Fn(&str) -> bool) -> usize {
        if let Some(number) = self.of_streams.get(stream) {
            return *number;
        }
        let pairs: Vec<(&str, &str)> = stream.iter().filter(|(name, _)| takes(name)).collect();
        let number = self.number(&pairs);
        self.of_streams.insert(stream.clone(), number);
        number
    }

    /// Takes up what another table has gathered from later pages.
    pub(super) fn absorb(&mut self, later: Self, merge: impl Fn(&mut A, A)) {
        if self.series.is_empty() {
            *self = later;
            return;
        }
        for (labels, gathered) in later.series {
            let pairs: Vec<(&str, &str)> = labels.iter().collect();
            let number = self.number(&pairs);
            if let Some(known) = self.get(number) {
                merge(known, gathered);
            }
        }
    }

    /// What is gathered for a series.
    pub(super) fn get(&mut self, number: usize) -> Option<&mut A> {
        self.series.get_mut(number).map(|(_, gathered)| gathered)
    }

    /// All series, sorted by labels.
    pub(super) fn into_sorted(mut self) -> Vec<(LabelSet, A)> {
        self.series.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.series
    }
}

fn hash<'l>(hasher: &DefaultHashBuilder, pairs: impl Iterator<Item = (&'l str, &'l str)>) -> u64 {
    let mut hasher = hasher.build_hasher();
    pairs.for_each(|pair| pair.hash(&mut hasher));
    hasher.finish()
}

/// Lines and bytes per step.
///
/// A line counts in all steps whose window holds it, a stretch of steps. The counts are kept as
/// differences at the ends of the stretches, so a line costs the same however many steps hold it;
/// a series with fewer lines than steps keeps its lines instead.
#[derive(Debug, Default)]
pub(super) struct Counts {
    lines: Vec<(usize, usize, Tally)>,
    differences: Vec<Tally>,
}

/// Lines and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) lines: u64,
    pub(super) bytes: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: Tally) {
        self.lines = self.lines.wrapping_add(other.lines);
        self.bytes = self.bytes.wrapping_add(other.bytes);
    }

    fn subtract(&mut self, other: Tally) {
        self.lines = self.lines.wrapping_sub(other.lines);
        self.bytes = self.bytes.wrapping_sub(other.bytes);
    }
}

impl Counts {
    /// Adds lines that the steps `from..to` hold.
    pub(super) fn add(&mut self, from: usize, to: usize, tally: Tally, steps: &Steps) {
        if from >= to {
            return;
        }
        if self.differences.is_empty() {
            self.lines.push((from, to, tally));
            if self.lines.len() > steps.count {
                self.differences = vec![Tally::default(); steps.count + 1];
                for (from, to, tally) in std::mem::take(&mut self.lines) {
                    self.spread(from, to, tally);
                }
            }
            return;
        }
        self.spread(from, to, tally);
    }

    /// Adds what another one holds.
    pub(super) fn absorb(&mut self, other: Counts, steps: &Steps) {
        for (from, to, tally) in other.lines {
            self.add(from, to, tally, steps);
        }
        if other.differences.is_empty() {
            return;
        }
        if self.differences.is_empty() {
            self.differences = other.differences;
            for (from, to, tally) in std::mem::take(&mut self.lines) {
                self.spread(from, to, tally);
            }
            return;
        }
        for (slot, tally) in self.differences.iter_mut().zip(other.differences) {
            slot.add(tally);
        }
    }

    fn spread(&mut self, from: usize, to: usize, tally: Tally) {
        if let Some(slot) = self.differences.get_mut(from) {
            slot.add(tally);
        }
        if let Some(slot) = self.differences.get_mut(to) {
            slot.subtract(tally);
        }
    }

    /// The counts of every step.
    pub(super) fn into_steps(mut self, steps: &Steps) -> Vec<Tally> {
        if self.differences.is_empty() {
            self.differences = vec![Tally::default(); steps.count + 1];
            for (from, to, tally) in std::mem::take(&mut self.lines) {
                self.spread(from, to, tally);
            }
        }
        let mut sum = Tally::default();
        for slot in &mut self.differences {
            sum.add(*slot);
            *slot = sum;
        }
        self.differences.truncate(steps.count);
        self.differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_equal_a_count_per_step() {
        let steps = Steps { start: 0, step: 1, count: 5 };
        for lines in [3, 40] {
            let mut counts = Counts::default();
            let mut expected = vec![Tally::default(); 5];
            for line in 0..lines {
                let (from, to, tally) = line_of(line);
                counts.add(from, to, tally, &steps);
                (from..to).for_each(|step| expected[step].add(tally));
            }
            assert_eq!(counts.into_steps(&steps), expected);
        }
    }

    #[test]
    fn counts_of_parts_equal_those_of_the_whole() {
        let steps = Steps { start: 0, step: 1, count: 5 };
        let counts_of = |lines: std::ops::Range<usize>| {
            let mut counts = Counts::default();
            lines.map(line_of).for_each(|(from, to, tally)| counts.add(from, to, tally, &steps));
            counts
        };
        for cut in [0, 2, 20, 38, 40] {
            let mut counts = counts_of(0..cut);
            counts.absorb(counts_of(cut..40), &steps);
            let whole = counts_of(0..40);
            assert_eq!(counts.into_steps(&steps), whole.into_steps(&steps), "cut at {cut}");
        }
    }

    fn line_of(line: usize) -> (usize, usize, Tally) {
        let tally = Tally { lines: 1, bytes: line as u64 };
        (line % 4, (line % 4 + line % 3).min(5), tally)
    }
}
