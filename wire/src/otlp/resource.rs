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
use crate::error::Error;
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
    fn read_resource(&mut self, mut message: Reader<'a>) -> Result<(), Error> {
        while let Some(field) = message.next()? {
            match field.number {
                1 => self.attributes.push(Attribute::read(field.message()?)?),
                2 => self.dropped_attributes_count = field.uint32()?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_scope(&mut self, mut message: Reader<'a>) -> Result<(), Error> {
        while let Some(field) = message.next()? {
            match field.number {
                1 => self.name = field.bytes()?,
                2 => self.version = field.bytes()?,
                3 => self.attributes.push(Attribute::read(field.message()?)?),
                4 => self.dropped_attributes_count = field.uint32()?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The resource as the model keeps it.
    pub(super) fn to_resource(&self, texts: &mut Texts) -> Result<Resource, Error> {
        Ok(Resource {
            attributes: owned(&self.attributes, texts)?,
            dropped_attributes_count: self.dropped_attributes_count,
            schema_url: texts.owned(self.schema_url),
        })
    }

    /// The scope as the model keeps it.
    pub(super) fn to_scope(&self, texts: &mut Texts) -> Result<Scope, Error> {
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
    pub(super) fn of_resource(message: Reader<'a>) -> Result<Self, Error> {
        Group::read(message, Producer::read_resource)
    }

    pub(super) fn of_scope(message: Reader<'a>) -> Result<Self, Error> {
        Group::read(message, Producer::read_scope)
    }

    /// Fields may come in any order, and the producer must be known before the first item: the
    /// items are stepped over here and read in a second pass.
    fn read(
        message: Reader<'a>,
        read_producer: fn(&mut Producer<'a>, Reader<'a>) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut producer = Producer::default();
        let mut rest = message;
        while let Some(field) = rest.next()? {
            match field.number {
                1 => read_producer(&mut producer, field.message()?)?,
                3 => producer.schema_url = field.bytes()?,
                _ => {}
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
    pub(super) fn next(&mut self) -> Result<Option<Reader<'a>>, Error> {
        while let Some(field) = self.rest.next()? {
            if field.number == self.number {
                return field.message().map(Some);
            }
        }
        Ok(None)
    }
}
