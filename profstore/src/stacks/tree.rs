//! The prefix tree of stacks.
//!
//! ~~~text
//! node   0: main   parent -      stack 2 = main → work → malloc
//! node   1: work   parent 0      stack 1 = main → work
//! node   2: malloc parent 1
//! ~~~
//!
//! A stack is the id of its last node. A node's parent has a lower id, so one pass over the ids
//! upwards visits callers before callees, and one downwards adds totals up.

use hashbrown::HashMap;
use telemetry_core::source::NO_STACK;

/// Stacks of location ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct StackTree {
    parents: Vec<u32>,
    locations: Vec<u32>,
    nodes: HashMap<(u32, u32), u32>,
}

impl StackTree {
    /// The id of a stack, given with the leaf first as pprof does.
    pub(crate) fn intern(&mut self, leaf_first: impl DoubleEndedIterator<Item = u32>) -> u32 {
        leaf_first.rev().fold(NO_STACK, |parent, location| self.child(parent, location))
    }

    /// The node for `location` called from `parent`.
    pub(crate) fn child(&mut self, parent: u32, location: u32) -> u32 {
        // A store refuses profiles long before four billion distinct stacks.
        let next = u32::try_from(self.parents.len()).unwrap_or(NO_STACK - 1);
        let node = *self.nodes.entry((parent, location)).or_insert(next);
        if node == next {
            self.parents.push(parent);
            self.locations.push(location);
        }
        node
    }

    /// Takes over those stacks of another tree that are `used`, and what they begin with. The
    /// answer translates their ids.
    pub(crate) fn merge(
        &mut self,
        other: &StackTree,
        used: &Used,
        mut location: impl FnMut(u32) -> u32,
    ) -> Vec<u32> {
        let mut ids: Vec<u32> = Vec::with_capacity(other.len());
        for ((parent, callee), is_used) in other.nodes().zip(&used.nodes) {
            ids.push(if *is_used {
                let parent = ids.get(parent as usize).copied().unwrap_or(NO_STACK);
                self.child(parent, location(callee))
            } else {
                NO_STACK
            });
        }
        ids
    }

    /// Parent and location of every node, by id.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.parents.iter().copied().zip(self.locations.iter().copied())
    }

    /// Number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.parents.len()
    }

    /// The parents of all nodes, by id.
    pub(crate) fn parents(&self) -> &[u32] {
        &self.parents
    }

    /// The location that a stack ends in.
    pub(crate) fn location(&self, stack: u32) -> Option<u32> {
        self.locations.get(stack as usize).copied()
    }

    /// Bytes in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.parents.len() * 32
    }
}

/// Which stacks of a tree something refers to.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    nodes: Vec<bool>,
}

impl Used {
    /// All of them.
    pub(crate) fn all(tree: &StackTree) -> Self {
        Used { nodes: vec![true; tree.len()] }
    }

    /// Those in `stacks`, and what they begin with.
    pub(crate) fn only(tree: &StackTree, stacks: impl IntoIterator<Item = u32>) -> Self {
        let mut nodes = vec![false; tree.len()];
        for stack in stacks {
            if let Some(node) = nodes.get_mut(stack as usize) {
                *node = true;
            }
        }
        // A parent has a lower id, so it is marked before its turn comes.
        for (node, parent) in tree.parents.iter().enumerate().rev() {
            if nodes.get(node) == Some(&true)
                && let Some(parent) = nodes.get_mut(*parent as usize)
            {
                *parent = true;
            }
        }
        Used { nodes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_share_their_beginning() {
        let mut tree = StackTree::default();
        let deep = tree.intern([3, 2, 1].into_iter());
        let shallow = tree.intern([2, 1].into_iter());
        let other = tree.intern([4, 2, 1].into_iter());
        assert_eq!((deep, shallow, other), (2, 1, 3));
        assert_eq!(tree.len(), 4);
        assert_eq!(tree.intern([].into_iter()), NO_STACK);
    }

    #[test]
    fn parents_come_before_children() {
        let mut tree = StackTree::default();
        for leaf in 0..50_u32 {
            tree.intern([leaf, leaf % 7, leaf % 3].into_iter());
        }
        for (node, parent) in tree.parents().iter().enumerate() {
            assert!(*parent == NO_STACK || (*parent as usize) < node);
        }
    }

    #[test]
    fn a_merged_tree_holds_the_same_stacks() {
        let mut one = StackTree::default();
        one.intern([2, 1].into_iter());
        let mut two = StackTree::default();
        two.intern([9, 8].into_iter());
        two.intern([2, 1].into_iter());
        let ids = two.merge(&one, &Used::all(&one), |location| location);
        assert_eq!(ids, [2, 3]);
        assert_eq!(two.len(), 4);
    }

    #[test]
    fn stacks_that_nothing_refers_to_stay_behind() {
        let mut one = StackTree::default();
        let kept = one.intern([3, 2, 1].into_iter());
        one.intern([4, 1].into_iter());
        let mut two = StackTree::default();
        let ids = two.merge(&one, &Used::only(&one, [kept, NO_STACK]), |location| location);
        assert_eq!(ids, [0, 1, 2, NO_STACK]);
        assert_eq!(two.len(), 3);
    }
}
