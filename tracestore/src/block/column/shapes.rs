//! Shapes: which attributes an item has, in which order.
//! ~~~text
//! count   varint
//! shapes  count × (length varint, length × column varint)
//! ids     the shape of each item (ints.rs)
//! ~~~
//! Spans of one operation mostly have the same attributes in the same order, so there are few shapes.
//! A column holds only values that are there; the shapes say whose they are. So nothing else has to
//! be kept for absent values, and the order of attributes, repeated names included, comes back.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use hashbrown::HashMap;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

use super::ints::{put_ids, read_ids};

/// The shapes of the items of a group: of its spans, its events or its links.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    shapes: Vec<Box<[u32]>>,
    ids: Vec<u32>,
    /// Items of each shape.
    counts: Vec<usize>,
}

impl Shapes {
    /// The columns that an item has values in, in the order of its attributes.
    pub(crate) fn columns(&self, item: usize) -> &[u32] {
        let shape = self.ids.get(item).and_then(|id| self.shapes.get(*id as usize));
        shape.map(AsRef::as_ref).unwrap_or_default()
    }

    /// How many items have a value in a column.
    pub(crate) fn count(&self, column: u32) -> usize {
        let with = self.shapes.iter().zip(&self.counts);
        with.filter(|(shape, _)| shape.contains(&column)).map(|(_, count)| count).sum()
    }

    /// Calls `each` for every item that has a value in a column, with the position of the value.
    pub(crate) fn for_each(&self, column: u32, mut each: impl FnMut(u32, usize)) {
        let has: Vec<bool> = self.shapes.iter().map(|shape| shape.contains(&column)).collect();
        let mut position = 0;
        for (item, id) in (0_u32..).zip(&self.ids) {
            if has.get(*id as usize).copied().unwrap_or_default() {
                each(item, position);
                position += 1;
            }
        }
    }

    /// For each column below `columns`, how many items before `item` have a value in it.
    pub(crate) fn ranks(&self, item: usize, columns: usize) -> Vec<usize> {
        let mut before = vec![0_usize; self.shapes.len()];
        for id in self.ids.iter().take(item) {
            before.get_mut(*id as usize).into_iter().for_each(|count| *count += 1);
        }
        let mut ranks = vec![0; columns];
        for (shape, count) in self.shapes.iter().zip(before) {
            for column in shape {
                ranks.get_mut(*column as usize).into_iter().for_each(|rank| *rank += count);
            }
        }
        ranks
    }

    /// Which columns below `columns` the items have values in.
    pub(crate) fn used(&self, items: impl Iterator<Item = usize>, columns: usize) -> Vec<bool> {
        let mut shape_used = vec![false; self.shapes.len()];
        for id in items.filter_map(|item| self.ids.get(item)) {
            shape_used.get_mut(*id as usize).into_iter().for_each(|used| *used = true);
        }
        let mut used = vec![false; columns];
        for shape in self.shapes.iter().zip(shape_used).filter(|(_, used)| *used).map(|(s, _)| s) {
            for column in shape {
                used.get_mut(*column as usize).into_iter().for_each(|used| *used = true);
            }
        }
        used
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.ids.len() * 4 + self.shapes.iter().map(|shape| 24 + shape.len() * 4).sum::<usize>()
    }
}

/// Collects the shapes of items.
#[derive(Debug, Default)]
pub(crate) struct ShapeWriter {
    known: HashMap<Box<[u32]>, u32>,
    shapes: Vec<Box<[u32]>>,
    ids: Vec<u32>,
}

impl ShapeWriter {
    /// Adds the shape of the next item.
    pub(crate) fn push(&mut self, shape: &[u32]) {
        let next = u32::try_from(self.shapes.len()).unwrap_or(u32::MAX);
        let id = self.known.get(shape).copied().unwrap_or_else(|| {
            self.known.insert(shape.into(), next);
            self.shapes.push(shape.into());
            next
        });
        self.ids.push(id);
    }

    /// Appends the shapes.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        varint::put_u64(out, self.shapes.len() as u64);
        for shape in &self.shapes {
            varint::put_u64(out, shape.len() as u64);
            shape.iter().for_each(|column| varint::put_u64(out, (*column).into()));
        }
        put_ids(out, &self.ids);
    }
}

/// Reads the shapes of `count` items, over columns below `columns`.
///
/// # Errors
///
/// The bytes are no such shapes.
pub(crate) fn read_shapes(
    input: &mut Cursor<'_>,
    count: usize,
    columns: usize,
) -> Result<Shapes, Damaged> {
    let entries = input.count(1)?;
    let mut shapes = Vec::with_capacity(entries);
    for _ in 0..entries {
        let length = input.count(1)?;
        let shape = (0..length).map(|_| input.varint_u32()).collect::<Result<Vec<_>, _>>()?;
        // A column occurs once in a shape: repeated names have columns of their own.
        let mut sorted = shape.clone();
        sorted.sort_unstable();
        let repeats = sorted.windows(2).any(|pair| pair.first() == pair.last());
        if repeats || sorted.last().is_some_and(|last| *last as usize >= columns) {
            return Err(input.field("a column of a shape"));
        }
        shapes.push(shape.into_boxed_slice());
    }
    let ids = read_ids(input, count, shapes.len())?;
    let mut counts = vec![0; shapes.len()];
    for id in &ids {
        counts.get_mut(*id as usize).into_iter().for_each(|count| *count += 1);
    }
    Ok(Shapes { shapes, ids, counts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shapes(items: &[&[u32]]) -> (Vec<u8>, Shapes) {
        let mut writer = ShapeWriter::default();
        items.iter().for_each(|item| writer.push(item));
        let mut bytes = Vec::new();
        writer.put(&mut bytes);
        let mut input = Cursor::new(&bytes);
        let shapes = read_shapes(&mut input, items.len(), 4).unwrap();
        input.finish().unwrap();
        (bytes, shapes)
    }

    #[test]
    fn golden_shapes() {
        let (bytes, _) = shapes(&[&[0, 2], &[], &[0, 2]]);
        assert_eq!(bytes, [2, 2, 0, 2, 0, 1, 0, 1, 0]);
    }

    #[test]
    fn shapes_say_whose_a_value_is() {
        let items: [&[u32]; 4] = [&[2, 0], &[1], &[], &[0, 1]];
        let (_, shapes) = shapes(&items);
        assert!(items.iter().enumerate().all(|(at, item)| shapes.columns(at) == *item));
        assert_eq!((0..4).map(|column| shapes.count(column)).collect::<Vec<_>>(), [2, 2, 1, 0]);
        let mut seen = Vec::new();
        shapes.for_each(1, |item, position| seen.push((item, position)));
        assert_eq!(seen, [(1, 0), (3, 1)]);
        assert_eq!(shapes.ranks(3, 4), [1, 1, 1, 0]);
        assert_eq!(shapes.used([1_usize, 2].into_iter(), 4), [false, true, false, false]);
    }

    #[test]
    fn a_column_twice_in_a_shape_is_damage() {
        assert!(read_shapes(&mut Cursor::new(&[1, 2, 1, 1, 1, 0]), 1, 4).is_err());
        assert!(read_shapes(&mut Cursor::new(&[1, 1, 4, 1, 0]), 1, 4).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_shapes(bytes: Vec<u8>, count in 0_usize..50) {
            let _ = read_shapes(&mut Cursor::new(&bytes), count, 5);
        }
    }
}
