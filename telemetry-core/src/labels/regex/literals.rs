//! What literal text an expression must contain.
//!
//! One walk over the expression gives, for every part, either the finite set of texts that it
//! matches, or clauses: each clause is a set of texts of which at least one occurs in every match.
//! Stores use clauses to skip data without running the expression; the finite sets become lookups.
//!
//! Sets are kept small: a product of sets that would pass [`PRODUCT_MAX`] ends the run of literal
//! text, and what was collected becomes a clause. Alternatives written out in the pattern are not
//! limited, since the pattern itself bounds them.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// The most texts that a product of sets may have, such as `[ab][cd]` or `(?i)abc`.
const PRODUCT_MAX: usize = 128;
/// The most characters of a class that are listed.
const CLASS_CHARS_MAX: usize = 32;
/// The most texts of a clause; more say too little to be worth looking for.
const CLAUSE_MAX: usize = 64;
/// The same, where some text is a single byte.
const SHORT_CLAUSE_MAX: usize = 4;
/// The most bytes of all texts of a set together.
const SET_BYTES_MAX: usize = 1 << 20;
/// Parts nested more deeply are not looked into.
const DEPTH_MAX: u32 = 64;

/// Texts of which at least one occurs in every text that the expression matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyOf(Box<[Box<str>]>);

impl AnyOf {
    /// The texts; none is empty.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// How much a clause narrows a search: its shortest text, then how few they are.
    fn strength(&self) -> (usize, usize) {
        let shortest = self.0.iter().map(|text| text.len()).min().unwrap_or_default();
        (shortest, usize::MAX - self.0.len())
    }

    fn new(texts: Vec<String>) -> Option<Self> {
        let most = match texts.iter().map(String::len).min() {
            None | Some(0) => 0,
            Some(1) => SHORT_CLAUSE_MAX,
            Some(_) => CLAUSE_MAX,
        };
        // Bytes that are no character are read as one that stands for them: a match need not have
        // that one's own bytes.
        let may_be_other_bytes =
            texts.iter().any(|text| text.contains(char::REPLACEMENT_CHARACTER));
        let is_useful = texts.len() <= most && !may_be_other_bytes;
        (is_useful && !texts.is_empty()).then(|| {
            let mut texts: Vec<Box<str>> = texts.into_iter().map(String::into).collect();
            texts.sort_unstable();
            texts.dedup();
            AnyOf(texts.into())
        })
    }
}

/// What a part of an expression is known to match.
#[derive(Debug, Default)]
struct Known {
    /// Exactly these texts.
    exact: Option<Vec<String>>,
    /// Clauses that every text satisfies; where the texts are known and make a clause themselves,
    /// that one says more.
    clauses: Vec<AnyOf>,
}

/// The finite set of texts that the expression matches as a whole, in no order, perhaps with
/// duplicates; `None` where it is not one or too large.
pub(super) fn exact(hir: &Hir) -> Option<Vec<String>> {
    know(hir, 0).exact
}

/// The clauses that every match of the expression satisfies.
pub(super) fn required(hir: &Hir) -> Vec<AnyOf> {
    know(hir, 0).into_clauses()
}

impl Known {
    fn exactly(texts: Vec<String>) -> Self {
        Known { exact: Some(texts), clauses: Vec::new() }
    }

    fn containing(clauses: Vec<AnyOf>) -> Self {
        Known { exact: None, clauses }
    }

    fn into_clauses(self) -> Vec<AnyOf> {
        match self.exact.and_then(AnyOf::new) {
            Some(clause) => vec![clause],
            None => self.clauses,
        }
    }
}

fn know(hir: &Hir, depth: u32) -> Known {
    if depth > DEPTH_MAX {
        return Known::default();
    }
    match hir.kind() {
        HirKind::Empty => Known::exactly(vec![String::new()]),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => Known::exactly(vec![text.to_owned()]),
            Err(_) => Known::default(),
        },
        HirKind::Class(class) => class_texts(class).map(Known::exactly).unwrap_or_default(),
        // A condition on the place takes no text, but it can fail: the set would be too large.
        HirKind::Look(_) => Known::default(),
        HirKind::Repetition(repetition) => know_repetition(repetition, depth),
        HirKind::Capture(capture) => know(&capture.sub, depth + 1),
        HirKind::Concat(parts) => know_concat(parts.iter().map(|part| know(part, depth + 1))),
        HirKind::Alternation(parts) => know_alternation(parts, depth),
    }
}

fn class_texts(class: &Class) -> Option<Vec<String>> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let chars: usize = class.iter().map(|range| range.len()).sum();
    if chars > CLASS_CHARS_MAX {
        return None;
    }
    let ranges = class.iter().flat_map(|range| range.start()..=range.end());
    Some(ranges.map(String::from).collect())
}

fn know_repetition(repetition: &Repetition, depth: u32) -> Known {
    let sub = know(&repetition.sub, depth + 1);
    match (repetition.min, repetition.max, sub.exact) {
        (0, Some(1), Some(mut texts)) => {
            texts.push(String::new());
            Known::exactly(texts)
        }
        (0, ..) => Known::default(),
        (min, max, Some(texts)) => {
            let mut all = Some(vec![String::new()]);
            for _ in 0..if max == Some(min) { min } else { 0 } {
                all = all.and_then(|all| product(&all, &texts));
            }
            let exact = all.filter(|_| max == Some(min));
            Known { exact, clauses: Known::exactly(texts).into_clauses() }
        }
        (_, _, None) => Known::containing(sub.clauses),
    }
}

fn know_concat(parts: impl Iterator<Item = Known>) -> Known {
    let mut clauses = Vec::new();
    let mut all_exact = true;
    // The texts of the parts since the last that is not exact.
    let mut run = vec![String::new()];
    for part in parts {
        let Some(texts) = part.exact else {
            all_exact = false;
            clauses.extend(AnyOf::new(std::mem::replace(&mut run, vec![String::new()])));
            clauses.extend(part.clauses);
            continue;
        };
        if let [only] = &*texts {
            // By far the most common case, and one that must not copy the run for every part.
            if bytes(&run) + only.len() * run.len() <= SET_BYTES_MAX {
                run.iter_mut().for_each(|text| text.push_str(only));
                continue;
            }
        }
        match product(&run, &texts) {
            Some(longer) => {
                // A run that grows past what a clause holds leaves one behind.
                if longer.len() > CLAUSE_MAX && run.len() <= CLAUSE_MAX {
                    clauses.extend(AnyOf::new(run));
                }
                run = longer;
            }
            None => {
                all_exact = false;
                clauses.extend(AnyOf::new(std::mem::replace(&mut run, texts)));
            }
        }
    }
    if all_exact {
        return Known { exact: Some(run), clauses };
    }
    clauses.extend(AnyOf::new(run));
    Known::containing(clauses)
}

fn know_alternation(parts: &[Hir], depth: u32) -> Known {
    let mut exact = Some(Vec::new());
    // One text of each part's best clause must occur.
    let mut clause = Some(Vec::new());
    for part in parts {
        let known = know(part, depth + 1);
        match (&mut exact, &known.exact) {
            (Some(texts), Some(more)) => texts.extend(more.iter().cloned()),
            _ => exact = None,
        }
        let best = known.into_clauses().into_iter().max_by_key(AnyOf::strength);
        clause = match (clause, best) {
            (Some(mut clause), Some(best)) if clause.len() <= CLAUSE_MAX => {
                clause.extend(best.0.into_iter().map(String::from));
                Some(clause)
            }
            _ => None,
        };
    }
    Known { exact, clauses: clause.and_then(AnyOf::new).into_iter().collect() }
}

fn bytes(texts: &[String]) -> usize {
    texts.iter().map(String::len).sum()
}

/// Every text of `heads` followed by every text of `tails`; `None` where these are too many.
fn product(heads: &[String], tails: &[String]) -> Option<Vec<String>> {
    let count = heads.len().checked_mul(tails.len())?;
    // One text in front of or behind many adds none.
    let multiplies = heads.len() > 1 && tails.len() > 1;
    let total = bytes(heads).checked_mul(tails.len())? + bytes(tails).checked_mul(heads.len())?;
    if (multiplies && count > PRODUCT_MAX) || total > SET_BYTES_MAX {
        return None;
    }
    let join = |head: &String, tail: &String| [head.as_str(), tail.as_str()].concat();
    Some(heads.iter().flat_map(|head| tails.iter().map(move |tail| join(head, tail))).collect())
}

/// Text that every match of the expression begins with.
pub(super) fn leading(hir: &Hir) -> String {
    lead(hir, 0).0
}

/// The text that matches begin with, and whether it is all that they are.
fn lead(hir: &Hir, depth: u32) -> (String, bool) {
    let unknown = (String::new(), false);
    if depth > DEPTH_MAX {
        return unknown;
    }
    match hir.kind() {
        HirKind::Empty => (String::new(), true),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => (text.to_owned(), true),
            Err(_) => unknown,
        },
        HirKind::Class(_) => unknown,
        // What holds at a place takes no text.
        HirKind::Look(_) => (String::new(), true),
        HirKind::Repetition(repetition) if repetition.min == 0 => unknown,
        HirKind::Repetition(repetition) => (lead(&repetition.sub, depth + 1).0, false),
        HirKind::Capture(capture) => lead(&capture.sub, depth + 1),
        HirKind::Concat(parts) => {
            let mut text = String::new();
            for part in parts {
                let (more, all) = lead(part, depth + 1);
                text.push_str(&more);
                if !all {
                    return (text, false);
                }
            }
            (text, true)
        }
        HirKind::Alternation(parts) => {
            let mut leads = parts.iter().map(|part| lead(part, depth + 1).0);
            let first = leads.next().unwrap_or_default();
            (leads.fold(first, |text, other| common_prefix(&text, &other).to_owned()), false)
        }
    }
}

/// The longest text that both begin with.
pub(super) fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let end = a.char_indices().zip(b.chars()).find(|((_, a), b)| a != b).map(|((at, _), _)| at);
    a.get(..end.unwrap_or(a.len().min(b.len()))).unwrap_or_default()
}
