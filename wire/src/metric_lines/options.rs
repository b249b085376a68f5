//! What may be chosen about lines.

use telemetry_core::labels::Labels;
use telemetry_core::time::Millis;

use super::layout::CsvLayout;
use super::time::TimeForm;
use crate::prometheus::Escaping;

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Cells separated by commas.
    Csv(CsvLayout),
    /// A JSON object per line: a series with values and timestamps in milliseconds. A value may be
    /// `null`, which is NaN, or a text such as `"-Infinity"`.
    JsonLines,
    /// InfluxDB's line protocol. Fields that are texts are refused, `true` is 1 and `false` is 0.
    Influx(InfluxOptions),
}

/// How measurements become metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InfluxOptions {
    /// What timestamps are counted in: nanoseconds by default.
    pub precision: TimeForm,
    /// What stands between measurement and field in a metric's name: `_` by default.
    pub separator: String,
    /// Whether the measurement alone is the name where a line has one field: VictoriaMetrics'
    /// `influxSkipSingleField`.
    pub skips_single_field: bool,
    /// Whether the field alone is the name: VictoriaMetrics' `influxSkipMeasurement`.
    pub skips_measurement: bool,
}

impl Default for InfluxOptions {
    fn default() -> Self {
        InfluxOptions {
            precision: TimeForm::Nanos,
            separator: "_".to_owned(),
            skips_single_field: false,
            skips_measurement: false,
        }
    }
}

/// How lines are read and stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LineOptions {
    /// What a line is.
    pub form: Form,
    /// Labels of every series. They win over those in the lines.
    pub labels: Labels,
    /// The time of samples that have none.
    pub default_time: Millis,
    /// How names of metrics and labels are spelt; by default as they are.
    pub escaping: Escaping,
    /// Bytes past which a line is refused: 16 MiB by default.
    pub line_bytes_max: usize,
    /// Bytes of lines that are stored at once: 1 MiB by default.
    pub batch_bytes: usize,
    /// Refusals that are told one by one: 100 by default. All are counted.
    pub refusals_max: usize,
}

impl LineOptions {
    /// Lines of this form, samples without a time at 1970.
    pub fn new(form: Form) -> Self {
        LineOptions {
            form,
            labels: Labels::empty(),
            default_time: Millis(0),
            escaping: Escaping::None,
            line_bytes_max: 16 << 20,
            batch_bytes: 1 << 20,
            refusals_max: 100,
        }
    }
}
