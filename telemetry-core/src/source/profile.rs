//! The read side of a profile store: stacks and values as columns, names at the end.

use super::SourceError;
use crate::labels::{Labels, Matcher};
use crate::query::QueryContext;
use crate::time::NanosRange;

/// The id of "no stack", and the parent of a stack without a caller.
pub const NO_STACK: u32 = u32::MAX;

/// A store of profiles.
pub trait ProfileSource: Send + Sync {
    /// Profiles of the series that satisfy every matcher, taken in `request.window` (its end is
    /// not in). The profile type is the label `__profile_type__`.
    ///
    /// # Errors
    ///
    /// Past a bound of `context` [`SourceError::Interrupted`]; [`SourceError::Store`] where the
    /// store fails.
    fn select(
        &self,
        request: &ProfileRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn ProfileGroups + '_>, SourceError>;
}

/// Which profiles a query reads.
#[derive(Clone, Debug)]
pub struct ProfileRequest {
    /// All must hold. A matcher that matches the empty text also matches an absent label.
    pub matchers: Vec<Matcher>,
    /// When the profiles were taken: start included, end not.
    pub window: NanosRange,
}

/// Selected profiles, in groups that have their own stack ids: a block each, say.
pub trait ProfileGroups: Send + Sync {
    /// How many groups there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Group `index`; none past the end.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    fn group<'a>(&'a self, index: usize)
    -> Result<Option<Box<dyn ProfileGroup + 'a>>, SourceError>;
}

/// Profiles that share one tree of stacks.
///
/// ~~~text
/// stack   0: main   parent -      stack 2 = main → work → malloc
/// stack   1: work   parent 0
/// stack   2: malloc parent 1      a parent has a lower id than its child
/// ~~~
pub trait ProfileGroup: Send + Sync {
    /// The caller of every stack by id, [`NO_STACK`] where there is none.
    fn parents(&self) -> &[u32];

    /// Names of the frames that stack `stack` adds to its caller: the outermost first, several
    /// where calls were inlined.
    fn frames(&self, stack: u32, each: &mut dyn FnMut(&str));

    /// How many profiles were selected.
    fn len(&self) -> usize;

    /// Whether none was.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Profile `index`; none past the end.
    fn row(&self, index: usize) -> Option<ProfileRow<'_>>;
}

/// One profile of one series.
#[derive(Clone, Copy, Debug)]
pub struct ProfileRow<'a> {
    /// The labels of its series.
    pub labels: &'a Labels,
    /// When it was taken, in nanoseconds.
    pub time: i64,
    /// How long it covers, in nanoseconds.
    pub duration: i64,
    /// Stack ids, ascending.
    pub stacks: &'a [u32],
    /// As many values.
    pub values: &'a [i64],
    /// As many span ids, 0 where there is none; empty if no sample has one.
    pub spans: &'a [u64],
}
