//! Tokens → syntax tree, as Go's `text/template/parse`.

use super::error::TemplateErrorKind as Kind;
use super::functions;
use super::lexer::{Token, TokenKind, Wrong, tokenize};
use super::node::{Command, List, Node, Operand, OperandKind, Pipe};
use std::collections::BTreeMap;
use telemetry_core::syntax::number::{parse_float, parse_integer};

/// How deep blocks and parentheses may nest.
const DEPTH_MAX: usize = 50;

/// Bytes a template may have.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// A template and those it defines.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub(super) root: List,
    pub(super) defined: BTreeMap<String, List>,
}

pub(super) fn parse(text: &str) -> Result<Parsed, Wrong> {
    if text.len() > TEXT_BYTES_MAX {
        return Err((0, Kind::TooComplex));
    }
    let tokens = tokenize(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        variables: vec!["$".into()],
        defined: BTreeMap::new(),
        ranges: 0,
        depth: 0,
        text_bytes: text.len(),
    };
    let (root, end) = parser.list(true)?;
    match end {
        End::Text => Ok(Parsed { root, defined: parser.defined }),
        End::Else | End::Over => {
            let found = if end == End::Else { "{{else}}" } else { "{{end}}" };
            Err((parser.offset(), Kind::Unexpected { found: found.into(), context: "input" }))
        }
    }
}

/// What ended a list.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Text,
    Over,
    Else,
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    variables: Vec<String>,
    defined: BTreeMap<String, List>,
    ranges: usize,
    depth: usize,
    text_bytes: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    /// The next token that is no space.
    fn peek_word(&mut self) -> Option<&'t TokenKind> {
        while self.peek() == Some(&TokenKind::Space) {
            self.at += 1;
        }
        self.peek()
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text_bytes, |token| token.at)
    }

    fn unexpected<T>(&self, context: &'static str) -> Result<T, Wrong> {
        let found = match self.peek() {
            None => return Err((self.offset(), Kind::UnexpectedEnd)),
            Some(kind) => describe(kind),
        };
        Err((self.offset(), Kind::Unexpected { found: found.into(), context }))
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Wrong>) -> Result<T, Wrong> {
        if self.depth >= DEPTH_MAX {
            return Err((self.offset(), Kind::TooComplex));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Nodes up to the end of the text, `{{end}}` or `{{else`. Behind `{{else` the action is left
    /// open, as `if` or `with` may follow.
    fn list(&mut self, outermost: bool) -> Result<(List, End), Wrong> {
        let mut nodes = Vec::new();
        loop {
            match self.peek() {
                None if outermost => return Ok((nodes, End::Text)),
                None => return Err((self.text_bytes, Kind::UnexpectedEnd)),
                Some(TokenKind::Text(text)) => {
                    nodes.push(Node::Text(text.clone()));
                    self.at += 1;
                }
                Some(TokenKind::Open) => {
                    self.at += 1;
                    match self.action()? {
                        Step::Node(node) => nodes.push(node),
                        Step::Nothing => {}
                        Step::End(end) => return Ok((nodes, end)),
                    }
                }
                Some(_) => return self.unexpected("input"),
            }
        }
    }

    /// What stands behind `{{`.
    fn action(&mut self) -> Result<Step, Wrong> {
        let at = self.offset();
        let word = match self.peek_word() {
            Some(TokenKind::Word(word)) => word.as_str(),
            _ => "",
        };
        let known = matches!(
            word,
            "if" | "with"
                | "range"
                | "end"
                | "else"
                | "template"
                | "define"
                | "block"
                | "break"
                | "continue"
        );
        if !known {
            let pipe = self.pipe("command", &TokenKind::Close)?;
            return Ok(Step::Node(Node::Action(pipe)));
        }
        self.at += 1;
        match word {
            "if" | "with" | "range" => self.deeper(|parser| parser.control(word)),
            "end" => {
                self.close("end")?;
                Ok(Step::End(End::Over))
            }
            "else" => Ok(Step::End(End::Else)),
            "template" => self.call(at),
            "define" => self.deeper(Self::define),
            "block" => self.deeper(|parser| parser.block(at)),
            "break" | "continue" => {
                self.close("input")?;
                let is_break = word == "break";
                if self.ranges == 0 {
                    let word = if is_break { "break" } else { "continue" };
                    return Err((at, Kind::OutsideRange(word)));
                }
                Ok(Step::Node(if is_break { Node::Break } else { Node::Continue }))
            }
            _ => self.unexpected("input"),
        }
    }

    fn close(&mut self, context: &'static str) -> Result<(), Wrong> {
        match self.peek_word() {
            Some(TokenKind::Close) => {
                self.at += 1;
                Ok(())
            }
            _ => self.unexpected(context),
        }
    }

    /// `if`, `with` and `range`, up to their `end`.
    fn control(&mut self, word: &str) -> Result<Step, Wrong> {
        let scope = self.variables.len();
        let context = match word {
            "if" => "if",
            "with" => "with",
            _ => "range",
        };
        let pipe = self.pipe(context, &TokenKind::Close)?;
        if word == "range" {
            self.ranges += 1;
        }
        let (then, end) = self.list(false)?;
        if word == "range" {
            self.ranges -= 1;
        }
        let or = if end == End::Else { self.otherwise(word)? } else { Vec::new() };
        self.variables.truncate(scope);
        Ok(Step::Node(match word {
            "if" => Node::If { pipe, then, or },
            "with" => Node::With { pipe, then, or },
            _ => Node::Range { pipe, body: then, or },
        }))
    }

    /// What stands behind `{{else`: `}}` and a list, or another `if` or `with`, which the same
    /// `end` closes.
    fn otherwise(&mut self, word: &str) -> Result<List, Wrong> {
        if let Some(TokenKind::Word(next)) = self.peek_word()
            && next == word
            && word != "range"
        {
            self.at += 1;
            return match self.deeper(|parser| parser.control(word))? {
                Step::Node(node) => Ok(vec![node]),
                _ => Ok(Vec::new()),
            };
        }
        self.close("else")?;
        match self.list(false)? {
            (list, End::Over) => Ok(list),
            _ => {
                Err((self.offset(), Kind::Unexpected { found: "{{else}}".into(), context: "else" }))
            }
        }
    }

    fn name(&mut self, context: &'static str) -> Result<String, Wrong> {
        match self.peek_word() {
            Some(TokenKind::String(name)) => {
                self.at += 1;
                Ok(name.clone())
            }
            _ => self.unexpected(context),
        }
    }

    fn call(&mut self, at: usize) -> Result<Step, Wrong> {
        let name = self.name("template clause")?;
        let pipe = match self.peek_word() {
            Some(TokenKind::Close) => {
                self.at += 1;
                None
            }
            _ => Some(self.pipe("template clause", &TokenKind::Close)?),
        };
        Ok(Step::Node(Node::Call { name, pipe, at }))
    }

    fn define(&mut self) -> Result<Step, Wrong> {
        let name = self.name("define clause")?;
        self.close("define clause")?;
        self.body(name)?;
        Ok(Step::Nothing)
    }

    /// A template that is called where it is defined.
    fn block(&mut self, at: usize) -> Result<Step, Wrong> {
        let name = self.name("block clause")?;
        let pipe = self.pipe("block clause", &TokenKind::Close)?;
        self.body(name.clone())?;
        Ok(Step::Node(Node::Call { name, pipe: Some(pipe), at }))
    }

    /// The body of a definition; it sees no variables but its own.
    fn body(&mut self, name: String) -> Result<(), Wrong> {
        let outer = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (list, end) = self.list(false)?;
        if end != End::Over {
            let found = "{{else}}".into();
            return Err((self.offset(), Kind::Unexpected { found, context: "define clause" }));
        }
        self.variables = outer;
        self.ranges = ranges;
        self.defined.insert(name, list);
        Ok(())
    }

    /// A pipeline up to and with `end`.
    fn pipe(&mut self, context: &'static str, end: &TokenKind) -> Result<Pipe, Wrong> {
        let start = self.offset();
        let (variables, declares) = self.declarations(context)?;
        let mut commands: Vec<Command> = Vec::new();
        loop {
            match self.peek_word() {
                Some(kind) if kind == end => {
                    self.at += 1;
                    break;
                }
                Some(_) => {
                    let command_at = self.offset();
                    let command = self.command(context)?;
                    let feeds = command.operands.first().is_some_and(can_be_fed);
                    if !commands.is_empty() && !feeds {
                        return Err((command_at, Kind::NotExecutable(commands.len() + 1)));
                    }
                    commands.push(command);
                }
                None => return Err((self.text_bytes, Kind::UnexpectedEnd)),
            }
        }
        if commands.is_empty() {
            return Err((start, Kind::MissingValue(context)));
        }
        if declares {
            self.variables.extend(variables.iter().cloned());
        }
        Ok(Pipe { variables, declares, commands })
    }

    /// `$x :=`, `$x =` or, for `range`, `$i, $x :=`.
    fn declarations(&mut self, context: &'static str) -> Result<(Vec<String>, bool), Wrong> {
        let start = self.at;
        let mut names = Vec::new();
        while let Some(TokenKind::Variable(name)) = self.peek_word() {
            names.push(name.clone());
            self.at += 1;
            match self.peek_word() {
                Some(TokenKind::Comma) if context == "range" && names.len() == 1 => self.at += 1,
                Some(TokenKind::Declare) => {
                    self.at += 1;
                    return Ok((names, true));
                }
                Some(TokenKind::Assign) => {
                    self.at += 1;
                    for name in &names {
                        if !self.variables.contains(name) {
                            let name = name.as_str().into();
                            return Err((self.offset(), Kind::UnknownVariable(name)));
                        }
                    }
                    return Ok((names, false));
                }
                _ => break,
            }
        }
        // It was an operand.
        self.at = start;
        Ok((Vec::new(), false))
    }

    /// Operands up to a pipe, or to what ends the pipeline.
    fn command(&mut self, context: &'static str) -> Result<Command, Wrong> {
        let mut operands = Vec::new();
        loop {
            match self.peek_word() {
                Some(TokenKind::Pipe) if !operands.is_empty() => {
                    self.at += 1;
                    if matches!(self.peek_word(), Some(TokenKind::Close | TokenKind::CloseParen)) {
                        return Err((self.offset(), Kind::MissingValue(context)));
                    }
                    return Ok(Command { operands });
                }
                Some(TokenKind::Close | TokenKind::CloseParen) if !operands.is_empty() => {
                    return Ok(Command { operands });
                }
                Some(_) => operands.push(self.operand(context)?),
                None => return Err((self.text_bytes, Kind::UnexpectedEnd)),
            }
        }
    }

    fn operand(&mut self, context: &'static str) -> Result<Operand, Wrong> {
        let at = self.offset();
        let Some(kind) = self.peek() else { return self.unexpected(context) };
        self.at += 1;
        let kind = match kind {
            TokenKind::Dot => OperandKind::Dot,
            TokenKind::Word(word) => match word.as_str() {
                "nil" => OperandKind::Nil,
                "true" => OperandKind::Bool(true),
                "false" => OperandKind::Bool(false),
                word => match functions::find(word) {
                    Some(function) => OperandKind::Function(function),
                    None => return Err((at, Kind::UnknownFunction(word.into()))),
                },
            },
            TokenKind::String(text) => OperandKind::String(text.clone()),
            TokenKind::Char(c) => OperandKind::Int(i64::from(u32::from(*c))),
            TokenKind::Number(text) => match (parse_integer(text), parse_float(text)) {
                (Some(value), _) => OperandKind::Int(value),
                (None, Ok(value)) => OperandKind::Float(value),
                (None, Err(_)) => return Err((at, Kind::Number(text.as_str().into()))),
            },
            TokenKind::Field(name) => {
                let mut names = vec![name.clone()];
                names.extend(self.chain());
                OperandKind::Field(names)
            }
            TokenKind::Variable(name) => {
                if !self.variables.contains(name) {
                    return Err((at, Kind::UnknownVariable(name.as_str().into())));
                }
                OperandKind::Variable(name.clone(), self.chain())
            }
            TokenKind::OpenParen => {
                let pipe = self.deeper(|parser| {
                    parser.pipe("parenthesized pipeline", &TokenKind::CloseParen)
                })?;
                OperandKind::Pipe(Box::new(pipe), self.chain())
            }
            _ => {
                self.at -= 1;
                return self.unexpected(context);
            }
        };
        Ok(Operand { kind, at })
    }

    /// Fields right behind an operand.
    fn chain(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(TokenKind::Field(name)) = self.peek() {
            names.push(name.clone());
            self.at += 1;
        }
        names
    }
}

/// What an action was.
enum Step {
    Node(Node),
    Nothing,
    End(End),
}

/// Whether a value can be piped into a command that begins so; the rest is known when it runs.
fn can_be_fed(operand: &Operand) -> bool {
    !matches!(
        operand.kind,
        OperandKind::Dot
            | OperandKind::Nil
            | OperandKind::Bool(_)
            | OperandKind::Int(_)
            | OperandKind::Float(_)
            | OperandKind::String(_)
    )
}

fn describe(kind: &TokenKind) -> String {
    match kind {
        TokenKind::Text(_) => "text".into(),
        TokenKind::Open => "{{".into(),
        TokenKind::Close => "}}".into(),
        TokenKind::Word(word) => format!("<{word}>"),
        TokenKind::Field(name) => format!("<.{name}>"),
        TokenKind::Variable(name) => format!("{name:?}"),
        TokenKind::Dot => "<.>".into(),
        TokenKind::String(text) => format!("{text:?}"),
        TokenKind::Number(text) => format!("{text:?}"),
        TokenKind::Char(c) => format!("{c:?}"),
        TokenKind::Pipe => "|".into(),
        TokenKind::Declare => "\":=\"".into(),
        TokenKind::Assign => "\"=\"".into(),
        TokenKind::Comma => "\",\"".into(),
        TokenKind::OpenParen => "\"(\"".into(),
        TokenKind::CloseParen => "\")\"".into(),
        TokenKind::Space => "space".into(),
    }
}
