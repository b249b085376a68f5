//! Reading: the store as a [`LogSource`](telemetry_core::source::LogSource).

mod merged;
mod page;
mod source;
