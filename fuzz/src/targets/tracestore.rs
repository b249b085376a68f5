//! Targets of the trace store: whatever a record, a directory or a column is said to be, reading ends.

use super::Target;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "tracestore_record",
        run: ::tracestore::fuzz::record,
        seeds: &[b"\0\x01\0\0\0\x01\0\0\0\0\0\x01\0\0\
              \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\
              \x02\x02\x02\x02\x02\x02\x02\x02\x18\0\x01\0\0\0\0\0\0\x04\x01a\x01\x01k\x03"],
    },
    Target {
        name: "tracestore_directory",
        run: ::tracestore::fuzz::directory,
        seeds: &[b"\x01\x01k\x01\0\x32\x01\x04\x2a\x01\x01\x02\0\0\x14\0\x0f\x03\x04\x14\x04\x12\
              \x01\0\0\0\x01\x01\x0a\x04\x09"],
    },
    Target {
        name: "tracestore_columns",
        run: ::tracestore::fuzz::columns,
        seeds: &[
            b"\x03\xcf\x0f\xe8\x07\x02\0\x02\x59\0\0\x02",
            b"\x03\x03\x02\x01\x02abc\x01\0\x01\0",
            b"\x03\x02\x02\0\x02\0\x01\0\x01\0",
            b"\x03\x04\x02\x04\x06\x03\x01\0\x01\0",
        ],
    },
];
