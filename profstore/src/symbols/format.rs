//! Symbol tables as bytes.
