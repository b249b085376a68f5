//! Takes symbols over from elsewhere: those that are asked for, and what they refer to.
//!
//! What nobody asks for stays behind, so a table holds what its stacks need and no more, whatever
//! a profile carried along or a deleted profile left.

use telemetry_core::model::{Function, Line, Location, Mapping, Profile};

use super::SymbolTable;

/// Ids that were translated so far.
type Known = Vec<Option<u32>>;

/// The symbols of one place on their way into a table.
pub(crate) struct Adoption<'a, 't> {
    into: &'t mut SymbolTable,
    from: Symbols<'a>,
    strings: Known,
    functions: Known,
    mappings: Known,
    locations: Known,
}

/// Symbols that refer to each other by their positions.
struct Symbols<'a> {
    string: Box<dyn Fn(u32) -> &'a str + 'a>,
    functions: &'a [Function],
    mappings: &'a [Mapping],
    locations: &'a [Location],
}

impl<'a, 't> Adoption<'a, 't> {
    /// From a valid profile.
    pub(crate) fn of_profile(profile: &'a Profile, into: &'t mut SymbolTable) -> Self {
        let string = |at: u32| profile.strings.get(at as usize).map_or("", String::as_str);
        let from = Symbols {
            string: Box::new(string),
            functions: &profile.functions,
            mappings: &profile.mappings,
            locations: &profile.locations,
        };
        Adoption::new(from, profile.strings.len(), into)
    }

    /// From another table.
    pub(crate) fn of_table(table: &'a SymbolTable, into: &'t mut SymbolTable) -> Self {
        let string = |at: u32| table.strings().get(at as usize).map_or("", |text| &**text);
        let from = Symbols {
            string: Box::new(string),
            functions: table.functions(),
            mappings: table.mappings(),
            locations: table.locations(),
        };
        Adoption::new(from, table.strings().len(), into)
    }

    fn new(from: Symbols<'a>, strings: usize, into: &'t mut SymbolTable) -> Self {
        Adoption {
            into,
            strings: vec![None; strings],
            functions: vec![None; from.functions.len()],
            mappings: vec![None; from.mappings.len()],
            locations: vec![None; from.locations.len()],
            from,
        }
    }

    /// The id here of location `at` there, which is taken over on first sight.
    pub(crate) fn location(&mut self, at: u32) -> u32 {
        if let Some(id) = known(&self.locations, at) {
            return id;
        }
        let Some(location) = self.from.locations.get(at as usize) else {
            return self.into.intern_location(&Location::default());
        };
        let mut lines = Vec::with_capacity(location.lines.len());
        for line in &location.lines {
            let function = line.function.map(|at| self.function(at));
            lines.push(Line { function, ..*line });
        }
        let mapping = location.mapping.map(|at| self.mapping(at));
        let id = self.into.intern_location(&Location { mapping, lines, ..*location });
        remember(&mut self.locations, at, id)
    }

    fn function(&mut self, at: u32) -> u32 {
        if let Some(id) = known(&self.functions, at) {
            return id;
        }
        let function = self.from.functions.get(at as usize).copied().unwrap_or_default();
        let function = Function {
            name: self.string(function.name),
            system_name: self.string(function.system_name),
            filename: self.string(function.filename),
            start_line: function.start_line,
        };
        let id = self.into.intern_function(function);
        remember(&mut self.functions, at, id)
    }

    fn mapping(&mut self, at: u32) -> u32 {
        if let Some(id) = known(&self.mappings, at) {
            return id;
        }
        let mapping = self.from.mappings.get(at as usize).copied().unwrap_or_default();
        let mapping = Mapping {
            filename: self.string(mapping.filename),
            build_id: self.string(mapping.build_id),
            ..mapping
        };
        let id = self.into.intern_mapping(mapping);
        remember(&mut self.mappings, at, id)
    }

    fn string(&mut self, at: u32) -> u32 {
        if let Some(id) = known(&self.strings, at) {
            return id;
        }
        let id = self.into.intern_string((self.from.string)(at));
        remember(&mut self.strings, at, id)
    }
}

fn known(ids: &Known, at: u32) -> Option<u32> {
    ids.get(at as usize).copied().flatten()
}

fn remember(ids: &mut Known, at: u32, id: u32) -> u32 {
    if let Some(slot) = ids.get_mut(at as usize) {
        *slot = Some(id);
    }
    id
}
