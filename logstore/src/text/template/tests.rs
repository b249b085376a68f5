//! Every line comes back, whatever is in it, and damaged bytes are errors.

use bytes::Bytes;
use proptest::prelude::*;
use telemetry_core::source::LogColumns;
use telemetry_core::storage::cursor::Cursor;

use super::{Coded, Coder, Dictionary, PageTemplate};

fn columns(lines: &[Vec<u8>]) -> LogColumns {
    let mut columns = LogColumns::default();
    for (row, line) in lines.iter().enumerate() {
        // 2026-01-02 03:04:05.006 and so on.
        columns.push(1_767_323_045_006_000_000 + row as i64 * 1_234_000_000, line, []);
    }
    columns
}

/// Codes the lines and reads them again, all and every other one, with a dictionary that was read.
fn round_trip(coder: &mut Coder, lines: &[Vec<u8>]) -> (Bytes, Vec<PageTemplate>) {
    let columns = columns(lines);
    let mut bytes = Vec::new();
    let templates = coder.write(&columns, &mut bytes);
    let bytes = Bytes::from(bytes);
    let mut written = Vec::new();
    coder.dictionary.write(&mut written);
    let dictionary = Dictionary::read(&mut Cursor::new(&written)).unwrap();
    let coded = Coded::open(&bytes, lines.len(), &templates, &dictionary).unwrap();
    let mut back = LogColumns { times: columns.times.clone(), ..LogColumns::default() };
    coded.lines(&dictionary, 0..lines.len(), &columns.times, &mut back).unwrap();
    for (row, line) in lines.iter().enumerate() {
        assert_eq!(String::from_utf8_lossy(back.line(row)), String::from_utf8_lossy(line));
        assert_eq!(back.line(row), line);
    }
    let mut some = LogColumns::default();
    coded.lines(&dictionary, (1..lines.len()).step_by(2), &columns.times, &mut some).unwrap();
    for (row, line) in lines.iter().skip(1).step_by(2).enumerate() {
        assert_eq!(some.line(row), line);
    }
    (bytes, templates)
}

fn texts(lines: &[&str]) -> Vec<Vec<u8>> {
    lines.iter().map(|line| line.as_bytes().to_vec()).collect()
}

#[test]
fn golden_page() {
    let lines = texts(&["2026 took 7 of b", "2026 took 9 of b", "x"]);
    let (bytes, templates) = round_trip(&mut Coder::default(), &lines);
    let expected = [PageTemplate { number: 1, rows: 2 }, PageTemplate { number: 2, rows: 1 }];
    assert_eq!(templates, expected);
    let expected: &[&[u8]] = &[
        &[33],
        // Columns: the year; a decimal number, 7 and 2 bits more.
        &[0, 6, 1, 0, 2, 0, 7, 2],
        // Rows.
        &[0, 3, 0, 0, 1],
        // No symbols, no strings; 7 - 7 and 9 - 7.
        &[0, 0, 0, 0, 1, 0b1000],
    ];
    assert_eq!(bytes, expected.concat());
    for length in 0..bytes.len() {
        let dictionary = Dictionary::default();
        assert!(Coded::open(&bytes.slice(..length), 3, &templates, &dictionary).is_err());
    }
}

#[test]
fn odd_values_come_back() {
    let mut coder = Coder::default();
    let cases: &[&[&str]] = &[
        &["a 0", "a 00", "a 007", "a 18446744073709551615", "a 9999999999999999999"],
        &["n 12345678901234567890123", "n 1", "n 00000000000000000001"],
        &["h 0xdead", "h 0xDEAD", "h 0xDeAd", "h 0x1", "h 0x0123456789abcdef"],
        &["u 8068e9587b19f3747accd1ec60abe77a", "u 0000e9587b19f3747accd1ec60abe77b"],
        &["w a1b2c3", "w z9y8x7", "w a1b2", "w q1w2e3r4t5"],
        &["2026-01-02T03:04:05.006 x", "2026-01-02T03:04:06.240 x"],
        &["", "", " ", "\n"],
        &["s 100", "s 101", "s 102", "s 103", "s 104", "s 105", "s 106", "s 107", "s 108", "s 999"],
    ];
    for case in cases {
        round_trip(&mut coder, &texts(case));
    }
    let mut lines = vec![vec![0xff, 0, 1, b'1'], b"9 ".repeat(300), vec![b'x'; 100_000]];
    lines.push([vec![b'y'; 70_000], b"17".to_vec()].concat());
    round_trip(&mut coder, &lines);
}

#[test]
fn frequent_values_become_symbols() {
    let mut coder = Coder::default();
    let number = |row: u64| row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let line = |row: u64| {
        let status = [200, 200, 200, 404, 200, 500][row as usize % 6];
        let rare = if row.is_multiple_of(7) { number(row) } else { 1_000_000_000 };
        let word = if row.is_multiple_of(9) { format!("x{row}y{row}") } else { "a1b2".to_owned() };
        format!("status={status} n={rare} w={word} h={:08x} {:032x}", rare & 0xffff_ffff, rare / 3)
    };
    let lines: Vec<Vec<u8>> = (0..3000).map(|row| line(row).into_bytes()).collect();
    let (bytes, templates) = round_trip(&mut coder, &lines);
    assert_eq!(templates.len(), 1);
    let raw: usize = lines.iter().map(Vec::len).sum();
    assert!(bytes.len() * 12 < raw, "{} of {raw} bytes", bytes.len());
}

#[test]
fn more_templates_than_a_byte_counts() {
    let word = |row: usize| format!("{}x 1", "ab".repeat(row % 300));
    let lines: Vec<Vec<u8>> = (0..900).map(|row| word(row).into_bytes()).collect();
    let (_, templates) = round_trip(&mut Coder::default(), &lines);
    assert_eq!(templates.len(), 300);
}

#[test]
fn templates_that_differ_in_words_are_joined() {
    let mut coder = Coder::default();
    let name = |row: usize| -> String {
        let letter =
            |at: usize| char::from(b'g' + u8::try_from(row / 7_usize.pow(at as u32) % 7).unwrap());
        (0..5).map(letter).collect()
    };
    let line =
        |row: usize| format!("user {} logged in from host {} after {row} ms", name(row), row % 3);
    let lines: Vec<Vec<u8>> = (0..2000).map(|row| line(row).into_bytes()).collect();
    let (_, templates) = round_trip(&mut coder, &lines);
    assert_eq!(templates.len(), 1);
    // Other names on the next page find what was joined.
    let lines: Vec<Vec<u8>> = (5000..5400).map(|row| line(row).into_bytes()).collect();
    let (_, templates) = round_trip(&mut coder, &lines);
    assert_eq!((templates.len(), coder.dictionary.len()), (1, 2));
}

#[test]
fn a_million_templates_stay_within_bounds() {
    let mut coder = Coder::default();
    let word = |number: u64| -> String {
        let letter =
            |at: u32| char::from(b'a' + (number.wrapping_mul(0x9e37_79b9) >> (at * 4) & 15) as u8);
        (0..8).map(letter).collect()
    };
    let page = |page: u64| -> Vec<Vec<u8>> {
        let line = |row| {
            format!("{} {} {}", word(page * 1000 + row), word(row * 77 + page), word(row ^ page))
        };
        (0..1000).map(|row| line(row).into_bytes()).collect()
    };
    for number in 0..12 {
        let lines = page(number);
        let columns = columns(&lines);
        coder.write(&columns, &mut Vec::new());
    }
    round_trip(&mut coder, &page(1000));
    assert!(coder.dictionary.len() <= 7000, "{} templates", coder.dictionary.len());
}

proptest! {
    #[test]
    fn any_lines_come_back(
        lines in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                "[ab0-3=\" .:-]{0,30}".prop_map(String::into_bytes),
                "(took|GET) [0-9]{1,21}(ms|) 0?[0-9a-f]{4,40} [a-z0-9]{3}".prop_map(String::into_bytes),
            ], 0..60),
    ) {
        round_trip(&mut Coder::default(), &lines);
    }

    #[test]
    fn any_bytes_are_an_error_or_lines(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        is_page in any::<bool>(),
    ) {
        let lines = texts(&["2026 took 7 of b", "2026 took 9 of b", "x a1b2", "x z9y8", "u deadbeef0"]);
        let mut coder = Coder::default();
        let (good, templates) = round_trip(&mut coder, &lines);
        if is_page {
            bytes = good.to_vec();
            flips.iter().for_each(|(at, byte)| *at.get_mut(&mut bytes) = *byte);
        }
        let times = [0; 5];
        if let Ok(coded) = Coded::open(&bytes.into(), 5, &templates, &coder.dictionary) {
            let _ = coded.lines(&coder.dictionary, 0..5, &times, &mut LogColumns::default());
        }
    }
}
