//! The fuzz targets of Quadra, for libFuzzer. The targets themselves are plain functions, which a
//! test of the workspace runs on stable Rust as well.

#![forbid(unsafe_code)]

mod targets;

/// Runs the target called `name` on `data`.
///
/// # Panics
/// Where the target finds a broken promise, or does not exist.
pub fn run(name: &str, data: &[u8]) {
    let target = targets::all().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| panic!("no fuzz target is called {name}"));
    (target.run)(data);
}
