//! The labels of a series or an exemplar, and whether they can be stored.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::{Labels, LabelsBuilder, METRIC_NAME};
use telemetry_core::sink::{MetricSink, RawLabels, RefusalReason, SeriesRef};

use crate::prometheus::label;

/// Bytes of a wrong name that a refusal repeats: every sample of the series has one.
const NAME_BYTES_SHOWN: usize = 64;

/// Names and values as they lie in the body. Kept from series to series for its memory.
#[derive(Debug, Default)]
pub(crate) struct Pairs<'a> {
    pairs: Vec<(&'a str, &'a str)>,
    /// The first one that is not UTF-8 or has no name.
    invalid: Option<String>,
}

impl<'a> Pairs<'a> {
    /// None yet, with room for so many.
    pub(crate) fn with_capacity(labels: usize) -> Self {
        Pairs { pairs: Vec::with_capacity(labels), invalid: None }
    }

    pub(crate) fn clear(&mut self) {
        self.pairs.clear();
        self.invalid = None;
    }

    /// Adds a label, unless its value is empty: that is the same as no label.
    pub(crate) fn add(&mut self, name: &'a [u8], value: &'a [u8]) {
        self.add_checked(name, str::from_utf8(name).ok(), str::from_utf8(value).ok());
    }

    /// As [`add`](Self::add), where it is known what is UTF-8.
    #[inline]
    pub(crate) fn add_checked(
        &mut self,
        shown: &'a [u8],
        name: Option<&'a str>,
        value: Option<&'a str>,
    ) {
        match (name, value) {
            (Some(name), Some(value)) if !name.is_empty() => {
                if !value.is_empty() {
                    self.pairs.push((name, value));
                }
            }
            _ => {
                let shown = shown.get(..NAME_BYTES_SHOWN).unwrap_or(shown);
                self.invalid.get_or_insert_with(|| String::from_utf8_lossy(shown).into_owned());
            }
        }
    }

    /// Adds the labels that are `fields`, tags included, if they are
    /// [written as all senders do](label::plain). False where they are not; nothing is added then.
    pub(crate) fn add_plain(&mut self, fields: &'a [u8]) -> bool {
        let (before, pairs) = (self.pairs.len(), &mut self.pairs);
        let added = label::plain(fields, |name, value| {
            if !value.is_empty() {
                pairs.push((name, value));
            }
        });
        if added.is_none() {
            self.pairs.truncate(before);
        }
        added.is_some()
    }

    /// The series with these labels. One without a metric name is refused, as Prometheus does.
    pub(crate) fn resolve<S: MetricSink + ?Sized>(
        &self,
        sink: &mut S,
    ) -> Result<SeriesRef, RefusalReason> {
        let labels = self.checked()?;
        if !self.pairs.iter().any(|(name, _)| *name == METRIC_NAME) {
            return Err(RefusalReason::Malformed { rule: "a series has a metric name" });
        }
        sink.resolve(&labels)
    }

    /// The labels of an exemplar or of an answer. The builder is there for its memory.
    pub(crate) fn build(&self, builder: &mut LabelsBuilder) -> Result<Labels, RefusalReason> {
        self.checked()?;
        builder.clear();
        for (name, value) in &self.pairs {
            builder.set(name, value);
        }
        Ok(builder.build())
    }

    fn checked(&self) -> Result<RawLabels<'_>, RefusalReason> {
        if let Some(name) = &self.invalid {
            return Err(RefusalReason::InvalidLabel { name: name.clone() });
        }
        let labels = RawLabels::new(&self.pairs);
        match labels.duplicate() {
            Some(name) => Err(RefusalReason::DuplicateLabel { name: shown(name).to_owned() }),
            None => Ok(labels),
        }
    }
}

fn shown(name: &str) -> &str {
    name.get(..name.floor_char_boundary(NAME_BYTES_SHOWN)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::Writer;

    fn fields(labels: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut out = Writer::default();
        for (name, value) in labels {
            out.message(1, |out| {
                out.bytes(1, name);
                out.bytes(2, value);
            });
        }
        out.finish()
    }

    #[test]
    fn plain_labels_are_those_that_are_read_one_by_one() {
        let long = [b'x'; 128];
        type Label<'a> = (&'a [u8], &'a [u8]);
        let cases: [(&[Label<'_>], bool); 8] = [
            (&[(b"__name__", b"up"), (b"job", "ü".as_bytes()), (b"empty", b"")], true),
            (&[], true),
            (&[(b"", b"no name")], false),
            (&[(b"a", b"\xff")], false),
            // Together they are UTF-8.
            (&[(b"a\xc3", b"\xbc")], false),
            (&[(b"a", &long[..127 - 5])], true),
            (&[(b"a", &long[..127 - 4])], false),
            (&[(b"a", &long)], false),
        ];
        for (labels, is_plain) in cases {
            let bytes = fields(labels);
            let (mut plain, mut each) = (Pairs::default(), Pairs::default());
            assert_eq!(plain.add_plain(&bytes), is_plain, "{bytes:?}");
            labels.iter().for_each(|(name, value)| each.add(name, value));
            if is_plain {
                assert_eq!(plain.pairs, each.pairs);
            } else {
                assert!(plain.pairs.is_empty());
            }
            for end in 1..bytes.len() {
                let mut cut = Pairs::default();
                let is_whole = cut.add_plain(&bytes[..end]);
                assert!(!is_whole || each.pairs.starts_with(&cut.pairs), "{bytes:?} cut at {end}");
            }
        }
    }
}
