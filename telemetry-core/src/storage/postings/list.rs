//! The ids of one value: a number, a short array, or a bitmap.

use super::bitmap::Postings;
use crate::storage::error::Damaged;

/// Longer lists are bitmaps.
const ARRAY_IDS_MAX: usize = 16;

/// Ids by rising value.
#[derive(Clone, Debug)]
pub(super) enum List {
    One(u32),
    Array(Vec<u32>),
    Bitmap(Box<Postings>),
}

impl List {
    pub(super) fn insert(&mut self, id: u32) {
        match self {
            List::One(one) if *one == id => {}
            List::One(one) => *self = List::Array(vec![id.min(*one), id.max(*one)]),
            List::Array(ids) => {
                if let Err(at) = ids.binary_search(&id) {
                    ids.insert(at, id);
                }
                if ids.len() > ARRAY_IDS_MAX {
                    *self = List::Bitmap(Box::new(Postings::from_ids(ids)));
                }
            }
            List::Bitmap(set) => {
                set.insert(id);
            }
        }
    }

    /// Removes an id; whether none is left.
    pub(super) fn remove(&mut self, id: u32) -> bool {
        match self {
            List::One(one) => *one == id,
            List::Array(ids) => {
                ids.retain(|other| *other != id);
                ids.is_empty()
            }
            List::Bitmap(set) => {
                set.remove(id);
                set.is_empty()
            }
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            List::One(_) => 0,
            List::Array(ids) => ids.capacity() * size_of::<u32>(),
            List::Bitmap(set) => set.encoded_bytes() + 64,
        }
    }

    pub(super) fn add_to(&self, union: &mut Union) {
        match self {
            List::One(id) => union.ids.push(*id),
            List::Array(ids) => union.ids.extend_from_slice(ids),
            List::Bitmap(set) => union.set.union_with(set),
        }
    }

    /// The ids, where they are few.
    pub(super) fn few(&self) -> Option<&[u32]> {
        match self {
            List::One(id) => Some(std::slice::from_ref(id)),
            List::Array(ids) => Some(ids),
            List::Bitmap(_) => None,
        }
    }
}

/// The union of many lists: ids of short ones are collected and sorted once, since adding a hundred
/// thousand lists of one id to a bitmap one by one is what makes regular expressions slow.
#[derive(Debug, Default)]
pub struct Union {
    pub(super) ids: Vec<u32>,
    pub(super) set: Postings,
}

impl Union {
    /// Adds an id.
    pub fn add(&mut self, id: u32) {
        self.ids.push(id);
    }

    /// Adds a list that [`super::put_list`] wrote; each id must be smaller than `id_end`.
    ///
    /// # Errors
    /// The bytes are no list, or an id is too large.
    pub fn add_list(&mut self, bytes: &[u8], id_end: u32) -> Result<(), Damaged> {
        super::format::add_list(bytes, id_end, self)
    }

    /// All that was added.
    pub fn finish(mut self) -> Postings {
        self.ids.sort_unstable();
        self.set.insert_many(&self.ids);
        self.set
    }
}
