//! Judging the items of a commit: what is accepted, and where it goes. Nothing changes yet.
//!
//! The rules are Prometheus's:
//! - later than the newest sample of the series: accepted;
//! - at the same time with the same value: accepted silently, and not stored again;
//! - at the same time with another value: [`RefusalReason::Duplicate`];
//! - before it: accepted within the out-of-order window, unless another value is known at that
//!   time.
//!
//! A run of items at one time whose series have come together before is a row, and is judged as
//! a whole where its target has the newest sample of all of them.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;
use telemetry_core::labels::Labels;
use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::sink::{Refusal, RefusalReason};
use telemetry_core::storage;

use super::{Extra, Head, Items, Target, layout_hash};
use crate::options::OutOfOrder;
use crate::registry::{Newest, Print, Registry};

/// Times that can be stored: half of what there is, so that adding two never overflows.
const TIMES: std::ops::RangeInclusive<i64> = -(1 << 62)..=(1 << 62);

/// Targets of one head. Layouts past this are stored sample by sample.
const TARGETS_MAX: usize = 1 << 14;
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
}

impl Staged {
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
#[derive(Debug)]
pub(crate) struct StagedRow {
    pub(crate) target: Arc<Target>,
    pub(crate) time: i64,
    /// Where its values are among those of all items.
    pub(crate) values: Range<usize>,
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
    rows: HashMap<usize, (i64, Range<usize>)>,
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
        while at < items.len() {
            let next_extra = extras.peek().map_or(items.len(), |(item, _)| *item);
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
        let Some(target) = self.target(series) else { return Ok(false) };
        if !TIMES.contains(&time) {
            return Ok(false);
        }
        let identity = Arc::as_ptr(&target).addr();
        let staged_before = pending.rows.get(&identity);
        let newest = staged_before.map(|(time, _)| *time).or(target.newest());
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
        if let Some(samples) = &mut pending.samples {
            let values = items.values[run.clone()].iter();
            let prints = values.map(|value| Print::Float(value.to_bits()));
            samples.extend(series.iter().map(|id| (*id, time)).zip(prints));
        }
        pending.rows.insert(identity, (time, run.clone()));
        staged.accepted += run.len() as u64;
        staged.parts.push(StagedPart::Row(StagedRow { target, time, values: run }));
        Ok(true)
    }

    /// The target of a layout, made when the layout comes for the second time.
    fn target(&self, series: &[u32]) -> Option<Arc<Target>> {
        let layout = layout_hash(series);
        if let Some(target) = self.head.target(layout, series) {
            return Some(target);
        }
        let mut seen = self.layouts_seen.lock();
        if !seen.contains(&layout) {
            if seen.len() >= LAYOUTS_SEEN_MAX {
                seen.clear();
            }
            seen.insert(layout);
            return None;
        }
        drop(seen);
        let mut sorted = series.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let known = sorted.last().is_some_and(|last| *last < self.registry.len());
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
        if series >= self.registry.len() {
            let handle = series.into();
            return Ok(Verdict::Refused(RefusalReason::UnknownSeries { handle }));
        }
        if !TIMES.contains(&time) {
            return Ok(Verdict::Refused(RefusalReason::InvalidTime { time }));
        }
        let newest = match pending.newest.get(&series) {
            Some(newest) => Some(*newest),
            None => self.newest(series, time, items, pending)?,
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
            in_commit.or_else(|| self.head.value_at(series, time))
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
        items: &Items,
        pending: &Pending,
    ) -> storage::Result<Option<Newest>> {
        let home = self.head.home(series);
        if let Some((target, column)) = &home
            && let Some((time, values)) = pending.rows.get(&Arc::as_ptr(target).addr())
        {
            let value = items.values.get(values.start + *column as usize);
            let print = Print::Float(value.map_or(0, |value| value.to_bits()));
            return Ok(Some(Newest { time: *time, print }));
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
                && let Some(found) = self.earlier.newest_of(labels)?
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

/// The samples that a commit has so far.
fn samples_of(staged: &Staged, items: &Items) -> HashMap<(u32, i64), Print> {
    let mut samples = HashMap::new();
    for part in &staged.parts {
        match part {
            StagedPart::Sample(sample) => {
                samples.insert((sample.series, sample.time), Print::of(&sample.value));
            }
            StagedPart::Row(row) => {
                let values = items.values.get(row.values.clone()).unwrap_or_default();
                let prints = values.iter().map(|value| Print::Float(value.to_bits()));
                samples.extend(row.target.series().iter().map(|id| (*id, row.time)).zip(prints));
            }
        }
    }
    samples
}
