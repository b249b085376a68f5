//! A page of lines as templates and variable columns.
//!
//! ~~~text
//! lines of the page                        template 7: "GET /a/" · " " ·   slots at 7 and 8
//!   GET /a/17 200                            row 0    row 2
//!   started                                  17       4        slot 0, digits
//!   GET /a/4 404                             200      404      slot 1, digits
//! ~~~
//!
//! Text that lines share is stored once, what varies lies in columns. A language that understands
//! lines (JSON, logfmt) decides once per template where a label's value lies, and then reads that
//! column alone: no line is built. Whatever a template does not decide is read as lines.

use super::SourceError;

/// The templates of a page, over the same lines in the same order as
/// [`LogPage::decode`](super::LogPage::decode) gives.
pub trait LogTemplates: Send + Sync {
    /// How many templates there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Template `index`; none past the end.
    fn template(&self, index: usize) -> Option<Template<'_>>;

    /// The index of each line's template. A template may have no line.
    fn of_rows(&self) -> &[u32];

    /// Fills `into` with the values that the lines of template `index` have in `slot`, in the
    /// order of the lines. What was in `into` is gone.
    ///
    /// # Errors
    ///
    /// Where the page is damaged, or has no such slot.
    fn column(&self, index: usize, slot: usize, into: &mut SlotColumn) -> Result<(), SourceError>;
}

/// Text with slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template<'t> {
    /// Templates of one page set that have the same id are equal, so what is decided for one holds
    /// for all.
    pub id: u64,
    /// What all lines share, without a mark where the slots are.
    pub text: &'t [u8],
    /// The slots by rising place. Two may lie at one place; the first comes first.
    pub slots: &'t [Slot],
}

/// A place in a template where lines vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Where in the text of the template its values stand.
    pub at: u32,
    /// What all its values are, in all pages.
    pub kind: SlotKind,
}

/// What the values of a slot are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// One ASCII digit or more.
    Digits,
    /// One ASCII letter or digit or more.
    Word,
    /// Any bytes, also none.
    Text,
}

/// The values of a slot, in the form in which the store has them.
///
/// ~~~text
/// form       values of rows
/// Constant   text 0, for every row; the number of rows is not told
/// Number     numbers[row], in decimal, with zeros before it up to `digits` digits
/// Coded      text numbers[row]
/// Text       text row
/// ~~~
///
/// where text `n` is the piece of `bytes` that ends at `ends[n]` and begins where the one before
/// ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotColumn {
    /// How the values are given.
    pub form: SlotForm,
    /// Numbers, or codes.
    pub numbers: Vec<u64>,
    /// Texts, one after the other.
    pub bytes: Vec<u8>,
    /// Where each text ends.
    pub ends: Vec<usize>,
}

/// How the values of a [`SlotColumn`] are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlotForm {
    /// All rows have one text.
    #[default]
    Constant,
    /// Decimal numbers.
    Number {
        /// The least number of digits that a value is written with; 0 for no zeros before it.
        digits: u8,
    },
    /// Texts by code.
    Coded,
    /// A text per row.
    Text,
}

impl SlotColumn {
    /// Forgets the values, keeps the memory.
    pub fn clear(&mut self) {
        self.form = SlotForm::Constant;
        self.numbers.clear();
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds a text.
    pub fn push_text(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    /// Text `index`; empty past the end.
    pub fn text(&self, index: usize) -> &[u8] {
        let Some(end) = self.ends.get(index) else { return &[] };
        let start = match index {
            0 => 0,
            _ => self.ends.get(index - 1).copied().unwrap_or(*end),
        };
        self.bytes.get(start..*end).unwrap_or_default()
    }

    /// Appends the value of a row; nothing past the end.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) {
        match self.form {
            SlotForm::Constant => out.extend_from_slice(self.text(0)),
            SlotForm::Text => out.extend_from_slice(self.text(row)),
            SlotForm::Coded => {
                let code = self.numbers.get(row).and_then(|code| usize::try_from(*code).ok());
                if let Some(code) = code {
                    out.extend_from_slice(self.text(code));
                }
            }
            SlotForm::Number { digits } => {
                if let Some(number) = self.numbers.get(row) {
                    write_number(*number, digits, out);
                }
            }
        }
    }
}

/// Digits of the longest number.
const NUMBER_DIGITS_MAX: usize = 20;

/// The numbers below 100 in two digits each.
static PAIRS: [[u8; 2]; 100] = pairs();

#[expect(clippy::indexing_slicing, reason = "a table of 100, at compile time")]
#[expect(clippy::cast_possible_truncation, reason = "digits are below ten")]
const fn pairs() -> [[u8; 2]; 100] {
    let mut table = [[0; 2]; 100];
    let mut number = 0;
    while number < table.len() {
        table[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    table
}

/// Appends a number in decimal with at least `digits` digits.
#[inline]
fn write_number(number: u64, digits: u8, out: &mut Vec<u8>) {
    let own = number.checked_ilog10().map_or(1, |log| log as usize + 1);
    let len = own.max(usize::from(digits));
    let zeros = len.saturating_sub(NUMBER_DIGITS_MAX);
    if zeros > 0 {
        out.extend(std::iter::repeat_n(b'0', zeros));
    }
    let len = len - zeros;
    let mut text = [b'0'; NUMBER_DIGITS_MAX];
    // The digits are filled in from their end on, two at a time.
    let (mut at, mut rest) = (len, number);
    while rest >= 10 && at >= 2 {
        at -= 2;
        if let Some(pair) = text.get_mut(at..at + 2) {
            // Below 100, so the cast loses nothing.
            pair.copy_from_slice(PAIRS.get((rest % 100) as usize).unwrap_or(b"00"));
        }
        rest /= 100;
    }
    if let Some(first) = at.checked_sub(1).and_then(|at| text.get_mut(at)) {
        // What is left is one digit, or none.
        *first = b"0123456789".get(rest as usize).copied().unwrap_or(b'0');
    }
    // A copy of known length, of which the rest is taken back, is faster than one of any.
    let end = out.len() + len;
    out.extend_from_slice(&text);
    out.truncate(end);
}

/// How many lines a page has per stretch of time, known without decoding.
///
/// ~~~text
/// counts[k]   lines with   start + k × width  <  time  ≤  start + (k + 1) × width
/// ~~~
///
/// The end of a stretch is in and its start is not, as for the windows of a query: where these end
/// on multiples of the width, no stretch lies across an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageBuckets {
    /// The time before the first stretch, in nanoseconds.
    pub start: i64,
    /// The length of a stretch in nanoseconds; at least 1.
    pub width: i64,
    /// Lines per stretch.
    pub counts: Vec<u32>,
    /// Bytes of the lines per stretch.
    pub line_bytes: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(column: &SlotColumn, rows: usize) -> Vec<String> {
        let text = |row: usize| {
            let mut out = Vec::new();
            column.write(row, &mut out);
            String::from_utf8(out).unwrap()
        };
        (0..rows).map(text).collect()
    }

    #[test]
    fn every_form_gives_texts() {
        let mut column = SlotColumn::default();
        column.push_text(b"a");
        assert_eq!(written(&column, 2), ["a", "a"]);
        column.push_text(b"");
        column.push_text(b"bc");
        column.form = SlotForm::Text;
        assert_eq!(written(&column, 4), ["a", "", "bc", ""]);
        column.form = SlotForm::Coded;
        column.numbers = vec![2, 0, 9];
        assert_eq!(written(&column, 4), ["bc", "a", "", ""]);
        column.form = SlotForm::Number { digits: 0 };
        column.numbers = vec![0, 7, u64::MAX];
        assert_eq!(written(&column, 3), ["0", "7", "18446744073709551615"]);
        column.form = SlotForm::Number { digits: 3 };
        column.numbers = vec![0, 7, 1234];
        assert_eq!(written(&column, 3), ["000", "007", "1234"]);
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_does() {
        let mut numbers: Vec<u64> = (0..20).map(|power| 10_u64.pow(power)).collect();
        numbers.extend(numbers.clone().iter().flat_map(|number| [number - 1, number + number / 5]));
        numbers.extend([u64::MAX, 0, 7, 99, 101]);
        for number in numbers {
            for digits in [0, 1, 2, 3, 19, 20, 25] {
                let mut out = Vec::new();
                write_number(number, digits, &mut out);
                let expected = format!("{number:0digits$}", digits = usize::from(digits));
                assert_eq!(out, expected.as_bytes());
            }
        }
    }
}
