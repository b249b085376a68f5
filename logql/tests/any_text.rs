//! No text makes the parser or a stage panic, or takes it long.
#![cfg(test)]

use logql::testing::{LineIn, run_stages};
use proptest::prelude::*;

/// Words of the language in any order: texts that get far before they fail.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "(",
        ")",
        "[5m]",
        "[",
        "]",
        ",",
        "|",
        "|=",
        "!=",
        "|~",
        "!~",
        "|>",
        "!>",
        "=",
        "==",
        ">",
        "<=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "or",
        "and",
        "unless",
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "bool",
        "offset",
        "unwrap",
        "json",
        "logfmt",
        "regexp",
        "pattern",
        "unpack",
        "line_format",
        "label_format",
        "decolorize",
        "drop",
        "keep",
        "ip",
        "rate",
        "sum",
        "topk",
        "quantile_over_time",
        "label_replace",
        "vector",
        "bytes",
        "--strict",
        "a",
        "b",
        "\"x\"",
        "`{{.a}}`",
        "\"(?P<a>b)\"",
        "\"<a> b\"",
        "1",
        "0.5",
        "5m",
        "1KB",
        "-1s",
        "{a=\"b\"}",
        "\"10.0.0.0/8\"",
        "#",
        "\n",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

fn look(text: &str) {
    match logql::parse(text) {
        Ok(tree) => {
            let printed = tree.to_string();
            assert_eq!(logql::parse(&printed).unwrap(), tree, "{text} printed {printed}");
            logql::print::pretty_within(&tree, 10);
        }
        Err(error) => {
            error.render(text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,60}") {
        look(&text);
    }

    #[test]
    fn any_words_are_parsed_or_refused(text in words()) {
        look(&text);
        look(&format!("{{a=\"b\"}} {text}"));
        look(&format!("sum({text}"));
    }

    #[test]
    fn any_bytes_go_through_every_stage(
        line in prop::collection::vec(any::<u8>(), 0..200),
        template in "\\PC{0,30}",
    ) {
        let line = LineIn { line, labels: vec![("app".into(), "x".into())], ..LineIn::default() };
        for stage in [
            "| json", "| json a, b=\"c[0].d\"", "| logfmt", "| logfmt --strict --keep-empty",
            "| logfmt a, b=\"c\"", "| unpack", "| decolorize", "| regexp `(?P<a>.)(?P<b>.*)`",
            "| pattern `<a> <b>=<_>`", "|> `<_>a<_>`", "|= ip(\"10.0.0.0/8\")", "|= ip(\"::/0\")",
            "| line_format `{{.a}}{{__line__ | trunc 3}}{{fromJson __line__}}`",
        ] {
            run_stages(stage, &line).unwrap();
        }
        let quoted = telemetry_core::syntax::string::quote(&template);
        let _ = run_stages(&format!("| line_format {quoted}"), &line);
        let braced = telemetry_core::syntax::string::quote(&format!("{{{{ {template} }}}}"));
        let _ = run_stages(&format!("| line_format {braced}"), &line);
    }

    #[test]
    fn json_like_lines_go_through(line in r#"(\{|\}|\[|\]|"|\\|:|,|a|1|null|true| |\\u00e9|é){0,60}"#) {
        let line = LineIn { line: line.into_bytes(), ..LineIn::default() };
        for stage in ["| json", "| json a, b=\"a[0].a\"", "| unpack", "| logfmt"] {
            run_stages(stage, &line).unwrap();
        }
    }
}

#[test]
fn hostile_lines_take_little_time() {
    // Each is linear or fails early; a quadratic scanner would need minutes for them.
    let lines = [
        "{\"a\":".repeat(50_000),
        "{\"a\":".repeat(50_000) + "1" + &"}".repeat(50_000),
        "[".repeat(200_000),
        "{\"a\":\"".to_string() + &"\\\"".repeat(100_000),
        "a=\"".repeat(100_000),
        "=".repeat(200_000),
        "1:".repeat(100_000),
        "\x1b[".repeat(100_000),
        (0..20_000).map(|key| format!("k{key}=v ")).collect::<String>(),
    ];
    for text in lines {
        let line = LineIn { line: text.into_bytes(), ..LineIn::default() };
        for stage in [
            "| json",
            "| json a=\"a.a.a\"",
            "| logfmt",
            "| unpack",
            "| decolorize",
            "|= ip(\"::1\")",
            "| pattern `<a>=<b>`",
            "|~ `(a|aa)+$`",
        ] {
            run_stages(stage, &line).unwrap();
        }
    }
}
