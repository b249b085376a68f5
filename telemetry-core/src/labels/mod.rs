//! Label sets and the matchers that select them.

mod builder;
mod matcher;
mod name;
pub mod regex;
mod selector;
mod set;

pub use crate::labels;
pub use builder::LabelsBuilder;
pub use matcher::{MatchOp, Matcher, Values};
pub(crate) use name::is_below;
pub use name::{is_classic_metric_name, is_classic_name};
pub use regex::{Regex, RegexError, RegexErrorKind, RegexOptions};
pub use selector::{SelectorError, SelectorErrorKind, parse_selector};
pub use set::{Iter, Labels, METRIC_NAME, hash_pairs};
