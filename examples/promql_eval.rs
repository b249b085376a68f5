//! PromQL over data of your own: the language alone, without Quadra's storage.
//!
//! ```console
//! cargo run --release --example promql_eval
//! cargo run --release --example promql_eval -- 'max_over_time(temperature_celsius[1h])'
//! ```
//!
//! Implement [`MetricSource`] over what you have (a table, a file, another database), and the engine
//! does the rest. Here that is a table of sensors in memory, a column of values per sensor.
#![expect(clippy::print_stdout, reason = "an example shows its answers")]

use std::error::Error;
use std::time::Duration;

use quadra::labels;
use quadra::labels::Labels;
use quadra::model::SampleValue;
use quadra::promql::{self, Engine, Options, Value};
use quadra::query::QueryContext;
use quadra::source::{
    Chunk, ChunkStatistics, Columns, LabelRequest, MetricSource, SeriesRequest, SeriesSet,
    SourceError,
};
use quadra::time::MillisRange;

/// Somebody's own storage: every sensor was read at the same times.
struct Sensors {
    times: Vec<i64>,
    sensors: Vec<(Labels, Vec<f64>)>,
}

impl Sensors {
    /// A day of three rooms, one reading a minute.
    fn example() -> Self {
        let times: Vec<i64> = (0..1_440).map(|minute| minute * 60_000).collect();
        let room = |name: &str, floor: &str, base: f64, swing: f64| {
            let labels = labels! {
                "__name__" => "temperature_celsius", "room" => name, "floor" => floor
            };
            let at = |time: &i64| {
                let day = *time as f64 / 86_400_000.0;
                base - swing * (day * std::f64::consts::TAU).cos()
            };
            (labels, times.iter().map(at).collect())
        };
        let sensors = vec![
            room("kitchen", "0", 21.0, 2.0),
            room("attic", "2", 24.0, 6.0),
            room("bedroom", "1", 19.0, 1.0),
        ];
        Sensors { times, sensors }
    }

    /// The readings in `window`, both ends included.
    fn rows(&self, window: MillisRange) -> std::ops::Range<usize> {
        let start = self.times.partition_point(|time| *time < window.start.0);
        let end = self.times.partition_point(|time| *time <= window.end.0);
        start..end.max(start)
    }
}

impl MetricSource for Sensors {
    fn select(
        &self,
        request: &SeriesRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn SeriesSet + '_>, SourceError> {
        context.check()?;
        let fits = |(labels, _): &&(Labels, Vec<f64>)| {
            request.matchers.iter().all(|matcher| matcher.matches_labels(labels))
        };
        let found = match self.rows(request.window).is_empty() {
            true => Vec::new(),
            false => self.sensors.iter().filter(fits).collect(),
        };
        Ok(Box::new(Selected { sensors: self, found, none: Labels::default() }))
    }

    fn label_names(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        let selected = self.select(&plain(request), context)?;
        let names = (0..selected.len())
            .flat_map(|index| selected.labels(index).iter().map(|(name, _)| name.to_owned()));
        Ok(sorted(names, request.limit))
    }

    fn label_values(
        &self,
        name: &str,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        let selected = self.select(&plain(request), context)?;
        let values = (0..selected.len())
            .filter_map(|index| selected.labels(index).get(name).map(str::to_owned));
        Ok(sorted(values, request.limit))
    }
}

fn plain(request: &LabelRequest) -> SeriesRequest {
    SeriesRequest::new(request.matchers.clone(), request.window)
}

fn sorted(texts: impl Iterator<Item = String>, limit: usize) -> Vec<String> {
    let mut texts: Vec<_> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    texts.truncate(limit);
    texts
}

/// The answer to one selector.
struct Selected<'a> {
    sensors: &'a Sensors,
    found: Vec<&'a (Labels, Vec<f64>)>,
    none: Labels,
}

impl SeriesSet for Selected<'_> {
    fn len(&self) -> usize {
        self.found.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        self.found.get(index).map_or(&self.none, |(labels, _)| labels)
    }

    fn chunks<'a>(&'a self, index: usize) -> Result<Vec<Box<dyn Chunk + 'a>>, SourceError> {
        let chunk = |(_, values): &'a &'a (Labels, Vec<f64>)| -> Box<dyn Chunk + 'a> {
            Box::new(Readings { sensors: self.sensors, values })
        };
        Ok(self.found.get(index).map(chunk).into_iter().collect())
    }

    /// All sensors share their times, so the engine works out its windows once.
    fn time_column(&self, _index: usize) -> Option<u64> {
        Some(0)
    }
}

/// The values of one sensor.
struct Readings<'a> {
    sensors: &'a Sensors,
    values: &'a [f64],
}

impl Chunk for Readings<'_> {
    fn statistics(&self) -> ChunkStatistics {
        let times = &self.sensors.times;
        ChunkStatistics {
            count: times.len() as u64,
            window: MillisRange::new(
                times.first().copied().unwrap_or(0),
                times.last().copied().unwrap_or(-1),
            ),
            has_histograms: false,
            floats: None,
        }
    }

    fn decode(&self, range: MillisRange, into: &mut Columns) -> Result<(), SourceError> {
        let rows = self.sensors.rows(range);
        into.floats.times.extend_from_slice(&self.sensors.times[rows.clone()]);
        into.floats.values.extend_from_slice(&self.values[rows]);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let sensors = Sensors::example();
    let engine = Engine::new(Options::default());
    let query = std::env::args().nth(1);
    let query = query.as_deref().unwrap_or(
        "max by (floor) (temperature_celsius) - min by (floor) (temperature_celsius offset 12h)",
    );

    // Four times a day, six hours apart.
    let range = MillisRange::new(0, 23 * 3_600_000);
    let step = Duration::from_secs(6 * 3_600);
    let result = engine.range(&sensors, query, range, step, &QueryContext::new())?;
    let Value::Matrix(series) = result.value else { unreachable!("a range query gives a matrix") };
    println!("{query}");
    for series in &series {
        println!("  {}", series.labels);
        for (time, value) in &series.floats {
            println!("    {:>2} h  {value:.2}", time.0 / 3_600_000);
        }
    }
    for remark in &result.annotations {
        println!("  {remark}");
    }

    // What an editor would offer behind `{ro`.
    let typed = "temperature_celsius{ro";
    let options = promql::ParseOptions::default();
    let completion = promql::complete::complete(typed, typed.len(), &options);
    let offered = completion.answers(&sensors, range, 10, &QueryContext::new())?;
    println!("labels that begin with {:?}: {offered:?}", completion.typed);
    assert_eq!(offered, ["room"]);

    // The attic is warmest at noon, twelve degrees above what it has at midnight.
    let check = "max(temperature_celsius - temperature_celsius offset 12h)";
    let noon = engine.instant(&sensors, check, 12 * 3_600_000, &QueryContext::new())?;
    let Value::Vector(noon) = noon.value else { unreachable!("max gives a vector") };
    let SampleValue::Float(warmer) = noon[0].value else { unreachable!("floats give floats") };
    println!("{check} at noon: {warmer}");
    assert_eq!(warmer, 12.0);
    Ok(())
}
