//! Classes in brackets: `[^a-z\d[:alpha:]]`.
//!
//! Go takes no set operations: `&&`, `--` and an opening bracket stand for themselves.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::{CLASS_RANGES_MAX, Parser};
use crate::labels::regex::class::{self, ClassBuilder};
use crate::labels::regex::error::{RegexError, RegexErrorKind};
use regex_syntax::hir::ClassUnicode;

impl Parser<'_> {
    pub(super) fn class_leaf(&mut self, class: ClassUnicode) -> Result<(), RegexError> {
        self.count_ranges(class.ranges().len())?;
        self.leaf(class::to_hir(class));
        Ok(())
    }

    fn count_ranges(&mut self, ranges: usize) -> Result<(), RegexError> {
        self.class_ranges += ranges;
        if self.class_ranges > CLASS_RANGES_MAX {
            return Err(self.error_whole(RegexErrorKind::Large));
        }
        Ok(())
    }

    pub(super) fn class(&mut self) -> Result<(), RegexError> {
        let start = self.at;
        self.at += 1;
        let negate = self.eat("^");
        let mut builder = ClassBuilder::default();
        let mut first = true;
        // A bracket that comes first is a member.
        while first || self.peek() != Some(']') {
            first = false;
            if let Some(class) = self.posix_class()? {
                builder.push_class(&class);
                continue;
            }
            if let Some(class) = self.class_escape()? {
                builder.push_class(&class);
                if self.class_ranges + builder.len() > CLASS_RANGES_MAX {
                    return Err(self.error_whole(RegexErrorKind::Large));
                }
                continue;
            }
            let range_start = self.at;
            let low = self.class_char(start)?;
            let mut high = low;
            // A dash before the end is a member.
            let rest = self.rest();
            if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
                self.at += 1;
                high = self.class_char(start)?;
                if high < low {
                    return Err(self.error(RegexErrorKind::CharacterRange, range_start, self.at));
                }
            }
            builder.push(low, high);
        }
        self.at += 1;
        self.class_leaf(builder.build(self.flags.fold, negate))
    }

    fn class_char(&mut self, class_start: usize) -> Result<u32, RegexError> {
        match self.peek() {
            None => {
                let end = self.pattern.len();
                Err(self.error(RegexErrorKind::MissingBracket, class_start, end))
            }
            Some('\\') => self.escape(),
            Some(c) => {
                self.at += c.len_utf8();
                Ok(u32::from(c))
            }
        }
    }

    /// Reads `[:name:]`, if that is at hand.
    pub(super) fn posix_class(&mut self) -> Result<Option<ClassUnicode>, RegexError> {
        let start = self.at;
        let Some(body) = self.rest().strip_prefix("[:") else {
            return Ok(None);
        };
        // Without the end it is a bracket like any other.
        let Some(len) = body.find(":]") else {
            return Ok(None);
        };
        self.at += len + 4;
        match class::posix(body.get(..len).unwrap_or_default(), self.flags.fold) {
            Some(class) => Ok(Some(class)),
            None => Err(self.error(RegexErrorKind::CharacterRange, start, self.at)),
        }
    }
}
