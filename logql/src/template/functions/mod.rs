//! The functions of templates: one row = name, arguments, body.
//!
//! Go's built-ins, those of Loki, and those of the library sprig that Loki lets through.

mod collection;
mod compare;
mod number;
mod text;
mod time;

use super::Fields;
use super::error::RenderErrorKind as Kind;
use super::value::Value;

/// A function.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// What it takes; the last one any number of times if `variadic`.
    pub(super) takes: &'static [Type],
    /// How many more than the fixed ones it needs at least, if variadic.
    pub(super) variadic: bool,
    pub(super) call: Body,
}

pub(super) type Body = fn(&[Value], &Fields<'_>) -> Result<Value, String>;

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The type of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Any,
    Text,
    Int,
    Float,
    Time,
}

impl Function {
    /// Whether it can be called with so many arguments.
    pub(super) fn check_count(&self, got: usize) -> Result<(), Kind> {
        let fixed = if self.variadic { self.takes.len() - 1 } else { self.takes.len() };
        let right = if self.variadic { got >= fixed } else { got == fixed };
        if right {
            return Ok(());
        }
        let want = if self.variadic { format!("at least {fixed}") } else { fixed.to_string() };
        Err(Kind::ArgumentCount { name: self.name, want, got })
    }

    /// The arguments in the types that the function takes.
    pub(super) fn check_types(&self, values: Vec<Value>) -> Result<Vec<Value>, Kind> {
        let typed = |(at, value): (usize, Value)| {
            let takes = self.takes.get(at).or(self.takes.last()).copied().unwrap_or(Type::Any);
            let (expected, right) = match (takes, &value) {
                (Type::Any, _) => ("interface {}", true),
                (Type::Text, value) => ("string", matches!(value, Value::Text(_))),
                (Type::Int, value) => ("int", matches!(value, Value::Int(_))),
                (Type::Float, Value::Int(value)) => return Ok(Value::Float(*value as f64)),
                (Type::Float, value) => ("float64", matches!(value, Value::Float(_))),
                (Type::Time, value) => ("time.Time", matches!(value, Value::Time(_))),
            };
            if right { Ok(value) } else { Err(Kind::ArgumentType { expected, got: value.kind() }) }
        };
        values.into_iter().enumerate().map(typed).collect()
    }
}

/// For `and` and `or`: the truth of the argument that decides.
pub(super) fn short_circuit(function: &Function) -> Option<bool> {
    match function.name {
        "and" => Some(false),
        "or" => Some(true),
        _ => None,
    }
}

/// A row of the registry.
const fn row(name: &'static str, takes: &'static [Type], call: Body) -> Function {
    Function { name, takes, variadic: false, call }
}

/// A row whose last argument may stand any number of times, also not at all.
const fn variadic(name: &'static str, takes: &'static [Type], call: Body) -> Function {
    Function { name, takes, variadic: true, call }
}

const TABLES: [&[Function]; 5] = [
    text::FUNCTIONS,
    number::FUNCTIONS,
    time::FUNCTIONS,
    compare::FUNCTIONS,
    collection::FUNCTIONS,
];

/// The function of a name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    TABLES.iter().flat_map(|table| table.iter()).find(|function| function.name == name)
}

/// Whether a function reads the line.
pub(super) fn reads_line(function: &Function) -> bool {
    function.name == "__line__"
}

/// Whether a function asks for the time of the query.
pub(super) fn reads_now(function: &Function) -> bool {
    function.name == "now"
}

fn text_at(values: &[Value], at: usize) -> &str {
    match values.get(at) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

fn int_at(values: &[Value], at: usize) -> i64 {
    match values.get(at) {
        Some(Value::Int(value)) => *value,
        _ => 0,
    }
}

fn value_at(values: &[Value], at: usize) -> &Value {
    values.get(at).unwrap_or(&Value::Nil)
}
