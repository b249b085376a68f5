//! What a commit writes into the log: its spans, each resource and scope once.
//! ~~~text
//! packing    u8    0 what follows is plain · 1 it is LZ4 (storage::lz4)
//! resources  count varint │ each: resource
//! scopes     count varint │ each: scope
//! spans      count varint │ each: resource varint, scope varint (positions above), span
//! ~~~
//! `span/format.rs` has resource, scope and span. Small records stay plain: packing them costs
//! more than it saves.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::model::{Resource, Scope, Span};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged, lz4, varint};

use crate::span::format;

const PLAIN: u8 = 0;
const PACKED: u8 = 1;

/// Records from this size on are packed.
const PACKED_BYTES_MIN: usize = 2 << 10;

/// A span takes at least: two positions, ids, bits, start, length, name, attributes.
const SPAN_BYTES_MIN: usize = 38;

/// Encodes commits; keeps its buffers for the next.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    raw: Vec<u8>,
    record: Vec<u8>,
}

impl Encoder {
    /// The record of `spans`.
    pub(crate) fn encode(&mut self, spans: &[Span]) -> &[u8] {
        let Encoder { raw, record: out } = self;
        raw.clear();
        out.clear();
        let (resources, scopes) = origins(spans);
        varint::put_u64(raw, resources.list.len() as u64);
        resources.list.iter().for_each(|resource| format::put_resource(raw, resource));
        varint::put_u64(raw, scopes.list.len() as u64);
        scopes.list.iter().for_each(|scope| format::put_scope(raw, scope));
        varint::put_u64(raw, spans.len() as u64);
        let (mut resources, mut scopes) = (resources, scopes);
        for span in spans {
            varint::put_u64(raw, resources.position(&span.resource));
            varint::put_u64(raw, scopes.position(&span.scope));
            format::put_span(raw, span);
        }
        if raw.len() < PACKED_BYTES_MIN {
            out.push(PLAIN);
            out.extend_from_slice(raw);
        } else {
            out.push(PACKED);
            lz4::put(out, raw);
        }
        out
    }
}

/// Things that are shared by reference, each once.
struct Shared<'a, T> {
    list: Vec<&'a T>,
    positions: HashMap<*const T, u64>,
    last: Option<(*const T, u64)>,
}

impl<'a, T> Shared<'a, T> {
    fn position(&mut self, item: &'a Arc<T>) -> u64 {
        let pointer = Arc::as_ptr(item);
        if let Some((last, position)) = self.last
            && last == pointer
        {
            return position;
        }
        let next = self.list.len() as u64;
        let position = *self.positions.entry(pointer).or_insert_with(|| {
            self.list.push(item);
            next
        });
        self.last = Some((pointer, position));
        position
    }
}

fn origins(spans: &[Span]) -> (Shared<'_, Resource>, Shared<'_, Scope>) {
    let mut resources = Shared { list: Vec::new(), positions: HashMap::new(), last: None };
    let mut scopes = Shared { list: Vec::new(), positions: HashMap::new(), last: None };
    for span in spans {
        resources.position(&span.resource);
        scopes.position(&span.scope);
    }
    (resources, scopes)
}

/// Reads a record.
///
/// # Errors
///
/// The bytes are no record.
pub(crate) fn decode(record: &[u8]) -> Result<Vec<Span>, Damaged> {
    let mut input = Cursor::new(record);
    match input.u8()? {
        PLAIN => decode_plain(input),
        PACKED => {
            let raw = lz4::read(&mut input)?;
            input.finish()?;
            decode_plain(Cursor::new(&raw))
        }
        other => {
            let damage = Damage::Unknown { what: "packing of a record", found: other.into() };
            Err(Damaged::at(0, damage))
        }
    }
}

fn decode_plain(mut input: Cursor<'_>) -> Result<Vec<Span>, Damaged> {
    let count = input.count(3)?;
    let mut resources = Vec::with_capacity(count);
    for _ in 0..count {
        resources.push(Arc::new(format::read_resource(&mut input)?));
    }
    let count = input.count(5)?;
    let mut scopes = Vec::with_capacity(count);
    for _ in 0..count {
        scopes.push(Arc::new(format::read_scope(&mut input)?));
    }
    let count = input.count(SPAN_BYTES_MIN)?;
    let mut spans = Vec::with_capacity(count);
    for _ in 0..count {
        let resource = pick(&resources, &mut input)?;
        let scope = pick(&scopes, &mut input)?;
        spans.push(format::read_span(&mut input, resource, scope)?);
    }
    input.finish()?;
    Ok(spans)
}

fn pick<T>(list: &[Arc<T>], input: &mut Cursor<'_>) -> Result<Arc<T>, Damaged> {
    let position = input.varint_u32()?;
    let found = list.get(position as usize).cloned();
    found.ok_or_else(|| input.field("position of a resource or scope"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::sample;
    use proptest::prelude::*;

    fn encoded(spans: &[Span]) -> Vec<u8> {
        Encoder::default().encode(spans).to_vec()
    }

    #[test]
    fn golden_record() {
        let span = Span { name: "a".into(), ..Span::default() };
        let mut golden = vec![PLAIN, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0];
        golden.extend([0; 16 + 8 + 1 + 8 + 1]);
        golden.extend([1, b'a', 0]);
        assert_eq!(encoded(&[span]), golden);
    }

    #[test]
    fn what_is_shared_is_written_and_read_once() {
        let mut spans: Vec<Span> = (0..50).map(sample::span).collect();
        let resource = spans.first().unwrap().resource.clone();
        spans.iter_mut().for_each(|span| span.resource = resource.clone());
        let record = encoded(&spans);
        assert_eq!(record.first(), Some(&PACKED));
        let back = decode(&record).unwrap();
        assert_eq!(back, spans);
        let first = &back.first().unwrap().resource;
        assert!(back.iter().all(|span| Arc::ptr_eq(&span.resource, first)));
    }

    #[test]
    fn truncation_is_an_error() {
        let spans: Vec<Span> = (0..3).map(sample::span).collect();
        let record = encoded(&spans);
        assert_eq!(decode(&record).unwrap(), spans);
        for length in 0..record.len() {
            assert!(decode(record.get(..length).unwrap()).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_spans(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
