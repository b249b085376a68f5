//! The bytes of exemplars.
//!
//! ~~~text
//! page   compressed with LZ4 (lz4.rs of the kernel), then to its end, per series:
//!          labels (label_set.rs of the kernel) · varint count, at least 1, then per exemplar, by time:
//!            time zigzag (distance to the one before, at first to 0) · value u64 LE bits · labels
//! root   pages as in pages.rs, then per page: exemplars varint · first time zigzag · span varint
//! meta   in the manifest; empty without exemplars:
//!          exemplars varint · first time zigzag · span varint
//! ~~~
//!
//! Series rise by their labels; one that goes on in the next page stands there again.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::Labels;
use telemetry_core::model::Exemplar;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, label_set, lz4, varint};
use telemetry_core::time::{Millis, MillisRange};

use super::super::pages::{self, Pages};

/// The exemplars of a series.
pub(crate) type OfSeries = (Labels, Vec<Exemplar>);

/// How many exemplars, and from when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) count: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Extent {
    /// Of none.
    pub(super) fn new() -> Self {
        Extent { count: 0, first: i64::MAX, last: i64::MIN }
    }

    pub(super) fn add(&mut self, time: i64) {
        self.count += 1;
        self.first = self.first.min(time);
        self.last = self.last.max(time);
    }

    pub(super) fn add_all(&mut self, other: &Extent) {
        self.count = self.count.saturating_add(other.count);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// Whether any may be in the window.
    pub(crate) fn overlaps(&self, window: MillisRange) -> bool {
        self.first <= window.end.0 && window.start.0 <= self.last
    }

    pub(in super::super) fn put(&self, out: &mut Vec<u8>) {
        varint::put_u64(out, self.count);
        varint::put_i64(out, self.first);
        varint::put_u64(out, self.last.wrapping_sub(self.first).cast_unsigned());
    }

    pub(super) fn read(input: &mut Cursor<'_>) -> Result<Self, Damaged> {
        let count = input.varint_u64()?;
        let first = input.varint_i64()?;
        let last = first.checked_add_unsigned(input.varint_u64()?);
        let last = last.ok_or_else(|| input.field("span of exemplars"))?;
        if count == 0 {
            return Err(input.field("number of exemplars"));
        }
        Ok(Extent { count, first, last })
    }

    /// What the manifest says about a block; none where it has no exemplars.
    pub(crate) fn of_meta(meta: &[u8]) -> Result<Option<Self>, Damaged> {
        if meta.is_empty() {
            return Ok(None);
        }
        let mut input = Cursor::new(meta);
        let extent = Extent::read(&mut input)?;
        input.finish()?;
        Ok(Some(extent))
    }
}

/// Appends exemplars of a series, by time, to a page that is not compressed yet.
pub(super) fn put_series(labels: &Labels, exemplars: &[Exemplar], raw: &mut Vec<u8>) {
    label_set::put(raw, labels);
    varint::put_u64(raw, exemplars.len() as u64);
    let mut before = 0;
    for exemplar in exemplars {
        varint::put_i64(raw, exemplar.time.0.wrapping_sub(before));
        before = exemplar.time.0;
        raw.extend_from_slice(&exemplar.value.to_bits().to_le_bytes());
        label_set::put(raw, &exemplar.labels);
    }
}

/// The content of a page.
pub(super) fn read_page(bytes: &[u8]) -> Result<Vec<OfSeries>, Damaged> {
    let mut page = Cursor::new(bytes);
    let raw = lz4::read(&mut page)?;
    page.finish()?;
    let mut input = Cursor::new(&raw);
    let mut all: Vec<OfSeries> = Vec::new();
    while !input.is_empty() {
        let labels = label_set::read(&mut input)?;
        if all.last().is_some_and(|(last, _)| *last >= labels) {
            return Err(input.field("order of series with exemplars"));
        }
        // A distance, a value, and how many labels.
        let count = input.count(10)?;
        if count == 0 {
            return Err(input.field("exemplars of a series"));
        }
        let mut exemplars: Vec<Exemplar> = Vec::with_capacity(count);
        for _ in 0..count {
            let before = exemplars.last().map(|last| last.time.0);
            let time = before.unwrap_or(0).wrapping_add(input.varint_i64()?);
            if before.is_some_and(|before| before > time) {
                return Err(input.field("order of exemplars"));
            }
            let value = input.f64()?;
            let labels = label_set::read(&mut input)?;
            exemplars.push(Exemplar { labels, value, time: Millis(time) });
        }
        all.push((labels, exemplars));
    }
    Ok(all)
}

/// Appends the root: sizes of pages, and what is in each.
pub(super) fn put_root(sizes: &[u32], extents: &[Extent], out: &mut Vec<u8>) {
    pages::put(sizes, out);
    extents.iter().for_each(|extent| extent.put(out));
}

/// Reads the root.
pub(super) fn read_root(bytes: &[u8]) -> Result<(Pages, Vec<Extent>), Damaged> {
    let mut input = Cursor::new(bytes);
    let pages = Pages::read(&mut input)?;
    let extents = (0..pages.len()).map(|_| Extent::read(&mut input));
    let extents = extents.collect::<Result<Vec<_>, _>>()?;
    input.finish()?;
    Ok((pages, extents))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telemetry_core::labels;

    fn exemplar(trace: &str, value: f64, time: i64) -> Exemplar {
        Exemplar { labels: labels! { "t" => trace }, value, time: Millis(time) }
    }

    #[test]
    fn golden_page_and_root() {
        let mut raw = Vec::new();
        put_series(
            &labels! { "a" => "b" },
            &[exemplar("7", 1.0, 10), exemplar("8", 1.0, 12)],
            &mut raw,
        );
        let one = 1.0_f64.to_le_bytes();
        let golden =
            [b"\x01\x01a\x01b\x02\x14", &one[..], b"\x01\x01t\x017\x04", &one, b"\x01\x01t\x018"];
        assert_eq!(raw, golden.concat());
        let mut page = Vec::new();
        lz4::put(&mut page, &raw);
        let read = read_page(&page).unwrap();
        assert_eq!(
            read,
            [(labels! { "a" => "b" }, vec![exemplar("7", 1.0, 10), exemplar("8", 1.0, 12)])]
        );

        let extent = Extent { count: 2, first: 10, last: 12 };
        let mut root = Vec::new();
        put_root(&[40], &[extent], &mut root);
        assert_eq!(root, [1, 40, 2, 20, 2]);
        let (pages, extents) = read_root(&root).unwrap();
        assert_eq!((pages.len(), &extents[..]), (1, &[extent][..]));
        assert_eq!(Extent::of_meta(&[2, 20, 2]).unwrap(), Some(extent));
        assert_eq!(Extent::of_meta(&[]).unwrap(), None);
        assert!(Extent::of_meta(&[0, 20, 2]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_exemplars(raw in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = read_page(&raw);
            let _ = read_root(&raw);
            let mut page = Vec::new();
            lz4::put(&mut page, &raw);
            let _ = read_page(&page);
        }
    }
}
