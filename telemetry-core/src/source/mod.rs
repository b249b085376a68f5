//! The read side: what a language needs from a store.
