//! What the series of a point hang on besides its attributes: bounds or quantiles.

use xxhash_rust::xxh3::xxh3_64;

/// A hash of the bounds of points. Points of a metric mostly have the same, so it is made anew only
/// where they change.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    bounds: Vec<f64>,
    hash: u64,
}

impl Shape {
    /// The shape of a point with these bounds, with a sum (or whatever else there is once) or
    /// without one.
    pub(crate) fn of(&mut self, bounds: &[f64], has_sum: bool) -> u64 {
        let same = self.bounds.len() == bounds.len()
            && self.bounds.iter().zip(bounds).all(|(a, b)| a.to_bits() == b.to_bits());
        if !same || self.hash == 0 {
            self.bounds.clear();
            self.bounds.extend_from_slice(bounds);
            let bytes: Vec<u8> = bounds.iter().flat_map(|bound| bound.to_le_bytes()).collect();
            self.hash = xxh3_64(&bytes).max(1);
        }
        if has_sum { self.hash.rotate_left(1) } else { self.hash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_and_sums_tell_shapes_apart() {
        let mut shape = Shape::default();
        let first = shape.of(&[1.0, 2.0], true);
        assert_eq!(shape.of(&[1.0, 2.0], true), first);
        let others =
            [(vec![1.0, 2.0], false), (vec![1.0], true), (vec![], true), (vec![2.0], true)];
        for (bounds, has_sum) in others {
            assert_ne!(shape.of(&bounds, has_sum), first, "{bounds:?}");
        }
        assert_eq!(shape.of(&[1.0, 2.0], true), first);
    }
}
