//! Writing the index of a block: everything but the samples and their times.
//!
//! Series come one after the other, in the order of their labels, as ranks of [`Pairs`]. Which pairs
//! are in the block, and which series have each, is known at the end: counted, then filled in.

use hashbrown::HashMap;
use telemetry_core::storage::Result;
use telemetry_core::storage::block::FileWriter;
use telemetry_core::storage::postings::put_list;

use super::format::{Listed, ListedName, ListedSeries, ListedTexts};
use super::lists::ListPageWriter;
use super::places::{self, ChunkKind, ListedChunk};
use super::series::{self, LABELS_MAX, SERIES_MAX, Shape};
use super::texts::TextPageWriter;
use super::{APART, CHUNKS, LISTS, Pairs, ROOT, SERIES, TEXTS};

/// The index of a block under construction: about 50 bytes for each series of seven labels, and the
/// texts of the pairs.
#[derive(Debug)]
pub(super) struct IndexBuilder {
    pairs: Pairs,
    /// By the numbers that names have in `pairs`.
    shape_numbers: HashMap<Shape, u32>,
    /// Per series its shape, its chunks; and the ranks and chunks of all.
    shapes: Vec<u32>,
    chunk_counts: Vec<u32>,
    ranks: Vec<u32>,
    chunks: Vec<ListedChunk>,
    /// The shape of the last series, and its names.
    last: (u32, Vec<u32>),
    /// Columns and pages are listed as they are written.
    pub(super) listed: Listed,
}

impl IndexBuilder {
    pub(super) fn new(pairs: Pairs) -> Self {
        IndexBuilder {
            pairs,
            shape_numbers: HashMap::new(),
            shapes: Vec::new(),
            chunk_counts: Vec::new(),
            ranks: Vec::new(),
            chunks: Vec::new(),
            last: (u32::MAX, Vec::new()),
            listed: Listed::default(),
        }
    }

    /// Adds a series behind those before it.
    pub(super) fn series(&mut self, ranks: &[u32], chunks: &[ListedChunk]) {
        let (last, names) = &self.last;
        let fits = |(rank, name): (&u32, &u32)| self.pairs.ranks(*name as usize).contains(rank);
        let same =
            *last != u32::MAX && names.len() == ranks.len() && ranks.iter().zip(names).all(fits);
        if !same {
            let names: Vec<u32> =
                ranks.iter().map(|rank| small(self.pairs.name_of(*rank))).collect();
            let next = small(self.shape_numbers.len());
            let known = self.shape_numbers.get(names.as_slice()).copied();
            let number = known.unwrap_or_else(|| {
                self.shape_numbers.insert(names.as_slice().into(), next);
                next
            });
            self.last = (number, names);
        }
        self.shapes.push(self.last.0);
        self.chunk_counts.push(small(chunks.len()));
        self.ranks.extend_from_slice(ranks);
        self.chunks.extend_from_slice(chunks);
    }

    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.shapes.len()
    }

    /// Writes the sections that are not written yet.
    pub(super) fn finish(mut self, file: &mut FileWriter) -> Result<()> {
        let uses = Uses::count(&self.ranks, &self.pairs);
        let names: Vec<usize> = (0..self.pairs.names())
            .filter(|name| self.pairs.ranks(*name).any(|rank| uses.is_used(rank)))
            .collect();
        let mut shapes: Vec<Shape> = vec![Shape::default(); self.shape_numbers.len()];
        for (shape, number) in &self.shape_numbers {
            if let Some(slot) = shapes.get_mut(*number as usize) {
                *slot = shape.clone();
            }
        }
        self.write_texts(file, &names, &uses)?;
        self.write_lists(file, &names, &uses, &shapes)?;
        // Names without values are left out; that changes no order.
        let place = |name: &u32| small(names.binary_search(&(*name as usize)).unwrap_or(0));
        for shape in &mut shapes {
            *shape = shape.iter().map(place).collect();
        }
        self.write_series(file, &shapes, &uses)?;
        self.listed.shapes = shapes;
        let mut root = Vec::new();
        self.listed.encode(&mut root);
        file.section(ROOT, &root)
    }

    fn write_texts(&mut self, file: &mut FileWriter, names: &[usize], uses: &Uses) -> Result<()> {
        file.begin(TEXTS);
        let mut page = TextPageWriter::default();
        for name in names {
            let mut listed: Vec<ListedTexts> = Vec::new();
            let mut end = |page: &mut TextPageWriter,
                           listed: &mut Vec<ListedTexts>|
             -> Result<()> {
                if let Some(last) = listed.last_mut() {
                    (last.values, last.text_bytes) = (small(page.len()), small(page.bytes.len()));
                    file.page(&page.bytes)?;
                    page.clear();
                }
                Ok(())
            };
            for rank in self.pairs.ranks(*name).filter(|rank| uses.is_used(*rank)) {
                let value = self.pairs.value(rank);
                if page.is_full_for(value) {
                    end(&mut page, &mut listed)?;
                }
                if page.len() == 0 {
                    let first = value.to_owned();
                    listed.push(ListedTexts { values: 0, first, text_bytes: 0, list_bytes: 0 });
                }
                page.push(value);
            }
            end(&mut page, &mut listed)?;
            let text = self.pairs.name(*name).to_owned();
            self.listed.names.push(ListedName { text, series: Vec::new(), pages: listed });
        }
        Ok(())
    }

    fn write_lists(
        &mut self,
        file: &mut FileWriter,
        names: &[usize],
        uses: &Uses,
        shapes: &[Shape],
    ) -> Result<()> {
        let lists = uses.lists(&self.shapes, shapes, &self.ranks);
        file.begin(APART);
        let mut page = ListPageWriter::default();
        let mut pages = Vec::new();
        let mut ends = Vec::new();
        for (name, listed) in names.iter().zip(&mut self.listed.names) {
            let mut used = self.pairs.ranks(*name).filter(|rank| uses.is_used(*rank));
            for listed in &mut listed.pages {
                let before = pages.len();
                for rank in used.by_ref().take(listed.values as usize) {
                    if let Some(apart) = page.push(uses.list(&lists, rank)) {
                        file.page(apart)?;
                    }
                }
                page.finish(file.section_bytes(), &mut pages);
                listed.list_bytes = small(pages.len() - before);
                ends.push(pages.len());
            }
            let with_name = series_with(small(*name), &self.shapes, shapes);
            put_list(&with_name, &mut listed.series);
        }
        drop(lists);
        file.begin(LISTS);
        let mut start = 0;
        for end in ends {
            file.page(pages.get(start..end).unwrap_or_default())?;
            start = end;
        }
        Ok(())
    }

    fn write_series(&mut self, file: &mut FileWriter, shapes: &[Shape], uses: &Uses) -> Result<()> {
        let (mut pages, mut ends) = (Vec::new(), Vec::new());
        let (mut values, mut chunks, mut ranks) = (Vec::new(), &self.chunks[..], &self.ranks[..]);
        file.begin(SERIES);
        let (mut bytes, mut start, mut strips) = (Vec::new(), 0, 0);
        while start < self.shapes.len() {
            let (mut end, mut labels, mut listed) = (start, 0, 0);
            while let Some(shape) = self.shapes.get(end) {
                let more = shapes.get(*shape as usize).map_or(0, |shape| shape.len());
                let more_chunks = self.chunk_counts.get(end).map_or(0, |count| *count as usize);
                let is_full = end - start == SERIES_MAX
                    || labels + more > LABELS_MAX
                    || listed + more_chunks > places::CHUNKS_MAX;
                if is_full && end > start {
                    break;
                }
                (labels, listed, end) = (labels + more, listed + more_chunks, end + 1);
            }
            let (here, behind) = ranks.split_at(labels.min(ranks.len()));
            ranks = behind;
            values.clear();
            values.extend(here.iter().map(|rank| uses.number(*rank)));
            bytes.clear();
            series::write(
                shapes,
                self.shapes.get(start..end).unwrap_or_default(),
                &values,
                &mut bytes,
            );
            file.page(&bytes)?;
            let (here, behind) = chunks.split_at(listed.min(chunks.len()));
            chunks = behind;
            let before = pages.len();
            let counts = self.chunk_counts.get(start..end).unwrap_or_default();
            places::write(strips, counts, here, &mut pages);
            strips += here.iter().filter(|chunk| chunk.kind == ChunkKind::Strip).count() as u64;
            ends.push(pages.len());
            self.listed.series.push(ListedSeries {
                series: small(end - start),
                content: here.iter().map(|chunk| u64::from(chunk.bytes)).sum(),
                series_bytes: small(bytes.len()),
                place_bytes: small(pages.len() - before),
            });
            start = end;
        }
        file.begin(CHUNKS);
        let mut start = 0;
        for end in ends {
            file.page(pages.get(start..end).unwrap_or_default())?;
            start = end;
        }
        Ok(())
    }
}

/// The series that have a name, ascending.
fn series_with(name: u32, series: &[u32], shapes: &[Shape]) -> Vec<u32> {
    let has: Vec<bool> = shapes.iter().map(|shape| shape.binary_search(&name).is_ok()).collect();
    let has = |shape: &u32| has.get(*shape as usize).copied().unwrap_or(false);
    (0..).zip(series).filter(|(_, shape)| has(shape)).map(|(id, _)| id).collect()
}

/// How many series have each pair.
struct Uses {
    /// Uses of all pairs before each, and of all.
    starts: Vec<u32>,
    /// The number of each pair's value among the used ones of its name, which are in their order.
    numbers: Vec<u32>,
}

impl Uses {
    fn count(ranks: &[u32], pairs: &Pairs) -> Self {
        let mut starts = vec![0_u32; pairs.len() as usize + 1];
        for rank in ranks {
            if let Some(count) = starts.get_mut(*rank as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut uses = Uses { starts, numbers: Vec::with_capacity(pairs.len() as usize) };
        for name in 0..pairs.names() {
            let mut number = 0;
            for rank in pairs.ranks(name) {
                uses.numbers.push(number);
                number += u32::from(uses.is_used(rank));
            }
        }
        uses
    }

    fn bounds(&self, rank: u32) -> (usize, usize) {
        let at = |rank: usize| self.starts.get(rank).map_or(0, |start| *start as usize);
        (at(rank as usize), at(rank as usize + 1))
    }

    fn is_used(&self, rank: u32) -> bool {
        let (start, end) = self.bounds(rank);
        start < end
    }

    /// The series of every pair, pair by pair.
    fn lists(&self, series: &[u32], shapes: &[Shape], ranks: &[u32]) -> Vec<u32> {
        let mut next = self.starts.clone();
        let mut lists = vec![0; ranks.len()];
        let mut ranks = ranks.iter();
        for (id, shape) in (0..).zip(series) {
            let labels = shapes.get(*shape as usize).map_or(0, |shape| shape.len());
            for rank in ranks.by_ref().take(labels) {
                let Some(next) = next.get_mut(*rank as usize) else { continue };
                if let Some(slot) = lists.get_mut(*next as usize) {
                    *slot = id;
                }
                *next += 1;
            }
        }
        lists
    }

    fn list<'a>(&self, lists: &'a [u32], rank: u32) -> &'a [u32] {
        let (start, end) = self.bounds(rank);
        lists.get(start..end).unwrap_or_default()
    }

    fn number(&self, rank: u32) -> u32 {
        self.numbers.get(rank as usize).copied().unwrap_or(0)
    }
}

/// Series and values of one block are fewer than 2³².
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
