//! What a profile may be, so that one producer cannot fill the store: Pyroscope's limits.

use telemetry_core::labels::Labels;
use telemetry_core::model::Profile;
use telemetry_core::sink::RefusalReason;

/// Bounds on a pushed profile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Labels of a series, without those that the store adds.
    pub labels_max: usize,
    /// Bytes of a label's name.
    pub label_name_bytes_max: usize,
    /// Bytes of a label's value.
    pub label_value_bytes_max: usize,
    /// Samples of a profile.
    pub samples_max: usize,
    /// Labels of a sample.
    pub sample_labels_max: usize,
    /// Locations of a stack.
    pub stack_max: usize,
    /// Bytes of a symbol.
    pub symbol_bytes_max: usize,
}

impl Default for Limits {
    /// Pyroscope's limits on labels, stacks and symbols; a million samples, since whoever embeds
    /// a store profiles one process, not a fleet.
    fn default() -> Self {
        Limits {
            labels_max: 30,
            label_name_bytes_max: 1024,
            label_value_bytes_max: 2048,
            samples_max: 1_000_000,
            sample_labels_max: 100,
            stack_max: 1000,
            symbol_bytes_max: 65535,
        }
    }
}

impl Limits {
    /// Checks a profile and every reference in it.
    pub(crate) fn check(&self, labels: &Labels, profile: &Profile) -> Result<(), RefusalReason> {
        if labels.len() > self.labels_max {
            return Err(RefusalReason::TooManyLabels {
                found: labels.len(),
                limit: self.labels_max,
            });
        }
        for (name, value) in labels.iter() {
            bound("a label name", name.len(), self.label_name_bytes_max)?;
            bound("a label value", value.len(), self.label_value_bytes_max)?;
        }
        if profile.samples.len() > self.samples_max {
            let limit = self.samples_max as u64;
            return Err(RefusalReason::TooMany { what: "samples of a profile", limit });
        }
        for sample in &profile.samples {
            if sample.stack.len() > self.stack_max {
                let limit = self.stack_max as u64;
                return Err(RefusalReason::TooMany { what: "locations of a stack", limit });
            }
            if sample.labels.len() > self.sample_labels_max {
                let (found, limit) = (sample.labels.len(), self.sample_labels_max);
                return Err(RefusalReason::TooManyLabels { found, limit });
            }
        }
        for text in &profile.strings {
            bound("a symbol", text.len(), self.symbol_bytes_max)?;
        }
        profile.validate().map_err(|_| RefusalReason::Malformed {
            rule: "references of a profile lead somewhere",
        })
    }
}

fn bound(what: &'static str, found: usize, limit: usize) -> Result<(), RefusalReason> {
    if found > limit { Err(RefusalReason::TooLong { what, found, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;
    use telemetry_core::model::ProfileSample;

    #[test]
    fn what_is_too_much_is_named() {
        let limits = Limits { labels_max: 1, stack_max: 2, ..Limits::default() };
        let profile = Profile::default();
        assert!(limits.check(&labels! { "a" => "1" }, &profile).is_ok());
        assert_eq!(
            limits.check(&labels! { "a" => "1", "b" => "2" }, &profile),
            Err(RefusalReason::TooManyLabels { found: 2, limit: 1 })
        );
        let sample = ProfileSample { stack: vec![0; 3], ..ProfileSample::default() };
        let profile = Profile { samples: vec![sample], ..Profile::default() };
        assert_eq!(
            limits.check(&Labels::default(), &profile),
            Err(RefusalReason::TooMany { what: "locations of a stack", limit: 2 })
        );
    }
}
