//! The block cache: bytes read from blocks, verified once, bounded, shared by all stores.

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that an entry costs beside its content.
const ENTRY_BYTES: u64 = 64;
/// What is larger than this part of the capacity is not kept: it would displace everything.
const SHARE_MAX: u64 = 8;

/// A cache of bytes and of what was decoded from them, bounded by the sum of their sizes.
pub struct BlockCache {
    cache: Cache<Key, Entry, EntryWeighter>,
    capacity_bytes: u64,
    next_file: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// Names a file in the cache. Two openings of a file have different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheFile(u64);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    file: CacheFile,
    offset: u64,
    decoded: bool,
}

#[derive(Clone)]
enum Entry {
    Bytes(Bytes),
    Decoded { value: Arc<dyn Any + Send + Sync>, bytes: u64 },
}

#[derive(Clone)]
struct EntryWeighter;

impl Weighter<Key, Entry> for EntryWeighter {
    fn weight(&self, _key: &Key, entry: &Entry) -> u64 {
        ENTRY_BYTES
            + match entry {
                Entry::Bytes(bytes) => bytes.len() as u64,
                Entry::Decoded { bytes, .. } => *bytes,
            }
    }
}

/// What a cache did since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Bytes held now.
    pub bytes: u64,
    /// Bytes it may hold.
    pub capacity_bytes: u64,
    /// Entries held now.
    pub entries: u64,
    /// Look-ups that found something.
    pub hits: u64,
    /// Look-ups that did not.
    pub misses: u64,
}

impl BlockCache {
    /// A cache of at most `capacity_bytes`; zero keeps nothing.
    pub fn new(capacity_bytes: u64) -> Arc<BlockCache> {
        let entries =
            usize::try_from(capacity_bytes / 16_384).unwrap_or(usize::MAX).clamp(64, 1 << 20);
        Arc::new(BlockCache {
            cache: Cache::with_weighter(entries, capacity_bytes, EntryWeighter),
            capacity_bytes,
            next_file: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        })
    }

    /// A name for a file that was just opened.
    pub fn file(&self) -> CacheFile {
        CacheFile(self.next_file.fetch_add(1, Ordering::Relaxed))
    }

    /// The bytes at `offset` of a file, if they are kept.
    pub fn bytes(&self, file: CacheFile, offset: u64) -> Option<Bytes> {
        match self.look_up(&Key { file, offset, decoded: false })? {
            Entry::Bytes(bytes) => Some(bytes),
            Entry::Decoded { .. } => None,
        }
    }

    /// Keeps the bytes at `offset` of a file, if they are not too large.
    pub fn insert_bytes(&self, file: CacheFile, offset: u64, bytes: Bytes) {
        if self.has_room_for(bytes.len() as u64) {
            self.cache.insert(Key { file, offset, decoded: false }, Entry::Bytes(bytes));
        }
    }

    /// What was decoded from the bytes at `offset`, if it is kept and of that type.
    pub fn decoded<T: Send + Sync + 'static>(
        &self,
        file: CacheFile,
        offset: u64,
    ) -> Option<Arc<T>> {
        match self.look_up(&Key { file, offset, decoded: true })? {
            Entry::Bytes(_) => None,
            Entry::Decoded { value, .. } => value.downcast().ok(),
        }
    }

    /// Keeps what was decoded from the bytes at `offset`; `bytes` is its size in memory.
    pub fn insert_decoded<T: Send + Sync + 'static>(
        &self,
        file: CacheFile,
        offset: u64,
        value: Arc<T>,
        bytes: u64,
    ) {
        if self.has_room_for(bytes) {
            let key = Key { file, offset, decoded: true };
            self.cache.insert(key, Entry::Decoded { value, bytes });
        }
    }

    fn look_up(&self, key: &Key) -> Option<Entry> {
        let found = self.cache.get(key);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Forgets a file.
    pub fn remove_file(&self, file: CacheFile) {
        self.cache.retain(|key, _| key.file != file);
    }

    /// What it holds and how well it did.
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            bytes: self.cache.weight(),
            capacity_bytes: self.capacity_bytes,
            entries: self.cache.len() as u64,
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }

    fn has_room_for(&self, bytes: u64) -> bool {
        bytes <= self.capacity_bytes / SHARE_MAX
    }
}

impl fmt::Debug for BlockCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.stats(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_its_bound() {
        let cache = BlockCache::new(100_000);
        let file = cache.file();
        for i in 0..1000 {
            cache.insert_bytes(file, i, Bytes::from(vec![0; 1000]));
        }
        let stats = cache.stats();
        assert!(stats.bytes <= 100_000 && stats.entries > 10, "{stats:?}");
        cache.insert_bytes(file, 5000, Bytes::from(vec![0; 50_000]));
        assert_eq!(cache.bytes(file, 5000), None, "too large a part of the whole");
        cache.remove_file(file);
        assert_eq!(cache.stats().entries, 0);
    }

    #[test]
    fn files_and_kinds_do_not_mix() {
        let cache = BlockCache::new(100_000);
        let (one, two) = (cache.file(), cache.file());
        cache.insert_bytes(one, 0, Bytes::from_static(b"one"));
        cache.insert_decoded(one, 0, Arc::new(1u32), 4);
        assert_eq!(cache.bytes(one, 0).as_deref(), Some(&b"one"[..]));
        assert_eq!(cache.decoded::<u32>(one, 0).as_deref(), Some(&1));
        assert_eq!(cache.decoded::<u64>(one, 0), None);
        assert_eq!(cache.bytes(two, 0), None);
    }
}
