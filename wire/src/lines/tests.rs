//! What importers and followers of log files promise.

use std::cell::RefCell;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::*;
use crate::error::Error;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use telemetry_core::labels;
use telemetry_core::sink::{Committed, LogRecord, LogSink, RawLabels, RefusalReason, SinkError};
use telemetry_core::time::Nanos;

#[derive(Default)]
struct Seen {
    lines: Vec<(i64, String)>,
    commits: usize,
}

impl LogSink for Seen {
    fn push(&mut self, _: &RawLabels<'_>, record: LogRecord<'_>) {
        self.lines.push((record.time, String::from_utf8_lossy(record.line).into_owned()));
    }

    fn refuse(&mut self, _: RefusalReason) {}

    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.commits += 1;
        Ok(Committed::default())
    }
}

/// What is seen of an importer that is given away.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Seen>>);

impl LogSink for Shared {
    fn push(&mut self, labels: &RawLabels<'_>, record: LogRecord<'_>) {
        self.0.borrow_mut().push(labels, record);
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.0.borrow_mut().refuse(reason);
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.0.borrow_mut().commit()
    }
}

fn options() -> LineOptions {
    LineOptions { default_time: Nanos(5), ..LineOptions::new(labels! { "a" => "b" }) }
}

fn imported(text: &[u8], options: LineOptions) -> Vec<(i64, String)> {
    let mut importer = Importer::new(Seen::default(), options);
    importer.feed(text).unwrap();
    importer.finish().unwrap();
    importer.into_sink().lines
}

#[test]
fn lines_without_a_time_have_that_of_the_one_before() {
    let text = b"first\r\n1970-01-01T00:00:01Z one\n\tat main\n\n1970-01-01T00:00:01Z one\nend";
    let found = imported(text, options());
    let times: Vec<i64> = found.iter().map(|line| line.0).collect();
    let second = 1_000_000_000;
    assert_eq!(times, [5, second, second + 1, second + 2, second + 3, second + 4]);
    assert_eq!(found[0].1, "first");
    assert_eq!(found[5].1, "end");
}

#[test]
fn the_time_of_a_json_line_is_in_it() {
    for (line, time) in [
        (r#"{"x":1,"ts":"1970-01-01T00:00:01Z"}"#, 1_000_000_000),
        (r#"{"t":1,"time":1700000000}"#, 1_700_000_000_000_000_000),
        (r#"{"ts":1700000000.5}"#, 1_700_000_000_500_000_000),
        (r#"{"ts":"never","t":1700000000123}"#, 1_700_000_000_123_000_000),
        (r#"{"a":{"ts":1}}"#, 5),
        ("no json", 5),
    ] {
        let form = Some(LineForm::Json);
        let found = imported(line.as_bytes(), LineOptions { form, ..options() });
        assert_eq!(found, [(time, line.to_owned())], "{line}");
    }
}

#[test]
fn a_line_without_an_end_does_not_grow_for_ever() {
    let form = Some(LineForm::Plain);
    let options = LineOptions { form, line_bytes_max: 4, batch_bytes: 8, ..options() };
    let mut importer = Importer::new(Seen::default(), options);
    for _ in 0..10 {
        importer.feed(b"ab").unwrap();
    }
    importer.finish().unwrap();
    let seen = importer.into_sink();
    assert_eq!(seen.lines.len(), 5);
    assert!(seen.commits > 2);
}

#[test]
fn progress_may_stop_it() {
    let mut input = std::io::BufReader::with_capacity(4, &b"one\ntwo\nthree\n"[..]);
    let form = Some(LineForm::Plain);
    let importer = Importer::new(Seen::default(), LineOptions { form, ..options() });
    let mut told = Vec::new();
    let imported = import(&mut input, importer, |so_far| {
        told.push((so_far.bytes, so_far.lines));
        if so_far.lines == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(imported.unwrap().lines, 2);
    assert_eq!(told, [(4, 1), (8, 2)]);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_packed_file_is_unpacked_and_progress_counts_bytes_of_the_file() {
    let text: String = (0..20_000).map(|n| format!("line number {n}\n")).collect();
    // Two members, as rotated files are sometimes put together.
    let (first, second) = text.split_at(text.len() / 3);
    let packed = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    let mut last = 0;
    let mut input = std::io::BufReader::with_capacity(1000, &*packed);
    let importer = Importer::new(Seen::default(), options());
    let imported = import(&mut input, importer, |so_far| {
        assert!(so_far.file_bytes >= last && so_far.file_bytes <= packed.len() as u64);
        last = so_far.file_bytes;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((imported.lines, imported.bytes), (20_000, text.len() as u64));
    assert_eq!(imported.file_bytes, packed.len() as u64);

    let mut damaged = packed.clone();
    damaged.truncate(packed.len() - 3);
    let importer = Importer::new(Seen::default(), options());
    let failed = import(&mut &*damaged, importer, |_| ControlFlow::Continue(()));
    assert!(matches!(failed, Err(Error::Gzip { .. })));
}

#[test]
fn what_was_read_before_an_end_that_comes_early_is_stored() {
    let text: String = (0..20_000).map(|n| format!("line number {n}\n")).collect();
    let packed = gzip(text.as_bytes());
    let early = &packed[..packed.len() / 2];
    let shared = Shared::default();
    let importer = Importer::new(shared.clone(), options());
    let failed = import(&mut &*early, importer, |_| ControlFlow::Continue(()));
    assert!(matches!(failed, Err(Error::Gzip { .. })));
    let seen = shared.0.take();
    assert!(seen.commits > 0 && seen.lines.len() > 5_000, "{}", seen.lines.len());
    let (last, whole) = seen.lines.split_last().unwrap();
    assert!(whole.iter().map(|line| &line.1).eq(text.lines().take(whole.len())));
    assert!(text.lines().nth(whole.len()).unwrap().starts_with(&last.1), "what there is of it");

    // Of a journal there is no last record, and so of what cannot be read on.
    let journal = b"__REALTIME_TIMESTAMP=5\nMESSAGE=one\n\nMESSAGE\n\x01\0\0\0\0\0\0\0tw\n\n";
    let shared = Shared::default();
    let form = Some(LineForm::Journal);
    let importer = Importer::new(shared.clone(), LineOptions { form, ..options() });
    let failed = import(&mut &journal[..], importer, |_| ControlFlow::Continue(()));
    assert!(matches!(failed, Err(Error::JournalField { .. })), "{failed:?}");
    let seen = shared.0.take();
    assert_eq!((seen.commits, seen.lines), (1, vec![(5_000, "one".to_owned())]));
}

#[test]
fn a_stack_trace_is_one_record_where_that_is_wanted() {
    let text = b"1970-01-01T00:00:01Z failed\n\tat main\nCaused by: x\n1970-01-01T00:00:02Z up\n";
    let options = LineOptions { joins_lines: true, ..options() };
    let found = imported(text, options);
    let second = 1_000_000_000;
    let failed = "1970-01-01T00:00:01Z failed\n\tat main\nCaused by: x".to_owned();
    assert_eq!(found, [(second, failed), (2 * second, "1970-01-01T00:00:02Z up".into())]);
}

#[test]
fn the_form_of_a_file_is_recognised_and_what_it_tells_is_kept() {
    let cri = b"1970-01-01T00:00:01Z stdout P half \n1970-01-01T00:00:01Z stdout F whole\n\
                1970-01-01T00:00:02Z stderr F next\n";
    let mut importer = Importer::new(Seen::default(), options());
    importer.feed(cri).unwrap();
    let imported = importer.finish().unwrap();
    assert_eq!(imported.form, Some(LineForm::Cri));
    let lines = importer.into_sink().lines;
    let second = 1_000_000_000;
    assert_eq!(lines, [(second, "half whole".into()), (2 * second, "next".into())]);
    let journal = b"__CURSOR=a\n__REALTIME_TIMESTAMP=5\nMESSAGE=one\n\n__CURSOR=b\nMESSAGE\n\
                    \x03\0\0\0\0\0\0\0t\nw\n";
    assert_eq!(self::imported(journal, options()), [(5_000, "one".into()), (5_001, "t\nw".into())]);
}

#[test]
fn empty_lines_do_not_hide_the_form() {
    let text = "\n".repeat(100) + "{\"a\":1}\n" + &"\n".repeat(5_000) + "x\ny\nz\n";
    for piece in [1, 3, 50, text.len()] {
        let mut importer = Importer::new(Seen::default(), options());
        text.as_bytes().chunks(piece).for_each(|piece| importer.feed(piece).unwrap());
        assert_eq!(importer.finish().unwrap().form, Some(LineForm::Json), "{piece}");
    }
}

#[test]
fn texts_of_two_streams_are_joined_each_for_itself() {
    let cri = b"1970-01-01T00:00:01Z stdout P half \n1970-01-01T00:00:02Z stderr P an \n\
                1970-01-01T00:00:03Z stdout P and \n1970-01-01T00:00:04Z stderr F error\n\
                1970-01-01T00:00:05Z stderr F more\n1970-01-01T00:00:06Z stdout F whole\n\
                1970-01-01T00:00:07Z stdout P no end";
    let second = 1_000_000_000;
    for joins_lines in [false, true] {
        let found = imported(cri, LineOptions { joins_lines, ..options() });
        let expected = [(2, "an error"), (5, "more"), (1, "half and whole"), (7, "no end")];
        assert_eq!(found, expected.map(|(time, line)| (time * second, line.to_owned())));
    }
}

#[test]
fn who_goes_on_within_a_text_reads_it_from_its_start() {
    let lines = [
        "1970-01-01T00:00:01Z stderr F up\n",
        "1970-01-01T00:00:01Z stdout P half \n",
        "1970-01-01T00:00:01Z stderr F up\n",
        "1970-01-01T00:00:01Z stderr P down \n",
        "1970-01-01T00:00:01Z stdout F whole\n",
        "1970-01-01T00:00:01Z stderr F again\n",
        "1970-01-01T00:00:01Z stderr F end\n",
    ];
    let text = lines.concat();
    let options = LineOptions { form: Some(LineForm::Cri), ..options() };
    let whole = imported(text.as_bytes(), options.clone());
    let mut cut = 0;
    for line in lines {
        cut += line.len();
        let mut before = Importer::new(Seen::default(), options.clone());
        before.feed(&text.as_bytes()[..cut]).unwrap();
        let stand = before.stand();
        let mut found = before.into_sink().lines;
        let mut after = Importer::new(Seen::default(), options.clone());
        after.set_last(stand.last);
        after.feed(&text.as_bytes()[stand.bytes as usize..]).unwrap();
        after.finish().unwrap();
        found.extend(after.into_sink().lines);
        found.sort();
        found.dedup();
        let mut expected = whole.clone();
        expected.sort();
        assert_eq!(found, expected, "{cut}");
    }
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        text in prop::collection::vec(prop::sample::select(&b"a\r\n1 "[..]), 0..40),
        form in prop::sample::select(&LineForm::ALL[1..]),
        form_is_known in any::<bool>(),
        joins_lines in any::<bool>(),
        line_bytes_max in 1..12_usize,
        cut in 1..9_usize,
    ) {
        let form = form_is_known.then_some(form);
        let options = LineOptions { form, joins_lines, line_bytes_max, ..options() };
        let mut importer = Importer::new(Seen::default(), options.clone());
        text.chunks(cut).for_each(|piece| importer.feed(piece).unwrap());
        importer.finish().unwrap();
        prop_assert_eq!(importer.stand().bytes, text.len() as u64);
        prop_assert_eq!(importer.into_sink().lines, imported(&text, options));
    }

    #[test]
    fn a_journal_may_be_cut_anywhere(cut in 1..40_usize) {
        let record = b"__REALTIME_TIMESTAMP=1\nMESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n\n";
        let file = record.repeat(5);
        let mut importer = Importer::new(Seen::default(), options());
        file.chunks(cut).for_each(|piece| importer.feed(piece).unwrap());
        importer.finish().unwrap();
        prop_assert_eq!(importer.stand().bytes, file.len() as u64);
        prop_assert_eq!(importer.into_sink().lines.len(), 5);
    }
}
