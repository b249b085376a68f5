//! A call tree by function name.
//!
//! ~~~text
//! total                      self 0   total 9
//! └ main                     self 1   total 9
//!   ├ parse                  self 3   total 3
//!   └ run                    self 5   total 5
//! ~~~
//!
//! Node 0 is the root. A node's parent has a lower index, so totals are one pass downwards.
//! Truncation as in Pyroscope: with at most N nodes wanted, nodes below the N-th largest total
//! are folded into a node [`OTHER`] per parent; equal totals may keep more than N.

use std::cmp::Reverse;

use hashbrown::HashMap;

/// The name of the node that stands for truncated siblings.
pub const OTHER: &str = "other";

/// The name of the root.
const ROOT: &str = "total";

/// A tree of calls with values of one kind.
#[derive(Clone, Debug)]
pub struct CallTree {
    names: Vec<Box<str>>,
    name_ids: HashMap<Box<str>, u32>,
    nodes: Vec<Node>,
    children: HashMap<(u32, u32), u32>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    name: u32,
    parent: u32,
    value: i64,
}

impl Default for CallTree {
    fn default() -> Self {
        let mut tree = CallTree {
            names: Vec::new(),
            name_ids: HashMap::new(),
            nodes: Vec::new(),
            children: HashMap::new(),
        };
        let name = tree.intern(ROOT);
        tree.nodes.push(Node { name, parent: 0, value: 0 });
        tree
    }
}

impl CallTree {
    /// An empty tree.
    pub fn new() -> Self {
        CallTree::default()
    }

    /// Adds `value` to a stack of names, the outermost caller first.
    pub fn insert<'a>(&mut self, root_first: impl IntoIterator<Item = &'a str>, value: i64) {
        let node = root_first.into_iter().fold(0, |parent, name| self.child(parent, name));
        self.add(node, value);
    }

    /// The node called `name` under `parent`.
    pub(crate) fn child(&mut self, parent: u32, name: &str) -> u32 {
        let name = self.intern(name);
        // Limits on stacks keep this far below four billion.
        let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let node = *self.children.entry((parent, name)).or_insert(next);
        if node == next {
            self.nodes.push(Node { name, parent, value: 0 });
        }
        node
    }

    pub(crate) fn add(&mut self, node: u32, value: i64) {
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.value = node.value.saturating_add(value);
        }
    }

    fn intern(&mut self, name: &str) -> u32 {
        if let Some(id) = self.name_ids.get(name) {
            return *id;
        }
        let id = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.into());
        self.name_ids.insert(name.into(), id);
        id
    }

    fn name(&self, id: u32) -> &str {
        self.names.get(id as usize).map_or("", |name| name)
    }

    /// The sum of all values.
    pub fn total(&self) -> i64 {
        self.nodes.iter().fold(0_i64, |sum, node| sum.saturating_add(node.value))
    }

    /// Number of nodes, the root included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing under the root.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() <= 1
    }

    /// The total of every node, by index.
    fn totals(&self) -> Vec<i64> {
        let mut totals: Vec<i64> = self.nodes.iter().map(|node| node.value).collect();
        for index in (1..self.nodes.len()).rev() {
            let (total, parent) = (totals[index], self.nodes[index].parent as usize);
            totals[parent] = totals[parent].saturating_add(total);
        }
        totals
    }

    /// Visits every stack that has a value of its own, the outermost caller first, in no order.
    pub(crate) fn stacks(&self, mut each: impl FnMut(&[u32], i64)) {
        let mut stack = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if node.value == 0 {
                continue;
            }
            stack.clear();
            let mut at = index;
            while at != 0 {
                stack.push(self.nodes[at].name);
                at = self.nodes[at].parent as usize;
            }
            stack.reverse();
            each(&stack, node.value);
        }
    }

    /// All names, by id.
    pub(crate) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// The tree without stacks whose value is zero or less, as flame graphs show it.
    #[must_use]
    pub fn positive(&self) -> CallTree {
        let mut tree = CallTree::new();
        self.stacks(|stack, value| {
            if value > 0 {
                tree.insert(stack.iter().map(|name| self.name(*name)), value);
            }
        });
        tree
    }

    /// The least total that a node needs to survive truncation to about `nodes_max` nodes: the
    /// N-th largest total, the root not counted; 0 if there are no more nodes than that.
    pub fn truncation_threshold(&self, nodes_max: usize) -> i64 {
        if nodes_max == 0 || self.nodes.len() - 1 <= nodes_max {
            return 0;
        }
        let mut totals = self.totals().split_off(1);
        let (_, threshold, _) = totals.select_nth_unstable_by_key(nodes_max - 1, |t| Reverse(*t));
        *threshold
    }

    /// The frames of the tree with about `nodes_max` nodes; 0 keeps all. Children come in the
    /// order of their names, [`OTHER`] last.
    pub fn frames(&self, nodes_max: usize) -> Frame {
        let threshold = self.truncation_threshold(nodes_max);
        let totals = self.totals();
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate().skip(1) {
            children[node.parent as usize].push(index as u32);
        }
        // Children have higher indexes than parents: building downwards finds every child built.
        let mut built: Vec<Option<Frame>> = self.nodes.iter().map(|_| None).collect();
        for index in (0..self.nodes.len()).rev() {
            let node = self.nodes[index];
            let mut kept = Vec::new();
            let mut other = 0_i64;
            for child in &children[index] {
                match built[*child as usize].take() {
                    Some(frame) if frame.total >= threshold && frame.name != OTHER => {
                        kept.push(frame);
                    }
                    Some(frame) => other = other.saturating_add(frame.total),
                    None => {}
                }
            }
            kept.sort_by(|a, b| a.name.cmp(&b.name));
            if other != 0 {
                kept.push(Frame::leaf(OTHER, other));
            }
            built[index] = Some(Frame {
                name: self.name(node.name).to_owned(),
                self_value: node.value,
                total: totals[index],
                children: kept,
            });
        }
        built.into_iter().next().flatten().unwrap_or_else(|| Frame::leaf(ROOT, 0))
    }
}

/// A node of a flame graph with everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function, or an address.
    pub name: String,
    /// Value of the stacks that end here.
    pub self_value: i64,
    /// Value of the stacks that pass or end here.
    pub total: i64,
    /// Callees by name, [`OTHER`] last.
    pub children: Vec<Frame>,
}

impl Frame {
    fn leaf(name: &str, value: i64) -> Self {
        Frame { name: name.to_owned(), self_value: value, total: value, children: Vec::new() }
    }

    /// Number of nodes, this one included.
    pub fn count(&self) -> usize {
        let mut count = 0;
        let mut open = vec![self];
        while let Some(frame) = open.pop() {
            count += 1;
            open.extend(&frame.children);
        }
        count
    }
}

/// Deep trees are taken apart level by level: the derived drop would recurse once per frame.
impl Drop for Frame {
    fn drop(&mut self) {
        let mut open = std::mem::take(&mut self.children);
        while let Some(mut frame) = open.pop() {
            open.append(&mut frame.children);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(stacks: &[(&str, i64)]) -> CallTree {
        let mut tree = CallTree::new();
        for (stack, value) in stacks {
            tree.insert(stack.split(';'), *value);
        }
        tree
    }

    #[test]
    fn totals_add_up_to_the_root() {
        let frames = tree(&[("main", 1), ("main;run", 5), ("main;parse", 3)]).frames(0);
        assert_eq!((frames.total, frames.self_value), (9, 0));
        let main = &frames.children[0];
        assert_eq!((main.total, main.self_value), (9, 1));
        let names: Vec<&str> = main.children.iter().map(|child| &*child.name).collect();
        assert_eq!(names, ["parse", "run"]);
    }

    #[test]
    fn siblings_below_the_threshold_become_other() {
        let tree = tree(&[("a", 10), ("b", 5), ("c", 2), ("d", 1)]);
        assert_eq!(tree.truncation_threshold(2), 5);
        let frames = tree.frames(2);
        let names: Vec<(&str, i64)> =
            frames.children.iter().map(|child| (&*child.name, child.total)).collect();
        assert_eq!(names, [("a", 10), ("b", 5), ("other", 3)]);
        assert_eq!(frames.total, 18);
    }

    #[test]
    fn equal_totals_keep_more_nodes_than_wanted() {
        let tree = tree(&[("a", 1), ("b", 1), ("c", 1)]);
        assert_eq!(tree.frames(2).children.len(), 3);
    }

    #[test]
    fn stacks_of_no_value_are_not_drawn() {
        let tree = tree(&[("a", 2), ("b", -3), ("c", 0)]).positive();
        assert_eq!((tree.total(), tree.len()), (2, 2));
    }

    #[test]
    fn very_deep_stacks_are_no_danger() {
        let deep = vec!["f"; 200_000];
        let mut tree = CallTree::new();
        tree.insert(deep, 1);
        assert_eq!(tree.frames(0).count(), 200_001);
    }
}
