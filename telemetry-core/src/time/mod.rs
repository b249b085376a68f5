//! Instants, windows, durations and clocks.
