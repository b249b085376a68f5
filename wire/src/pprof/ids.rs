//! Ids of a table and the positions they stand for.

use std::collections::HashMap;

use crate::error::{Error, Fault, PprofErrorKind};

/// Which position an id stands for. Most producers number their tables from 1 by position, which
/// needs no map.
#[derive(Debug)]
pub(super) struct Ids {
    table: &'static str,
    len: u32,
    /// Empty where ids are positions plus one.
    positions: HashMap<u64, u32>,
}

/// An entry's id and where in the input the entry stands.
pub(super) type Entry = (u64, usize);

impl Ids {
    pub(super) fn new(table: &'static str, entries: &[Entry]) -> Result<Self, Fault> {
        let Ok(len) = u32::try_from(entries.len()) else {
            let kind = PprofErrorKind::TableTooLong;
            return Err(Box::new(Error::Pprof { position: 0, kind }));
        };
        let mut ids = Ids { table, len, positions: HashMap::new() };
        let by_position = (1..).zip(entries).all(|(number, entry)| number == entry.0);
        if by_position || entries.iter().all(|entry| entry.0 == 0) {
            return Ok(ids);
        }
        for (at, (id, position)) in (0..).zip(entries) {
            let error = |kind| Err(Box::new(Error::Pprof { position: *position, kind }));
            if *id == 0 {
                return error(PprofErrorKind::ZeroId { table });
            }
            if ids.positions.insert(*id, at).is_some() {
                return error(PprofErrorKind::DuplicateId { table, id: *id });
            }
        }
        Ok(ids)
    }

    /// The position that `id` stands for; `position` is where in the input it is asked for.
    #[inline]
    pub(super) fn resolve(&self, id: u64, position: usize) -> Result<u32, Fault> {
        let found = if self.positions.is_empty() {
            id.checked_sub(1).and_then(|at| u32::try_from(at).ok()).filter(|at| *at < self.len)
        } else {
            self.positions.get(&id).copied()
        };
        found.ok_or_else(|| {
            let kind = PprofErrorKind::NoSuchId { table: self.table, id };
            Box::new(Error::Pprof { position, kind })
        })
    }

    /// As [`resolve`](Self::resolve) where 0 means none.
    pub(super) fn optional(&self, id: u64, position: usize) -> Result<Option<u32>, Fault> {
        if id == 0 { Ok(None) } else { self.resolve(id, position).map(Some) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_any_kind_become_positions() {
        for entries in [[(1, 0), (2, 0)], [(7, 0), (u64::MAX, 0)], [(2, 0), (1, 0)]] {
            let ids = Ids::new("location", &entries).unwrap();
            for (at, (id, _)) in (0..).zip(entries) {
                assert_eq!(ids.resolve(id, 0).unwrap(), at);
            }
            assert!(ids.resolve(3, 0).is_err());
            assert!(ids.resolve(0, 0).is_err());
            assert_eq!(ids.optional(0, 0).unwrap(), None);
        }
    }

    #[test]
    fn zero_and_repeated_ids_are_refused_unless_all_are_zero() {
        let error = |entries: &[Entry]| Ids::new("function", entries).unwrap_err().to_string();
        let zero = error(&[(1, 10), (0, 20)]);
        assert_eq!(zero, "byte 20 of the profile: a function has the id 0");
        let twice = error(&[(5, 10), (5, 20)]);
        assert!(twice.ends_with("two entries of the table of functions have the id 5"), "{twice}");
        let all = Ids::new("function", &[(0, 0), (0, 0)]).unwrap();
        assert_eq!(all.resolve(2, 0).unwrap(), 1);
    }
}
