//! The text of a page by templates.
//!
//! ~~~text
//! bytes    varint              of the text
//! columns  packed (text/pack.rs): a column (below) per slot, template by template
//! rows     packed              which template of the page each row has: the low bytes, then, with
//!                              more than 256 templates, the high bytes
//! symbols  packed              of dictionaries, a byte each
//! strings  packed              texts, one behind the other
//! numbers  length varint, bytes: packed numbers, each column from a byte on
//!
//! column   u8 kind, then
//!   0 constant    length varint, bytes
//!   1 time        u8 field of the row's time (clock.rs)
//!   2 decimal     u8 digits (0: as many as needed; 255: the number is that of `1` and the digits),
//!                 numbers
//!   3 hex         u8 digits up to 16, + 128 if upper case; numbers
//!   4 long hex    varint digits, u8 1 if upper case; the rows' digits, two a byte, each row from a
//!                 byte on, in `numbers`
//!   5 text        lengths as numbers, bytes varint; the rows' bytes in `strings`
//!   +16           before numbers and rows: values varint │ each: varint, or length varint and bytes
//!                 for long hex and text; symbols varint, in `symbols`: a row's value, or 255 for
//!                 one of the others varint that follow
//!   +32           numbers are differences to the row before, folded; first varint before them
//!
//! numbers  base varint, u8 bits; each - base in `numbers`
//! ~~~
//!
//! The page's templates, their number in the block's dictionary and their rows, are in the table of
//! the block: so a page can be copied into another block as it is.

pub(super) const CONSTANT: u8 = 0;
pub(super) const TIME: u8 = 1;
pub(super) const DECIMAL: u8 = 2;
pub(super) const HEX: u8 = 3;
pub(super) const LONG_HEX: u8 = 4;
pub(super) const TEXT: u8 = 5;
/// With a dictionary of frequent values.
pub(super) const DICTIONARY: u8 = 16;
/// Numbers as differences.
pub(super) const STEPS: u8 = 32;

/// Decimal: as many digits as needed.
pub(super) const FREE: u8 = 0;
/// Decimal: behind a `1` that is not shown.
pub(super) const TAGGED: u8 = 255;
/// Hex in upper case.
pub(super) const UPPER: u8 = 128;
/// The symbol of a value that is not in the dictionary.
pub(super) const ESCAPE: u8 = 255;
/// Digits of a decimal number that always fits.
pub(super) const DECIMAL_DIGITS_MAX: u32 = 19;
/// Digits of a hexadecimal number that fits.
pub(super) const HEX_DIGITS_MAX: u32 = 16;

/// The parts of a coded page while they grow.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) columns: Vec<u8>,
    pub(super) rows: Vec<u8>,
    pub(super) symbols: Vec<u8>,
    pub(super) strings: Vec<u8>,
    pub(super) numbers: Vec<u8>,
}

impl Sections {
    pub(super) fn clear(&mut self) {
        self.columns.clear();
        self.rows.clear();
        self.symbols.clear();
        self.strings.clear();
        self.numbers.clear();
    }
}
