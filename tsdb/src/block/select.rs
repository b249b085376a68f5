//! Which series of a block satisfy matchers.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use memchr::memmem;
use telemetry_core::labels::Matcher;
use telemetry_core::storage::Result;
use telemetry_core::storage::postings::{self, Postings, PostingsIndex, Union};

use super::format::Name;
use super::lists::ListPage;
use super::reader::Block;
use super::{APART, LISTS, ROOT};

impl Block {
    /// Series that satisfy every matcher, ascending.
    ///
    /// # Errors
    ///
    /// A page that cannot be read.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Result<Vec<u32>> {
        let selected = postings::select(self, matchers)?;
        Ok(selected.iter().filter(|series| *series < self.len()).collect())
    }

    fn name(&self, text: &str) -> Option<&Name> {
        self.root.names.get(self.root.find_name(text)? as usize)
    }

    /// Adds the series that have a value of a page.
    pub(super) fn add(&self, page: &ListPage, value: usize, union: &mut Union) -> Result<()> {
        let apart = page.add(value, self.len(), union);
        let apart = apart.map_err(|damaged| self.index.damaged_in(LISTS, damaged))?;
        if let Some(place) = apart {
            let list = self.index.read_page(APART, place)?;
            union
                .add_list(&list, self.len())
                .map_err(|damaged| self.index.damaged_in(APART, damaged))?;
        }
        Ok(())
    }

    /// Adds the series of the values from `prefix` on that begin with it, hold `literal`, if there
    /// is one, and are wanted.
    fn add_where(
        &self,
        name: &Name,
        prefix: &str,
        literal: Option<&memmem::Finder<'_>>,
        keep: &mut dyn FnMut(&str) -> bool,
        union: &mut Union,
    ) -> Result<()> {
        let mut wanted = Vec::new();
        for page in self.root.find_texts(name, prefix)..name.pages.end {
            let texts = self.texts(name, page)?;
            let mut see = |at: usize, value: &str| {
                if value.starts_with(prefix) && keep(value) {
                    wanted.push(at);
                }
            };
            match literal {
                Some(literal) => texts.each_with(literal, see),
                None => {
                    let (Ok(first) | Err(first)) = texts.find(prefix);
                    for at in first..texts.len() {
                        let Some(value) = texts.get(at).filter(|it| it.starts_with(prefix)) else {
                            break;
                        };
                        see(at, value);
                    }
                }
            }
            if !wanted.is_empty() {
                let lists = self.lists(name, page)?;
                for value in wanted.drain(..) {
                    self.add(&lists, value, union)?;
                }
            }
            let last = texts.len().checked_sub(1).and_then(|last| texts.get(last));
            if last.is_some_and(|last| last > prefix && !last.starts_with(prefix)) {
                break;
            }
        }
        Ok(())
    }
}

impl PostingsIndex for Block {
    fn all(&self) -> Result<Postings> {
        Ok(Postings::from_range(0..self.len()))
    }

    fn with_name(&self, name: &str) -> Result<Postings> {
        let mut union = Union::default();
        if let Some(name) = self.name(name) {
            union
                .add_list(&name.series, self.len())
                .map_err(|damaged| self.index.damaged_in(ROOT, damaged))?;
        }
        Ok(union.finish())
    }

    fn with_values(&self, name: &str, values: &mut dyn Iterator<Item = &str>) -> Result<Postings> {
        let mut union = Union::default();
        let Some(name) = self.name(name).filter(|name| name.values > 0) else {
            return Ok(union.finish());
        };
        for value in values {
            let page = self.root.find_texts(name, value);
            if let Ok(at) = self.texts(name, page)?.find(value) {
                self.add(&*self.lists(name, page)?, at, &mut union)?;
            }
        }
        Ok(union.finish())
    }

    fn with_values_where(
        &self,
        name: &str,
        prefix: &str,
        keep: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Postings> {
        let mut union = Union::default();
        if let Some(name) = self.name(name) {
            self.add_where(name, prefix, None, keep, &mut union)?;
        }
        Ok(union.finish())
    }

    fn with_values_like(&self, matcher: &Matcher, wanted: bool) -> Result<Postings> {
        let mut union = Union::default();
        let Some(name) = self.name(matcher.name()) else { return Ok(union.finish()) };
        // Only what the right side describes begins with its prefix and holds its literals.
        let described = matcher.op().is_negative() != wanted;
        let prefix = if described { matcher.prefix() } else { "" };
        let literal = matcher.regex().filter(|_| described && prefix.is_empty());
        let literal = literal.and_then(|regex| {
            let clauses = regex.required_literals().iter().map(|clause| clause.texts());
            let mut single = clauses.filter(|texts| texts.len() == 1);
            single.by_ref().flatten().max_by_key(|text| text.len())
        });
        let literal = literal.map(memmem::Finder::new);
        let mut keep = |value: &str| matcher.matches(value) == wanted;
        self.add_where(name, prefix, literal.as_ref(), &mut keep, &mut union)?;
        Ok(union.finish())
    }

    fn names(&self) -> Result<Vec<String>> {
        Ok(Block::names(self).map(str::to_owned).collect())
    }

    fn values(&self, name: &str) -> Result<Vec<String>> {
        let Some(name) = self.name(name) else { return Ok(Vec::new()) };
        let mut values = Vec::new();
        for page in name.pages.clone() {
            let texts = self.texts(name, page)?;
            values.extend((0..texts.len()).filter_map(|at| texts.get(at)).map(str::to_owned));
        }
        Ok(values)
    }
}
