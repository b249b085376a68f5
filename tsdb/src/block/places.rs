//! A page of CHUNKS: where the chunks of the series of a page of SERIES are.
//!
//! ~~~text
//! strips    varint: chunks in strips that are listed in pages before
//! counts    column (numbers.rs): chunks of each series
//! columns   column: the time column of each chunk
//! kinds     column: 0 floats · 1 histograms · 2 floats in a strip
//! bytes     column: the size of each chunk; 0 for one in a strip
//! ~~~
//!
//! Chunks lie in VALUES in the order in which they are listed, without gaps; where the first of
//! the page lies stands in ROOT. Those in strips fill these in the order in which they are listed.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

use super::{numbers, strips};

/// Chunks of the series of a page together, unless it has only one.
pub(super) const CHUNKS_MAX: usize = 1 << 14;
/// Chunks of a series: as many as one page may be read for.
const CHUNKS_OF_SERIES_MAX: usize = 1 << 22;

/// What a chunk holds, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChunkKind {
    Floats = 0,
    Histograms = 1,
    /// Floats in a strip.
    Strip = 2,
}

/// Where the values of a chunk are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkPlace {
    /// Its times.
    pub(crate) column: u32,
    pub(crate) is_histogram: bool,
    /// Its row, if it is in a strip.
    pub(super) row: Option<u16>,
    /// Where it is in the content of all pages of VALUES, or the number of the strip.
    pub(super) position: u64,
    pub(super) bytes: u32,
}

/// A chunk as the writer lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListedChunk {
    pub(super) column: u32,
    pub(super) kind: ChunkKind,
    pub(super) bytes: u32,
}

/// Appends a page: how many chunks in strips there were before, how many chunks each series has,
/// and the chunks of all.
pub(super) fn write(strips: u64, counts: &[u32], chunks: &[ListedChunk], out: &mut Vec<u8>) {
    varint::put_u64(out, strips);
    numbers::put(counts, out);
    let mut column = |of: &dyn Fn(&ListedChunk) -> u32| {
        let values: Vec<u32> = chunks.iter().map(of).collect();
        numbers::put(&values, out);
    };
    column(&|chunk| chunk.column);
    column(&|chunk| chunk.kind as u32);
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
        let mut strips = input.varint_u64()?;
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
            let is_in_strip = kind == ChunkKind::Strip as u32;
            let known = kind <= ChunkKind::Strip as u32 && (!is_in_strip || bytes == 0);
            if column as usize >= time_columns || !known {
                return Err(input.field("chunk"));
            }
            let is_histogram = kind == ChunkKind::Histograms as u32;
            let mut chunk = ChunkPlace { column, is_histogram, row: None, position: end, bytes };
            if is_in_strip {
                chunk.row = u16::try_from(strips % u64::from(strips::ROWS)).ok();
                chunk.position = strips / u64::from(strips::ROWS);
                strips = strips.saturating_add(1);
            }
            chunks.push(chunk);
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
        let listed = |column, kind, bytes| ListedChunk { column, kind, bytes };
        let chunks = [
            listed(3, ChunkKind::Floats, 40),
            listed(4, ChunkKind::Histograms, 47),
            listed(4, ChunkKind::Strip, 0),
        ];
        let mut bytes = Vec::new();
        write(513, &[1, 2], &chunks, &mut bytes);
        let strips = [0x81, 0x04];
        let counts = [1, 2, 0];
        let columns = [0, 6, 1, 0b110];
        let kinds = [0, 0, 2, 0b10_0100];
        let sizes = [0, 0, 6, 0b1110_1000, 0b1011, 0];
        assert_eq!(bytes, [&strips[..], &counts, &columns, &kinds, &sizes].concat());
        let page = PlacesPage::read(&bytes, 2, 100, 5).unwrap();
        let wanted = [
            ChunkPlace { column: 4, is_histogram: true, row: None, position: 140, bytes: 47 },
            ChunkPlace { column: 4, is_histogram: false, row: Some(1), position: 1, bytes: 0 },
        ];
        assert_eq!((page.get(1), page.get(2), page.end), (&wanted[..], &[][..], 187));
        assert!(PlacesPage::read(&bytes, 2, 100, 4).is_err());
    }

    proptest! {
        #[test]
        fn any_page_round_trips(
            series in prop::collection::vec(
                prop::collection::vec((0_u32..90, 0_u8..3, 0_u32..9_000), 0..4), 1..60),
            strips in 0_u64..2_000,
        ) {
            let counts: Vec<u32> = series.iter().map(|chunks| u32::try_from(chunks.len()).unwrap()).collect();
            let kinds = [ChunkKind::Floats, ChunkKind::Histograms, ChunkKind::Strip];
            let listed: Vec<ListedChunk> = series
                .iter()
                .flatten()
                .map(|(column, kind, bytes)| ListedChunk {
                    column: *column,
                    kind: kinds[usize::from(*kind)],
                    bytes: if *kind == 2 { 0 } else { *bytes },
                })
                .collect();
            let mut bytes = Vec::new();
            write(strips, &counts, &listed, &mut bytes);
            let page = PlacesPage::read(&bytes, counts.len(), 7, 90).unwrap();
            let (mut position, mut strip) = (7, strips);
            let mut chunks = listed.iter();
            for (at, count) in counts.iter().enumerate() {
                prop_assert_eq!(page.get(at).len(), *count as usize);
                for (place, chunk) in page.get(at).iter().zip(chunks.by_ref().take(*count as usize)) {
                    prop_assert_eq!((place.column, place.bytes), (chunk.column, chunk.bytes));
                    prop_assert_eq!(place.is_histogram, chunk.kind == ChunkKind::Histograms);
                    if chunk.kind == ChunkKind::Strip {
                        let row = place.position * 512 + u64::from(place.row.unwrap());
                        prop_assert_eq!(row, strip);
                        strip += 1;
                    } else {
                        prop_assert_eq!((place.row, place.position), (None, position));
                        position += u64::from(chunk.bytes);
                    }
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
