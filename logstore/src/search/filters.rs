//! The line filters of a query, as the store applies them: to templates first, then to lines.

use std::sync::Arc;

use hashbrown::HashMap;
use memchr::memmem::Finder;
use parking_lot::Mutex;
use telemetry_core::labels::regex::{Alphabet, Regex};
use telemetry_core::source::{LineFilter, LinePattern, Template};
use telemetry_core::storage;

use super::segments::Plan;
use super::verdict::{Needle, Verdict};
use crate::block::values::{self, Filter as ValueFilter};
use crate::block::{Block, PageEntry};
use crate::text::template::{Dictionary, PageTemplate, Summary};

/// All filters of a query; a line that passes them all is kept.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    filters: Vec<Filter>,
}

/// One filter.
#[derive(Debug)]
pub(super) struct Filter {
    /// Whether lines in which something is found are dropped, not kept.
    pub(super) negated: bool,
    /// What is looked for.
    any: Vec<Pattern>,
}

#[derive(Debug)]
enum Pattern {
    Contains(Box<Needle>),
    /// An expression, and the texts of which, clause by clause, a match has one.
    Regex(Regex, Vec<Vec<Needle>>),
}

impl Filters {
    /// The filters of a request. None where there is one that this store does not know: then the
    /// language applies them.
    pub(crate) fn new(filters: &[LineFilter]) -> Option<Self> {
        let pattern = |pattern: &LinePattern| match pattern {
            LinePattern::Contains(text) => Some(Pattern::Contains(Box::new(Needle::new(text)))),
            LinePattern::Regex(regex) => {
                let needle = |text: &str| Needle::new(text.as_bytes());
                let clauses = regex.required_literals().iter();
                let clauses = clauses.map(|clause| clause.texts().map(needle).collect());
                Some(Pattern::Regex(regex.clone(), clauses.collect()))
            }
            _ => None,
        };
        let filter = |filter: &LineFilter| {
            let any = filter.any.iter().map(pattern).collect::<Option<Vec<Pattern>>>()?;
            Some(Filter { negated: filter.negated, any })
        };
        let filters = filters.iter().map(filter).collect::<Option<Vec<Filter>>>()?;
        Some(Filters { filters })
    }

    /// Each.
    pub(super) fn all(&self) -> &[Filter] {
        &self.filters
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.filters.len()
    }

    /// Whether a line passes all.
    pub(crate) fn keep(&self, line: &[u8]) -> bool {
        self.filters.iter().all(|filter| filter.finds(line) != filter.negated)
    }

    /// A text that a line must contain, if there is one, and the slots of a template in one of which
    /// it then lies whole.
    pub(super) fn inside_slots(
        &self,
        template: Template<'_>,
        slots: &[Summary],
    ) -> Option<(&Needle, Vec<usize>)> {
        let needles = self.filters.iter().filter_map(|filter| match &filter.any[..] {
            [Pattern::Contains(needle)] if !filter.negated => Some(&**needle),
            _ => None,
        });
        let mut inside = needles.filter_map(|needle| {
            // Where it is static, slots say nothing.
            let is_open = needle.verdict(template, slots).0 == Verdict::Open;
            Some((needle, is_open.then(|| needle.inside_slots(template, slots))??))
        });
        inside.next()
    }

    /// Words of which each must be in a line whole: within what is static, or within one value.
    pub(super) fn words(&self) -> impl Iterator<Item = &Finder<'static>> {
        let filters = self.filters.iter().filter(|filter| !filter.negated);
        filters.flat_map(|filter| match &filter.any[..] {
            [Pattern::Contains(needle)] => needle.word().into_iter().collect::<Vec<_>>(),
            [Pattern::Regex(_, clauses)] => {
                clauses.iter().filter_map(|texts| only_word(texts)).collect()
            }
            _ => Vec::new(),
        })
    }

    /// What the templates of a block say.
    pub(super) fn verdicts(&self, dictionary: &Dictionary) -> Verdicts {
        let mut all = Verdicts::default();
        // A block has far fewer templates than four billion.
        for number in 0..u32::try_from(dictionary.len()).unwrap_or(u32::MAX) {
            let (verdict, values) = self.template(dictionary, number);
            all.of.push(verdict);
            if !values.is_empty() {
                all.values.insert(number, values.iter().map(|value| values::hash(value)).collect());
            }
        }
        all
    }

    /// What one template of a block says.
    pub(crate) fn verdict_of(&self, dictionary: &Dictionary, number: u32) -> Verdict {
        self.template(dictionary, number).0
    }

    fn template<'s>(&'s self, dictionary: &'s Dictionary, number: u32) -> (Verdict, Vec<&'s [u8]>) {
        match dictionary.template(number) {
            Some(template) => self.verdict(template, dictionary.summaries(number)),
            None => (Verdict::Open, Vec::new()),
        }
    }

    fn verdict<'s>(
        &'s self,
        template: Template<'s>,
        slots: &'s [Summary],
    ) -> (Verdict, Vec<&'s [u8]>) {
        let (mut all, mut of_all) = (Verdict::Kept, Vec::new());
        for filter in &self.filters {
            let (verdict, values) = filter.verdict(template, slots);
            match verdict {
                Verdict::Out => return (Verdict::Out, Vec::new()),
                Verdict::Open => {
                    all = Verdict::Open;
                    if of_all.is_empty() {
                        of_all = values;
                    }
                }
                Verdict::Kept => {}
            }
        }
        (all, of_all)
    }
}

impl Filter {
    /// Whether something is found in a line.
    pub(super) fn finds(&self, line: &[u8]) -> bool {
        self.any.iter().any(|pattern| pattern.matches(line))
    }

    /// Whether something is found in lines of a template, or long values of which a line then has one.
    pub(super) fn found<'s>(
        &'s self,
        template: Template<'s>,
        slots: &'s [Summary],
    ) -> (Verdict, Vec<&'s [u8]>) {
        any(self.any.iter().map(|pattern| pattern.verdict(template, slots)))
    }

    /// Whether lines of a template are kept, or long values of which a line then has one.
    pub(super) fn verdict<'s>(
        &'s self,
        template: Template<'s>,
        slots: &'s [Summary],
    ) -> (Verdict, Vec<&'s [u8]>) {
        let (verdict, values) = self.found(template, slots);
        if self.negated { (verdict.negated(), Vec::new()) } else { (verdict, values) }
    }

    /// The ASCII characters that what is looked for can have in it; none where that hangs on what is
    /// around it.
    pub(super) fn alphabet(&self) -> Option<Alphabet> {
        self.any.iter().try_fold(Alphabet::default(), |all, pattern| {
            Some(all.or(match pattern {
                Pattern::Contains(needle) => Alphabet::of(needle.text()),
                Pattern::Regex(regex, _) => regex.match_alphabet()?,
            }))
        })
    }
}

/// What verdicts come to of which one is enough: with long values if each that leaves it open has.
fn any<'s>(verdicts: impl Iterator<Item = (Verdict, Vec<&'s [u8]>)>) -> (Verdict, Vec<&'s [u8]>) {
    let (mut any, mut of_any, mut have_all) = (Verdict::Out, Vec::new(), true);
    for (verdict, values) in verdicts {
        match verdict {
            Verdict::Kept => return (Verdict::Kept, Vec::new()),
            Verdict::Open => {
                any = Verdict::Open;
                have_all &= !values.is_empty();
                of_any.extend(values);
            }
            Verdict::Out => {}
        }
    }
    (any, if have_all { of_any } else { Vec::new() })
}

/// What the templates of a block say, by number.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    of: Vec<Verdict>,
    /// Hashes of long values of which a line of a template has one if it passes.
    values: HashMap<u32, Box<[u64]>>,
    /// How lines of open templates are asked, where that was needed.
    plans: Mutex<HashMap<u32, Option<Arc<Plan>>>>,
}

impl Verdicts {
    /// How lines of a template are asked; none where whole lines are looked at.
    pub(super) fn plan(
        &self,
        filters: &Filters,
        dictionary: &Dictionary,
        number: u32,
    ) -> Option<Arc<Plan>> {
        let make = || {
            let template = dictionary.template(number)?;
            let slots = dictionary.summaries(number);
            Plan::new(&filters.filters, template, slots).map(Arc::new)
        };
        self.plans.lock().entry(number).or_insert_with(make).clone()
    }

    /// What a template says.
    pub(super) fn of(&self, template: &PageTemplate) -> Verdict {
        self.of.get(template.number as usize).copied().unwrap_or(Verdict::Open)
    }

    /// What the templates of a page say together, and the long values on it.
    pub(super) fn of_page(&self, block: &Block, page: &PageEntry) -> storage::Result<Verdict> {
        // The text of a page without templates is plain.
        let mut all = if page.templates.is_empty() { Some(Verdict::Open) } else { None };
        let mut filter = None;
        for template in &page.templates {
            let mut verdict = self.of(template);
            if verdict == Verdict::Open
                && let Some(hashes) = self.values.get(&template.number)
            {
                let filter: &ValueFilter = match &filter {
                    Some(filter) => filter,
                    None => filter.insert(block.filter(page)?),
                };
                if !hashes.iter().any(|hash| filter.may_hold(*hash)) {
                    verdict = Verdict::Out;
                }
            }
            if *all.get_or_insert(verdict) != verdict {
                return Ok(Verdict::Open);
            }
        }
        Ok(all.unwrap_or(Verdict::Open))
    }
}

/// The word of a clause with one text.
fn only_word(texts: &[Needle]) -> Option<&Finder<'static>> {
    match texts {
        [text] => text.word(),
        _ => None,
    }
}

impl Pattern {
    fn matches(&self, line: &[u8]) -> bool {
        match self {
            Pattern::Contains(needle) => needle.is_in(line),
            Pattern::Regex(regex, _) => regex.is_match(line),
        }
    }

    fn verdict<'s>(
        &'s self,
        template: Template<'s>,
        slots: &'s [Summary],
    ) -> (Verdict, Vec<&'s [u8]>) {
        match self {
            Pattern::Contains(needle) => needle.verdict(template, slots),
            Pattern::Regex(_, clauses) => {
                let mut values = Vec::new();
                for clause in clauses {
                    let texts = clause.iter().map(|needle| needle.verdict(template, slots));
                    let (verdict, of_clause) = any(texts);
                    if verdict == Verdict::Out {
                        return (Verdict::Out, Vec::new());
                    }
                    if values.is_empty() {
                        values = of_clause;
                    }
                }
                (Verdict::Open, values)
            }
        }
    }
}
