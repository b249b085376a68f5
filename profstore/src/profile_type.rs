//! The type of a profile: what it counts and what it was sampled by.

use std::fmt;
use std::str::FromStr;

use telemetry_core::model::ValueType;

/// `name:sample_type:sample_unit:period_type:period_unit`, as Pyroscope names series.
///
/// ```
/// use profstore::ProfileType;
/// let cpu: ProfileType = "process_cpu:cpu:nanoseconds:cpu:nanoseconds".parse()?;
/// assert_eq!(cpu.sample_unit, "nanoseconds");
/// # Ok::<(), profstore::ProfileTypeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProfileType {
    /// What was profiled: `process_cpu`, `memory`, `mutex`, …
    pub name: String,
    /// What a value counts.
    pub sample_type: String,
    /// In which unit.
    pub sample_unit: String,
    /// What passes between two samples.
    pub period_type: String,
    /// In which unit.
    pub period_unit: String,
}

/// Why a text is not a profile type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a profile type has five parts, name:sample_type:sample_unit:period_type:period_unit, and \
     may end in :delta, found {found:?}"
)]
pub struct ProfileTypeError {
    /// The text.
    pub found: String,
}

impl ProfileType {
    /// The type of the samples `sample` of a profile called `name`.
    pub fn new(name: &str, sample: &ValueType, period: &ValueType) -> Self {
        ProfileType {
            name: name.to_owned(),
            sample_type: sample.kind.clone(),
            sample_unit: sample.unit.clone(),
            period_type: period.kind.clone(),
            period_unit: period.unit.clone(),
        }
    }

    /// The parts in order.
    pub fn parts(&self) -> [&str; 5] {
        [&self.name, &self.sample_type, &self.sample_unit, &self.period_type, &self.period_unit]
    }

    /// The part that breaks the text form, if any: one that holds a colon.
    pub(crate) fn broken_part(&self) -> Option<&str> {
        self.parts().into_iter().find(|part| part.contains(':'))
    }
}

impl fmt::Display for ProfileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts().join(":"))
    }
}

impl FromStr for ProfileType {
    type Err = ProfileTypeError;

    fn from_str(text: &str) -> Result<Self, ProfileTypeError> {
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            [name, sample_type, sample_unit, period_type, period_unit]
            | [name, sample_type, sample_unit, period_type, period_unit, "delta"] => {
                Ok(ProfileType {
                    name: (*name).to_owned(),
                    sample_type: (*sample_type).to_owned(),
                    sample_unit: (*sample_unit).to_owned(),
                    period_type: (*period_type).to_owned(),
                    period_unit: (*period_unit).to_owned(),
                })
            }
            _ => Err(ProfileTypeError { found: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_parts_and_an_optional_sixth() {
        let text = "memory:alloc_space:bytes:space:bytes";
        let parsed: ProfileType = text.parse().unwrap();
        assert_eq!(parsed.to_string(), text);
        assert_eq!(format!("{text}:delta").parse::<ProfileType>().unwrap(), parsed);
        for wrong in ["", "cpu", "a:b:c:d", "a:b:c:d:e:f", "a:b:c:d:e:delta:x"] {
            assert!(wrong.parse::<ProfileType>().is_err(), "{wrong}");
        }
    }
}
