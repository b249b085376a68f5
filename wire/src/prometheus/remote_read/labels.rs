//! The labels of the series of an answer.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::{Labels, LabelsBuilder};
use telemetry_core::sink::RefusalReason;

use crate::error::{Error, Fault};
use crate::prometheus::label;
use crate::prometheus::remote_write::labels::Pairs;
use crate::protobuf::{Bytes, Reader, Writer, pairs};

/// Reads the labels of series after series.
#[derive(Debug, Default)]
pub(super) struct LabelReader<'a> {
    pairs: Pairs<'a>,
    builder: LabelsBuilder,
}

impl<'a> LabelReader<'a> {
    /// Reads the labels at the head of the message of a series, and gives what follows them.
    pub(super) fn head(&mut self, message: Bytes<'a>) -> Result<Reader<'a>, Fault> {
        self.pairs.clear();
        let (labels, rest) = label::head(message)?;
        let is_read = self.pairs.add_plain(labels);
        // Else one by one, with all that follows.
        Ok(if is_read { rest } else { message.message() })
    }

    /// Reads a label.
    pub(super) fn label(&mut self, label: Reader<'a>) -> Result<(), Fault> {
        let [name, value] = pairs::texts(label)?;
        self.pairs.add(name.bytes, value.bytes);
        Ok(())
    }

    /// The labels of the series at `position`.
    pub(super) fn build(&mut self, position: usize) -> Result<Labels, Fault> {
        self.pairs.build(&mut self.builder).map_err(|reason| unusable(position, reason))
    }
}

pub(super) fn unusable(position: usize, reason: RefusalReason) -> Fault {
    Box::new(Error::Unusable { position, reason })
}

pub(super) fn write_labels(out: &mut Writer, labels: &Labels) {
    for (name, value) in labels {
        out.message(1, |out| {
            out.bytes(1, name.as_bytes());
            out.bytes(2, value.as_bytes());
        });
    }
}
