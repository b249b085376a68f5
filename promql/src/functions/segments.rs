//! Windows that slide over a column without looking at every sample again.
//!
//! ~~~text
//! samples    · · · · · · · · · · · · · · ·
//! windows    └───────────┘                       low₀ … high₀
//!                  └───────────┘                 low₁ … high₁
//!                        └───────────┘           low₂ … high₂
//! segments   └─────┴─────┴─────┴─────┘           from bound to bound
//! ~~~
//!
//! Where any window starts or ends, a *segment* ends: windows are runs of whole segments. What a
//! function needs of a segment is computed once, in a plain loop over its samples. Windows then slide
//! over segments by a queue of two stacks: the older part of the window is known from each of its
//! segments to its end, the newer part as a whole; when the older part is used up, all of the window
//! becomes the older part. So each segment is joined twice, however many windows it is in, and nothing is
//! ever subtracted: a large value leaves no rounding error behind when it has left the window.

/// The segments of the windows over a column, and which each window is made of.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    /// Where segments start, and where the last one ends.
    bounds: Vec<u32>,
    /// First segment and segment behind the last one, per window; equal if it is empty.
    windows: Vec<(u32, u32)>,
}

impl Segments {
    /// The segments of windows whose ends only move forward.
    pub(crate) fn new(low: &[u32], high: &[u32]) -> Self {
        let populated = || low.iter().zip(high).filter(|(low, high)| low < high);
        let mut bounds: Vec<u32> = Vec::with_capacity(low.len() * 2);
        let (mut starts, mut ends) = (populated().peekable(), populated().peekable());
        while let Some((_, end)) = ends.peek() {
            let bound = match starts.peek() {
                Some((start, _)) if start <= end => *starts.next().map_or(*end, |(start, _)| start),
                _ => *ends.next().map_or(&0, |(_, end)| end),
            };
            if bounds.last() != Some(&bound) {
                bounds.push(bound);
            }
        }
        let (mut first, mut behind) = (0, 0);
        let seek = |at: &mut usize, bound: u32| {
            while bounds.get(*at).is_some_and(|known| *known < bound) {
                *at += 1;
            }
            u32::try_from(*at).unwrap_or(u32::MAX)
        };
        let windows = low.iter().zip(high).map(|(low, high)| match low < high {
            true => (seek(&mut first, *low), seek(&mut behind, *high)),
            false => (0, 0),
        });
        let windows = windows.collect();
        Segments { bounds, windows }
    }

    /// What `of` makes of the samples of each segment, of which there is at least one.
    pub(crate) fn map<T>(&self, values: &[f64], of: impl Fn(&[f64]) -> T) -> Vec<T> {
        let pairs = self.bounds.iter().zip(self.bounds.iter().skip(1));
        pairs.map(|(from, to)| of(&values[*from as usize..*to as usize])).collect()
    }

    /// Segments of each window.
    pub(crate) fn windows(&self) -> impl Iterator<Item = (usize, usize)> {
        self.windows.iter().map(|(first, behind)| (*first as usize, *behind as usize))
    }
}

/// Joins what is known of segments for windows whose ends only move forward. `join` is associative.
pub(super) struct Sliding<'a, T, F> {
    segments: &'a [T],
    join: F,
    /// For segments of the older part: everything from there to `middle`.
    from: Vec<T>,
    /// Where the newer part starts.
    middle: usize,
    /// All of the newer part; none if it is empty.
    newer: Option<T>,
    high: usize,
}

impl<'a, T: Copy, F: Fn(T, T) -> T> Sliding<'a, T, F> {
    pub(super) fn new(segments: &'a [T], join: F) -> Self {
        Sliding { segments, join, from: segments.to_vec(), middle: 0, newer: None, high: 0 }
    }

    /// All of the segments `low..high`, which are some and start and end no earlier than those
    /// before.
    pub(super) fn window(&mut self, low: usize, high: usize) -> T {
        if low >= self.middle {
            let mut all = self.segments[high - 1];
            self.from[high - 1] = all;
            for at in (low..high - 1).rev() {
                all = (self.join)(self.segments[at], all);
                self.from[at] = all;
            }
            (self.middle, self.high, self.newer) = (high, high, None);
            return all;
        }
        for segment in &self.segments[self.high.min(high)..high] {
            self.newer = Some(match self.newer {
                Some(newer) => (self.join)(newer, *segment),
                None => *segment,
            });
        }
        self.high = self.high.max(high);
        match self.newer {
            Some(newer) => (self.join)(self.from[low], newer),
            None => self.from[low],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_runs_of_whole_segments() {
        let (low, high) = ([0, 2, 4, 4, 9], [4, 6, 4, 8, 11]);
        let segments = Segments::new(&low, &high);
        assert_eq!(segments.bounds, [0, 2, 4, 6, 8, 9, 11]);
        let windows: Vec<_> = segments.windows().collect();
        assert_eq!(windows, [(0, 2), (1, 3), (0, 0), (2, 4), (5, 6)]);
        let lengths = segments.map(&[0.0; 11], <[f64]>::len);
        assert_eq!(lengths, [2, 2, 2, 2, 1, 2]);
        assert!(Segments::new(&[3], &[3]).bounds.is_empty());
    }

    #[test]
    fn sliding_joins_equal_those_of_each_window() {
        let texts: Vec<u64> = (0..200).collect();
        // Not commutative: the order of the segments must be kept.
        let join = |a: u64, b: u64| a.wrapping_mul(31).wrapping_add(b);
        let digits = |value: &u64| (*value, 1_u32);
        let joined = |a: (u64, u32), b: (u64, u32)| {
            (a.0.wrapping_mul(31_u64.wrapping_pow(b.1)).wrapping_add(b.0), a.1 + b.1)
        };
        let segments: Vec<_> = texts.iter().map(digits).collect();
        for width in [1, 2, 7, 40, 199] {
            let mut sliding = Sliding::new(&segments, joined);
            for high in 1..=texts.len() {
                let low = high.saturating_sub(width) / 3 * 3;
                let expected = texts[low..high].iter().copied().reduce(join);
                assert_eq!(Some(sliding.window(low, high).0), expected);
            }
        }
    }
}
