//! Reading a block: tables when a file is opened, sections and pages when they are asked for.

use super::format::{
    FOOTER_BYTES, HEADER_BYTES, PAGE_CRC_BYTES, PageRef, SectionEntry, decode, decode_footer,
};
use crate::storage::cache::{BlockCache, CacheFile};
use crate::storage::error::{Damage, Damaged, Error, Result};
use crate::storage::fs::{OpenFile, Volume};
use crate::storage::manifest::{BlockEntry, EngineFormat};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A block on disk: what the manifest knows about it, and its files.
#[derive(Clone, Debug)]
pub struct BlockReader {
    volume: Volume,
    directory: PathBuf,
    entry: BlockEntry,
    format: EngineFormat,
    cache: Arc<BlockCache>,
}

impl BlockReader {
    /// The block `entry` in the directory of blocks. Nothing is read yet.
    pub fn new(
        volume: &Volume,
        blocks: &Path,
        entry: BlockEntry,
        format: EngineFormat,
        cache: &Arc<BlockCache>,
    ) -> Self {
        let directory = blocks.join(entry.id.to_string());
        BlockReader { volume: volume.clone(), directory, entry, format, cache: cache.clone() }
    }

    /// What the manifest knows about it.
    pub fn entry(&self) -> &BlockEntry {
        &self.entry
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Opens a file of it and reads its table.
    ///
    /// # Errors
    /// The file system's; header, table or footer are damaged; another format.
    pub fn file(&self, name: &str) -> Result<BlockFile> {
        BlockFile::open(&self.volume, &self.directory.join(name), self.format, &self.cache)
    }
}

/// An open file of a block.
#[derive(Debug)]
pub struct BlockFile {
    file: OpenFile,
    sections: Vec<SectionEntry>,
    cache: Arc<BlockCache>,
    cache_file: CacheFile,
}

impl BlockFile {
    /// Opens a file and reads its table.
    ///
    /// # Errors
    /// As [`BlockReader::file`].
    pub fn open(
        volume: &Volume,
        path: &Path,
        format: EngineFormat,
        cache: &Arc<BlockCache>,
    ) -> Result<Self> {
        let file = volume.open(path)?;
        let size = file.size()?;
        if size < HEADER_BYTES + FOOTER_BYTES {
            let damage = Damage::Truncated { needed: HEADER_BYTES + FOOTER_BYTES, available: size };
            return Err(Damaged::at(0, damage).in_file(path, 0));
        }
        let footer_at = size - FOOTER_BYTES;
        let mut bytes = [0; FOOTER_BYTES as usize];
        file.read_exact_at(&mut bytes, footer_at)?;
        let footer =
            decode_footer(&bytes, size).map_err(|damaged| damaged.in_file(path, footer_at))?;
        let mut header = [0; HEADER_BYTES as usize];
        file.read_exact_at(&mut header, 0)?;
        // Bounded by the size of the file, which the footer was checked against.
        let end = file.read(footer.table_offset, (size - footer.table_offset) as usize)?;
        let sections = decode(&header, &end, &footer, format, path)?;
        Ok(BlockFile { file, sections, cache: cache.clone(), cache_file: cache.file() })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Its sections, in the order of the file.
    pub fn sections(&self) -> &[SectionEntry] {
        &self.sections
    }

    /// Where a section lies, if there is one with this id.
    pub fn section(&self, id: u32) -> Option<&SectionEntry> {
        self.sections.iter().find(|section| section.id == id)
    }

    /// Where a section lies that must be there.
    ///
    /// # Errors
    /// There is none with this id.
    pub fn required(&self, id: u32) -> Result<&SectionEntry> {
        self.section(id).ok_or_else(|| self.damaged(0, Damage::Missing { what: "a section" }))
    }

    /// A whole section, checked. It stays in the cache if it is not too large.
    ///
    /// # Errors
    /// There is none; the file system's; the checksum does not fit.
    pub fn read_section(&self, id: u32) -> Result<Bytes> {
        let section = *self.required(id)?;
        if let Some(bytes) = self.cache.bytes(self.cache_file, section.offset) {
            return Ok(bytes);
        }
        let bytes = Bytes::from(self.file.read(section.offset, section.bytes as usize)?);
        let found = crc32c::crc32c(&bytes);
        if found != section.crc {
            let damage = Damage::Checksum { found, expected: section.crc };
            return Err(self.damaged(section.offset, damage));
        }
        self.cache.insert_bytes(self.cache_file, section.offset, bytes.clone());
        Ok(bytes)
    }

    /// A page of a section, checked. It stays in the cache.
    ///
    /// # Errors
    /// The page does not lie in the section; the file system's; the checksum does not fit.
    pub fn read_page(&self, id: u32, page: PageRef) -> Result<Bytes> {
        let section = *self.required(id)?;
        let offset = self.page_offset(&section, page)?;
        // A section read whole and its first page have the same offset, but never both exist: a
        // section is read in one of the two ways.
        if let Some(bytes) = self.cache.bytes(self.cache_file, offset) {
            return Ok(bytes);
        }
        let bytes = self.read_page_uncached(id, page)?;
        self.cache.insert_bytes(self.cache_file, offset, bytes.clone());
        Ok(bytes)
    }

    /// As [`BlockFile::read_page`], past the cache: for compaction, which reads everything once.
    ///
    /// # Errors
    /// As [`BlockFile::read_page`].
    pub fn read_page_uncached(&self, id: u32, page: PageRef) -> Result<Bytes> {
        let section = *self.required(id)?;
        let offset = self.page_offset(&section, page)?;
        let mut bytes = Bytes::from(self.file.read(offset, page.bytes as usize + PAGE_CRC_BYTES)?);
        let crc = bytes.split_off(page.bytes as usize);
        let expected = u32::from_le_bytes(crc.as_ref().try_into().unwrap_or_default());
        let found = crc32c::crc32c(&bytes);
        if found != expected {
            return Err(self.damaged(offset, Damage::Checksum { found, expected }));
        }
        Ok(bytes)
    }

    /// What was decoded from a page before, or what `decode` makes of it now; `decode` also says
    /// how many bytes of memory that takes.
    ///
    /// # Errors
    /// As [`BlockFile::read_page`], or `decode`'s.
    pub fn decoded_page<T: Send + Sync + 'static>(
        &self,
        id: u32,
        page: PageRef,
        decode: impl FnOnce(&[u8]) -> Result<(T, u64)>,
    ) -> Result<Arc<T>> {
        let offset = self.page_offset(self.required(id)?, page)?;
        if let Some(value) = self.cache.decoded(self.cache_file, offset) {
            return Ok(value);
        }
        let (value, bytes) = decode(&self.read_page_uncached(id, page)?)?;
        let value = Arc::new(value);
        self.cache.insert_decoded(self.cache_file, offset, value.clone(), bytes);
        Ok(value)
    }

    /// Reads every section against its checksum, piece by piece.
    ///
    /// # Errors
    /// The file system's; a checksum that does not fit.
    pub fn verify(&self) -> Result<()> {
        let mut buffer = vec![0; 256 << 10];
        for section in &self.sections {
            let (mut done, mut crc) = (0, 0);
            while done < section.bytes {
                let count = (section.bytes - done).min(buffer.len() as u64) as usize;
                let piece = buffer.get_mut(..count).unwrap_or_default();
                self.file.read_exact_at(piece, section.offset + done)?;
                crc = crc32c::crc32c_append(crc, piece);
                done += count as u64;
            }
            if crc != section.crc {
                let damage = Damage::Checksum { found: crc, expected: section.crc };
                return Err(self.damaged(section.offset, damage));
            }
        }
        Ok(())
    }

    /// An error at a position of this file, for decoders of its sections.
    pub fn damaged(&self, offset: u64, damage: Damage) -> Error {
        Error::Corrupt { path: self.path().to_path_buf(), offset, damage }
    }

    /// The error for damage within a section.
    pub fn damaged_in(&self, id: u32, damaged: Damaged) -> Error {
        let base = self.section(id).map_or(0, |section| section.offset);
        damaged.in_file(self.path(), base)
    }

    fn page_offset(&self, section: &SectionEntry, page: PageRef) -> Result<u64> {
        let end = page.offset.checked_add(u64::from(page.bytes) + PAGE_CRC_BYTES as u64);
        if end.is_none_or(|end| end > section.bytes) {
            return Err(self.damaged(section.offset, Damage::Field { what: "the place of a page" }));
        }
        Ok(section.offset + page.offset)
    }
}

impl Drop for BlockFile {
    fn drop(&mut self) {
        self.cache.remove_file(self.cache_file);
    }
}
