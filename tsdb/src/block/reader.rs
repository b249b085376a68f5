//! Reading a block: its root at once, its pages on demand.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use telemetry_core::source::FloatStatistics;
use telemetry_core::storage::block::{BlockFile, BlockReader, PageRef};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, Error, Result};
use telemetry_core::time::MillisRange;

use super::exemplars::{self, Exemplars, Extent};
use super::format::{Name, Root, TimeColumn};
use super::held::{HeldPage, MergedPages};
use super::lists::ListPage;
use super::places::{ChunkPlace, PlacesPage};
use super::referenced::Referenced;
use super::series::SeriesPage;
use super::strips::Strip;
use super::texts::TextPage;
use super::{CHUNKS, INDEX_FILE, LISTS, ROOT, SAMPLES_FILE, SERIES, STRIPS, TEXTS, TIMES, VALUES};
use crate::chunk::{format, statistics, timestamps};

/// An open block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(super) samples: BlockFile,
    pub(super) index: BlockFile,
    pub(super) root: Root,
    pub(super) referenced: Referenced,
    pub(super) merged_pages: MergedPages,
    exemplars: Option<WithExemplars>,
}

/// The exemplars of a block that has some, opened when they are first asked for.
#[derive(Debug)]
struct WithExemplars {
    block: BlockReader,
    extent: Extent,
    opened: OnceLock<Exemplars>,
}

/// The time columns of a page.
type TimePage = Vec<Arc<[i64]>>;

impl Block {
    /// Opens a block.
    pub(crate) fn open(reader: &BlockReader) -> Result<Self> {
        let samples = reader.file(SAMPLES_FILE)?;
        let index = reader.file(INDEX_FILE)?;
        let section = index.read_section(ROOT)?;
        let root = Root::read(&section).map_err(|damaged| index.damaged_in(ROOT, damaged))?;
        let extent = Extent::of_meta(&reader.entry().meta);
        let extent = extent.map_err(|damaged| damaged.in_file(reader.directory(), 0))?;
        let exemplars = extent.map(|extent| WithExemplars {
            block: reader.clone(),
            extent,
            opened: OnceLock::new(),
        });
        Ok(Block {
            samples,
            index,
            root,
            referenced: Referenced::default(),
            merged_pages: MergedPages::default(),
            exemplars,
        })
    }

    /// Number of series.
    pub(crate) fn len(&self) -> u32 {
        self.root.len()
    }

    /// The exemplars, if any may be in the window.
    ///
    /// # Errors
    ///
    /// The file system's; the file is damaged.
    pub(crate) fn exemplars(&self, window: MillisRange) -> Result<Option<&Exemplars>> {
        let Some(with) = self.exemplars.as_ref().filter(|with| with.extent.overlaps(window)) else {
            return Ok(None);
        };
        if let Some(opened) = with.opened.get() {
            return Ok(Some(opened));
        }
        let opened = Exemplars::open(&with.block, &with.extent)?;
        Ok(Some(with.opened.get_or_init(|| opened)))
    }

    /// Something in the root does not fit the rest.
    pub(super) fn damaged_root(&self, what: &'static str) -> Error {
        self.index.damaged_in(ROOT, Damaged::field(0, what))
    }

    /// A page of the index, decoded, which says how much memory it takes.
    fn page<T: Send + Sync + 'static>(
        &self,
        section: u32,
        place: PageRef,
        decode: impl FnOnce(&[u8]) -> Result<T, Damaged>,
        memory_bytes: impl FnOnce(&T) -> u64,
    ) -> Result<Arc<T>> {
        self.index.decoded_page(section, place, |bytes| {
            let decoded = decode(bytes).map_err(|damaged| {
                let offset = damaged.offset.saturating_add(place.offset);
                self.index.damaged_in(section, Damaged { offset, ..damaged })
            })?;
            let memory_bytes = memory_bytes(&decoded);
            Ok((decoded, memory_bytes))
        })
    }

    /// A page of values of a name.
    pub(super) fn texts(&self, name: &Name, page: usize) -> Result<Arc<TextPage>> {
        let place =
            self.root.texts(name, page).ok_or_else(|| self.damaged_root("page of values"))?;
        let read = |bytes: &[u8]| TextPage::read(bytes, place.count);
        self.page(TEXTS, place.texts, read, TextPage::memory_bytes)
    }

    /// Which series have the values of a page.
    pub(super) fn lists(&self, name: &Name, page: usize) -> Result<Arc<ListPage>> {
        let place =
            self.root.texts(name, page).ok_or_else(|| self.damaged_root("page of lists"))?;
        let read = |bytes: &[u8]| ListPage::read(bytes, place.count, self.len());
        self.page(LISTS, place.lists, read, ListPage::memory_bytes)
    }

    /// A page of the labels of series.
    pub(super) fn series_page(&self, page: usize) -> Result<Arc<SeriesPage>> {
        let place = self.root.series(page).ok_or_else(|| self.damaged_root("page of series"))?;
        let values_of =
            |name: u32| self.root.names.get(name as usize).map_or(0, |name| name.values);
        let read =
            |bytes: &[u8]| SeriesPage::read(bytes, place.count, &self.root.shapes, values_of);
        self.page(SERIES, place.series, read, SeriesPage::memory_bytes)
    }

    /// A page of places of chunks.
    pub(super) fn places(&self, page: usize) -> Result<Arc<PlacesPage>> {
        let place = self.root.series(page).ok_or_else(|| self.damaged_root("page of chunks"))?;
        let (start, end) = place.content;
        let read = |bytes: &[u8]| {
            let page = PlacesPage::read(bytes, place.count, start, self.root.columns.len())?;
            let Root { value_pages, strip_pages, .. } = &self.root;
            let holds = |chunk: &ChunkPlace| match chunk.row {
                None => value_pages.holds(chunk.position, chunk.bytes),
                Some(_) => chunk.position < strip_pages.len() as u64,
            };
            if page.end == end && page.all().iter().all(holds) {
                Ok(page)
            } else {
                Err(Damaged::field(0, "place of a chunk"))
            }
        };
        self.page(CHUNKS, place.places, read, PlacesPage::memory_bytes)
    }

    /// First and last time of a chunk, and its samples.
    pub(crate) fn extent(&self, chunk: &ChunkPlace) -> (i64, i64, usize) {
        let column = self.root.columns.get(chunk.column as usize);
        column.map_or((0, -1, 0), |column| (column.first, column.last, column.samples as usize))
    }

    /// The strip that a chunk is in, and its row there; none if it lies in VALUES.
    fn strip(&self, chunk: &ChunkPlace) -> Result<Option<(Arc<Strip>, usize)>> {
        let Some(row) = chunk.row else { return Ok(None) };
        let number = usize::try_from(chunk.position).unwrap_or(usize::MAX);
        let place = self.root.strip_pages.place(number);
        let place = place.ok_or_else(|| self.damaged_root("place of a strip"))?;
        let strip = self.samples.decoded_page(STRIPS, place, |bytes| {
            let strip = Strip::read(bytes, self.root.strip_rows(number)).map_err(|damaged| {
                let offset = damaged.offset.saturating_add(place.offset);
                self.samples.damaged_in(STRIPS, Damaged { offset, ..damaged })
            })?;
            let memory_bytes = strip.memory_bytes();
            Ok((strip, memory_bytes))
        })?;
        Ok(Some((strip, row.into())))
    }

    /// What a chunk of floats knows about its values.
    pub(crate) fn peek(&self, chunk: &ChunkPlace) -> Result<Option<FloatStatistics>> {
        match self.strip(chunk)? {
            Some((strip, row)) => Ok(statistics::of(strip.get(row).unwrap_or_default())),
            None => {
                let known = format::peek(&self.values(chunk)?);
                known.map_err(|damaged| self.damaged(chunk, damaged))
            }
        }
    }

    /// Appends the values of a chunk of `count` floats that are at the `wanted` places, and its start
    /// timestamps if it has any, which are all.
    pub(crate) fn floats(
        &self,
        chunk: &ChunkPlace,
        count: usize,
        wanted: Range<usize>,
        values: &mut Vec<f64>,
        starts: &mut Vec<i64>,
    ) -> Result<()> {
        let Some((strip, row)) = self.strip(chunk)? else {
            let before = values.len();
            let decoded =
                format::decode(&self.values(chunk)?, count, wanted.clone(), values, starts);
            let reference = decoded.map_err(|damaged| self.damaged(chunk, damaged))?;
            return match reference {
                Some(reference) => {
                    let differences = values.get_mut(before..).unwrap_or_default();
                    self.add_referenced(chunk, reference, (count, wanted), differences)
                }
                None => Ok(()),
            };
        };
        let held = strip.get(row).filter(|held| held.len() == count);
        let short = || self.samples.damaged_in(STRIPS, Damaged::field(0, "values of a chunk"));
        values.extend_from_slice(held.and_then(|held| held.get(wanted)).ok_or_else(short)?);
        Ok(())
    }

    /// The encoded values of a chunk that lies in VALUES.
    pub(crate) fn values(&self, chunk: &ChunkPlace) -> Result<Bytes> {
        let page = if self.merged_pages.in_use() {
            let read = |place| self.samples.read_page_uncached(VALUES, place);
            self.merged_pages.page(chunk, || self.page_of(chunk, read))?
        } else {
            self.held_page(chunk)?
        };
        let wrong = || self.samples.damaged_in(VALUES, Damaged::field(0, "place of a chunk"));
        Ok(page.bytes.slice(page.place(chunk).ok_or_else(wrong)?))
    }

    /// The page that a chunk in VALUES lies in.
    pub(crate) fn held_page(&self, chunk: &ChunkPlace) -> Result<HeldPage> {
        self.page_of(chunk, |place| self.samples.read_page(VALUES, place))
    }

    fn page_of(
        &self,
        chunk: &ChunkPlace,
        read: impl FnOnce(PageRef) -> Result<Bytes>,
    ) -> Result<HeldPage> {
        let pages = &self.root.value_pages;
        let found = pages.find(chunk.position).and_then(|(page, offset)| {
            let start = chunk.position.checked_sub(offset as u64)?;
            let place = pages.place(page)?;
            Some((place, start..start.checked_add(place.bytes.into())?))
        });
        let (place, content) = found.ok_or_else(|| self.damaged_root("place of a chunk"))?;
        Ok(HeldPage { content, bytes: read(place)? })
    }

    /// The last of the floats of a chunk, if it knows that none is NaN: with the page that `held` holds
    /// on to, which is replaced where the chunk is in another one.
    pub(crate) fn last_float(
        &self,
        chunk: &ChunkPlace,
        held: &mut Option<HeldPage>,
    ) -> Result<Option<f64>> {
        if chunk.row.is_some() || chunk.is_histogram {
            return Ok(self.peek(chunk)?.map(|statistics| statistics.last));
        }
        if held.as_ref().and_then(|page| page.chunk(chunk)).is_none() {
            *held = Some(self.held_page(chunk)?);
        }
        let bytes = held.as_ref().and_then(|page| page.chunk(chunk)).unwrap_or_default();
        format::peek_last(bytes).map_err(|damaged| self.damaged(chunk, damaged))
    }

    /// Damage in the values of a chunk.
    pub(crate) fn damaged(&self, chunk: &ChunkPlace, damaged: Damaged) -> Error {
        let offset = damaged.offset.saturating_add(chunk.position);
        self.samples.damaged_in(VALUES, Damaged { offset, ..damaged })
    }

    /// A time column.
    pub(crate) fn times(&self, column: u32) -> Result<Arc<[i64]>> {
        let root = &self.root;
        let found = || {
            let position = *root.column_positions.get(column as usize)?;
            let (page, _) = root.time_pages.find(position)?;
            let first = root
                .column_positions
                .partition_point(|position| root.time_page_of(*position) < Some(page));
            Some((page, root.time_pages.place(page)?, first))
        };
        let (page, place, first) =
            found().ok_or_else(|| self.damaged_root("place of a time column"))?;
        let decoded = self.index.decoded_page(TIMES, place, |bytes| {
            self.read_times(page, first, bytes)
                .map_err(|damaged| self.index.damaged_in(TIMES, damaged))
        })?;
        let column = decoded.get((column as usize).saturating_sub(first));
        column.cloned().ok_or_else(|| self.damaged_root("place of a time column"))
    }

    /// The columns of a page, of which `first` is the first, and their size in memory.
    fn read_times(
        &self,
        page: usize,
        first: usize,
        bytes: &[u8],
    ) -> Result<(TimePage, u64), Damaged> {
        let mut input = Cursor::new(bytes);
        let mut decoded: TimePage = Vec::new();
        let mut size = 0;
        let mut times = Vec::new();
        let rest = self.root.columns.iter().zip(&self.root.column_positions).skip(first);
        for (column, position) in rest {
            if self.root.time_page_of(*position) != Some(page) {
                break;
            }
            times.clear();
            let start = input.position();
            timestamps::read(&mut input, column.samples as usize, &mut times)?;
            if input.position() - start != column.bytes as usize || !fits(column, &times) {
                return Err(input.field("time column"));
            }
            size += times.len() as u64 * 8 + 32;
            decoded.push(times.as_slice().into());
        }
        input.finish()?;
        Ok((decoded, size))
    }
}

/// Whether a column is what the root says.
fn fits(column: &TimeColumn, times: &[i64]) -> bool {
    times.first() == Some(&column.first) && times.last() == Some(&column.last)
}

impl Root {
    /// The page of TIMES with a position.
    fn time_page_of(&self, position: u64) -> Option<usize> {
        self.time_pages.find(position).map(|(page, _)| page)
    }
}

/// Reads what the first byte says, the root of a block or one of its pages: for the fuzz target.
pub(crate) fn exercise(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let shapes = [[0, 1].into(), [].into(), [1, 2, 5].into()];
    match kind % 7 {
        0 => {
            let Ok(root) = Root::read(data) else { return };
            for name in &root.names {
                for page in name.pages.clone() {
                    assert!(root.texts(name, page).is_some(), "a place for every page");
                    assert!(name.pages.contains(&root.find_texts(name, "m")), "a page of the name");
                }
            }
            for series in 0..root.len().min(10_000) {
                let page = root.find_series(series).and_then(|(page, _)| root.series(page));
                assert!(page.is_some(), "a page for every series");
            }
        }
        1 => drop(TextPage::read(data, 5)),
        2 => drop(ListPage::read(data, 5, 100)),
        3 => drop(SeriesPage::read(data, 5, &shapes, |_| 4)),
        4 => drop(PlacesPage::read(data, 5, 0, 3)),
        5 => exemplars::exercise(data),
        _ => {
            let Ok(strip) = Strip::read(data, 5) else { return };
            assert!((0..5).all(|row| strip.get(row).is_some()), "values for every chunk");
        }
    }
}
