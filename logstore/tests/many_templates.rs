//! A million lines each of which is a template of its own: the coding gives templates up, and neither
//! memory nor time nor the disk pay for it.
#![cfg(test)]

mod lines;
mod memory;

use std::time::Instant;

use lines::each_line;
use logstore::LogStore;
use memory::Memory;
use telemetry_core::labels;
use telemetry_core::model::LogEntry;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::StoreOptions;

const LINES: u64 = 1_000_000;
const LINES_PER_BATCH: u64 = 10_000;
const HEAD_BYTES_MAX: u64 = 16 << 20;

/// What is drawn from `seed`: the same for the same one.
fn draw(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
    ((*seed >> 33) * below) >> 31
}

/// Six words of syllables, 2,000 different ones of which early ones are more frequent, in any order:
/// no two lines share a template, and no words to speak of at equal places.
fn line(number: u64, out: &mut Vec<u8>) {
    const SYLLABLES: [&str; 16] = [
        "ba", "ke", "li", "mo", "nu", "par", "res", "ti", "vo", "sul", "fe", "gra", "ho", "ji",
        "qua", "xen",
    ];
    out.clear();
    let mut seed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x55;
    for word in 0..6 {
        if word > 0 {
            out.push(b' ');
        }
        let most = draw(&mut seed, 2000) + 1;
        let mut rest = draw(&mut seed, most);
        for _ in 0..3 {
            out.extend_from_slice(SYLLABLES[rest as usize % 16].as_bytes());
            rest /= 16;
        }
    }
}

#[test]
fn a_million_templates_are_text() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    options.head_bytes_max = HEAD_BYTES_MAX;
    let store = LogStore::builder().storage(options).open(directory.path()).unwrap();
    let labels = labels! { "app" => "babel" };
    let (began, memory) = (Instant::now(), Memory::from_now());
    let (mut text, mut bytes) = (Vec::new(), 0);
    let mut batch = store.batch();
    for first in (0..LINES).step_by(LINES_PER_BATCH as usize) {
        for number in first..first + LINES_PER_BATCH {
            line(number, &mut text);
            bytes += text.len() as u64;
            batch.push(&labels, &LogEntry::new(number as i64, &text));
        }
        batch.commit().unwrap();
    }
    store.flush().unwrap();
    store.compact().unwrap();
    let (took, most) = (began.elapsed(), memory.most());
    let stored = store.stats().block_bytes;
    println!(
        "{LINES} templates, {} MB of lines: {:.2} times smaller, {:.1} s, {} MiB of memory",
        bytes / 1_000_000,
        bytes as f64 / stored as f64,
        took.as_secs_f64(),
        most >> 20
    );
    // As much smaller as zstd or LZ4 alone make such lines.
    let (times, of) = if cfg!(feature = "zstd") { (5, 2) } else { (3, 2) };
    assert!(stored * times < bytes * of, "{bytes} bytes of lines take {stored}");
    assert!(most < 10 * HEAD_BYTES_MAX, "{} MiB", most >> 20);

    let mut next = 0;
    each_line(&store, |_, found| {
        line(next, &mut text);
        assert!(found == text, "line {next}");
        next += 1;
    });
    assert_eq!(next, LINES);
}
