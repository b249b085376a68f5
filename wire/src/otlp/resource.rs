//! Who produced the telemetry: the resource and the scope in front of every list of items.
//!
//! ~~~text
//! Resource     1 attributes* · 2 dropped_attributes_count
//! Scope        1 name · 2 version · 3 attributes* · 4 dropped_attributes_count
//! ~~~
//!
//! The three requests have the same outline, so it is walked once, here:
//!
//! ~~~text
//! Request      1 resource group*
//! group        1 resource · 2 scope group* · 3 schema_url
//! scope group  1 scope · 2 item* · 3 schema_url
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::{Resource, Scope};

use super::texts::Texts;
use super::value::{Attribute, owned};
use crate::error::Fault;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader};

/// A resource or a scope with what stands beside it, borrowed.
#[derive(Clone, Debug, Default)]
pub(super) struct Producer<'a> {
    /// Only of scopes.
    pub(super) name: Bytes<'a>,
    /// Only of scopes.
    pub(super) version: Bytes<'a>,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) dropped_attributes_count: u32,
    pub(super) schema_url: Bytes<'a>,
}

impl<'a> Producer<'a> {
    fn read_resource(&mut self, mut message: Reader<'a>) -> Result<(), Fault> {
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => self.attributes.push(Attribute::read(message.message()?)?),
                (2, Varint) => self.dropped_attributes_count = message.uint32()?,
                _ => message.skip(tag)?,
            }
        }
        Ok(())
    }

    fn read_scope(&mut self, mut message: Reader<'a>) -> Result<(), Fault> {
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => self.name = message.bytes()?,
                (2, Len) => self.version = message.bytes()?,
                (3, Len) => self.attributes.push(Attribute::read(message.message()?)?),
                (4, Varint) => self.dropped_attributes_count = message.uint32()?,
                _ => message.skip(tag)?,
            }
        }
        Ok(())
    }

    /// The resource as the model keeps it.
    pub(super) fn to_resource(&self, texts: &mut Texts) -> Result<Resource, Fault> {
        Ok(Resource {
            attributes: owned(&self.attributes, texts)?,
            dropped_attributes_count: self.dropped_attributes_count,
            schema_url: texts.owned(self.schema_url),
        })
    }

    /// The scope as the model keeps it.
    pub(super) fn to_scope(&self, texts: &mut Texts) -> Result<Scope, Fault> {
        Ok(Scope {
            name: texts.owned(self.name),
            version: texts.owned(self.version),
            attributes: owned(&self.attributes, texts)?,
            dropped_attributes_count: self.dropped_attributes_count,
            schema_url: texts.owned(self.schema_url),
        })
    }
}

/// The resource groups of a request.
pub(super) fn groups(request: &[u8]) -> Messages<'_> {
    Messages { rest: Reader::new(request), number: 1 }
}

/// A resource group or a scope group: who, and the messages under it.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) producer: Producer<'a>,
    message: Reader<'a>,
}

impl<'a> Group<'a> {
    pub(super) fn of_resource(message: Reader<'a>) -> Result<Self, Fault> {
        Group::read(message, Producer::read_resource)
    }

    pub(super) fn of_scope(message: Reader<'a>) -> Result<Self, Fault> {
        Group::read(message, Producer::read_scope)
    }

    /// Fields may come in any order, and the producer must be known before the first item: the
    /// items are stepped over here and read in a second pass.
    fn read(
        message: Reader<'a>,
        read_producer: fn(&mut Producer<'a>, Reader<'a>) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        let mut producer = Producer::default();
        let mut rest = message;
        while let Some(tag) = rest.tag()? {
            match tag {
                (1, Len) => read_producer(&mut producer, rest.message()?)?,
                (3, Len) => producer.schema_url = rest.bytes()?,
                _ => rest.skip(tag)?,
            }
        }
        Ok(Group { producer, message })
    }

    /// The scope groups of a resource group, or the items of a scope group.
    pub(super) fn members(&self) -> Messages<'a> {
        Messages { rest: self.message, number: 2 }
    }
}

/// The fields of one number, each a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Messages<'a> {
    rest: Reader<'a>,
    number: u32,
}

impl<'a> Messages<'a> {
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Reader<'a>>, Fault> {
        while let Some(tag) = self.rest.tag()? {
            if tag == (self.number, Len) {
                return self.rest.message().map(Some);
            }
            self.rest.skip(tag)?;
        }
        Ok(None)
    }
}
