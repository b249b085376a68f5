//! The write side of a profile store.

use super::{Committed, RawLabels, RefusalReason, SinkError};
use crate::model::Profile;

/// Takes profiles.
pub trait ProfileSink {
    /// Adds a profile to the commit: the next item. `name` is the part of the profile type that
    /// pprof does not carry (`process_cpu`, `memory`, …); every sample type becomes a series.
    fn push(&mut self, name: &str, labels: &RawLabels<'_>, profile: Profile);

    /// Counts an item that the caller could not hand in, so that positions stay right.
    fn refuse(&mut self, reason: RefusalReason);

    /// Stores the commit.
    ///
    /// # Errors
    ///
    /// Where nothing could be stored at all.
    fn commit(&mut self) -> Result<Committed, SinkError>;
}
