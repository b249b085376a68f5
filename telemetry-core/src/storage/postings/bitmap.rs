//! [`Postings`]: a set of ids, on CRoaring or, with the feature `pure-rust`, on the crate `roaring`.
//!
//! Both write the portable Roaring format. Reading it back is checked: `croaring` decodes with
//! CRoaring's bounded decoder and then has CRoaring validate every container, before anything else
//! touches the bitmap; `roaring` is safe Rust and checks as it decodes. Either way bytes that are no
//! bitmap give nothing, not undefined behaviour.

/// The library that does the work.
#[cfg(feature = "croaring")]
mod backend {
    use croaring::{Bitmap, Portable};

    pub(super) type Inner = Bitmap;

    pub(super) fn len(bitmap: &Inner) -> u64 {
        bitmap.cardinality()
    }

    pub(super) fn min_max(bitmap: &Inner) -> Option<(u32, u32)> {
        Some((bitmap.minimum()?, bitmap.maximum()?))
    }

    pub(super) fn insert(bitmap: &mut Inner, id: u32) -> bool {
        bitmap.add_checked(id)
    }

    pub(super) fn insert_sorted(bitmap: &mut Inner, ids: &[u32]) {
        bitmap.add_many(ids);
    }

    pub(super) fn insert_range(bitmap: &mut Inner, ids: std::ops::Range<u32>) {
        bitmap.add_range(ids);
    }

    pub(super) fn remove(bitmap: &mut Inner, id: u32) -> bool {
        bitmap.remove_checked(id)
    }

    pub(super) fn contains(bitmap: &Inner, id: u32) -> bool {
        bitmap.contains(id)
    }

    pub(super) fn union(bitmap: &mut Inner, other: &Inner) {
        bitmap.or_inplace(other);
    }

    pub(super) fn intersect(bitmap: &mut Inner, other: &Inner) {
        bitmap.and_inplace(other);
    }

    pub(super) fn subtract(bitmap: &mut Inner, other: &Inner) {
        bitmap.andnot_inplace(other);
    }

    pub(super) fn overlaps(bitmap: &Inner, other: &Inner) -> bool {
        bitmap.intersect(other)
    }

    pub(super) fn iter(bitmap: &Inner) -> impl Iterator<Item = u32> {
        bitmap.iter()
    }

    pub(super) fn encode(bitmap: &Inner, out: &mut Vec<u8>) {
        let mut smallest = bitmap.clone();
        smallest.run_optimize();
        let _written = smallest.serialize_into_vec::<Portable>(out);
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Inner> {
        let bitmap = Bitmap::try_deserialize::<Portable>(bytes)?;
        let used = bitmap.get_serialized_size_in_bytes::<Portable>();
        (used == bytes.len()).then_some(bitmap)
    }

    pub(super) fn encoded_bytes(bitmap: &Inner) -> usize {
        bitmap.get_serialized_size_in_bytes::<Portable>()
    }
}

/// The library that does the work.
#[cfg(all(feature = "pure-rust", not(feature = "croaring")))]
mod backend {
    use roaring::RoaringBitmap;

    pub(super) type Inner = RoaringBitmap;

    pub(super) fn len(bitmap: &Inner) -> u64 {
        bitmap.len()
    }

    pub(super) fn min_max(bitmap: &Inner) -> Option<(u32, u32)> {
        Some((bitmap.min()?, bitmap.max()?))
    }

    pub(super) fn insert(bitmap: &mut Inner, id: u32) -> bool {
        bitmap.insert(id)
    }

    pub(super) fn insert_sorted(bitmap: &mut Inner, ids: &[u32]) {
        bitmap.extend(ids);
    }

    pub(super) fn insert_range(bitmap: &mut Inner, ids: std::ops::Range<u32>) {
        bitmap.insert_range(ids);
    }

    pub(super) fn remove(bitmap: &mut Inner, id: u32) -> bool {
        bitmap.remove(id)
    }

    pub(super) fn contains(bitmap: &Inner, id: u32) -> bool {
        bitmap.contains(id)
    }

    pub(super) fn union(bitmap: &mut Inner, other: &Inner) {
        *bitmap |= other;
    }

    pub(super) fn intersect(bitmap: &mut Inner, other: &Inner) {
        *bitmap &= other;
    }

    pub(super) fn subtract(bitmap: &mut Inner, other: &Inner) {
        *bitmap -= other;
    }

    pub(super) fn overlaps(bitmap: &Inner, other: &Inner) -> bool {
        !bitmap.is_disjoint(other)
    }

    pub(super) fn iter(bitmap: &Inner) -> impl Iterator<Item = u32> {
        bitmap.iter()
    }

    pub(super) fn encode(bitmap: &Inner, out: &mut Vec<u8>) {
        let mut smallest = bitmap.clone();
        smallest.optimize();
        // Writing to memory does not fail.
        let _ = smallest.serialize_into(out);
    }

    pub(super) fn decode(mut bytes: &[u8]) -> Option<Inner> {
        let bitmap = RoaringBitmap::deserialize_from(&mut bytes).ok()?;
        (bytes.is_empty() && bitmap.internal_validate().is_ok()).then_some(bitmap)
    }

    pub(super) fn encoded_bytes(bitmap: &Inner) -> usize {
        bitmap.serialized_size()
    }
}

/// A set of ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Postings {
    bitmap: backend::Inner,
}

impl Postings {
    /// The empty set.
    pub fn new() -> Self {
        Postings::default()
    }

    /// The set of the ids, best given by rising value.
    pub fn from_ids(ids: &[u32]) -> Self {
        let mut set = Postings::new();
        set.insert_many(ids);
        set
    }

    /// All ids of a range, the end left out.
    pub fn from_range(ids: std::ops::Range<u32>) -> Self {
        let mut set = Postings::new();
        backend::insert_range(&mut set.bitmap, ids);
        set
    }

    /// How many ids are in it.
    pub fn len(&self) -> u64 {
        backend::len(&self.bitmap)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bitmap.is_empty()
    }

    /// Smallest and largest id.
    pub fn min_max(&self) -> Option<(u32, u32)> {
        backend::min_max(&self.bitmap)
    }

    /// Adds an id; whether it is new.
    pub fn insert(&mut self, id: u32) -> bool {
        backend::insert(&mut self.bitmap, id)
    }

    /// Adds ids, fastest by rising value.
    pub fn insert_many(&mut self, ids: &[u32]) {
        backend::insert_sorted(&mut self.bitmap, ids);
    }

    /// Removes an id; whether it was there.
    pub fn remove(&mut self, id: u32) -> bool {
        backend::remove(&mut self.bitmap, id)
    }

    /// Whether an id is in it.
    pub fn contains(&self, id: u32) -> bool {
        backend::contains(&self.bitmap, id)
    }

    /// Adds what is in `other`.
    pub fn union_with(&mut self, other: &Postings) {
        backend::union(&mut self.bitmap, &other.bitmap);
    }

    /// Removes what is not in `other`.
    pub fn intersect_with(&mut self, other: &Postings) {
        backend::intersect(&mut self.bitmap, &other.bitmap);
    }

    /// Removes what is in `other`.
    pub fn subtract(&mut self, other: &Postings) {
        backend::subtract(&mut self.bitmap, &other.bitmap);
    }

    /// Whether some id is in both.
    pub fn overlaps(&self, other: &Postings) -> bool {
        backend::overlaps(&self.bitmap, &other.bitmap)
    }

    /// The ids, by rising value.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        backend::iter(&self.bitmap)
    }

    /// Appends the portable Roaring form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        backend::encode(&self.bitmap, out);
    }

    /// Reads the portable Roaring form, which must take all of `bytes`; [`None`] where it does not.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        backend::decode(bytes).map(|bitmap| Postings { bitmap })
    }

    /// Bytes of the encoded form, about what it takes in memory.
    pub fn encoded_bytes(&self) -> usize {
        backend::encoded_bytes(&self.bitmap)
    }
}

impl FromIterator<u32> for Postings {
    fn from_iter<I: IntoIterator<Item = u32>>(ids: I) -> Self {
        let ids: Vec<u32> = ids.into_iter().collect();
        Postings::from_ids(&ids)
    }
}
