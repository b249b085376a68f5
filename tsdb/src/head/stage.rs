//! Judging the items of a commit: what is accepted, and where it goes. Nothing changes yet.
//!
//! The rules are Prometheus's:
//! - later than the newest sample of the series: accepted;
//! - at the same time with the same value: accepted silently, and not stored again;
//! - at the same time with another value: [`RefusalReason::Duplicate`];
//! - before it: accepted within the out-of-order window, unless another value is stored at that
//!   time, in this head, an earlier one or a block.
//!
//! A run of items at one time whose series have come together before is a row, and is judged as
//! a whole where its target has the newest sample of all of them. So is one that lacks some of
//! them: its row has holes.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;
use telemetry_core::labels::Labels;
use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::sink::{Refusal, RefusalReason};
use telemetry_core::storage;

use super::{Extra, HOLE, Head, Items, Target, layout_hash};
use crate::options::OutOfOrder;
use crate::registry::{Newest, Print, Registry};

/// Times that can be stored: half of what there is, so that adding two never overflows.
const TIMES: std::ops::RangeInclusive<i64> = -(1 << 62)..=(1 << 62);

/// Targets of one head. Layouts past this are stored sample by sample.
const TARGETS_MAX: usize = 1 << 16;
/// Layouts that are remembered after they were seen once.
const LAYOUTS_SEEN_MAX: usize = 1 << 16;

/// What a commit will do.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    /// In the order of the items.
    pub(crate) parts: Vec<StagedPart>,
    pub(crate) exemplars: Vec<(u32, Exemplar)>,
    pub(crate) metadata: Vec<(String, Metadata)>,
    pub(crate) refused: Vec<Refusal>,
    /// Items that are accepted, those that are there already included.
    pub(crate) accepted: u64,
    /// Rows that have holes, one behind the other.
    pub(crate) filled: Vec<f64>,
}

impl Staged {
    /// The values of a row: a part of `items`, the values of all items, or a row with holes.
    pub(crate) fn values_of<'a>(&'a self, row: &StagedRow, items: &'a [f64]) -> &'a [f64] {
        let values = if row.is_filled { &self.filled } else { items };
        values.get(row.values.clone()).unwrap_or_default()
    }

    /// Whether the commit changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.exemplars.is_empty() && self.metadata.is_empty()
    }
}

/// A piece of a commit.
#[derive(Debug)]
pub(crate) enum StagedPart {
    /// A row of a target.
    Row(StagedRow),
    /// A sample that goes to the buffer of its series.
    Sample(StagedSample),
}

/// A row of a target.
#[derive(Clone, Debug)]
pub(crate) struct StagedRow {
    pub(crate) target: Arc<Target>,
    pub(crate) time: i64,
    /// Where its values are among those of all items, or in [`Staged::filled`].
    pub(crate) values: Range<usize>,
    /// Whether they are in the latter.
    pub(crate) is_filled: bool,
}

/// A sample that goes to the buffer of its series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StagedSample {
    pub(crate) series: u32,
    pub(crate) time: i64,
    pub(crate) value: SampleValue,
    pub(crate) start: i64,
    /// Whether it is before the newest sample of the series.
    pub(crate) late: bool,
}

/// What blocks know about newest samples.
pub(crate) trait Earlier {
    /// The latest time in any block.
    fn newest_time(&self) -> Option<i64>;
    /// The newest sample that blocks have of a series.
    fn newest_of(&self, labels: &Labels) -> storage::Result<Option<Newest>>;
    /// The value that blocks and sealed heads have of a series at a time, unless it is hidden.
    fn value_at(&self, series: u32, time: i64) -> storage::Result<Option<Print>>;
}

/// What becomes of one sample.
enum Verdict {
    InOrder,
    Late,
    Known,
    Refused(RefusalReason),
}

/// Judges the items of one commit.
pub(crate) struct Stager<'a> {
    pub(crate) head: &'a Head,
    pub(crate) registry: &'a Registry,
    pub(crate) earlier: &'a dyn Earlier,
    pub(crate) out_of_order: OutOfOrder,
    /// Whether late samples are looked for in blocks; imports do without.
    pub(crate) asks_for_late: bool,
    /// Hashes of layouts that came once.
    pub(crate) layouts_seen: &'a Mutex<HashSet<u64>>,
}

/// The newest samples of this commit so far: they are in no head yet.
#[derive(Default)]
struct Pending {
    newest: HashMap<u32, Newest>,
    /// All samples of this commit so far, from the first late one on.
    samples: Option<HashMap<(u32, i64), Print>>,
    /// The last row of each target: its time, and where its values are.
    rows: HashMap<usize, StagedRow>,
}

impl Stager<'_> {
    /// Judges `items`.
    ///
    /// # Errors
    ///
    /// A block that had to be looked into could not be read.
    pub(crate) fn stage(&self, items: &Items, staged: &mut Staged) -> storage::Result<()> {
        let mut pending = Pending::default();
        let mut extras = items.extras.iter().peekable();
        let mut at = 0;
        let limit = self.registry.limits().samples_max;
        let end = items.len().min(limit);
        while at < end {
            let next_extra = extras.peek().map_or(end, |(item, _)| end.min(*item));
            if next_extra == at {
                if let Some((_, extra)) = extras.next() {
                    self.stage_extra(items, at, extra, &mut pending, staged)?;
                }
                at += 1;
                continue;
            }
            let time = items.times[at];
            let same = items.times[at..next_extra].iter().take_while(|other| **other == time);
            let run = at..at + same.count();
            if run.len() < 2 || !self.stage_row(items, run.clone(), &mut pending, staged)? {
                for item in run.clone() {
                    let value = SampleValue::Float(items.values[item]);
                    self.stage_one(items, item, value, 0, &mut pending, staged)?;
                }
            }
            at = run.end;
        }
        let reason = || RefusalReason::TooMany { what: "items of a commit", limit: limit as u64 };
        let refusals =
            (end..items.len()).map(|item| Refusal { index: item as u64, reason: reason() });
        staged.refused.extend(refusals);
        Ok(())
    }

    fn stage_extra(
        &self,
        items: &Items,
        item: usize,
        extra: &Extra,
        pending: &mut Pending,
        staged: &mut Staged,
    ) -> storage::Result<()> {
        let (value, start) = match extra {
            Extra::Start(start) => (SampleValue::Float(items.values[item]), *start),
            Extra::Histogram(histogram, start) => {
                (SampleValue::Histogram(Arc::clone(histogram)), *start)
            }
            Extra::Refused(reason) => {
                let index = item as u64;
                staged.refused.push(Refusal { index, reason: reason.clone() });
                return Ok(());
            }
        };
        self.stage_one(items, item, value, start, pending, staged)
    }

    fn stage_one(
        &self,
        items: &Items,
        item: usize,
        value: SampleValue,
        start: i64,
        pending: &mut Pending,
        staged: &mut Staged,
    ) -> storage::Result<()> {
        let (series, time) = (items.series[item], items.times[item]);
        let print = Print::of(&value);
        let late = match self.judge(series, time, print, staged, items, pending)? {
            Verdict::InOrder => {
                pending.newest.insert(series, Newest { time, print });
                false
            }
            Verdict::Late => true,
            Verdict::Known => {
                staged.accepted += 1;
                return Ok(());
            }
            Verdict::Refused(reason) => {
                staged.refused.push(Refusal { index: item as u64, reason });
                return Ok(());
            }
        };
        staged.accepted += 1;
        if let Some(samples) = &mut pending.samples {
            samples.insert((series, time), print);
        }
        let sample = StagedSample { series, time, value, start, late };
        staged.parts.push(StagedPart::Sample(sample));
        Ok(())
    }

    /// Stages a run of items at one time as a row, if it is one. Gives whether it was.
    fn stage_row(
        &self,
        items: &Items,
        run: Range<usize>,
        pending: &mut Pending,
        staged: &mut Staged,
    ) -> storage::Result<bool> {
        let (series, time) = (&items.series[run.clone()], items.times[run.start]);
        let is_hole = |value: &f64| value.to_bits() == HOLE;
        if !TIMES.contains(&time) || items.values[run.clone()].iter().any(is_hole) {
            return Ok(false);
        }
        let exact = self.head.target(layout_hash(series), series);
        if !exact.as_ref().is_some_and(|target| target.owns_newest())
            && self.stage_row_with_holes(items, run.clone(), pending, staged)
        {
            return Ok(true);
        }
        let Some(target) = exact.or_else(|| self.new_target(series)) else { return Ok(false) };
        let identity = Arc::as_ptr(&target).addr();
        let staged_before = pending.rows.get(&identity);
        let newest = staged_before.map(|row| row.time).or(target.newest());
        let whole = (target.owns_newest() || staged_before.is_some()) && pending.newest.is_empty();
        if !whole || newest.is_none_or(|newest| time <= newest) {
            for item in run.clone() {
                let print = Print::Float(items.values[item].to_bits());
                let verdict =
                    self.judge(items.series[item], time, print, staged, items, pending)?;
                if !matches!(verdict, Verdict::InOrder) {
                    return Ok(false);
                }
            }
        }
        // Where all rows are judged as wholes, their targets answer for the series; otherwise
        // every series of this row must.
        if !whole {
            for item in run.clone() {
                let print = Print::Float(items.values[item].to_bits());
                pending.newest.insert(items.series[item], Newest { time, print });
            }
        }
        let row = StagedRow { target, time, values: run.clone(), is_filled: false };
        accept_row(items, run, row, pending, staged);
        Ok(true)
    }

    /// Stages a run of items as a row that lacks some series of its target, if it is one. Gives
    /// whether it was.
    fn stage_row_with_holes(
        &self,
        items: &Items,
        run: Range<usize>,
        pending: &mut Pending,
        staged: &mut Staged,
    ) -> bool {
        let (series, time) = (&items.series[run.clone()], items.times[run.start]);
        let home = series.first().and_then(|first| self.head.home(*first));
        let Some((target, _)) = home.filter(|(target, _)| target.owns_newest()) else {
            return false;
        };
        // One row of a commit may have holes: what it lacks is then what the head has.
        let may_fit = series.len() < target.series().len()
            && series.len() * 2 >= target.series().len()
            && pending.newest.is_empty()
            && !pending.rows.contains_key(&Arc::as_ptr(&target).addr())
            && target.newest().is_some_and(|newest| newest < time);
        if !may_fit {
            return false;
        }
        let start = staged.filled.len();
        let mut given = series.iter().zip(&items.values[run.clone()]).peekable();
        for id in target.series() {
            let value = given.next_if(|(next, _)| *next == id);
            staged.filled.push(value.map_or(f64::from_bits(HOLE), |(_, value)| *value));
        }
        if given.peek().is_some() {
            staged.filled.truncate(start);
            return false;
        }
        let values = start..staged.filled.len();
        accept_row(
            items,
            run,
            StagedRow { target, time, values, is_filled: true },
            pending,
            staged,
        );
        true
    }

    /// A target for a layout that has none: at once if all its series are new to this head, else
    /// when it comes for the second time.
    fn new_target(&self, series: &[u32]) -> Option<Arc<Target>> {
        let layout = layout_hash(series);
        let mut seen = self.layouts_seen.lock();
        if !seen.contains(&layout) {
            if seen.len() >= LAYOUTS_SEEN_MAX {
                seen.clear();
            }
            seen.insert(layout);
            if !series.iter().all(|id| self.head.is_new(*id)) {
                return None;
            }
        }
        drop(seen);
        let mut sorted = series.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let known = sorted.iter().all(|id| self.registry.is_live(*id));
        let fits = known && sorted.len() == series.len() && self.head.targets() < TARGETS_MAX;
        fits.then(|| Arc::new(Target::new(series)))
    }

    fn judge(
        &self,
        series: u32,
        time: i64,
        print: Print,
        staged: &Staged,
        items: &Items,
        pending: &mut Pending,
    ) -> storage::Result<Verdict> {
        // Whatever a head has something of was seen in its epoch: until the head is sealed, which
        // sees it again, it is not evicted, whatever the batch held.
        if !self.registry.see(series) {
            let handle = series.into();
            return Ok(Verdict::Refused(RefusalReason::UnknownSeries { handle }));
        }
        if !TIMES.contains(&time) {
            return Ok(Verdict::Refused(RefusalReason::InvalidTime { time }));
        }
        let newest = match pending.newest.get(&series) {
            Some(newest) => Some(*newest),
            None => self.newest(series, time, staged, items, pending)?,
        };
        let Some(newest) = newest.filter(|newest| newest.time >= time) else {
            return Ok(Verdict::InOrder);
        };
        let known = if newest.time == time {
            if newest.print == Print::Deleted {
                return Ok(Verdict::InOrder);
            }
            Some(newest.print)
        } else {
            let oldest = self.out_of_order.oldest(newest.time);
            if time < oldest {
                return Ok(Verdict::Refused(match self.out_of_order {
                    OutOfOrder::Refuse => RefusalReason::OutOfOrder { time, newest: newest.time },
                    _ => RefusalReason::TooOld { time, oldest },
                }));
            }
            let samples = pending.samples.get_or_insert_with(|| samples_of(staged, items));
            let in_commit = samples.get(&(series, time)).copied();
            match in_commit.or_else(|| self.head.value_at(series, time)) {
                None if self.asks_for_late => self.earlier.value_at(series, time)?,
                known => known,
            }
        };
        Ok(match known {
            Some(known) if known == print => Verdict::Known,
            Some(_) => Verdict::Refused(RefusalReason::Duplicate { time }),
            None => Verdict::Late,
        })
    }

    /// The newest sample of a series, at least if it is not before `time`.
    fn newest(
        &self,
        series: u32,
        time: i64,
        staged: &Staged,
        items: &Items,
        pending: &Pending,
    ) -> storage::Result<Option<Newest>> {
        let home = self.head.home(series);
        if let Some((target, column)) = &home
            && let Some(row) = pending.rows.get(&Arc::as_ptr(target).addr())
            && let Some(value) = staged.values_of(row, &items.values).get(*column as usize)
            && value.to_bits() != HOLE
        {
            return Ok(Some(Newest { time: row.time, print: Print::Float(value.to_bits()) }));
        }
        let Some(mut before) = self.registry.before(series) else { return Ok(None) };
        let newest = self.head.newest(series);
        if let Some(newest) = newest
            && before.newest.is_none_or(|before| before.time <= newest.time)
            && before.blocks_asked
        {
            return Ok(Some(newest));
        }
        if !before.blocks_asked && self.earlier.newest_time().is_some_and(|newest| newest >= time) {
            if let Some(labels) = self.registry.labels(series)
                && let Some(found) = self.earlier.newest_of(&labels)?
            {
                before.include(found);
            }
            before.blocks_asked = true;
        }
        Ok(match (newest, before.newest) {
            (Some(a), Some(b)) => Some(if b.time > a.time { b } else { a }),
            (a, b) => a.or(b),
        })
    }
}

/// Takes a judged run of items as a row.
fn accept_row(
    items: &Items,
    run: Range<usize>,
    row: StagedRow,
    pending: &mut Pending,
    staged: &mut Staged,
) {
    if let Some(samples) = &mut pending.samples {
        let series = items.series[run.clone()].iter().map(|id| (*id, row.time));
        let values = items.values[run.clone()].iter();
        samples.extend(series.zip(values.map(|value| Print::Float(value.to_bits()))));
    }
    pending.rows.insert(Arc::as_ptr(&row.target).addr(), row.clone());
    staged.accepted += run.len() as u64;
    staged.parts.push(StagedPart::Row(row));
}

/// The samples that a commit has so far.
fn samples_of(staged: &Staged, items: &Items) -> HashMap<(u32, i64), Print> {
    let mut samples = HashMap::new();
    for part in &staged.parts {
        match part {
            StagedPart::Sample(sample) => {
                samples.insert((sample.series, sample.time), Print::of(&sample.value));
            }
            StagedPart::Row(row) => {
                let values = staged.values_of(row, &items.values).iter();
                let held = row.target.series().iter().zip(values);
                let held = held.filter(|(_, value)| value.to_bits() != HOLE);
                samples.extend(
                    held.map(|(id, value)| ((*id, row.time), Print::Float(value.to_bits()))),
                );
            }
        }
    }
    samples
}
