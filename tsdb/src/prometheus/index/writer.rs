//! The index, written in one pass: symbols first, series as they come, lists at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hashbrown::HashMap;
use telemetry_core::labels::Labels;
use telemetry_core::storage::fs::{OpenFile, Volume};
use telemetry_core::storage::{Damage, Damaged, Result, varint};

use super::format::{Contents, LIST_ALIGN, MAGIC, OFFSET_TEXTS, SERIES_ALIGN, VERSION};
use super::reader::ChunkPlace;

/// Bytes that are collected before they are written.
const WRITE_BYTES: usize = 1 << 20;

/// An index that is being written.
#[derive(Debug)]
pub(crate) struct IndexWriter<'a> {
    file: OpenFile,
    buffer: Vec<u8>,
    /// Bytes so far, those in the buffer included.
    position: u64,
    contents: Contents,
    symbols: HashMap<&'a str, u32>,
    lists: BTreeMap<&'a str, BTreeMap<&'a str, Vec<u32>>>,
    all: Vec<u32>,
}

impl<'a> IndexWriter<'a> {
    /// Begins an index with all symbols that its series have.
    ///
    /// # Errors
    ///
    /// The file system's; the symbols do not fit.
    pub(crate) fn create(
        volume: &Volume,
        path: &Path,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<IndexWriter<'a>> {
        let mut writer = IndexWriter {
            file: volume.create(path)?,
            buffer: Vec::new(),
            position: 0,
            contents: Contents::default(),
            symbols: HashMap::default(),
            lists: BTreeMap::new(),
            all: Vec::new(),
        };
        let mut head = MAGIC.to_be_bytes().to_vec();
        head.push(VERSION);
        writer.put(&head)?;
        // The empty text is one of them: it names the list of all series.
        let texts: BTreeSet<&str> = texts.into_iter().chain([""]).collect();
        writer.contents.symbols = writer.position;
        let mut section = Vec::new();
        section.extend_from_slice(&writer.length(texts.len())?.to_be_bytes());
        for (index, text) in (0..).zip(texts) {
            writer.symbols.insert(text, index);
            varint::put_str(&mut section, text);
        }
        writer.put_section(&section)?;
        writer.align(SERIES_ALIGN)?;
        writer.contents.series = writer.position;
        Ok(writer)
    }

    /// Adds a series, which comes behind the one before it in the order of labels.
    ///
    /// # Errors
    ///
    /// The file system's; the index is full.
    pub(crate) fn series(&mut self, labels: &'a Labels, chunks: &[ChunkPlace]) -> Result<()> {
        self.align(SERIES_ALIGN)?;
        let reference = u32::try_from(self.position / SERIES_ALIGN);
        let reference = reference.map_err(|_| self.too_large())?;
        let mut entry = Vec::new();
        varint::put_u64(&mut entry, labels.len() as u64);
        for (name, value) in labels {
            for text in [name, value] {
                let symbol = self.symbols.get(text).copied().ok_or_else(|| self.too_large())?;
                varint::put_u64(&mut entry, symbol.into());
            }
            self.lists.entry(name).or_default().entry(value).or_default().push(reference);
        }
        self.all.push(reference);
        varint::put_u64(&mut entry, chunks.len() as u64);
        let mut before: Option<&ChunkPlace> = None;
        for chunk in chunks {
            match before {
                None => varint::put_i64(&mut entry, chunk.first),
                Some(before) => {
                    let gap = chunk.first.wrapping_sub(before.last).cast_unsigned();
                    varint::put_u64(&mut entry, gap);
                }
            }
            let length = chunk.last.wrapping_sub(chunk.first).cast_unsigned();
            varint::put_u64(&mut entry, length);
            match before {
                None => varint::put_u64(&mut entry, chunk.reference),
                Some(before) => {
                    let step = chunk.reference.wrapping_sub(before.reference).cast_signed();
                    varint::put_i64(&mut entry, step);
                }
            }
            before = Some(chunk);
        }
        let mut length = Vec::new();
        varint::put_u64(&mut length, entry.len() as u64);
        self.put(&length)?;
        self.put(&entry)?;
        self.put(&crc32c::crc32c(&entry).to_be_bytes())
    }

    /// Writes the lists and where everything is; gives the size.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub(crate) fn finish(mut self) -> Result<u64> {
        self.align(LIST_ALIGN)?;
        (self.contents.label_indices, self.contents.postings) = (self.position, self.position);
        let mut table = Vec::new();
        let mut lists = std::mem::take(&mut self.lists);
        lists.entry("").or_default().insert("", std::mem::take(&mut self.all));
        let count = lists.values().map(BTreeMap::len).sum::<usize>();
        table.extend_from_slice(&self.length(count)?.to_be_bytes());
        for (name, values) in lists {
            for (value, ids) in values {
                self.align(LIST_ALIGN)?;
                table.push(OFFSET_TEXTS);
                varint::put_str(&mut table, name);
                varint::put_str(&mut table, value);
                varint::put_u64(&mut table, self.position);
                let mut list = self.length(ids.len())?.to_be_bytes().to_vec();
                list.extend(ids.iter().flat_map(|id| id.to_be_bytes()));
                self.put_section(&list)?;
            }
        }
        (self.contents.label_offsets, self.contents.offsets) = (self.position, self.position);
        self.put_section(&table)?;
        let contents = self.contents.write();
        self.put(&contents)?;
        self.write_out()?;
        self.file.sync()?;
        Ok(self.position)
    }

    fn put_section(&mut self, body: &[u8]) -> Result<()> {
        self.put(&self.length(body.len())?.to_be_bytes())?;
        self.put(body)?;
        self.put(&crc32c::crc32c(body).to_be_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffer.extend_from_slice(bytes);
        self.position += bytes.len() as u64;
        if self.buffer.len() >= WRITE_BYTES { self.write_out() } else { Ok(()) }
    }

    fn write_out(&mut self) -> Result<()> {
        self.file.append(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn align(&mut self, to: u64) -> Result<()> {
        let missing = self.position.next_multiple_of(to) - self.position;
        let zeros = [0; SERIES_ALIGN as usize];
        self.put(&zeros[..missing as usize])
    }

    fn length(&self, count: usize) -> Result<u32> {
        u32::try_from(count).map_err(|_| self.too_large())
    }

    fn too_large(&self) -> telemetry_core::storage::Error {
        let damage = Damage::Field { what: "size of the index" };
        Damaged::at(0, damage).in_file(self.file.path(), self.position)
    }
}
