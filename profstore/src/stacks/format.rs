//! Stack trees as bytes.
//!
//! ~~~text
//! count     varint
//! each      distance to the parent varint (node - parent; 0 without a parent), location varint
//! ~~~
//!
//! A parent has a lower id than its child, so distances are above 0 and mostly 1.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint;

use super::{NO_STACK, StackTree};

/// Appends the tree.
pub(crate) fn write(tree: &StackTree, out: &mut Vec<u8>) {
    varint::put_u64(out, tree.len() as u64);
    for (node, (parent, location)) in tree.nodes().enumerate() {
        let distance = if parent == NO_STACK { 0 } else { node as u64 - u64::from(parent) };
        varint::put_u64(out, distance);
        varint::put_u64(out, u64::from(location));
    }
}

/// Reads a tree over `locations` locations.
///
/// # Errors
///
/// Where the bytes are no such tree.
pub(crate) fn read(input: &mut Cursor<'_>, locations: usize) -> Result<StackTree, Damaged> {
    let count = input.count(2)?;
    let mut tree = StackTree::default();
    for node in 0..count {
        let distance = input.varint_u64()?;
        let parent = match distance {
            0 => NO_STACK,
            _ => (node as u64)
                .checked_sub(distance)
                .and_then(|parent| u32::try_from(parent).ok())
                .ok_or_else(|| input.field("parent of a stack"))?,
        };
        let location = input.varint_u32()?;
        if location as usize >= locations || tree.child(parent, location) as usize != node {
            return Err(input.field("location of a stack"));
        }
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_tree() {
        let mut tree = StackTree::default();
        tree.intern([5, 3].into_iter());
        tree.intern([6, 3].into_iter());
        let mut bytes = Vec::new();
        write(&tree, &mut bytes);
        assert_eq!(bytes, [3, 0, 3, 1, 5, 2, 6]);
    }

    proptest! {
        #[test]
        fn any_tree_round_trips(
            stacks in prop::collection::vec(prop::collection::vec(0_u32..20, 0..8), 0..50),
        ) {
            let mut tree = StackTree::default();
            for stack in stacks {
                tree.intern(stack.into_iter());
            }
            let mut bytes = Vec::new();
            write(&tree, &mut bytes);
            let back = read(&mut Cursor::new(&bytes), 20).unwrap();
            prop_assert!(back.nodes().eq(tree.nodes()));
        }

        #[test]
        fn any_bytes_are_an_error_or_a_tree(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(&mut Cursor::new(&bytes), 10);
        }
    }
}
