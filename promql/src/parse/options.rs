//! Which parts of the language are on.

/// Parts of the language that can be switched on and off. The default is Prometheus 3.14's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct ParseOptions {
    /// Functions and aggregations that Prometheus calls experimental. Off by default.
    pub experimental_functions: bool,
    /// Arithmetic in ranges, steps and offsets: `rate(x[2 * step()])`. On by default.
    pub duration_expressions: bool,
    /// `anchored` and `smoothed`. Off by default.
    pub extended_range_selectors: bool,
    /// `fill`, `fill_left`, `fill_right`. Off by default.
    pub fill_modifiers: bool,
}

impl Default for ParseOptions {
    fn default() -> Self {
        ParseOptions {
            experimental_functions: false,
            duration_expressions: true,
            extended_range_selectors: false,
            fill_modifiers: false,
        }
    }
}

impl ParseOptions {
    /// The whole language.
    pub const EVERYTHING: ParseOptions = ParseOptions {
        experimental_functions: true,
        duration_expressions: true,
        extended_range_selectors: true,
        fill_modifiers: true,
    };
}
