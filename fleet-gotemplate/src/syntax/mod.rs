//! From a template's text to its tree.

mod ast;
mod lex;
mod literal;
mod number;
mod parse;
mod print;

pub(crate) use self::ast::{
    Command, Definition, Expr, ExprKind, Node, Pipe, RangeNode, TemplateCall, Text, Tree, calls,
};
pub(crate) use self::number::{Number, parse_float, parse_int};
pub(crate) use self::parse::parse;
