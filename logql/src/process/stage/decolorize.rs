//! `stage.decolorize`: takes the colours out of lines.

use super::{Run, StageSetupError, each};
use crate::stage::decolorize::plain;

/// Takes ANSI sequences out of the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decolorize;

impl Decolorize {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        Ok(each(|entry, _| {
            if let Some(plain) = plain(&entry.line) {
                entry.line = plain;
            }
        }))
    }
}
