//! Targets of the profile store: records, symbols, rows and tables, whatever their bytes are.

use super::Target;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "profstore_record",
        run: ::profstore::fuzz::record,
        // One location, a stack of it, a series with one row of one sample.
        seeds: &[b"\x19\x1b\xf0\x0a\x01\0\0\0\x01\0\0\0\0\x01\0\0\x01\x01\x01a\x01b\x01\x0a\x14\x01\x01\x0e\0"],
    },
    Target {
        name: "profstore_symbols",
        run: ::profstore::fuzz::symbols,
        // Strings, a function, a mapping, two locations, of which one is bare; stacks of them.
        seeds: &[
            b"\x03\0\x04main\x01f\x01\x01\0\x02\x08\x01\x01\x02\0\x01\0\x0f\x02\x01\x05\0\x01\x01\x04\0\
              \0\x07\x01\0\x03\0\0\x01\x01\x02\x01",
            b"\x01\0\0\0\x01\0\0\0\0\x01\0\0",
        ],
    },
    Target {
        name: "profstore_rows",
        run: ::profstore::fuzz::rows,
        seeds: &[
            b"\x02\xc8\x01\x78\x14\x14\x02\x01\x01\x02\0\x0a\x01\x06\0\x01\x01\0\0\0\0\0\0\0",
            b"\x01\x02\x02\x01\x05\x08\0",
        ],
    },
    Target {
        name: "profstore_series",
        run: ::profstore::fuzz::series,
        seeds: &[b"\x01\x01\x01a\x01b\x01\x01\x0a\xac\x02\x09"],
    },
];
