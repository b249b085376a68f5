//! An opened block: its directory and index in memory, its pages on disk.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::{Resource, Scope, TraceId};
use telemetry_core::storage::block::{BlockFile, BlockReader, PageRef};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged, Result, lz4};

use super::format::{self, Directory, GroupEntry};
use super::group::Group;
use crate::span::{format as span_format, trace_hash};

/// An opened block.
#[derive(Debug)]
pub(crate) struct Block {
    file: BlockFile,
    directory: Directory,
    /// Positions of the names, by name.
    names: Vec<u32>,
    /// Ordinal of the first trace of each group.
    first_traces: Vec<u32>,
    /// Hashes of trace ids, ascending.
    hashes: Vec<u32>,
    /// The trace of each hash.
    ordinals: Vec<u32>,
}

impl Block {
    /// Reads the tables of a block.
    ///
    /// # Errors
    ///
    /// They cannot be read or are damaged.
    pub(crate) fn open(reader: &BlockReader) -> Result<Block> {
        let file = reader.file(format::FILE)?;
        let bytes = file.read_section(format::DIRECTORY)?;
        let directory = unpack(&bytes, Directory::read)
            .map_err(|damaged| file.damaged_in(format::DIRECTORY, damaged))?;
        let mut first_traces = Vec::with_capacity(directory.groups.len());
        let mut traces = 0_u32;
        for group in &directory.groups {
            first_traces.push(traces);
            traces = traces.checked_add(group.traces).ok_or_else(|| {
                file.damaged_in(format::DIRECTORY, Damaged::field(0, "number of traces"))
            })?;
        }
        let bytes = file.read_section(format::INDEX)?;
        let mut input = Cursor::new(&bytes);
        let index = format::read_index(&mut input, traces as usize)
            .and_then(|index| input.finish().map(|()| index));
        let (hashes, ordinals) =
            index.map_err(|damaged| file.damaged_in(format::INDEX, damaged))?;
        let mut names: Vec<u32> = (0..).take(directory.names.len()).collect();
        names.sort_unstable_by_key(|at| directory.names.get(*at as usize));
        Ok(Block { file, directory, names, first_traces, hashes, ordinals })
    }

    /// Number of groups.
    pub(crate) fn groups(&self) -> usize {
        self.directory.groups.len()
    }

    /// What the directory says of a group.
    pub(crate) fn entry(&self, group: usize) -> Option<&GroupEntry> {
        self.directory.groups.get(group)
    }

    /// A group.
    pub(crate) fn group(&self, group: usize) -> Option<Group<'_>> {
        Some(Group::new(self, self.directory.groups.get(group)?))
    }

    /// Ordinal of the first trace of a group.
    pub(crate) fn first_trace(&self, group: usize) -> u32 {
        self.first_traces.get(group).copied().unwrap_or_default()
    }

    /// The group that a trace is in, and its position there.
    pub(crate) fn locate(&self, ordinal: u32) -> Option<(usize, usize)> {
        let group = self.first_traces.partition_point(|first| *first <= ordinal).checked_sub(1)?;
        let first = self.first_traces.get(group)?;
        Some((group, (ordinal - first) as usize))
    }

    /// Hashes of trace ids, ascending.
    pub(crate) fn hashes(&self) -> &[u32] {
        &self.hashes
    }

    /// Traces whose id may be the one that has this hash.
    pub(crate) fn with_hash(&self, hash: u32) -> &[u32] {
        let first = self.hashes.partition_point(|other| *other < hash);
        let same = self.hashes.iter().skip(first).take_while(|other| **other == hash).count();
        self.ordinals.get(first..first + same).unwrap_or_default()
    }

    /// Traces whose id may be this one.
    pub(crate) fn with_id(&self, id: TraceId) -> &[u32] {
        self.with_hash(trace_hash(id))
    }

    /// Names of attributes, by position.
    pub(crate) fn names(&self) -> &[Arc<str>] {
        &self.directory.names
    }

    /// The position of an attribute's name.
    pub(crate) fn name(&self, name: &str) -> Option<u32> {
        let text = |at: &u32| self.directory.names.get(*at as usize).map(AsRef::as_ref);
        let found = self.names.binary_search_by_key(&Some(name), text).ok()?;
        self.names.get(found).copied()
    }

    /// The resources that spans refer to.
    ///
    /// # Errors
    ///
    /// They cannot be read or are damaged.
    pub(crate) fn resources(&self) -> Result<Arc<Vec<Arc<Resource>>>> {
        let table = self.directory.resources;
        self.table(table, span_format::read_resource)
    }

    /// The scopes that spans refer to.
    ///
    /// # Errors
    ///
    /// They cannot be read or are damaged.
    pub(crate) fn scopes(&self) -> Result<Arc<Vec<Arc<Scope>>>> {
        let table = self.directory.scopes;
        self.table(table, span_format::read_scope)
    }

    /// How many resources and scopes there are.
    pub(crate) fn origin_counts(&self) -> (usize, usize) {
        (self.directory.resources.count as usize, self.directory.scopes.count as usize)
    }

    fn table<T: Send + Sync + 'static>(
        &self,
        table: format::Table,
        read: impl Fn(&mut Cursor<'_>) -> Result<T, Damaged>,
    ) -> Result<Arc<Vec<Arc<T>>>> {
        self.page(table.page, |input| {
            let bytes = input.remaining();
            // Each takes at least three bytes.
            if table.count as usize > bytes {
                return Err(input.field("number of resources or scopes"));
            }
            let items = (0..table.count).map(|_| read(input).map(Arc::new));
            Ok((items.collect::<Result<Vec<_>, _>>()?, 5 * bytes))
        })
    }

    /// What `decode` makes of a page, and how many bytes of memory that takes: from the cache, if it
    /// was decoded before.
    ///
    /// # Errors
    ///
    /// It cannot be read or is damaged.
    pub(super) fn page<T: Send + Sync + 'static>(
        &self,
        page: PageRef,
        decode: impl FnOnce(&mut Cursor<'_>) -> Result<(T, usize), Damaged>,
    ) -> Result<Arc<T>> {
        self.file.decoded_page(format::PAGES, page, |bytes| {
            let (value, bytes) = unpack(bytes, decode).map_err(|damaged| {
                let damaged = Damaged { offset: page.offset, ..damaged };
                self.file.damaged_in(format::PAGES, damaged)
            })?;
            Ok((value, bytes as u64))
        })
    }

    /// The error for a part that must be there.
    pub(super) fn missing(&self, what: &'static str) -> telemetry_core::storage::Error {
        self.file.damaged_in(format::DIRECTORY, Damaged::at(0, Damage::Missing { what }))
    }

    /// The error for things that must fit one another.
    pub(super) fn mismatch(&self, what: &'static str) -> telemetry_core::storage::Error {
        self.file.damaged_in(format::DIRECTORY, Damaged::field(0, what))
    }
}

/// Decompresses and decodes all of `bytes`.
fn unpack<T>(
    bytes: &[u8],
    decode: impl FnOnce(&mut Cursor<'_>) -> Result<T, Damaged>,
) -> Result<T, Damaged> {
    let mut input = Cursor::new(bytes);
    let raw = lz4::read(&mut input)?;
    input.finish()?;
    let mut input = Cursor::new(&raw);
    let value = decode(&mut input)?;
    input.finish()?;
    Ok(value)
}
