//! Writes traces as a block: group by group, nothing but tables held in memory.

use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::model::{KeyValue, Resource, Scope, Span};
use telemetry_core::storage::block::{BlockSummary, BlockWriter, FileWriter, PageRef};
use telemetry_core::storage::store::BlockOutput;
use telemetry_core::storage::{Result, lz4};

use super::column::{ShapeWriter, put_values};
use super::format::{self, ColumnEntry, Directory, GROUP_SPANS, GroupEntry, Owner, PARTS, Table};
use super::origins::Origins;
use super::pages;
use crate::span::{format as span_format, trace_hash};

/// A block that is being written.
pub(crate) struct Writer {
    block: BlockWriter,
    file: FileWriter,
    names: Names,
    resources: Origins<Resource>,
    scopes: Origins<Scope>,
    groups: Vec<GroupEntry>,
    index: Vec<(u32, u32)>,
    spans: u64,
    range: Option<(i64, i64)>,
    pending: Pending,
    raw: Vec<u8>,
    packed: Vec<u8>,
}

/// The group that is being filled.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) spans: Vec<Arc<Span>>,
    /// First row of each trace.
    pub(super) starts: Vec<usize>,
}

impl Pending {
    /// The traces, each with its first row.
    pub(super) fn traces(&self) -> impl Iterator<Item = (usize, &[Arc<Span>])> {
        let ends = self.starts.iter().skip(1).copied().chain(std::iter::once(self.spans.len()));
        let ranges = self.starts.iter().copied().zip(ends);
        ranges.map(|(start, end)| (start, self.spans.get(start..end).unwrap_or_default()))
    }
}

/// Attribute names of the block.
#[derive(Default)]
struct Names {
    known: HashMap<Arc<str>, u32>,
    list: Vec<Arc<str>>,
}

impl Names {
    fn position(&mut self, name: &str) -> u32 {
        if let Some(position) = self.known.get(name) {
            return *position;
        }
        let (name, position): (Arc<str>, u32) = (Arc::from(name), self.list.len() as u32);
        self.list.push(name.clone());
        self.known.insert(name, position);
        position
    }
}

impl Writer {
    /// Begins a block.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub(crate) fn new(output: &mut BlockOutput<'_>) -> Result<Self> {
        let block = output.begin()?;
        let mut file = block.file(format::FILE)?;
        file.begin(format::PAGES);
        Ok(Writer {
            block,
            file,
            names: Names::default(),
            resources: Origins::new(span_format::put_resource),
            scopes: Origins::new(span_format::put_scope),
            groups: Vec::new(),
            index: Vec::new(),
            spans: 0,
            range: None,
            pending: Pending::default(),
            raw: Vec::new(),
            packed: Vec::new(),
        })
    }

    /// Adds a trace: its spans in row order, each once. Traces come by earliest start.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub(crate) fn push(&mut self, spans: &[Arc<Span>]) -> Result<()> {
        let Some(first) = spans.first() else { return Ok(()) };
        let pending = &mut self.pending;
        if !pending.spans.is_empty() && pending.spans.len() + spans.len() > GROUP_SPANS {
            self.end_group()?;
        }
        let reach = spans.iter().map(|span| span.start.0.max(span.end.0)).max();
        let (start, reach) = (first.start.0, reach.unwrap_or(first.start.0));
        let (min, max) = self.range.unwrap_or((start, reach));
        self.range = Some((min.min(start), max.max(reach)));
        self.spans += spans.len() as u64;
        self.index.push((trace_hash(first.trace_id), self.index.len() as u32));
        self.pending.starts.push(self.pending.spans.len());
        self.pending.spans.extend_from_slice(spans);
        Ok(())
    }

    /// Ends the block; one without traces is not kept.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub(crate) fn finish(mut self, output: &mut BlockOutput<'_>) -> Result<()> {
        let Some((min_time, max_time)) = self.range else { return Ok(()) };
        self.end_group()?;
        let (count, page) = (self.resources.len(), self.page_of(self.resources.bytes().to_vec())?);
        let resources = Table { count, page };
        let (count, page) = (self.scopes.len(), self.page_of(self.scopes.bytes().to_vec())?);
        let scopes = Table { count, page };
        let Writer { mut block, mut file, names, groups, mut index, spans, .. } = self;
        let directory = Directory { names: names.list, resources, scopes, groups };
        let (mut raw, mut packed) = (Vec::new(), Vec::new());
        directory.put(&mut raw);
        lz4::put(&mut packed, &raw);
        file.section(format::DIRECTORY, &packed)?;
        raw.clear();
        index.sort_unstable();
        format::put_index(&mut raw, &index);
        file.section(format::INDEX, &raw)?;
        block.finish_file(file)?;
        output.finish(block, BlockSummary { min_time, max_time, items: spans, meta: Vec::new() })
    }

    fn end_group(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let spans = || pending.spans.iter().map(Arc::as_ref);
        let starts = || pending.traces().filter_map(|(_, spans)| spans.first());
        let mut entry = GroupEntry {
            traces: pending.starts.len() as u32,
            spans: pending.spans.len() as u32,
            events: spans().map(|span| span.events.len() as u32).sum(),
            links: spans().map(|span| span.links.len() as u32).sum(),
            first_start: starts().map(|span| span.start.0).min().unwrap_or_default(),
            last_start: starts().map(|span| span.start.0).max().unwrap_or_default(),
            reach: spans().map(|span| span.start.0.max(span.end.0)).max().unwrap_or_default(),
            ..GroupEntry::default()
        };
        let mut columns =
            Columns { names: &mut self.names, list: HashMap::new(), order: Vec::new() };
        for span in spans() {
            columns.add(Owner::Span, &span.attributes);
            span.events.iter().for_each(|event| columns.add(Owner::Event, &event.attributes));
            span.links.iter().for_each(|link| columns.add(Owner::Link, &link.attributes));
        }
        let (columns, positions) = columns.finish();
        let shapes = Shapes::of(&pending, &positions, &self.names);
        let resources: Vec<u32> =
            pending.spans.iter().map(|span| self.resources.position(&span.resource)).collect();
        let scopes: Vec<u32> =
            pending.spans.iter().map(|span| self.scopes.position(&span.scope)).collect();
        let given = pages::Given { pending: &pending, resources, scopes, shapes: &shapes };
        for part in 0..PARTS {
            let mut raw = std::mem::take(&mut self.raw);
            raw.clear();
            if pages::put(part, &given, &mut raw)
                && let Some(slot) = entry.pages.get_mut(part)
            {
                *slot = Some(self.page(&raw)?);
            }
            self.raw = raw;
        }
        for ((owner, name, occurrence), values) in columns {
            let mut raw = std::mem::take(&mut self.raw);
            raw.clear();
            let range = put_values(&mut raw, &values);
            let page = self.page(&raw)?;
            entry.columns.push(ColumnEntry { owner, name, occurrence, range, page });
            self.raw = raw;
        }
        self.groups.push(entry);
        Ok(())
    }

    fn page(&mut self, raw: &[u8]) -> Result<PageRef> {
        self.packed.clear();
        lz4::put(&mut self.packed, raw);
        self.file.page(&self.packed)
    }

    fn page_of(&mut self, raw: Vec<u8>) -> Result<PageRef> {
        self.page(&raw)
    }
}

/// Owner, name and occurrence.
type Key = (Owner, u32, u32);

/// Collects the values of each column.
struct Columns<'a, 'n> {
    names: &'n mut Names,
    list: HashMap<Key, usize>,
    order: Vec<(Key, Vec<&'a telemetry_core::model::AttributeValue>)>,
}

impl<'a> Columns<'a, '_> {
    fn add(&mut self, owner: Owner, attributes: &'a [KeyValue]) {
        for (at, attribute) in attributes.iter().enumerate() {
            let key = (owner, self.names.position(&attribute.key), occurrence(attributes, at));
            let next = self.order.len();
            let column = *self.list.entry(key).or_insert(next);
            if column == next {
                self.order.push((key, Vec::new()));
            }
            let values = self.order.get_mut(column).into_iter();
            values.for_each(|(_, values)| values.push(&attribute.value));
        }
    }

    /// The columns in the order of the directory, and where each is there.
    #[expect(clippy::type_complexity, reason = "two tables over the same keys")]
    fn finish(
        mut self,
    ) -> (Vec<(Key, Vec<&'a telemetry_core::model::AttributeValue>)>, HashMap<Key, u32>) {
        self.order.sort_unstable_by_key(|(key, _)| *key);
        let positions = self.order.iter().zip(0..).map(|((key, _), at)| (*key, at)).collect();
        (self.order, positions)
    }
}

/// How many attributes before the `at`-th have its name.
fn occurrence(attributes: &[KeyValue], at: usize) -> u32 {
    let Some(attribute) = attributes.get(at) else { return 0 };
    attributes.iter().take(at).filter(|other| other.key == attribute.key).count() as u32
}

/// Shapes of spans, events and links.
#[derive(Default)]
pub(super) struct Shapes {
    pub(super) spans: ShapeWriter,
    pub(super) events: ShapeWriter,
    pub(super) links: ShapeWriter,
}

impl Shapes {
    fn of(pending: &Pending, positions: &HashMap<Key, u32>, names: &Names) -> Self {
        let mut shapes = Shapes::default();
        let mut shape = Vec::new();
        let mut fill = |writer: &mut ShapeWriter, owner: Owner, attributes: &[KeyValue]| {
            shape.clear();
            shape.extend(attributes.iter().enumerate().filter_map(|(at, attribute)| {
                let name = *names.known.get(attribute.key.as_str())?;
                positions.get(&(owner, name, occurrence(attributes, at))).copied()
            }));
            writer.push(&shape);
        };
        for span in &pending.spans {
            fill(&mut shapes.spans, Owner::Span, &span.attributes);
            for event in &span.events {
                fill(&mut shapes.events, Owner::Event, &event.attributes);
            }
            for link in &span.links {
                fill(&mut shapes.links, Owner::Link, &link.attributes);
            }
        }
        shapes
    }
}
