//! Symbol tables as bytes.
//!
//! ~~~text
//! strings    count varint │ each: length varint, UTF-8 bytes           the first is empty
//! functions  count varint │ each: name, system name, file varint (strings), start line zigzag
//! mappings   count varint │ each: start, limit, offset varint, file, build id varint (strings), flags u8
//! locations  count varint │ each: mapping + 1 varint (0 none), address varint, flags u8,
//!            lines varint │ each: function + 1 varint (0 none), line zigzag, column zigzag
//!
//! mapping flags   bit 0 functions · 1 file names · 2 line numbers · 3 inlined frames
//! location flags  bit 0 folded
//! ~~~
//!
//! Every reference is checked on reading.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::{Function, Line, Location, Mapping};
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::SymbolTable;

/// Appends the tables.
pub(crate) fn write(table: &SymbolTable, out: &mut Vec<u8>) {
    varint::put_u64(out, table.strings().len() as u64);
    table.strings().iter().for_each(|text| varint::put_str(out, text));
    varint::put_u64(out, table.functions().len() as u64);
    for function in table.functions() {
        for string in [function.name, function.system_name, function.filename] {
            varint::put_u64(out, u64::from(string));
        }
        varint::put_i64(out, function.start_line);
    }
    varint::put_u64(out, table.mappings().len() as u64);
    table.mappings().iter().for_each(|mapping| write_mapping(mapping, out));
    varint::put_u64(out, table.locations().len() as u64);
    table.locations().iter().for_each(|location| write_location(location, out));
}

fn write_mapping(mapping: &Mapping, out: &mut Vec<u8>) {
    for number in [mapping.memory_start, mapping.memory_limit, mapping.file_offset] {
        varint::put_u64(out, number);
    }
    varint::put_u64(out, u64::from(mapping.filename));
    varint::put_u64(out, u64::from(mapping.build_id));
    let flags = [
        mapping.has_functions,
        mapping.has_filenames,
        mapping.has_line_numbers,
        mapping.has_inline_frames,
    ];
    out.push(flags.iter().rev().fold(0, |bits, flag| (bits << 1) | u8::from(*flag)));
}

fn write_location(location: &Location, out: &mut Vec<u8>) {
    varint::put_u64(out, optional(location.mapping));
    varint::put_u64(out, location.address);
    out.push(u8::from(location.is_folded));
    varint::put_u64(out, location.lines.len() as u64);
    for line in &location.lines {
        varint::put_u64(out, optional(line.function));
        varint::put_i64(out, line.line);
        varint::put_i64(out, line.column);
    }
}

fn optional(reference: Option<u32>) -> u64 {
    reference.map_or(0, |reference| u64::from(reference) + 1)
}

/// Reads the tables.
///
/// # Errors
///
/// Where the bytes are no symbol tables, or a reference leads nowhere.
pub(crate) fn read(input: &mut Cursor<'_>) -> Result<SymbolTable, Damaged> {
    let mut table = SymbolTable::default();
    let strings = input.count(1)?;
    for index in 0..strings {
        let text = input.str()?;
        match index {
            // The table starts with the empty string.
            0 if text.is_empty() => {}
            0 => return Err(input.field("first string")),
            _ => table.push_string(text),
        }
    }
    let functions = input.count(4)?;
    for _ in 0..functions {
        let name = reference(input, strings)?;
        let system_name = reference(input, strings)?;
        let filename = reference(input, strings)?;
        let start_line = input.varint_i64()?;
        table.push_function(Function { name, system_name, filename, start_line });
    }
    let mappings = input.count(6)?;
    for _ in 0..mappings {
        let mapping = read_mapping(input, strings)?;
        table.push_mapping(mapping);
    }
    let locations = input.count(4)?;
    for _ in 0..locations {
        let location = read_location(input, mappings, functions)?;
        table.push_location(location);
    }
    Ok(table)
}

fn read_mapping(input: &mut Cursor<'_>, strings: usize) -> Result<Mapping, Damaged> {
    let (memory_start, memory_limit) = (input.varint_u64()?, input.varint_u64()?);
    let file_offset = input.varint_u64()?;
    let (filename, build_id) = (reference(input, strings)?, reference(input, strings)?);
    let flags = input.u8()?;
    if flags > 0b1111 {
        return Err(input.field("flags of a mapping"));
    }
    Ok(Mapping {
        memory_start,
        memory_limit,
        file_offset,
        filename,
        build_id,
        has_functions: flags & 1 != 0,
        has_filenames: flags & 2 != 0,
        has_line_numbers: flags & 4 != 0,
        has_inline_frames: flags & 8 != 0,
    })
}

fn read_location(
    input: &mut Cursor<'_>,
    mappings: usize,
    functions: usize,
) -> Result<Location, Damaged> {
    let mapping = optional_reference(input, mappings)?;
    let address = input.varint_u64()?;
    let is_folded = match input.u8()? {
        0 => false,
        1 => true,
        _ => return Err(input.field("flags of a location")),
    };
    let lines = input.count(3)?;
    let lines = (0..lines)
        .map(|_| {
            let function = optional_reference(input, functions)?;
            Ok(Line { function, line: input.varint_i64()?, column: input.varint_i64()? })
        })
        .collect::<Result<Vec<Line>, Damaged>>()?;
    Ok(Location { mapping, address, lines, is_folded })
}

fn reference(input: &mut Cursor<'_>, len: usize) -> Result<u32, Damaged> {
    let number = input.varint_u32()?;
    if (number as usize) < len { Ok(number) } else { Err(input.field("reference to a symbol")) }
}

fn optional_reference(input: &mut Cursor<'_>, len: usize) -> Result<Option<u32>, Damaged> {
    match input.varint_u32()? {
        0 => Ok(None),
        number if (number as usize) <= len => Ok(Some(number - 1)),
        _ => Err(input.field("reference to a symbol")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table() -> SymbolTable {
        let mut table = SymbolTable::default();
        let name = table.intern_string("main");
        let function =
            table.intern_function(Function { name, start_line: 3, ..Default::default() });
        let mapping = table.intern_mapping(Mapping {
            memory_limit: 300,
            filename: name,
            has_functions: true,
            has_inline_frames: true,
            ..Default::default()
        });
        table.intern_location(&Location {
            mapping: Some(mapping),
            address: 255,
            lines: vec![Line { function: Some(function), line: -1, column: 2 }],
            is_folded: true,
        });
        table
    }

    #[test]
    fn golden_tables() {
        let mut bytes = Vec::new();
        write(&table(), &mut bytes);
        let expected: &[&[u8]] = &[
            &[2, 0, 4, b'm', b'a', b'i', b'n'],
            &[1, 1, 0, 0, 6],
            &[1, 0, 0xac, 0x02, 0, 1, 0, 0b1001],
            &[1, 1, 0xff, 0x01, 1, 1, 1, 1, 4],
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn tables_come_back_and_truncation_is_an_error() {
        let mut bytes = Vec::new();
        write(&table(), &mut bytes);
        let back = read(&mut Cursor::new(&bytes)).unwrap();
        assert_eq!(back.locations(), table().locations());
        assert_eq!(back.mappings(), table().mappings());
        assert_eq!(back.functions(), table().functions());
        assert_eq!(back.strings(), table().strings());
        for length in 0..bytes.len() {
            assert!(read(&mut Cursor::new(bytes.get(..length).unwrap())).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_tables(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&mut Cursor::new(&bytes));
        }
    }
}
