//! A block damaged and cut in every way.

use super::*;
use crate::storage::cache::BlockCache;
use crate::storage::error::{Error, Result};
use crate::storage::fs::{FaultyFileSystem, FileSystem, Volume};
use crate::storage::manifest::{BlockEntry, EngineFormat};
use crate::storage::ulid::Ulid;
use std::path::Path;
use std::sync::Arc;

const FORMAT: EngineFormat = EngineFormat { engine: *b"toy0", revision: 2 };
const ID: Ulid = Ulid(5);

fn entry(bytes: u64) -> BlockEntry {
    BlockEntry {
        id: ID,
        level: 0,
        min_time: 0,
        max_time: 0,
        first_commit: 1,
        last_commit: 1,
        cleaned: 0,
        bytes,
        items: 0,
        meta: Vec::new(),
    }
}

fn written(fs: &FaultyFileSystem) -> (Volume, Vec<PageRef>, u64) {
    let volume = Volume::new(Arc::new(fs.clone()));
    let mut block = BlockWriter::create(&volume, Path::new("/b"), ID, FORMAT).unwrap();
    let mut file = block.file("data").unwrap();
    file.section(1, b"index").unwrap();
    file.begin(7);
    let pages = [&b"first page"[..], b"", b"third"].map(|page| file.page(page).unwrap());
    block.finish_file(file).unwrap();
    (volume, pages.to_vec(), block.finish().unwrap())
}

fn reader(volume: &Volume, bytes: u64) -> BlockReader {
    BlockReader::new(volume, Path::new("/b"), entry(bytes), FORMAT, &BlockCache::new(1 << 20))
}

#[test]
fn sections_and_pages_come_back() {
    let (volume, pages, bytes) = written(&FaultyFileSystem::new(1));
    let block = reader(&volume, bytes);
    let file = block.file("data").unwrap();
    for _ in 0..2 {
        assert_eq!(file.read_section(1).unwrap().as_ref(), b"index");
        assert_eq!(file.read_page(7, pages[0]).unwrap().as_ref(), b"first page");
        assert_eq!(file.read_page(7, pages[1]).unwrap().as_ref(), b"");
        assert_eq!(file.read_page(7, pages[2]).unwrap().as_ref(), b"third");
    }
    let decode = |bytes: &[u8]| Ok((bytes.len(), 8));
    assert_eq!(*file.decoded_page(7, pages[2], decode).unwrap(), 5);
    let wrong = PageRef { offset: 0, bytes: u32::MAX };
    assert!(file.read_page(7, wrong).unwrap_err().is_corruption());
    assert!(file.read_section(2).unwrap_err().is_corruption());
    verify_block(&volume, &block).unwrap();
}

#[test]
fn golden_bytes_are_as_in_the_diagram() {
    let fs = FaultyFileSystem::new(1);
    let volume = Volume::new(Arc::new(fs.clone()));
    let mut block = BlockWriter::create(&volume, Path::new("/b"), ID, FORMAT).unwrap();
    let mut file = block.file("data").unwrap();
    file.begin(9);
    file.page(b"ab").unwrap();
    block.finish_file(file).unwrap();
    let page_crc = crc32c::crc32c(b"ab").to_le_bytes();
    let mut golden = b"QUADRBLK\0\0\0\0\x01\0\0\0toy0\x02\0\0\0ab".to_vec();
    golden.extend_from_slice(&page_crc);
    let mut end = b"\x09\0\0\0".to_vec();
    end.extend_from_slice(&crc32c::crc32c(&golden[24..]).to_le_bytes());
    end.extend_from_slice(b"\x18\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0");
    end.extend_from_slice(b"\x1e\0\0\0\0\0\0\0\x01\0\0\0");
    let crc = crc32c::crc32c_append(crc32c::crc32c(&golden[..24]), &end);
    golden.extend_from_slice(&end);
    golden.extend_from_slice(&crc.to_le_bytes());
    golden.extend_from_slice(b"QUADREND");
    let path = Path::new("/b").join(ID.to_string()).join("data");
    assert_eq!(fs.content(&path).unwrap(), golden);
}

/// Everything in the file, through every way of reading it.
fn read_all(volume: &Volume, pages: &[PageRef], bytes: u64) -> Result<()> {
    let block = reader(volume, bytes);
    verify_block(volume, &block)?;
    let file = block.file("data")?;
    file.read_section(1)?;
    for page in pages {
        file.read_page(7, *page)?;
    }
    Ok(())
}

#[test]
fn every_flipped_bit_and_every_cut_is_found() {
    let fs = FaultyFileSystem::new(1);
    let (volume, pages, bytes) = written(&fs);
    let path = Path::new("/b").join(ID.to_string()).join("data");
    let whole = fs.content(&path).unwrap();
    read_all(&volume, &pages, bytes).unwrap();
    for i in 0..whole.len() * 8 {
        let mut damaged = whole.clone();
        damaged[i / 8] ^= 1 << (i % 8);
        fs.damage(&path, damaged);
        let error = read_all(&volume, &pages, bytes).unwrap_err();
        assert!(error.is_corruption(), "bit {i}: {error}");
    }
    for len in 0..whole.len() {
        fs.damage(&path, whole[..len].to_vec());
        assert!(read_all(&volume, &pages, bytes).unwrap_err().is_corruption(), "{len} bytes");
    }
}

#[test]
fn a_block_that_was_not_finished_is_removed() {
    let fs = FaultyFileSystem::new(1);
    let volume = Volume::new(Arc::new(fs.clone()));
    let block = BlockWriter::create(&volume, Path::new("/b"), ID, FORMAT).unwrap();
    drop(block.file("data").unwrap());
    drop(block);
    assert!(fs.list(Path::new("/b")).unwrap().is_empty());
}

#[test]
fn another_revision_is_refused() {
    let (volume, _, bytes) = written(&FaultyFileSystem::new(1));
    let newer = EngineFormat { revision: 3, ..FORMAT };
    let cache = BlockCache::new(0);
    let block = BlockReader::new(&volume, Path::new("/b"), entry(bytes), newer, &cache);
    let error = block.file("data").unwrap_err();
    assert!(matches!(error, Error::Format { found_revision: 2, revision: 3, .. }));
}
