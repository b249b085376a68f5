//! Reads a block.

use std::sync::Arc;

use telemetry_core::storage::block::{BlockFile, BlockReader};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, Result, lz4};

use super::format::{self, Page, SeriesPages};
use crate::samples::{self, Row};
use crate::stacks::{self, StackTree};
use crate::symbols::{self, SymbolTable};

/// An opened block: its tables in memory, its rows on disk.
#[derive(Debug)]
pub(crate) struct Block {
    file: BlockFile,
    pub(crate) symbols: SymbolTable,
    pub(crate) stacks: StackTree,
    pub(crate) series: Vec<SeriesPages>,
}

impl Block {
    /// Reads the tables of a block.
    ///
    /// # Errors
    ///
    /// Where they cannot be read or are damaged.
    pub(crate) fn open(reader: &BlockReader) -> Result<Block> {
        let file = reader.file(format::FILE)?;
        let symbols = read_section(&file, format::SYMBOLS, symbols::format::read)?;
        let locations = symbols.locations().len();
        let stacks =
            read_section(&file, format::STACKS, |input| stacks::format::read(input, locations))?;
        let series = read_section(&file, format::SERIES, format::read_series)?;
        Ok(Block { file, symbols, stacks, series })
    }

    /// The rows of a page.
    ///
    /// # Errors
    ///
    /// Where they cannot be read or are damaged.
    pub(crate) fn rows(&self, page: Page) -> Result<Arc<Vec<Row>>> {
        let stacks = self.stacks.len();
        self.file.decoded_page(format::ROWS, page.at, |bytes| {
            let mut input = Cursor::new(bytes);
            let raw = lz4::read(&mut input)?;
            input.finish()?;
            let mut input = Cursor::new(&raw);
            let rows = samples::format::read(&mut input, stacks)?;
            input.finish()?;
            let bytes = rows.iter().map(|row| row.bytes() as u64).sum();
            Ok((rows, bytes))
        })
    }

    /// Reads every row.
    ///
    /// # Errors
    ///
    /// The first damage.
    pub(crate) fn verify(&self) -> Result<()> {
        for page in self.series.iter().flat_map(|series| &series.pages) {
            self.rows(*page)?;
        }
        Ok(())
    }
}

fn read_section<T>(
    file: &BlockFile,
    id: u32,
    read: impl FnOnce(&mut Cursor<'_>) -> Result<T, Damaged>,
) -> Result<T> {
    let bytes = file.read_section(id)?;
    let decode = || {
        let mut input = Cursor::new(&bytes);
        let raw = lz4::read(&mut input)?;
        input.finish()?;
        let mut input = Cursor::new(&raw);
        let table = read(&mut input)?;
        input.finish()?;
        Ok(table)
    };
    decode().map_err(|damaged| file.damaged_in(id, damaged))
}
