//! What a commit writes into the log: its lines, in the order they came.
//!
//! ~~~text
//! streams   varint │ each: label set (storage::label_set)
//! lines     varint │ each:
//!   stream    varint (streams)
//!   time      zigzag difference to the line before
//!   text      length varint, bytes
//!   metadata  pairs varint │ each: name, value: length varint, UTF-8 bytes
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::Labels;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, label_set, varint};

/// A line of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The number of the stream in the commit.
    pub(crate) stream: u32,
    pub(crate) time: i64,
    pub(crate) text: &'a [u8],
    pub(crate) metadata: &'a [(&'a str, &'a str)],
}

/// Writes a record line by line, where it is to be.
#[derive(Debug)]
pub(crate) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    previous: i64,
}

impl<'o> Writer<'o> {
    /// Begins a record of `lines` lines, each of which is then pushed.
    pub(crate) fn begin<'a>(
        streams: impl ExactSizeIterator<Item = &'a Labels>,
        lines: usize,
        out: &'o mut Vec<u8>,
    ) -> Self {
        varint::put_u64(out, streams.len() as u64);
        streams.for_each(|labels| label_set::put(out, labels));
        varint::put_u64(out, lines as u64);
        Writer { out, previous: 0 }
    }

    /// Adds a line.
    pub(crate) fn push(&mut self, line: &Line<'_>) {
        varint::put_u64(self.out, u64::from(line.stream));
        varint::put_i64(self.out, line.time.wrapping_sub(self.previous));
        self.previous = line.time;
        varint::put_bytes(self.out, line.text);
        varint::put_u64(self.out, line.metadata.len() as u64);
        for (name, value) in line.metadata {
            varint::put_str(self.out, name);
            varint::put_str(self.out, value);
        }
    }
}

/// A record whose streams were read and whose lines were not.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) streams: Vec<Labels>,
    lines: Cursor<'a>,
}

/// Reads the streams of a record.
///
/// # Errors
///
/// Where the bytes are no record.
pub(crate) fn read(record: &[u8]) -> Result<Record<'_>, Damaged> {
    let mut input = Cursor::new(record);
    let count = input.count(1)?;
    let mut streams = Vec::with_capacity(count);
    for _ in 0..count {
        streams.push(label_set::read(&mut input)?);
    }
    Ok(Record { streams, lines: input })
}

impl Record<'_> {
    /// Hands the lines to `each`, in order.
    ///
    /// # Errors
    ///
    /// Where the bytes are no record; lines before the damage were handed over.
    pub(crate) fn lines(&self, mut each: impl FnMut(Line<'_>)) -> Result<(), Damaged> {
        let mut input = self.lines.clone();
        let lines = input.count(4)?;
        let mut time = 0_i64;
        let mut metadata = Vec::new();
        for _ in 0..lines {
            let stream = input.varint_u32()?;
            if stream as usize >= self.streams.len() {
                return Err(input.field("stream of a line"));
            }
            time = time.wrapping_add(input.varint_i64()?);
            let text = input.bytes()?;
            metadata.clear();
            for _ in 0..input.count(2)? {
                metadata.push((input.str()?, input.str()?));
            }
            each(Line { stream, time, text, metadata: &metadata });
        }
        input.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telemetry_core::labels;

    #[test]
    fn golden_record() {
        let stream = labels! { "a" => "b" };
        let line = Line { stream: 0, time: 5, text: b"x", metadata: &[("k", "")] };
        let mut record = Vec::new();
        Writer::begin([&stream].into_iter(), 1, &mut record).push(&line);
        assert_eq!(record, [1, 1, 1, b'a', 1, b'b', 1, 0, 10, 1, b'x', 1, 1, b'k', 0]);
        let back = read(&record).unwrap();
        assert_eq!(back.streams, [stream]);
        let mut lines = 0;
        back.lines(|found| {
            lines += 1;
            assert_eq!(found, line);
        })
        .unwrap();
        assert_eq!(lines, 1);
        for length in 0..record.len() {
            let cut = record.get(..length).unwrap();
            assert!(read(cut).and_then(|record| record.lines(|_| {})).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_lines(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes).and_then(|record| record.lines(|_| {}));
        }
    }
}
