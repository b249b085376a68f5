//! Writes a profile that `go tool pprof` reads.
//!
//! Ids are positions plus one. What decoding gave comes back equal from decoding what encoding gave,
//! apart from texts of value types, which are looked up in the string table and added where they are
//! missing.

use std::collections::HashMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use telemetry_core::model::{Function, Location, Mapping, Profile, SampleLabelValue, ValueType};

use crate::protobuf::Writer;

/// The profile as a protobuf message, not compressed. References that lead nowhere are written as
/// they are: [`Profile::validate`] says whether there are any.
pub fn encode(profile: &Profile) -> Vec<u8> {
    let mut strings = Strings::of(profile);
    let mut writer = Writer::default();
    for kind in &profile.sample_types {
        let (kind, unit) = strings.value_type(kind);
        writer.message(1, |message| write_value_type(message, kind, unit));
    }
    for sample in &profile.samples {
        writer.message(2, |message| {
            packed(message, 1, sample.stack.iter().map(|location| u64::from(*location) + 1));
            packed(message, 2, sample.values.iter().map(|value| value.cast_unsigned()));
            for label in &sample.labels {
                message.message(3, |message| {
                    message.nonzero(1, label.key.into());
                    match label.value {
                        SampleLabelValue::Text(text) => message.nonzero(2, text.into()),
                        SampleLabelValue::Number { value, unit } => {
                            message.nonzero(3, value.cast_unsigned());
                            message.nonzero(4, unit.into());
                        }
                    }
                });
            }
        });
    }
    for (id, mapping) in (1..).zip(&profile.mappings) {
        writer.message(3, |message| write_mapping(message, id, mapping));
    }
    for (id, location) in (1..).zip(&profile.locations) {
        writer.message(4, |message| write_location(message, id, location));
    }
    for (id, function) in (1..).zip(&profile.functions) {
        writer.message(5, |message| write_function(message, id, function));
    }
    let (period_kind, period_unit) = strings.value_type(&profile.period_type);
    let first_is_empty = profile.strings.first().is_none_or(String::is_empty);
    if profile.strings.is_empty() || !first_is_empty {
        writer.bytes(6, b"");
    }
    for text in profile.strings.iter().map(String::as_str).chain(strings.added.iter().copied()) {
        writer.bytes(6, text.as_bytes());
    }
    writer.nonzero(7, profile.drop_frames.into());
    writer.nonzero(8, profile.keep_frames.into());
    writer.nonzero(9, profile.time.0.cast_unsigned());
    writer.nonzero(10, profile.duration_nanos.cast_unsigned());
    if profile.period_type != ValueType::default() {
        writer.message(11, |message| write_value_type(message, period_kind, period_unit));
    }
    writer.nonzero(12, profile.period.cast_unsigned());
    packed(&mut writer, 13, profile.comments.iter().map(|comment| u64::from(*comment)));
    writer.nonzero(14, profile.default_sample_type.into());
    writer.finish()
}

/// As [`encode`], compressed with gzip: the usual form of a file.
pub fn encode_gzip(profile: &Profile) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector does not fail.
    let _ = encoder.write_all(&encode(profile));
    encoder.finish().unwrap_or_default()
}

/// Positions of the texts of value types.
struct Strings<'a> {
    positions: HashMap<&'a str, u64>,
    added: Vec<&'a str>,
    len: u64,
}

impl<'a> Strings<'a> {
    fn of(profile: &'a Profile) -> Self {
        let mut positions = HashMap::new();
        for (at, text) in (0..).zip(&profile.strings) {
            positions.entry(text.as_str()).or_insert(at);
        }
        let len = profile.strings.len().max(1) as u64;
        Strings { positions, added: Vec::new(), len }
    }

    fn value_type(&mut self, kind: &'a ValueType) -> (u64, u64) {
        (self.position(&kind.kind), self.position(&kind.unit))
    }

    fn position(&mut self, text: &'a str) -> u64 {
        if text.is_empty() {
            return 0;
        }
        *self.positions.entry(text).or_insert_with(|| {
            self.added.push(text);
            self.len += 1;
            self.len - 1
        })
    }
}

fn packed(writer: &mut Writer, number: u32, values: impl ExactSizeIterator<Item = u64>) {
    if values.len() > 0 {
        writer.message(number, |packed| values.for_each(|value| packed.raw_varint(value)));
    }
}

fn write_value_type(message: &mut Writer, kind: u64, unit: u64) {
    message.nonzero(1, kind);
    message.nonzero(2, unit);
}

fn write_mapping(message: &mut Writer, id: u64, mapping: &Mapping) {
    message.varint(1, id);
    message.nonzero(2, mapping.memory_start);
    message.nonzero(3, mapping.memory_limit);
    message.nonzero(4, mapping.file_offset);
    message.nonzero(5, mapping.filename.into());
    message.nonzero(6, mapping.build_id.into());
    message.nonzero(7, mapping.has_functions.into());
    message.nonzero(8, mapping.has_filenames.into());
    message.nonzero(9, mapping.has_line_numbers.into());
    message.nonzero(10, mapping.has_inline_frames.into());
}

fn write_location(message: &mut Writer, id: u64, location: &Location) {
    let reference = |position: Option<u32>| position.map_or(0, |position| u64::from(position) + 1);
    message.varint(1, id);
    message.nonzero(2, reference(location.mapping));
    message.nonzero(3, location.address);
    for line in &location.lines {
        message.message(4, |message| {
            message.nonzero(1, reference(line.function));
            message.nonzero(2, line.line.cast_unsigned());
            message.nonzero(3, line.column.cast_unsigned());
        });
    }
    message.nonzero(5, location.is_folded.into());
}

fn write_function(message: &mut Writer, id: u64, function: &Function) {
    message.varint(1, id);
    message.nonzero(2, function.name.into());
    message.nonzero(3, function.system_name.into());
    message.nonzero(4, function.filename.into());
    message.nonzero(5, function.start_line.cast_unsigned());
}
