//! Stages that unpack what another program packed: its own `pack`, containers, arrays, Windows events.

use super::*;

#[test]
fn packed_lines_are_what_unpack_reads() {
    let stages = |ingest_timestamp| {
        let labels = vec!["app".into(), "id".into(), "none".into()];
        [Stage::from(Json::of([("id", "")])), Pack { labels, ingest_timestamp }.into()]
    };
    let found = one(stages(false), r#"{"id":"<7>"}"#);
    let expected = r#"{"app":"a","id":"\u003c7\u003e","_entry":"{\"id\":\"\u003c7\u003e\"}"}"#;
    assert_eq!((text(&found), found.time), (expected, 7));
    assert!(found.labels.is_empty());
    assert_eq!(one(stages(true), "x").time, 1_000 * SECOND);
}

#[test]
fn container_lines_are_unwrapped() {
    let line = r#"{"log":"text\n","stream":"stderr","time":"1970-01-01T00:00:01Z"}"#;
    let found = one([Docker.into()], line);
    assert_eq!((text(&found), found.time, &*found.labels["stream"]), ("text\n", SECOND, "stderr"));
    let given = [
        "1970-01-01T00:00:01Z stdout P one ",
        "1970-01-01T00:00:02Z stderr F other",
        "1970-01-01T00:00:03Z stdout P two ",
        "1970-01-01T00:00:04Z stdout F three",
        "no line of a container",
        "1970-01-01T00:00:05Z stdout P left",
    ];
    let found = all([Cri::default().into()], &given);
    let expected = ["other", "one two three", "no line of a container", "left"];
    assert_eq!(lines(&found), expected);
    let times: Vec<i64> = found.iter().map(|entry| entry.time / SECOND).collect();
    assert_eq!(times, [2, 4, 0, 5]);
    let cut =
        Cri { max_partial_line_size: 5, max_partial_line_size_truncate: true, ..Cri::default() };
    assert_eq!(lines(&all([cut.into()], &given[2..4])), ["two t"]);
}

#[test]
fn an_array_becomes_a_line_an_element() {
    let lines = |line: &str| -> Vec<String> {
        let split = all([SplitJson::default().into()], &[line]);
        split.iter().map(|entry| String::from_utf8(entry.line.clone()).unwrap()).collect()
    };
    assert_eq!(
        lines(r#" [ {"a": 1} , "x",null,[2 ,3] , 1.50]"#),
        [r#"{"a": 1}"#, r#""x""#, "null", "[2 ,3]", "1.50"]
    );
    for unchanged in [r#"{"a":[1]}"#, "[1,", "[1] x", "text", ""] {
        assert_eq!(lines(unchanged), [unchanged]);
    }
    let (mut pipeline, _) = pipeline([
        Json::of([("items", "")]).into(),
        SplitJson { source: "items".into() }.into(),
        Json::of([("id", "")]).into(),
        Labels::of([("id", "")]).into(),
    ]);
    let mut out = Vec::new();
    pipeline.push(entry(&[("app", "a")], r#"{"items":[{"id":"1"},{"id":"2"}]}"#), &mut out);
    pipeline.push(entry(&[("app", "a")], r#"{"items":[]}"#), &mut out);
    let ids: Vec<&str> = out.iter().map(|entry| entry.labels["id"].as_str()).collect();
    assert_eq!(ids, ["1", "2"]);
    assert_eq!(pipeline.drops().of("split_json_empty"), 1);
}

#[test]
fn a_windows_event_is_read_section_by_section() {
    let message = "A thing\r\n happened.\r\n\r\nSubject:\r\n\tAccount Name:\t\tSYSTEM\r\n\
                   \tLogon 1D:\t\t0x3E7\r\n\r\nPrivileges:\tSeTcb\r\n\tSeBackup\r\n\r\nno pair\r\n\
                   app:\tmail\r\n9 lives:x";
    let read = |stage: WindowsEvent| {
        let source = "message".to_owned();
        let mut out = Vec::new();
        let text = Regex { expression: "(?s)(?P<message>.*)".into(), ..Regex::default() };
        let (mut pipeline, _) = pipeline([text.into(), WindowsEvent { source, ..stage }.into()]);
        pipeline.push(entry(&[("app", "a")], message), &mut out);
        let mut extracted = out.remove(0).extracted;
        extracted.remove("message");
        extracted
            .into_iter()
            .map(|(name, value)| format!("{name}={}", value.text().unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let found = read(WindowsEvent::default());
    assert_eq!(
        found,
        [
            "Description=A thing happened.",
            "Privileges=SeTcb,SeBackup",
            "Subject_AccountName=SYSTEM",
            "Subject_Logon1D=0x3E7",
            "_9lives=x",
            "app=a",
            "app_extracted=mail"
        ]
    );
    let strict = WindowsEvent {
        drop_invalid_labels: true,
        overwrite_existing: true,
        ..WindowsEvent::default()
    };
    let found = read(strict);
    assert!(found.contains(&"app=mail".to_owned()) && found.len() == 5, "{found:?}");
}
