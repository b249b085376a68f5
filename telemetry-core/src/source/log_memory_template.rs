//! Lines in memory as templates: what a store does at ingest, done when it is asked for.
//!
//! A word is a run of ASCII letters and digits. Words with a digit are slots, and so is every other
//! word of some lengths, so that names, values and parts of both come to lie in slots: languages
//! must not rely on what a store takes for a variable.

use std::collections::HashMap;

use super::log_template::{LogTemplates, Slot, SlotColumn, SlotForm, SlotKind, Template};
use super::{LogColumns, SourceError};

/// Digits that a number of a column may have.
const DIGITS_MAX: usize = 18;

/// The lines of a page, taken apart.
pub(super) struct MemoryTemplates {
    shapes: Vec<Shape>,
    of_rows: Vec<u32>,
    /// Per template and slot, the values of its lines.
    columns: Vec<Vec<Vec<Vec<u8>>>>,
}

struct Shape {
    id: u64,
    text: Vec<u8>,
    slots: Vec<Slot>,
}

/// Text and slots of one line, and the values in the slots.
type Parts = (Vec<u8>, Vec<Slot>, Vec<Vec<u8>>);

impl MemoryTemplates {
    /// The lines of `columns` as templates; `first_id` begins the ids.
    pub(super) fn new(columns: &LogColumns, first_id: u64) -> Self {
        let mut numbers: HashMap<(Vec<u8>, Vec<Slot>), u32> = HashMap::new();
        let mut all = MemoryTemplates {
            shapes: Vec::new(),
            of_rows: Vec::with_capacity(columns.len()),
            columns: Vec::new(),
        };
        for row in 0..columns.len() {
            let (text, slots, values) = parts(columns.line(row));
            let next = u32::try_from(all.shapes.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry((text.clone(), slots.clone())).or_insert_with(|| {
                all.columns.push(vec![Vec::new(); slots.len()]);
                let id = first_id.wrapping_add(u64::from(next));
                all.shapes.push(Shape { id, text, slots });
                next
            });
            all.of_rows.push(number);
            let known = all.columns.get_mut(number as usize).into_iter().flatten();
            known.zip(values).for_each(|(column, value)| column.push(value));
        }
        all
    }
}

fn parts(line: &[u8]) -> Parts {
    // Every seventh length or so stays a line of its own, without any text that is shared.
    if line.len() % 7 == 6 {
        let slot = Slot { at: 0, kind: SlotKind::Text };
        return (Vec::new(), vec![slot], vec![line.to_vec()]);
    }
    let (mut text, mut slots, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for word in line.chunk_by(|a, b| a.is_ascii_alphanumeric() == b.is_ascii_alphanumeric()) {
        let is_word = word.first().is_some_and(u8::is_ascii_alphanumeric);
        let varies = word.iter().any(u8::is_ascii_digit) || matches!(word.len(), 2 | 9);
        let at = u32::try_from(text.len()).unwrap_or(u32::MAX);
        if is_word && varies {
            let digits = word.iter().all(u8::is_ascii_digit);
            slots.push(Slot { at, kind: if digits { SlotKind::Digits } else { SlotKind::Word } });
            values.push(word.to_vec());
        } else {
            text.extend_from_slice(word);
        }
    }
    (text, slots, values)
}

impl LogTemplates for MemoryTemplates {
    fn len(&self) -> usize {
        self.shapes.len()
    }

    fn template(&self, index: usize) -> Option<Template<'_>> {
        let shape = self.shapes.get(index)?;
        Some(Template { id: shape.id, text: &shape.text, slots: &shape.slots })
    }

    fn of_rows(&self) -> &[u32] {
        &self.of_rows
    }

    fn column(&self, index: usize, slot: usize, into: &mut SlotColumn) -> Result<(), SourceError> {
        into.clear();
        let values = self.columns.get(index).and_then(|columns| columns.get(slot));
        fill(values.map(Vec::as_slice).unwrap_or_default(), into);
        Ok(())
    }
}

/// Gives the values in the narrowest form that holds them.
fn fill(values: &[Vec<u8>], into: &mut SlotColumn) {
    let Some(first) = values.first() else { return };
    if values.len() > 1 && values.iter().all(|value| value == first) {
        into.push_text(first);
        return;
    }
    if let Some(digits) = digits(values) {
        into.form = SlotForm::Number { digits };
        let number = |value: &Vec<u8>| {
            value.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'))
        };
        into.numbers.extend(values.iter().map(number));
        return;
    }
    let mut codes: HashMap<&[u8], u64> = HashMap::new();
    for value in values {
        let next = codes.len() as u64;
        let code = *codes.entry(value).or_insert_with(|| {
            into.push_text(value);
            next
        });
        into.numbers.push(code);
    }
    into.form = SlotForm::Coded;
    if codes.len() * 2 > values.len() {
        into.clear();
        into.form = SlotForm::Text;
        values.iter().for_each(|value| into.push_text(value));
    }
}

/// The digits that numbers of a fixed width have, 0 where none begins with a zero; nothing where
/// the values are not such numbers.
fn digits(values: &[Vec<u8>]) -> Option<u8> {
    let number = |value: &Vec<u8>| {
        (1..=DIGITS_MAX).contains(&value.len()) && value.iter().all(u8::is_ascii_digit)
    };
    if !values.iter().all(number) {
        return None;
    }
    let plain = |value: &Vec<u8>| value.len() == 1 || value.first() != Some(&b'0');
    if values.iter().all(plain) {
        return Some(0);
    }
    let width = values.first()?.len();
    if values.iter().all(|value| value.len() == width) { u8::try_from(width).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_can_be_put_together_again(
            lines in prop::collection::vec("[a-b0-1=\" é]{0,12}|0[0-9]{2}|[a-z]{2}=[0-9]{1,20}", 0..20),
        ) {
            let mut columns = LogColumns::default();
            for (time, line) in lines.iter().enumerate() {
                columns.push(time as i64, line.as_bytes(), []);
            }
            let templates = MemoryTemplates::new(&columns, 0);
            let mut column = SlotColumn::default();
            for index in 0..templates.len() {
                let template = templates.template(index).unwrap();
                let rows: Vec<usize> = templates
                    .of_rows()
                    .iter()
                    .enumerate()
                    .filter(|(_, of)| **of as usize == index)
                    .map(|(row, _)| row)
                    .collect();
                for (nth, row) in rows.into_iter().enumerate() {
                    let (mut line, mut from) = (Vec::new(), 0);
                    for (number, slot) in template.slots.iter().enumerate() {
                        line.extend_from_slice(&template.text[from..slot.at as usize]);
                        from = slot.at as usize;
                        templates.column(index, number, &mut column).unwrap();
                        let start = line.len();
                        column.write(nth, &mut line);
                        let value = &line[start..];
                        let is_of_kind = match slot.kind {
                            SlotKind::Digits => value.iter().all(u8::is_ascii_digit),
                            SlotKind::Word => value.iter().all(u8::is_ascii_alphanumeric),
                            SlotKind::Text => true,
                        };
                        prop_assert!(is_of_kind && (!value.is_empty() || slot.kind == SlotKind::Text));
                    }
                    line.extend_from_slice(&template.text[from..]);
                    prop_assert_eq!(&line, lines[row].as_bytes());
                }
            }
        }
    }
}
