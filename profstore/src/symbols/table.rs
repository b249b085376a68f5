//! The symbol tables in memory.

use std::hash::Hash;

use hashbrown::HashMap;
use telemetry_core::model::{Function, Location, Mapping};

/// A list of distinct rows, numbered in the order they came.
#[derive(Clone, Debug)]
pub(crate) struct Distinct<T> {
    rows: Vec<T>,
    ids: HashMap<T, u32>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Distinct { rows: Vec::new(), ids: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Distinct<T> {
    /// The number of `row`, given on first sight.
    pub(crate) fn intern(&mut self, row: &T) -> u32 {
        if let Some(id) = self.ids.get(row) {
            return *id;
        }
        // A store refuses profiles long before four billion distinct symbols.
        let id = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(row.clone());
        self.ids.insert(row.clone(), id);
        id
    }

    /// Appends a row as it stands in a file, where rows are already numbered.
    fn push(&mut self, row: T) {
        let id = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.ids.entry(row.clone()).or_insert(id);
        self.rows.push(row);
    }

    pub(crate) fn rows(&self) -> &[T] {
        &self.rows
    }
}

/// Strings, functions, mappings and locations, each once.
#[derive(Clone, Debug)]
pub(crate) struct SymbolTable {
    strings: Distinct<Box<str>>,
    functions: Distinct<Function>,
    mappings: Distinct<Mapping>,
    locations: Distinct<Location>,
    bytes: usize,
}

impl Default for SymbolTable {
    fn default() -> Self {
        let mut table = SymbolTable {
            strings: Distinct::default(),
            functions: Distinct::default(),
            mappings: Distinct::default(),
            locations: Distinct::default(),
            bytes: 0,
        };
        // String 0 is empty everywhere, as in pprof.
        table.intern_string("");
        table
    }
}

impl SymbolTable {
    pub(crate) fn intern_string(&mut self, text: &str) -> u32 {
        if let Some(id) = self.strings.ids.get(text) {
            return *id;
        }
        self.bytes += 2 * text.len() + 64;
        self.strings.intern(&Box::from(text))
    }

    pub(crate) fn intern_function(&mut self, function: Function) -> u32 {
        self.functions.intern(&function)
    }

    pub(crate) fn intern_mapping(&mut self, mapping: Mapping) -> u32 {
        self.mappings.intern(&mapping)
    }

    pub(crate) fn intern_location(&mut self, location: &Location) -> u32 {
        if let Some(id) = self.locations.ids.get(location) {
            return *id;
        }
        self.bytes += location_bytes(location);
        self.locations.intern(location)
    }

    /// Appends the next string of a file.
    pub(crate) fn push_string(&mut self, text: &str) {
        self.bytes += 2 * text.len() + 64;
        self.strings.push(text.into());
    }

    /// Appends the next function of a file.
    pub(crate) fn push_function(&mut self, function: Function) {
        self.functions.push(function);
    }

    /// Appends the next mapping of a file.
    pub(crate) fn push_mapping(&mut self, mapping: Mapping) {
        self.mappings.push(mapping);
    }

    /// Appends the next location of a file.
    pub(crate) fn push_location(&mut self, location: Location) {
        self.bytes += location_bytes(&location);
        self.locations.push(location);
    }

    pub(crate) fn strings(&self) -> &[Box<str>] {
        self.strings.rows()
    }

    pub(crate) fn functions(&self) -> &[Function] {
        self.functions.rows()
    }

    pub(crate) fn mappings(&self) -> &[Mapping] {
        self.mappings.rows()
    }

    pub(crate) fn locations(&self) -> &[Location] {
        self.locations.rows()
    }

    /// Bytes in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + (self.functions.rows.len() + self.mappings.rows.len()) * 96
    }

    /// Names of the frames of a location, the caller first: one per line, or the address where
    /// there is no line or no name.
    pub(crate) fn frames(&self, location: u32, mut each: impl FnMut(&str)) {
        let Some(location) = self.locations().get(location as usize) else { return };
        if location.lines.is_empty() {
            return each(&format!("{:#x}", location.address));
        }
        for line in location.lines.iter().rev() {
            let function = line.function.and_then(|at| self.functions().get(at as usize));
            match function.and_then(|function| self.strings().get(function.name as usize)) {
                Some(name) if !name.is_empty() => each(name),
                _ => each(&format!("{:#x}", location.address)),
            }
        }
    }
}

/// What a location takes in memory: it lies in the list and in the map.
fn location_bytes(location: &Location) -> usize {
    2 * (size_of::<Location>() + size_of_val(location.lines.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::Adoption;
    use telemetry_core::model::{Line, Profile};

    fn profile(names: &[&str]) -> Profile {
        let mut strings = vec![String::new()];
        strings.extend(names.iter().map(|name| (*name).to_owned()));
        let functions = (1..strings.len() as u32)
            .map(|name| Function { name, ..Function::default() })
            .collect();
        let locations = (0..names.len() as u32)
            .map(|function| Location {
                address: u64::from(function),
                lines: vec![Line { function: Some(function), line: 1, column: 0 }],
                ..Location::default()
            })
            .collect();
        Profile { strings, functions, locations, ..Profile::default() }
    }

    #[test]
    fn equal_symbols_of_two_profiles_are_one() {
        let mut table = SymbolTable::default();
        let mut adopt = || {
            let profile = profile(&["main", "work"]);
            let mut adoption = Adoption::of_profile(&profile, &mut table);
            [adoption.location(0), adoption.location(1)]
        };
        assert_eq!(adopt(), adopt());
        assert_eq!(table.functions().len(), 2);
    }

    #[test]
    fn inlined_frames_come_after_their_caller() {
        let mut table = SymbolTable::default();
        let (outer, inner) = (table.intern_string("outer"), table.intern_string("inner"));
        let outer = table.intern_function(Function { name: outer, ..Function::default() });
        let inner = table.intern_function(Function { name: inner, ..Function::default() });
        let line = |function| Line { function: Some(function), line: 0, column: 0 };
        let location = table.intern_location(&Location {
            lines: vec![line(inner), line(outer)],
            ..Location::default()
        });
        let bare = table.intern_location(&Location { address: 0xabc, ..Location::default() });
        let mut names = Vec::new();
        table.frames(location, |name| names.push(name.to_owned()));
        table.frames(bare, |name| names.push(name.to_owned()));
        assert_eq!(names, ["outer", "inner", "0xabc"]);
    }
}
