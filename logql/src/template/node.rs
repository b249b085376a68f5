//! The syntax tree of a template.

use super::functions::Function;

/// Nodes in order.
pub(super) type List = Vec<Node>;

#[derive(Clone, Debug)]
pub(super) enum Node {
    Text(String),
    /// `{{ pipe }}`: prints its value, unless it declares.
    Action(Pipe),
    If {
        pipe: Pipe,
        then: List,
        or: List,
    },
    With {
        pipe: Pipe,
        then: List,
        or: List,
    },
    Range {
        pipe: Pipe,
        body: List,
        or: List,
    },
    /// `{{template "name" pipe}}`.
    Call {
        name: String,
        pipe: Option<Pipe>,
        at: usize,
    },
    Break,
    Continue,
}

/// Commands, each fed with the value of the one before.
#[derive(Clone, Debug)]
pub(super) struct Pipe {
    /// Variables that take the value, and whether they are new.
    pub(super) variables: Vec<String>,
    pub(super) declares: bool,
    pub(super) commands: Vec<Command>,
}

/// An operand, or a function and its arguments.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) operands: Vec<Operand>,
}

#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) kind: OperandKind,
    /// Offset in the template.
    pub(super) at: usize,
}

#[derive(Clone, Debug)]
pub(super) enum OperandKind {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(String),
    Function(&'static Function),
    /// `.a.b`.
    Field(Vec<String>),
    /// `$x.a.b`.
    Variable(String, Vec<String>),
    /// `(pipe).a.b`.
    Pipe(Box<Pipe>, Vec<String>),
}

/// Calls `each` with the first name of every field, whatever the dot is there.
pub(super) fn for_each_field<'n>(list: &'n List, each: &mut dyn FnMut(&'n str)) {
    for node in list {
        match node {
            Node::Text(_) | Node::Break | Node::Continue => {}
            Node::Action(pipe) => fields_of_pipe(pipe, each),
            Node::If { pipe, then, or } | Node::With { pipe, then, or } => {
                fields_of_pipe(pipe, each);
                for_each_field(then, each);
                for_each_field(or, each);
            }
            Node::Range { pipe, body, or } => {
                fields_of_pipe(pipe, each);
                for_each_field(body, each);
                for_each_field(or, each);
            }
            Node::Call { pipe, .. } => {
                if let Some(pipe) = pipe {
                    fields_of_pipe(pipe, each);
                }
            }
        }
    }
}

fn fields_of_pipe<'n>(pipe: &'n Pipe, each: &mut dyn FnMut(&'n str)) {
    for operand in pipe.commands.iter().flat_map(|command| &command.operands) {
        match &operand.kind {
            OperandKind::Field(names) => {
                if let Some(name) = names.first() {
                    each(name);
                }
            }
            // `$.name` is a label too, wherever the dot stands.
            OperandKind::Variable(name, names) if name == "$" => {
                if let Some(name) = names.first() {
                    each(name);
                }
            }
            OperandKind::Pipe(pipe, _) => fields_of_pipe(pipe, each),
            _ => {}
        }
    }
}

/// Whether any function satisfies `test`.
pub(super) fn any_function(list: &List, test: &dyn Fn(&Function) -> bool) -> bool {
    let in_pipe = |pipe: &Pipe| pipe_calls(pipe, test);
    list.iter().any(|node| match node {
        Node::Text(_) | Node::Break | Node::Continue => false,
        Node::Action(pipe) => in_pipe(pipe),
        Node::If { pipe, then, or }
        | Node::With { pipe, then, or }
        | Node::Range { pipe, body: then, or } => {
            in_pipe(pipe) || any_function(then, test) || any_function(or, test)
        }
        Node::Call { pipe, .. } => pipe.as_ref().is_some_and(in_pipe),
    })
}

fn pipe_calls(pipe: &Pipe, test: &dyn Fn(&Function) -> bool) -> bool {
    pipe.commands.iter().flat_map(|command| &command.operands).any(|operand| match &operand.kind {
        OperandKind::Function(function) => test(function),
        OperandKind::Pipe(pipe, _) => pipe_calls(pipe, test),
        _ => false,
    })
}
