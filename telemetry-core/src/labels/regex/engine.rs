//! The automaton behind an expression, built when it is first needed and bounded in memory.
//!
//! Whether and where something matches is asked far more often than what its groups are, and an
//! engine that knows about groups is larger and slower. So there are two, and most expressions
//! never build the second.

use super::stack::with_room;
use regex_automata::meta;
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::Hir;
use std::sync::OnceLock;

/// The most memory that an automaton may take. Its reverse takes as much again.
const AUTOMATON_BYTES_MAX: usize = 32 << 20;
/// The most memory that a search may take to follow groups: a place per group end and state.
const PLACES_BYTES_MAX: usize = 256 << 20;
/// Up to this many groups, what an automaton may take bounds the places well enough.
const GROUPS_UNCHECKED: usize = 8;

/// A place that a search fills in: the start or the end of a group.
pub(super) type Slot = Option<NonMaxUsize>;

/// The engines of one expression.
pub(super) struct Engine {
    hir: Hir,
    groups: usize,
    /// Whether the expression was not tried yet, since its form decides every text. Then it is
    /// little more than the text of the pattern, and the pattern's length is its bound.
    lazy: bool,
    /// Whether compiling may take much stack.
    deep: bool,
    plain: OnceLock<Option<meta::Regex>>,
    capturing: OnceLock<Option<meta::Regex>>,
}

impl Engine {
    /// The engines for an expression with as many groups as given, the whole match included;
    /// `None` where they would be too large.
    pub(super) fn new(hir: Hir, groups: usize, lazy: bool, deep: bool) -> Option<Engine> {
        if groups > GROUPS_UNCHECKED && with_room(deep, || places_fit(&hir, groups)) != Some(true) {
            return None;
        }
        let (plain, capturing) = (OnceLock::new(), OnceLock::new());
        let engine = Engine { hir, groups, lazy, deep, plain, capturing };
        (lazy || engine.plain().is_some()).then_some(engine)
    }

    /// The engine that knows whether and where, but no groups.
    pub(super) fn plain(&self) -> Option<&meta::Regex> {
        self.plain.get_or_init(|| self.build(WhichCaptures::Implicit)).as_ref()
    }

    /// Whether there is a match anywhere in `text`.
    ///
    /// The engine's own answer stops at the match that ends first. Where that is an empty one between
    /// two bytes of a character, which counts for nothing, it has passed by a longer one that began
    /// before; the leftmost match is not passed by. Only assertions hold there and not before.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let properties = self.hir.properties();
        let may_split = properties.minimum_len() == Some(0) && !properties.look_set().is_empty();
        self.plain().is_some_and(|engine| {
            if may_split { engine.find(text).is_some() } else { engine.is_match(text) }
        })
    }

    /// The engine that knows the groups.
    pub(super) fn capturing(&self) -> Option<&meta::Regex> {
        if self.groups == 1 {
            return self.plain();
        }
        self.capturing.get_or_init(|| self.build(WhichCaptures::All)).as_ref()
    }

    fn build(&self, captures: WhichCaptures) -> Option<meta::Regex> {
        // What passed once without groups passes with them: they add two small states each.
        let is_checked = self.lazy || matches!(captures, WhichCaptures::All);
        let config = meta::Config::new()
            .nfa_size_limit(if is_checked { None } else { Some(AUTOMATON_BYTES_MAX) })
            .which_captures(captures)
            .utf8_empty(true);
        let compile = || meta::Builder::new().configure(config).build_from_hir(&self.hir).ok();
        with_room(self.deep, compile).flatten()
    }
}

/// Whether a search can follow the groups within its memory.
fn places_fit(hir: &Hir, groups: usize) -> bool {
    let config = thompson::Config::new().nfa_size_limit(Some(AUTOMATON_BYTES_MAX));
    let built = thompson::Compiler::new().configure(config).build_from_hir(hir);
    let Ok(automaton) = built else {
        return false;
    };
    let places = automaton.states().len().saturating_mul(2 * groups);
    places.saturating_mul(size_of::<Slot>()) <= PLACES_BYTES_MAX
}
