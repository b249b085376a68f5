//! The parts of the example `grep`: their tests stand in them, and run from here, because an example
//! is built either to be run or to be tested.
#![cfg(test)]
#![expect(dead_code, reason = "what only the example calls")]

#[path = "../examples/grep/chart.rs"]
mod chart;
