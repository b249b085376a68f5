//! Templates and what they make of a line.

use super::{Fields, Template};
use crate::stage::labels::LineLabels;

fn render(template: &str) -> String {
    let mut labels = LineLabels::default();
    labels.set("a", "one");
    labels.set("n", "42");
    labels.set("js", r#"{"x":{"y":[1,2.5,"z"]},"b":true}"#);
    let fields = Fields { labels: &labels, line: b"the line", time: 1_000_000_000, now: 0 };
    let mut out = String::new();
    match Template::new("line", template) {
        Err(error) => error.to_string(),
        Ok(template) => match template.render(&fields, &mut out) {
            Ok(()) => out,
            Err(error) => error.to_string(),
        },
    }
}

#[test]
fn actions_of_all_kinds() {
    for (template, expected) in [
        ("{{.a}}-{{ .none }}-{{__line__}}", "one--the line"),
        ("{{if .a}}yes{{else}}no{{end}}", "yes"),
        ("{{if .none}}1{{else if eq .n \"42\"}}2{{else}}3{{end}}", "2"),
        ("{{with .a}}<{{.}}>{{end}}{{with .none}}{{else}}!{{end}}", "<one>!"),
        ("{{range $i, $v := (fromJson .js).x.y}}{{$i}}={{$v}};{{end}}", "0=1;1=2.5;2=z;"),
        ("{{range fromJson .js}}{{break}}{{end}}.", "."),
        ("{{$x := .a}}{{$x}}{{$x = \"two\"}}{{$x}}", "onetwo"),
        ("{{define \"t\"}}[{{.}}]{{end}}{{template \"t\" .a}}", "[one]"),
        ("{{block \"t\" .n}}({{.}}){{end}}", "(42)"),
        ("{{.a | printf \"%5s|\" | ToUpper}}", "  ONE|"),
        (
            "{{and 1 0}} {{or 0 \"x\"}} {{not true}} {{len .a}} {{index (fromJson .js) \"b\"}}",
            "0 x false 3 true",
        ),
        ("{{slice .a 1}}{{print 1 2 \"a\" \"b\" 3}}", "ne1 2ab3"),
        ("{{fromJson \"[\"}}", "<no value>"),
        ("{{ 1.0 }} {{ 1e6 }} {{ 'a' }} {{ 0x10 }}", "1 1e+06 97 16"),
        ("{{ $.a }}{{range fromJson .js}}{{end}}", "one"),
    ] {
        assert_eq!(render(template), expected, "{template}");
    }
}

#[test]
fn case_is_changed_a_character_for_a_character() {
    for (template, expected) in
        [("{{title \"ßa ǆ_ab éa\"}}", "ßa ǅ_ab Éa"), ("{{upper \"ßa\"}} {{lower \"ΟΣ\"}}", "ßA οσ")]
    {
        assert_eq!(render(template), expected, "{template}");
    }
}

#[test]
fn templates_that_are_none() {
    for (template, message) in [
        ("{{.a", "template: line:1: unclosed action"),
        ("\n{{nope}}", "template: line:2: function \"nope\" not defined"),
        ("{{if .a}}", "template: line:1: unexpected EOF"),
        ("{{end}}", "template: line:1: unexpected {{end}} in input"),
        ("{{}}", "template: line:1: missing value for command"),
        ("{{.a | \"x\"}}", "template: line:1: non executable command in pipeline stage 2"),
        ("{{$x}}", "template: line:1: undefined variable \"$x\""),
        ("{{break}}", "template: line:1: {{break}} outside {{range}}"),
    ] {
        assert_eq!(render(template), message, "{template}");
    }
}

#[test]
fn what_fails_on_a_line_says_where() {
    for (template, message) in [
        (
            "{{.a Replace \"x\"}}",
            "template: line:1:2: executing \"line\" at <.a>: a is not a method but has arguments",
        ),
        (
            "{{replace \"a\" .a}}",
            "template: line:1:2: executing \"line\" at <replace>: wrong number of args for replace: want 3 got 2",
        ),
        (
            "x{{div 1 0}}",
            "template: line:1:3: executing \"line\" at <div>: error calling div: runtime error: integer divide by zero",
        ),
        (
            "{{ToUpper 1}}",
            "template: line:1:2: executing \"line\" at <ToUpper>: wrong type for value; expected string; got int",
        ),
        (
            "{{lt .n 1}}",
            "template: line:1:2: executing \"line\" at <lt>: error calling lt: incompatible types for comparison",
        ),
    ] {
        assert_eq!(render(template), message, "{template}");
    }
}

#[test]
fn hostile_templates_are_bounded() {
    for template in [
        "{{define \"t\"}}{{template \"t\" .}}{{end}}{{template \"t\" .}}",
        "{{range 1000000000}}x{{end}}",
        "{{repeat 1000000000 \"x\"}}",
        "{{repeat 1000000 \"xxxx\" | replace \"x\" \"xxxxxxxx\"}}",
        "{{printf \"%1000000000d\" 1}}",
        "{{alignLeft 1000000000 \"x\"}}",
        "{{define \"a\"}}{{repeat 1000000 \"x\"}}{{end}}{{range 1000}}{{template \"a\"}}{{end}}",
    ] {
        let out = render(template);
        assert!(out.starts_with("template: line:1:"), "{template}: {} bytes", out.len());
    }
    let deep = "{{(".to_string() + &"(".repeat(5_000) + "1" + &")".repeat(5_000) + ")}}";
    assert_eq!(render(&deep), "template: line:1: template too complex");
}
