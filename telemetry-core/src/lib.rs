//! The shared vocabulary of Quadra and, behind the feature storage, its storage kernel.
#![forbid(unsafe_code)]
