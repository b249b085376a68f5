//! Instants, windows, durations and clocks.

pub mod calendar;
mod clock;
pub mod duration;
mod instant;
mod window;

pub use clock::{Clock, ManualClock, SystemClock};
pub use instant::{Millis, Nanos, duration_millis, duration_nanos};
pub use window::{MillisRange, NanosRange};
