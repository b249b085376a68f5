//! Runs the target that has the name of this binary.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| quadra_fuzz::run(env!("CARGO_BIN_NAME"), data));
