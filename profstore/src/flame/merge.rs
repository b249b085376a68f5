//! Adds values by stack id and gives them names at the end.

use telemetry_core::source::{NO_STACK, ProfileGroup};

use super::CallTree;

/// Values by stack id of one group.
#[derive(Debug, Default)]
pub(crate) struct Merge {
    values: Vec<i64>,
    stackless: i64,
}

impl Merge {
    /// Nothing yet, over `stacks` stacks.
    pub(crate) fn new(stacks: usize) -> Self {
        Merge { values: vec![0; stacks], stackless: 0 }
    }

    /// Adds one value.
    pub(crate) fn add(&mut self, stack: u32, value: i64) {
        let slot = self.values.get_mut(stack as usize).unwrap_or(&mut self.stackless);
        *slot = slot.saturating_add(value);
    }

    /// Adds the stacks to a call tree, by name.
    pub(crate) fn resolve(&self, group: &dyn ProfileGroup, into: &mut CallTree) {
        into.add(0, self.stackless);
        let parents = group.parents();
        // Only stacks on the way to a value are named.
        let mut needed: Vec<bool> = self.values.iter().map(|value| *value != 0).collect();
        for (stack, parent) in parents.iter().enumerate().rev() {
            if *parent != NO_STACK
                && needed.get(stack) == Some(&true)
                && let Some(parent) = needed.get_mut(*parent as usize)
            {
                *parent = true;
            }
        }
        let mut named: Vec<u32> = Vec::with_capacity(parents.len());
        for (stack, parent) in (0_u32..).zip(parents) {
            let mut at = named.get(*parent as usize).copied().unwrap_or(0);
            if needed.get(stack as usize) == Some(&true) {
                group.frames(stack, &mut |name| at = into.child(at, name));
                into.add(at, self.values.get(stack as usize).copied().unwrap_or(0));
            }
            named.push(at);
        }
    }
}
