//! The line filters of a query, as the store applies them: to templates first, then to lines.

use memchr::memmem::Finder;
use telemetry_core::labels::regex::Regex;
use telemetry_core::source::{LineFilter, LinePattern, Template};

use super::verdict::{Needle, Verdict};
use crate::text::template::{Dictionary, PageTemplate, Summary};

/// All filters of a query; a line that passes them all is kept.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    filters: Vec<Filter>,
}

#[derive(Debug)]
struct Filter {
    negated: bool,
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

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.filters.len()
    }

    /// Whether a line passes all.
    pub(crate) fn keep(&self, line: &[u8]) -> bool {
        self.filters
            .iter()
            .all(|filter| filter.any.iter().any(|pattern| pattern.matches(line)) != filter.negated)
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
            let is_open = needle.verdict(template, slots) == Verdict::Open;
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

    /// What the templates of a block say, by number.
    pub(super) fn verdicts(&self, dictionary: &Dictionary) -> Vec<Verdict> {
        // A block has far fewer templates than four billion.
        let numbers = 0..u32::try_from(dictionary.len()).unwrap_or(u32::MAX);
        numbers.map(|number| self.verdict_of(dictionary, number)).collect()
    }

    /// What one template of a block says.
    pub(crate) fn verdict_of(&self, dictionary: &Dictionary, number: u32) -> Verdict {
        let Some(template) = dictionary.template(number) else { return Verdict::Open };
        self.verdict(template, dictionary.summaries(number))
    }

    fn verdict(&self, template: Template<'_>, slots: &[Summary]) -> Verdict {
        let mut all = Verdict::Kept;
        for filter in &self.filters {
            let any = filter.any.iter().map(|pattern| pattern.verdict(template, slots));
            let any = any.fold(Verdict::Out, |one, other| match (one, other) {
                (Verdict::Kept, _) | (_, Verdict::Kept) => Verdict::Kept,
                (Verdict::Open, _) | (_, Verdict::Open) => Verdict::Open,
                _ => Verdict::Out,
            });
            match if filter.negated { any.negated() } else { any } {
                Verdict::Out => return Verdict::Out,
                Verdict::Open => all = Verdict::Open,
                Verdict::Kept => {}
            }
        }
        all
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

    fn verdict(&self, template: Template<'_>, slots: &[Summary]) -> Verdict {
        match self {
            Pattern::Contains(needle) => needle.verdict(template, slots),
            Pattern::Regex(_, clauses) => {
                let may_hold = |needles: &Vec<Needle>| {
                    needles.iter().any(|needle| needle.verdict(template, slots) != Verdict::Out)
                };
                if clauses.iter().all(may_hold) { Verdict::Open } else { Verdict::Out }
            }
        }
    }
}

/// What the templates of a page say together.
pub(super) fn of_page(verdicts: &[Verdict], templates: &[PageTemplate]) -> Verdict {
    let verdict = |template: &PageTemplate| verdicts.get(template.number as usize).copied();
    let mut all = templates.iter().map(|template| verdict(template).unwrap_or(Verdict::Open));
    // The text of a page without templates is plain.
    let Some(first) = all.next() else { return Verdict::Open };
    if all.all(|verdict| verdict == first) { first } else { Verdict::Open }
}
