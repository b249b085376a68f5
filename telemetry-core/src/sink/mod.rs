//! The write side: what a decoder needs from a store.
