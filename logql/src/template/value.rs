//! The values that templates compute with, and how Go prints them.

use super::layout::GoTime;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use telemetry_core::syntax::number::write_g;

/// A value. Go's types are told apart as far as a template can.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Time(GoTime),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
    /// The labels of the line: the dot at the start.
    Labels,
}

impl Value {
    /// Go's name of the type.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::Time(_) => "time.Time",
            Value::List(_) => "[]interface {}",
            Value::Map(_) => "map[string]interface {}",
            Value::Labels => "map[string]string",
        }
    }

    /// Whether `if` takes it for true: what is not empty or zero.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Time(_) | Value::Labels => true,
            Value::List(values) => !values.is_empty(),
            Value::Map(values) => !values.is_empty(),
        }
    }

    /// Appends the value as `{{ }}` prints it.
    pub(super) fn print(&self, out: &mut String) {
        match self {
            // What is nothing at all prints so; nothing inside a value prints `<nil>`.
            Value::Nil => out.push_str("<no value>"),
            value => value.print_plain(out),
        }
    }

    /// Appends the value as `%v` prints it. The depth is that of JSON, which is bounded.
    pub(super) fn print_plain(&self, out: &mut String) {
        // Writing to a String cannot fail.
        match self {
            Value::Nil => out.push_str("<nil>"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Int(value) => {
                let _ = write!(out, "{value}");
            }
            Value::Float(value) => {
                let _ = write_g(out, *value);
            }
            Value::Text(text) => out.push_str(text),
            Value::Time(time) => out.push_str(&time.to_string()),
            Value::List(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(' ');
                    }
                    value.print_plain(out);
                }
                out.push(']');
            }
            Value::Map(values) => {
                out.push_str("map[");
                for (at, (name, value)) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(' ');
                    }
                    out.push_str(name);
                    out.push(':');
                    value.print_plain(out);
                }
                out.push(']');
            }
            Value::Labels => out.push_str("map[]"),
        }
    }

    /// The value as text.
    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        self.print_plain(&mut out);
        out
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}
