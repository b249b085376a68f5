//! Reads a block.

use std::sync::Arc;

use bytes::Bytes;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::source::{LogColumns, LogWant};
use telemetry_core::storage::block::{BlockFile, BlockReader};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::postings::{self, FrozenPostings};
use telemetry_core::storage::{Damage, Damaged, Result};

use super::format::{self, PageEntry, Run, StreamRuns, Table};
use super::values::Filter;
use crate::deletes::Deletes;
use crate::page::format::{OpenPage, Page};
use crate::text::pack;
use crate::text::template::Dictionary;

/// An opened block: its table and its templates in memory, its pages on disk.
#[derive(Debug)]
pub(crate) struct Block {
    file: BlockFile,
    table: Table,
    /// Runs of each page.
    page_runs: Vec<u32>,
    /// Which streams, by number, have which labels.
    postings: FrozenPostings,
    dictionary: Dictionary,
}

impl Block {
    /// Reads the table of a block.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or is damaged.
    pub(crate) fn open(reader: &BlockReader) -> Result<Block> {
        let file = reader.file(format::FILE)?;
        let dictionary = packed(&file, format::TEMPLATES, Dictionary::read)?;
        let table = packed(&file, format::STREAMS, |input| format::read(input, dictionary.len()))?;
        let mut page_runs = vec![0_u32; table.pages.len()];
        for run in table.streams.iter().flat_map(|stream| &stream.runs) {
            if let Some(count) = page_runs.get_mut(run.page as usize) {
                *count = count.saturating_add(1);
            }
        }
        let postings = FrozenPostings::open(file.read_section(format::POSTINGS)?)
            .map_err(|damaged| file.damaged_in(format::POSTINGS, damaged))?;
        Ok(Block { file, table, page_runs, postings, dictionary })
    }

    /// The streams that satisfy every matcher, in order of their labels.
    ///
    /// # Errors
    ///
    /// Where the postings are damaged.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Result<Vec<&StreamRuns>> {
        let ids = postings::select(&self.postings, matchers)?;
        Ok(ids.iter().filter_map(|id| self.table.streams.get(id as usize)).collect())
    }

    /// Time of the newest line of a stream.
    pub(crate) fn newest(&self, labels: &Labels) -> Option<i64> {
        let streams = &self.table.streams;
        let at = streams.binary_search_by(|stream| stream.labels.cmp(labels)).ok()?;
        streams.get(at)?.runs.iter().map(|run| run.last).max()
    }

    /// The streams, in order of their labels.
    pub(crate) fn streams(&self) -> &[StreamRuns] {
        &self.table.streams
    }

    /// The templates of all lines.
    pub(crate) fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// The page that a run lies on.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub(crate) fn page_entry(&self, run: &Run) -> Result<&PageEntry> {
        let entry = self.table.pages.get(run.page as usize);
        entry.ok_or_else(|| self.damaged(0, "page of a run"))
    }

    /// Those of the deletes of its stream that could hide a line of a run.
    ///
    /// # Errors
    ///
    /// Where there is no such page.
    pub(crate) fn deletes_of(&self, run: &Run, deletes: &Deletes) -> Result<Deletes> {
        if deletes.is_empty() {
            return Ok(Deletes::default());
        }
        let templates = &self.page_entry(run)?.templates;
        Ok(deletes.of_page((run.first, run.last), &self.dictionary, templates))
    }

    /// The page that a run lies on, opened.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or is damaged.
    pub(crate) fn open_page(&self, run: &Run) -> Result<Arc<OpenPage>> {
        let entry = self.page_entry(run)?;
        if self.is_shared(run) {
            // Opened once for all the streams on it.
            return self.file.decoded_page(format::PAGES, entry.at, |bytes| {
                let page = self.opened(run, entry, &Bytes::copy_from_slice(bytes))?;
                let bytes = page.memory_bytes() as u64;
                Ok((page, bytes))
            });
        }
        self.opened(run, entry, &self.file.read_page(format::PAGES, entry.at)?).map(Arc::new)
    }

    fn opened(&self, run: &Run, entry: &PageEntry, bytes: &Bytes) -> Result<OpenPage> {
        let page = Page::open(bytes).and_then(|page| page.read(&entry.templates, &self.dictionary));
        let page = page.map_err(|damaged| self.damaged_page(entry, damaged))?;
        if run.range().end > page.times.len() {
            return Err(self.damaged(entry.at.offset, "rows of a page"));
        }
        Ok(page)
    }

    /// The times of the rows of the page that a run lies on.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or is damaged.
    pub(crate) fn times(&self, run: &Run) -> Result<Vec<i64>> {
        if self.is_shared(run) {
            return Ok(self.open_page(run)?.times.clone());
        }
        let entry = self.page_entry(run)?;
        let bytes = self.file.read_page(format::PAGES, entry.at)?;
        let times = Page::open(&bytes).and_then(|page| page.times());
        let times = times.map_err(|damaged| self.damaged_page(entry, damaged))?;
        match times.len() == run.rows as usize {
            true => Ok(times),
            false => Err(self.damaged(entry.at.offset, "rows of a page")),
        }
    }

    /// Fills `into` with the wanted columns of a run. What was in it is gone.
    ///
    /// # Errors
    ///
    /// Where the page cannot be read or is damaged.
    pub(crate) fn read(&self, run: &Run, want: LogWant, into: &mut LogColumns) -> Result<()> {
        self.fill(run, &*self.open_page(run)?, want, into)
    }

    /// Fills `into` with a run, past the cache: for compaction, which reads everything once. `last`
    /// is the page of this block that was read last, since runs that share one follow each other.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn read_once(
        &self,
        run: &Run,
        last: &mut Option<(u32, OpenPage)>,
        into: &mut LogColumns,
    ) -> Result<()> {
        let page = match last.take().filter(|(number, _)| *number == run.page) {
            Some((_, page)) => page,
            None => self.opened(run, self.page_entry(run)?, &self.page_bytes(run)?)?,
        };
        let filled = self.fill(run, &page, LogWant::ALL, into);
        *last = Some((run.page, page));
        filled
    }

    fn fill(&self, run: &Run, page: &OpenPage, want: LogWant, into: &mut LogColumns) -> Result<()> {
        let entry = self.page_entry(run)?;
        let filled = page.fill(run.range(), want, &self.dictionary, into);
        filled.map_err(|damaged| self.damaged_page(entry, damaged))?;
        if into.len() == run.rows as usize {
            Ok(())
        } else {
            Err(self.damaged(entry.at.offset, "rows of a page"))
        }
    }

    /// The bytes of the page of a run, as they are.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(crate) fn page_bytes(&self, run: &Run) -> Result<Bytes> {
        self.file.read_page_uncached(format::PAGES, self.page_entry(run)?.at)
    }

    /// The filter of the long values on a page.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(crate) fn filter(&self, entry: &PageEntry) -> Result<Filter> {
        Ok(Filter(match entry.filter.bytes {
            0 => Bytes::new(),
            _ => self.file.read_page(format::FILTERS, entry.filter)?,
        }))
    }

    /// Whether a run shares its page.
    pub(crate) fn is_shared(&self, run: &Run) -> bool {
        self.page_runs.get(run.page as usize).is_none_or(|runs| *runs > 1)
    }

    fn damaged(&self, offset: u64, what: &'static str) -> telemetry_core::storage::Error {
        self.file.damaged(offset, Damage::Field { what })
    }

    /// The error for damage within a page.
    pub(crate) fn damaged_page(
        &self,
        entry: &PageEntry,
        damaged: Damaged,
    ) -> telemetry_core::storage::Error {
        self.file.damaged(entry.at.offset.saturating_add(damaged.offset), damaged.damage)
    }

    /// Reads every line.
    ///
    /// # Errors
    ///
    /// The first damage.
    pub(crate) fn verify(&self) -> Result<()> {
        self.postings
            .verify()
            .map_err(|damaged| self.file.damaged_in(format::POSTINGS, damaged))?;
        let mut columns = LogColumns::default();
        for run in self.table.streams.iter().flat_map(|stream| &stream.runs) {
            self.read(run, LogWant::ALL, &mut columns)?;
        }
        Ok(())
    }
}

/// Reads a packed section.
fn packed<T>(
    file: &BlockFile,
    section: u32,
    read: impl Fn(&mut Cursor<'_>) -> Result<T, Damaged>,
) -> Result<T> {
    let bytes = file.read_section(section)?;
    let decode = || {
        let mut input = Cursor::new(&bytes);
        let raw = pack::read(&mut input)?;
        input.finish()?;
        let mut input = Cursor::new(&raw);
        let value = read(&mut input)?;
        input.finish()?;
        Ok(value)
    };
    decode().map_err(|damaged| file.damaged_in(section, damaged))
}
