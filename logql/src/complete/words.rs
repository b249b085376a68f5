//! The words of the language, by the place where they may stand.

use super::place::Place;
use crate::ast::{BinaryOp, LineFilterOp, RangeOp, VectorOp};

const STAGES: [&str; 11] = [
    "decolorize",
    "drop",
    "json",
    "keep",
    "label_format",
    "line_format",
    "logfmt",
    "pattern",
    "regexp",
    "unpack",
    "unwrap",
];
const RANGES: [&str; 5] = ["[1m]", "[5m]", "[15m]", "[1h]", "[1d]"];

/// The words that may stand at `place` and begin with `typed`.
pub(super) fn at(place: &Place, typed: &str) -> Vec<&'static str> {
    let mut words = Vec::new();
    match place {
        Place::Operand { is_operator } => {
            if *is_operator {
                words.extend(["bool", "on", "ignoring", "group_left", "group_right"]);
            }
            words.extend(RangeOp::ALL.iter().map(|op| op.as_str()));
            words.extend(VectorOp::ALL.iter().map(|op| op.as_str()));
            words.extend(["label_replace", "vector", "{"]);
        }
        Place::BehindMetric { may_group } => {
            if *may_group {
                words.extend(["by", "without"]);
            }
            words.extend(BinaryOp::ALL.iter().map(|op| op.as_str()));
        }
        Place::Grouping => words.extend(["by", "without"]),
        Place::Matchers => words.extend(["=", "!=", "=~", "!~"]),
        Place::Pipeline { in_range } => {
            words.extend(LineFilterOp::ALL.iter().map(|op| op.as_str()));
            words.push("|");
            if *in_range {
                words.extend(RANGES);
            }
        }
        Place::Stage { in_range, .. } => {
            words.extend(STAGES.iter().filter(|stage| *in_range || **stage != "unwrap"));
        }
        Place::Flags => words.extend(["--keep-empty", "--strict"]),
        Place::Unwrap { .. } => words.extend(["bytes(", "duration(", "duration_seconds("]),
        Place::FilterText => words.push("ip("),
        Place::Range => words.extend(RANGES),
        Place::LabelName { .. } | Place::LabelValue { .. } | Place::Nothing => {}
    }
    let begins = |word: &&str| {
        word.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed))
    };
    words.retain(begins);
    words
}
