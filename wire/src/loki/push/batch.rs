//! What a body holds, as places in its texts: read whole before anything is handed to a sink.
//!
//! A batch is used for body after body, so that reading one allocates next to nothing. Lines and
//! metadata are places in the *texts*: the message in protobuf, or what the strings of JSON stand
//! for. Labels are few and have a text of their own.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

use telemetry_core::sink::{LogRecord, LogSink, RawLabels, RefusalReason};

use super::labels::Pairs;
use super::metadata::Metadata;
use crate::otlp::texts::Texts;
use crate::protobuf::Bytes;

/// A place in the texts.
pub(super) type Place = Range<usize>;

/// Streams with their entries.
#[derive(Debug, Default)]
pub(super) struct Batch {
    streams: Vec<Stream>,
    entries: Vec<Entry>,
    /// Names and values.
    metadata: Vec<[Place; 2]>,
    /// Names and values, places in `label_texts`.
    labels: Vec<[Place; 2]>,
    label_texts: String,
}

/// Where in the lists of a batch a stream ends; it begins where the one before ends.
#[derive(Debug)]
struct Stream {
    labels_end: usize,
    entries_end: usize,
}

#[derive(Debug)]
struct Entry {
    /// None where 64 bits of nanoseconds do not hold it.
    time: Option<i64>,
    line: Place,
    metadata_end: usize,
}

impl Batch {
    /// Makes room for the next body.
    pub(super) fn clear(&mut self) {
        self.streams.clear();
        self.entries.clear();
        self.metadata.clear();
        self.labels.clear();
        self.label_texts.clear();
    }

    /// Adds the labels of the present stream. One with an empty value is none.
    pub(super) fn add_labels(&mut self, pairs: &Pairs<'_>) {
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            let start = self.label_texts.len();
            self.label_texts.push_str(name);
            let middle = self.label_texts.len();
            self.label_texts.push_str(value);
            self.labels.push([start..middle, middle..self.label_texts.len()]);
        }
    }

    /// Adds a pair of metadata to the present entry.
    #[inline]
    pub(super) fn add_metadata(&mut self, name: Place, value: Place) {
        self.metadata.push([name, value]);
    }

    /// Forgets the metadata of the present entry.
    pub(super) fn clear_metadata(&mut self) {
        let start = self.entries.last().map_or(0, |entry| entry.metadata_end);
        self.metadata.truncate(start);
    }

    /// Ends the present entry.
    #[inline]
    pub(super) fn end_entry(&mut self, time: Option<i64>, line: Place) {
        self.entries.push(Entry { time, line, metadata_end: self.metadata.len() });
    }

    /// Ends the present stream.
    pub(super) fn end_stream(&mut self) {
        let (labels_end, entries_end) = (self.labels.len(), self.entries.len());
        self.streams.push(Stream { labels_end, entries_end });
    }

    /// Whether there is no stream.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Hands all entries to `sink`; places of lines and metadata are in `texts`.
    pub(super) fn hand_over<S: LogSink + ?Sized>(
        &self,
        texts: &[u8],
        counted: &mut Texts,
        sink: &mut S,
    ) {
        let [mut label, mut entry, mut pair] = [0; 3];
        let mut pairs = Vec::new();
        let mut metadata = Metadata::default();
        for stream in &self.streams {
            pairs.clear();
            let labels = self.labels.get(label..stream.labels_end).unwrap_or_default();
            let text = |place: &Place| self.label_texts.get(place.clone()).unwrap_or_default();
            pairs.extend(labels.iter().map(|[name, value]| (text(name), text(value))));
            let labels = RawLabels::hashed(&pairs);
            for entry in self.entries.get(entry..stream.entries_end).unwrap_or_default() {
                let of_entry = self.metadata.get(pair..entry.metadata_end).unwrap_or_default();
                pair = entry.metadata_end;
                metadata.clear();
                for [name, value] in of_entry {
                    metadata.add(bytes(texts, name), bytes(texts, value), &pairs, counted);
                }
                let line = bytes(texts, &entry.line).bytes;
                match entry.time {
                    Some(time) => metadata.with(|metadata| {
                        sink.push(&labels, LogRecord { time, line, metadata });
                    }),
                    None => sink.refuse(RefusalReason::InvalidTime { time: i64::MAX }),
                }
            }
            (label, entry) = (stream.labels_end, stream.entries_end);
        }
    }
}

#[inline]
fn bytes<'t>(texts: &'t [u8], place: &Place) -> Bytes<'t> {
    Bytes { bytes: texts.get(place.clone()).unwrap_or_default(), at: place.start }
}
