//! What the fuzz targets of this crate run; not for users. Each returns on any input and panics where
//! what was read is not what is read again after writing it.

use telemetry_core::storage::cursor::Cursor;

use crate::block::format;
use crate::{record, samples, stacks, symbols};

/// Stacks that fuzzed rows may refer to.
const STACKS: usize = 20;

/// A record of the log.
pub fn record(data: &[u8]) {
    let Ok(set) = record::decode(data) else { return };
    let mut bytes = Vec::new();
    record::encode(&set, &mut bytes);
    assert!(record::decode(&bytes).is_ok_and(|back| back.series == set.series));
}

/// Symbols, and stacks of them.
pub fn symbols(data: &[u8]) {
    let read = |bytes: &[u8]| {
        let mut input = Cursor::new(bytes);
        let symbols = symbols::format::read(&mut input)?;
        let stacks = stacks::format::read(&mut input, symbols.locations().len())?;
        let mut written = Vec::new();
        symbols::format::write(&symbols, &mut written);
        stacks::format::write(&stacks, &mut written);
        for location in (0..).take(symbols.locations().len()) {
            symbols.frames(location, |_| {});
        }
        Ok::<_, telemetry_core::storage::Damaged>(written)
    };
    if let Ok(bytes) = read(data) {
        assert_eq!(read(&bytes), Ok(bytes));
    }
}

/// Rows of a page.
pub fn rows(data: &[u8]) {
    let Ok(rows) = samples::format::read(&mut Cursor::new(data), STACKS) else { return };
    let mut bytes = Vec::new();
    samples::format::write(rows.iter(), &mut bytes);
    assert_eq!(samples::format::read(&mut Cursor::new(&bytes), STACKS), Ok(rows));
}

/// The table of series of a block.
pub fn series(data: &[u8]) {
    let Ok(series) = format::read_series(&mut Cursor::new(data)) else { return };
    let mut bytes = Vec::new();
    format::write_series(&series, &mut bytes);
    assert_eq!(format::read_series(&mut Cursor::new(&bytes)), Ok(series));
}
