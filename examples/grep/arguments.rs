//! The command line.

use std::path::PathBuf;

use quadra::time::duration::parse_prometheus;
use quadra::wire::lines::LineForm;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) query: String,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) limit: usize,
    pub(crate) newest: bool,
    /// In nanoseconds.
    pub(crate) step: Option<i64>,
    pub(crate) form: Option<LineForm>,
    pub(crate) color: Color,
}

/// Whether matches are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Arguments {
    /// Reads the words of a command line.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Arguments {
            query: String::new(),
            files: Vec::new(),
            limit: 100,
            newest: false,
            step: None,
            form: None,
            color: Color::Auto,
        };
        let mut query = None;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word}: a value is missing"));
            match word.as_str() {
                "--newest" => arguments.newest = true,
                "--limit" => {
                    let text = value()?;
                    let limit =
                        text.parse().map_err(|_| format!("--limit {text}: not a number"))?;
                    arguments.limit = if limit == 0 { usize::MAX } else { limit };
                }
                "--step" => {
                    let text = value()?;
                    let step =
                        parse_prometheus(&text).map_err(|e| format!("--step {text}: {e}"))?;
                    if step <= 0 {
                        return Err(format!("--step {text}: must be longer than nothing"));
                    }
                    arguments.step = Some(step);
                }
                "--form" => {
                    let form = value()?.parse();
                    arguments.form = Some(form.map_err(|error| format!("--form: {error}"))?);
                }
                "--color" => {
                    arguments.color = match value()?.as_str() {
                        "auto" => Color::Auto,
                        "always" => Color::Always,
                        "never" => Color::Never,
                        other => return Err(format!("--color {other}: auto, always or never")),
                    }
                }
                option if option.starts_with("--") => {
                    return Err(format!("{option}: the head of the example says what it takes"));
                }
                _ if query.is_none() => query = Some(word),
                _ => arguments.files.push(word.into()),
            }
        }
        arguments.query = query.ok_or("usage: grep [OPTIONS] QUERY FILE…")?;
        if arguments.files.is_empty() {
            return Err("usage: grep [OPTIONS] QUERY FILE… (no file given)".into());
        }
        Ok(arguments)
    }
}

/// The query that a text on the command line stands for.
pub(crate) fn as_logql(text: &str) -> String {
    const EVERYTHING: &str = r#"{file=~".+"}"#;
    let trimmed = text.trim_start();
    if trimmed.contains('{') {
        return text.to_owned();
    }
    if trimmed.starts_with('|') || trimmed.starts_with("!=") || trimmed.starts_with("!~") {
        return format!("{EVERYTHING} {trimmed}");
    }
    format!("{EVERYTHING} |= {}", quadra::telemetry_core::syntax::string::quote(text))
}
