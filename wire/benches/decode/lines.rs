//! Metrics as lines of text: CSV, JSON lines, InfluxDB's line protocol.

use std::hint::black_box;

use wire::metric_lines::{Form, Importer, InfluxOptions, LineOptions};

use crate::check;
use crate::sink::Sink;
use crate::table::Table;

const LINES: usize = 1_000;
const TIME: usize = 1_700_000_000_000;

/// Hosts, so that a series comes ten times.
const HOSTS: usize = 100;

fn influx() -> String {
    let line = |at: usize| {
        let (host, rack, time) = (at % HOSTS, at % 17, (TIME + at) * 1_000_000);
        format!(
            "cpu,hostname=host_{host},region=eu-central-1,datacenter=eu-central-1a,rack={rack},\
             os=Ubuntu22.04LTS,arch=x64,team=payments usage_user={at}i,usage_system={}.5,\
             usage_idle=24.25,usage_nice=61i,usage_iowait=22i {time}\n",
            at % 99,
        )
    };
    (0..LINES).map(line).collect()
}

fn csv() -> String {
    let line = |at: usize| {
        let (host, time) = (at % HOSTS, TIME + at);
        format!(
            "{time},host_{host},eu-central-1,\"Ubuntu 22.04, LTS\",{at},{}.5,24.25,61,22\n",
            at % 99
        )
    };
    (0..LINES).map(line).collect()
}

fn json() -> String {
    let line = |at: usize| {
        let values: Vec<String> = (0..20).map(|n| format!("{}.5", at + n)).collect();
        let times: Vec<String> = (0..20).map(|n| (TIME + 15_000 * n).to_string()).collect();
        format!(
            "{{\"metric\":{{\"__name__\":\"cpu_usage_user\",\"hostname\":\"host_{at}\",\"region\":\"eu-central-1\",\
             \"os\":\"Ubuntu 22.04 LTS\"}},\"values\":[{}],\"timestamps\":[{}]}}\n",
            values.join(","),
            times.join(","),
        )
    };
    (0..LINES / 20).map(line).collect()
}

/// Reads `text` again and again with one importer, as lines of one producer come.
fn importer(form: Form, text: &str) -> impl FnMut() {
    let mut importer = Importer::new(Sink::default(), LineOptions::new(form));
    move || {
        check(importer.feed(black_box(text.as_bytes())));
        check(importer.commit());
        assert_eq!(importer.imported().refused, 0);
    }
}

pub(crate) fn metrics(table: &Table) {
    let text = influx();
    let mut reference = || {
        let lines = influxdb_line_protocol::parse_lines(black_box(&text));
        assert_eq!(lines.filter(|line| black_box(line).is_ok()).count(), LINES);
    };
    let ours = importer(Form::Influx(InfluxOptions::default()), &text);
    table.row(
        "InfluxDB line protocol",
        5 * LINES,
        text.len(),
        ours,
        ("influxdb-line-protocol", &mut reference),
    );

    let text = csv();
    let mut reference = || {
        let mut builder = csv::ReaderBuilder::new();
        let mut reader = builder.has_headers(false).from_reader(black_box(text.as_bytes()));
        for row in reader.deserialize::<Row>() {
            check(row);
        }
    };
    let layout = "1:time:unix_ms,2:label:host,3:label:region,4:label:os,\
                  5:metric:user,6:metric:system,7:metric:idle,8:metric:nice,9:metric:iowait";
    let Ok(layout) = layout.parse() else { return };
    let ours = importer(Form::Csv(layout), &text);
    table.row("CSV", 5 * LINES, text.len(), ours, ("csv", &mut reference));

    let text = json();
    let mut reference = || {
        for line in black_box(&text).lines() {
            check(serde_json::from_str::<Series>(line));
        }
    };
    table.row(
        "JSON lines of metrics",
        LINES,
        text.len(),
        importer(Form::JsonLines, &text),
        ("serde_json", &mut reference),
    );
}

/// A line of CSV as a type of serde.
#[derive(serde::Deserialize)]
#[allow(dead_code, reason = "what is read is not looked at")]
struct Row {
    time: i64,
    host: String,
    region: String,
    os: String,
    values: [f64; 5],
}

/// A line of JSON as a type of serde.
#[derive(serde::Deserialize)]
#[allow(dead_code, reason = "what is read is not looked at")]
struct Series {
    metric: std::collections::BTreeMap<String, String>,
    values: Vec<f64>,
    timestamps: Vec<i64>,
}
