//! From records to series.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use telemetry_core::labels::Labels;
use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::source::Columns;
use telemetry_core::storage::postings::MemoryPostings;
use telemetry_core::time::MillisRange;

use super::record::Take;
use super::{Head, HeadChunk, HeadSeries};
use crate::prometheus::chunk::write;

/// Samples that a series collects before they become chunks.
const PENDING_MAX: usize = 480;

/// Series as the log is read.
pub(in crate::prometheus) struct Replay {
    stored_until: i64,
    /// Whether samples are late ones.
    late: bool,
    series: Vec<Series>,
    by_labels: HashMap<Labels, usize>,
    by_reference: HashMap<u64, usize>,
    exemplars: Vec<(usize, Exemplar)>,
    metadata: BTreeMap<String, Metadata>,
}

struct Series {
    labels: Labels,
    /// The newest sample in order.
    newest: Option<i64>,
    pending: Columns,
    chunks: Vec<HeadChunk>,
    held: Vec<Arc<Columns>>,
    late: Vec<(i64, SampleValue, i64)>,
    hidden: Vec<MillisRange>,
}

impl Series {
    fn seal(&mut self) {
        let columns = std::mem::take(&mut self.pending);
        if !columns.floats.starts.is_empty() || !columns.histograms.starts.is_empty() {
            self.held.push(Arc::new(columns));
            return;
        }
        let mut coded = Vec::new();
        write(&columns, &mut coded);
        self.chunks.extend(coded.into_iter().map(|mut coded| {
            let data = Bytes::from(std::mem::take(&mut coded.data));
            HeadChunk { coded, data }
        }));
    }

    fn push(&mut self, time: i64, value: SampleValue, start: i64) {
        match value {
            SampleValue::Float(value) => self.pending.floats.push(time, value, start),
            SampleValue::Histogram(value) => self.pending.histograms.push(time, value, start),
        }
    }
}

impl Replay {
    pub(in crate::prometheus) fn new(stored_until: i64) -> Self {
        Replay {
            stored_until,
            late: false,
            series: Vec::new(),
            by_labels: HashMap::default(),
            by_reference: HashMap::default(),
            exemplars: Vec::new(),
            metadata: BTreeMap::new(),
        }
    }

    /// From here on samples are late ones.
    pub(super) fn late(&mut self) {
        self.late = true;
    }

    fn get(&mut self, reference: u64) -> Option<(usize, &mut Series)> {
        let index = *self.by_reference.get(&reference)?;
        Some((index, self.series.get_mut(index)?))
    }

    /// What was read, as a head.
    pub(super) fn finish(mut self, path: Arc<Path>) -> Head {
        let mut head = Head {
            path,
            series: Vec::with_capacity(self.series.len()),
            postings: MemoryPostings::new(),
            range: MillisRange::EMPTY,
            exemplars: Vec::new(),
            metadata: self.metadata.into_iter().collect(),
        };
        self.exemplars.retain(|(series, _)| *series < self.series.len());
        head.exemplars.extend(
            self.exemplars
                .iter()
                .map(|(series, exemplar)| (self.series[*series].labels.clone(), exemplar.clone())),
        );
        for (id, mut series) in (0_u32..).zip(self.series) {
            series.seal();
            series.late.sort_by_key(|(time, ..)| *time);
            series.late.dedup_by_key(|(time, ..)| *time);
            for (time, value, start) in std::mem::take(&mut series.late) {
                series.push(time, value, start);
            }
            series.seal();
            let Series { labels, chunks, held, hidden, .. } = series;
            for chunk in &chunks {
                let times = MillisRange::new(chunk.coded.first, chunk.coded.last);
                head.range = head.range.union(&times);
            }
            for columns in &held {
                let times = columns.floats.times.iter().chain(&columns.histograms.times);
                head.range = times.fold(head.range, |range, time| range.including((*time).into()));
            }
            head.postings.insert(id, &labels);
            let hidden = (!hidden.is_empty()).then(|| hidden.into());
            head.series.push(HeadSeries { labels, chunks, held, hidden });
        }
        head
    }
}

impl Take for Replay {
    fn series(&mut self, reference: u64, labels: Labels) {
        let next = self.series.len();
        let index = *self.by_labels.entry(labels.clone()).or_insert(next);
        if index == next {
            self.series.push(Series {
                labels,
                newest: None,
                pending: Columns::default(),
                chunks: Vec::new(),
                held: Vec::new(),
                late: Vec::new(),
                hidden: Vec::new(),
            });
        }
        self.by_reference.insert(reference, index);
    }

    fn sample(&mut self, reference: u64, time: i64, value: SampleValue, start: i64) {
        let (late, stored_until) = (self.late, self.stored_until);
        // A sample whose series was dropped from the log is in a block.
        let Some((_, series)) = self.get(reference) else { return };
        if late {
            series.late.push((time, value, start));
            return;
        }
        if time < stored_until || series.newest.is_some_and(|newest| time <= newest) {
            return;
        }
        series.newest = Some(time);
        series.push(time, value, start);
        if series.pending.floats.times.len() + series.pending.histograms.times.len() >= PENDING_MAX
        {
            series.seal();
        }
    }

    fn tombstone(&mut self, reference: u64, range: MillisRange) {
        if let Some((_, series)) = self.get(reference) {
            series.hidden.push(range);
        }
    }

    fn exemplar(&mut self, reference: u64, exemplar: Exemplar) {
        if let Some((index, _)) = self.get(reference) {
            self.exemplars.push((index, exemplar));
        }
    }

    fn metadata(&mut self, reference: u64, metadata: Metadata) {
        let name =
            self.get(reference).and_then(|(_, series)| series.labels.name().map(str::to_owned));
        if let Some(name) = name {
            self.metadata.insert(name, metadata);
        }
    }
}
