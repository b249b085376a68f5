//! Targets of the metrics store: records, chunks and tables, whatever their bytes are.

use super::Target;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "tsdb_records",
        run: ::tsdb::fuzz::records,
        seeds: &[
            // A series, a layout of it, a row.
            b"\x22\x08\0\x01a\x09\0\0\x01b\x01\0\x01\0\x02\0\x01\0\x03\0\x14\0\0\0\0\0\0\0\0\xf0\x3f\x03\0\x02\x05\
              \x05\x03\0\x1e\x01\x03",
            // A series, floats, a late sample with a start, metadata.
            b"\x34\x08\0\x01a\x09\x02\0\x01d\x01\x02\x01\x04\x04\x01\x04\x14\0\0\0\0\0\0\xf0\x3f\x05\x06\x02\x01\x06\
              \0\0\0\0\0\0\xf0\x3f\x07\x01m\x02\x01s\0",
        ],
    },
    Target {
        name: "tsdb_chunk",
        run: ::tsdb::fuzz::chunk,
        seeds: &[
            // Statistics and whole numbers in packed bits.
            b"\x03\0\x01\x01\x0e\x04\0\0\x30\0\0\x01\x0e\x01\x02\0",
            // Differences to another chunk.
            b"\x03\0\x05\x01\x0e\x04\0\0\x30\0\xac\x02\x14\0\x01\x02\0",
            // A constant; tenths with a divisor; the mark of a series that ended.
            b"\x04\0\0\0\x01\x0e\0",
            b"\x04\0\0\x01\x05\x05\x1e\0\x01\x02\0",
            b"\x08\0\0\0\x09\x02\x01\x07\0\x01\x02\x01\x15",
            // Bits of floats; bins in four streams; two odd ones among equal ones.
            b"\x02\0\0\x1f\x01\x02\x01\x02\0",
            b"\x29\0\0\0\x01\x02\x02\x0a\x00\x03\xee\x28\x80\x03\x00\x00\x00\x02\xb9\
              \xa0\x02\xb9\xa0\x02\xb9\xa0\x02\xb9\xa0",
            b"\x90\x01\0\0\0\x03\x02\x02\x01\x02\x07\x63\0\x01\x06\x01\x02",
            b"\x01\0\0\0\x02\0\0\0\0\0\0\0\0\x01\x03\x02\0\0\x0c\0\x04\x08\0\0\0\0\0\0\xe0\x3f",
            b"\x03\0\x02\x14\x1e\x01\x02",
        ],
    },
    Target {
        name: "tsdb_table",
        run: ::tsdb::fuzz::table,
        // What the first byte says: a root, a page of values, of lists, of series, of chunks, a strip.
        seeds: &[
            b"\0\x02\x02\x08__name__\x02\0\0\x01\x01\x02up\x09\x05\x03job\x02\0\0\x02\x02\x01a\x09\x05\
              \x01\x01w\x09\x05\x01\x02\0\x01\x01\x03\xd0\x0f\xd0\x0f\x05\x01\x05\x02\x28\x07\
              \x01\x1e\x09\x01\x02\x2f\x14\x08",
            b"\x01\0\x03api\x02\x01t\0\x01b\x01\x01c\x02\x01d",
            b"\x02\0\0\0\x02\x0c\0\0\x04\x03\x05\x0d\0\x01\x01",
            b"\x03\0\0\x02\x94\0\0\0\x01\x0b\0\0\x01\x15\0\0\x02\x03\0\0\x02\x06",
            b"\x04\x81\x04\0\x02\x01\x1f\0\x06\x01\x06\0\0\x02\x24\0\0\x06\xe8\x0b\0",
            b"\x05\0\x02\x02\x22\0\0\0\x01\x02\x14\x03\x68\0\0\x01\x02\x02\x08\x02\0\0",
        ],
    },
    Target {
        name: "tsdb_prometheus_chunk",
        run: ::tsdb::fuzz::prometheus_chunk,
        seeds: &[
            b"\x01\0\x04\xd0\x0f\x3f\xf0\0\0\0\0\0\0\x98\x75\x30\x97\xff\xe0\0\x40",
            b"\x02\0\x01\xc0\xff\x3f\x50\x62\x4d\xd2\xf1\xa9\xfc\x8c\x63\x24\x69\x14\x01\xe0\0\0\0\0\0\x09\x80",
            b"\x04\0\x02\x80\xd0\x0f\x3f\xf0\0\0\0\0\0\0\x14\x0f\0",
        ],
    },
    Target {
        name: "tsdb_prometheus_log",
        run: ::tsdb::fuzz::prometheus_log,
        seeds: &[
            b"\x01\0\0\0\0\0\0\0\x07\x01\x01a\x01b",
            b"\x02\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\x03\xe8\0\0\x3f\xf0\0\0\0\0\0\0",
            b"\x07\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\x03\xe8\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\
              \x3f\xf0\0\0\0\0\0\0\x01\x04\x02\0\x02\x06\x03\0",
        ],
    },
    Target {
        name: "tsdb_prometheus_block",
        run: ::tsdb::fuzz::prometheus_block,
        seeds: &[
            b"\0\x05\x01",
            b"\x01\x09\x02",
            b"\x01\x30\xba\x30\x01\0\0\0\0",
            br#"{"ulid":"01M8134ASB1XSMDRYZ8EMW940S","minTime":1,"maxTime":2,"version":1}"#,
        ],
    },
];
