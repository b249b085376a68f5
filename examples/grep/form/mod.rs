//! The forms of log files, and which one a file has.

mod container;
mod journal;
mod json;
mod syslog;

use std::io::{self, BufRead};

use crate::record::Record;
use crate::stamp;

/// Bytes past which a line is cut.
const LINE_BYTES_MAX: u64 = 16 << 20;
/// Lines that are looked at to recognise a form.
const LINES_LOOKED_AT: usize = 32;

/// How a file writes its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text, perhaps with a time at the head of the line.
    Plain,
    /// RFC 3164 or RFC 5424.
    Syslog,
    /// What container runtimes write for Kubernetes: `TIME stdout F text`.
    Cri,
    /// Docker's files of JSON objects.
    Docker,
    /// The export format of the systemd journal.
    Journal,
    /// A JSON object a line.
    Json,
}

impl Form {
    /// Every form; those that recognise more exactly come first, plain text last.
    pub(crate) const ALL: [Form; 6] =
        [Form::Journal, Form::Docker, Form::Cri, Form::Syslog, Form::Json, Form::Plain];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Plain => "plain",
            Form::Syslog => "syslog",
            Form::Cri => "cri",
            Form::Docker => "docker",
            Form::Journal => "journal",
            Form::Json => "json",
        }
    }

    /// The form of the file that begins with `head`: the first that most of its lines have.
    pub(crate) fn of(head: &[u8]) -> Form {
        if journal::begins(head) {
            return Form::Journal;
        }
        let lines: Vec<&[u8]> =
            head.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        let lines = lines.get(..LINES_LOOKED_AT).unwrap_or(&lines);
        // The last line may be cut where the buffer ends.
        let whole = lines.len() - usize::from(lines.len() > 1);
        let lines = lines.get(..whole).unwrap_or_default();
        let has = |form: Form| {
            let fitting = lines.iter().filter(|line| form.record(line, i64::MAX).is_some()).count();
            fitting * 2 > lines.len()
        };
        let found = Form::ALL.into_iter().find(|form| *form != Form::Journal && has(*form));
        found.unwrap_or(Form::Plain)
    }

    /// The record of one line; none if the line does not have this form. `latest` bounds times
    /// without a year.
    fn record(self, line: &[u8], latest: i64) -> Option<Record> {
        match self {
            Form::Plain | Form::Journal => Some(plain(line)),
            Form::Syslog => syslog::record(line, latest),
            Form::Cri => container::cri(line),
            Form::Docker => container::docker(line),
            Form::Json => json::record(line),
        }
    }

    /// The next record of `input`; none at its end. A line of another form is taken as plain text.
    pub(crate) fn read(
        self,
        input: &mut dyn BufRead,
        latest: i64,
        buffer: &mut Vec<u8>,
    ) -> io::Result<Option<Record>> {
        if self == Form::Journal {
            return journal::read(input, buffer);
        }
        buffer.clear();
        if io::Read::take(&mut *input, LINE_BYTES_MAX).read_until(b'\n', buffer)? == 0 {
            return Ok(None);
        }
        if buffer.last() == Some(&b'\n') {
            buffer.pop();
            buffer.pop_if(|byte| *byte == b'\r');
        }
        Ok(Some(self.record(buffer, latest).unwrap_or_else(|| plain(buffer))))
    }
}

fn plain(line: &[u8]) -> Record {
    Record { time: stamp::of_line(line), line: line.to_vec(), ..Record::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_recognised_from_the_first_lines() {
        for (form, head) in [
            (Form::Plain, "up\nrunning\n"),
            (Form::Plain, "{not json}\nmore\n"),
            (Form::Json, "{\"a\":1}\n{\"b\":2}\n{\"c\""),
            (
                Form::Docker,
                "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-25T06:34:57Z\"}\n",
            ),
            (Form::Cri, "2026-11-25T06:34:57.1Z stdout F up\n2026-11-25T06:34:58Z stderr P a\n"),
            (Form::Syslog, "Nov 25 06:34:57 host app[1]: up\nNov 25 06:34:58 host app: down\n"),
            (Form::Syslog, "<165>1 2026-11-25T06:34:57Z host app 1 - - up\n"),
            (Form::Journal, "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\nMESSAGE=up\n\n"),
        ] {
            assert_eq!(Form::of(head.as_bytes()), form, "{head}");
        }
    }
}
