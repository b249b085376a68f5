//! Trials that every engine must pass, for the tests of engines here and elsewhere.
//!
//! A trial drives a store through the faulty file system (or a child process that gets killed) and
//! holds it against the plainest model there is: a [`Subject`] is the store, a [`Model`] the model.
//! A broken promise comes back as a [`TrialFailure`], which a test unwraps.
//!
//! - [`power_cut`]: the power is cut at every change of the disk;
//! - [`damage`]: a bit flips anywhere on the disk;
//! - [`killed`]: the process ends at any moment;
//! - [`model`]: any order of what can be done to a store.

pub mod damage;
mod failure;
pub mod killed;
pub mod model;
pub mod power_cut;

pub use failure::{Broken, Doing, Fault, TrialFailure};

use std::fmt::Debug;
use std::sync::Arc;

use super::fs::FileSystem;
use super::store::{Durability, VerifyReport};

/// What a delete hides: the items of one part, such as a stream or a service, in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// Number of the part.
    pub part: u8,
    /// Earliest time, in the engine's unit.
    pub start: i64,
    /// The first time after the window.
    pub end: i64,
}

/// An open store as the trials see it. Nothing may happen in it by itself
/// ([`super::maintenance::Maintenance::manual`]), so that a seed says all.
pub trait Subject: Sized {
    /// A thing that is stored.
    type Item: PartialEq + Debug;
    /// The store that is too plain to be wrong.
    type Model: Model<Item = Self::Item>;

    /// Opens the store of these files, always in the same directory.
    ///
    /// # Errors
    /// The store's.
    fn open(files: Arc<dyn FileSystem>, durability: Durability) -> Result<Self, Fault>;

    /// Stores items as one commit; gives how many were stored.
    ///
    /// # Errors
    /// The store's.
    fn commit(&self, items: &[Self::Item]) -> Result<u64, Fault>;

    /// Deletes what was committed before.
    ///
    /// # Errors
    /// The store's.
    fn delete(&self, deletion: Deletion) -> Result<(), Fault>;

    /// Writes the head as blocks.
    ///
    /// # Errors
    /// The store's.
    fn flush(&self) -> Result<(), Fault>;

    /// Merges blocks.
    ///
    /// # Errors
    /// The store's.
    fn compact(&self) -> Result<(), Fault>;

    /// Closes in good order.
    ///
    /// # Errors
    /// The store's.
    fn close(&self) -> Result<(), Fault>;

    /// Everything stored, in an order that follows from the items alone. Where a store can be read
    /// in several ways this reads in each and asserts that they agree.
    ///
    /// # Errors
    /// The store's.
    fn contents(&self) -> Result<Vec<Self::Item>, Fault>;

    /// Checks every byte.
    ///
    /// # Errors
    /// The store's.
    fn verify(&self) -> Result<VerifyReport, Fault>;

    /// Whether opening found all that was written.
    fn was_clean(&self) -> bool;
}

/// The plainest store there is.
pub trait Model: Default {
    /// What it keeps.
    type Item;

    /// Takes an item, or leaves it out where the store does.
    fn insert(&mut self, item: &Self::Item);

    /// As [`Subject::delete`].
    fn delete(&mut self, deletion: Deletion);

    /// As [`Subject::contents`].
    fn contents(&self) -> Vec<Self::Item>;
}
