//! Writing a block: files of sections, streamed, never held in memory as a whole.

use super::format::{
    HEADER_BYTES, PAGE_CRC_BYTES, PageRef, SectionEntry, encode_end, encode_header,
};
use crate::storage::error::{Error, Result};
use crate::storage::fs::{OpenFile, Volume, parent};
use crate::storage::manifest::EngineFormat;
use crate::storage::ulid::Ulid;
use std::path::{Path, PathBuf};

/// Bytes collected before they are handed to the system.
const BUFFER_BYTES: usize = 256 << 10;

/// A block that is being written. What is not finished is removed when it is dropped.
#[derive(Debug)]
pub struct BlockWriter {
    volume: Volume,
    directory: PathBuf,
    id: Ulid,
    format: EngineFormat,
    bytes: u64,
    finished: bool,
}

/// What the engine says about a block that it has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockSummary {
    /// Earliest time in it, in the engine's unit.
    pub min_time: i64,
    /// Latest time in it.
    pub max_time: i64,
    /// Samples, lines, spans or whatever the engine counts.
    pub items: u64,
    /// Whatever the engine wants to know without opening the block; small.
    pub meta: Vec<u8>,
}

impl BlockWriter {
    /// Begins the block `id` in the directory of blocks.
    ///
    /// # Errors
    /// The file system's.
    pub fn create(volume: &Volume, blocks: &Path, id: Ulid, format: EngineFormat) -> Result<Self> {
        let directory = blocks.join(id.to_string());
        let writer = BlockWriter {
            volume: volume.clone(),
            directory,
            id,
            format,
            bytes: 0,
            finished: false,
        };
        volume.create_dir_all(&writer.directory)?;
        Ok(writer)
    }

    /// Its name.
    pub fn id(&self) -> Ulid {
        self.id
    }

    /// Bytes in its finished files.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Begins a file; `name` is a plain file name. Give it back to [`BlockWriter::finish_file`].
    ///
    /// # Errors
    /// The file system's.
    pub fn file(&self, name: &str) -> Result<FileWriter> {
        let file = self.volume.create(&self.directory.join(name))?;
        let buffer = encode_header(self.format);
        Ok(FileWriter {
            file,
            format: self.format,
            buffer,
            flushed: 0,
            sections: Vec::new(),
            open: None,
        })
    }

    /// Ends a file and makes its content durable.
    ///
    /// # Errors
    /// The file system's.
    pub fn finish_file(&mut self, file: FileWriter) -> Result<()> {
        self.bytes += file.finish()?;
        Ok(())
    }

    /// Makes the names durable. The block is complete.
    ///
    /// # Errors
    /// The file system's.
    pub fn finish(mut self) -> Result<u64> {
        self.volume.sync_dir(&self.directory)?;
        self.volume.sync_dir(&parent(&self.directory))?;
        self.finished = true;
        Ok(self.bytes)
    }
}

impl Drop for BlockWriter {
    fn drop(&mut self) {
        if !self.finished {
            // What stays is removed when the store is next opened.
            let _ = self.volume.remove_tree(&self.directory);
        }
    }
}

/// A file of a block that is being written.
#[derive(Debug)]
pub struct FileWriter {
    file: OpenFile,
    format: EngineFormat,
    buffer: Vec<u8>,
    /// Bytes given to the system.
    flushed: u64,
    sections: Vec<SectionEntry>,
    open: Option<SectionEntry>,
}

impl FileWriter {
    /// Begins a section; the one before ends. An id is used once a file.
    pub fn begin(&mut self, id: u32) {
        self.end();
        self.open = Some(SectionEntry { id, crc: 0, offset: self.position(), bytes: 0 });
    }

    /// Adds bytes to the section that was begun.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(section) = &mut self.open {
            section.crc = crc32c::crc32c_append(section.crc, bytes);
            section.bytes += bytes.len() as u64;
        }
        self.push(bytes)
    }

    /// Adds a page to the section that was begun: bytes that can be read alone.
    ///
    /// # Errors
    /// The file system's, or the page has 4 GiB.
    pub fn page(&mut self, bytes: &[u8]) -> Result<PageRef> {
        let offset = self.section_bytes();
        let too_large =
            |_| Error::RecordTooLarge { bytes: bytes.len() as u64, limit: u32::MAX.into() };
        let page = PageRef { offset, bytes: u32::try_from(bytes.len()).map_err(too_large)? };
        self.write(bytes)?;
        let crc: [u8; PAGE_CRC_BYTES] = crc32c::crc32c(bytes).to_le_bytes();
        self.write(&crc)?;
        Ok(page)
    }

    /// A whole section at once.
    ///
    /// # Errors
    /// The file system's.
    pub fn section(&mut self, id: u32, bytes: &[u8]) -> Result<()> {
        self.begin(id);
        self.write(bytes)
    }

    /// Bytes in the section that was begun.
    pub fn section_bytes(&self) -> u64 {
        self.open.map_or(0, |section| section.bytes)
    }

    /// Bytes in the file so far.
    pub fn position(&self) -> u64 {
        self.flushed + self.buffer.len() as u64
    }

    fn end(&mut self) {
        self.sections.extend(self.open.take());
    }

    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        if self.buffer.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
        }
        if bytes.len() > BUFFER_BYTES {
            self.file.append(bytes)?;
            self.flushed += bytes.len() as u64;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.file.append(&self.buffer)?;
        self.flushed += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<u64> {
        self.end();
        let offset = self.position();
        debug_assert!(offset >= HEADER_BYTES);
        let end = encode_end(self.format, &self.sections, offset);
        self.push(&end)?;
        self.flush()?;
        self.file.sync()?;
        Ok(self.flushed)
    }
}
