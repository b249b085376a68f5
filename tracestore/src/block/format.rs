//! A block of traces on disk: one file of three sections.
//! ~~~text
//! section 1  pages      each LZ4 (storage::lz4), with a checksum (kernel)
//! section 2  directory  LZ4 of
//!              names       count varint, texts: names of attributes
//!              resources   count varint, page      each: resource (span/format.rs)
//!              scopes      count varint, page      each: scope
//!              groups      count varint, each:
//!                traces, spans, events, links      varints
//!                first start   signed varint       earliest start of a trace
//!                last start    varint              latest start of a trace, minus first start
//!                reach         varint              latest end of a span, minus first start
//!                parts         varint              a bit per part that has a page
//!                pages         one per bit
//!                columns       count varint, each: owner u8, name varint, occurrence varint,
//!                              range u8 (0 none · 1 two signed varints · 2 two floats), page
//! section 3  index      hashes of trace ids, u32 LE, ascending │ as many ordinals, u32 LE
//!
//! page       gap varint, bytes varint: it begins `gap` bytes behind the end of the one before
//! ~~~
//! A group holds whole traces; traces are in order of their start, across groups too; rows of a trace
//! are in row order (span/order.rs). The ordinal of a trace counts from the first of the block.
//! The parts of a group, and what their pages hold (`column/` has ints, ids, texts and shapes):
//! ~~~text
//!  0 traces      per trace: id 16 │ ids: rows │ ints: start │ ints: end minus start
//!                │ ints: reach minus end │ ids: row of the root plus 1 │ ids: 1 if ids repeat
//!  1 span ids    8 bytes each
//!  2 parents     ids: 0 no parent · 1 an id that no row of the trace has · 2 + row within the
//!                trace │ the ids of the second kind, 8 bytes each
//!  3 starts      ints: start of the span minus start of its trace
//!  4 lengths     ints: end minus start
//!  5 outcomes    a byte each: kind × 4 + status
//!  6 names       texts             7 messages    texts, absent if all are empty
//!  8 states      texts, likewise   9 resources   ids        10 scopes  ids
//! 11 shapes      shapes of the spans' attributes
//! 12 extras      ints: flags, dropped attributes, events, links; absent if all are zero
//! 13 events      ids: events per span │ ints: time minus start of the span │ ints: dropped attributes
//! 14 event names texts           15 event shapes
//! 16 links       ids: links per span │ ints: flags, dropped attributes │ per link: trace id, span id
//! 17 link states texts           18 link shapes
//! ~~~
//! Columns hold the values of one attribute name of spans (owner 0), events (1) or links (2), and of
//! one occurrence: names that repeat within a list have a column each.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::storage::block::PageRef;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged, varint};

use super::column::Range;

/// The name of the file.
pub(crate) const FILE: &str = "traces";
/// Section of the pages.
pub(crate) const PAGES: u32 = 1;
/// Section of the directory.
pub(crate) const DIRECTORY: u32 = 2;
/// Section of the index.
pub(crate) const INDEX: u32 = 3;

/// Rows after which a group ends with the trace that it is in.
pub(crate) const GROUP_SPANS: usize = 4096;

/// Bytes that LZ4 makes of one, at most.
const EXPANSION_MAX: u64 = 255;

/// A page of a group, other than those of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Part {
    Traces = 0,
    SpanIds = 1,
    Parents = 2,
    Starts = 3,
    Lengths = 4,
    Outcomes = 5,
    Names = 6,
    Messages = 7,
    States = 8,
    Resources = 9,
    Scopes = 10,
    Shapes = 11,
    Extras = 12,
    Events = 13,
    EventNames = 14,
    EventShapes = 15,
    Links = 16,
    LinkStates = 17,
    LinkShapes = 18,
}

/// Number of parts.
pub(crate) const PARTS: usize = 19;

/// Whose attributes a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Owner {
    Span = 0,
    Event = 1,
    Link = 2,
}

/// What the directory says of a block.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Directory {
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) resources: Table,
    pub(crate) scopes: Table,
    pub(crate) groups: Vec<GroupEntry>,
}

/// Things that spans refer to by position, in one page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Table {
    pub(crate) count: u32,
    pub(crate) page: PageRef,
}

impl Default for Table {
    fn default() -> Self {
        Table { count: 0, page: PageRef { offset: 0, bytes: 0 } }
    }
}

/// What the directory says of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct GroupEntry {
    pub(crate) traces: u32,
    pub(crate) spans: u32,
    pub(crate) events: u32,
    pub(crate) links: u32,
    /// Earliest start of a trace.
    pub(crate) first_start: i64,
    /// Latest start of a trace.
    pub(crate) last_start: i64,
    /// Latest end of a span, or start where that is later.
    pub(crate) reach: i64,
    pub(crate) pages: [Option<PageRef>; PARTS],
    /// By owner, name and occurrence.
    pub(crate) columns: Vec<ColumnEntry>,
}

/// What the directory says of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ColumnEntry {
    pub(crate) owner: Owner,
    /// Position in the names of the block.
    pub(crate) name: u32,
    /// How many attributes of the name come before in the same list.
    pub(crate) occurrence: u32,
    pub(crate) range: Range,
    pub(crate) page: PageRef,
}

impl GroupEntry {
    /// The page of a part.
    pub(crate) fn page(&self, part: Part) -> Option<PageRef> {
        self.pages.get(part as usize).copied().flatten()
    }

    /// The column of the first attribute of a name.
    pub(crate) fn column(&self, owner: Owner, name: u32) -> Option<u32> {
        let key = |column: &ColumnEntry| (column.owner, column.name, column.occurrence);
        let found = self.columns.binary_search_by_key(&(owner, name, 0), key).ok()?;
        u32::try_from(found).ok()
    }
}

impl Directory {
    /// Appends the directory, not compressed.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let mut pages = Pages::default();
        varint::put_u64(out, self.names.len() as u64);
        self.names.iter().for_each(|name| varint::put_str(out, name));
        for table in [self.resources, self.scopes] {
            varint::put_u64(out, table.count.into());
            pages.put(out, table.page);
        }
        varint::put_u64(out, self.groups.len() as u64);
        self.groups.iter().for_each(|group| put_group(out, group, &mut pages));
    }

    /// Reads a directory.
    ///
    /// # Errors
    ///
    /// The bytes are no directory.
    pub(crate) fn read(input: &mut Cursor<'_>) -> Result<Directory, Damaged> {
        let mut pages = Pages::default();
        let count = input.count(1)?;
        let mut names = Vec::with_capacity(count);
        for _ in 0..count {
            names.push(Arc::from(input.str()?));
        }
        let mut table = || Ok(Table { count: input.varint_u32()?, page: pages.read(input)? });
        let (resources, scopes) = (table()?, table()?);
        let count = input.count(11)?;
        let mut groups = Vec::with_capacity(count);
        for _ in 0..count {
            groups.push(read_group(input, names.len(), &mut pages)?);
        }
        Ok(Directory { names, resources, scopes, groups })
    }
}

fn put_group(out: &mut Vec<u8>, group: &GroupEntry, pages: &mut Pages) {
    for count in [group.traces, group.spans, group.events, group.links] {
        varint::put_u64(out, count.into());
    }
    let distance = |time: i64| time.wrapping_sub(group.first_start) as u64;
    varint::put_i64(out, group.first_start);
    varint::put_u64(out, distance(group.last_start));
    varint::put_u64(out, distance(group.reach));
    let bits = group.pages.iter().zip(0_u32..).map(|(page, bit)| u64::from(page.is_some()) << bit);
    varint::put_u64(out, bits.sum());
    group.pages.iter().flatten().for_each(|page| pages.put(out, *page));
    varint::put_u64(out, group.columns.len() as u64);
    for column in &group.columns {
        out.push(column.owner as u8);
        varint::put_u64(out, column.name.into());
        varint::put_u64(out, column.occurrence.into());
        match column.range {
            Range::Any => out.push(0),
            Range::Ints(min, max) => {
                out.push(1);
                varint::put_i64(out, min);
                varint::put_i64(out, max);
            }
            Range::Floats(min, max) => {
                out.push(2);
                out.extend_from_slice(&min.to_le_bytes());
                out.extend_from_slice(&max.to_le_bytes());
            }
        }
        pages.put(out, column.page);
    }
}

fn read_group(
    input: &mut Cursor<'_>,
    names: usize,
    pages: &mut Pages,
) -> Result<GroupEntry, Damaged> {
    let mut group = GroupEntry {
        traces: input.varint_u32()?,
        spans: input.varint_u32()?,
        events: input.varint_u32()?,
        links: input.varint_u32()?,
        first_start: input.varint_i64()?,
        ..GroupEntry::default()
    };
    group.last_start = group.first_start.wrapping_add(input.varint_u64()? as i64);
    group.reach = group.first_start.wrapping_add(input.varint_u64()? as i64);
    let bits = input.varint_u64()?;
    if bits >> PARTS != 0 {
        return Err(input.field("parts of a group"));
    }
    for (bit, page) in group.pages.iter_mut().enumerate() {
        if bits >> bit & 1 == 1 {
            *page = Some(pages.read(input)?);
        }
    }
    let count = input.count(6)?;
    for _ in 0..count {
        group.columns.push(read_column(input, names, pages)?);
    }
    let key = |column: &ColumnEntry| (column.owner, column.name, column.occurrence);
    if !group.columns.is_sorted_by(|a, b| key(a) < key(b)) {
        return Err(input.field("order of columns"));
    }
    check_counts(&group).then_some(group).ok_or_else(|| input.field("rows of a group"))
}

/// Whether the pages can hold as many items as the group says: others reserve memory by it.
fn check_counts(group: &GroupEntry) -> bool {
    let holds = |part: Part, items: u32, item_bytes: u64| {
        let bytes = group.page(part).map_or(0, |page| u64::from(page.bytes));
        u64::from(items) * item_bytes <= bytes.saturating_mul(EXPANSION_MAX)
    };
    group.traces >= 1
        && group.spans >= group.traces
        && holds(Part::Traces, group.traces, 16)
        && holds(Part::SpanIds, group.spans, 8)
        && holds(Part::Events, group.events, 2)
        && holds(Part::Links, group.links, 24)
}

fn read_column(
    input: &mut Cursor<'_>,
    names: usize,
    pages: &mut Pages,
) -> Result<ColumnEntry, Damaged> {
    let at = input.position();
    let unknown = |what, found: u8| Damaged::at(at, Damage::Unknown { what, found: found.into() });
    let owner = match input.u8()? {
        0 => Owner::Span,
        1 => Owner::Event,
        2 => Owner::Link,
        other => return Err(unknown("owner of a column", other)),
    };
    let name = input.varint_u32()?;
    if name as usize >= names {
        return Err(Damaged::field(at, "name of a column"));
    }
    let occurrence = input.varint_u32()?;
    let range = match input.u8()? {
        0 => Range::Any,
        1 => Range::Ints(input.varint_i64()?, input.varint_i64()?),
        2 => Range::Floats(input.f64()?, input.f64()?),
        other => return Err(unknown("range of a column", other)),
    };
    Ok(ColumnEntry { owner, name, occurrence, range, page: pages.read(input)? })
}

/// Places of pages, each told by the distance from the one before.
#[derive(Debug, Default)]
struct Pages {
    end: u64,
}

impl Pages {
    fn put(&mut self, out: &mut Vec<u8>, page: PageRef) {
        varint::put_u64(out, page.offset.wrapping_sub(self.end));
        varint::put_u64(out, page.bytes.into());
        self.end = page.offset.wrapping_add(page.bytes.into());
    }

    fn read(&mut self, input: &mut Cursor<'_>) -> Result<PageRef, Damaged> {
        let offset = self.end.wrapping_add(input.varint_u64()?);
        let page = PageRef { offset, bytes: input.varint_u32()? };
        self.end = offset.wrapping_add(page.bytes.into());
        Ok(page)
    }
}

/// Appends the index: `entries` are hashes and ordinals, ascending.
pub(crate) fn put_index(out: &mut Vec<u8>, entries: &[(u32, u32)]) {
    entries.iter().for_each(|(hash, _)| out.extend_from_slice(&hash.to_le_bytes()));
    entries.iter().for_each(|(_, ordinal)| out.extend_from_slice(&ordinal.to_le_bytes()));
}

/// Reads the index of a block of `traces` traces.
///
/// # Errors
///
/// The bytes are no such index.
pub(crate) fn read_index(
    input: &mut Cursor<'_>,
    traces: usize,
) -> Result<(Vec<u32>, Vec<u32>), Damaged> {
    let mut column = || {
        let bytes = input.take(traces.saturating_mul(4))?;
        let number = |chunk: &[u8]| u32::from_le_bytes(chunk.try_into().unwrap_or_default());
        Ok(bytes.chunks_exact(4).map(number).collect::<Vec<u32>>())
    };
    let (hashes, ordinals): (Vec<u32>, Vec<u32>) = (column()?, column()?);
    if !hashes.is_sorted() || ordinals.iter().any(|ordinal| *ordinal as usize >= traces) {
        return Err(Damaged::field(0, "index of traces"));
    }
    Ok((hashes, ordinals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn directory() -> Directory {
        let page = |offset, bytes| PageRef { offset, bytes };
        let mut group = GroupEntry {
            traces: 1,
            spans: 2,
            first_start: 10,
            last_start: 10,
            reach: 25,
            ..GroupEntry::default()
        };
        group.pages[Part::Traces as usize] = Some(page(100, 20));
        group.pages[Part::SpanIds as usize] = Some(page(124, 18));
        group.columns.push(ColumnEntry {
            owner: Owner::Span,
            name: 0,
            occurrence: 0,
            range: Range::Ints(-1, 5),
            page: page(146, 9),
        });
        Directory {
            names: vec![Arc::from("k")],
            resources: Table { count: 1, page: page(0, 50) },
            scopes: Table { count: 1, page: page(54, 42) },
            groups: vec![group],
        }
    }

    #[test]
    fn golden_directory() {
        let mut bytes = Vec::new();
        directory().put(&mut bytes);
        let golden = [
            1, 1, b'k', // names
            1, 0, 50, 1, 4, 42, // resources, scopes
            1,  // groups
            1, 2, 0, 0, 20, 0, 15, 0b11, 4, 20, 4, 18, // the group
            1, 0, 0, 0, 1, 1, 10, 4, 9, // its column
        ];
        assert_eq!(bytes, golden);
        let mut input = Cursor::new(&bytes);
        assert_eq!(Directory::read(&mut input).unwrap(), directory());
        input.finish().unwrap();
        for length in 0..bytes.len() {
            assert!(Directory::read(&mut Cursor::new(bytes.get(..length).unwrap())).is_err());
        }
    }

    #[test]
    fn golden_index() {
        let mut bytes = Vec::new();
        put_index(&mut bytes, &[(1, 1), (258, 0)]);
        assert_eq!(bytes, [1, 0, 0, 0, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(read_index(&mut Cursor::new(&bytes), 2).unwrap(), (vec![1, 258], vec![1, 0]));
        assert!(read_index(&mut Cursor::new(&bytes), 3).is_err());
    }

    #[test]
    fn a_group_cannot_promise_more_rows_than_its_pages_hold() {
        let mut directory = directory();
        directory.groups[0].spans = 1_000_000;
        let mut bytes = Vec::new();
        directory.put(&mut bytes);
        assert!(Directory::read(&mut Cursor::new(&bytes)).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_a_directory(bytes: Vec<u8>) {
            let _ = Directory::read(&mut Cursor::new(&bytes));
            let _ = read_index(&mut Cursor::new(&bytes), bytes.len() / 8);
        }
    }
}
