//! Developer commands: conformance suites, comparison with peers, tidy.

fn main() {}
