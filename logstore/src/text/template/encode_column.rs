//! Writes the values of one slot of a template in the smallest of its forms.
//!
//! 1. All are a field of their row's time, or all are equal: nothing is stored per row.
//! 2. Decimal and hexadecimal numbers are packed above their least, or as differences if those are
//!    narrower; frequent ones become symbols of a byte if that is smaller after packing.
//! 3. Anything else is text; frequent texts become symbols.

use hashbrown::HashMap;
use telemetry_core::storage::varint;

use super::bits;
use super::clock::{Clock, FIELDS, digits_of};
use super::dictionary::Summary;
use super::format::{
    CONSTANT, DECIMAL, DECIMAL_DIGITS_MAX, DICTIONARY, ESCAPE, FREE, HEX, HEX_DIGITS_MAX, LONG_HEX,
    STEPS, Sections, TAGGED, TEXT, TIME, UPPER,
};
use super::frequent::{Counter, Symbols};
use super::tokenize::{Span, class};

/// The values of one slot, and buffers.
#[derive(Debug, Default)]
pub(super) struct ColumnWriter {
    /// Where the values are; the caller fills it.
    pub(super) spans: Vec<Span>,
    numbers: Vec<u64>,
    steps: Vec<u64>,
    chosen: Vec<u64>,
    counter: Counter,
    symbols: Symbols,
    /// The fields of the first row's time, as far as there are such: see
    /// [`begin`](ColumnWriter::begin).
    first_fields: Vec<(u64, u8)>,
}

/// What a number is written as.
enum Form {
    Decimal(u8),
    Hex(u8),
}

impl ColumnWriter {
    /// The columns that come are of rows the first of which has this time.
    pub(super) fn begin(&mut self, first: Option<&Clock>) {
        self.first_fields.clear();
        let fields = first.into_iter().flat_map(|clock| (0..FIELDS).map_while(|n| clock.field(n)));
        self.first_fields.extend(fields);
    }

    /// Writes the values in `text` of rows whose times are `clocks`. Answers what they are like.
    pub(super) fn write(&mut self, text: &[u8], clocks: &[Clock], out: &mut Sections) -> Summary {
        let spans = std::mem::take(&mut self.spans);
        let (mut mask, mut most, mut least) = (0, 0, u32::MAX);
        for span in &spans {
            mask |= span.mask;
            most = most.max(span.bytes);
            least = least.min(span.bytes);
        }
        let value = |span: &Span| text.get(span.range()).unwrap_or_default();
        let first = spans.first().map(value).unwrap_or_default();
        if mask == class::DIGIT && most <= DECIMAL_DIGITS_MAX {
            self.numbers.clear();
            self.numbers.extend(spans.iter().map(|span| decimal(value(span))));
        }
        if let Some(field) = self.time_field(&spans, mask, most, clocks) {
            out.columns.extend([TIME, field]);
        } else if least == most && spans.iter().all(|span| value(span) == first) {
            out.columns.push(CONSTANT);
            varint::put_bytes(&mut out.columns, first);
        } else if let Some(form) = self.form(text, &spans, mask, least, most) {
            self.write_numbers(&form, out);
        } else if let Some(upper) = one_case(mask)
            && least == most
        {
            let values: Vec<&[u8]> = spans.iter().map(value).collect();
            write_long_hex(&values, upper, out);
        } else {
            let values: Vec<&[u8]> = spans.iter().map(value).collect();
            write_texts(&values, out);
        }
        self.spans = spans;
        Summary { mask, bytes_max: most }
    }

    /// The field of the rows' times that all the numbers are, written as they are.
    fn time_field(&self, spans: &[Span], mask: u8, most: u32, clocks: &[Clock]) -> Option<u8> {
        if mask != class::DIGIT || most > DECIMAL_DIGITS_MAX {
            return None;
        }
        let (first, bytes) = (*self.numbers.first()?, spans.first()?.bytes as usize);
        let is_field = |field: u8| {
            let mut rows = self.numbers.iter().zip(spans).zip(clocks);
            rows.all(|((number, span), clock)| {
                let Some((own, digits)) = clock.field(field) else { return false };
                own == *number && digits_of(own, digits) == span.bytes as usize
            })
        };
        // The first row rules out nearly all fields of nearly all columns.
        let fields = (0..).zip(&self.first_fields);
        let mut may_be = fields
            .filter(|(_, (own, digits))| *own == first && digits_of(*own, *digits) == bytes)
            .map(|(field, _)| field);
        may_be.find(|field| is_field(*field))
    }

    /// How the values are numbers, if they are; the numbers then are in `numbers`.
    fn form(
        &mut self,
        text: &[u8],
        spans: &[Span],
        mask: u8,
        least: u32,
        most: u32,
    ) -> Option<Form> {
        let is_fixed = least == most;
        if mask == class::DIGIT && most <= DECIMAL_DIGITS_MAX {
            let has_zeros = || {
                let is_plain =
                    |span: &Span| span.bytes == 1 || text.get(span.start as usize) != Some(&b'0');
                !spans.iter().all(is_plain)
            };
            if !has_zeros() {
                return Some(Form::Decimal(FREE));
            }
            if is_fixed {
                return Some(Form::Decimal(u8::try_from(most).ok()?));
            }
            if most < DECIMAL_DIGITS_MAX {
                let tags = self.numbers.iter_mut().zip(spans);
                tags.for_each(|(number, span)| *number += 10_u64.pow(span.bytes));
                return Some(Form::Decimal(TAGGED));
            }
            return None;
        }
        let upper = one_case(mask)?;
        if !is_fixed || most > HEX_DIGITS_MAX {
            return None;
        }
        self.numbers.clear();
        let value = |span: &Span| text.get(span.range()).unwrap_or_default();
        self.numbers.extend(spans.iter().map(|span| hexadecimal(value(span))));
        Some(Form::Hex(u8::try_from(most).ok()? + if upper { UPPER } else { 0 }))
    }

    fn write_numbers(&mut self, form: &Form, out: &mut Sections) {
        let (kind, digits) = match form {
            Form::Decimal(digits) => (DECIMAL, *digits),
            Form::Hex(digits) => (HEX, *digits),
        };
        let (base, bits) = spread(&self.numbers);
        let cost = |number: u64| varint::len_u64(number) as u64 * 6;
        if self.counter.frequent(&self.numbers, bits, cost, &mut self.chosen) {
            self.write_frequent(kind, digits, out);
            return;
        }
        self.steps.clear();
        let pairs = self.numbers.iter().zip(self.numbers.iter().skip(1));
        self.steps.extend(pairs.map(|(a, b)| varint::fold(b.wrapping_sub(*a).cast_signed())));
        let (step_base, step_bits) = spread(&self.steps);
        if step_bits + 1 < bits && self.numbers.len() > 8 {
            out.columns.extend([kind + STEPS, digits]);
            varint::put_u64(&mut out.columns, self.numbers.first().copied().unwrap_or_default());
            put_numbers(&self.steps, step_base, step_bits, out);
        } else {
            out.columns.extend([kind, digits]);
            put_numbers(&self.numbers, base, bits, out);
        }
    }

    fn write_frequent(&mut self, kind: u8, digits: u8, out: &mut Sections) {
        out.columns.extend([kind + DICTIONARY, digits]);
        varint::put_u64(&mut out.columns, self.chosen.len() as u64);
        self.chosen.iter().for_each(|number| varint::put_u64(&mut out.columns, *number));
        self.symbols.fill(&self.chosen);
        let symbols = &self.symbols;
        let start = out.symbols.len();
        out.symbols.extend(self.numbers.iter().map(|number| symbols.of(*number)));
        let written = out.symbols.get(start..).unwrap_or_default();
        let mut rest = written.iter();
        self.numbers.retain(|_| rest.next() == Some(&ESCAPE));
        varint::put_u64(&mut out.columns, self.numbers.len() as u64);
        let (base, bits) = spread(&self.numbers);
        put_numbers(&self.numbers, base, bits, out);
    }
}

/// The least number, and the bits of the greatest above it.
fn spread(numbers: &[u64]) -> (u64, u32) {
    let (mut least, mut most) = (u64::MAX, 0);
    for number in numbers {
        least = least.min(*number);
        most = most.max(*number);
    }
    if numbers.is_empty() { (0, 0) } else { (least, bits::width(most - least)) }
}

fn put_numbers(numbers: &[u64], base: u64, bits: u32, out: &mut Sections) {
    varint::put_u64(&mut out.columns, base);
    // At most 64.
    out.columns.push(u8::try_from(bits).unwrap_or(u8::MAX));
    bits::put(numbers.iter().map(|number| number - base), bits, &mut out.numbers);
}

fn decimal(digits: &[u8]) -> u64 {
    let digit = |number: u64, byte: &u8| number.wrapping_mul(10).wrapping_add(u64::from(byte & 15));
    digits.iter().fold(0, digit)
}

/// The value of a hexadecimal digit of either case.
fn nibble(byte: u8) -> u8 {
    (byte & 15) + if byte > b'9' { 9 } else { 0 }
}

fn hexadecimal(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, byte| number << 4 | u64::from(nibble(*byte)))
}

/// Whether all letters are in upper case, if the bytes are hexadecimal digits of one case.
fn one_case(mask: u8) -> Option<bool> {
    const BOTH: u8 = class::LOWER_HEX | class::UPPER_HEX;
    let is_hex = mask & (class::LETTER | class::OTHER) == 0 && mask & BOTH != BOTH;
    is_hex.then_some(mask & class::UPPER_HEX != 0)
}

/// Takes the values that are frequent out: writes them and the symbols, gives the others.
fn take_frequent<'t>(
    values: &[&'t [u8]],
    bits_each: u64,
    out: &mut Sections,
) -> Option<Vec<&'t [u8]>> {
    let mut numbers: HashMap<&[u8], u64> = HashMap::new();
    let mut distinct: Vec<&[u8]> = Vec::new();
    let mut codes = Vec::with_capacity(values.len());
    for value in values {
        codes.push(*numbers.entry(value).or_insert_with(|| {
            distinct.push(value);
            distinct.len() as u64 - 1
        }));
    }
    let text = |code: u64| {
        let code = usize::try_from(code).ok();
        code.and_then(|code| distinct.get(code).copied()).unwrap_or_default()
    };
    let bits = u32::try_from(bits_each).unwrap_or(u32::MAX);
    let cost = |code| 8 + 6 * text(code).len() as u64;
    let mut chosen = Vec::new();
    if !Counter::default().frequent(&codes, bits, cost, &mut chosen) {
        return None;
    }
    varint::put_u64(&mut out.columns, chosen.len() as u64);
    chosen.iter().for_each(|code| varint::put_bytes(&mut out.columns, text(*code)));
    let mut symbols = Symbols::default();
    symbols.fill(&chosen);
    let mut others = Vec::new();
    for (code, value) in codes.iter().zip(values) {
        let symbol = symbols.of(*code);
        out.symbols.push(symbol);
        if symbol == ESCAPE {
            others.push(*value);
        }
    }
    varint::put_u64(&mut out.columns, others.len() as u64);
    Some(others)
}

fn write_long_hex(values: &[&[u8]], upper: bool, out: &mut Sections) {
    let digits = values.first().map_or(0, |value| value.len());
    let at = out.columns.len();
    out.columns.push(LONG_HEX);
    varint::put_u64(&mut out.columns, digits as u64);
    out.columns.push(u8::from(upper));
    let others = take_frequent(values, digits as u64 * 4, out);
    if others.is_some()
        && let Some(kind) = out.columns.get_mut(at)
    {
        *kind += DICTIONARY;
    }
    for value in others.as_deref().unwrap_or(values) {
        let pairs = value.chunks(2).map(|pair| match pair {
            [high, low] => nibble(*high) << 4 | nibble(*low),
            [high] => nibble(*high) << 4,
            _ => 0,
        });
        out.numbers.extend(pairs);
    }
}

fn write_texts(values: &[&[u8]], out: &mut Sections) {
    let bytes: usize = values.iter().map(|value| value.len()).sum();
    let at = out.columns.len();
    out.columns.push(TEXT);
    let average = 8 + 4 * bytes as u64 / values.len().max(1) as u64;
    let others = take_frequent(values, average, out);
    if others.is_some()
        && let Some(kind) = out.columns.get_mut(at)
    {
        *kind += DICTIONARY;
    }
    let values = others.as_deref().unwrap_or(values);
    let lengths: Vec<u64> = values.iter().map(|value| value.len() as u64).collect();
    let (base, bits) = spread(&lengths);
    put_numbers(&lengths, base, bits, out);
    varint::put_u64(&mut out.columns, lengths.iter().sum());
    values.iter().for_each(|value| out.strings.extend_from_slice(value));
}
