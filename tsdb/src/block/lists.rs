//! A page of LISTS: which series have each value of a page of TEXTS.
//!
//! ~~~text
//! apart   varint   where the first list that is a page of its own lies in APART
//! sizes   column (numbers.rs): per value 0 where one series has it, else bytes of its list
//! ones    column: the series of each value of size 0
//! lists   those of up to HERE_BYTES_MAX bytes, one behind the other; the others lie in APART, a page
//!         each, in the same order
//! ~~~
//!
//! A list is what [`put_list`] of the kernel wrote. Most values of a label like `pod` belong to one
//! series, and take the bits of its number.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::block::PageRef;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::postings::{Union, put_list};
use telemetry_core::storage::{Damaged, varint};

use super::numbers;
use super::pages::PAGE_CRC_BYTES;

/// Longer lists are pages of their own: reading a page for one of them should not read the others.
const HERE_BYTES_MAX: usize = 128;

/// A page under construction.
#[derive(Debug, Default)]
pub(super) struct ListPageWriter {
    apart: u64,
    sizes: Vec<u32>,
    ones: Vec<u32>,
    lists: Vec<u8>,
    encoded: Vec<u8>,
}

impl ListPageWriter {
    /// Adds the series of a value, ascending, at least one. Gives the list where it is to be a page
    /// of its own.
    pub(super) fn push(&mut self, ids: &[u32]) -> Option<&[u8]> {
        if let [one] = ids {
            self.sizes.push(0);
            self.ones.push(*one);
            return None;
        }
        self.encoded.clear();
        put_list(ids, &mut self.encoded);
        self.sizes.push(u32::try_from(self.encoded.len()).unwrap_or(u32::MAX));
        if self.encoded.len() <= HERE_BYTES_MAX {
            self.lists.extend_from_slice(&self.encoded);
            return None;
        }
        Some(&self.encoded)
    }

    /// Appends the page and begins the next, whose first list in APART will lie at `apart`.
    pub(super) fn finish(&mut self, apart: u64, out: &mut Vec<u8>) {
        varint::put_u64(out, self.apart);
        numbers::put(&self.sizes, out);
        numbers::put(&self.ones, out);
        out.extend_from_slice(&self.lists);
        self.apart = apart;
        self.sizes.clear();
        self.ones.clear();
        self.lists.clear();
    }
}

/// Where a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    One(u32),
    Here { start: u32, bytes: u32 },
    Apart(PageRef),
}

/// A page.
#[derive(Debug)]
pub(super) struct ListPage {
    places: Vec<Place>,
    lists: Box<[u8]>,
}

impl ListPage {
    /// Reads a page for `count` values of a block with `series` series.
    pub(super) fn read(bytes: &[u8], count: usize, series: u32) -> Result<Self, Damaged> {
        let mut input = Cursor::new(bytes);
        let mut apart = input.varint_u64()?;
        let (mut sizes, mut ones) = (Vec::new(), Vec::new());
        numbers::read(&mut input, count, &mut sizes)?;
        let singles = sizes.iter().filter(|size| **size == 0).count();
        numbers::read(&mut input, singles, &mut ones)?;
        if ones.iter().any(|one| *one >= series) {
            return Err(input.field("number of a series"));
        }
        let lists: Box<[u8]> = input.rest().into();
        let (mut ones, mut start) = (ones.into_iter(), 0_u32);
        let mut places = Vec::with_capacity(sizes.len());
        for bytes in sizes {
            places.push(match bytes {
                0 => Place::One(ones.next().unwrap_or(0)),
                bytes if bytes as usize <= HERE_BYTES_MAX => {
                    let place = Place::Here { start, bytes };
                    start = start.saturating_add(bytes);
                    place
                }
                bytes => {
                    let place = Place::Apart(PageRef { offset: apart, bytes });
                    apart = apart.saturating_add(u64::from(bytes) + PAGE_CRC_BYTES);
                    place
                }
            });
        }
        if start as usize == lists.len() {
            Ok(ListPage { places, lists })
        } else {
            Err(input.field("size of the lists"))
        }
    }

    /// Number of values.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Memory that it takes.
    pub(super) fn memory_bytes(&self) -> u64 {
        (self.places.len() * size_of::<Place>() + self.lists.len() + 64) as u64
    }

    /// Adds the series of a value, or gives the page that has them.
    pub(super) fn add(
        &self,
        value: usize,
        series: u32,
        union: &mut Union,
    ) -> Result<Option<PageRef>, Damaged> {
        match self.places.get(value) {
            None => {}
            Some(Place::One(one)) => union.add(*one),
            Some(Place::Here { start, bytes }) => {
                let (start, bytes) = (*start as usize, *bytes as usize);
                let list = self.lists.get(start..start + bytes).unwrap_or_default();
                union.add_list(list, series)?;
            }
            Some(Place::Apart(page)) => return Ok(Some(*page)),
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(lists: &[Vec<u32>]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let (mut page, mut apart, mut bytes) = (ListPageWriter::default(), Vec::new(), Vec::new());
        for list in lists {
            apart.extend(page.push(list).map(<[u8]>::to_vec));
        }
        page.finish(0, &mut bytes);
        (bytes, apart)
    }

    #[test]
    fn golden_page() {
        let (bytes, _) = written(&[vec![7], vec![1, 3], vec![2]]);
        // Sizes 0, 3, 0 in two bits each; ones 7, 2 in three bits each; the list: 1, then 3 − 1 − 1.
        assert_eq!(bytes, [0, 0, 0, 2, 0b1100, 0, 4, 3, 0b101, 0, 1, 1]);
    }

    proptest! {
        #[test]
        fn lists_come_back(
            lists in prop::collection::vec(prop::collection::btree_set(0_u32..5_000, 1..300), 1..40),
        ) {
            let lists: Vec<Vec<u32>> =
                lists.into_iter().map(|list| list.into_iter().collect()).collect();
            let (bytes, apart) = written(&lists);
            let page = ListPage::read(&bytes, lists.len(), 5_000).unwrap();
            let mut offset = 0;
            let mut apart = apart.iter();
            for (at, list) in lists.iter().enumerate() {
                let mut union = Union::default();
                if let Some(found) = page.add(at, 5_000, &mut union).unwrap() {
                    let bytes = apart.next().unwrap();
                    prop_assert_eq!(found, PageRef { offset, bytes: u32::try_from(bytes.len()).unwrap() });
                    offset += bytes.len() as u64 + PAGE_CRC_BYTES;
                    union.add_list(bytes, 5_000).unwrap();
                }
                prop_assert_eq!(&union.finish().iter().collect::<Vec<_>>(), list);
            }
        }

        #[test]
        fn any_bytes_are_an_error_or_lists(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(page) = ListPage::read(&bytes, 3, 10) {
                for at in 0..page.len() {
                    let mut union = Union::default();
                    let _ = page.add(at, 10, &mut union);
                    prop_assert!(union.finish().min_max().is_none_or(|(_, max)| max < 10));
                }
            }
        }
    }
}
