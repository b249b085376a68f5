//! Reading the exemplars of a block.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::Labels;
use telemetry_core::model::Exemplar;
use telemetry_core::storage::block::{BlockFile, BlockReader};
use telemetry_core::storage::{Damaged, Error, Result};
use telemetry_core::time::MillisRange;

use super::super::pages::Pages;
use super::format::{self, Extent, OfSeries};
use super::{FILE, PAGES, ROOT};

/// The file, open.
#[derive(Debug)]
pub(crate) struct Exemplars {
    file: BlockFile,
    pages: Pages,
    extents: Vec<Extent>,
}

impl Exemplars {
    /// Opens the file of a block of which the manifest says `extent`.
    pub(crate) fn open(reader: &BlockReader, extent: &Extent) -> Result<Self> {
        let file = reader.file(FILE)?;
        let section = file.read_section(ROOT)?;
        let root = format::read_root(&section);
        let (pages, extents) = root.map_err(|damaged| file.damaged_in(ROOT, damaged))?;
        let mut all = Extent::new();
        extents.iter().for_each(|page| all.add_all(page));
        if all != *extent {
            return Err(file.damaged_in(ROOT, Damaged::field(0, "extent of exemplars")));
        }
        Ok(Exemplars { file, pages, extents })
    }

    /// Number of pages.
    pub(crate) fn len(&self) -> usize {
        self.extents.len()
    }

    /// Whether a page may have exemplars in the window.
    pub(crate) fn overlaps(&self, page: usize, window: MillisRange) -> bool {
        self.extents.get(page).is_some_and(|extent| extent.overlaps(window))
    }

    fn damaged(&self, what: &'static str) -> Error {
        self.file.damaged_in(PAGES, Damaged::field(0, what))
    }

    /// The exemplars of a page, by labels and time.
    pub(crate) fn page(&self, page: usize) -> Result<Vec<OfSeries>> {
        let place = self.pages.place(page).ok_or_else(|| self.damaged("page of exemplars"))?;
        let bytes = self.file.read_page(PAGES, place)?;
        format::read_page(&bytes).map_err(|damaged| {
            let offset = damaged.offset.saturating_add(place.offset);
            self.file.damaged_in(PAGES, Damaged { offset, ..damaged })
        })
    }

    /// Checks that pages hold what the root says, in order.
    pub(in super::super) fn verify(&self) -> Result<()> {
        let mut last: Option<(Labels, i64)> = None;
        for (page, extent) in self.extents.iter().enumerate() {
            let mut found = Extent::new();
            for (labels, exemplars) in self.page(page)? {
                let first = exemplars.first().map_or(0, |exemplar| exemplar.time.0);
                let follows = |(before, time): &(Labels, i64)| {
                    *before < labels || (*before == labels && *time <= first)
                };
                if !last.as_ref().is_none_or(follows) {
                    return Err(self.damaged("order of series with exemplars"));
                }
                exemplars.iter().for_each(|exemplar| found.add(exemplar.time.0));
                last = Some((labels, exemplars.last().map_or(0, |exemplar| exemplar.time.0)));
            }
            if found != *extent {
                return Err(self.damaged("extent of exemplars"));
            }
        }
        Ok(())
    }
}

/// The exemplars of a block, series by series.
pub(crate) struct SortedExemplars<'a> {
    exemplars: &'a Exemplars,
    next_page: usize,
    page: std::iter::Peekable<std::vec::IntoIter<OfSeries>>,
}

impl<'a> SortedExemplars<'a> {
    pub(crate) fn new(exemplars: &'a Exemplars) -> Self {
        SortedExemplars { exemplars, next_page: 0, page: Vec::new().into_iter().peekable() }
    }

    /// The labels of the next series.
    ///
    /// # Errors
    ///
    /// A page that cannot be read.
    pub(crate) fn peek(&mut self) -> Result<Option<&Labels>> {
        while self.page.peek().is_none() && self.next_page < self.exemplars.len() {
            self.page = self.exemplars.page(self.next_page)?.into_iter().peekable();
            self.next_page += 1;
        }
        Ok(self.page.peek().map(|(labels, _)| labels))
    }

    /// Appends the exemplars of a series, if it is the next one.
    ///
    /// # Errors
    ///
    /// A page that cannot be read.
    pub(crate) fn take(&mut self, labels: &Labels, into: &mut Vec<Exemplar>) -> Result<()> {
        while self.peek()? == Some(labels) {
            into.extend(self.page.next().into_iter().flat_map(|(_, exemplars)| exemplars));
        }
        Ok(())
    }
}

/// Reads a page, or a root: for the fuzz target.
pub(crate) fn exercise(data: &[u8]) {
    if let Ok((pages, extents)) = format::read_root(data) {
        assert_eq!(pages.len(), extents.len(), "an extent for every page");
    }
    if let Ok(series) = format::read_page(data) {
        assert!(series.iter().all(|(_, exemplars)| !exemplars.is_empty()), "no series for nothing");
    }
}
