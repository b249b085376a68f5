//! The labels of a series or an exemplar, and whether they can be stored.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::{Labels, METRIC_NAME};
use telemetry_core::sink::{MetricSink, RawLabels, RefusalReason, SeriesRef};

/// Bytes of a wrong name that a refusal repeats: every sample of the series has one.
const NAME_BYTES_SHOWN: usize = 64;

/// Names and values as they lie in the body.
#[derive(Debug, Default)]
pub(crate) struct Pairs<'a> {
    pairs: Vec<(&'a str, &'a str)>,
    /// The first one that is not UTF-8 or has no name.
    invalid: Option<String>,
}

impl<'a> Pairs<'a> {
    /// Adds a label, unless its value is empty: that is the same as no label.
    pub(crate) fn add(&mut self, name: &'a [u8], value: &'a [u8]) {
        match (str::from_utf8(name), str::from_utf8(value)) {
            (Ok(name), Ok(value)) if !name.is_empty() => {
                if !value.is_empty() {
                    self.pairs.push((name, value));
                }
            }
            _ => {
                let shown = name.get(..NAME_BYTES_SHOWN).unwrap_or(name);
                self.invalid.get_or_insert_with(|| String::from_utf8_lossy(shown).into_owned());
            }
        }
    }

    /// The series with these labels. One without a metric name is refused, as Prometheus does.
    pub(crate) fn resolve<S: MetricSink + ?Sized>(
        self,
        sink: &mut S,
    ) -> Result<SeriesRef, RefusalReason> {
        let pairs = self.checked()?;
        if !pairs.iter().any(|(name, _)| *name == METRIC_NAME) {
            return Err(RefusalReason::Malformed { rule: "a series has a metric name" });
        }
        sink.resolve(&RawLabels::new(&pairs))
    }

    /// The labels of an exemplar.
    pub(crate) fn build(self) -> Result<Labels, RefusalReason> {
        Ok(self.checked()?.into_iter().collect())
    }

    fn checked(self) -> Result<Vec<(&'a str, &'a str)>, RefusalReason> {
        if let Some(name) = self.invalid {
            return Err(RefusalReason::InvalidLabel { name });
        }
        if let Some(name) = RawLabels::new(&self.pairs).duplicate() {
            return Err(RefusalReason::DuplicateLabel { name: shown(name).to_owned() });
        }
        Ok(self.pairs)
    }
}

fn shown(name: &str) -> &str {
    name.get(..name.floor_char_boundary(NAME_BYTES_SHOWN)).unwrap_or(name)
}
