//! `stage.output`: another line.

use super::{Run, StageSetupError, each, required};

/// Replaces the line by an extracted value, where that is there.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// The extracted value.
    pub source: String,
}

impl Output {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("output", "source", !self.source.is_empty())?;
        let source = self.source.clone();
        Ok(each(move |entry, _| {
            if let Some(line) = entry.get(&source).map(|line| line.into_owned()) {
                entry.line = line.into_bytes();
            }
        }))
    }
}
