//! Trees printed as Go prints them in its errors.

use std::fmt::{self, Display};

use super::ast::{Command, Expr, ExprKind, Pipe, TemplateCall};
use crate::text::quote::quoted;

impl Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, variable) in self.variables.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(variable)?;
        }
        if !self.variables.is_empty() {
            f.write_str(if self.assign { " = " } else { " := " })?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            command.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, arg) in self.args.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            parenthesised(arg, f)?;
        }
        Ok(())
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Bool(value) => write!(f, "{value}"),
            ExprKind::Dot => f.write_str("."),
            ExprKind::Nil => f.write_str("nil"),
            ExprKind::Number(number) => f.write_str(&number.text),
            ExprKind::Text(text) => f.write_str(&text.quoted),
            ExprKind::Field(names) => fields(names, f),
            ExprKind::Variable(names) => f.write_str(&names.join(".")),
            ExprKind::Function(function) => f.write_str(function.name),
            ExprKind::Pipe(pipe) => pipe.fmt(f),
            ExprKind::Chain(inner, names) => {
                parenthesised(inner, f)?;
                fields(names, f)
            }
        }
    }
}

impl Display for TemplateCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {}", quoted(&self.name))?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}

fn parenthesised(expr: &Expr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &expr.kind {
        ExprKind::Pipe(pipe) => write!(f, "({pipe})"),
        _ => expr.fmt(f),
    }
}

fn fields(names: &[Box<str>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for name in names {
        write!(f, ".{name}")?;
    }
    Ok(())
}
