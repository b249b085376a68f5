//! Where the pages of a section lie: one behind the other, each with its checksum behind it.
//!
//! ~~~text
//! pages   varint count, then content bytes of each (varint)
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::block::PageRef;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

/// Bytes of the checksum behind each page.
pub(super) const PAGE_CRC_BYTES: u64 = 4;

/// Appends the content bytes of pages.
pub(super) fn put(pages: &[u32], out: &mut Vec<u8>) {
    varint::put_u64(out, pages.len() as u64);
    pages.iter().for_each(|bytes| varint::put_u64(out, (*bytes).into()));
}

/// Where pages lie, and what part of the content of their section each has.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// Content before each page, and of all at the end.
    starts: Vec<u64>,
}

impl Pages {
    /// Without any page.
    pub(super) fn new() -> Self {
        Pages { starts: vec![0] }
    }

    /// Adds a page behind those before it.
    pub(super) fn push(&mut self, bytes: u32) {
        self.starts.push(self.content_bytes().saturating_add(bytes.into()));
    }

    /// Reads what [`put`] wrote.
    pub(super) fn read(input: &mut Cursor<'_>) -> Result<Self, Damaged> {
        let count = input.count(1)?;
        let mut pages = Pages::new();
        pages.starts.reserve(count);
        for _ in 0..count {
            pages.push(input.varint_u32()?);
        }
        Ok(pages)
    }

    /// Number of pages.
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Bytes of content.
    pub(super) fn content_bytes(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The number of the page with a position, and the offset within.
    pub(super) fn find(&self, position: u64) -> Option<(usize, usize)> {
        let page = self.starts.partition_point(|start| *start <= position).checked_sub(1)?;
        let offset = position.checked_sub(*self.starts.get(page)?)?;
        Some((page, usize::try_from(offset).ok()?))
    }

    /// The place of a page.
    pub(super) fn place(&self, page: usize) -> Option<PageRef> {
        let (start, end) = (*self.starts.get(page)?, *self.starts.get(page + 1)?);
        let offset = start.checked_add(PAGE_CRC_BYTES.checked_mul(page as u64)?)?;
        Some(PageRef { offset, bytes: u32::try_from(end - start).ok()? })
    }

    /// Whether the bytes from `position` on lie in one page.
    pub(super) fn holds(&self, position: u64, bytes: u32) -> bool {
        let end = position.saturating_add(bytes.into());
        self.find(position)
            .and_then(|(page, _)| self.starts.get(page + 1))
            .is_some_and(|page_end| end <= *page_end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_content_and_offsets_checksums_too() {
        let mut bytes = Vec::new();
        put(&[40, 7], &mut bytes);
        assert_eq!(bytes, [2, 40, 7]);
        let pages = Pages::read(&mut Cursor::new(&bytes)).unwrap();
        assert_eq!((pages.len(), pages.content_bytes()), (2, 47));
        assert_eq!(pages.find(40), Some((1, 0)));
        assert_eq!(pages.place(1), Some(PageRef { offset: 44, bytes: 7 }));
        assert!(pages.holds(30, 10) && !pages.holds(30, 11));
    }
}
