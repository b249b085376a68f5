//! Log lines as an engine of the storage kernel.

use std::collections::BTreeMap;
use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::source::LogColumns;
use telemetry_core::storage::Result;
use telemetry_core::storage::block::BlockReader;
use telemetry_core::storage::manifest::EngineFormat;
use telemetry_core::storage::store::{BlockOutput, Engine, HeadSize, MergeInput, PlanBlock, plan};
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::storage::ulid::Ulid;

use crate::block::{Block, Run, Writer};
use crate::deletes::{Conditions, Deletes};
use crate::head::Head;
use crate::page::format::OpenPage;
use crate::page::{self, PAGE_TEXT_BYTES, Piece, Slice};
use crate::record;

/// A page with this much text is copied as it is when young blocks are merged: coding it again would
/// cost more than all that was done for its lines before. Later merges make full pages.
const COPIED_TEXT_BYTES: u64 = 128 << 10;
/// Blocks of lower levels are young.
const COPYING_LEVELS: u32 = 3;

/// So many blocks are merged at once: a merge codes the lines of small streams again, and the more
/// blocks it takes, the larger are their pages afterwards.
const MERGED_BLOCKS: usize = 8;

/// How commits, heads and blocks of lines are made.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    /// What deletes say about lines.
    pub(crate) conditions: Conditions,
}

impl Engine for Logs {
    type Head = Head;
    type Block = Block;

    fn format(&self) -> EngineFormat {
        EngineFormat { engine: *b"logs", revision: 5 }
    }

    fn new_head(&self) -> Head {
        Head::default()
    }

    fn head_size(&self, head: &Head) -> HeadSize {
        HeadSize { bytes: head.bytes(), items: head.lines() }
    }

    fn head_range(&self, head: &Head) -> Option<(i64, i64)> {
        head.range()
    }

    fn replay(&self, head: &Head, record: &[u8]) -> Result<()> {
        // A damaged record must not be applied in part: it is read once before.
        let record = record::read(record)?;
        record.lines(|_| {})?;
        Ok(head.apply(&record.streams, |insert| record.lines(insert))?)
    }

    fn flush(
        &self,
        head: &Head,
        tombstones: &[Arc<Tombstone>],
        output: &mut BlockOutput<'_>,
    ) -> Result<()> {
        let mut streams = head.select(&[])?;
        streams.sort_by(|(a, _), (b, _)| a.cmp(b));
        let deletes = self.conditions.deletes(tombstones)?;
        let mut writer = Writer::new(output);
        for (labels, pages) in streams {
            let deletes = Deletes::of_stream(&deletes, &labels);
            for page in pages {
                if deletes.is_empty() {
                    writer.push(&labels, &page)?;
                } else {
                    let mut kept = (*page).clone();
                    deletes.hide(&labels, &mut kept, |_| true);
                    writer.push(&labels, &kept)?;
                }
            }
        }
        writer.finish()
    }

    fn open_block(&self, block: BlockReader) -> Result<Block> {
        Block::open(&block)
    }

    fn plan(&self, blocks: &[PlanBlock<'_>]) -> Option<Vec<Ulid>> {
        plan::by_tier(blocks, &plan::Tiers { fan_in: MERGED_BLOCKS, ..plan::Tiers::default() })
    }

    fn merge(&self, inputs: &[MergeInput<'_, Self>], output: &mut BlockOutput<'_>) -> Result<()> {
        let mut streams: BTreeMap<&Labels, Vec<Source<'_>>> = BTreeMap::new();
        for (place, input) in inputs.iter().enumerate() {
            let deletes = self.conditions.deletes(&input.tombstones)?;
            for stream in input.block.streams() {
                let deletes = Deletes::of_stream(&deletes, &stream.labels);
                let sources = streams.entry(&stream.labels).or_default();
                for run in &stream.runs {
                    let deletes = input.block.deletes_of(run, &deletes)?;
                    sources.push(Source { place, block: input.block, run, deletes });
                }
            }
        }
        let own_bytes = match output.level() {
            0..COPYING_LEVELS => COPIED_TEXT_BYTES,
            _ => PAGE_TEXT_BYTES as u64 / 2,
        };
        let mut writer = Writer::new(output);
        let mut last_pages: Vec<Option<(u32, OpenPage)>> = inputs.iter().map(|_| None).collect();
        for (labels, mut sources) in streams {
            sources.sort_by_key(|source| source.run.first);
            // Runs that overlap in time are merged, so that equal lines meet.
            let pieces: Vec<Piece> = sources.iter().map(Source::piece).collect();
            for slice in page::slices(&pieces) {
                let copied = match sole(&sources, &slice) {
                    Some(source) if source.run.text_bytes >= own_bytes && source.is_whole() => {
                        writer.copy(labels, source.block, source.run)?
                    }
                    _ => false,
                };
                if !copied {
                    writer.push(labels, &merged(labels, &sources, &slice, &mut last_pages)?)?;
                }
            }
        }
        writer.finish()
    }

    fn verify_block(&self, block: &Block) -> Result<()> {
        block.verify()
    }
}

/// A run that is merged.
struct Source<'a> {
    /// Number of the block.
    place: usize,
    block: &'a Block,
    run: &'a Run,
    deletes: Deletes,
}

impl Source<'_> {
    fn piece(&self) -> Piece {
        let Run { first, last, text_bytes, .. } = *self.run;
        Piece { first, last, text_bytes, place: self.place }
    }

    /// Whether it has its page for itself, and nothing on it is deleted.
    fn is_whole(&self) -> bool {
        !self.block.is_shared(self.run) && self.deletes.is_empty()
    }
}

/// The only source of a slice, which then takes all of it.
fn sole<'s, 'a>(sources: &'s [Source<'a>], slice: &Slice) -> Option<&'s Source<'a>> {
    let [at] = slice.members[..] else { return None };
    let is_all =
        |source: &&Source<'_>| slice.start <= source.run.first && source.run.last <= slice.last;
    sources.get(at).filter(is_all)
}

/// The lines of a slice, in order of time. `last_pages` are the pages read last, by block.
fn merged(
    labels: &Labels,
    sources: &[Source<'_>],
    slice: &Slice,
    last_pages: &mut [Option<(u32, OpenPage)>],
) -> Result<LogColumns> {
    let mut pages = Vec::with_capacity(slice.members.len());
    for source in slice.members.iter().filter_map(|at| sources.get(*at)) {
        let mut columns = LogColumns::default();
        if let Some(last) = last_pages.get_mut(source.place) {
            source.block.read_once(source.run, last, &mut columns)?;
        }
        let is_inside = |time| slice.start <= time && time <= slice.last;
        source.deletes.hide(labels, &mut columns, is_inside);
        pages.push(columns);
    }
    match pages.len() {
        1 => Ok(pages.pop().unwrap_or_default()),
        _ => {
            let mut columns = LogColumns::default();
            page::merge(&pages, &mut columns);
            Ok(columns)
        }
    }
}
