//! A toy engine: rows of (key, time, number). It shows how little an engine has to say, and lets the
//! life cycle be tested without any real one.
#![allow(dead_code, reason = "every test file uses a part of it")]

use parking_lot::{Mutex, RwLock};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use telemetry_core::labels;
use telemetry_core::labels::Matcher;
use telemetry_core::storage::block::{BlockFile, BlockReader, BlockSummary, PageRef};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::fs::FileSystem;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::manifest::EngineFormat;
use telemetry_core::storage::runtime::{Runtime, RuntimeOptions};
use telemetry_core::storage::store::{
    BlockOutput, Carry, Durability, Engine, HeadSize, MergeInput, PlanBlock, Seal, Snapshot, Store,
    StoreOptions, plan,
};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::storage::ulid::Ulid;
use telemetry_core::storage::varint::{put_i64, put_str, put_u64};
use telemetry_core::storage::{Damaged, Result};
use telemetry_core::time::{Clock, ManualClock};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) time: i64,
    pub(crate) number: u64,
}

pub(crate) fn row(key: &str, time: i64, number: u64) -> Row {
    Row { key: key.into(), time, number }
}

#[derive(Debug, Default)]
pub(crate) struct Toy {
    /// Sealing carries a record over, which says how often it was carried.
    pub(crate) carries: bool,
    pub(crate) pace: Arc<Pace>,
}

/// What long work waits for, so that a test can do something meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Taken by a flush, and by a merge.
    pub(crate) flush: Mutex<()>,
    pub(crate) merge: Mutex<()>,
    /// A merge has begun.
    pub(crate) is_merging: AtomicBool,
}

#[derive(Default)]
pub(crate) struct ToyHead {
    pub(crate) rows: RwLock<Vec<Row>>,
    pub(crate) carried: RwLock<u64>,
}

pub(crate) struct ToyBlock {
    file: BlockFile,
    page: PageRef,
}

const PAGE: u32 = 1;
const INDEX: u32 = 2;

pub(crate) fn encode(rows: &[Row], out: &mut Vec<u8>) {
    put_u64(out, rows.len() as u64);
    for row in rows {
        put_str(out, &row.key);
        put_i64(out, row.time);
        put_u64(out, row.number);
    }
}

fn decode(bytes: &[u8]) -> Result<Vec<Row>, Damaged> {
    let mut cursor = Cursor::new(bytes);
    let count = cursor.count(3)?;
    let mut rows = Vec::with_capacity(count);
    for _ in 0..count {
        let (key, time, number) =
            (cursor.str()?.to_owned(), cursor.varint_i64()?, cursor.varint_u64()?);
        rows.push(Row { key, time, number });
    }
    cursor.finish()?;
    Ok(rows)
}

/// Without what the tombstones hide.
fn left(rows: &[Row], tombstones: &[Arc<Tombstone>]) -> Vec<Row> {
    let is_hidden = |row: &&Row| {
        let labels = labels! { "key" => row.key };
        !tombstones.iter().any(|hidden| hidden.covers(row.time) && hidden.selects(&labels))
    };
    rows.iter().filter(is_hidden).cloned().collect()
}

fn write(rows: &[Row], output: &mut BlockOutput<'_>) -> Result<()> {
    let times = rows.iter().map(|row| row.time);
    let (Some(min_time), Some(max_time)) = (times.clone().min(), times.max()) else {
        return Ok(());
    };
    let mut block = output.begin()?;
    let mut file = block.file("rows")?;
    let mut bytes = Vec::new();
    encode(rows, &mut bytes);
    file.begin(PAGE);
    let page = file.page(&bytes)?;
    let mut index = Vec::new();
    put_u64(&mut index, page.offset);
    put_u64(&mut index, page.bytes.into());
    file.section(INDEX, &index)?;
    block.finish_file(file)?;
    let items = rows.len() as u64;
    output.finish(block, BlockSummary { min_time, max_time, items, meta: Vec::new() })
}

impl ToyBlock {
    pub(crate) fn rows(&self) -> Result<Vec<Row>> {
        let bytes = self.file.read_page(PAGE, self.page)?;
        decode(&bytes).map_err(|damaged| self.file.damaged_in(PAGE, damaged))
    }
}

impl Engine for Toy {
    type Head = ToyHead;
    type Block = ToyBlock;

    fn format(&self) -> EngineFormat {
        EngineFormat { engine: *b"toy0", revision: 1 }
    }

    fn new_head(&self) -> ToyHead {
        ToyHead::default()
    }

    fn head_size(&self, head: &ToyHead) -> HeadSize {
        let rows = head.rows.read();
        HeadSize { bytes: 64 * rows.len() as u64, items: rows.len() as u64 }
    }

    fn head_range(&self, head: &ToyHead) -> Option<(i64, i64)> {
        let rows = head.rows.read();
        let times = rows.iter().map(|row| row.time);
        Some((times.clone().min()?, times.max()?))
    }

    fn replay(&self, head: &ToyHead, record: &[u8]) -> Result<()> {
        head.rows.write().extend(decode(record)?);
        Ok(())
    }

    fn replay_carry(&self, head: &ToyHead, record: &[u8]) -> Result<()> {
        *head.carried.write() = Cursor::new(record).varint_u64()?;
        Ok(())
    }

    fn seal(&self, head: &ToyHead, _reason: Seal, carry: &mut Carry) -> Result<ToyHead> {
        let next = ToyHead::default();
        if self.carries {
            let carried = *head.carried.read() + 1;
            *next.carried.write() = carried;
            let mut record = Vec::new();
            put_u64(&mut record, carried);
            carry.push(record);
        }
        Ok(next)
    }

    fn flush(
        &self,
        head: &ToyHead,
        tombstones: &[Arc<Tombstone>],
        output: &mut BlockOutput<'_>,
    ) -> Result<()> {
        let _turn = self.pace.flush.lock();
        write(&left(&head.rows.read(), tombstones), output)
    }

    fn open_block(&self, block: BlockReader) -> Result<ToyBlock> {
        let file = block.file("rows")?;
        let index = file.read_section(INDEX)?;
        let read = || {
            let mut cursor = Cursor::new(&index);
            let page = PageRef { offset: cursor.varint_u64()?, bytes: cursor.varint_u32()? };
            cursor.finish()?;
            Ok::<_, Damaged>(page)
        };
        let page = read().map_err(|damaged| file.damaged_in(INDEX, damaged))?;
        Ok(ToyBlock { file, page })
    }

    fn plan(&self, blocks: &[PlanBlock<'_>]) -> Option<Vec<Ulid>> {
        plan::by_tier(blocks, &plan::Tiers { fan_in: 2, ..plan::Tiers::default() })
    }

    fn merge(&self, inputs: &[MergeInput<'_, Self>], output: &mut BlockOutput<'_>) -> Result<()> {
        self.pace.is_merging.store(true, Ordering::Release);
        let _turn = self.pace.merge.lock();
        let mut rows = Vec::new();
        for input in inputs {
            rows.extend(left(&input.block.rows()?, &input.tombstones));
        }
        write(&rows, output)
    }

    fn verify_block(&self, block: &ToyBlock) -> Result<()> {
        block.rows().map(drop)
    }
}

/// Commits rows.
pub(crate) fn commit(store: &Store<Toy>, rows: &[Row]) -> Result<()> {
    let mut commit = store.begin()?;
    encode(rows, commit.record());
    commit.finish(|head| head.rows.write().extend_from_slice(rows))
}

/// Deletes a key's rows in a time, both ends included.
pub(crate) fn delete(store: &Store<Toy>, key: &str, start: i64, end: i64) -> Result<u64> {
    store.delete(Tombstone::new(vec![Matcher::equal("key", key)], start, end))
}

/// Everything that a snapshot sees, sorted.
pub(crate) fn contents(snapshot: &Snapshot<Toy>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (head, tombstones) in snapshot.heads() {
        rows.extend(left(&head.rows.read(), &tombstones));
    }
    for block in snapshot.blocks() {
        rows.extend(left(&block.open()?.rows()?, &snapshot.tombstones_of(block)));
    }
    rows.sort();
    Ok(rows)
}

/// Options under which everything happens when it is told, the same way each time.
pub(crate) fn by_hand(durability: Durability) -> StoreOptions {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(1_000_000_000));
    let mut runtime = RuntimeOptions::default();
    runtime.clock = clock;
    runtime.seed = Some(7);
    runtime.parallelism = 1;
    let mut options = StoreOptions::default();
    options.durability = durability;
    options.maintenance = Some(Maintenance::manual());
    options.runtime = Some(Runtime::new(runtime));
    // Small, so that a short workload has several segments; closing does not flush.
    options.segment_bytes_max = 300;
    options.head_bytes_kept_on_close = u64::MAX;
    options
}

pub(crate) fn open(
    fs: &(impl FileSystem + Clone + 'static),
    options: StoreOptions,
) -> Result<Store<Toy>> {
    open_at_pace(fs, options, Arc::default())
}

pub(crate) fn open_at_pace(
    fs: &(impl FileSystem + Clone + 'static),
    options: StoreOptions,
    pace: Arc<Pace>,
) -> Result<Store<Toy>> {
    let toy = Toy { carries: true, pace };
    Store::open(toy, Arc::new(fs.clone()), Path::new("/data/toy"), options)
}

pub(crate) fn open_read_only(
    fs: &(impl FileSystem + Clone + 'static),
    options: StoreOptions,
) -> Result<Store<Toy>> {
    let toy = Toy { carries: true, ..Toy::default() };
    Store::open_read_only(toy, Arc::new(fs.clone()), Path::new("/data/toy"), options)
}
