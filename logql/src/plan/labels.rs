//! Which labels of a line name its series.

use crate::ast::{Grouping, RangeAggregation, RangeOp};
use crate::stage::Pipeline;
use crate::stage::hints::Hints;
use crate::stage::labels::LineLabels;

/// The labels of a line that its series has.
///
/// A line with an error keeps all of them: an error must not get lost in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SeriesLabels {
    All,
    /// These, which are sorted.
    Only(Vec<Box<str>>),
    Without(Vec<Box<str>>),
    /// Nobody looks at them.
    Nothing,
}

impl SeriesLabels {
    /// The labels that `node` needs, given what the aggregation around it groups by.
    pub(crate) fn new(node: &RangeAggregation, outer: Option<&Grouping>) -> Self {
        if node.op == RangeOp::Absent {
            return SeriesLabels::Nothing;
        }
        let unwrapped = node.range.unwrap.as_ref().map(|unwrap| unwrap.label.clone());
        match node.grouping.as_ref().or(outer) {
            Some(grouping) if !grouping.without && grouping.labels.is_empty() => {
                SeriesLabels::Nothing
            }
            Some(grouping) if !grouping.without => {
                let mut names = grouping.labels.clone();
                names.sort_unstable();
                names.dedup();
                SeriesLabels::Only(names)
            }
            Some(grouping) => {
                SeriesLabels::Without(grouping.labels.iter().cloned().chain(unwrapped).collect())
            }
            // The unwrapped label is the value, so it names nothing.
            None => match unwrapped {
                Some(label) => SeriesLabels::Without(vec![label]),
                None => SeriesLabels::All,
            },
        }
    }

    /// Whether a series has the label `name` of its lines.
    pub(crate) fn takes(&self, name: &str) -> bool {
        match self {
            SeriesLabels::All => true,
            SeriesLabels::Only(names) => names.iter().any(|known| **known == *name),
            SeriesLabels::Without(names) => names.iter().all(|known| **known != *name),
            SeriesLabels::Nothing => false,
        }
    }

    /// What parsers have to find.
    pub(crate) fn hints(&self, pipeline: &Pipeline, unwrap: &[String]) -> Hints {
        let grouped: &[Box<str>] = match self {
            SeriesLabels::All | SeriesLabels::Without(_) => return Hints::everything(),
            SeriesLabels::Only(names) => names,
            SeriesLabels::Nothing => &[],
        };
        let read = pipeline.read_labels();
        let names = read.iter().chain(unwrap).map(String::as_str);
        Hints::only(names.chain(grouped.iter().map(|name| &**name)))
    }

    /// Whether structured metadata can show in the labels of a series.
    pub(crate) fn shows_metadata(&self) -> bool {
        *self != SeriesLabels::Nothing
    }

    /// Collects the labels of the series of a line, sorted by name.
    pub(crate) fn collect<'l>(&'l self, line: &'l LineLabels, into: &mut Vec<(&'l str, &'l str)>) {
        let has_error = line.has_error();
        if let (false, SeriesLabels::Only(names)) = (has_error, self) {
            into.extend(names.iter().filter_map(|name| Some((&**name, line.get(name)?))));
            return;
        }
        line.for_each(|name, value, _| {
            if has_error || self.takes(name) {
                into.push((name, value));
            }
        });
        into.sort_unstable();
    }
}
