//! Samples: what one profile of one series counted, as columns.

pub(crate) mod format;

use std::mem::size_of;

/// One profile of one series: values by stack, sorted by stack and span, each pair once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// When it was taken, in nanoseconds.
    pub(crate) time: i64,
    /// How long it covers, in nanoseconds.
    pub(crate) duration: i64,
    /// Stack ids.
    pub(crate) stacks: Vec<u32>,
    /// As many values.
    pub(crate) values: Vec<i64>,
    /// As many span ids, 0 where there is none; or no spans at all.
    pub(crate) spans: Vec<u64>,
}

impl Row {
    /// A row from samples in any order; equal stacks of equal spans are added up.
    pub(crate) fn new(time: i64, duration: i64, mut samples: Vec<(u32, u64, i64)>) -> Self {
        samples.sort_unstable_by_key(|(stack, span, _)| (*stack, *span));
        samples.dedup_by(|later, kept| {
            let equal = (later.0, later.1) == (kept.0, kept.1);
            if equal {
                kept.2 = kept.2.saturating_add(later.2);
            }
            equal
        });
        let has_spans = samples.iter().any(|(_, span, _)| *span != 0);
        Row {
            time,
            duration,
            stacks: samples.iter().map(|(stack, _, _)| *stack).collect(),
            values: samples.iter().map(|(_, _, value)| *value).collect(),
            spans: if has_spans {
                samples.iter().map(|(_, span, _)| *span).collect()
            } else {
                vec![]
            },
        }
    }

    /// The same row with other stack ids.
    pub(crate) fn translated(&self, stack: impl Fn(u32) -> u32) -> Row {
        let span = |at: usize| self.spans.get(at).copied().unwrap_or(0);
        let samples = self.stacks.iter().zip(&self.values).enumerate();
        let samples = samples.map(|(at, (id, value))| (stack(*id), span(at), *value)).collect();
        Row::new(self.time, self.duration, samples)
    }

    /// Bytes in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Row>() + self.stacks.len() * 12 + self.spans.len() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_stacks_of_equal_spans_are_one() {
        let row = Row::new(5, 1, vec![(2, 0, 1), (1, 7, 1), (2, 0, 4), (1, 0, 2)]);
        assert_eq!(row.stacks, [1, 1, 2]);
        assert_eq!(row.spans, [0, 7, 0]);
        assert_eq!(row.values, [2, 1, 5]);
    }
}
