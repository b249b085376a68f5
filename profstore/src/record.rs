//! What a commit writes into the log: the set of its profiles.
//!
//! ~~~text
//! LZ4 (storage::lz4) of
//!   symbols   symbols/format.rs
//!   stacks    stacks/format.rs
//!   series    varint │ each: label set (storage::label_set), rows (samples/format.rs)
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, label_set, lz4, varint};

use crate::samples;
use crate::set::ProfileSet;
use crate::{stacks, symbols};

/// Appends the record of a set.
pub(crate) fn encode(set: &ProfileSet, out: &mut Vec<u8>) {
    let mut raw = Vec::new();
    symbols::format::write(&set.symbols, &mut raw);
    stacks::format::write(&set.stacks, &mut raw);
    varint::put_u64(&mut raw, set.series.len() as u64);
    for (labels, rows) in &set.series {
        label_set::put(&mut raw, labels);
        samples::format::write(rows.iter().map(Arc::as_ref), &mut raw);
    }
    lz4::put(out, &raw);
}

/// Reads a record.
///
/// # Errors
///
/// Where the bytes are no record.
pub(crate) fn decode(record: &[u8]) -> Result<ProfileSet, Damaged> {
    let mut input = Cursor::new(record);
    let raw = lz4::read(&mut input)?;
    input.finish()?;
    let mut input = Cursor::new(&raw);
    let symbols = symbols::format::read(&mut input)?;
    let stacks = stacks::format::read(&mut input, symbols.locations().len())?;
    let mut set = ProfileSet::new(symbols, stacks);
    let series = input.count(2)?;
    for _ in 0..series {
        let labels = label_set::read(&mut input)?;
        for row in samples::format::read(&mut input, set.stacks.len())? {
            set.push(&labels, Arc::new(row));
        }
    }
    input.finish()?;
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telemetry_core::labels;

    use crate::samples::Row;

    #[test]
    fn a_set_comes_back_and_truncation_is_an_error() {
        let mut set = ProfileSet::default();
        let location = set.symbols.intern_location(&Default::default());
        let stack = set.stacks.intern([location].into_iter());
        let row = Row::new(5, 10, vec![(stack, 0, 7)]);
        set.push(&labels! { "service" => "x" }, Arc::new(row));
        let mut record = Vec::new();
        encode(&set, &mut record);
        let back = decode(&record).unwrap();
        assert_eq!(back.series, set.series);
        for length in 0..record.len() {
            assert!(decode(record.get(..length).unwrap()).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_a_set(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
