//! The items that the four signals are made of.
