//! `stage.split_json`: an array becomes as many lines.

use super::super::entry::Entry;
use super::super::json::elements;
use super::super::pipeline::Context;
use super::{Run, StageSetupError};

/// Why a line is counted as dropped that is an array of nothing.
const EMPTY: &str = "split_json_empty";

/// Makes a line of every element of a JSON array, as it is written there. What is no array passes
/// unchanged; of an array without elements nothing is left.
#[derive(Clone, Debug, Default)]
pub struct SplitJson {
    /// The extracted value that is the array; empty: the line.
    pub source: String,
}

impl SplitJson {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        Ok(Box::new(Split { source: self.source.clone() }))
    }
}

#[derive(Debug)]
struct Split {
    source: String,
}

impl Run for Split {
    fn run(&mut self, entry: Entry, context: &mut Context, out: &mut Vec<Entry>) {
        let source = match &*self.source {
            "" => Some(entry.line.clone()),
            name => entry.get(name).map(|text| text.into_owned().into_bytes()),
        };
        let Some(lines) = source.as_deref().and_then(elements) else {
            out.push(entry);
            return;
        };
        if lines.is_empty() {
            context.drops.count(EMPTY);
        }
        out.extend(lines.into_iter().map(|line| Entry { line: line.to_vec(), ..entry.clone() }));
    }
}
