//! The storage kernel: one life cycle for four engines.
