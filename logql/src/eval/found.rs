//! Lines of a log query, found in columns before any of them is built.
//!
//! A page that offers templates is asked which of its rows pass the filters on labels; the text of
//! these alone is decoded, the nearest first, until the query has its lines.

use super::Access;
use super::scan::{Scan, open_filters};
use super::typed::{self, Sampled, Samples};
use crate::error::Error;
use crate::plan::LinesPlan;
use crate::stage::Pipeline;
use crate::stage::hints::Hints;
use crate::stage::labels::LineLabels;
use std::ops::RangeInclusive;
use telemetry_core::source::LogPage;

/// What tells whether a line is dropped: the stages up to the last filter, and what these need.
pub(super) type Probe = (Pipeline, Hints);

/// Finds rows; keeps what it knows of templates.
pub(super) struct RowFinder<'p> {
    scan: Scan<'p>,
    hints: &'p Hints,
    access: &'p Access<'p>,
    lines: &'p LinesPlan,
    found: Found,
}

impl<'p> RowFinder<'p> {
    /// Nothing where the stages cannot be run on columns.
    pub(super) fn new(
        lines: &'p LinesPlan,
        probe: Option<&'p Probe>,
        access: &'p Access<'p>,
    ) -> Option<Self> {
        let (pipeline, hints) = probe?;
        typed::fits(pipeline, hints).then(|| RowFinder {
            scan: Scan::of(lines, pipeline.clone(), hints, access),
            hints,
            access,
            lines,
            found: Found { rows: Vec::new(), window: i64::MIN..=i64::MAX },
        })
    }

    /// Rows of `page` in a window with their times, rising: all that the query keeps, and those that
    /// no template decides. Nothing where the page has no columns.
    pub(super) fn rows(
        &mut self,
        page: &dyn LogPage,
        window: RangeInclusive<i64>,
    ) -> Result<Option<&[(usize, i64)]>, Error> {
        if page.statistics().has_metadata || !open_filters(self.lines, page).is_empty() {
            return Ok(None);
        }
        self.found.rows.clear();
        self.found.window = window;
        let context = self.access.context;
        if !typed::page(&mut self.scan, self.hints, page, context, &mut self.found)? {
            return Ok(None);
        }
        self.found.rows.sort_unstable();
        Ok(Some(&self.found.rows))
    }
}

struct Found {
    rows: Vec<(usize, i64)>,
    window: RangeInclusive<i64>,
}

impl Samples for Found {
    fn sample(&mut self, _labels: &mut LineLabels) -> Option<Sampled> {
        Some(Sampled { series: 0, value: 0.0 })
    }

    fn add(&mut self, row: usize, time: i64, _sample: Sampled) {
        self.rows.push((row, time));
    }

    fn window(&self) -> RangeInclusive<i64> {
        self.window.clone()
    }

    fn takes_undecided(&self) -> bool {
        true
    }
}
