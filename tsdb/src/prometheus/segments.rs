//! `chunks/NNNNNN`: the chunks of a block.
//!
//! ~~~text
//! magic    u32 BE   0x85BD40DD
//! version  u8       1
//! padding  3 zeros
//! chunks   length varint · encoding u8 · data · crc u32 BE, CRC-32C of encoding and data
//! ~~~
//! A chunk is referred to as `segment << 32 | offset of its length`, segments from 0, files from
//! `000001`. The chunks of a series follow each other, so they are read together.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::fs::{OpenFile, Volume};
use telemetry_core::storage::{Damage, Damaged, Error, Result, varint};

use super::chunk::{Coded, Encoding};

const MAGIC: u32 = 0x85BD_40DD;
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 8;
/// Prometheus's own limit of a segment.
const SEGMENT_BYTES_MAX: u64 = 512 << 20;
/// Chunks up to this far apart are read together.
const READ_BYTES_MAX: u64 = 256 << 10;
/// Bytes behind the last reference that are read with it: nearly every chunk fits.
const LAST_CHUNK_BYTES: u64 = 2_100;
/// Bytes that are collected before they are written.
const WRITE_BYTES: usize = 1 << 20;

/// A chunk as it lies in a file.
#[derive(Clone, Debug)]
pub(super) struct RawChunk {
    pub(super) encoding: Encoding,
    pub(super) data: Bytes,
    /// Where it is: a segment and an offset.
    pub(super) reference: u64,
}

/// The segments of a block, open for reading.
#[derive(Debug)]
pub(super) struct Segments {
    files: Vec<(OpenFile, u64)>,
}

impl Segments {
    /// Opens the segments in a directory.
    ///
    /// # Errors
    ///
    /// The file system's; a file is no segment.
    pub(super) fn open(volume: &Volume, directory: &Path) -> Result<Segments> {
        let mut files = Vec::new();
        for entry in volume.list(directory)? {
            if entry.is_dir || !entry.name.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let file = volume.open(&directory.join(&entry.name))?;
            let size = file.size()?;
            let mut head = [0; HEAD_BYTES];
            file.read_exact_at(&mut head, 0)?;
            check_head(&head).map_err(|damaged| damaged.in_file(file.path(), 0))?;
            files.push((file, size));
        }
        Ok(Segments { files })
    }

    fn file(&self, reference: u64) -> Option<(&OpenFile, u64)> {
        let index = usize::try_from(reference >> 32).ok()?;
        self.files.get(index).map(|(file, size)| (file, *size))
    }

    /// Where a chunk is.
    pub(super) fn place(&self, reference: u64) -> (&Path, u64) {
        let path = self.file(reference).map_or(Path::new(""), |(file, _)| file.path());
        (path, reference & 0xffff_ffff)
    }

    /// Reads chunks, whose references rise.
    ///
    /// # Errors
    ///
    /// The file system's; a chunk is damaged or not there.
    pub(super) fn read(&self, references: &[u64], out: &mut Vec<RawChunk>) -> Result<()> {
        let mut rest = references;
        while let Some(first) = rest.first() {
            let near =
                |reference: &&u64| **reference >= *first && **reference - *first < READ_BYTES_MAX;
            let together = rest.iter().take_while(near).count().max(1);
            let (run, behind) = rest.split_at(together.min(rest.len()));
            self.read_run(run, out)?;
            rest = behind;
        }
        Ok(())
    }

    fn read_run(&self, run: &[u64], out: &mut Vec<RawChunk>) -> Result<()> {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok(()) };
        let Some((file, size)) = self.file(*first) else {
            let damage = Damage::Missing { what: "segment of chunks" };
            return Err(Error::Corrupt { path: PathBuf::new(), offset: *first, damage });
        };
        let start = first & 0xffff_ffff;
        let wanted = (last - first + LAST_CHUNK_BYTES).min(size.saturating_sub(start));
        let bytes = Bytes::from(file.read(start, usize::try_from(wanted).unwrap_or(0))?);
        for reference in run {
            let at = usize::try_from(reference - first).unwrap_or(usize::MAX);
            let rest = bytes.get(at..).unwrap_or_default();
            let base = start + at as u64;
            let in_file = |damaged: Damaged| damaged.in_file(file.path(), base);
            let mut cursor = Cursor::new(rest);
            let length = cursor.varint_u64().map_err(in_file)?;
            let head = cursor.position();
            // The encoding in front, the checksum behind.
            let needed = length.saturating_add(head as u64 + 5);
            let available = size.saturating_sub(base);
            if needed > available {
                return Err(in_file(Damaged::at(0, Damage::Truncated { needed, available })));
            }
            let needed = usize::try_from(needed).unwrap_or(usize::MAX);
            let whole = if needed <= rest.len() {
                bytes.slice(at..at + needed)
            } else {
                Bytes::from(file.read(base, needed)?)
            };
            let (encoding, data) = check_chunk(&whole, head).map_err(in_file)?;
            out.push(RawChunk { encoding, data, reference: *reference });
        }
        Ok(())
    }
}

fn check_head(head: &[u8; HEAD_BYTES]) -> Result<(), Damaged> {
    let [a, b, c, d, version, ..] = *head;
    if u32::from_be_bytes([a, b, c, d]) != MAGIC {
        return Err(Damaged::at(0, Damage::Magic { what: "segment of chunks" }));
    }
    if version != VERSION {
        let damage = Damage::Unknown { what: "version", found: version.into() };
        return Err(Damaged::at(4, damage));
    }
    Ok(())
}

/// Checks a chunk whose encoding is at `head`.
fn check_chunk(whole: &Bytes, head: usize) -> Result<(Encoding, Bytes), Damaged> {
    let rest = whole.get(head..).unwrap_or_default();
    let Some((covered, crc)) = rest.split_last_chunk::<4>() else {
        return Err(Damaged::at(head, Damage::Truncated { needed: 5, available: 0 }));
    };
    let (found, expected) = (crc32c::crc32c(covered), u32::from_be_bytes(*crc));
    if found != expected {
        return Err(Damaged::at(head, Damage::Checksum { found, expected }));
    }
    let encoding = Encoding::from_byte(covered.first().copied().unwrap_or(0));
    let encoding = encoding.map_err(|damaged| Damaged::at(head, damaged.damage))?;
    Ok((encoding, whole.slice(head + 1..whole.len() - 4)))
}

/// Writes segments.
#[derive(Debug)]
pub(super) struct SegmentsWriter {
    volume: Volume,
    directory: PathBuf,
    file: Option<OpenFile>,
    /// Segments begun.
    segments: u64,
    /// Bytes of the segment, those not written yet included.
    length: u64,
    buffer: Vec<u8>,
    pub(super) bytes: u64,
}

impl SegmentsWriter {
    /// In a directory that is there.
    pub(super) fn new(volume: &Volume, directory: PathBuf) -> Self {
        let volume = volume.clone();
        let buffer = Vec::new();
        SegmentsWriter { volume, directory, file: None, segments: 0, length: 0, buffer, bytes: 0 }
    }

    /// Appends a chunk; gives its reference.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub(super) fn push(&mut self, chunk: &Coded) -> Result<u64> {
        let needed = chunk.data.len() as u64 + 15;
        if self.file.is_none() || self.length + needed > SEGMENT_BYTES_MAX {
            self.begin()?;
        }
        let reference = (self.segments - 1) << 32 | self.length;
        let before = self.buffer.len();
        varint::put_u64(&mut self.buffer, chunk.data.len() as u64);
        let covered = self.buffer.len();
        self.buffer.push(chunk.encoding.byte());
        self.buffer.extend_from_slice(&chunk.data);
        let crc = crc32c::crc32c(self.buffer.get(covered..).unwrap_or_default());
        self.buffer.extend_from_slice(&crc.to_be_bytes());
        self.length += (self.buffer.len() - before) as u64;
        if self.buffer.len() >= WRITE_BYTES {
            self.write_out()?;
        }
        Ok(reference)
    }

    fn begin(&mut self) -> Result<()> {
        self.end()?;
        self.segments += 1;
        let path = self.directory.join(format!("{:06}", self.segments));
        self.file = Some(self.volume.create(&path)?);
        self.buffer.extend_from_slice(&MAGIC.to_be_bytes());
        self.buffer.extend_from_slice(&[VERSION, 0, 0, 0]);
        self.length = HEAD_BYTES as u64;
        Ok(())
    }

    fn write_out(&mut self) -> Result<()> {
        if let Some(file) = &self.file {
            file.append(&self.buffer)?;
            self.bytes += self.buffer.len() as u64;
        }
        self.buffer.clear();
        Ok(())
    }

    /// Ends the segment.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub(super) fn end(&mut self) -> Result<()> {
        self.write_out()?;
        match self.file.take() {
            Some(file) => file.sync(),
            None => Ok(()),
        }
    }
}
