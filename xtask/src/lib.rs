//! Developer commands of Quadra. A library, so that `xtask/tests` and the command line run the
//! same code: what a command refuses, `cargo test --workspace` refuses.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "commands print their findings; nothing here is linked into a user's process"
)]

pub mod cargo;
pub mod compare;
pub mod conformance;
pub mod licence;
pub mod tidy;
