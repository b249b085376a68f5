//! Syslog, old and new. The line stays whole; what its head says is metadata as well.
//!
//! ~~~text
//! <34>Oct 11 22:14:15 host su[230]: text                     RFC 3164, the number in front often left out
//! <165>1 2003-10-11T22:14:15.003Z host app 230 ID47 - text   RFC 5424
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use super::Record;
use crate::lines::stamp;

const SEVERITIES: [&str; 8] =
    ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];

/// What the head of a line says.
type Pairs<'r> = Vec<(&'static str, Cow<'r, str>)>;

pub(super) fn record(line: &[u8], latest: Option<i64>) -> Option<Record<'_>> {
    // What is not UTF-8 stands in the text, not in its head.
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(line.get(..error.valid_up_to())?).ok()?,
    };
    let mut metadata = Vec::new();
    let mut rest = text;
    let mut has_priority = false;
    if let Some((priority, behind)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        let priority: u16 = priority.parse().ok()?;
        let severity = SEVERITIES.get(usize::from(priority % 8))?;
        metadata.push(("severity", (*severity).into()));
        has_priority = true;
        rest = behind;
    }
    let time = match rest.strip_prefix("1 ").filter(|_| has_priority) {
        Some(behind) => Some(new_style(behind, &mut metadata)?),
        None => old_style(rest, latest, &mut metadata)?,
    };
    Some(Record { time, line: line.into(), metadata, is_partial: false })
}

/// The time, if it is known what year it could be of.
fn old_style<'r>(
    text: &'r str,
    latest: Option<i64>,
    metadata: &mut Pairs<'r>,
) -> Option<Option<i64>> {
    let time = stamp::without_year(text, latest.unwrap_or_default())?;
    let mut words = text.get(16..)?.splitn(2, ' ');
    metadata.push(("host", words.next()?.into()));
    let tag = words.next()?.split(':').next()?;
    let (app, pid) = tag.split_once('[').unwrap_or((tag, ""));
    if !app.is_empty() && !app.contains(' ') {
        metadata.push(("app", app.into()));
    }
    let pid = pid.trim_end_matches(']');
    if !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()) {
        metadata.push(("pid", pid.into()));
    }
    Some(latest.map(|_| time))
}

fn new_style<'r>(text: &'r str, metadata: &mut Pairs<'r>) -> Option<i64> {
    let mut words = text.split(' ');
    let time = stamp::date_and_time(words.next()?)?;
    for name in ["host", "app", "pid", "message_id"] {
        let value = words.next()?;
        if value != "-" {
            metadata.push((name, value.into()));
        }
    }
    Some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATEST: i64 = 1_795_588_497_000_000_000;

    fn metadata(line: &str) -> Vec<(&'static str, String)> {
        let record = record(line.as_bytes(), Some(LATEST)).unwrap();
        record.metadata.into_iter().map(|(name, value)| (name, value.into_owned())).collect()
    }

    #[test]
    fn the_head_of_a_line_is_metadata() {
        let expected = [("host", "web"), ("app", "sshd"), ("pid", "230")];
        let expected = expected.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(metadata("Oct  1 22:14:15 web sshd[230]: hello"), expected);
        let found = metadata("<165>1 2003-10-11T22:14:15.003Z web sshd 230 - - hello");
        assert_eq!(found[0], ("severity", "notice".into()));
        assert_eq!(found[1..], expected);
    }

    #[test]
    fn a_date_without_a_year_is_a_time_where_the_latest_one_is_known() {
        let line = b"Nov 25 06:34:57 web app: \xff";
        assert_eq!(record(line, Some(LATEST)).unwrap().time, Some(LATEST));
        assert_eq!(record(line, None).unwrap().time, None);
        assert_eq!(&*record(line, None).unwrap().line, line);
    }
}
