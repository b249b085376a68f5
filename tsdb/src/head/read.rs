//! What one reader sees of a head.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::RwLockReadGuard;
use telemetry_core::source::Columns;

use super::places::Place;
use super::{Head, Target, TargetView};
use crate::query::{Part, Samples};

/// The rows of targets that a reader has looked at, each once.
#[derive(Debug)]
pub(crate) struct HeadView<'a> {
    head: &'a Head,
    /// The last commit that the reader sees.
    visible: u64,
    targets: HashMap<usize, Arc<TargetView>>,
    _whole_commits: RwLockReadGuard<'a, ()>,
}

impl Head {
    /// This head as of the commit `visible`.
    pub(crate) fn view(&self, visible: u64) -> HeadView<'_> {
        let guard = self.replaying.read();
        HeadView { head: self, visible, targets: HashMap::new(), _whole_commits: guard }
    }
}

impl HeadView<'_> {
    /// The samples of a series, in parts that may overlap. Each part's times rise strictly, and no
    /// time is in two of them.
    pub(crate) fn parts(&mut self, id: u32, parts: &mut Vec<Part>) {
        let head = self.head;
        head.places.look(id, |place| match place {
            Place::Empty => {}
            Place::Column(target, column) => self.column(target, column, parts),
            Place::Buffer(buffer) => {
                let mut push = |columns: Columns| parts.extend(Part::held(columns));
                let (floats, histograms) =
                    (buffer.visible_floats(self.visible), buffer.visible_histograms(self.visible));
                push(Columns { floats, ..Columns::default() });
                push(Columns { histograms, ..Columns::default() });
                push(buffer.visible_late(self.visible));
                for (target, column) in &buffer.columns {
                    self.column(target, *column, parts);
                }
            }
        });
    }

    fn column(&mut self, target: &Arc<Target>, column: u32, parts: &mut Vec<Part>) {
        let view = self
            .targets
            .entry(Arc::as_ptr(target).addr())
            .or_insert_with(|| Arc::new(target.view(self.visible)));
        if let Some(held) = view.with_holes(column) {
            parts.extend(Part::held(held));
        } else if let (Some(first), Some(last)) = (view.times.first(), view.times.last()) {
            parts.push(Part {
                samples: Samples::Rows { view: Arc::clone(view), column },
                first: *first,
                last: *last,
                hidden: None,
            });
        }
    }

    /// Numbers of the windows of `length` milliseconds that samples are in, counted from the epoch.
    pub(crate) fn windows(&self, length: i64) -> BTreeSet<i64> {
        let mut windows = BTreeSet::new();
        for id in self.head.places.buffered() {
            self.head.places.look(id, |place| {
                let Place::Buffer(buffer) = place else { return };
                add_windows(&buffer.floats.times, length, &mut windows);
                add_windows(&buffer.histograms.times, length, &mut windows);
                windows.extend(buffer.late.keys().map(|time| time.div_euclid(length)));
            });
        }
        for target in self.head.places.targets() {
            add_windows(&target.view(self.visible).times, length, &mut windows);
        }
        windows
    }
}

/// Adds the windows of rising times, jumping from one to the next.
fn add_windows(times: &[i64], length: i64, windows: &mut BTreeSet<i64>) {
    let mut rest = times;
    while let Some(first) = rest.first() {
        let window = first.div_euclid(length);
        windows.insert(window);
        let next = (window + 1).saturating_mul(length);
        rest = rest.get(rest.partition_point(|time| *time < next)..).unwrap_or_default();
    }
}
