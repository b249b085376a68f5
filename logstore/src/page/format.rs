//! A page as bytes: columns of lines, each part readable without the others.
//!
//! ~~~text
//! head      length varint, LZ4 (storage::lz4) of
//!   rows      varint
//!   times     zigzag difference to the row before, each
//!   lengths   bytes of the line varint, each
//! metadata  length varint (0: no row has any), LZ4 of
//!   strings   varint │ each: length varint, UTF-8 bytes       distinct names and values
//!   counts    pairs varint, per row
//!   pairs     name varint, value varint (strings), row by row
//! text      text/choose.rs                                     the lines, one after the other
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use hashbrown::HashMap;
use telemetry_core::source::{LogColumns, LogWant};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, lz4, varint};

use crate::text::choose;

/// Appends a page.
pub(crate) fn write(columns: &LogColumns, out: &mut Vec<u8>) {
    let mut raw = Vec::new();
    varint::put_u64(&mut raw, columns.len() as u64);
    let mut previous = 0_i64;
    for time in &columns.times {
        varint::put_i64(&mut raw, time.wrapping_sub(previous));
        previous = *time;
    }
    for row in 0..columns.len() {
        varint::put_u64(&mut raw, columns.line_bytes(row) as u64);
    }
    put_part(&raw, out);
    if columns.metadata_ends.is_empty() {
        varint::put_u64(out, 0);
    } else {
        raw.clear();
        write_metadata(columns, &mut raw);
        put_part(&raw, out);
    }
    choose::write(&columns.text, out);
}

fn put_part(raw: &[u8], out: &mut Vec<u8>) {
    let mut packed = Vec::new();
    lz4::put(&mut packed, raw);
    varint::put_bytes(out, &packed);
}

fn write_metadata(columns: &LogColumns, out: &mut Vec<u8>) {
    let mut ids: HashMap<&str, u64> = HashMap::new();
    let mut strings: Vec<&str> = Vec::new();
    let mut pairs = Vec::new();
    let mut counts = Vec::new();
    let mut id = |text| {
        *ids.entry(text).or_insert_with(|| {
            strings.push(text);
            strings.len() as u64 - 1
        })
    };
    for row in 0..columns.len() {
        let before = pairs.len();
        pairs.extend(columns.metadata(row).map(|(name, value)| (id(name), id(value))));
        counts.push((pairs.len() - before) as u64);
    }
    varint::put_u64(out, strings.len() as u64);
    strings.iter().for_each(|text| varint::put_str(out, text));
    counts.iter().for_each(|count| varint::put_u64(out, *count));
    for (name, value) in pairs {
        varint::put_u64(out, name);
        varint::put_u64(out, value);
    }
}

/// Fills `into` with the wanted columns of a page. What was in it is gone.
///
/// # Errors
///
/// Where the bytes are no page.
pub(crate) fn read(bytes: &[u8], want: LogWant, into: &mut LogColumns) -> Result<(), Damaged> {
    into.clear();
    let mut input = Cursor::new(bytes);
    let head = lz4::read(&mut Cursor::new(input.bytes()?))?;
    let mut head = Cursor::new(&head);
    let rows = head.count(2)?;
    let mut time = 0_i64;
    for _ in 0..rows {
        time = time.wrapping_add(head.varint_i64()?);
        into.times.push(time);
    }
    let mut end = 0_usize;
    for _ in 0..rows {
        let length = usize::try_from(head.varint_u64()?).ok();
        end = length
            .and_then(|length| end.checked_add(length))
            .filter(|end| *end <= choose::TEXT_BYTES_MAX)
            .ok_or_else(|| head.field("length of a line"))?;
        into.text_ends.push(end);
    }
    head.finish()?;
    let metadata = input.bytes()?;
    if want.metadata && !metadata.is_empty() {
        read_metadata(&lz4::read(&mut Cursor::new(metadata))?, rows, into)?;
    }
    if want.text {
        into.text = choose::read(&mut input)?;
        if into.text.len() != end {
            return Err(input.field("length of the text"));
        }
        input.finish()?;
    } else if !want.lengths {
        into.text_ends.clear();
    }
    Ok(())
}

fn read_metadata(raw: &[u8], rows: usize, into: &mut LogColumns) -> Result<(), Damaged> {
    let mut input = Cursor::new(raw);
    let count = input.count(1)?;
    let mut strings = Vec::with_capacity(count);
    for _ in 0..count {
        strings.push(input.str()?);
    }
    let mut pairs = 0_usize;
    for _ in 0..rows {
        pairs = pairs.saturating_add(input.count(0)?);
        into.metadata_ends.push(pairs);
    }
    if pairs.saturating_mul(2) > input.remaining() {
        return Err(input.field("number of metadata pairs"));
    }
    for _ in 0..pairs {
        let mut string = || {
            let id = input.varint_u32()? as usize;
            strings.get(id).copied().ok_or_else(|| input.field("reference to metadata"))
        };
        let (name, value) = (string()?, string()?);
        into.metadata_text.push_str(name);
        let name_end = into.metadata_text.len();
        into.metadata_text.push_str(value);
        into.metadata_pairs.push((name_end, into.metadata_text.len()));
    }
    input.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page() -> LogColumns {
        let mut columns = LogColumns::default();
        columns.push(100, b"a=1", []);
        columns.push(160, b"", [("k", "v"), ("l", "v")]);
        columns
    }

    #[test]
    fn golden_page() {
        let mut bytes = Vec::new();
        write(&page(), &mut bytes);
        let expected: &[&[u8]] = &[
            // 6 raw bytes: 2 rows; times +100, +60; lengths 3, 0. LZ4 leaves them as they are.
            &[9, 6, 7, 0x60, 2, 200, 1, 120, 3, 0],
            // 13 raw bytes: strings k v l; pairs per row 0, 2; k v, l v.
            &[16, 13, 14, 0xd0, 3, 1, b'k', 1, b'v', 1, b'l', 0, 2, 0, 1, 2, 1],
            // LZ4, 3 raw bytes.
            &[1, 3, 4, 0x30, b'a', b'=', b'1'],
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn parts_are_read_alone() {
        let mut bytes = Vec::new();
        write(&page(), &mut bytes);
        let mut columns = LogColumns::default();
        read(&bytes, LogWant::TIMES, &mut columns).unwrap();
        assert_eq!(columns.times, [100, 160]);
        assert!(columns.text_ends.is_empty() && columns.metadata_ends.is_empty());
        read(&bytes, LogWant { lengths: true, ..LogWant::TIMES }, &mut columns).unwrap();
        assert_eq!((columns.line_bytes(0), columns.line_bytes(1)), (3, 0));
        assert!(columns.text.is_empty());
    }

    proptest! {
        #[test]
        fn any_lines_round_trip(
            rows in prop::collection::vec(
                (any::<i64>(), prop::collection::vec(any::<u8>(), 0..40),
                 prop::collection::btree_map("[a-c]{1,2}", "[a-z]{0,3}", 0..3)),
                0..60),
        ) {
            let mut columns = LogColumns::default();
            for (time, line, names) in &rows {
                columns.push(*time, line, names.iter().map(|(n, v)| (&**n, &**v)));
            }
            let mut bytes = Vec::new();
            write(&columns, &mut bytes);
            let mut back = LogColumns::default();
            read(&bytes, LogWant::ALL, &mut back).unwrap();
            prop_assert_eq!(back.len(), rows.len());
            for (row, (time, line, names)) in rows.iter().enumerate() {
                prop_assert_eq!(back.times[row], *time);
                prop_assert_eq!(back.line(row), &line[..]);
                let found: Vec<(&str, &str)> = back.metadata(row).collect();
                let expected: Vec<(&str, &str)> =
                    names.iter().map(|(n, v)| (&**n, &**v)).collect();
                prop_assert_eq!(found, expected);
            }
            for length in 0..bytes.len() {
                prop_assert!(read(&bytes[..length], LogWant::ALL, &mut back).is_err());
            }
        }

        #[test]
        fn any_bytes_are_an_error_or_lines(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, LogWant::ALL, &mut LogColumns::default());
        }
    }
}
