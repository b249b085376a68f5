//! Structured metadata as Loki stores it.
//!
//! Names are made label names by the rule for OpenTelemetry's attributes. One that is a label of
//! the stream too gets the suffix [`EXTRACTED`]. A value that is empty is left out.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use crate::otlp::name::LOKI;
use crate::otlp::texts::Texts;
use crate::protobuf::Bytes;

/// Put behind the name of metadata that is a label as well.
const EXTRACTED: &str = "_extracted";

/// The metadata of one entry.
#[derive(Debug, Default)]
pub(super) struct Metadata<'a> {
    /// Those that are as they were sent, as long as all are.
    plain: Vec<(&'a str, &'a str)>,
    /// All, from the first one on that is not.
    changed: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Metadata<'a> {
    pub(super) fn clear(&mut self) {
        self.plain.clear();
        self.changed.clear();
    }

    /// Adds a pair to an entry of the stream `labels`.
    pub(super) fn add(
        &mut self,
        name: Bytes<'a>,
        value: Bytes<'a>,
        labels: &[(&str, &str)],
        texts: &mut Texts,
    ) {
        let (name, value) = (texts.read(name), texts.read(value));
        if name.is_empty() || value.is_empty() {
            return;
        }
        let mut name = if LOKI.is_right(&name) {
            name
        } else {
            let mut right = String::new();
            LOKI.append(&name, &mut right);
            Cow::Owned(right)
        };
        if labels.iter().any(|(label, _)| *label == name) {
            name.to_mut().push_str(EXTRACTED);
        }
        match (name, value) {
            (Cow::Borrowed(name), Cow::Borrowed(value)) if self.changed.is_empty() => {
                self.plain.push((name, value));
            }
            changed => {
                let plain = self.plain.drain(..);
                self.changed.extend(plain.map(|(name, value)| (name.into(), value.into())));
                self.changed.push(changed);
            }
        }
    }

    /// Calls `then` with the pairs.
    pub(super) fn with<T>(&self, then: impl FnOnce(&[(&str, &str)]) -> T) -> T {
        if self.changed.is_empty() {
            return then(&self.plain);
        }
        let pairs: Vec<_> = self.changed.iter().map(|(name, value)| (&**name, &**value)).collect();
        then(&pairs)
    }
}
