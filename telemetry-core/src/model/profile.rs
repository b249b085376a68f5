//! Profiles in the shape of pprof: samples of call stacks, with tables they refer to.
//!
//! References are positions in the tables, not pprof's ids: a decoder resolves and checks them
//! once, [`Profile::validate`] says whether they hold.

use crate::time::Nanos;

/// What a value counts: `cpu` in `nanoseconds`, `alloc_space` in `bytes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueType {
    /// What is counted.
    pub kind: String,
    /// In which unit.
    pub unit: String,
}

/// One profile: what `go tool pprof` reads, resolved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// What the values of each sample count, in order.
    pub sample_types: Vec<ValueType>,
    /// The samples.
    pub samples: Vec<ProfileSample>,
    /// Binaries and libraries.
    pub mappings: Vec<Mapping>,
    /// Places in code.
    pub locations: Vec<Location>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Every text, referred to by position. The first is empty.
    pub strings: Vec<String>,
    /// When the profile was taken.
    pub time: Nanos,
    /// How long it covers, in nanoseconds; 0 if not known.
    pub duration_nanos: i64,
    /// What is counted between two samples.
    pub period_type: ValueType,
    /// How much of it lies between two samples.
    pub period: i64,
    /// Position in `strings` of the preferred sample type; 0 if not said.
    pub default_sample_type: u32,
    /// Positions in `strings` of free-form comments.
    pub comments: Vec<u32>,
    /// Position in `strings` of a regular expression of frames to leave out; 0 if none.
    pub drop_frames: u32,
    /// Position in `strings` of a regular expression of frames to keep; 0 if none.
    pub keep_frames: u32,
}

/// A call stack with a value per sample type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileSample {
    /// Positions in `locations`, the leaf first.
    pub stack: Vec<u32>,
    /// As many values as there are sample types.
    pub values: Vec<i64>,
    /// Labels of the sample.
    pub labels: Vec<SampleLabel>,
}

/// A label of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SampleLabel {
    /// Position in `strings` of its name.
    pub key: u32,
    /// Its value.
    pub value: SampleLabelValue,
}

/// The value of a sample's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleLabelValue {
    /// Position in `strings`.
    Text(u32),
    /// A number with the position in `strings` of its unit (0 if none).
    Number {
        /// The number.
        value: i64,
        /// Position of the unit.
        unit: u32,
    },
}

/// A binary or library in the address space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mapping {
    /// First address.
    pub memory_start: u64,
    /// Address behind the last.
    pub memory_limit: u64,
    /// Offset in the file.
    pub file_offset: u64,
    /// Position in `strings` of the file's name.
    pub filename: u32,
    /// Position in `strings` of the build id.
    pub build_id: u32,
    /// Whether its locations have function names.
    pub has_functions: bool,
    /// Whether they have file names.
    pub has_filenames: bool,
    /// Whether they have line numbers.
    pub has_line_numbers: bool,
    /// Whether inlined frames are listed.
    pub has_inline_frames: bool,
}

/// A place in code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Location {
    /// Position in `mappings`.
    pub mapping: Option<u32>,
    /// The instruction's address; 0 if not known.
    pub address: u64,
    /// Its lines: the innermost inlined call first, the caller last. Empty if not symbolised.
    pub lines: Vec<Line>,
    /// Whether several symbols were folded into this one.
    pub is_folded: bool,
}

/// A line of a location.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Line {
    /// Position in `functions`.
    pub function: Option<u32>,
    /// Line number; 0 if not known.
    pub line: i64,
    /// Column number; 0 if not known.
    pub column: i64,
}

/// A function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Function {
    /// Position in `strings` of the name for people.
    pub name: u32,
    /// Position in `strings` of the name that the linker knows.
    pub system_name: u32,
    /// Position in `strings` of the source file.
    pub filename: u32,
    /// First line of the function; 0 if not known.
    pub start_line: i64,
}

/// A reference that leads nowhere, or a sample of the wrong shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A position past the end of a table.
    #[error("{from} {index} refers to {table} {target}, but there are only {len}")]
    Dangling {
        /// The table of the item that refers.
        from: &'static str,
        /// Its position.
        index: usize,
        /// The table referred to.
        table: &'static str,
        /// The position referred to.
        target: u32,
        /// Length of that table.
        len: usize,
    },
    /// A sample with another number of values than there are sample types.
    #[error("sample {index} has {found} values for {expected} sample types")]
    Values {
        /// Position of the sample.
        index: usize,
        /// Values it has.
        found: usize,
        /// Sample types of the profile.
        expected: usize,
    },
    /// The first string is not empty.
    #[error("the first string of a profile must be empty")]
    FirstString,
}

impl Profile {
    /// The text at position `at`; empty where there is none.
    pub fn string(&self, at: u32) -> &str {
        self.strings.get(at as usize).map_or("", String::as_str)
    }

    /// Checks every reference.
    ///
    /// # Errors
    ///
    /// The first reference that leads nowhere, or the first sample of the wrong shape.
    pub fn validate(&self) -> Result<(), ProfileError> {
        if self.strings.first().is_some_and(|first| !first.is_empty()) {
            return Err(ProfileError::FirstString);
        }
        for (index, sample) in self.samples.iter().enumerate() {
            if sample.values.len() != self.sample_types.len() {
                let (found, expected) = (sample.values.len(), self.sample_types.len());
                return Err(ProfileError::Values { index, found, expected });
            }
            for location in &sample.stack {
                check("sample", index, "location", *location, self.locations.len())?;
            }
            for label in &sample.labels {
                self.check_string("sample", index, label.key)?;
                let (SampleLabelValue::Text(text) | SampleLabelValue::Number { unit: text, .. }) =
                    label.value;
                self.check_string("sample", index, text)?;
            }
        }
        for (index, location) in self.locations.iter().enumerate() {
            if let Some(mapping) = location.mapping {
                check("location", index, "mapping", mapping, self.mappings.len())?;
            }
            for function in location.lines.iter().filter_map(|line| line.function) {
                check("location", index, "function", function, self.functions.len())?;
            }
        }
        for (index, function) in self.functions.iter().enumerate() {
            for text in [function.name, function.system_name, function.filename] {
                self.check_string("function", index, text)?;
            }
        }
        for (index, mapping) in self.mappings.iter().enumerate() {
            self.check_string("mapping", index, mapping.filename)?;
            self.check_string("mapping", index, mapping.build_id)?;
        }
        for text in [self.default_sample_type, self.drop_frames, self.keep_frames] {
            self.check_string("profile", 0, text)?;
        }
        self.comments.iter().try_for_each(|text| self.check_string("profile", 0, *text))
    }

    fn check_string(
        &self,
        from: &'static str,
        index: usize,
        target: u32,
    ) -> Result<(), ProfileError> {
        // Position 0 means "no text" and holds even where the table is empty.
        check(from, index, "string", target, self.strings.len().max(1))
    }
}

fn check(
    from: &'static str,
    index: usize,
    table: &'static str,
    target: u32,
    len: usize,
) -> Result<(), ProfileError> {
    if (target as usize) < len {
        Ok(())
    } else {
        Err(ProfileError::Dangling { from, index, table, target, len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_profile_is_valid() {
        assert_eq!(Profile::default().validate(), Ok(()));
    }

    #[test]
    fn dangling_references_are_named() {
        let mut profile = Profile {
            sample_types: vec![ValueType::default()],
            samples: vec![ProfileSample { stack: vec![3], values: vec![1], labels: vec![] }],
            ..Profile::default()
        };
        let error = profile.validate().unwrap_err();
        assert_eq!(error.to_string(), "sample 0 refers to location 3, but there are only 0");
        profile.samples[0].values.clear();
        assert_eq!(
            profile.validate(),
            Err(ProfileError::Values { index: 0, found: 0, expected: 1 })
        );
    }
}
