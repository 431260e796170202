//! The tree of a template: what is needed to execute it, and to print the part that failed.

use std::collections::BTreeMap;

use super::number::Number;
use crate::functions::Function;

/// A whole text: its own actions and the templates that it defines.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) definitions: BTreeMap<Box<str>, Definition>,
}

/// One template: the text itself or a `define`.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: Box<str>,
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug)]
pub(crate) enum Node {
    Text(Box<str>),
    Action(Pipe),
    /// The conditions in the order of their `else`s, and what is done when none holds.
    If(Vec<(Pipe, Vec<Node>)>, Vec<Node>),
    With(Vec<(Pipe, Vec<Node>)>, Vec<Node>),
    Range(Box<RangeNode>),
    Template(Box<TemplateCall>),
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct RangeNode {
    pub(crate) pipe: Pipe,
    pub(crate) body: Vec<Node>,
    pub(crate) otherwise: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct TemplateCall {
    pub(crate) pos: u32,
    pub(crate) name: Box<str>,
    pub(crate) pipe: Option<Pipe>,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) pos: u32,
    pub(crate) assign: bool,
    pub(crate) variables: Vec<Box<str>>,
    pub(crate) commands: Vec<Command>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) pos: u32,
    pub(crate) args: Vec<Expr>,
}

#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) pos: u32,
    pub(crate) kind: ExprKind,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    Bool(bool),
    Dot,
    Nil,
    Number(Box<Number>),
    /// The literal as written, and what it says.
    Text(Box<Text>),
    Field(Vec<Box<str>>),
    /// A variable, with its dollar sign, and the fields behind it.
    Variable(Vec<Box<str>>),
    Function(&'static Function),
    Pipe(Box<Pipe>),
    Chain(Box<Expr>, Vec<Box<str>>),
}

#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) quoted: Box<str>,
    /// Bytes that are not UTF-8 can be written with escapes only.
    pub(crate) value: Result<Box<str>, Box<[u8]>>,
}

/// Whether any action calls a function of which this holds.
pub(crate) fn calls(tree: &Tree, holds: fn(&Function) -> bool) -> bool {
    tree.definitions
        .values()
        .any(|definition| in_nodes(&definition.nodes, holds))
}

fn in_nodes(nodes: &[Node], holds: fn(&Function) -> bool) -> bool {
    nodes.iter().any(|node| match node {
        Node::Text(_) | Node::Break | Node::Continue => false,
        Node::Action(pipe) => in_pipe(pipe, holds),
        Node::If(branches, otherwise) | Node::With(branches, otherwise) => {
            branches
                .iter()
                .any(|(pipe, body)| in_pipe(pipe, holds) || in_nodes(body, holds))
                || in_nodes(otherwise, holds)
        }
        Node::Range(range) => {
            in_pipe(&range.pipe, holds) || in_nodes(&range.body, holds) || in_nodes(&range.otherwise, holds)
        }
        Node::Template(call) => call.pipe.as_ref().is_some_and(|pipe| in_pipe(pipe, holds)),
    })
}

fn in_pipe(pipe: &Pipe, holds: fn(&Function) -> bool) -> bool {
    pipe.commands
        .iter()
        .flat_map(|command| &command.args)
        .any(|arg| in_expr(arg, holds))
}

fn in_expr(expr: &Expr, holds: fn(&Function) -> bool) -> bool {
    match &expr.kind {
        ExprKind::Function(function) => holds(function),
        ExprKind::Pipe(pipe) => in_pipe(pipe, holds),
        ExprKind::Chain(inner, _) => in_expr(inner, holds),
        _ => false,
    }
}
