//! Adds values by stack id and gives them names at the end.

use super::CallTree;
use crate::stacks::{NO_STACK, StackTree};
use crate::symbols::SymbolTable;

/// Values by stack id of one stack tree.
#[derive(Debug, Default)]
pub(crate) struct Merge {
    values: Vec<i64>,
    stackless: i64,
}

impl Merge {
    pub(crate) fn new(stacks: usize) -> Self {
        Merge { values: vec![0; stacks], stackless: 0 }
    }

    /// Adds a column of values to a column of stack ids. Ids past the tree count as no stack.
    pub(crate) fn add(&mut self, stacks: &[u32], values: &[i64]) {
        for (stack, value) in stacks.iter().zip(values) {
            let slot = self.values.get_mut(*stack as usize).unwrap_or(&mut self.stackless);
            *slot = slot.saturating_add(*value);
        }
    }

    /// Adds the stacks to a call tree, by name.
    pub(crate) fn resolve(&self, stacks: &StackTree, symbols: &SymbolTable, into: &mut CallTree) {
        into.add(0, self.stackless);
        // Only nodes on the way to a value are named.
        let mut needed: Vec<bool> = self.values.iter().map(|value| *value != 0).collect();
        for (node, parent) in stacks.parents().iter().enumerate().rev() {
            if needed.get(node) == Some(&true)
                && *parent != NO_STACK
                && let Some(parent) = needed.get_mut(*parent as usize)
            {
                *parent = true;
            }
        }
        let mut named: Vec<u32> = Vec::with_capacity(stacks.len());
        for (node, (parent, location)) in stacks.nodes().enumerate() {
            let mut at = named.get(parent as usize).copied().unwrap_or(0);
            if needed.get(node) == Some(&true) {
                symbols.frames(location, |name| at = into.child(at, name));
                into.add(at, self.values.get(node).copied().unwrap_or(0));
            }
            named.push(at);
        }
    }
}
