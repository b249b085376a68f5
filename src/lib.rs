//! Quadra: an embeddable observability database.
#![forbid(unsafe_code)]
