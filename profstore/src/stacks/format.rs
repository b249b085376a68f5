//! Stack trees as bytes.
