//! Resources and scopes of a block: each once, by its bytes.

use std::sync::Arc;

use hashbrown::HashMap;

/// References remembered by where they point; more are forgotten and looked up again.
const POINTERS_MAX: usize = 10_000;

/// A table that grows while a block is written.
#[derive(Debug)]
pub(super) struct Origins<T> {
    put: fn(&mut Vec<u8>, &T),
    by_bytes: HashMap<Box<[u8]>, u32>,
    /// The references are kept alive, so that no other thing gets their address.
    by_pointer: HashMap<*const T, (Arc<T>, u32)>,
    bytes: Vec<u8>,
    encoded: Vec<u8>,
}

impl<T> Origins<T> {
    /// An empty table of things that `put` encodes.
    pub(super) fn new(put: fn(&mut Vec<u8>, &T)) -> Self {
        Origins {
            put,
            by_bytes: HashMap::new(),
            by_pointer: HashMap::new(),
            bytes: Vec::new(),
            encoded: Vec::new(),
        }
    }

    /// The position of a thing, which is added if it is new.
    pub(super) fn position(&mut self, item: &Arc<T>) -> u32 {
        if let Some((_, position)) = self.by_pointer.get(&Arc::as_ptr(item)) {
            return *position;
        }
        self.encoded.clear();
        (self.put)(&mut self.encoded, item);
        let next = self.by_bytes.len() as u32;
        let known = self.by_bytes.get(self.encoded.as_slice()).copied();
        let position = known.unwrap_or_else(|| {
            self.by_bytes.insert(self.encoded.as_slice().into(), next);
            self.bytes.extend_from_slice(&self.encoded);
            next
        });
        if self.by_pointer.len() >= POINTERS_MAX {
            self.by_pointer.clear();
        }
        self.by_pointer.insert(Arc::as_ptr(item), (item.clone(), position));
        position
    }

    /// Number of things.
    pub(super) fn len(&self) -> u32 {
        self.by_bytes.len() as u32
    }

    /// All of them, encoded, in the order of their positions.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
