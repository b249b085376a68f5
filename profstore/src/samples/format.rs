//! The rows of one series as bytes.
//!
//! ~~~text
//! rows       varint
//! times      zigzag difference to the row before, each
//! durations  zigzag, each
//! counts     samples varint, each
//! stacks     difference to the sample before varint, row by row, counted from 0 in each
//! values     zigzag, row by row
//! spans      u8 per row: 0 none, 1 a u64 LE per sample of the row
//! ~~~
//!
//! The id of "no stack" is stored as 0 and every other id one higher, so that ids ascend.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::Row;
use crate::stacks::NO_STACK;

/// Appends rows in order of time.
pub(crate) fn write<'a>(rows: impl Iterator<Item = &'a Row> + Clone, out: &mut Vec<u8>) {
    varint::put_u64(out, rows.clone().count() as u64);
    let mut previous = 0;
    for row in rows.clone() {
        varint::put_i64(out, row.time.wrapping_sub(previous));
        previous = row.time;
    }
    rows.clone().for_each(|row| varint::put_i64(out, row.duration));
    rows.clone().for_each(|row| varint::put_u64(out, row.stacks.len() as u64));
    for row in rows.clone() {
        // Sorted by id, "no stack" is last in memory and first here.
        let mut ids: Vec<u32> = row.stacks.iter().map(|stack| stack.wrapping_add(1)).collect();
        ids.rotate_right(stackless(row));
        let mut previous = 0;
        for id in ids {
            varint::put_u64(out, u64::from(id.wrapping_sub(previous)));
            previous = id;
        }
    }
    for row in rows.clone() {
        let mut values = row.values.clone();
        values.rotate_right(stackless(row));
        values.iter().for_each(|value| varint::put_i64(out, *value));
    }
    for row in rows {
        out.push(u8::from(!row.spans.is_empty()));
        let mut spans = row.spans.clone();
        if !spans.is_empty() {
            spans.rotate_right(stackless(row));
        }
        spans.iter().for_each(|span| out.extend_from_slice(&span.to_le_bytes()));
    }
}

/// How many samples at the end of a row have no stack.
fn stackless(row: &Row) -> usize {
    row.stacks.iter().rev().take_while(|stack| **stack == NO_STACK).count()
}

/// Reads rows over `stacks` stacks.
///
/// # Errors
///
/// Where the bytes are no such rows.
pub(crate) fn read(input: &mut Cursor<'_>, stacks: usize) -> Result<Vec<Row>, Damaged> {
    let count = input.count(4)?;
    let mut rows = vec![Row::default(); count];
    let mut time = 0_i64;
    for row in &mut rows {
        time = time.wrapping_add(input.varint_i64()?);
        row.time = time;
    }
    for row in &mut rows {
        row.duration = input.varint_i64()?;
    }
    let mut counts = Vec::with_capacity(count);
    for _ in 0..count {
        counts.push(input.count(2)?);
    }
    for (row, count) in rows.iter_mut().zip(&counts) {
        let mut id = 0_u32;
        for _ in 0..*count {
            let next = id.checked_add(input.varint_u32()?).filter(|id| *id as usize <= stacks);
            id = next.ok_or_else(|| input.field("stack of a sample"))?;
            row.stacks.push(id.wrapping_sub(1));
        }
    }
    for (row, count) in rows.iter_mut().zip(&counts) {
        for _ in 0..*count {
            row.values.push(input.varint_i64()?);
        }
    }
    for (row, count) in rows.iter_mut().zip(&counts) {
        match input.u8()? {
            0 => {}
            1 => {
                for _ in 0..*count {
                    row.spans.push(input.u64()?);
                }
            }
            _ => return Err(input.field("spans of a row")),
        }
        let stackless = row.stacks.iter().take_while(|stack| **stack == NO_STACK).count();
        row.stacks.rotate_left(stackless);
        row.values.rotate_left(stackless);
        if !row.spans.is_empty() {
            row.spans.rotate_left(stackless);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_rows() {
        let rows = [
            Row::new(100, 10, vec![(0, 0, 5), (2, 0, -1)]),
            Row::new(160, 10, vec![(NO_STACK, 1, 3)]),
        ];
        let mut bytes = Vec::new();
        write(rows.iter(), &mut bytes);
        assert_eq!(
            bytes,
            [
                2, // rows
                200, 1, 120, // times
                20, 20, // durations
                2, 1, // counts
                1, 2, 0, // stacks
                10, 1, 6, // values
                0, 1, 1, 0, 0, 0, 0, 0, 0, 0, // spans
            ]
        );
        assert_eq!(read(&mut Cursor::new(&bytes), 3).unwrap(), rows);
        assert!(read(&mut Cursor::new(&bytes), 2).is_err());
    }

    proptest! {
        #[test]
        fn any_rows_round_trip(
            rows in prop::collection::vec(
                (any::<i64>(), any::<i64>(), prop::collection::vec(
                    (prop_oneof![0_u32..40, Just(NO_STACK)], 0_u64..3, any::<i64>()), 0..20)),
                0..10),
        ) {
            let rows: Vec<Row> =
                rows.into_iter().map(|(time, duration, samples)| Row::new(time, duration, samples)).collect();
            let mut bytes = Vec::new();
            write(rows.iter(), &mut bytes);
            prop_assert_eq!(read(&mut Cursor::new(&bytes), 40).unwrap(), rows);
        }

        #[test]
        fn any_bytes_are_an_error_or_rows(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&mut Cursor::new(&bytes), 20);
        }
    }
}
