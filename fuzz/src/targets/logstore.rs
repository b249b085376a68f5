//! Targets of the log store: records, deletes, pages and tables, whatever their bytes are.

use super::Target;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "logstore_record",
        run: ::logstore::fuzz::record,
        seeds: &[
            b"\x01\x01\x01a\x01b\x01\0\x0a\x01x\x01\x01k\0",
            b"\x02\x01\x01a\x01b\x01\x01a\x01c\x03\0\x0a\x03one\0\x01\x02\0\0\0\x01\x03two\x01\x01k\x01v",
        ],
    },
    Target {
        name: "logstore_delete",
        run: ::logstore::fuzz::delete,
        seeds: &[b"\x01\x02\x00\x02\x00\x00\x01a\x01\x00\x03a|b\x01\x00\x02{}"],
    },
    Target {
        name: "logstore_page",
        run: ::logstore::fuzz::page,
        seeds: &[
            // Two lines, the second with metadata.
            b"\x09\x06\x07\x60\x02\xc8\x01\x78\x03\0\x10\x0d\x0e\xd0\x03\x01k\x01v\x01l\0\x02\0\x01\x02\x01\
              \x01\x03\x04\x30a=1",
            // One line without.
            b"\x06\x03\x04\x30\x01\x0a\x03\0\x01\x03\x04\x30abc",
        ],
    },
    Target {
        name: "logstore_table",
        run: ::logstore::fuzz::table,
        seeds: &[b"\x01\x07\xc8\x01\x01\x01\x01a\x01b\x01\0\x02\x03\x01\x05\xac\x02\x01"],
    },
];
