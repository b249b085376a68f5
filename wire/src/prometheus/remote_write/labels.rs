//! The labels of a series or an exemplar, and whether they can be stored.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::{Labels, LabelsBuilder, METRIC_NAME};
use telemetry_core::sink::{MetricSink, RawLabels, RefusalReason, SeriesRef};

use super::known::LABEL_TAG;

/// Bytes of a wrong name that a refusal repeats: every sample of the series has one.
const NAME_BYTES_SHOWN: usize = 64;

/// The first bytes of a label's name and value: fields 1 and 2, of a length.
const NAME_TAG: u8 = 0x0a;
const VALUE_TAG: u8 = 0x12;

/// Lengths from here on take more than a byte.
const LONG: u8 = 0x80;

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

    /// Adds the labels that are `fields`, tags included, if they are written as all senders do:
    /// name, then value, each of less than 128 bytes. They are checked to be UTF-8 in one go, tags
    /// and lengths with them, which costs a fraction of checking them one by one. False where they
    /// are written otherwise; nothing is added then.
    pub(crate) fn add_plain(&mut self, fields: &'a [u8]) -> bool {
        let before = self.pairs.len();
        let added = str::from_utf8(fields).ok().and_then(|fields| self.add_fields(fields));
        if added.is_none() {
            self.pairs.truncate(before);
        }
        added.is_some()
    }

    #[inline]
    fn add_fields(&mut self, mut fields: &'a str) -> Option<()> {
        while !fields.is_empty() {
            let [LABEL_TAG, len, NAME_TAG, name_len, ..] = *fields.as_bytes() else { return None };
            // Cut between characters, or not at all: pieces of UTF-8 are UTF-8.
            let (name, rest) = fields.get(4..)?.split_at_checked(name_len.into())?;
            let [VALUE_TAG, value_len, ..] = *rest.as_bytes() else { return None };
            let (value, rest) = rest.get(2..)?.split_at_checked(value_len.into())?;
            let is_short = (len | name_len | value_len) < LONG;
            if !is_short || usize::from(len) != 4 + name.len() + value.len() || name.is_empty() {
                return None;
            }
            if !value.is_empty() {
                self.pairs.push((name, value));
            }
            fields = rest;
        }
        Some(())
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
