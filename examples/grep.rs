//! LogQL over log files.
//!
//! ```console
//! cargo run --release --example grep -- '{file=~".+"} |= "timeout"' app.log old.log.gz
//! cargo run --release --example grep -- timeout app.log
//! cargo run --release --example grep -- '| json | status >= 500' access.json
//! cargo run --release --example grep -- 'sum by (level) (count_over_time({file=~".+"} | logfmt [5m]))' app.log
//! ```
//!
//! A text without braces is searched as it is; a pipeline without a selector reads every file. The
//! form of a file is recognised from its first lines: plain, syslog (RFC 3164 and 5424), CRI, Docker,
//! the journal's export format, JSON; each may be packed with gzip. A line that goes on with the one
//! before it (a stack trace) is one record with it. Every record has the labels `file` and `form`;
//! what its form tells beside the text (host, unit, stream) is structured metadata.
//!
//! | option | meaning |
//! |---|---|
//! | `--limit N` | lines shown, 100 by default, 0 for all |
//! | `--newest` | the newest lines first |
//! | `--step D` | distance of the points of a metric query, `30s`, `5m`; by default the range / 60 |
//! | `--form F` | `plain`, `syslog`, `cri`, `docker`, `journal` or `json`, instead of looking |
//! | `--color W` | `auto`, `always` or `never` |
#![expect(clippy::print_stderr, reason = "a command tells its user what went wrong")]

use std::error::Error;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant as Stopwatch;

use quadra::logql::{self, Engine, LogOptions, Pager};
use quadra::query::{Limits, QueryContext};
use quadra::source::Direction;
use quadra::time::Nanos;

#[path = "grep/arguments.rs"]
mod arguments;
#[path = "grep/chart.rs"]
mod chart;
#[path = "grep/file.rs"]
mod file;
#[path = "grep/highlight.rs"]
mod highlight;
#[path = "grep/load.rs"]
mod load;

use arguments::{Arguments, Color};
use load::Loaded;

/// Lines that are read from the store at once.
const LINES_PER_PAGE: usize = 1_000;
/// Points of a metric query where no step is given.
const POINTS: i64 = 60;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let text = arguments::as_logql(&arguments.query);
    // A wrong query is told before a long file is read.
    let query = logql::parse(&text).map_err(|error| error.render(&text))?;

    let began = Stopwatch::now();
    let loaded = load::files(&arguments)?;
    let reading = began.elapsed();

    let began = Stopwatch::now();
    let mut out = BufWriter::new(io::stdout().lock());
    let context = QueryContext::new().with_limits(Limits::NONE);
    let engine = Engine::new(&loaded.store);
    let shown = if query.is_log() {
        lines(&mut out, &arguments, &engine, &query, &context, &loaded)?
    } else {
        points(&mut out, &arguments, &engine, &query, &context, &loaded)?
    };
    out.flush()?;

    let statistics = context.statistics().snapshot();
    let megabytes = loaded.bytes as f64 / 1e6;
    eprintln!(
        "{shown} of {} records, {megabytes:.1} MB read in {:.2} s, answered in {:.3} s \
         ({} pages decoded, {} skipped)",
        loaded.records,
        reading.as_secs_f64(),
        began.elapsed().as_secs_f64(),
        statistics.chunks,
        statistics.chunks_skipped,
    );
    if loaded.undated > 0 {
        eprintln!("{} records have no time of their own and follow the one before", loaded.undated);
    }
    Ok(())
}

/// Shows the lines of a log query; returns how many.
fn lines(
    out: &mut impl Write,
    arguments: &Arguments,
    engine: &Engine<'_>,
    query: &logql::ast::Expr,
    context: &QueryContext,
    loaded: &Loaded,
) -> Result<usize, Box<dyn Error>> {
    let direction = if arguments.newest { Direction::Backward } else { Direction::Forward };
    let options = LogOptions { limit: arguments.limit, direction, ..LogOptions::default() };
    let is_colored = match arguments.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => io::stdout().is_terminal(),
    };
    let painter = highlight::Painter::new(query, is_colored, loaded.files > 1);
    let mut pager = Pager::new(options, LINES_PER_PAGE);
    let mut shown = 0;
    loop {
        let page = pager.next(engine, query, context)?;
        if page.is_empty() {
            return Ok(shown);
        }
        for line in &page {
            match painter.write(out, line) {
                // Whoever reads has seen enough, as `head` does.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(shown),
                other => other?,
            }
            shown += 1;
        }
    }
}

/// Shows the series of a metric query; returns how many.
fn points(
    out: &mut impl Write,
    arguments: &Arguments,
    engine: &Engine<'_>,
    query: &logql::ast::Expr,
    context: &QueryContext,
    loaded: &Loaded,
) -> Result<usize, Box<dyn Error>> {
    let Some((start, end)) = loaded.range else { return Ok(0) };
    let step = arguments.step.unwrap_or_else(|| chart::round_step((end - start) / POINTS));
    let series = engine.range(query, Nanos(start), Nanos(end + step - 1), step, context)?;
    chart::write(out, &series, (start, end, step))?;
    Ok(series.len())
}
