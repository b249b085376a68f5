//! Syslog, old and new. The line stays whole; what its head says is metadata as well.
//!
//! ~~~text
//! <34>Oct 11 22:14:15 host su[230]: text                     RFC 3164, the number in front often left out
//! <165>1 2003-10-11T22:14:15.003Z host app 230 ID47 - text   RFC 5424
//! ~~~

use crate::record::Record;
use crate::stamp;

const SEVERITIES: [&str; 8] =
    ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];

pub(super) fn record(line: &[u8], latest: i64) -> Option<Record> {
    let text = String::from_utf8_lossy(line);
    let mut metadata = Vec::new();
    let mut rest = &*text;
    let mut has_priority = false;
    if let Some((priority, behind)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        let priority: u16 = priority.parse().ok()?;
        let severity = SEVERITIES.get(usize::from(priority % 8))?;
        metadata.push(("severity", (*severity).to_owned()));
        has_priority = true;
        rest = behind;
    }
    let time = match rest.strip_prefix("1 ").filter(|_| has_priority) {
        Some(behind) => new_style(behind, &mut metadata)?,
        None => old_style(rest, latest, &mut metadata)?,
    };
    Some(Record { time: Some(time), line: line.to_vec(), metadata, is_partial: false })
}

fn old_style(text: &str, latest: i64, metadata: &mut Vec<(&'static str, String)>) -> Option<i64> {
    let time = stamp::without_year(text, latest.min(i64::MAX / 2))?;
    let mut words = text.get(16..)?.splitn(2, ' ');
    metadata.push(("host", words.next()?.to_owned()));
    let tag = words.next()?.split(':').next()?;
    let (app, pid) = tag.split_once('[').unwrap_or((tag, ""));
    if !app.is_empty() && !app.contains(' ') {
        metadata.push(("app", app.to_owned()));
    }
    let pid = pid.trim_end_matches(']');
    if !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()) {
        metadata.push(("pid", pid.to_owned()));
    }
    Some(time)
}

fn new_style(text: &str, metadata: &mut Vec<(&'static str, String)>) -> Option<i64> {
    let mut words = text.split(' ');
    let time = stamp::date_and_time(words.next()?)?;
    for name in ["host", "app", "pid", "message_id"] {
        let value = words.next()?;
        if value != "-" {
            metadata.push((name, value.to_owned()));
        }
    }
    Some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(line: &str) -> Vec<(&'static str, String)> {
        record(line.as_bytes(), 1_795_588_497_000_000_000).unwrap().metadata
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
}
