//! Reads a profile.
//!
//! Tables may come in any order, and do: samples stand in front of what they refer to. The message
//! is walked three times, which costs little since everything in it is stepped over by length:
//!
//! 1. strings, and where the entries of the tables are;
//! 2. types and numbers; then mappings and functions, then locations, which refer to both;
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
use crate::error::{Error, Fault, PprofErrorKind};
use crate::gzip::{gunzip, is_gzip};
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader};

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
    let profile = if is_gzip(input) { read(&gunzip(input, bytes_max)?) } else { read(input) };
    Ok(profile?)
}

/// What is wrong with the profile at `position`.
pub(super) fn fault(position: usize, kind: PprofErrorKind) -> Fault {
    Box::new(Error::Pprof { position, kind })
}

fn read(input: &[u8]) -> Result<Profile, Fault> {
    if let Some(format) = legacy::format(input) {
        return Err(fault(0, PprofErrorKind::Legacy { format }));
    }
    let outline = Outline::read(input)?;
    let strings = Strings::new(outline.strings.len());
    let mut profile = Profile { strings: outline.strings, ..Profile::default() };
    read_numbers(input, &mut profile, strings)?;
    if profile.sample_types.is_empty() {
        return Err(fault(0, PprofErrorKind::NoSampleType));
    }
    let mappings = table("mapping", &outline.mappings, &mut profile.mappings, |message| {
        mapping(message, strings)
    })?;
    let functions = table("function", &outline.functions, &mut profile.functions, |message| {
        function(message, strings)
    })?;
    let locations = table("location", &outline.locations, &mut profile.locations, |message| {
        location(message, &mappings, &functions)
    })?;
    let mut rest = Reader::new(input);
    let mut scratch = Scratch::default();
    while let Some(tag) = rest.tag()? {
        if tag != (2, Len) {
            rest.skip(tag)?;
            continue;
        }
        let bytes = rest.bytes()?;
        let sample = scratch.sample(bytes, &locations, strings)?;
        let (found, expected) = (sample.values.len(), profile.sample_types.len());
        if found != expected {
            return Err(fault(bytes.at, PprofErrorKind::Values { found, expected }));
        }
        profile.samples.push(sample);
    }
    Ok(profile)
}

/// What the first walk finds: strings, and where the entries of the tables are.
#[derive(Default)]
struct Outline<'a> {
    strings: Vec<String>,
    mappings: Vec<Bytes<'a>>,
    locations: Vec<Bytes<'a>>,
    functions: Vec<Bytes<'a>>,
}

impl<'a> Outline<'a> {
    fn read(input: &'a [u8]) -> Result<Self, Fault> {
        let mut outline = Outline::default();
        let mut rest = Reader::new(input);
        while let Some(tag) = rest.tag()? {
            match tag {
                (3, Len) => outline.mappings.push(rest.bytes()?),
                (4, Len) => outline.locations.push(rest.bytes()?),
                (5, Len) => outline.functions.push(rest.bytes()?),
                (6, Len) => {
                    let bytes = rest.bytes()?;
                    if outline.strings.is_empty() && !bytes.bytes.is_empty() {
                        return Err(fault(bytes.at, PprofErrorKind::FirstString));
                    }
                    outline.strings.push(bytes.text().into_owned());
                }
                _ => rest.skip(tag)?,
            }
        }
        if outline.strings.is_empty() {
            outline.strings.push(String::new());
        }
        Ok(outline)
    }
}

/// The second walk: everything that is not a table and not a sample.
fn read_numbers(input: &[u8], profile: &mut Profile, strings: Strings) -> Result<(), Fault> {
    let mut rest = Reader::new(input);
    while let Some(tag) = rest.tag()? {
        match tag {
            (1, Len) => {
                let kind = value_type(rest.message()?, profile, strings)?;
                profile.sample_types.push(kind);
            }
            (7, Varint) => profile.drop_frames = strings.position(&mut rest)?,
            (8, Varint) => profile.keep_frames = strings.position(&mut rest)?,
            (9, Varint) => profile.time = Nanos(rest.int64()?),
            (10, Varint) => profile.duration_nanos = rest.int64()?,
            (11, Len) => profile.period_type = value_type(rest.message()?, profile, strings)?,
            (12, Varint) => profile.period = rest.int64()?,
            (13, Varint) => profile.comments.push(strings.position(&mut rest)?),
            (13, Len) => {
                let mut comments = rest.message()?;
                while !comments.is_empty() {
                    profile.comments.push(strings.position(&mut comments)?);
                }
            }
            (14, Varint) => profile.default_sample_type = strings.position(&mut rest)?,
            _ => rest.skip(tag)?,
        }
    }
    Ok(())
}

/// Reads the entries of a table and says which id stands for which.
fn table<T>(
    name: &'static str,
    messages: &[Bytes<'_>],
    entries: &mut Vec<T>,
    read: impl Fn(Reader<'_>) -> Result<(u64, T), Fault>,
) -> Result<Ids, Fault> {
    let mut ids = Vec::with_capacity(messages.len());
    entries.reserve(messages.len());
    for bytes in messages {
        let (id, entry) = read(bytes.message())?;
        ids.push((id, bytes.at));
        entries.push(entry);
    }
    Ids::new(name, &ids)
}

fn value_type(
    mut message: Reader<'_>,
    profile: &Profile,
    strings: Strings,
) -> Result<ValueType, Fault> {
    let mut found = ValueType::default();
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => found.kind = profile.string(strings.position(&mut message)?).to_owned(),
            (2, Varint) => found.unit = profile.string(strings.position(&mut message)?).to_owned(),
            _ => message.skip(tag)?,
        }
    }
    Ok(found)
}

fn mapping(mut message: Reader<'_>, strings: Strings) -> Result<(u64, Mapping), Fault> {
    let (mut id, mut mapping) = (0, Mapping::default());
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => id = message.varint()?,
            (2, Varint) => mapping.memory_start = message.varint()?,
            (3, Varint) => mapping.memory_limit = message.varint()?,
            (4, Varint) => mapping.file_offset = message.varint()?,
            (5, Varint) => mapping.filename = strings.position(&mut message)?,
            (6, Varint) => mapping.build_id = strings.position(&mut message)?,
            (7, Varint) => mapping.has_functions = message.bool()?,
            (8, Varint) => mapping.has_filenames = message.bool()?,
            (9, Varint) => mapping.has_line_numbers = message.bool()?,
            (10, Varint) => mapping.has_inline_frames = message.bool()?,
            _ => message.skip(tag)?,
        }
    }
    Ok((id, mapping))
}

fn function(mut message: Reader<'_>, strings: Strings) -> Result<(u64, Function), Fault> {
    let (mut id, mut function) = (0, Function::default());
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => id = message.varint()?,
            (2, Varint) => function.name = strings.position(&mut message)?,
            (3, Varint) => function.system_name = strings.position(&mut message)?,
            (4, Varint) => function.filename = strings.position(&mut message)?,
            (5, Varint) => function.start_line = message.int64()?,
            _ => message.skip(tag)?,
        }
    }
    Ok((id, function))
}

fn location(
    mut message: Reader<'_>,
    mappings: &Ids,
    functions: &Ids,
) -> Result<(u64, Location), Fault> {
    let (mut id, mut location) = (0, Location::default());
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => id = message.varint()?,
            (2, Varint) => {
                location.mapping = mappings.optional(message.varint()?, message.position())?
            }
            (3, Varint) => location.address = message.varint()?,
            (4, Len) => location.lines.push(line(message.message()?, functions)?),
            (5, Varint) => location.is_folded = message.bool()?,
            _ => message.skip(tag)?,
        }
    }
    Ok((id, location))
}

fn line(mut message: Reader<'_>, functions: &Ids) -> Result<Line, Fault> {
    let mut line = Line::default();
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => {
                line.function = functions.optional(message.varint()?, message.position())?
            }
            (2, Varint) => line.line = message.int64()?,
            (3, Varint) => line.column = message.int64()?,
            _ => message.skip(tag)?,
        }
    }
    Ok(line)
}

/// Numbers of one sample, kept for their memory: how many there are is known only at its end.
#[derive(Default)]
struct Scratch {
    stack: Vec<u32>,
    values: Vec<i64>,
}

impl Scratch {
    fn sample(
        &mut self,
        bytes: Bytes<'_>,
        locations: &Ids,
        strings: Strings,
    ) -> Result<ProfileSample, Fault> {
        self.stack.clear();
        self.values.clear();
        let mut labels = Vec::new();
        let mut message = bytes.message();
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => {
                    let mut ids = message.message()?;
                    while !ids.is_empty() {
                        self.stack.push(locations.resolve(ids.varint()?, bytes.at)?);
                    }
                }
                (1, Varint) => self.stack.push(locations.resolve(message.varint()?, bytes.at)?),
                (2, Len) => {
                    let mut values = message.message()?;
                    while !values.is_empty() {
                        self.values.push(values.int64()?);
                    }
                }
                (2, Varint) => self.values.push(message.int64()?),
                (3, Len) => labels.push(label(message.message()?, strings)?),
                _ => message.skip(tag)?,
            }
        }
        let (stack, values) = (self.stack.as_slice().into(), self.values.as_slice().into());
        Ok(ProfileSample { stack, values, labels })
    }
}

/// A label without a text is a number.
fn label(mut message: Reader<'_>, strings: Strings) -> Result<SampleLabel, Fault> {
    let [mut key, mut text, mut unit] = [0; 3];
    let mut value = 0;
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Varint) => key = strings.position(&mut message)?,
            (2, Varint) => text = strings.position(&mut message)?,
            (3, Varint) => value = message.int64()?,
            (4, Varint) => unit = strings.position(&mut message)?,
            _ => message.skip(tag)?,
        }
    }
    let value = match text {
        0 => SampleLabelValue::Number { value, unit },
        text => SampleLabelValue::Text(text),
    };
    Ok(SampleLabel { key, value })
}
