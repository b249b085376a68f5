//! The command line.

use std::path::PathBuf;
use std::time::Duration;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) logs: Vec<PathBuf>,
    pub(crate) profiles: Vec<PathBuf>,
    pub(crate) otlp: Vec<PathBuf>,
    pub(crate) prom: Vec<PathBuf>,
    pub(crate) data: PathBuf,
    pub(crate) observe_for: Duration,
}

impl Arguments {
    /// Reads the words of a command line.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Arguments {
            logs: Vec::new(),
            profiles: Vec::new(),
            otlp: Vec::new(),
            prom: Vec::new(),
            data: std::env::temp_dir().join("quadra-quickstart"),
            observe_for: Duration::from_secs(10),
        };
        let mut option = String::new();
        for word in words {
            if word.starts_with("--") {
                option = word;
                continue;
            }
            match option.as_str() {
                "--logs" => arguments.logs.push(word.into()),
                "--profile" => arguments.profiles.push(word.into()),
                "--otlp" => arguments.otlp.push(word.into()),
                "--prom" => arguments.prom.push(word.into()),
                "--data" => arguments.data = word.into(),
                "--seconds" => {
                    let seconds: Result<u64, _> = word.parse();
                    let seconds = seconds.map_err(|_| format!("--seconds {word}: not a number"))?;
                    arguments.observe_for = Duration::from_secs(seconds);
                }
                _ => {
                    return Err(format!(
                        "{option} {word}: the head of the example says what it takes"
                    ));
                }
            }
        }
        match option.as_str() {
            "" | "--logs" | "--profile" | "--otlp" | "--prom" | "--data" | "--seconds" => {
                Ok(arguments)
            }
            other => Err(format!("{other}: the head of the example says what it takes")),
        }
    }

    /// Whether there is something to load.
    pub(crate) fn has_files(&self) -> bool {
        ![&self.logs, &self.profiles, &self.otlp, &self.prom].iter().all(|files| files.is_empty())
    }
}
