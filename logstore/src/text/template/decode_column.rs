//! Reads one column of a page.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::{SlotColumn, SlotForm};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

use super::bits;
use super::clock::{Clock, FIELDS};
use super::format::{
    CONSTANT, DECIMAL, DICTIONARY, ESCAPE, HEX, HEX_DIGITS_MAX, LONG_HEX, STEPS, TAGGED, TEXT,
    TIME, UPPER,
};

/// What a column says about itself.
#[derive(Clone, Debug)]
pub(super) struct Header<'h> {
    /// Without flags.
    kind: u8,
    digits: usize,
    is_upper: bool,
    constant: &'h [u8],
    field: u8,
    /// The frequent values, and how many.
    values: Option<(Cursor<'h>, usize)>,
    /// Rows whose value is not one of those.
    others: usize,
    /// The number of the first row, where the others are differences.
    first: Option<u64>,
    base: u64,
    bits: u32,
    text_bytes: usize,
}

/// Bytes that a column has in the sections.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    pub(super) symbols: usize,
    pub(super) numbers: usize,
    pub(super) strings: usize,
}

impl<'h> Header<'h> {
    /// Reads the header of a column of `rows` rows.
    pub(super) fn read(input: &mut Cursor<'h>, rows: usize) -> Result<Self, Damaged> {
        let start = input.position();
        let flags = input.u8()?;
        let kind = flags & !(DICTIONARY | STEPS);
        let mut header = Header {
            kind,
            digits: 0,
            is_upper: false,
            constant: &[],
            field: 0,
            values: None,
            others: rows,
            first: None,
            base: 0,
            bits: 0,
            text_bytes: 0,
        };
        match kind {
            CONSTANT => header.constant = input.bytes()?,
            TIME => {
                header.field = input.u8()?;
                if header.field >= FIELDS {
                    return Err(input.field("field of a time"));
                }
            }
            DECIMAL => header.digits = usize::from(input.u8()?),
            HEX => {
                let digits = input.u8()?;
                header.digits = usize::from(digits & !UPPER);
                header.is_upper = digits & UPPER != 0;
            }
            LONG_HEX => {
                header.digits = input.varint_u32()? as usize;
                header.is_upper = input.u8()? != 0;
            }
            TEXT => {}
            _ => return Err(Damaged::field(start, "kind of a column")),
        }
        if kind == HEX && header.digits > HEX_DIGITS_MAX as usize {
            return Err(Damaged::field(start, "digits of a number"));
        }
        if flags & DICTIONARY != 0 && kind >= DECIMAL {
            header.read_values(input)?;
        }
        if flags & STEPS != 0 {
            header.first = Some(input.varint_u64()?);
        }
        if matches!(kind, DECIMAL | HEX | TEXT) {
            header.base = input.varint_u64()?;
            header.bits = u32::from(input.u8()?);
        }
        if kind == TEXT {
            header.text_bytes = usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX);
        }
        Ok(header)
    }

    fn read_values(&mut self, input: &mut Cursor<'h>) -> Result<(), Damaged> {
        let count = input.count(1)?;
        if count > usize::from(ESCAPE) {
            return Err(input.field("size of a dictionary"));
        }
        self.values = Some((input.clone(), count));
        for _ in 0..count {
            match self.kind {
                DECIMAL | HEX => drop(input.varint_u64()?),
                _ => drop(input.bytes()?),
            }
        }
        let others = usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX);
        if others > self.others {
            return Err(input.field("number of rare values"));
        }
        self.others = others;
        Ok(())
    }

    /// What it has in the sections.
    pub(super) fn places(&self, rows: usize) -> Option<Places> {
        let packed = match self.kind {
            CONSTANT | TIME => 0,
            LONG_HEX => self.others.checked_mul(self.digits.div_ceil(2))?,
            _ => bits::bytes(self.others - usize::from(self.is_steps()), self.bits)?,
        };
        let symbols = if self.values.is_some() { rows } else { 0 };
        Some(Places { symbols, numbers: packed, strings: self.text_bytes })
    }

    fn is_steps(&self) -> bool {
        self.first.is_some() && self.others > 0
    }

    /// Which rows have exactly this value, where that is seen without reading the others: of long
    /// hexadecimal numbers of its length without a dictionary.
    pub(super) fn find_whole(&self, value: &[u8], numbers: &[u8]) -> Option<Vec<usize>> {
        if self.kind != LONG_HEX || self.values.is_some() || self.digits != value.len() {
            return None;
        }
        let digit = |byte: &u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' if !self.is_upper => Some(byte - b'a' + 10),
            b'A'..=b'F' if self.is_upper => Some(byte - b'A' + 10),
            _ => None,
        };
        // A value with another byte is in no row.
        let Some(digits) = value.iter().map(digit).collect::<Option<Vec<u8>>>() else {
            return Some(Vec::new());
        };
        let packed: Vec<u8> = digits
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => high << 4 | low,
                [high] => high << 4,
                _ => 0,
            })
            .collect();
        let rows = numbers.chunks(packed.len().max(1)).enumerate();
        Some(rows.filter(|(_, row)| *row == packed).map(|(nth, _)| nth).collect())
    }

    /// Fills `into` with the values; `symbols`, `numbers` and `strings` begin with those of the
    /// column, `times` are those of its rows.
    pub(super) fn fill(
        &self,
        times: &mut dyn Iterator<Item = i64>,
        (symbols, numbers, strings): (&[u8], &[u8], &[u8]),
        into: &mut SlotColumn,
    ) -> Result<(), Damaged> {
        into.clear();
        match self.kind {
            CONSTANT => into.push_text(self.constant),
            TIME => self.fill_times(times, into),
            DECIMAL | HEX => {
                self.read_numbers(symbols, numbers, &mut into.numbers)?;
                self.write_numbers(into);
            }
            LONG_HEX => {
                let bytes = self.digits.div_ceil(2);
                let mut rows = numbers.chunks(bytes.max(1));
                let mut text = Vec::with_capacity(bytes * 2);
                self.fill_texts(symbols, into, |into| {
                    text.clear();
                    hex_digits(rows.next().unwrap_or_default(), self.is_upper, &mut text);
                    text.truncate(self.digits);
                    into.push_text(&text);
                })?;
            }
            _ => {
                let mut lengths = Vec::with_capacity(self.others);
                bits::read(numbers, self.others, self.bits, |length| {
                    lengths.push(length.wrapping_add(self.base));
                });
                let mut lengths = lengths.into_iter();
                let mut rest = strings.get(..self.text_bytes).unwrap_or_default();
                self.fill_texts(symbols, into, |into| {
                    let length = lengths.next().and_then(|length| usize::try_from(length).ok());
                    let (text, behind) =
                        rest.split_at_checked(length.unwrap_or(0)).unwrap_or((rest, &[]));
                    into.push_text(text);
                    rest = behind;
                })?;
            }
        }
        Ok(())
    }

    fn fill_times(&self, times: &mut dyn Iterator<Item = i64>, into: &mut SlotColumn) {
        let mut clock = Clock::new(0);
        let mut digits = 0;
        into.numbers.extend(times.map(|time| {
            clock = clock.after(time);
            let (number, own) = clock.field(self.field).unwrap_or_default();
            digits = own;
            number
        }));
        into.form = SlotForm::Number { digits };
    }

    fn read_numbers(
        &self,
        symbols: &[u8],
        numbers: &[u8],
        out: &mut Vec<u64>,
    ) -> Result<(), Damaged> {
        if let Some(first) = self.first {
            let mut number = first;
            if self.others > 0 {
                out.push(number);
            }
            bits::read(numbers, self.others.saturating_sub(1), self.bits, |step| {
                let step = varint::unfold(step.wrapping_add(self.base));
                number = number.wrapping_add(step.cast_unsigned());
                out.push(number);
            });
            return Ok(());
        }
        let Some((values, count)) = &self.values else {
            out.reserve(self.others);
            bits::read(numbers, self.others, self.bits, |n| out.push(n.wrapping_add(self.base)));
            return Ok(());
        };
        let mut values = values.clone();
        let mut frequent = Vec::with_capacity(*count);
        for _ in 0..*count {
            frequent.push(values.varint_u64()?);
        }
        let mut others = Vec::with_capacity(self.others);
        bits::read(numbers, self.others, self.bits, |n| others.push(n.wrapping_add(self.base)));
        let mut others = others.into_iter();
        out.reserve(symbols.len());
        for symbol in symbols {
            let value = match frequent.get(usize::from(*symbol)) {
                Some(value) => Some(*value),
                None if *symbol == ESCAPE => others.next(),
                None => None,
            };
            out.push(value.ok_or_else(|| values.field("symbol of a value"))?);
        }
        Ok(())
    }

    /// Turns numbers into what the column gives.
    fn write_numbers(&self, into: &mut SlotColumn) {
        if self.kind == DECIMAL && self.digits != usize::from(TAGGED) {
            into.form = SlotForm::Number { digits: u8::try_from(self.digits).unwrap_or(0) };
            return;
        }
        into.form = SlotForm::Text;
        let SlotColumn { numbers, bytes, ends, .. } = into;
        for number in &*numbers {
            if self.kind == DECIMAL {
                // The first digit is the tag.
                let text = number.to_string();
                bytes.extend_from_slice(text.as_bytes().get(1..).unwrap_or_default());
            } else {
                let start = bytes.len();
                hex_digits(&number.to_be_bytes(), self.is_upper, bytes);
                let surplus = 16 - self.digits.min(16);
                bytes.drain(start..start + surplus);
            }
            ends.push(bytes.len());
        }
        numbers.clear();
    }

    /// Texts by code where there are frequent ones, else a text per row; `other` adds the next one
    /// that is not frequent.
    fn fill_texts(
        &self,
        symbols: &[u8],
        into: &mut SlotColumn,
        mut other: impl FnMut(&mut SlotColumn),
    ) -> Result<(), Damaged> {
        let Some((values, count)) = &self.values else {
            into.form = SlotForm::Text;
            (0..self.others).for_each(|_| other(into));
            return Ok(());
        };
        into.form = SlotForm::Coded;
        let mut values = values.clone();
        for _ in 0..*count {
            into.push_text(values.bytes()?);
        }
        let mut next = *count as u64;
        for symbol in symbols {
            let code = match *symbol {
                ESCAPE => {
                    other(into);
                    next += 1;
                    next - 1
                }
                symbol if usize::from(symbol) < *count => u64::from(symbol),
                _ => return Err(values.field("symbol of a value")),
            };
            into.numbers.push(code);
        }
        Ok(())
    }
}

/// Appends two digits a byte.
fn hex_digits(bytes: &[u8], is_upper: bool, out: &mut Vec<u8>) {
    let digits: &[u8; 16] = if is_upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let digit = |nibble: u8| digits.get(usize::from(nibble & 15)).copied().unwrap_or(b'0');
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
}
