//! Log queries: the newest, or oldest, lines that a pipeline keeps.
//!
//! Pages come in order of their newest (oldest) line, so once `limit` lines are held and the next
//! page cannot hold a better one, the answer is certain and the rest is not read. With workers,
//! pages are read in waves: one first, as it may be enough, then two, four and so on.
//!
//! Where the pages offer templates, the lines are found in columns; see [`found`](super::found).
//!
//! Lines of equal time stand in the order of their streams' labels, those of one stream in the
//! order they came; reading backward turns all of it round.

use super::found::RowFinder;
use super::scan::{Next, Scan, select};
use super::{Access, jobs};
use crate::ast::Expr;
use crate::engine::{Engine, LogOptions};
use crate::error::Error;
use crate::plan::LinesPlan;
use crate::stage::Entry;
use crate::stage::hints::Hints;
use crate::stage::labels::{Category, LineLabels};
use crate::value::{LabelOrigin, LabelSet, LogLine, LogStream};
use hashbrown::{HashMap, HashTable};
use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use telemetry_core::labels::{Labels, hash_pairs};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::{Direction, LogPage, LogWant};
use telemetry_core::time::{Nanos, NanosRange};

/// The least and the most rows that are decoded at first where a page tells which are needed.
const ROWS_MIN: usize = 32;
const ROWS_MAX: usize = 4_096;

/// Runs a log query.
pub(crate) fn run(
    lines: &LinesPlan,
    options: &LogOptions,
    access: &Access<'_>,
) -> Result<Vec<LogStream>, Error> {
    let context = access.context;
    let backward = options.direction == Direction::Backward;
    let pages = select(access, lines, options.window, options.direction)?;
    // Thinning needs every line, as which lines it keeps depends on those before.
    let thins = options.interval_ns > 0;
    let held_max = if thins { usize::MAX } else { options.limit };
    let hints = Hints::everything();
    let mut held = Held::new(held_max, backward, None);
    let probe = lines.pipeline.probe();
    let reader = || Reader {
        scan: Scan::new(lines, &hints, access),
        finder: RowFinder::new(lines, probe.as_ref(), access),
        origins: Origins::default(),
    };
    let mut alone = reader();
    let (mut next, mut wave) = (0, 1);
    while next < pages.len() {
        let Some(first) = pages.page(next) else { break };
        if held.is_certain(&*first) {
            context.statistics().add_chunks_skipped((pages.len() - next) as u64);
            break;
        }
        let until = (next + wave).min(pages.len());
        if until - next == 1 {
            alone.read(next, &*first, &mut held, context)?;
        } else {
            let floor = held.worst();
            let found = jobs::run(context, until - next, reader, |at, reader| {
                let mut held = Held::new(held_max, backward, floor);
                if let Some(page) = pages.page(next + at) {
                    reader.read(next + at, &*page, &mut held, context)?;
                }
                Ok(held.heap)
            })?;
            for row in found.into_iter().flatten() {
                held.offer(row.key, || (row.line, row.origin));
            }
            context.bound(Resource::Rows, held.heap.len() as u64)?;
        }
        next = until;
        wave = (wave * 2).min(jobs::at_once(context));
    }
    let mut rows = held.into_sorted();
    if thins {
        thin(&mut rows, options);
    }
    Ok(streams(rows))
}

/// Calls `each` with every line that a log query would give without a limit, page by page.
pub(crate) fn for_each(
    query: &Expr,
    engine: &Engine<'_>,
    window: NanosRange,
    context: &QueryContext,
    each: &mut dyn FnMut(&Entry<'_>),
) -> Result<(), Error> {
    let Expr::Log(log) = query else { return Err(Error::NotLog { span: query.span() }) };
    let lines = LinesPlan::new(log)?;
    let access = engine.access(context);
    let pages = select(&access, &lines, window, Direction::Forward)?;
    let hints = Hints::everything();
    let mut scan = Scan::new(&lines, &hints, &access);
    for index in 0..pages.len() {
        let Some(page) = pages.page(index) else { continue };
        let visit = |entry: &mut Entry<'_>, _| {
            each(entry);
            Ok(Next::Line)
        };
        scan.page(&*page, LogWant::ALL, false, visit, |_, _| Next::Line)?;
    }
    Ok(())
}

/// What reads one page after the other.
struct Reader<'p> {
    scan: Scan<'p>,
    finder: Option<RowFinder<'p>>,
    origins: Origins,
}

impl Reader<'_> {
    /// Offers the lines of page `index`.
    fn read(
        &mut self,
        index: usize,
        page: &dyn LogPage,
        held: &mut Held,
        context: &QueryContext,
    ) -> Result<(), Error> {
        let Reader { scan, finder, origins } = self;
        let place = Place { page: index, stream: page.labels().clone() };
        if let Some(finder) = finder
            && let Some(rows) = finder.rows(page, held.wanted())?
        {
            return read_rows(rows, page, place, (scan, origins), held, context);
        }
        let backward = held.backward;
        let worst = Cell::new(held.worst());
        scan.page(
            page,
            LogWant::ALL,
            backward,
            |entry, row| {
                place.offer(entry, row, held, origins);
                context.bound(Resource::Rows, held.heap.len() as u64)?;
                worst.set(held.worst());
                Ok(Next::Line)
            },
            |time, _| if is_worse(worst.get(), time, backward) { Next::Page } else { Next::Line },
        )
    }
}

/// Offers those of the rows of a page that are kept: the nearest first, and more and more at once,
/// as few may be enough.
fn read_rows(
    rows: &[(usize, i64)],
    page: &dyn LogPage,
    place: Place,
    (scan, origins): (&mut Scan<'_>, &mut Origins),
    held: &mut Held,
    context: &QueryContext,
) -> Result<(), Error> {
    let mut left = rows;
    let mut count = held.max.clamp(ROWS_MIN, ROWS_MAX);
    loop {
        let nearest = if held.backward { left.last() } else { left.first() };
        let Some((_, time)) = nearest else { return Ok(()) };
        if is_worse(held.worst(), *time, held.backward) {
            return Ok(());
        }
        let some;
        if held.backward {
            (left, some) = left.split_at(left.len().saturating_sub(count));
        } else {
            (some, left) = left.split_at(count.min(left.len()));
        }
        let numbers: Vec<usize> = some.iter().map(|(row, _)| *row).collect();
        scan.some_rows(page, &numbers, |entry, at| {
            place.offer(entry, numbers.get(at).copied().unwrap_or_default(), held, origins);
            context.bound(Resource::Rows, held.heap.len() as u64)?;
            Ok(Next::Line)
        })?;
        count = count.saturating_mul(2);
    }
}

/// Whether a time is worse than the worst that is still wanted.
fn is_worse(worst: Option<i64>, time: i64, backward: bool) -> bool {
    worst.is_some_and(|worst| if backward { time < worst } else { time > worst })
}

/// The page that lines lie on.
struct Place {
    page: usize,
    stream: Labels,
}

impl Place {
    fn offer(&self, entry: &Entry<'_>, row: usize, held: &mut Held, origins: &mut Origins) {
        let key = Key { time: entry.time, stream: self.stream.clone(), page: self.page, row };
        held.offer(key, || (entry.line.get().to_vec(), origins.of(entry.labels)));
    }
}

/// Where a line stands among all.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    time: i64,
    stream: Labels,
    page: usize,
    row: usize,
}

impl Key {
    /// The order of reading forward.
    fn forward(&self, other: &Key) -> Ordering {
        self.time
            .cmp(&other.time)
            .then_with(|| self.stream.cmp(&other.stream))
            .then_with(|| self.page.cmp(&other.page))
            .then_with(|| self.row.cmp(&other.row))
    }
}

/// A line that may be part of the answer.
struct Row {
    key: Key,
    backward: bool,
    line: Vec<u8>,
    origin: Arc<LabelOrigin>,
}

/// The order of the answer: the heap has the line on top that would be cut first.
impl Ord for Row {
    fn cmp(&self, other: &Self) -> Ordering {
        let forward = self.key.forward(&other.key);
        if self.backward { forward.reverse() } else { forward }
    }
}

impl PartialOrd for Row {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Row {}

/// The best lines so far.
struct Held {
    heap: BinaryHeap<Row>,
    max: usize,
    backward: bool,
    /// Lines of a worse time are not wanted, as there are enough better ones elsewhere.
    floor: Option<i64>,
}

impl Held {
    fn new(max: usize, backward: bool, floor: Option<i64>) -> Self {
        Held { heap: BinaryHeap::new(), max, backward, floor }
    }

    /// The time of the worst line that is still wanted, once there are enough.
    fn worst(&self) -> Option<i64> {
        if self.heap.len() < self.max {
            return self.floor;
        }
        let held = self.heap.peek().map(|row| row.key.time);
        match (held, self.floor) {
            (Some(held), Some(floor)) if self.backward => Some(held.max(floor)),
            (Some(held), Some(floor)) => Some(held.min(floor)),
            (held, floor) => held.or(floor),
        }
    }

    /// The times of lines that can be part of the answer.
    fn wanted(&self) -> RangeInclusive<i64> {
        match self.worst() {
            Some(worst) if self.backward => worst..=i64::MAX,
            Some(worst) => i64::MIN..=worst,
            None => i64::MIN..=i64::MAX,
        }
    }

    /// Whether no line of `page`, or of one behind it, can be part of the answer.
    fn is_certain(&self, page: &dyn LogPage) -> bool {
        let statistics = page.statistics();
        match self.worst() {
            _ if self.max == 0 => true,
            Some(worst) if self.backward => statistics.last.0 < worst,
            Some(worst) => statistics.first.0 > worst,
            None => false,
        }
    }

    fn offer(&mut self, key: Key, make: impl FnOnce() -> (Vec<u8>, Arc<LabelOrigin>)) {
        let backward = self.backward;
        if self.heap.len() < self.max {
            let (line, origin) = make();
            self.heap.push(Row { key, backward, line, origin });
            return;
        }
        let Some(mut worst) = self.heap.peek_mut() else { return };
        let forward = key.forward(&worst.key);
        let better = if backward { forward.is_gt() } else { forward.is_lt() };
        if better {
            let (line, origin) = make();
            *worst = Row { key, backward, line, origin };
        }
    }

    fn into_sorted(self) -> Vec<Row> {
        self.heap.into_sorted_vec()
    }
}

/// Label sets that lines have had, each once.
#[derive(Default)]
struct Origins {
    known: HashTable<(u64, Arc<LabelOrigin>)>,
    last: Option<(Labels, Arc<LabelOrigin>)>,
}

impl Origins {
    fn of(&mut self, labels: &LineLabels) -> Arc<LabelOrigin> {
        if labels.is_untouched() {
            if let Some((stream, origin)) = &self.last
                && stream == labels.stream()
            {
                return origin.clone();
            }
            let origin = self.find(labels);
            self.last = Some((labels.stream().clone(), origin.clone()));
            return origin;
        }
        self.find(labels)
    }

    fn find(&mut self, labels: &LineLabels) -> Arc<LabelOrigin> {
        let mut all: Vec<(&str, &str, Category)> = Vec::new();
        labels.for_each(|name, value, category| all.push((name, value, category)));
        all.sort_unstable_by_key(|(name, ..)| *name);
        let hash = hash_pairs(all.iter().map(|(name, value, _)| (name, value)));
        let equal = |(known, origin): &(u64, Arc<LabelOrigin>)| *known == hash && origin.is(&all);
        if let Some((_, origin)) = self.known.find(hash, equal) {
            return origin.clone();
        }
        let origin = Arc::new(LabelOrigin::new(&all));
        self.known.insert_unique(hash, (hash, origin.clone()), |(known, _)| *known);
        origin
    }
}

/// Keeps a line only if it is at least the interval away from the one kept before.
fn thin(rows: &mut Vec<Row>, options: &LogOptions) {
    let mut last: Option<i64> = None;
    rows.retain(|row| {
        let far = last
            .is_none_or(|last| row.key.time.abs_diff(last) >= options.interval_ns.unsigned_abs());
        if far {
            last = Some(row.key.time);
        }
        far
    });
    rows.truncate(options.limit);
}

/// The rows by their labels.
fn streams(rows: Vec<Row>) -> Vec<LogStream> {
    // Most rows share the origin of one before, so its labels are put together once.
    let mut of_origins: HashMap<*const LabelOrigin, usize> = HashMap::new();
    let mut places: HashMap<LabelSet, usize> = HashMap::new();
    let mut streams: Vec<LogStream> = Vec::new();
    for row in rows {
        let place = *of_origins.entry(Arc::as_ptr(&row.origin)).or_insert_with(|| {
            let labels = row.origin.all();
            *places.entry(labels.clone()).or_insert_with(|| {
                streams.push(LogStream { labels, entries: Vec::new() });
                streams.len() - 1
            })
        });
        if let Some(stream) = streams.get_mut(place) {
            let entry = LogLine { time: Nanos(row.key.time), line: row.line, origin: row.origin };
            stream.entries.push(entry);
        }
    }
    streams.sort_by(|a, b| a.labels.cmp(&b.labels));
    streams
}
