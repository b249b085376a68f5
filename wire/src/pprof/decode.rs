//! Reads a profile.
//!
//! Tables may come in any order, and do: samples stand in front of what they refer to. The message
//! is walked three times, which costs little since everything in it is stepped over by length:
//!
//! 1. strings, numbers, and where the entries of each table are;
//! 2. mappings and functions, then locations, which refer to both;
//! 3. samples.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::{
    Function, Line, Location, Mapping, Profile, ProfileSample, SampleLabel, SampleLabelValue,
    ValueType,
};
use telemetry_core::time::Nanos;

use super::ids::Ids;
use super::legacy;
use super::strings::Strings;
use crate::error::{Error, PprofErrorKind};
use crate::gzip::{gunzip, is_gzip};
use crate::protobuf::{Bytes, Field, Reader, packed_varints};

/// Bytes that a compressed profile may have when decompressed, for [`decode`].
pub const DECOMPRESSED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Reads a profile, compressed with gzip or not.
///
/// # Errors
///
/// [`Error::Gzip`] and [`Error::TooLarge`] where it does not decompress to at most
/// [`DECOMPRESSED_BYTES_MAX`] bytes; [`Error::Protobuf`] and [`Error::Pprof`] where the bytes are
/// not a profile, with the position in the decompressed bytes. Profiles from before protobuf are
/// refused by name.
pub fn decode(input: &[u8]) -> Result<Profile, Error> {
    decode_within(input, DECOMPRESSED_BYTES_MAX)
}

/// As [`decode`] with another bound on the decompressed bytes.
///
/// # Errors
///
/// As [`decode`].
pub fn decode_within(input: &[u8], bytes_max: usize) -> Result<Profile, Error> {
    if is_gzip(input) { read(&gunzip(input, bytes_max)?) } else { read(input) }
}

fn read(input: &[u8]) -> Result<Profile, Error> {
    if let Some(format) = legacy::format(input) {
        return Err(Error::Pprof { position: 0, kind: PprofErrorKind::Legacy { format } });
    }
    let mut outline = Outline::read(input)?;
    let strings = Strings::new(outline.strings.len());
    let mut profile = Profile::default();
    outline.numbers(&mut profile, strings)?;
    profile.strings = std::mem::take(&mut outline.strings);
    for reader in &outline.sample_types {
        profile.sample_types.push(value_type(*reader, &profile, strings)?);
    }
    if let Some(reader) = outline.period_type {
        profile.period_type = value_type(reader, &profile, strings)?;
    }
    if profile.sample_types.is_empty() {
        return Err(Error::Pprof { position: 0, kind: PprofErrorKind::NoSampleType });
    }
    let (mappings, functions) = outline.tables(&mut profile, strings)?;
    let locations = outline.locations(&mut profile, &mappings, &functions)?;
    let mut rest = Reader::new(input);
    let mut scratch = Scratch::default();
    while let Some(field) = rest.next()? {
        if field.number == 2 {
            let sample = scratch.sample(&field, &locations, strings)?;
            let (found, expected) = (sample.values.len(), profile.sample_types.len());
            if found != expected {
                let kind = PprofErrorKind::Values { found, expected };
                return Err(Error::Pprof { position: field.at, kind });
            }
            profile.samples.push(sample);
        }
    }
    Ok(profile)
}

/// The first walk: strings and numbers, and the messages of the tables.
#[derive(Default)]
struct Outline<'a> {
    strings: Vec<String>,
    sample_types: Vec<Reader<'a>>,
    period_type: Option<Reader<'a>>,
    mappings: Vec<(usize, Reader<'a>)>,
    locations: Vec<(usize, Reader<'a>)>,
    functions: Vec<(usize, Reader<'a>)>,
    numbers: Vec<Field<'a>>,
}

impl<'a> Outline<'a> {
    fn read(input: &'a [u8]) -> Result<Self, Error> {
        let mut outline = Outline::default();
        let mut rest = Reader::new(input);
        while let Some(field) = rest.next()? {
            match field.number {
                1 => outline.sample_types.push(field.message()?),
                3 => outline.mappings.push((field.at, field.message()?)),
                4 => outline.locations.push((field.at, field.message()?)),
                5 => outline.functions.push((field.at, field.message()?)),
                6 => outline.string(field.bytes()?)?,
                7..=10 | 12..=14 => outline.numbers.push(field),
                11 => outline.period_type = Some(field.message()?),
                _ => {}
            }
        }
        if outline.strings.is_empty() {
            outline.strings.push(String::new());
        }
        Ok(outline)
    }

    fn string(&mut self, bytes: Bytes<'_>) -> Result<(), Error> {
        if self.strings.is_empty() && !bytes.bytes.is_empty() {
            let kind = PprofErrorKind::FirstString;
            return Err(Error::Pprof { position: bytes.at, kind });
        }
        self.strings.push(bytes.text().into_owned());
        Ok(())
    }

    fn numbers(&self, profile: &mut Profile, strings: Strings) -> Result<(), Error> {
        let mut comments = Vec::new();
        for field in &self.numbers {
            match field.number {
                7 => profile.drop_frames = strings.position(field)?,
                8 => profile.keep_frames = strings.position(field)?,
                9 => profile.time = Nanos(field.int64()?),
                10 => profile.duration_nanos = field.int64()?,
                12 => profile.period = field.int64()?,
                13 => {
                    comments.clear();
                    packed_varints(field, &mut comments)?;
                    for comment in &comments {
                        let comment = strings.check(comment.cast_signed(), field.at)?;
                        profile.comments.push(comment);
                    }
                }
                _ => profile.default_sample_type = strings.position(field)?,
            }
        }
        Ok(())
    }

    fn tables(&self, profile: &mut Profile, strings: Strings) -> Result<(Ids, Ids), Error> {
        let mut ids = Vec::new();
        for (position, message) in &self.mappings {
            let (id, mapping) = mapping(*message, strings)?;
            ids.push((id, *position));
            profile.mappings.push(mapping);
        }
        let mappings = Ids::new("mapping", &ids)?;
        ids.clear();
        for (position, message) in &self.functions {
            let (id, function) = function(*message, strings)?;
            ids.push((id, *position));
            profile.functions.push(function);
        }
        Ok((mappings, Ids::new("function", &ids)?))
    }

    fn locations(
        &self,
        profile: &mut Profile,
        mappings: &Ids,
        functions: &Ids,
    ) -> Result<Ids, Error> {
        let mut ids = Vec::with_capacity(self.locations.len());
        for (position, message) in &self.locations {
            let (id, location) = location(*message, mappings, functions)?;
            ids.push((id, *position));
            profile.locations.push(location);
        }
        Ids::new("location", &ids)
    }
}

fn value_type(
    mut message: Reader<'_>,
    profile: &Profile,
    strings: Strings,
) -> Result<ValueType, Error> {
    let mut found = ValueType::default();
    while let Some(field) = message.next()? {
        match field.number {
            1 => found.kind = profile.string(strings.position(&field)?).to_owned(),
            2 => found.unit = profile.string(strings.position(&field)?).to_owned(),
            _ => {}
        }
    }
    Ok(found)
}

fn mapping(mut message: Reader<'_>, strings: Strings) -> Result<(u64, Mapping), Error> {
    let (mut id, mut mapping) = (0, Mapping::default());
    while let Some(field) = message.next()? {
        match field.number {
            1 => id = field.varint()?,
            2 => mapping.memory_start = field.varint()?,
            3 => mapping.memory_limit = field.varint()?,
            4 => mapping.file_offset = field.varint()?,
            5 => mapping.filename = strings.position(&field)?,
            6 => mapping.build_id = strings.position(&field)?,
            7 => mapping.has_functions = field.bool()?,
            8 => mapping.has_filenames = field.bool()?,
            9 => mapping.has_line_numbers = field.bool()?,
            10 => mapping.has_inline_frames = field.bool()?,
            _ => {}
        }
    }
    Ok((id, mapping))
}

fn function(mut message: Reader<'_>, strings: Strings) -> Result<(u64, Function), Error> {
    let (mut id, mut function) = (0, Function::default());
    while let Some(field) = message.next()? {
        match field.number {
            1 => id = field.varint()?,
            2 => function.name = strings.position(&field)?,
            3 => function.system_name = strings.position(&field)?,
            4 => function.filename = strings.position(&field)?,
            5 => function.start_line = field.int64()?,
            _ => {}
        }
    }
    Ok((id, function))
}

fn location(
    mut message: Reader<'_>,
    mappings: &Ids,
    functions: &Ids,
) -> Result<(u64, Location), Error> {
    let (mut id, mut location) = (0, Location::default());
    while let Some(field) = message.next()? {
        match field.number {
            1 => id = field.varint()?,
            2 => location.mapping = mappings.optional(field.varint()?, field.at)?,
            3 => location.address = field.varint()?,
            4 => location.lines.push(line(field.message()?, functions)?),
            5 => location.is_folded = field.bool()?,
            _ => {}
        }
    }
    Ok((id, location))
}

fn line(mut message: Reader<'_>, functions: &Ids) -> Result<Line, Error> {
    let mut line = Line::default();
    while let Some(field) = message.next()? {
        match field.number {
            1 => line.function = functions.optional(field.varint()?, field.at)?,
            2 => line.line = field.int64()?,
            3 => line.column = field.int64()?,
            _ => {}
        }
    }
    Ok(line)
}

/// Numbers of one sample, kept for their memory.
#[derive(Default)]
struct Scratch {
    locations: Vec<u64>,
    values: Vec<u64>,
}

impl Scratch {
    fn sample(
        &mut self,
        field: &Field<'_>,
        locations: &Ids,
        strings: Strings,
    ) -> Result<ProfileSample, Error> {
        self.locations.clear();
        self.values.clear();
        let mut labels = Vec::new();
        let mut message = field.message()?;
        while let Some(field) = message.next()? {
            match field.number {
                1 => packed_varints(&field, &mut self.locations)?,
                2 => packed_varints(&field, &mut self.values)?,
                3 => labels.push(label(field.message()?, strings)?),
                _ => {}
            }
        }
        let mut stack = Vec::with_capacity(self.locations.len());
        for id in &self.locations {
            stack.push(locations.resolve(*id, field.at)?);
        }
        let values = self.values.iter().map(|value| value.cast_signed()).collect();
        Ok(ProfileSample { stack, values, labels })
    }
}

/// A label without a text is a number.
fn label(mut message: Reader<'_>, strings: Strings) -> Result<SampleLabel, Error> {
    let [mut key, mut text, mut unit] = [0; 3];
    let mut value = 0;
    while let Some(field) = message.next()? {
        match field.number {
            1 => key = strings.position(&field)?,
            2 => text = strings.position(&field)?,
            3 => value = field.int64()?,
            4 => unit = strings.position(&field)?,
            _ => {}
        }
    }
    let value = match text {
        0 => SampleLabelValue::Number { value, unit },
        text => SampleLabelValue::Text(text),
    };
    Ok(SampleLabel { key, value })
}
