//! Templates of `line_format` and `label_format`: Go's `text/template` over the labels of a line.
//!
//! A template is parsed once. Most are texts and plain labels; those are filled without the
//! interpreter.

mod decimal;
mod encode;
mod error;
mod exec;
mod functions;
mod layout;
mod lexer;
mod node;
mod parse;
mod printf;
pub(crate) mod time;
mod value;
mod zone;

pub(crate) use error::RenderError;
pub use error::{TemplateError, TemplateErrorKind};

use crate::stage::labels::LineLabels;
use functions::Function;
use node::{Node, OperandKind, any_function, for_each_field};
use parse::Parsed;
use std::sync::Arc;
use value::Value;

/// What a template may read.
pub(crate) struct Fields<'f> {
    pub(crate) labels: &'f LineLabels,
    pub(crate) line: &'f [u8],
    /// Time of the line in nanoseconds.
    pub(crate) time: i64,
    /// The time of the query in nanoseconds.
    pub(crate) now: i64,
}

impl Fields<'_> {
    /// A label; empty where there is none.
    fn get(&self, name: &str) -> &str {
        self.labels.get(name).unwrap_or_default()
    }

    /// All labels by name.
    fn all(&self) -> Vec<(Value, Value)> {
        let mut all = Vec::new();
        self.labels.for_each(|name, value, _| all.push((name, value)));
        all.sort_unstable();
        all.into_iter().map(|(name, value)| (Value::from(name), Value::from(value))).collect()
    }
}

/// A template, ready to be filled.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    name: &'static str,
    text: Arc<str>,
    parsed: Arc<Parsed>,
    /// Texts and labels in turn, if there is nothing else.
    plain: Option<Arc<[Part]>>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Label(String),
    Line,
}

impl Template {
    /// Parses a template; `name` stands in its errors.
    pub(crate) fn new(name: &'static str, text: &str) -> Result<Self, TemplateError> {
        let parsed = parse::parse(text).map_err(|(at, kind)| {
            let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
            TemplateError { name, line, kind }
        })?;
        let plain = parsed.root.iter().map(part).collect::<Option<Vec<Part>>>();
        Ok(Template {
            name,
            text: text.into(),
            parsed: Arc::new(parsed),
            plain: plain.map(Into::into),
        })
    }

    /// Appends the filled template. After an error what was appended is to be ignored.
    pub(crate) fn render(&self, fields: &Fields<'_>, out: &mut String) -> Result<(), RenderError> {
        let Some(parts) = &self.plain else {
            return exec::render(self.name, &self.text, &self.parsed, fields, out);
        };
        let start = out.len();
        for part in parts.iter() {
            if out.len() - start > exec::OUTPUT_BYTES_MAX {
                // Too long: the long way says so.
                out.truncate(start);
                return exec::render(self.name, &self.text, &self.parsed, fields, out);
            }
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Label(name) => out.push_str(fields.get(name)),
                Part::Line => out.push_str(&String::from_utf8_lossy(fields.line)),
            }
        }
        Ok(())
    }

    /// Names of the labels that it reads.
    pub(crate) fn fields(&self) -> Vec<String> {
        let mut names = Vec::new();
        for list in std::iter::once(&self.parsed.root).chain(self.parsed.defined.values()) {
            for_each_field(list, &mut |name| names.push(name.to_string()));
        }
        names
    }

    /// Whether it reads the line.
    pub(crate) fn reads_line(&self) -> bool {
        self.calls(&functions::reads_line)
    }

    /// Whether it asks for the time of the query.
    pub(crate) fn reads_now(&self) -> bool {
        self.calls(&functions::reads_now)
    }

    fn calls(&self, test: &dyn Fn(&Function) -> bool) -> bool {
        std::iter::once(&self.parsed.root)
            .chain(self.parsed.defined.values())
            .any(|list| any_function(list, test))
    }
}

/// A node that is a text, a label or the line.
fn part(node: &Node) -> Option<Part> {
    let pipe = match node {
        Node::Text(text) => return Some(Part::Text(text.clone())),
        Node::Action(pipe) if pipe.variables.is_empty() => pipe,
        _ => return None,
    };
    let [command] = pipe.commands.as_slice() else { return None };
    let [operand] = command.operands.as_slice() else { return None };
    match &operand.kind {
        OperandKind::Field(names) => match names.as_slice() {
            [name] => Some(Part::Label(name.clone())),
            _ => None,
        },
        OperandKind::Function(function) if functions::reads_line(function) => Some(Part::Line),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
