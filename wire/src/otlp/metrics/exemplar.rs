//! Exemplars.
//!
//! ~~~text
//! Exemplar   2 time · 3 as_double · 4 span_id · 5 trace_id · 6 as_int · 7 filtered_attributes*
//! ~~~
//!
//! Its labels are `trace_id` and `span_id`, and the attributes where all of it together has at most
//! [`CHARACTERS_MAX`] characters, the limit of OpenMetrics.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::LabelsBuilder;
use telemetry_core::model::Exemplar;
use telemetry_core::sink::{MetricSink, SeriesRef};
use telemetry_core::time::Nanos;

use super::point::integer;
use crate::error::Fault;
use crate::otlp::hex;
use crate::otlp::texts::Texts;
use crate::otlp::time::nanos;
use crate::otlp::value::Attribute;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader};

/// Characters that the labels of an exemplar may have, names included.
const CHARACTERS_MAX: usize = 128;

/// Reads an exemplar; none where its time cannot be stored.
pub(super) fn read(mut message: Reader<'_>, texts: &mut Texts) -> Result<Option<Exemplar>, Fault> {
    let (mut time, mut value) = (0, 0.0);
    let [mut trace_id, mut span_id] = [Bytes::default(); 2];
    let mut attributes = Vec::new();
    while let Some(tag) = message.tag()? {
        match tag {
            (2, Fixed64) => time = message.fixed64()?,
            (3, Fixed64) => value = message.double()?,
            (4, Len) => span_id = message.bytes()?,
            (5, Len) => trace_id = message.bytes()?,
            (6, Fixed64) => value = integer(message.fixed64()?),
            (7, Len) => attributes.push(Attribute::read(message.message()?)?),
            _ => message.skip(tag)?,
        }
    }
    let Ok(time) = nanos(time) else { return Ok(None) };
    let mut builder = LabelsBuilder::new();
    let mut characters = 0;
    for (name, id) in [("trace_id", trace_id.bytes), ("span_id", span_id.bytes)] {
        if hex::is_set(id) {
            let mut digits = String::new();
            hex::append(id, &mut digits);
            characters += name.len() + digits.len();
            builder.set(name, &digits);
        }
    }
    let mut labels = Vec::new();
    for attribute in attributes {
        let (name, mut text) = (texts.owned(attribute.key), String::new());
        attribute.value.write_text(&mut text, texts)?;
        characters += name.chars().count() + text.chars().count();
        labels.push((name, text));
    }
    if characters <= CHARACTERS_MAX {
        for (name, text) in &labels {
            builder.set(name, text);
        }
    }
    Ok(Some(Exemplar { labels: builder.build(), value, time: Nanos(time).to_millis() }))
}

/// Adds the exemplars of a point to one series.
pub(super) fn add_all(
    exemplars: &[Reader<'_>],
    series: SeriesRef,
    sink: &mut dyn MetricSink,
    texts: &mut Texts,
) -> Result<(), Fault> {
    for exemplar in exemplars {
        if let Some(exemplar) = read(*exemplar, texts)? {
            sink.exemplar(series, exemplar);
        }
    }
    Ok(())
}
