//! Metrics as lines of text: CSV, JSON lines, and InfluxDB's line protocol.
//!
//! | form | a line | source of the shape |
//! |---|---|---|
//! | [`CsvLayout`] | cells; a layout says which are labels, metrics and times | `format` of VictoriaMetrics' CSV import, or names in the first line |
//! | JSON lines | `{"metric":{"__name__":"up","job":"a"},"values":[1,0],"timestamps":[1000,2000]}` | VictoriaMetrics' export and import; times in milliseconds |
//! | [`InfluxOptions`] | `weather,city=Oslo temperature=-3.5,humidity=80i 1700000000000000000` | InfluxDB's line protocol; names as VictoriaMetrics and Telegraf make them |
//!
//! An [`Importer`] is fed bytes in pieces of any size, hands on a line as soon as its end has come, and
//! commits whenever there are enough of them, so that memory is bounded whatever the input's size is.
//! A line that is wrong is refused with its number, place and reason, and the rest goes on.
//!
//! ```
//! # fn import_all(sink: impl telemetry_core::sink::MetricSink) -> Result<(), Box<dyn std::error::Error>> {
//! use wire::metric_lines::{CsvLayout, Form, Importer, InfluxOptions, LineOptions};
//!
//! let layout: CsvLayout = "1:time:unix_s,2:label:city,3:metric:temperature".parse()?;
//! let mut csv = Importer::new(sink, LineOptions::new(Form::Csv(layout)));
//! csv.feed(b"1700000000,Oslo,-3.5\n1700000060,\"Bergen, S\",4\n1700000120,Oslo,cold\n")?;
//! let imported = csv.finish()?;
//! assert_eq!((imported.stored, imported.refused), (2, 1));
//! assert_eq!(imported.refusals[0].to_string(), "line 3, byte 16: the value is not a number");
//!
//! let influx = Form::Influx(InfluxOptions::default());
//! let mut influx = Importer::new(csv.into_sink(), LineOptions::new(influx));
//! influx.feed(b"weather,city=Oslo temperature=-3.5,humidity=80i 1700000000000000000\n")?;
//! assert_eq!(influx.finish()?.stored, 2); // weather_temperature, weather_humidity
//!
//! let mut json = Importer::new(influx.into_sink(), LineOptions::new(Form::JsonLines));
//! json.feed(br#"{"metric":{"__name__":"up"},"values":[1,0],"timestamps":[1000,2000]}"#)?;
//! assert_eq!(json.finish()?.stored, 2);
//! # Ok(())
//! # }
//! ```
//!
//! 1. `importer` cuts lines and hands samples to the sink; it knows series by the bytes that name them.
//! 2. `csv` (with `layout`), `json` and `influx` read a line of their form into a `row`.
//! 3. `report` says what was stored and what was not; `time` reads times.

mod csv;
mod importer;
mod influx;
mod json;
mod layout;
mod options;
mod report;
mod row;
mod time;

pub use importer::{Importer, import};
pub use layout::{CsvLayout, CsvLayoutError};
pub use options::{Form, InfluxOptions, LineOptions};
pub use report::{Imported, LineFault, RefusedLine};
pub use time::TimeForm;
