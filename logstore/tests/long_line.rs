//! A line of ten mebibytes: taken where the limit allows it, refused in words where not, in bounded
//! memory from the log to the last merge.
#![cfg(test)]

mod lines;
mod memory;

use lines::each_line;
use logstore::{Error, Limits, LogStore};
use memory::Memory;
use telemetry_core::labels;
use telemetry_core::labels::Labels;
use telemetry_core::sink::RefusalReason;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::StoreOptions;

const LINE_BYTES: usize = 10 << 20;
const LINES: i64 = 16;
const HEAD_BYTES_MAX: u64 = 16 << 20;

/// Words and numbers that do not repeat at once.
fn line(number: i64) -> Vec<u8> {
    let mut text = Vec::with_capacity(LINE_BYTES + 64);
    let mut word = number.unsigned_abs();
    while text.len() < LINE_BYTES {
        word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        text.extend_from_slice(b"key took ");
        text.extend(word.to_be_bytes().map(|byte| b'0' + byte % 10));
    }
    text.truncate(LINE_BYTES);
    text
}

fn open(path: &std::path::Path, line_bytes_max: usize) -> LogStore {
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    options.head_bytes_max = HEAD_BYTES_MAX;
    let mut limits = Limits::default();
    limits.line_bytes_max = line_bytes_max;
    LogStore::builder().storage(options).limits(limits).open(path).unwrap()
}

fn app() -> Labels {
    labels! { "app" => "long" }
}

/// Every line is there as it was pushed.
fn check(store: &LogStore, lines: i64) {
    let mut next = 0;
    each_line(store, |time, found| {
        assert_eq!(time, next);
        assert!(found == line(next), "line {next}");
        next += 1;
    });
    assert_eq!(next, lines);
}

#[test]
fn a_line_of_ten_mebibytes_is_a_line_like_others() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), LINE_BYTES);
    let memory = Memory::from_now();
    for number in 0..LINES {
        store.push(&app(), number, line(number)).unwrap();
        assert!(store.stats().head_bytes <= HEAD_BYTES_MAX + 2 * LINE_BYTES as u64);
    }
    assert!(store.stats().flushes > 1, "the budget holds with long lines too");
    // Head, the log's record, and a page with its codings: a few lines, not the log of all of them.
    let most = memory.most();
    println!("{} MiB", most >> 20);
    assert!(most < 12 * LINE_BYTES as u64, "{} MiB", most >> 20);
    check(&store, LINES);
    store.flush().unwrap();
    store.compact().unwrap();
    check(&store, LINES);
    assert!(store.verify().unwrap().is_intact());
    store.close().unwrap();
    check(&open(directory.path(), LINE_BYTES), LINES);

    // A byte more than the limit is refused, and says so.
    let store = open(directory.path(), LINE_BYTES - 1);
    let refused = store.push(&app(), LINES, line(LINES)).unwrap_err();
    let Error::Refused(reason) = refused else { panic!("{refused}") };
    let (found, limit) = (LINE_BYTES, LINE_BYTES - 1);
    assert_eq!(reason, RefusalReason::TooLong { what: "a line", found, limit });
    assert_eq!(store.refused().total(), 1);
    check(&store, LINES);
}
