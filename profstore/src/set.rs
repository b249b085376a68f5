//! A set of profiles: symbols, stacks and the rows of every series.
//!
//! A commit, the head and what compaction merges are all such sets; they differ in where they
//! live. Taking one set into another translates its ids and adds its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::model::Profile;
use telemetry_core::sink::RefusalReason;

use crate::limits::Limits;
use crate::samples::Row;
use crate::split::{SeriesSamples, split};
use crate::stacks::{NO_STACK, StackTree, Used};
use crate::symbols::{Adoption, SymbolTable};

/// Profiles in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProfileSet {
    pub(crate) symbols: SymbolTable,
    pub(crate) stacks: StackTree,
    /// Rows in order of time; rows of one time in the order they came.
    pub(crate) series: BTreeMap<Labels, Vec<Arc<Row>>>,
    row_bytes: usize,
}

impl ProfileSet {
    /// A set with symbols and stacks, but no rows.
    pub(crate) fn new(symbols: SymbolTable, stacks: StackTree) -> Self {
        ProfileSet { symbols, stacks, ..ProfileSet::default() }
    }

    /// Adds a profile. Answers how many rows it became: none if all its values are zero.
    ///
    /// # Errors
    ///
    /// Why it was refused; the set is as it was, but for symbols that nothing refers to.
    pub(crate) fn add(
        &mut self,
        name: &str,
        labels: &Labels,
        profile: &Profile,
        limits: &Limits,
    ) -> Result<usize, RefusalReason> {
        limits.check(labels, profile)?;
        let series = split(name, labels, profile)?;
        let mut adoption = Adoption::of_profile(profile, &mut self.symbols);
        let rows = series.len();
        let mut added = Vec::with_capacity(rows);
        for SeriesSamples { labels, samples } in series {
            let samples = samples
                .into_iter()
                .map(|sample| {
                    let locations = sample.stack.iter().map(|at| adoption.location(*at));
                    let stack = self.stacks.intern(locations);
                    (stack, sample.span, sample.value)
                })
                .collect();
            added.push((labels, Row::new(profile.time.0, profile.duration_nanos, samples)));
        }
        for (labels, row) in added {
            self.push(&labels, Arc::new(row));
        }
        Ok(rows)
    }

    /// Takes over everything that `other` holds.
    pub(crate) fn absorb(&mut self, other: &ProfileSet) {
        let used = Used::all(&other.stacks);
        let translate = self.absorb_symbols(&other.symbols, &other.stacks, &used);
        for (labels, rows) in &other.series {
            for row in rows {
                self.push(labels, Arc::new(row.translated(&translate)));
            }
        }
    }

    /// Takes over the `used` stacks and their symbols. The answer translates stack ids.
    pub(crate) fn absorb_symbols(
        &mut self,
        symbols: &SymbolTable,
        stacks: &StackTree,
        used: &Used,
    ) -> impl Fn(u32) -> u32 + use<> {
        let mut adoption = Adoption::of_table(symbols, &mut self.symbols);
        let ids = self.stacks.merge(stacks, used, |location| adoption.location(location));
        move |stack| ids.get(stack as usize).copied().unwrap_or(NO_STACK)
    }

    /// Adds a row whose stack ids are those of this set.
    pub(crate) fn push(&mut self, labels: &Labels, row: Arc<Row>) {
        self.row_bytes += row.bytes();
        let rows = self.series.entry(labels.clone()).or_default();
        let at = match rows.last() {
            Some(last) if last.time > row.time => {
                rows.partition_point(|known| known.time <= row.time)
            }
            _ => rows.len(),
        };
        rows.insert(at, row);
    }

    /// Every row with its series.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Labels, &Arc<Row>)> {
        self.series.iter().flat_map(|(labels, rows)| rows.iter().map(move |row| (labels, row)))
    }

    /// Whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Bytes in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.symbols.bytes() + self.stacks.bytes() + self.row_bytes + self.series.len() * 256
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;
    use telemetry_core::model::{Function, Line, Location, ProfileSample, ValueType};

    /// A profile whose only sample has the stack `names`, the outermost caller first.
    fn profile(time: i64, names: &[&str], value: i64) -> Profile {
        let mut strings = vec![String::new()];
        strings.extend(names.iter().map(|name| (*name).to_owned()));
        let count = names.len() as u32;
        Profile {
            sample_types: vec![ValueType { kind: "cpu".into(), unit: "ns".into() }],
            samples: vec![ProfileSample {
                stack: (0..count).rev().collect(),
                values: vec![value],
                labels: vec![],
            }],
            locations: (0..count)
                .map(|at| Location {
                    lines: vec![Line { function: Some(at), ..Line::default() }],
                    ..Location::default()
                })
                .collect(),
            functions: (1..=count).map(|name| Function { name, ..Function::default() }).collect(),
            strings,
            time: time.into(),
            ..Profile::default()
        }
    }

    fn folded(set: &ProfileSet) -> String {
        let mut lines: Vec<String> = Vec::new();
        for (_, row) in set.rows() {
            for (stack, value) in row.stacks.iter().zip(&row.values) {
                let mut names = Vec::new();
                let mut at = *stack;
                while at != NO_STACK {
                    let (parent, location) = set.stacks.nodes().nth(at as usize).unwrap();
                    set.symbols.frames(location, |name| names.push(name.to_owned()));
                    at = parent;
                }
                names.reverse();
                lines.push(format!("{} {value}\n", names.join(";")));
            }
        }
        lines.sort();
        lines.concat()
    }

    #[test]
    fn sets_add_up_whatever_their_ids() {
        let labels = labels! { "service" => "x" };
        let limits = Limits::default();
        let (mut one, mut two) = (ProfileSet::default(), ProfileSet::default());
        one.add("p", &labels, &profile(2, &["main", "a"], 1), &limits).unwrap();
        two.add("p", &labels, &profile(1, &["other"], 5), &limits).unwrap();
        two.add("p", &labels, &profile(3, &["main", "a"], 2), &limits).unwrap();
        one.absorb(&two);
        assert_eq!(folded(&one), "main;a 1\nmain;a 2\nother 5\n");
        let times: Vec<i64> = one.rows().map(|(_, row)| row.time).collect();
        assert_eq!(times, [1, 2, 3]);
    }
}
