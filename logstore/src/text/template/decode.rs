//! Reads the text of a page that is coded by templates: columns alone, or lines put together.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::OnceLock;

use bytes::Bytes;
use memchr::memmem;
use telemetry_core::source::{LogColumns, SlotColumn, SlotForm};
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;

use super::decode_column::{Header, Places};
use super::dictionary::Dictionary;
use super::encode::PageTemplate;
use crate::text::choose;
use crate::text::pack::{self, Packed};

/// Bytes between two values that are copied at once.
const GAP_HEAD_BYTES: usize = 16;

/// The parts of a column in symbols, numbers and strings.
type Parted<'p> = (&'p [u8], &'p [u8], &'p [u8]);

/// An opened page: its columns are not read yet.
#[derive(Debug)]
pub(crate) struct Coded {
    templates: Vec<PageTemplate>,
    /// The place of each row's template among those of the page.
    of_rows: Vec<u32>,
    /// The rows of the templates, one template after the other.
    rows: Vec<u32>,
    /// Slots of each template.
    slots: Vec<usize>,
    columns: Packed,
    symbols: Packed,
    strings: Packed,
    numbers: Bytes,
    layout: OnceLock<Layout>,
    text_bytes: usize,
}

/// Where columns are.
#[derive(Debug)]
struct Layout {
    /// Where each begins in the section of columns and in the others, template by template.
    places: Vec<(usize, Places)>,
    /// The first column of each template.
    first_columns: Vec<usize>,
}

impl Coded {
    /// Opens the text of a page of `rows` rows, which have these templates of the dictionary. Only
    /// which row has which is read at once.
    ///
    /// # Errors
    ///
    /// Where the bytes are no such text.
    pub(crate) fn open(
        bytes: &Bytes,
        rows: usize,
        templates: &[PageTemplate],
        dictionary: &Dictionary,
    ) -> Result<Self, Damaged> {
        let mut input = Cursor::new(bytes);
        let text_bytes = usize::try_from(input.varint_u64()?)
            .ok()
            .filter(|bytes| *bytes <= choose::TEXT_BYTES_MAX)
            .ok_or_else(|| input.field("length of the text"))?;
        let columns = Packed::find(&mut input, bytes)?;
        let planes = pack::read(&mut input)?;
        let symbols = Packed::find(&mut input, bytes)?;
        let strings = Packed::find(&mut input, bytes)?;
        let numbers = bytes.slice_ref(input.bytes()?);
        input.finish()?;
        let of_rows = rows_of(&planes, rows, templates)?;
        let rows = sorted(&of_rows, templates);
        let slots = templates.iter().map(|template| dictionary.summaries(template.number).len());
        Ok(Coded {
            slots: slots.collect(),
            templates: templates.to_vec(),
            of_rows,
            rows,
            columns,
            symbols,
            strings,
            numbers,
            layout: OnceLock::new(),
            text_bytes,
        })
    }

    /// Where the columns are.
    fn layout(&self) -> Result<&Layout, Damaged> {
        if let Some(layout) = self.layout.get() {
            return Ok(layout);
        }
        let layout = self.find_columns()?;
        Ok(self.layout.get_or_init(|| layout))
    }

    /// Walks over the headers of the columns.
    fn find_columns(&self) -> Result<Layout, Damaged> {
        let mut layout = Layout { places: Vec::new(), first_columns: Vec::new() };
        let mut input = Cursor::new(self.columns.get()?);
        let mut sum = Places::default();
        for (template, slots) in self.templates.iter().zip(&self.slots) {
            layout.first_columns.push(layout.places.len());
            for _ in 0..*slots {
                layout.places.push((input.position(), sum));
                let rows = template.rows as usize;
                let header = Header::read(&mut input, rows)?;
                let own = header.places(rows).ok_or_else(|| input.field("size of a column"))?;
                sum.symbols = sum.symbols.saturating_add(own.symbols);
                sum.numbers = sum.numbers.saturating_add(own.numbers);
                sum.strings = sum.strings.saturating_add(own.strings);
            }
        }
        layout.first_columns.push(layout.places.len());
        let is_there = sum.symbols == self.symbols.raw_bytes()
            && sum.numbers == self.numbers.len()
            && sum.strings == self.strings.raw_bytes();
        if !is_there {
            return Err(input.field("size of the columns"));
        }
        input.finish()?;
        Ok(layout)
    }

    /// Bytes in memory when all of it was read, roughly, without what it shares with the page.
    pub(crate) fn memory_bytes(&self) -> usize {
        let sections = [&self.columns, &self.symbols, &self.strings];
        let raw_bytes = sections.iter().map(|section| section.raw_bytes());
        let sections = raw_bytes.fold(0, usize::saturating_add);
        let columns: usize = self.slots.iter().sum();
        sections.saturating_add(self.of_rows.len() * 8 + columns * size_of::<(usize, Places)>())
    }

    /// The templates of the page.
    pub(crate) fn templates(&self) -> &[PageTemplate] {
        &self.templates
    }

    /// The place of each row's template among those of the page.
    pub(crate) fn of_rows(&self) -> &[u32] {
        &self.of_rows
    }

    /// The rows of a template of the page.
    pub(crate) fn rows_of(&self, place: usize) -> &[u32] {
        let before = self.templates.iter().take(place).map(|template| template.rows as usize);
        let start: usize = before.sum();
        let rows = self.templates.get(place).map_or(0, |template| template.rows as usize);
        self.rows.get(start..start + rows).unwrap_or_default()
    }

    /// Fills `into` with the values that the rows of a template have in a slot. `times` are those of
    /// the rows of the page.
    ///
    /// # Errors
    ///
    /// Where there is no such column, or it is damaged.
    pub(crate) fn column(
        &self,
        place: usize,
        slot: usize,
        times: &[i64],
        into: &mut SlotColumn,
    ) -> Result<(), Damaged> {
        let (header, sections, _) = self.header(place, slot)?;
        let time = |row: &u32| times.get(*row as usize).copied().unwrap_or_default();
        let mut own_times = self.rows_of(place).iter().map(time);
        header.fill(&mut own_times, sections, into)
    }

    /// Whether any value that is stored as text, a constant and a frequent one included, may contain
    /// a word. Numbers, also hexadecimal, are not looked at.
    ///
    /// # Errors
    ///
    /// Where the values are damaged.
    pub(crate) fn has_text(&self, word: &memmem::Finder<'_>) -> Result<bool, Damaged> {
        Ok(word.find(self.columns.get()?).is_some() || word.find(self.strings.get()?).is_some())
    }

    /// The header of a column, its part of symbols, numbers and strings, and its rows.
    fn header(
        &self,
        place: usize,
        slot: usize,
    ) -> Result<(Header<'_>, Parted<'_>, usize), Damaged> {
        let missing = || Damaged::field(0, "column of a template");
        let template = self.templates.get(place).ok_or_else(missing)?;
        let layout = self.layout()?;
        let first = layout.first_columns.get(place).ok_or_else(missing)?;
        let next = layout.first_columns.get(place + 1).ok_or_else(missing)?;
        let at = first.checked_add(slot).filter(|at| at < next).ok_or_else(missing)?;
        let (start, places) = *layout.places.get(at).ok_or_else(missing)?;
        let mut input = Cursor::new(self.columns.get()?.get(start..).unwrap_or_default());
        let rows = template.rows as usize;
        let header = Header::read(&mut input, rows)?;
        let own = header.places(rows).ok_or_else(missing)?;
        let numbers = self.numbers.get(places.numbers..places.numbers + own.numbers);
        let sections = (
            self.symbols.part(places.symbols, own.symbols)?,
            numbers.unwrap_or_default(),
            self.strings.part(places.strings, own.strings)?,
        );
        Ok((header, sections, rows))
    }

    /// Appends which of the rows of a template have a value in a slot that contains `needle`.
    ///
    /// # Errors
    ///
    /// As [`column`](Self::column).
    pub(crate) fn find(
        &self,
        place: usize,
        slot: usize,
        needle: &[u8],
        times: &[i64],
        nths: &mut Vec<usize>,
    ) -> Result<(), Damaged> {
        let (header, sections, rows) = self.header(place, slot)?;
        if let Some(found) = header.find_whole(needle, sections.1) {
            nths.extend(found);
            return Ok(());
        }
        let mut column = SlotColumn::default();
        self.column(place, slot, times, &mut column)?;
        let finder = memmem::Finder::new(needle);
        if column.form == SlotForm::Constant {
            if finder.find(column.text(0)).is_some() {
                nths.extend(0..rows);
            }
            return Ok(());
        }
        let mut text = Vec::new();
        for nth in 0..rows {
            text.clear();
            column.write(nth, &mut text);
            if finder.find(&text).is_some() {
                nths.push(nth);
            }
        }
        Ok(())
    }

    /// Appends the text of the rows, which rise, to `into`.
    ///
    /// # Errors
    ///
    /// Where a column is damaged.
    pub(crate) fn lines(
        &self,
        dictionary: &Dictionary,
        rows: impl Iterator<Item = usize> + Clone,
        times: &[i64],
        into: &mut LogColumns,
    ) -> Result<(), Damaged> {
        let mut parts: Vec<Option<Parts>> = Vec::new();
        parts.resize_with(self.templates.len(), || None);
        for row in rows.clone() {
            let Some(place) = self.of_rows.get(row).map(|of| *of as usize) else { continue };
            if let Some(known @ None) = parts.get_mut(place) {
                *known = Some(self.parts(dictionary, place, times)?);
            }
        }
        let mut rows = rows.peekable();
        let limit = into.text.len().saturating_add(self.text_bytes);
        for (row, place) in self.of_rows.iter().enumerate() {
            let Some(wanted) = rows.peek() else { break };
            let Some(Some(parts)) = parts.get_mut(*place as usize) else { continue };
            if *wanted == row {
                parts.write(&mut into.text);
                into.text_ends.push(into.text.len());
                rows.next();
                if into.text.len() > limit {
                    return Err(Damaged::field(0, "length of the text"));
                }
            }
            parts.next += 1;
        }
        Ok(())
    }

    fn parts(
        &self,
        dictionary: &Dictionary,
        place: usize,
        times: &[i64],
    ) -> Result<Parts, Damaged> {
        let missing = || Damaged::field(0, "template of a page");
        let template = self.templates.get(place).ok_or_else(missing)?;
        let template = dictionary.template(template.number).ok_or_else(missing)?;
        let mut columns = Vec::with_capacity(template.slots.len());
        let (mut gap, mut from) = (Vec::new(), 0);
        for (number, slot) in template.slots.iter().enumerate() {
            gap.extend_from_slice(template.text.get(from..slot.at as usize).unwrap_or_default());
            from = slot.at as usize;
            let mut column = SlotColumn::default();
            self.column(place, number, times, &mut column)?;
            if column.form == SlotForm::Constant {
                // As good as static.
                gap.extend_from_slice(column.text(0));
            } else {
                columns.push((Gap::new(&gap), column));
                gap.clear();
            }
        }
        gap.extend_from_slice(template.text.get(from..).unwrap_or_default());
        Ok(Parts { columns, end: Gap::new(&gap), next: 0 })
    }
}

/// What the lines of a template are put together from.
struct Parts {
    /// What is the same in all lines before each slot that varies, and the slot's values.
    columns: Vec<(Gap, SlotColumn)>,
    end: Gap,
    /// The next row of the template.
    next: usize,
}

/// What is the same in all lines between two values. Most often it is short, and a copy of known
/// length, of which the rest is taken back, is faster than one of any.
struct Gap {
    head: [u8; GAP_HEAD_BYTES],
    tail: Vec<u8>,
    bytes: usize,
}

impl Gap {
    fn new(text: &[u8]) -> Self {
        let mut head = [0; GAP_HEAD_BYTES];
        head.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        let tail = text.get(GAP_HEAD_BYTES..).unwrap_or_default().to_vec();
        Gap { head, tail, bytes: text.len() }
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.bytes;
        out.extend_from_slice(&self.head);
        if self.bytes <= GAP_HEAD_BYTES {
            out.truncate(end);
        } else {
            out.extend_from_slice(&self.tail);
        }
    }
}

impl Parts {
    fn write(&self, out: &mut Vec<u8>) {
        for (gap, column) in &self.columns {
            gap.write(out);
            column.write(self.next, out);
        }
        self.end.write(out);
    }
}

/// The rows of the templates, one template after the other.
fn sorted(of_rows: &[u32], templates: &[PageTemplate]) -> Vec<u32> {
    let mut next = Vec::with_capacity(templates.len());
    let mut sum = 0;
    for template in templates {
        next.push(sum);
        sum += template.rows as usize;
    }
    let mut rows = vec![0; of_rows.len()];
    for (row, of) in (0_u32..).zip(of_rows) {
        let Some(next) = next.get_mut(*of as usize) else { continue };
        if let Some(place) = rows.get_mut(*next) {
            *place = row;
        }
        *next += 1;
    }
    rows
}

/// The template of each row, from planes of bytes.
fn rows_of(planes: &[u8], rows: usize, templates: &[PageTemplate]) -> Result<Vec<u32>, Damaged> {
    let wrong = || Damaged::field(0, "templates of the rows");
    let count = templates.len();
    let (low, high) = match count {
        0 | 1 => (&[][..], &[][..]),
        2..=256 => (planes, &[][..]),
        _ => planes.split_at_checked(rows).ok_or_else(wrong)?,
    };
    let expected = match count {
        0 | 1 => 0,
        2..=256 => rows,
        _ => rows.saturating_mul(2),
    };
    if planes.len() != expected || (count == 0 && rows > 0) {
        return Err(wrong());
    }
    let mut of_rows: Vec<u32> = match count {
        0 | 1 => vec![0; rows],
        _ => low.iter().map(|byte| u32::from(*byte)).collect(),
    };
    of_rows.iter_mut().zip(high).for_each(|(of, high)| *of |= u32::from(*high) << 8);
    let mut counts = vec![0_u32; count];
    for of in &of_rows {
        *counts.get_mut(*of as usize).ok_or_else(wrong)? += 1;
    }
    let fits = counts.iter().zip(templates).all(|(count, template)| *count == template.rows);
    if fits { Ok(of_rows) } else { Err(wrong()) }
}
