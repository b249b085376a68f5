//! Queries by the grammar, and by the table of functions: all of them, and every operator, aggregation
//! and modifier.

use promql::ast::ValueType;
use promql::functions::signature::{SIGNATURES, Signature};

use super::Numbers;

const AGGREGATIONS: &[&str] = &[
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "group",
    "stddev",
    "stdvar",
    "quantile",
    "topk",
    "bottomk",
    "limitk",
    "limit_ratio",
    "count_values",
];

/// A query that gives a scalar or a vector.
pub(crate) fn query(numbers: &mut Numbers) -> String {
    let depth = 1 + numbers.below(3);
    if numbers.chance(1, 20) { scalar(numbers, depth) } else { vector(numbers, depth) }
}

fn name(numbers: &mut Numbers) -> &'static str {
    numbers.pick(&[
        "a",
        "a{job=\"x\"}",
        "b_total",
        "b_total{instance!=\"1\"}",
        "c",
        "{__name__=~\"a|c\",job=~\"x|z\"}",
        "h",
        "h{job=\"x\"}",
        "a_bucket",
        "nosuch",
    ])
}

fn modifiers(numbers: &mut Numbers) -> String {
    match numbers.below(14) {
        0 => format!(" offset {}s", numbers.below(300)),
        1 => format!(" offset -{}s", 1 + numbers.below(100)),
        2 => format!(" @ {}", numbers.below(900)),
        3 => " @ end()".into(),
        4 => " @ start() offset 30s".into(),
        5 => " offset (2 * step())".into(),
        _ => String::new(),
    }
}

fn seconds(numbers: &mut Numbers) -> u64 {
    match numbers.below(4) {
        0 => 1 + numbers.below(40),
        1 => 30 * (1 + numbers.below(10)),
        2 => 300 + numbers.below(900),
        _ => 1 + numbers.below(300),
    }
}

fn range(numbers: &mut Numbers, depth: u64, function: &str) -> String {
    if depth > 0 && numbers.chance(1, 4) {
        let inner = vector(numbers, depth - 1);
        let (range, step) = (30 + numbers.below(400), 7 + numbers.below(90));
        let step = if numbers.chance(1, 5) { String::new() } else { format!("{step}s") };
        return format!("({inner})[{range}s:{step}]{}", modifiers(numbers));
    }
    let extended = match function {
        "rate" | "increase" | "delta" => numbers.pick(&["", "", " anchored", " smoothed"]),
        "changes" | "resets" => numbers.pick(&["", "", " anchored"]),
        _ => "",
    };
    format!("{}[{}s]{extended}{}", name(numbers), seconds(numbers), modifiers(numbers))
}

/// A vector expression.
pub(crate) fn vector(numbers: &mut Numbers, depth: u64) -> String {
    if depth == 0 {
        let smoothed = if numbers.chance(1, 20) { " smoothed" } else { "" };
        return format!("{}{smoothed}{}", name(numbers), modifiers(numbers));
    }
    match numbers.below(12) {
        0..=4 => call(numbers, ValueType::Vector, depth),
        5..=7 => aggregation(numbers, depth),
        8 => {
            let sides = [vector(numbers, depth - 1), vector(numbers, depth - 1)];
            format!("({}) {} ({})", sides[0], operator(numbers), sides[1])
        }
        9 => {
            let sides = [vector(numbers, depth - 1), vector(numbers, depth - 1)];
            let op = numbers.pick(&["and", "or", "unless"]);
            let matching = numbers.pick(&["", "on (job)", "ignoring (instance)", "on ()"]);
            format!("({}) {op} {matching} ({})", sides[0], sides[1])
        }
        10 => {
            let (vector, number) = (vector(numbers, depth - 1), scalar(numbers, depth - 1));
            let op = arithmetic(numbers);
            match numbers.chance(1, 2) {
                true => format!("({vector}) {op} ({number})"),
                false => format!("({number}) {op} ({vector})"),
            }
        }
        _ => {
            let sign = numbers.pick(&["-", "+"]);
            format!("{sign}({})", vector(numbers, depth - 1))
        }
    }
}

fn arithmetic(numbers: &mut Numbers) -> &'static str {
    numbers.pick(&[
        "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<=", "== bool",
        "!= bool", "> bool", "< bool", ">= bool", "<= bool", "</", ">/",
    ])
}

/// An operator between vectors.
fn operator(numbers: &mut Numbers) -> String {
    let op = arithmetic(numbers);
    let matching = numbers.pick(&[
        "",
        "on (job, instance)",
        "on (job)",
        "ignoring (instance)",
        "ignoring (le, version)",
        "on (job) group_left ()",
        "on (job) group_right (instance)",
        "ignoring (instance) group_left (version)",
        "on (job, instance) group_left (le)",
    ]);
    let fill = match numbers.below(8) {
        0 => " fill (0)",
        1 => " fill_left (NaN)",
        2 => " fill_right (2)",
        3 if !matching.contains("group") => " fill_left (1) fill_right (2)",
        _ => "",
    };
    format!("{op} {matching}{fill}")
}

fn aggregation(numbers: &mut Numbers, depth: u64) -> String {
    let op = numbers.pick(AGGREGATIONS);
    let grouping = numbers.pick(&[
        "",
        "by (job)",
        "by (job, instance)",
        "without (instance)",
        "by (__name__)",
        "by (nosuch)",
        "without ()",
        "without (le)",
    ]);
    let inner = vector(numbers, depth - 1);
    let parameter = match op {
        "quantile" => numbers.pick(&["0.3, ", "0.95, ", "-1, ", "2, "]).to_owned(),
        "topk" | "bottomk" | "limitk" => format!("{}, ", numbers.below(4)),
        "limit_ratio" => numbers.pick(&["0.5, ", "-0.5, ", "0.1, ", "1, "]).to_owned(),
        "count_values" => "\"value\", ".to_owned(),
        _ => String::new(),
    };
    format!("{op} {grouping} ({parameter}{inner})")
}

/// A scalar expression.
fn scalar(numbers: &mut Numbers, depth: u64) -> String {
    match numbers.below(7) {
        0 if depth > 0 => {
            let (a, b) = (scalar(numbers, depth - 1), scalar(numbers, depth - 1));
            let op = numbers.pick(&["+", "-", "*", "/", "%", "^", "> bool", "== bool"]);
            format!("({a}) {op} ({b})")
        }
        1..=2 if depth > 0 => call(numbers, ValueType::Scalar, depth),
        3 => "time()".into(),
        4 => numbers.pick(&["0.5", "-1", "NaN", "Inf", "0"]).into(),
        _ => format!("{}", numbers.below(40) as f64 / 8.0),
    }
}

/// A call of some function that gives `gives`.
fn call(numbers: &mut Numbers, gives: ValueType, depth: u64) -> String {
    let fitting: Vec<&Signature> = SIGNATURES.iter().filter(|row| row.gives == gives).collect();
    let row = numbers.pick(&fitting);
    let arguments = match row.name {
        "label_replace" => format!(
            "{}, \"{}\", \"$1-\", \"instance\", \"(1?)(2?)\"",
            vector(numbers, depth - 1),
            numbers.pick(&["job", "made", "__name__"])
        ),
        "label_join" => {
            format!("{}, \"made\", \"-\", \"job\", \"instance\"", vector(numbers, depth - 1))
        }
        "sort_by_label" | "sort_by_label_desc" => {
            format!("{}, \"job\", \"instance\"", vector(numbers, depth - 1))
        }
        "histogram_quantiles" => format!("{}, \"phi\", 0.1, 0.9", vector(numbers, depth - 1)),
        "double_exponential_smoothing" => {
            format!("{}, 0.{}, 0.3", range(numbers, depth - 1, row.name), 1 + numbers.below(9))
        }
        "info" => {
            let matchers = numbers.pick(&["", ", {version=~\".+\"}", ", {__name__=~\".+_info\"}"]);
            format!("{}{matchers}", vector(numbers, depth - 1))
        }
        name => {
            let more = numbers.below(1 + row.then.at_most.min(1) as u64) as usize;
            let types = row.takes.iter().copied().chain(std::iter::repeat_n(row.then.each, more));
            let arguments: Vec<String> = types
                .map(|kind| match kind {
                    ValueType::Vector => vector(numbers, depth - 1),
                    ValueType::Scalar => scalar(numbers, depth - 1),
                    ValueType::Matrix => range(numbers, depth - 1, name),
                    ValueType::String => "\"job\"".to_owned(),
                })
                .collect();
            arguments.join(", ")
        }
    };
    format!("{}({arguments})", row.name)
}
