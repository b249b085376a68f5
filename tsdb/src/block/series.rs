//! A page of SERIES: the labels of series, as columns.
//!
//! ~~~text
//! shapes  column (numbers.rs): per series which names it has
//! values  per name that any of them has, ascending, a column: the number of the value of each
//!         series that has the name
//! ~~~
//!
//! Series are sorted by their labels, so that the columns of the first names are constant and cost
//! nothing. How many series there are stands in ROOT.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::OnceLock;

use telemetry_core::labels::Labels;
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;

use super::numbers;

/// Series of a page.
pub(super) const SERIES_MAX: usize = 512;
/// Labels of all series of a page together, unless it has only one.
pub(super) const LABELS_MAX: usize = 1 << 18;

/// What labels take in memory beside the numbers, roughly: they are kept with the page.
const LABELS_BYTES: usize = 192;

/// The names that some series have, ascending, by their numbers.
pub(super) type Shape = Box<[u32]>;

/// Appends a page. Per series its shape, and the value numbers of all, series by series.
pub(super) fn write(shapes: &[Shape], series: &[u32], values: &[u32], out: &mut Vec<u8>) {
    numbers::put(series, out);
    let shape_of = |shape: &u32| shapes.get(*shape as usize).map_or(&[][..], |shape| shape);
    let mut column = Vec::with_capacity(series.len());
    for name in names_of(shapes, series) {
        column.clear();
        let mut start = 0;
        for shape in series.iter().map(shape_of) {
            if let Ok(at) = shape.binary_search(&name) {
                column.extend(values.get(start + at));
            }
            start += shape.len();
        }
        numbers::put(&column, out);
    }
}

/// The names that any of the series has, ascending.
fn names_of(shapes: &[Shape], series: &[u32]) -> Vec<u32> {
    let mut used: Vec<u32> = series.to_vec();
    used.sort_unstable();
    used.dedup();
    let shapes = used.iter().filter_map(|shape| shapes.get(*shape as usize));
    let mut names: Vec<u32> = shapes.flat_map(|shape| shape.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A page.
#[derive(Debug)]
pub(super) struct SeriesPage {
    shapes: Vec<u32>,
    /// Where the values of each series begin, and where all end.
    starts: Vec<u32>,
    values: Vec<u32>,
    /// Labels that have been asked for.
    pub(super) labels: Box<[OnceLock<Labels>]>,
}

impl SeriesPage {
    /// Reads a page of `count` series; `values_of` gives how many values a name has.
    pub(super) fn read(
        bytes: &[u8],
        count: usize,
        shapes: &[Shape],
        values_of: impl Fn(u32) -> u32,
    ) -> Result<Self, Damaged> {
        let mut input = Cursor::new(bytes);
        let mut series = Vec::with_capacity(count);
        numbers::read(&mut input, count, &mut series)?;
        let mut starts = Vec::with_capacity(count + 1);
        let mut total = 0_usize;
        starts.push(0);
        for shape in &series {
            let shape = shapes.get(*shape as usize).ok_or_else(|| input.field("shape"))?;
            total += shape.len();
            if total > LABELS_MAX && count > 1 {
                return Err(input.field("number of labels"));
            }
            starts.push(u32::try_from(total).map_err(|_| input.field("number of labels"))?);
        }
        let mut page = SeriesPage {
            shapes: series,
            starts,
            values: vec![0; total],
            labels: std::iter::repeat_with(OnceLock::new).take(count).collect(),
        };
        let mut column = Vec::with_capacity(count);
        for name in names_of(shapes, &page.shapes) {
            let places = page.places(shapes, name);
            column.clear();
            numbers::read(&mut input, places.len(), &mut column)?;
            let end = values_of(name);
            for (place, value) in places.into_iter().zip(&column) {
                if *value >= end {
                    return Err(input.field("value of a label"));
                }
                if let Some(slot) = page.values.get_mut(place) {
                    *slot = *value;
                }
            }
        }
        input.finish()?;
        Ok(page)
    }

    /// Where the values of a name are.
    fn places(&self, shapes: &[Shape], name: u32) -> Vec<usize> {
        let mut last = None;
        let place = |(shape, start): (&u32, &u32)| {
            let at = match last {
                Some((known, at)) if known == *shape => at,
                _ => {
                    let names = shapes.get(*shape as usize)?;
                    let at = names.binary_search(&name).ok();
                    last = Some((*shape, at));
                    at
                }
            };
            Some(*start as usize + at?)
        };
        self.shapes.iter().zip(&self.starts).filter_map(place).collect()
    }

    /// The shape of a series, and the numbers of its values.
    pub(super) fn get(&self, at: usize) -> Option<(u32, &[u32])> {
        let (start, end) = (*self.starts.get(at)? as usize, *self.starts.get(at + 1)? as usize);
        Some((*self.shapes.get(at)?, self.values.get(start..end)?))
    }

    /// Memory that it takes, with the labels of all its series.
    pub(super) fn memory_bytes(&self) -> u64 {
        (self.values.len() * 4 + self.shapes.len() * (LABELS_BYTES + 8)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_page() {
        let shapes: [Shape; 2] = [[0, 1].into(), [0].into()];
        let mut bytes = Vec::new();
        write(&shapes, &[0, 0, 1], &[0, 0, 0, 1, 1], &mut bytes);
        // Shapes 0, 0, 1; name 0: 0, 0, 1; name 1: 0, 1: one bit each.
        assert_eq!(bytes, [0, 0, 1, 0b100, 0, 0, 1, 0b100, 0, 0, 1, 0b10]);
        let page = SeriesPage::read(&bytes, 3, &shapes, |_| 2).unwrap();
        assert_eq!(page.get(1), Some((0, &[0, 1][..])));
        assert_eq!((page.get(2), page.get(3)), (Some((1, &[1][..])), None));
        assert!(SeriesPage::read(&bytes, 3, &shapes, |_| 1).is_err());
    }

    proptest! {
        #[test]
        fn any_page_round_trips(
            shapes in prop::collection::vec(prop::collection::btree_set(0_u32..9, 0..5), 1..6),
            series in prop::collection::vec((any::<prop::sample::Index>(), any::<[u16; 5]>()), 1..200),
        ) {
            let shapes: Vec<Shape> =
                shapes.into_iter().map(|shape| shape.into_iter().collect()).collect();
            let (mut numbers, mut values) = (Vec::new(), Vec::new());
            for (shape, random) in &series {
                let shape = shape.index(shapes.len());
                numbers.push(u32::try_from(shape).unwrap());
                values.extend(random.iter().take(shapes[shape].len()).map(|value| u32::from(*value)));
            }
            let mut bytes = Vec::new();
            write(&shapes, &numbers, &values, &mut bytes);
            let page = SeriesPage::read(&bytes, series.len(), &shapes, |_| 1 << 16).unwrap();
            let mut back = Vec::new();
            for (at, number) in numbers.iter().enumerate() {
                let (shape, values) = page.get(at).unwrap();
                prop_assert_eq!(shape, *number);
                back.extend_from_slice(values);
            }
            prop_assert_eq!(back, values);
        }

        #[test]
        fn any_bytes_are_an_error_or_series(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let shapes: [Shape; 3] = [[0, 1].into(), [].into(), [1, 2, 5].into()];
            let _ = SeriesPage::read(&bytes, 5, &shapes, |_| 4);
        }
    }
}
