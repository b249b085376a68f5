//! The index, read: symbols and the table of offsets are held, series and lists are read when
//! they are asked for.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::BTreeMap;
use std::path::Path;

use parking_lot::Mutex;
use telemetry_core::labels::{Labels, LabelsBuilder};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::fs::{OpenFile, Volume};
use telemetry_core::storage::postings::{Postings, PostingsIndex};
use telemetry_core::storage::{Damage, Damaged, Error, Result};

use super::format::{
    CONTENTS_BYTES, Contents, HEAD_BYTES, MAGIC, OFFSET_TEXTS, SERIES_ALIGN, VERSION,
    VERSION_OFFSETS, checked,
};

/// Bytes that are read together for series that follow each other.
const SERIES_READ_BYTES: u64 = 64 << 10;
/// A series entry nearly always fits.
const SERIES_READ_BYTES_MIN: u64 = 4 << 10;

/// A chunk as the index names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkPlace {
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) reference: u64,
}

/// An open index.
#[derive(Debug)]
pub(crate) struct Index {
    file: OpenFile,
    size: u64,
    contents: Contents,
    symbols: Symbols,
    /// Name, value, and the offset of the list.
    names: BTreeMap<Box<str>, BTreeMap<Box<str>, u64>>,
    /// The bytes of series that were read last, and where they begin.
    window: Mutex<(u64, Vec<u8>)>,
}

#[derive(Debug, Default)]
struct Symbols {
    text: String,
    /// Where each symbol ends in the text.
    ends: Vec<usize>,
    /// Version 1: the offset of each symbol in the file.
    offsets: Option<Vec<u64>>,
}

impl Symbols {
    fn read(section: &[u8], base: u64, by_offset: bool) -> Result<Symbols, Damaged> {
        let mut cursor = Cursor::new(section);
        let count = u32::from_be_bytes(cursor.array()?);
        if u64::from(count) > cursor.remaining() as u64 {
            return Err(cursor.field("count of symbols"));
        }
        let mut symbols = Symbols { offsets: by_offset.then(Vec::new), ..Symbols::default() };
        for _ in 0..count {
            if let Some(offsets) = &mut symbols.offsets {
                offsets.push(base + cursor.position() as u64);
            }
            symbols.text.push_str(cursor.str()?);
            symbols.ends.push(symbols.text.len());
        }
        cursor.finish()?;
        Ok(symbols)
    }

    fn get(&self, reference: u32) -> Option<&str> {
        let index = match &self.offsets {
            Some(offsets) => offsets.binary_search(&reference.into()).ok()?,
            None => usize::try_from(reference).ok()?,
        };
        let end = *self.ends.get(index)?;
        let start =
            index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(start..end)
    }
}

impl Index {
    /// Opens the index of a block.
    ///
    /// # Errors
    ///
    /// The file system's; it is damaged, or of another version.
    pub(crate) fn open(volume: &Volume, path: &Path) -> Result<Index> {
        let file = volume.open(path)?;
        let size = file.size()?;
        let in_file = |damaged: Damaged, base: u64| damaged.in_file(path, base);
        if size < HEAD_BYTES + CONTENTS_BYTES {
            let damage = Damage::Truncated { needed: HEAD_BYTES + CONTENTS_BYTES, available: size };
            return Err(in_file(Damaged::at(0, damage), 0));
        }
        let mut head = [0; 5];
        file.read_exact_at(&mut head, 0)?;
        let [a, b, c, d, version] = head;
        if u32::from_be_bytes([a, b, c, d]) != MAGIC {
            return Err(in_file(Damaged::at(0, Damage::Magic { what: "index" }), 0));
        }
        if version != VERSION && version != VERSION_OFFSETS {
            let damage = Damage::Unknown { what: "version of an index", found: version.into() };
            return Err(in_file(Damaged::at(4, damage), 0));
        }
        let base = size - CONTENTS_BYTES;
        let contents = Contents::read(&read(&file, size, base, CONTENTS_BYTES)?);
        let contents = contents.map_err(|damaged| in_file(damaged, base))?;
        let section = section(&file, size, contents.symbols)?;
        let base = contents.symbols + 4;
        let symbols = Symbols::read(&section, base, version == VERSION_OFFSETS)
            .map_err(|damaged| in_file(damaged, base))?;
        let names = read_offsets(&file, size, contents.offsets)?;
        let window = Mutex::default();
        Ok(Index { file, size, contents, symbols, names, window })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Reads a series. Those that follow each other should be asked for in order.
    ///
    /// # Errors
    ///
    /// The file system's; the entry is damaged.
    pub(crate) fn series(
        &self,
        reference: u32,
        builder: &mut LabelsBuilder,
        chunks: &mut Vec<ChunkPlace>,
    ) -> Result<Labels> {
        let offset = u64::from(reference) * SERIES_ALIGN;
        let mut window = self.window.lock();
        let entry = self.entry(offset, &mut window)?;
        chunks.clear();
        self.decode(&entry, builder, chunks).map_err(|damaged| damaged.in_file(self.path(), offset))
    }

    /// The bytes between the length and the checksum.
    fn entry(&self, offset: u64, window: &mut (u64, Vec<u8>)) -> Result<Vec<u8>> {
        let corrupt = |damage| Damaged::at(0, damage).in_file(self.path(), offset);
        if offset < self.contents.series || offset >= self.size {
            return Err(corrupt(Damage::Field { what: "reference of a series" }));
        }
        for attempt in 0..2 {
            let at = offset.checked_sub(window.0).and_then(|at| usize::try_from(at).ok());
            let rest = at.and_then(|at| window.1.get(at..)).unwrap_or_default();
            let mut cursor = Cursor::new(rest);
            let mut needed = SERIES_READ_BYTES_MIN;
            if let Ok(length) = cursor.varint_u64() {
                needed = length.saturating_add(cursor.position() as u64 + 4);
                let available = self.size - offset;
                if needed > available {
                    return Err(corrupt(Damage::Truncated { needed, available }));
                }
                let body = usize::try_from(length + 4).ok().map(|count| cursor.take(count));
                if let Some(Ok(body)) = body {
                    let base = cursor.position() as u64;
                    let covered = checked(body);
                    return covered
                        .map(<[u8]>::to_vec)
                        .map_err(|damaged| damaged.in_file(self.path(), offset + base));
                }
            }
            if attempt == 0 {
                // Right behind what is there: a walk over many series.
                let follows = offset <= window.0 + window.1.len() as u64 && offset >= window.0;
                let size = if follows { SERIES_READ_BYTES } else { SERIES_READ_BYTES_MIN };
                let count = size.max(needed).min(self.size - offset);
                window.1 = read(&self.file, self.size, offset, count)?;
                window.0 = offset;
            }
        }
        Err(corrupt(Damage::Field { what: "length of a series" }))
    }

    fn decode(
        &self,
        entry: &[u8],
        builder: &mut LabelsBuilder,
        chunks: &mut Vec<ChunkPlace>,
    ) -> Result<Labels, Damaged> {
        let mut cursor = Cursor::new(entry);
        builder.clear();
        let count = cursor.count(2)?;
        for _ in 0..count {
            let name = self.symbols.get(cursor.varint_u32()?);
            let value = self.symbols.get(cursor.varint_u32()?);
            let (Some(name), Some(value)) = (name, value) else {
                return Err(cursor.field("symbol of a label"));
            };
            builder.set(name, value);
        }
        let count = cursor.count(3)?;
        let (mut last, mut reference) = (0_i64, 0_u64);
        for at in 0..count {
            let first = if at == 0 {
                cursor.varint_i64()?
            } else {
                last.wrapping_add(cursor.varint_u64()?.cast_signed())
            };
            let end = first.wrapping_add(cursor.varint_u64()?.cast_signed());
            if end < first || (at > 0 && first <= last) {
                return Err(cursor.field("times of a chunk"));
            }
            reference = if at == 0 {
                cursor.varint_u64()?
            } else {
                reference.wrapping_add_signed(cursor.varint_i64()?)
            };
            last = end;
            chunks.push(ChunkPlace { first, last, reference });
        }
        cursor.finish()?;
        Ok(builder.build())
    }

    /// The list at an offset.
    fn list(&self, offset: u64) -> Result<Vec<u32>> {
        let body = section(&self.file, self.size, offset)?;
        let in_file = |damaged: Damaged| damaged.in_file(self.path(), offset + 4);
        let mut cursor = Cursor::new(&body);
        let count = u32::from_be_bytes(cursor.array().map_err(in_file)?);
        let (ids, rest) = cursor.rest().as_chunks::<4>();
        let ids: Vec<u32> = ids.iter().map(|id| u32::from_be_bytes(*id)).collect();
        if ids.len() != count as usize || !rest.is_empty() || !ids.is_sorted_by(|a, b| a < b) {
            return Err(in_file(Damaged::field(0, "posting list")));
        }
        Ok(ids)
    }

    /// The ids of several lists.
    fn union(&self, offsets: impl Iterator<Item = u64>) -> Result<Postings> {
        let mut union: Option<Postings> = None;
        for offset in offsets {
            let ids = Postings::from_ids(&self.list(offset)?);
            match &mut union {
                Some(union) => union.union_with(&ids),
                None => union = Some(ids),
            }
        }
        Ok(union.unwrap_or_default())
    }
}

impl PostingsIndex for Index {
    fn all(&self) -> Result<Postings> {
        self.with_values("", &mut std::iter::once(""))
    }

    fn with_name(&self, name: &str) -> Result<Postings> {
        self.union(self.names.get(name).into_iter().flatten().map(|(_, offset)| *offset))
    }

    fn with_values(&self, name: &str, values: &mut dyn Iterator<Item = &str>) -> Result<Postings> {
        let known = self.names.get(name);
        self.union(values.filter_map(|value| known?.get(value).copied()))
    }

    fn with_values_where(
        &self,
        name: &str,
        prefix: &str,
        keep: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Postings> {
        let Some(known) = self.names.get(name) else { return Ok(Postings::new()) };
        let from = (std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded);
        let values = known.range::<str, _>(from);
        let values = values.take_while(|(value, _)| value.starts_with(prefix));
        self.union(values.filter(|(value, _)| keep(value)).map(|(_, offset)| *offset))
    }

    fn names(&self) -> Result<Vec<String>> {
        let names = self.names.keys().filter(|name| !name.is_empty());
        Ok(names.map(|name| name.clone().into()).collect())
    }

    fn values(&self, name: &str) -> Result<Vec<String>> {
        let values = self.names.get(name).into_iter().flatten();
        Ok(values.map(|(value, _)| value.clone().into()).collect())
    }
}

/// `count` bytes that the file must have.
fn read(file: &OpenFile, size: u64, offset: u64, count: u64) -> Result<Vec<u8>> {
    let available = size.saturating_sub(offset);
    match usize::try_from(count) {
        Ok(count) if count as u64 <= available => file.read(offset, count),
        _ => {
            let damage = Damage::Truncated { needed: count, available };
            Err(Error::Corrupt { path: file.path().to_path_buf(), offset, damage })
        }
    }
}

/// A section with its length in front, without its checksum.
fn section(file: &OpenFile, size: u64, offset: u64) -> Result<Vec<u8>> {
    let head = read(file, size, offset, 4)?;
    let length = head.first_chunk::<4>().map_or(0, |head| u32::from_be_bytes(*head));
    let mut body = read(file, size, offset + 4, u64::from(length) + 4)?;
    let covered = checked(&body).map(<[u8]>::len);
    body.truncate(covered.map_err(|damaged| damaged.in_file(file.path(), offset + 4))?);
    Ok(body)
}

type Names = BTreeMap<Box<str>, BTreeMap<Box<str>, u64>>;

fn read_offsets(file: &OpenFile, size: u64, offset: u64) -> Result<Names> {
    let body = section(file, size, offset)?;
    decode_offsets(&body).map_err(|damaged| damaged.in_file(file.path(), offset + 4))
}

fn decode_offsets(body: &[u8]) -> Result<Names, Damaged> {
    let mut cursor = Cursor::new(body);
    let count = u32::from_be_bytes(cursor.array()?);
    let mut names = Names::new();
    for _ in 0..count {
        if cursor.u8()? != OFFSET_TEXTS {
            return Err(cursor.field("entry of the table of offsets"));
        }
        let (name, value) = (cursor.str()?, cursor.str()?);
        let list = cursor.varint_u64()?;
        if !names.contains_key(name) {
            names.insert(name.into(), BTreeMap::new());
        }
        if let Some(values) = names.get_mut(name) {
            values.insert(value.into(), list);
        }
    }
    cursor.finish()?;
    Ok(names)
}
