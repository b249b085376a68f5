//! A page of CHUNKS: where the chunks of the series of a page of SERIES are.
//!
//! ~~~text
//! counts    column (numbers.rs): chunks of each series
//! columns   column: the time column of each chunk
//! kinds     column: 0 floats · 1 histograms
//! bytes     column: the size of each chunk
//! ~~~
//!
//! Chunks lie in VALUES in the order in which they are listed, without gaps; where the first of
//! the page lies stands in ROOT.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;

use super::numbers;

/// Chunks of the series of a page together, unless it has only one.
pub(super) const CHUNKS_MAX: usize = 1 << 14;
/// Chunks of a series: as many as one page may be read for.
const CHUNKS_OF_SERIES_MAX: usize = 1 << 22;

const HISTOGRAMS: u32 = 1;

/// Where the values of a chunk are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkPlace {
    /// Its times.
    pub(crate) column: u32,
    pub(crate) is_histogram: bool,
    /// Where it is in the content of all pages of VALUES.
    pub(super) position: u64,
    pub(super) bytes: u32,
}

/// A chunk as the writer lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListedChunk {
    pub(super) column: u32,
    pub(super) is_histogram: bool,
    pub(super) bytes: u32,
}

/// Appends a page: how many chunks each series has, and the chunks of all.
pub(super) fn write(counts: &[u32], chunks: &[ListedChunk], out: &mut Vec<u8>) {
    numbers::put(counts, out);
    let mut column = |of: &dyn Fn(&ListedChunk) -> u32| {
        let values: Vec<u32> = chunks.iter().map(of).collect();
        numbers::put(&values, out);
    };
    column(&|chunk| chunk.column);
    column(&|chunk| u32::from(chunk.is_histogram) * HISTOGRAMS);
    column(&|chunk| chunk.bytes);
}

/// A page.
#[derive(Debug)]
pub(super) struct PlacesPage {
    /// Where the chunks of each series begin, and where all end.
    starts: Vec<u32>,
    chunks: Vec<ChunkPlace>,
    /// Behind its last chunk in the content of VALUES.
    pub(super) end: u64,
}

impl PlacesPage {
    /// Reads a page of `count` series whose first chunk is at `position`, in a block with so many
    /// time columns.
    pub(super) fn read(
        bytes: &[u8],
        count: usize,
        position: u64,
        time_columns: usize,
    ) -> Result<Self, Damaged> {
        let mut input = Cursor::new(bytes);
        let mut counts = Vec::with_capacity(count);
        numbers::read(&mut input, count, &mut counts)?;
        let mut starts = Vec::with_capacity(count + 1);
        let mut total = 0_usize;
        starts.push(0);
        for chunks in counts {
            total = total.saturating_add(chunks as usize);
            if (total > CHUNKS_MAX && count > 1) || total > CHUNKS_OF_SERIES_MAX {
                return Err(input.field("number of chunks"));
            }
            starts.push(u32::try_from(total).map_err(|_| input.field("number of chunks"))?);
        }
        let (mut columns, mut kinds, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        for column in [&mut columns, &mut kinds, &mut sizes] {
            numbers::read(&mut input, total, column)?;
        }
        let mut end = position;
        let mut chunks = Vec::with_capacity(total);
        for ((column, kind), bytes) in columns.into_iter().zip(kinds).zip(sizes) {
            if column as usize >= time_columns || kind > HISTOGRAMS {
                return Err(input.field("chunk"));
            }
            chunks.push(ChunkPlace {
                column,
                is_histogram: kind == HISTOGRAMS,
                position: end,
                bytes,
            });
            end = end.saturating_add(bytes.into());
        }
        input.finish()?;
        Ok(PlacesPage { starts, chunks, end })
    }

    /// The chunks of a series.
    pub(super) fn get(&self, at: usize) -> &[ChunkPlace] {
        let bounds = (self.starts.get(at), self.starts.get(at + 1));
        let (Some(start), Some(end)) = bounds else { return &[] };
        self.chunks.get(*start as usize..*end as usize).unwrap_or_default()
    }

    /// The chunks of all its series.
    pub(super) fn all(&self) -> &[ChunkPlace] {
        &self.chunks
    }

    /// Memory that it takes.
    pub(super) fn memory_bytes(&self) -> u64 {
        (self.chunks.len() * size_of::<ChunkPlace>() + self.starts.len() * 4 + 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_page() {
        let chunk = ListedChunk { column: 3, is_histogram: false, bytes: 40 };
        let other = ListedChunk { column: 4, is_histogram: true, bytes: 47 };
        let mut bytes = Vec::new();
        write(&[1, 1], &[chunk, other], &mut bytes);
        let counts = [0, 2, 0];
        let columns = [0, 6, 1, 0b10];
        let kinds = [0, 0, 1, 0b10];
        let sizes = [0, 80, 3, 0b11_1000];
        assert_eq!(bytes, [&counts[..], &columns, &kinds, &sizes].concat());
        let page = PlacesPage::read(&bytes, 2, 100, 5).unwrap();
        let wanted = ChunkPlace { column: 4, is_histogram: true, position: 140, bytes: 47 };
        assert_eq!((page.get(1), page.get(2), page.end), (&[wanted][..], &[][..], 187));
        assert!(PlacesPage::read(&bytes, 2, 100, 4).is_err());
    }

    proptest! {
        #[test]
        fn any_page_round_trips(
            series in prop::collection::vec(
                prop::collection::vec((0_u32..90, any::<bool>(), 0_u32..9_000), 0..4), 1..60),
        ) {
            let counts: Vec<u32> = series.iter().map(|chunks| u32::try_from(chunks.len()).unwrap()).collect();
            let listed: Vec<ListedChunk> = series
                .iter()
                .flatten()
                .map(|(column, is_histogram, bytes)| ListedChunk {
                    column: *column,
                    is_histogram: *is_histogram,
                    bytes: *bytes,
                })
                .collect();
            let mut bytes = Vec::new();
            write(&counts, &listed, &mut bytes);
            let page = PlacesPage::read(&bytes, counts.len(), 7, 90).unwrap();
            let mut position = 7;
            for (at, chunks) in series.iter().enumerate() {
                prop_assert_eq!(page.get(at).len(), chunks.len());
                for (place, (column, is_histogram, bytes)) in page.get(at).iter().zip(chunks) {
                    let wanted = ChunkPlace {
                        column: *column, is_histogram: *is_histogram, position, bytes: *bytes,
                    };
                    prop_assert_eq!(*place, wanted);
                    position += u64::from(*bytes);
                }
            }
            prop_assert_eq!(page.end, position);
        }

        #[test]
        fn any_bytes_are_an_error_or_chunks(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = PlacesPage::read(&bytes, 5, 0, 3);
        }
    }
}
