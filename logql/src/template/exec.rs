//! Fills a template.
//!
//! What a template does to a line is bounded: by steps, by output, and by depth. Past a bound it
//! fails as any other error does, and the line keeps its text.

use super::Fields;
use super::error::{RenderError, RenderErrorKind as Kind};
use super::functions::{self, Function};
use super::node::{Command, List, Node, Operand, OperandKind, Pipe};
use super::parse::Parsed;
use super::value::Value;
use std::collections::BTreeMap;

/// Nodes and calls that one line may take.
const STEPS_MAX: usize = 100_000;
/// Bytes that one line may become.
pub(super) const OUTPUT_BYTES_MAX: usize = 4 << 20;
/// How deep templates may call each other.
const DEPTH_MAX: usize = 30;

/// A failure: where in the template, and what.
type Failed = (usize, Kind);

/// How a list ended.
#[derive(PartialEq)]
enum Flow {
    On,
    Break,
    Continue,
}

pub(super) fn render(
    name: &'static str,
    text: &str,
    template: &Parsed,
    fields: &Fields<'_>,
    out: &mut String,
) -> Result<(), RenderError> {
    let mut run = Run {
        defined: &template.defined,
        fields,
        variables: vec![("$".into(), Value::Labels)],
        steps: 0,
        depth: 0,
        out_start: out.len(),
        out,
    };
    match run.list(&template.root, &Value::Labels) {
        Ok(_) => Ok(()),
        Err((at, kind)) => {
            let before = text.get(..at).unwrap_or_default();
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            Err(RenderError {
                name,
                line: before.matches('\n').count() + 1,
                column: at - line_start,
                at: snippet(text, at),
                kind,
            })
        }
    }
}

/// The word at an offset of the template.
fn snippet(text: &str, at: usize) -> String {
    let rest = text.get(at..).unwrap_or_default();
    let end = rest
        .char_indices()
        .skip(1)
        .find(|(_, c)| c.is_whitespace() || matches!(c, '|' | '(' | ')' | '}'));
    rest.get(..end.map_or(rest.len(), |(end, _)| end)).unwrap_or_default().into()
}

struct Run<'r, 'f> {
    defined: &'r BTreeMap<String, List>,
    fields: &'r Fields<'f>,
    variables: Vec<(String, Value)>,
    steps: usize,
    depth: usize,
    out_start: usize,
    out: &'r mut String,
}

impl<'r> Run<'r, '_> {
    fn step(&mut self, at: usize) -> Result<(), Failed> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err((at, Kind::Steps(STEPS_MAX)));
        }
        if self.out.len() - self.out_start > OUTPUT_BYTES_MAX {
            return Err((at, Kind::Output(OUTPUT_BYTES_MAX)));
        }
        Ok(())
    }

    fn list(&mut self, list: &'r List, dot: &Value) -> Result<Flow, Failed> {
        for node in list {
            self.step(0)?;
            let flow = match node {
                Node::Text(text) => {
                    self.out.push_str(text);
                    Flow::On
                }
                Node::Action(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    if pipe.variables.is_empty() {
                        value.print(self.out);
                    }
                    Flow::On
                }
                Node::If { pipe, then, or } => self.scoped(|run| {
                    let value = run.pipe(pipe, dot)?;
                    run.list(if value.is_true() { then } else { or }, dot)
                })?,
                Node::With { pipe, then, or } => self.scoped(|run| {
                    let value = run.pipe(pipe, dot)?;
                    if value.is_true() { run.list(then, &value) } else { run.list(or, dot) }
                })?,
                Node::Range { pipe, body, or } => {
                    self.scoped(|run| run.range(pipe, body, or, dot))?
                }
                Node::Call { name, pipe, at } => {
                    self.call(name, pipe.as_ref(), *at, dot)?;
                    Flow::On
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    /// Variables declared inside are gone behind.
    fn scoped<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Failed>) -> Result<T, Failed> {
        let scope = self.variables.len();
        let result = run(self);
        self.variables.truncate(scope);
        result
    }

    fn range(
        &mut self,
        pipe: &'r Pipe,
        body: &'r List,
        or: &'r List,
        dot: &Value,
    ) -> Result<Flow, Failed> {
        let at = pipe.commands.first().and_then(|command| command.operands.first());
        let at = at.map_or(0, |operand| operand.at);
        let value = self.commands(&pipe.commands, dot)?;
        let items: Vec<(Value, Value)> = match value {
            Value::Nil => Vec::new(),
            Value::List(values) => {
                let index = |at: usize| Value::Int(i64::try_from(at).unwrap_or(i64::MAX));
                values.into_iter().enumerate().map(|(at, value)| (index(at), value)).collect()
            }
            Value::Map(values) => {
                values.into_iter().map(|(name, value)| (Value::Text(name), value)).collect()
            }
            Value::Labels => self.fields.all(),
            Value::Int(count) => {
                let count = count.clamp(0, i64::try_from(STEPS_MAX).unwrap_or(i64::MAX));
                (0..count).map(|at| (Value::Int(at), Value::Int(at))).collect()
            }
            other => return Err((at, Kind::Range(other.to_text()))),
        };
        if items.is_empty() {
            return self.list(or, dot);
        }
        for (index, item) in items {
            self.step(at)?;
            let flow = self.scoped(|run| {
                match pipe.variables.as_slice() {
                    [value] => run.bind(value, item.clone(), pipe.declares),
                    [key, value] => {
                        run.bind(key, index, pipe.declares);
                        run.bind(value, item.clone(), pipe.declares);
                    }
                    _ => {}
                }
                run.list(body, &item)
            })?;
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    fn bind(&mut self, name: &str, value: Value, declares: bool) {
        let known = self.variables.iter_mut().rev().find(|(known, _)| known == name);
        match known {
            Some((_, slot)) if !declares => *slot = value,
            _ => self.variables.push((name.into(), value)),
        }
    }

    fn call(
        &mut self,
        name: &str,
        pipe: Option<&'r Pipe>,
        at: usize,
        dot: &Value,
    ) -> Result<(), Failed> {
        let Some(body) = self.defined.get(name) else {
            return Err((at, Kind::UnknownTemplate(name.into())));
        };
        if self.depth >= DEPTH_MAX {
            return Err((at, Kind::Depth(DEPTH_MAX)));
        }
        let dot = match pipe {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Value::Nil,
        };
        let outer = std::mem::replace(&mut self.variables, vec![("$".into(), dot.clone())]);
        self.depth += 1;
        let result = self.list(body, &dot);
        self.depth -= 1;
        self.variables = outer;
        result.map(drop)
    }

    /// The value of a pipeline, bound to its variables.
    fn pipe(&mut self, pipe: &'r Pipe, dot: &Value) -> Result<Value, Failed> {
        let value = self.commands(&pipe.commands, dot)?;
        for name in &pipe.variables {
            self.bind(name, value.clone(), pipe.declares);
        }
        Ok(value)
    }

    fn commands(&mut self, commands: &'r [Command], dot: &Value) -> Result<Value, Failed> {
        let mut fed: Option<Value> = None;
        for command in commands {
            fed = Some(self.command(command, dot, fed)?);
        }
        Ok(fed.unwrap_or(Value::Nil))
    }

    fn command(
        &mut self,
        command: &'r Command,
        dot: &Value,
        fed: Option<Value>,
    ) -> Result<Value, Failed> {
        let Some((first, arguments)) = command.operands.split_first() else {
            return Ok(Value::Nil);
        };
        self.step(first.at)?;
        if let OperandKind::Function(function) = first.kind {
            return self.function(function, first.at, arguments, dot, fed);
        }
        let has_arguments = !arguments.is_empty() || fed.is_some();
        match &first.kind {
            OperandKind::Field(names) if has_arguments => {
                let name = names.last().cloned().unwrap_or_default();
                Err((first.at, Kind::FieldWithArguments(name)))
            }
            OperandKind::Nil => Err((first.at, Kind::Nil)),
            _ if has_arguments => {
                let at = arguments.first().map_or(first.at, |argument| argument.at);
                let value = self.operand(first, dot)?;
                Err((at, Kind::NotFunction(value.to_text())))
            }
            _ => self.operand(first, dot),
        }
    }

    fn function(
        &mut self,
        function: &'static Function,
        at: usize,
        arguments: &'r [Operand],
        dot: &Value,
        fed: Option<Value>,
    ) -> Result<Value, Failed> {
        let count = arguments.len() + usize::from(fed.is_some());
        function.check_count(count).map_err(|kind| (at, kind))?;
        if let Some(stops) = functions::short_circuit(function) {
            // The arguments are evaluated one by one, up to the one that decides.
            let mut value = Value::Nil;
            for argument in arguments {
                value = self.operand(argument, dot)?;
                if value.is_true() == stops {
                    return Ok(value);
                }
            }
            return Ok(fed.unwrap_or(value));
        }
        let mut values = Vec::with_capacity(count);
        for argument in arguments {
            values.push(self.operand(argument, dot)?);
        }
        values.extend(fed);
        let values = function.check_types(values).map_err(|kind| (at, kind))?;
        let result = (function.call)(&values, self.fields);
        let value = result.map_err(|error| (at, Kind::Call { name: function.name, error }))?;
        if let Value::Text(text) = &value
            && text.len() > OUTPUT_BYTES_MAX
        {
            return Err((at, Kind::Output(OUTPUT_BYTES_MAX)));
        }
        Ok(value)
    }

    fn operand(&mut self, operand: &'r Operand, dot: &Value) -> Result<Value, Failed> {
        let at = operand.at;
        match &operand.kind {
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Nil => Ok(Value::Nil),
            OperandKind::Bool(value) => Ok(Value::Bool(*value)),
            OperandKind::Int(value) => Ok(Value::Int(*value)),
            OperandKind::Float(value) => Ok(Value::Float(*value)),
            OperandKind::String(text) => Ok(Value::Text(text.clone())),
            OperandKind::Function(function) => self.function(function, at, &[], dot, None),
            OperandKind::Field(names) => self.chain(dot.clone(), names, at),
            OperandKind::Variable(name, names) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                let value = known.map_or(Value::Nil, |(_, value)| value.clone());
                self.chain(value, names, at)
            }
            OperandKind::Pipe(pipe, names) => {
                let value = self.commands(&pipe.commands, dot)?;
                self.chain(value, names, at)
            }
        }
    }

    /// Follows fields into a value.
    fn chain(&self, value: Value, names: &[String], at: usize) -> Result<Value, Failed> {
        let mut value = value;
        for name in names {
            value = match value {
                Value::Labels => Value::from(self.fields.get(name)),
                Value::Map(mut values) => values.remove(name).unwrap_or(Value::Nil),
                Value::Nil => return Err((at, Kind::NilData(name.clone()))),
                other => {
                    let kind = other.kind();
                    return Err((at, Kind::NoField { field: name.clone(), kind }));
                }
            };
        }
        Ok(value)
    }
}
