//! The forms of log files, and which one a file has.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod container;
mod journal;
mod json;
mod syslog;

pub(super) use journal::Journal;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::stamp;

/// Lines that are looked at to recognise a form.
pub(super) const LINES_LOOKED_AT: usize = 32;

/// How a file writes its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineForm {
    /// Text, perhaps with a time at the head of the line.
    Plain,
    /// RFC 3164 or RFC 5424. The line stays whole; host, application, process and severity are
    /// metadata as well.
    Syslog,
    /// What container runtimes write for Kubernetes: `TIME stdout F text`, in which `P` says that the
    /// text goes on. The text is the line.
    Cri,
    /// Docker's files of JSON objects. What is in `log` is the line.
    Docker,
    /// The export format of the systemd journal. `MESSAGE` is the line.
    Journal,
    /// A JSON object a line. It is stored as it is, for a query to read.
    Json,
}

/// What a file says at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record<'r> {
    /// Nanoseconds since the Unix epoch, if the text tells.
    pub time: Option<i64>,
    /// The text.
    pub line: Cow<'r, [u8]>,
    /// What is known beside it.
    pub metadata: Vec<(&'static str, Cow<'r, str>)>,
    /// Whether the text goes on in the next record.
    pub is_partial: bool,
}

impl<'r> Record<'r> {
    pub(super) fn plain(line: &'r [u8]) -> Self {
        Record { time: stamp::of_line(line), line: line.into(), ..Record::default() }
    }
}

impl LineForm {
    /// Every form; those that recognise more exactly come first, plain text last.
    pub const ALL: [LineForm; 6] = [
        LineForm::Journal,
        LineForm::Docker,
        LineForm::Cri,
        LineForm::Syslog,
        LineForm::Json,
        LineForm::Plain,
    ];

    /// Its name: `plain`, `syslog`, `cri`, `docker`, `journal` or `json`.
    pub fn name(self) -> &'static str {
        match self {
            LineForm::Plain => "plain",
            LineForm::Syslog => "syslog",
            LineForm::Cri => "cri",
            LineForm::Docker => "docker",
            LineForm::Journal => "journal",
            LineForm::Json => "json",
        }
    }

    /// The form of the file that begins with `head`: the first that most of its first lines have. The
    /// last line may be cut.
    pub fn of(head: &[u8]) -> Self {
        if journal::begins(head) {
            return LineForm::Journal;
        }
        let mut lines: Vec<&[u8]> = head
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .take(LINES_LOOKED_AT + 1)
            .collect();
        if lines.len() > 1 {
            lines.pop();
        }
        let has = |form: &LineForm| {
            if *form == LineForm::Journal {
                return false;
            }
            let fits = |line: &&&[u8]| form.record(line, &[], Some(i64::MAX / 2)).is_some();
            lines.iter().filter(fits).count() * 2 > lines.len()
        };
        LineForm::ALL.into_iter().find(has).unwrap_or(LineForm::Plain)
    }

    /// The record of one line, without its end; none if the line does not have this form, or is a
    /// part of a record of the journal. `time_fields` are the members of a JSON object that may hold
    /// its time; `latest` bounds times without a year.
    pub fn record<'r>(
        self,
        line: &'r [u8],
        time_fields: &[String],
        latest: Option<i64>,
    ) -> Option<Record<'r>> {
        match self {
            LineForm::Plain => Some(Record::plain(line)),
            LineForm::Syslog => syslog::record(line, latest),
            LineForm::Cri => container::cri(line),
            LineForm::Docker => container::docker(line),
            LineForm::Json => json::record(line, time_fields),
            LineForm::Journal => None,
        }
    }
}

impl fmt::Display for LineForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is the name of no form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no form of log files: plain, syslog, cri, docker, journal or json")]
pub struct UnknownForm {
    /// The text.
    pub name: String,
}

impl FromStr for LineForm {
    type Err = UnknownForm;

    fn from_str(name: &str) -> Result<Self, UnknownForm> {
        let found = LineForm::ALL.into_iter().find(|form| form.name() == name);
        found.ok_or_else(|| UnknownForm { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_recognised_from_the_first_lines() {
        for (form, head) in [
            (LineForm::Plain, "up\nrunning\n"),
            (LineForm::Plain, ""),
            (LineForm::Plain, "{not json}\nmore\n"),
            (LineForm::Json, "{\"a\":1}\n{\"b\":2}\n{\"c\""),
            (
                LineForm::Docker,
                "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-25T06:34:57Z\"}\n",
            ),
            (
                LineForm::Cri,
                "2026-11-25T06:34:57.1Z stdout F up\n2026-11-25T06:34:58Z stderr P a\n",
            ),
            (LineForm::Syslog, "Nov 25 06:34:57 host app[1]: up\nNov 25 06:34:58 host app: down\n"),
            (LineForm::Syslog, "<165>1 2026-11-25T06:34:57Z host app 1 - - up\n"),
            (LineForm::Journal, "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\nMESSAGE=up\n\n"),
        ] {
            assert_eq!(LineForm::of(head.as_bytes()), form, "{head}");
            assert_eq!(form.to_string().parse(), Ok(form));
        }
        assert!("xml".parse::<LineForm>().is_err());
    }
}
