//! Blocks whose checksums are right and whose content is not: reading ends, with an error or an
//! answer, and never panics.

use std::path::Path;
use std::sync::Arc;

use telemetry_core::labels::Matcher;
use telemetry_core::source::span::{
    AttributeScope, Comparison, Intrinsic, SpanCondition, SpanField, SpanTest, SpanValue,
};
use telemetry_core::storage::block::{BlockReader, BlockWriter, PageRef};
use telemetry_core::storage::cache::BlockCache;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::fs::{MemoryFileSystem, Volume};
use telemetry_core::storage::manifest::BlockEntry;
use telemetry_core::storage::store::Engine;
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::storage::ulid::Ulid;
use telemetry_core::storage::{Result, lz4};

use super::Block;
use super::format::{self, Directory};
use super::spans::Assembler;
use crate::TraceStore;
use crate::engine::Traces;
use crate::span::sample::{self, Random};

/// The pages of a block, not compressed.
struct Content {
    directory: Directory,
    /// In the order of [`pages_of`].
    pages: Vec<Vec<u8>>,
    index: Vec<u8>,
}

/// Every page that a directory refers to.
fn pages_of(directory: &mut Directory) -> Vec<&mut PageRef> {
    let mut pages = vec![&mut directory.resources.page, &mut directory.scopes.page];
    for group in &mut directory.groups {
        pages.extend(group.pages.iter_mut().flatten());
        pages.extend(group.columns.iter_mut().map(|column| &mut column.page));
    }
    pages
}

fn content() -> Content {
    let store = TraceStore::in_memory().unwrap();
    let mut batch = store.batch();
    (0..80).for_each(|seed| batch.push(sample::span(seed)));
    assert!(batch.commit().unwrap().is_complete());
    store.flush().unwrap();
    let snapshot = store.store.snapshot();
    let file = snapshot.blocks()[0].reader().file(format::FILE).unwrap();
    let unpack = |bytes: &[u8]| lz4::read(&mut Cursor::new(bytes)).unwrap();
    let raw = unpack(&file.read_section(format::DIRECTORY).unwrap());
    let mut directory = Directory::read(&mut Cursor::new(&raw)).unwrap();
    let read = |page: &mut PageRef| unpack(&file.read_page(format::PAGES, *page).unwrap());
    let pages = pages_of(&mut directory).into_iter().map(read).collect();
    let index = file.read_section(format::INDEX).unwrap().to_vec();
    Content { directory, pages, index }
}

/// Writes the content as a block whose checksums are right.
fn write(content: &Content, directory_damage: impl FnOnce(&mut Vec<u8>)) -> Result<BlockReader> {
    let volume = Volume::new(Arc::new(MemoryFileSystem::new()));
    let (blocks, id, engine) = (Path::new("/blocks"), Ulid(1), Traces::default().format());
    volume.create_dir_all(blocks)?;
    let mut block = BlockWriter::create(&volume, blocks, id, engine)?;
    let mut file = block.file(format::FILE)?;
    let mut directory = content.directory.clone();
    file.begin(format::PAGES);
    for (page, raw) in pages_of(&mut directory).into_iter().zip(&content.pages) {
        let mut packed = Vec::new();
        lz4::put(&mut packed, raw);
        *page = file.page(&packed)?;
    }
    let (mut raw, mut packed) = (Vec::new(), Vec::new());
    directory.put(&mut raw);
    directory_damage(&mut raw);
    lz4::put(&mut packed, &raw);
    file.section(format::DIRECTORY, &packed)?;
    file.section(format::INDEX, &content.index)?;
    block.finish_file(file)?;
    block.finish()?;
    let entry = BlockEntry {
        id,
        level: 0,
        min_time: 0,
        max_time: 0,
        first_commit: 1,
        last_commit: 1,
        cleaned: 0,
        bytes: 0,
        items: 0,
        meta: Vec::new(),
    };
    Ok(BlockReader::new(&volume, blocks, entry, engine, &BlockCache::new(1 << 20)))
}

fn fields() -> Vec<SpanField> {
    use Intrinsic as I;
    let mut fields: Vec<SpanField> = [
        I::Name,
        I::Status,
        I::StatusMessage,
        I::Kind,
        I::Duration,
        I::StartTime,
        I::SpanId,
        I::ParentId,
        I::TraceState,
        I::EventName,
        I::EventTimeSinceStart,
        I::LinkTraceId,
        I::LinkSpanId,
        I::InstrumentationName,
        I::InstrumentationVersion,
    ]
    .into_iter()
    .map(SpanField::from)
    .collect();
    for scope in AttributeScope::STORED.into_iter().chain([AttributeScope::Any]) {
        let names = ["http.method", "code", "ratio", "ok", "tags", "blob", "shared"];
        fields.extend(names.map(|name| SpanField::attribute(scope, name)));
    }
    fields
}

/// Asks everything. Errors are right answers.
fn read_all(reader: &BlockReader) -> Result<usize> {
    let block = Block::open(reader)?;
    let mut rows_read = 0;
    let mut ended = Ok(());
    let mut keep = |result: Result<()>| {
        if let (Ok(()), Err(error)) = (&ended, result) {
            ended = Err(error);
        }
    };
    for at in 0..block.groups() {
        let Some(group) = block.group(at) else { continue };
        let rows: Vec<u32> = (0..group.spans() as u32).collect();
        for field in fields() {
            keep(group.column(&field, &rows).map(|column| assert_eq!(column.len(), rows.len())));
            let test = SpanTest::Compare(Comparison::NotEqual, SpanValue::from("GET"));
            keep(group.holds(&SpanCondition { field, test }).map(drop));
        }
        for fact in [Intrinsic::TraceRootName, Intrinsic::TraceRootService, Intrinsic::TraceId] {
            let condition = SpanCondition { field: fact.into(), test: SpanTest::Exists };
            keep(group.holds(&condition).map(drop));
        }
        keep(group.nested_sets().map(drop));
        keep(group.fields(&rows).map(drop));
        if let (Ok(spans), Ok(traces)) = (Assembler::new(group), group.traces()) {
            for trace in 0..traces.len() {
                rows_read += spans.trace(trace).len();
                keep(group.facts(trace).map(drop));
            }
        }
    }
    let matchers = ["service.name", "trace:id", "span:name", "span:kind", "span:id"];
    for matcher in matchers {
        let matchers = vec![Matcher::not_equal(matcher, "x")];
        let tombstone = Tombstone::new(matchers, i64::MIN, i64::MAX);
        let tombstones = [Arc::new(tombstone)];
        (0..block.groups()).for_each(|group| keep(block.deleted(group, &tombstones).map(drop)));
    }
    keep(block.verify());
    ended.map(|()| rows_read)
}

/// Changes some bytes, cuts, or adds.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        let at = random.below(bytes.len().max(1) as u64) as usize;
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), random.next() as u8),
            2 => bytes.splice(at..at, [0xff; 9]).for_each(drop),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = if random.one_in(3) { 0xff } else { random.next() as u8 };
                }
            }
        }
    }
}

#[test]
fn what_was_rewritten_is_the_same_block() {
    let reader = write(&content(), |_| {}).unwrap();
    assert!(read_all(&reader).unwrap() > 50);
}

#[test]
fn hostile_content_is_an_error_or_an_answer() {
    let content = content();
    let mut random = Random(5);
    let mut errors = 0;
    for _ in 0..1500 {
        let mut copy = Content {
            directory: content.directory.clone(),
            pages: content.pages.clone(),
            index: content.index.clone(),
        };
        let parts = copy.pages.len() as u64 + 2;
        let part = random.below(parts) as usize;
        let mut hurt_directory = false;
        match copy.pages.get_mut(part) {
            Some(page) => damage(page, &mut random),
            None if part == content.pages.len() => damage(&mut copy.index, &mut random),
            None => hurt_directory = true,
        }
        let reader = write(&copy, |bytes| {
            if hurt_directory {
                damage(bytes, &mut random);
            }
        });
        errors += usize::from(read_all(&reader.unwrap()).is_err());
    }
    assert!(errors > 500, "only {errors} were noticed");
}
