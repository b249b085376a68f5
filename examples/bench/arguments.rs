//! The command line.

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use quadra::storage::store::Durability;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Ingest,
    Query,
    All,
}

/// How frames are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// As they are in the file.
    Wire,
    /// Decoded beforehand, by typed calls.
    Api,
}

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) data: PathBuf,
    pub(crate) queries: Option<PathBuf>,
    pub(crate) dir: PathBuf,
    pub(crate) workload: String,
    pub(crate) phase: Phase,
    /// As it was spelt, for the report.
    pub(crate) durability: String,
    /// None where it was not said.
    pub(crate) threads: Option<usize>,
    pub(crate) warm: usize,
    pub(crate) path: Path,
    pub(crate) expected: Option<PathBuf>,
}

/// How often `interval` syncs.
const INTERVAL: Duration = Duration::from_millis(200);

impl Arguments {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut words = words.peekable();
        let [mut data, mut queries, mut dir, mut expected] = [const { None::<PathBuf> }; 4];
        let (mut workload, mut phase, mut threads) = (None, Phase::All, None);
        let (mut durability, mut warm, mut path) = ("interval".to_owned(), 7, Path::Wire);
        while let Some(option) = words.next() {
            let value = words.next().ok_or_else(|| format!("{option} wants a value"))?;
            match option.as_str() {
                "--data" => data = Some(value.into()),
                "--queries" => queries = Some(value.into()),
                "--dir" => dir = Some(value.into()),
                "--expected" => expected = Some(value.into()),
                "--workload" => workload = Some(value),
                "--phase" => phase = value.parse()?,
                "--durability" => durability = value,
                "--threads" => threads = Some(value.parse::<usize>()?.max(1)),
                "--warm" => warm = value.parse()?,
                "--path" => path = value.parse()?,
                _ => return Err(format!("{option} is not an option").into()),
            }
        }
        let arguments = Arguments {
            data: data.ok_or("--data DIR is missing")?,
            queries,
            dir: dir.ok_or("--dir FOLDER is missing")?,
            workload: workload.ok_or("--workload NAME is missing")?,
            phase,
            durability,
            threads,
            warm,
            path,
            expected,
        };
        arguments.durability()?;
        Ok(arguments)
    }

    pub(crate) fn durability(&self) -> Result<Durability, Box<dyn Error>> {
        match self.durability.as_str() {
            "none" => Ok(Durability::Off),
            "interval" => Ok(Durability::Interval(INTERVAL)),
            "each" => Ok(Durability::Always),
            other => Err(format!("--durability is none, interval or each, not {other}").into()),
        }
    }
}

impl FromStr for Phase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ingest" => Ok(Phase::Ingest),
            "query" => Ok(Phase::Query),
            "all" => Ok(Phase::All),
            _ => Err(format!("--phase is ingest, query or all, not {text}")),
        }
    }
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "wire" => Ok(Path::Wire),
            "api" => Ok(Path::Api),
            _ => Err(format!("--path is wire or api, not {text}")),
        }
    }
}

impl Path {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Path::Wire => "wire",
            Path::Api => "api",
        }
    }
}
