//! How fast is every decoder, and how does that compare with what people use instead?
//!
//! `cargo bench -p quadra-wire --bench decode [-- PART OF A NAME]` prints a row for each.
//!
//! Bodies are what real senders send: about a thousand items, with the attributes that theirs
//! have. Our decoders hand items to sinks, which look at what they get (labels are hashed, as a
//! store does) and throw it away: names are translated, label sets made, series looked up. The
//! references (`prost`, `serde_json` into the types of `opentelemetry-proto`, `prometheus-parse`,
//! `influxdb-line-protocol`, `csv`) make their own types of the same bytes and do nothing with
//! them. Where series are new to us, a second row has a reference that does what must be done with
//! new series: of what `prost` has read it makes the label sets, and hashes them; likewise with the
//! matchers of queries. Both sides decompress where the format is compressed. Not measured: stores,
//! the network, allocation by several threads.

mod lines;
mod loki;
mod messages;
mod otlp;
mod profile;
mod prometheus;
mod receiver;
mod sink;
mod table;

#[path = "../../tests/support/json.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod json;
#[path = "../../tests/support/pprof.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod reference;

use table::Table;

/// What is measured must be right.
fn check<T, E: std::fmt::Debug>(result: Result<T, E>) {
    if let Err(error) = std::hint::black_box(&result) {
        assert!(result.is_ok(), "{error:?}");
    }
}

fn main() {
    let table = Table::from_arguments();
    prometheus::remote_write(&table);
    prometheus::remote_read(&table);
    prometheus::exposition(&table);
    otlp::metrics(&table);
    otlp::logs(&table);
    otlp::traces(&table);
    loki::push(&table);
    lines::metrics(&table);
    profile::pprof(&table);
}
