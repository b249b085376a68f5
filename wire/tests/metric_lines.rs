//! Metrics from CSV, JSON lines and InfluxDB's line protocol.
#![cfg(test)]

mod support;

use std::io::BufReader;
use std::ops::ControlFlow;

use proptest::prelude::*;
use support::Metrics;
use telemetry_core::labels;
use telemetry_core::sink::RefusalReason;
use telemetry_core::time::Millis;
use wire::metric_lines::{
    CsvLayout, Form, Imported, Importer, InfluxOptions, LineFault, LineOptions, TimeForm, import,
};
use wire::prometheus::Escaping;

fn read(options: LineOptions, text: &str) -> (Vec<String>, Imported) {
    let mut importer = Importer::new(Metrics::default(), options);
    importer.feed(text.as_bytes()).unwrap();
    let imported = importer.finish().unwrap();
    assert_eq!(imported.bytes, text.len() as u64);
    let sink = importer.into_sink();
    assert_eq!(sink.samples.len() as u64, imported.stored);
    (sink.lines(), imported)
}

fn csv(layout: &str) -> LineOptions {
    LineOptions::new(Form::Csv(layout.parse().unwrap()))
}

fn influx() -> LineOptions {
    LineOptions::new(Form::Influx(InfluxOptions::default()))
}

/// Every refusal as it is told.
fn told(imported: &Imported) -> Vec<String> {
    assert_eq!(imported.refusals.len() as u64, imported.refused);
    imported.refusals.iter().map(ToString::to_string).collect()
}

#[test]
fn a_csv_line_has_a_sample_per_metric_that_is_not_empty() {
    let mut options = csv("2:metric:ask,3:metric:bid,1:label:ticker,5:time:unix_ms");
    options.labels = labels! { "source" => "nasdaq" };
    let text = "GOOG,1.5,2,x,7\r\n\n\"A \"\"B\"\", C\",,-Inf,,8\n,3,,\"\",9";
    let (lines, imported) = read(options, text);
    assert_eq!(
        lines,
        [
            r#"{__name__="ask", source="nasdaq", ticker="GOOG"} 1.5 @7"#,
            r#"{__name__="bid", source="nasdaq", ticker="GOOG"} 2 @7"#,
            r#"{__name__="bid", source="nasdaq", ticker="A \"B\", C"} -inf @8"#,
            r#"{__name__="ask", source="nasdaq"} 3 @9"#,
        ]
    );
    assert_eq!((imported.lines, imported.refused, imported.range), (4, 0, Some((7, 9))));
}

#[test]
fn csv_lines_that_are_wrong_are_refused_with_their_places() {
    let text = "a,b,1\nx,1\n\"x\n\"x\"y,1,2\na,,soon\na,1,1\n";
    let (lines, imported) = read(csv("1:label:l,2:metric:m,3:time:rfc3339"), text);
    assert_eq!(lines, [""; 0]);
    assert_eq!(
        told(&imported),
        [
            "line 1, byte 4: the time is not of its form, or out of range",
            "line 2, byte 3: there is no column 3",
            "line 3, byte 0: the quotes do not end where they should",
            "line 4, byte 0: the quotes do not end where they should",
            "line 5, byte 3: the time is not of its form, or out of range",
            "line 6, byte 4: the time is not of its form, or out of range",
        ]
    );
    let (lines, imported) = read(csv("1:metric:a,2:metric:b"), "x,1\n");
    assert_eq!(lines, [r#"{__name__="b"} 1 @0"#]);
    assert_eq!(told(&imported), ["line 1, byte 0: the value is not a number"]);
}

#[test]
fn the_first_line_may_name_the_columns() {
    let layout = CsvLayout::of_header(Some(("time", TimeForm::Rfc3339)), ["host"]);
    let mut options = LineOptions::new(Form::Csv(layout));
    options.escaping = Escaping::Underscores;
    let text = "\u{feff}host,cpu load,,time\na,0.5,x,1970-01-01T00:00:01Z\n";
    let (lines, imported) = read(options.clone(), text);
    assert_eq!(lines, [r#"{__name__="cpu_load", host="a"} 0.5 @1000"#]);
    assert_eq!((imported.lines, imported.refused), (2, 0));
    let (_, imported) = read(options, "host,cpu\n");
    assert_eq!(
        told(&imported),
        ["line 1, byte 0: the first line names no column \"time\", or several"]
    );
}

#[test]
fn a_json_line_is_a_series() {
    let text = concat!(
        r#"{"metric":{"__name__":"up","job":"\u0061"},"values":[1,-0.5,"Infinity",null],"timestamps":[1,2,3,4]}"#,
        "\n",
        r#" {"timestamps":[5],"other":{"x":[1]},"values":[1e3],"metric":{"job":"b","__name__":"up"}} "#,
    );
    let (lines, _) = read(LineOptions::new(Form::JsonLines), text);
    assert_eq!(
        lines,
        [
            r#"{__name__="up", job="a"} 1 @1"#,
            r#"{__name__="up", job="a"} -0.5 @2"#,
            r#"{__name__="up", job="a"} inf @3"#,
            r#"{__name__="up", job="a"} NaN @4"#,
            r#"{__name__="up", job="b"} 1000 @5"#,
        ]
    );
}

#[test]
fn json_lines_that_are_wrong_are_refused_with_their_places() {
    let text = concat!(
        "{\"metric\":{},\"values\":[1],\"timestamps\":[1,2]}\n",
        "{\"metric\":{},\"values\":[\"x\"],\"timestamps\":[1]}\n",
        "{\"metric\":{},\"values\":[1]}\n",
        "{\"values\":[],\"timestamps\":[]}\n",
        "{\"metric\":{\"a\":1},\"values\":[],\"timestamps\":[]}\n",
        "{}}\n",
        "{\"metric\":{},\"values\":[1e400],\"timestamps\":[1]}\n",
    );
    let (lines, imported) = read(LineOptions::new(Form::JsonLines), text);
    assert_eq!(lines, [""; 0]);
    assert_eq!(
        told(&imported),
        [
            "line 1, byte 0: 1 values have 2 timestamps",
            "line 2, byte 23: the number does not fit a value",
            "line 3, byte 0: the member \"timestamps\" is missing",
            "line 4, byte 0: the member \"metric\" is missing",
            "line 5, byte 15: expected a string",
            "line 6, byte 2: the request has ended before this",
            "line 7, byte 23: the number does not fit a value",
        ]
    );
}

#[test]
fn a_line_of_influx_has_a_sample_per_field() {
    let text = concat!(
        "# comment\n",
        r"my\ weather,city=New\ York,a\=b=c\,d temp=-3.5,n=80i,u=7u,on=true,off=F 1700000000123456789",
        "\n",
        r#"weather s="a, \"b\" c",ok=1"#,
        "\n  weather,city= ok=2  1000000 \n",
    );
    let mut options = influx();
    options.default_time = Millis(5);
    let (lines, imported) = read(options, text);
    let sample = |name, value| {
        format!(
            "{{__name__=\"my weather_{name}\", \"a=b\"=\"c,d\", city=\"New York\"}} {value} @1700000000123"
        )
    };
    assert_eq!(
        lines,
        [
            sample("temp", "-3.5"),
            sample("n", "80"),
            sample("u", "7"),
            sample("on", "1"),
            sample("off", "0"),
            r#"{__name__="weather_ok"} 1 @5"#.to_owned(),
            r#"{__name__="weather_ok"} 2 @1"#.to_owned(),
        ]
    );
    assert_eq!(told(&imported), ["line 3, byte 10: a text cannot be stored as a sample"]);
}

#[test]
fn lines_of_influx_that_are_wrong_are_refused_with_their_places() {
    let cases = [
        ("m", "byte 1: expected fields"),
        ("m ", "byte 2: expected fields"),
        ("m f", "byte 3: expected a field's name and `=`"),
        ("m =1", "byte 2: expected a field's name and `=`"),
        ("m f=1,", "byte 6: expected a field's name and `=`"),
        ("m f=\"x", "byte 4: the quotes do not end where they should"),
        ("m f=\"x\"1", "byte 4: the quotes do not end where they should"),
        ("m f=1 now", "byte 6: the time is not of its form, or out of range"),
        ("m f=1 1 2", "byte 6: the time is not of its form, or out of range"),
        (",a=b f=1", "byte 0: expected a measurement"),
        ("m,a f=1", "byte 3: expected a tag's name and `=`"),
        ("m,=b f=1", "byte 2: expected a tag's name and `=`"),
        ("m,a=b, f=1", "byte 6: expected a tag's name and `=`"),
        ("m f=nan", "byte 4: the value is not a number"),
        ("m f=", "byte 4: the value is not a number"),
    ];
    for (line, error) in cases {
        // The same again, when whatever could be known of it is known.
        let (lines, imported) = read(influx(), &format!("{line}\n{line}\n"));
        assert_eq!(lines, [""; 0], "{line}");
        assert_eq!(told(&imported), [format!("line 1, {error}"), format!("line 2, {error}")]);
    }
}

#[test]
fn names_are_made_as_asked() {
    let name = |change: fn(&mut InfluxOptions), line: &str| {
        let mut options = InfluxOptions::default();
        change(&mut options);
        let (lines, _) = read(LineOptions::new(Form::Influx(options)), line);
        lines.join(" ")
    };
    let single = |options: &mut InfluxOptions| options.skips_single_field = true;
    assert_eq!(name(single, "m value=1"), r#"{__name__="m"} 1 @0"#);
    assert_eq!(name(single, "m a=1,b=2"), r#"{__name__="m_a"} 1 @0 {__name__="m_b"} 2 @0"#);
    // The line has another field now, and the series another name.
    assert_eq!(name(single, "m a=1\nm a=1,b=2").matches("\"m_a\"").count(), 1);
    assert_eq!(
        name(|it| it.skips_measurement = true, "m,t=x a=1"),
        r#"{__name__="a", t="x"} 1 @0"#
    );
    let dot = |options: &mut InfluxOptions| options.separator = ".".to_owned();
    assert_eq!(name(dot, "m a=1"), r#"{__name__="m.a"} 1 @0"#);
    let seconds = |options: &mut InfluxOptions| options.precision = TimeForm::Seconds;
    assert_eq!(name(seconds, "m a=1 7"), r#"{__name__="m_a"} 1 @7000"#);
}

#[test]
fn what_the_store_refuses_is_told_by_line() {
    let mut sink = Metrics::default();
    sink.refuses = Some("b");
    let mut importer = Importer::new(sink, csv("1:metric:a,2:metric:b"));
    importer.feed(b"1,2\n\n3,\nx,4\n").unwrap();
    let imported = importer.finish().unwrap();
    assert_eq!((imported.stored, imported.refused), (2, 3));
    let places: Vec<_> = imported.refusals.iter().map(|it| (it.line, it.byte)).collect();
    assert_eq!(places, [(1, None), (4, Some(0)), (4, None)]);
    let duplicate = LineFault::Store(RefusalReason::Duplicate { time: 0 });
    assert_eq!(imported.refusals[0].fault, duplicate);
    // A label twice, and one without a name.
    let (_, imported) = read(influx(), "m,a=1,a=2 f=1\n");
    assert_eq!(told(&imported), ["line 1: label \"a\" occurs twice"]);
}

#[test]
fn long_lines_are_refused_and_refusals_told_up_to_a_number() {
    let mut options = csv("1:metric:a");
    options.line_bytes_max = 4;
    options.refusals_max = 1;
    let mut importer = Importer::new(Metrics::default(), options);
    for piece in ["1\n12", "345", "6", "\n2\n", "99999\nx\n\u{ff}\n3", "3333"] {
        importer.feed(piece.as_bytes()).unwrap();
    }
    let imported = importer.finish().unwrap();
    assert_eq!((imported.lines, imported.stored, imported.refused), (7, 2, 5));
    let refusals: Vec<_> = imported.refusals.iter().map(ToString::to_string).collect();
    assert_eq!(refusals, ["line 2: the line has more than 4 bytes"]);
    let mut importer = Importer::new(Metrics::default(), csv("1:metric:a"));
    importer.feed(b"1\xff\n").unwrap();
    let refusals = importer.finish().unwrap().refusals;
    assert_eq!(refusals[0].to_string(), "line 1, byte 1: the text is not valid UTF-8");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    let (lines, imported) = read(csv("1:label:l,2:metric:m"), "\u{feff}a,1\na,2\n");
    assert_eq!(lines, [r#"{__name__="m", l="a"} 1 @0"#, r#"{__name__="m", l="a"} 2 @0"#]);
    assert_eq!(imported.refused, 0);
    let (lines, _) = read(influx(), "\u{feff}m f=1");
    assert_eq!(lines, [r#"{__name__="m_f"} 1 @0"#]);
    let json = "\u{feff}{\"metric\":{\"__name__\":\"up\"},\"values\":[1],\"timestamps\":[2]}";
    let (lines, _) = read(LineOptions::new(Form::JsonLines), json);
    assert_eq!(lines, [r#"{__name__="up"} 1 @2"#]);
}

#[test]
fn series_that_the_sink_has_forgotten_are_resolved_again() {
    let forms = [
        (csv("1:metric:a,2:label:l,3:metric:b"), "1,x,2\n1,y,2\n"),
        (influx(), "m,l=x a=1,b=2\nm,l=y a=1,b=2\n"),
        (
            LineOptions::new(Form::JsonLines),
            "{\"metric\":{\"l\":\"x\"},\"values\":[1,2,3,4],\"timestamps\":[1,2,3,4]}\n",
        ),
    ];
    for (options, text) in forms {
        let mut importer = Importer::new(Metrics::forgetful(), options.clone());
        for _ in 0..3 {
            importer.feed(text.as_bytes()).unwrap();
            importer.commit().unwrap();
        }
        assert_eq!(importer.finish().unwrap().stored, 12);
        assert_eq!(importer.into_sink().lines(), read(options, &text.repeat(3)).0);
    }
}

#[test]
fn a_label_is_not_taken_for_a_value_in_front_of_another_label() {
    let text = "1,l,2\n,\0\0\0\0\0\0\0\0l,2\n";
    let (lines, _) = read(csv("1:metric:a,2:label:l,3:metric:b"), text);
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[2],
        format!("{} 2 @0", labels! { "__name__" => "b", "l" => "\0\0\0\0\0\0\0\0l" })
    );
}

#[test]
fn a_file_is_read_in_pieces_and_committed_in_batches() {
    let text: String =
        (0..1_000).map(|at| format!("m,host=h{} v={at} {at}000000\n", at % 7)).collect();
    let mut options = influx();
    options.batch_bytes = 4_096;
    let mut input = BufReader::with_capacity(100, text.as_bytes());
    let mut importer = Importer::new(Metrics::default(), options);
    let mut pieces = 0;
    let imported = import(&mut input, &mut importer, |_| {
        pieces += 1;
        ControlFlow::Continue(())
    });
    assert_eq!(imported.unwrap().stored, 1_000);
    assert_eq!(pieces, text.len().div_ceil(100));
    let sink = importer.into_sink();
    assert!((4..9).contains(&sink.commits), "{}", sink.commits);
}

/// Names, values and times of samples.
type Written = Vec<(String, Vec<(String, String)>, f64, i64)>;

fn samples() -> impl Strategy<Value = Written> {
    let text = "[a-z ,=\\\\\"ü]{1,5}";
    let tags = prop::collection::btree_map(text, text, 0..4);
    let value = (-1_000..1_000_i32).prop_map(|n| f64::from(n) / 8.0);
    let one = (text, tags, value, 0..1_000_000_i64);
    let one =
        one.prop_map(|(name, tags, value, time)| (name, tags.into_iter().collect(), value, time));
    prop::collection::vec(one, 0..8)
}

/// As a client of InfluxDB writes a name: backslashes too, or they would escape what follows.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, ',' | '=' | ' ' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn expected(samples: &Written) -> Vec<String> {
    let one = |(name, tags, value, time): &(String, Vec<(String, String)>, f64, i64)| {
        let name = [("__name__".to_owned(), name.clone())];
        let labels: telemetry_core::labels::Labels = name.iter().chain(tags).cloned().collect();
        format!("{labels} {value} @{time}")
    };
    samples.iter().map(one).collect()
}

/// Reads `text` in pieces of `piece` bytes.
fn in_pieces(options: LineOptions, text: &str, piece: usize) -> (Vec<String>, Imported) {
    let mut importer = Importer::new(Metrics::default(), options);
    text.as_bytes().chunks(piece).for_each(|piece| importer.feed(piece).unwrap());
    let imported = importer.finish().unwrap();
    (importer.into_sink().lines(), imported)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_as_influx_is_read(samples in samples(), piece in 1..40_usize) {
        let mut text = String::new();
        for (name, tags, value, time) in &samples {
            text += "m";
            tags.iter().for_each(|(key, tag)| text += &format!(",{}={}", escaped(key), escaped(tag)));
            text += &format!(" {}={value} {time}\n", escaped(name));
        }
        let mut options = InfluxOptions::default();
        options.skips_measurement = true;
        options.precision = TimeForm::Millis;
        let (lines, imported) = in_pieces(LineOptions::new(Form::Influx(options)), &text, piece);
        prop_assert_eq!(imported.refusals, []);
        prop_assert_eq!(lines, expected(&samples));
    }

    #[test]
    fn what_is_written_as_json_is_read(samples in samples(), piece in 1..40_usize) {
        let mut text = String::new();
        for (name, tags, value, time) in &samples {
            let name = [("__name__".to_owned(), name.clone())];
            let metric: serde_json::Map<_, _> = (name.iter().chain(tags))
                .map(|(name, value)| (name.clone(), value.as_str().into()))
                .collect();
            let line = serde_json::json!({"metric": metric, "values": [value], "timestamps": [time]});
            text += &format!("{line}\n");
        }
        let (lines, imported) = in_pieces(LineOptions::new(Form::JsonLines), &text, piece);
        prop_assert_eq!(imported.refusals, []);
        prop_assert_eq!(lines, expected(&samples));
    }

    #[test]
    fn what_is_written_as_csv_is_read(
        rows in prop::collection::vec(
            (prop::option::of(-9..9_i32), "[a, \"ü]{0,4}", prop::option::of(-9..9_i32), 0..99_i64),
            0..8,
        ),
        piece in 1..40_usize,
    ) {
        let (mut text, mut expected) = (String::new(), Vec::new());
        for (first, label, second, time) in &rows {
            let cell = |value: &Option<i32>| value.map_or(String::new(), |value| value.to_string());
            let label_cell = label.replace('"', "\"\"");
            text += &format!("{},\"{label_cell}\",{},{time}\r\n", cell(first), cell(second));
            for (name, value) in [("a", first), ("b", second)] {
                let labels = labels! { "__name__" => name, "l" => label.as_str() };
                expected.extend(value.map(|value| format!("{labels} {value} @{time}")));
            }
        }
        let options = csv("1:metric:a,2:label:l,3:metric:b,4:time:unix_ms");
        let (lines, imported) = in_pieces(options, &text, piece);
        prop_assert_eq!(imported.refusals, []);
        prop_assert_eq!(lines, expected);
    }
}
