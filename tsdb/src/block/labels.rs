//! The labels of the series of a block.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::cmp::Ordering;
use std::sync::Arc;

use telemetry_core::labels::{Labels, LabelsBuilder, Matcher};
use telemetry_core::source::SourceError;
use telemetry_core::storage::Result;

use super::format::Name;
use super::pairs::SortedTexts;
use super::places::{ChunkPlace, PlacesPage};
use super::reader::Block;
use super::series::SeriesPage;
use super::texts::TextPage;

/// Reads series of a block, best in order: it keeps the pages that it was in last.
pub(crate) struct SeriesReader<'a> {
    block: &'a Block,
    series: Option<(usize, Arc<SeriesPage>)>,
    places: Option<(usize, Arc<PlacesPage>)>,
    /// Per name a page of values, and the number of its first.
    texts: Vec<Option<(u32, Arc<TextPage>)>>,
    builder: LabelsBuilder,
}

impl<'a> SeriesReader<'a> {
    /// A reader that has read nothing.
    pub(crate) fn new(block: &'a Block) -> Self {
        SeriesReader {
            block,
            series: None,
            places: None,
            texts: vec![None; block.root.names.len()],
            builder: LabelsBuilder::new(),
        }
    }

    /// The page of a series and its place there.
    fn find(&mut self, series: u32) -> Result<Option<(&SeriesPage, usize)>> {
        let Some((page, at)) = self.block.root.find_series(series) else { return Ok(None) };
        if self.series.as_ref().is_none_or(|(known, _)| *known != page) {
            self.series = Some((page, self.block.series_page(page)?));
        }
        Ok(self.series.as_ref().map(|(_, page)| (&**page, at)))
    }

    /// The labels of a series; none past the end.
    ///
    /// # Errors
    ///
    /// A page that cannot be read.
    pub(crate) fn labels(&mut self, series: u32) -> Result<Labels> {
        let Some((page, at)) = self.find(series)? else { return Ok(Labels::empty()) };
        if let Some(labels) = page.labels.get(at).and_then(|slot| slot.get()) {
            return Ok(labels.clone());
        }
        let Some((_, page)) = self.series.clone() else { return Ok(Labels::empty()) };
        let labels = self.build(&page, at)?;
        if let Some(slot) = page.labels.get(at) {
            return Ok(slot.get_or_init(|| labels).clone());
        }
        Ok(labels)
    }

    fn build(&mut self, page: &SeriesPage, at: usize) -> Result<Labels> {
        let root = &self.block.root;
        let Some((shape, values)) = page.get(at) else { return Ok(Labels::empty()) };
        let names = root.shapes.get(shape as usize).map_or(&[][..], |shape| shape);
        self.builder.clear();
        for (number, value) in names.iter().zip(values) {
            let Some(name) = root.names.get(*number as usize) else { continue };
            let Some(slot) = self.texts.get_mut(*number as usize) else { continue };
            let at = |(first, page): &(u32, Arc<TextPage>)| {
                let at = value.checked_sub(*first)? as usize;
                (at < page.len()).then_some(at)
            };
            if slot.as_ref().and_then(at).is_none() {
                let page = root.texts_with(name, *value);
                let first = root.texts(name, page).map_or(0, |place| place.first);
                *slot = Some((first, self.block.texts(name, page)?));
            }
            if let Some((first, texts)) = slot {
                let at = value.saturating_sub(*first) as usize;
                self.builder.set(&name.text, texts.get(at).unwrap_or_default());
            }
        }
        Ok(self.builder.build())
    }

    /// Replaces `numbers` by the labels of a series, as numbers of names and of values.
    ///
    /// # Errors
    ///
    /// A page that cannot be read.
    pub(crate) fn numbers(&mut self, series: u32, numbers: &mut Vec<(u32, u32)>) -> Result<()> {
        numbers.clear();
        let shapes = &self.block.root.shapes;
        if let Some((page, at)) = self.find(series)?
            && let Some((shape, values)) = page.get(at)
        {
            let names = shapes.get(shape as usize).map_or(&[][..], |shape| shape);
            numbers.extend(names.iter().copied().zip(values.iter().copied()));
        }
        Ok(())
    }

    /// The chunks of a series.
    ///
    /// # Errors
    ///
    /// A page that cannot be read.
    pub(crate) fn chunks(&mut self, series: u32) -> Result<&[ChunkPlace]> {
        let Some((page, at)) = self.block.root.find_series(series) else { return Ok(&[]) };
        if self.places.as_ref().is_none_or(|(known, _)| *known != page) {
            self.places = Some((page, self.block.places(page)?));
        }
        Ok(self.places.as_ref().map_or(&[], |(_, page)| page.get(at)))
    }
}

impl Block {
    /// The series with exactly these labels.
    ///
    /// # Errors
    ///
    /// A page that cannot be read.
    pub(crate) fn find(&self, labels: &Labels) -> Result<Option<u32>> {
        let mut wanted = Vec::new();
        for (name, value) in labels {
            let Some(name) = self.root.find_name(name) else { return Ok(None) };
            let Some(value) = self.find_value(name, value)? else { return Ok(None) };
            wanted.push((name, value));
        }
        // Numbers are in the order of the texts, and so is the order of the series.
        let mut reader = SeriesReader::new(self);
        let mut found = Vec::new();
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            reader.numbers(middle, &mut found)?;
            match found.cmp(&wanted) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(Some(middle)),
            }
        }
        Ok(None)
    }

    /// The number of a value of a name.
    fn find_value(&self, name: u32, value: &str) -> Result<Option<u32>> {
        let Some(name) = self.root.names.get(name as usize).filter(|name| name.values > 0) else {
            return Ok(None);
        };
        let page = self.root.find_texts(name, value);
        let first = self.root.texts(name, page).map_or(0, |place| place.first);
        let found = self.texts(name, page)?.find(value).ok();
        Ok(found.and_then(|at| u32::try_from(at).ok()).and_then(|at| first.checked_add(at)))
    }

    /// The names of labels, ascending.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.root.names.iter().map(|name| &*name.text)
    }

    /// Whether any series has a name.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.root.find_name(name).is_some()
    }

    /// Visits the values of a name on the series that satisfy the matchers, ascending, until `take`
    /// has enough.
    ///
    /// # Errors
    ///
    /// A page that cannot be read; what `take` fails with.
    pub(crate) fn each_value(
        &self,
        name: &str,
        matchers: &[Matcher],
        take: &mut dyn FnMut(&str) -> Result<bool, SourceError>,
    ) -> Result<(), SourceError> {
        let Some(number) = self.root.find_name(name) else { return Ok(()) };
        let Some(name) = self.root.names.get(number as usize) else { return Ok(()) };
        let wanted = if matchers.is_empty() {
            None
        } else {
            Some(self.numbers_on(number, matchers).map_err(SourceError::store)?)
        };
        for page in name.pages.clone() {
            let first = self.root.texts(name, page).map_or(0, |place| place.first as usize);
            let texts = self.texts(name, page).map_err(SourceError::store)?;
            for (at, number) in (0..texts.len()).zip(first..) {
                let is_wanted =
                    wanted.as_ref().is_none_or(|wanted| wanted.get(number) == Some(&true));
                if is_wanted && !take(texts.get(at).unwrap_or_default())? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// For every value of a name whether a series that satisfies the matchers has it.
    fn numbers_on(&self, name: u32, matchers: &[Matcher]) -> Result<Vec<bool>> {
        let values = self.root.names.get(name as usize).map_or(0, |name| name.values);
        let mut wanted = vec![false; values as usize];
        let (mut reader, mut numbers) = (SeriesReader::new(self), Vec::new());
        for series in self.select(matchers)? {
            reader.numbers(series, &mut numbers)?;
            if let Ok(at) = numbers.binary_search_by_key(&name, |(name, _)| *name)
                && let Some((_, value)) = numbers.get(at)
                && let Some(slot) = wanted.get_mut(*value as usize)
            {
                *slot = true;
            }
        }
        Ok(wanted)
    }

    /// The values of a name, ascending.
    ///
    /// # Errors
    ///
    /// A page that cannot be read.
    pub(crate) fn values_of(&self, name: &str) -> Result<Values<'_>> {
        let name = self.root.find_name(name);
        let name = name.and_then(|name| self.root.names.get(name as usize));
        let next_page = name.map_or(0, |name| name.pages.start);
        let mut values = Values { block: self, name, next_page, page: None, at: 0 };
        values.fill()?;
        Ok(values)
    }
}

/// The values of a name, read page by page.
pub(crate) struct Values<'a> {
    block: &'a Block,
    name: Option<&'a Name>,
    next_page: usize,
    page: Option<Arc<TextPage>>,
    at: usize,
}

impl Values<'_> {
    /// Reads the next page where the current one is at its end.
    fn fill(&mut self) -> Result<()> {
        while let Some(name) = self.name
            && self.page.as_ref().is_none_or(|page| self.at >= page.len())
        {
            if self.next_page >= name.pages.end {
                self.name = None;
                self.page = None;
                return Ok(());
            }
            self.page = Some(self.block.texts(name, self.next_page)?);
            self.next_page += 1;
            self.at = 0;
        }
        Ok(())
    }
}

impl SortedTexts for Values<'_> {
    type Error = telemetry_core::storage::Error;

    fn peek(&self) -> Option<&str> {
        self.page.as_ref()?.get(self.at)
    }

    fn advance(&mut self) -> Result<()> {
        self.at += 1;
        self.fill()
    }
}
