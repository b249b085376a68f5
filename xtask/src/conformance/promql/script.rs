//! The promqltest scripts: text → commands.

use super::histogram;
use super::series::{self, Slot};
use telemetry_core::labels::Labels;

/// A command and the line where it begins.
pub(super) struct Command {
    pub(super) line: usize,
    pub(super) kind: CommandKind,
}

pub(super) enum CommandKind {
    /// Drop all data.
    Clear,
    /// Add data.
    Load(Load),
    /// Ask and compare.
    Eval(Box<Eval>),
}

/// Series to be added.
pub(super) struct Load {
    pub(super) step_ms: i64,
    /// Whether classic histograms are added as native ones too.
    pub(super) with_nhcb: bool,
    pub(super) series: Vec<LoadedSeries>,
}

pub(super) struct LoadedSeries {
    pub(super) labels: Labels,
    pub(super) values: Vec<Slot>,
    /// Milliseconds from a sample to its start timestamp.
    pub(super) starts: Vec<Option<i64>>,
}

/// A question and what is known of the answer.
pub(super) struct Eval {
    pub(super) times: Times,
    pub(super) query: String,
    pub(super) expected: Expected,
}

/// When a query is evaluated, in milliseconds.
#[derive(Clone, Copy)]
pub(super) enum Times {
    Instant(i64),
    Range { start: i64, end: i64, step: i64 },
}

#[derive(Default)]
pub(super) struct Expected {
    /// The query must fail, with a text that fits.
    pub(super) fail: Option<Pattern>,
    pub(super) warnings: Annotations,
    pub(super) infos: Annotations,
    pub(super) ordered: bool,
    pub(super) string: Option<String>,
    /// The result is a range vector with points at these times.
    pub(super) range_vector: Option<Times>,
    pub(super) scalar: Option<f64>,
    pub(super) series: Vec<ExpectedSeries>,
}

pub(super) struct ExpectedSeries {
    pub(super) labels: Labels,
    pub(super) values: Vec<Slot>,
    /// Whether the text names counter reset hints, so that they are compared.
    pub(super) hinted: bool,
}

/// What is said about annotations of one kind.
#[derive(Default)]
pub(super) struct Annotations {
    /// There must be one.
    pub(super) some: bool,
    /// There must be none.
    pub(super) none: bool,
    /// Every one must fit one of these, and every one of these one of them.
    pub(super) patterns: Vec<Pattern>,
}

pub(super) enum Pattern {
    Any,
    Text(String),
    Regex(String),
}

/// The commands of a script.
pub(super) fn parse(text: &str) -> Result<Vec<Command>, String> {
    let lines: Vec<&str> = text.lines().map(str::trim).map(without_comment).collect();
    let mut commands = Vec::new();
    let mut at = 0;
    while let Some(head) = lines.get(at) {
        let line = at + 1;
        at += 1;
        if head.is_empty() {
            continue;
        }
        let block = &lines[at..];
        let block = &block[..block.iter().position(|line| line.is_empty()).unwrap_or(block.len())];
        let lower = head.to_ascii_lowercase();
        let kind = if lower.starts_with("clear") {
            Ok(CommandKind::Clear)
        } else if lower.starts_with("load") {
            at += block.len();
            load(head, block).map(CommandKind::Load)
        } else if lower.starts_with("eval") {
            let (eval, used) =
                eval(head, block).map_err(|error| format!("line {line}: {error}"))?;
            at += used;
            Ok(CommandKind::Eval(Box::new(eval)))
        } else {
            Err(format!("unknown command {head}"))
        };
        commands
            .push(Command { line, kind: kind.map_err(|error| format!("line {line}: {error}"))? });
    }
    Ok(commands)
}

fn without_comment(line: &str) -> &str {
    if line.starts_with('#') { "" } else { line }
}

fn load(head: &str, block: &[&str]) -> Result<Load, String> {
    let mut words = head.split_whitespace();
    let with_nhcb = words.next().is_some_and(|word| word.eq_ignore_ascii_case("load_with_nhcb"));
    let step_ms = words.next().and_then(series::millis).ok_or("no step")?;
    let mut loaded: Vec<LoadedSeries> = Vec::new();
    let mut starts: Option<(Labels, Vec<Option<i64>>)> = None;
    for line in block {
        let (labels, rest) = series::metric(line)?;
        if let Some(rest) = rest.strip_prefix("@st") {
            starts = Some((labels, series::starts(rest)?));
            continue;
        }
        let starts = match starts.take() {
            Some((of, starts)) if of == labels => starts,
            Some(_) => return Err(format!("start timestamps of another series before {line}")),
            None => Vec::new(),
        };
        let values = series::values(rest)?;
        // A series that comes again replaces the earlier line.
        loaded.retain(|earlier| earlier.labels != labels);
        loaded.push(LoadedSeries { labels, values, starts });
    }
    Ok(Load { step_ms, with_nhcb, series: loaded })
}

/// The command and how many lines of the block it takes: a scalar ends it early.
fn eval(head: &str, block: &[&str]) -> Result<(Eval, usize), String> {
    let mut expected = Expected::default();
    let (first, rest) = word(head);
    match first {
        "eval_fail" => expected.fail = Some(Pattern::Any),
        "eval_warn" => expected.warnings.some = true,
        "eval_info" => expected.infos.some = true,
        "eval_ordered" => expected.ordered = true,
        _ => {}
    }
    let (kind, rest) = word(rest);
    let (times, query) = match kind {
        "instant" => {
            let (at, rest) = time_after("at", rest)?;
            (Times::Instant(at), rest)
        }
        "range" => {
            let (start, rest) = time_after("from", rest)?;
            let (end, rest) = time_after("to", rest)?;
            let (step, rest) = time_after("step", rest)?;
            (Times::Range { start, end, step }, rest)
        }
        _ => return Err(format!("neither instant nor range: {head}")),
    };
    let query = query.trim().to_owned();
    let mut used = 0;
    for line in block {
        used += 1;
        if let Some(scalar) = series::float(line) {
            expected.scalar = Some(scalar);
            break;
        }
        expectation(line, &mut expected)?;
    }
    Ok((Eval { times, query, expected }, used))
}

/// The first word, and the rest.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// The time behind `keyword`, and the rest.
fn time_after<'t>(keyword: &str, text: &'t str) -> Result<(i64, &'t str), String> {
    let (found, rest) = word(text);
    if found != keyword {
        return Err(format!("{found} instead of {keyword}"));
    }
    let (text, rest) = word(rest);
    Ok((time(text)?, rest))
}

fn time(word: &str) -> Result<i64, String> {
    series::millis(word).ok_or_else(|| format!("no time: {word}"))
}

fn expectation(line: &str, expected: &mut Expected) -> Result<(), String> {
    if let Some(text) = line.strip_prefix("expected_fail_message") {
        expected.fail = Some(Pattern::Text(text.trim().to_owned()));
        return Ok(());
    }
    if let Some(text) = line.strip_prefix("expected_fail_regexp") {
        expected.fail = Some(Pattern::Regex(text.trim().to_owned()));
        return Ok(());
    }
    let Some(rest) = line.strip_prefix("expect ") else {
        let (labels, rest) = series::metric(line)?;
        let (values, hinted) = (series::values(rest)?, histogram::names_hint(rest));
        expected.series.push(ExpectedSeries { labels, values, hinted });
        return Ok(());
    };
    let (kind, argument) = word(rest);
    let argument = argument.trim();
    match kind {
        "fail" => expected.fail = Some(pattern(argument)?),
        "warn" => annotation(&mut expected.warnings, argument)?,
        "info" => annotation(&mut expected.infos, argument)?,
        "no_warn" => expected.warnings.none = true,
        "no_info" => expected.infos.none = true,
        "ordered" => expected.ordered = true,
        "string" => {
            let text = telemetry_core::syntax::string::unquote(argument)
                .map_err(|error| format!("{argument}: {error}"))?;
            expected.string = Some(text.into_owned());
        }
        "range" => expected.range_vector = Some(range_vector(argument)?),
        _ => return Err(format!("unknown expectation {line}")),
    }
    Ok(())
}

fn annotation(annotations: &mut Annotations, argument: &str) -> Result<(), String> {
    annotations.some = true;
    match pattern(argument)? {
        Pattern::Any => {}
        pattern => annotations.patterns.push(pattern),
    }
    Ok(())
}

fn pattern(argument: &str) -> Result<Pattern, String> {
    if argument.is_empty() {
        Ok(Pattern::Any)
    } else if let Some(text) = argument.strip_prefix("msg:") {
        Ok(Pattern::Text(text.trim().to_owned()))
    } else if let Some(text) = argument.strip_prefix("regex:") {
        Ok(Pattern::Regex(text.trim().to_owned()))
    } else {
        Err(format!("neither msg: nor regex: {argument}"))
    }
}

/// `vector from A to B step S`
fn range_vector(argument: &str) -> Result<Times, String> {
    match argument.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["vector", "from", start, "to", end, "step", step] => {
            Ok(Times::Range { start: time(start)?, end: time(end)?, step: time(step)? })
        }
        _ => Err(format!("no times: {argument}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_at_blank_lines_and_scalars() {
        let script = "load 5m\n  a 0+1x3\n  # not a series\n\nclear\neval instant at 1m30s a\n  \
                      expect warn msg: \"x\"\n  expect no_info\n  {b=\"c\"} 1\n\n\
                      eval range from 0 to 1m step 1m 1\n 7\neval_fail instant at 0 b\n";
        let commands = parse(script).unwrap();
        let lines: Vec<_> = commands.iter().map(|command| command.line).collect();
        assert_eq!(lines, [1, 5, 6, 11, 13]);
        let CommandKind::Eval(eval) = &commands[2].kind else { panic!() };
        assert!(matches!(eval.times, Times::Instant(90_000)));
        assert_eq!(eval.expected.series.len(), 1);
        let [Pattern::Text(text)] = eval.expected.warnings.patterns.as_slice() else { panic!() };
        assert_eq!(text, "\"x\"", "quotes are part of the text");
    }

    #[test]
    fn all_of_a_wrong_script_is_refused() {
        for script in
            ["what", "load", "load 5m\n a b", "eval instant 5m a", "eval instant at 0 a\nexpect x"]
        {
            assert!(parse(script).is_err(), "{script}");
        }
    }
}
