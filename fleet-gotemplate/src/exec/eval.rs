//! Expressions: pipelines, commands, fields, variables and calls of functions.
#![allow(clippy::unnecessary_box_returns)] // an error is large and rare

use super::cx::Fault;
use super::val::{Map, Slot, Str, Val, zero};
use super::walk::{At, Exec, Result};
use crate::error::ExecErrorKind;
use crate::functions::{self, Function, Special, Ty};
use crate::options::MissingKey;
use crate::syntax::{Command, Expr, ExprKind, Number, Pipe, Text};
use crate::text::quote::quoted;
use crate::value::Elem;

impl<'a> Exec<'a, '_, '_> {
    pub(super) fn pipe(&mut self, dot: &Slot<'a>, pipe: &'a Pipe) -> Result<Slot<'a>> {
        self.at = At::Pipe(pipe);
        let mut value = None;
        for command in &pipe.commands {
            let mut result = self.command(dot, command, value)?;
            // What stands in an interface is taken out of it.
            result.boxed = false;
            value = Some(result);
        }
        let value = value.unwrap_or(Slot::NONE);
        for variable in &pipe.variables {
            if pipe.assign {
                self.assign(variable, value.clone())?;
            } else {
                self.variables.push((variable, value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Slot<'a>, command: &'a Command, last: Option<Slot<'a>>) -> Result<Slot<'a>> {
        self.step()?;
        let Some(first) = command.args.first() else {
            return Ok(Slot::NONE);
        };
        let args = command.args.as_slice();
        match &first.kind {
            ExprKind::Field(names) => {
                self.at = At::Expr(first);
                self.fields(dot, dot.clone(), names, args, last)
            }
            ExprKind::Chain(inner, names) => self.chain(dot, first, inner, names, args, last),
            ExprKind::Function(function) => {
                self.at = At::Expr(first);
                self.call(dot, function, At::Command(command), function.name, args, last)
            }
            ExprKind::Pipe(pipe) => {
                self.not_a_function(args, last.as_ref())?;
                self.pipe(dot, pipe)
            }
            ExprKind::Variable(names) => self.variable(dot, first, names, args, last),
            ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::Text(_) => {
                self.at = At::Expr(first);
                self.not_a_function(args, last.as_ref())?;
                match &first.kind {
                    ExprKind::Dot => Ok(dot.clone()),
                    ExprKind::Bool(value) => Ok(Val::Bool(*value).into()),
                    ExprKind::Number(number) => self.constant(first, number),
                    ExprKind::Text(text) => Ok(literal(text).into()),
                    _ => Err(self.error("nil is not a command".to_owned())),
                }
            }
        }
    }

    fn not_a_function(&self, args: &'a [Expr], last: Option<&Slot<'a>>) -> Result<()> {
        match args.first() {
            Some(first) if args.len() > 1 || last.is_some() => {
                Err(self.error(format!("can't give argument to non-function {first}")))
            }
            _ => Ok(()),
        }
    }

    /// A number where nothing says which type it should be.
    fn constant(&mut self, expr: &'a Expr, number: &Number) -> Result<Slot<'a>> {
        self.at = At::Expr(expr);
        let val = if let Some((real, imaginary)) = number.complex {
            Val::Complex(real, imaginary)
        } else if let (true, Some(float)) = (number.looks_like_a_float(), number.float) {
            Val::Float(float)
        } else if let Some(int) = number.int {
            Val::Int(int)
        } else if number.uint.is_some() {
            return Err(self.error(format!("{} overflows int", number.text)));
        } else {
            return Ok(Slot::NONE);
        };
        Ok(val.into())
    }

    fn chain(
        &mut self,
        dot: &Slot<'a>,
        expr: &'a Expr,
        inner: &'a Expr,
        names: &'a [Box<str>],
        args: &'a [Expr],
        last: Option<Slot<'a>>,
    ) -> Result<Slot<'a>> {
        self.at = At::Expr(expr);
        let receiver = match &inner.kind {
            ExprKind::Pipe(pipe) => {
                self.at = At::Expr(inner);
                self.pipe(dot, pipe)?
            }
            ExprKind::Function(function) => {
                self.at = At::Expr(inner);
                self.call(dot, function, At::Expr(inner), function.name, &[], None)?
            }
            _ => return Err(self.error(format!("indirection through explicit nil in {expr}"))),
        };
        self.fields(dot, receiver, names, args, last)
    }

    fn variable(
        &mut self,
        dot: &Slot<'a>,
        expr: &'a Expr,
        names: &'a [Box<str>],
        args: &'a [Expr],
        last: Option<Slot<'a>>,
    ) -> Result<Slot<'a>> {
        self.at = At::Expr(expr);
        let Some((name, fields)) = names.split_first() else {
            return Ok(Slot::NONE);
        };
        let found = self.variables[self.base..]
            .iter()
            .rev()
            .find(|(variable, _)| **variable == **name);
        let Some((_, value)) = found else {
            return Err(self.error(format!("undefined variable: {name}")));
        };
        let value = value.clone();
        if fields.is_empty() {
            self.not_a_function(args, last.as_ref())?;
            return Ok(value);
        }
        self.fields(dot, value, fields, args, last)
    }

    /// `.a.b.c` from a receiver, the last of which may take arguments.
    fn fields(
        &mut self,
        dot: &Slot<'a>,
        mut receiver: Slot<'a>,
        names: &'a [Box<str>],
        args: &'a [Expr],
        last: Option<Slot<'a>>,
    ) -> Result<Slot<'a>> {
        let Some((final_name, names)) = names.split_last() else {
            return Ok(receiver);
        };
        for name in names {
            receiver = self.field(dot, receiver, name, &[], None)?;
        }
        self.field(dot, receiver, final_name, args, last)
    }

    #[allow(clippy::needless_pass_by_value)] // moved in by all callers
    fn field(
        &mut self,
        dot: &Slot<'a>,
        receiver: Slot<'a>,
        name: &'a str,
        args: &'a [Expr],
        last: Option<Slot<'a>>,
    ) -> Result<Slot<'a>> {
        if receiver.is_none() {
            if self.missing_key == MissingKey::Error {
                let message = format!("nil data; no entry for key {}", quoted(name));
                return Err(self.located(message, ExecErrorKind::MissingKey));
            }
            return Ok(Slot::NONE);
        }
        match &receiver.val {
            Val::Nil => Err(self.error(format!("nil pointer evaluating interface {{}}.{name}"))),
            Val::Map(map) => {
                if args.len() > 1 || last.is_some() {
                    return Err(self.error(format!("{name} is not a method but has arguments")));
                }
                match map.get(name) {
                    Some(val) => Ok(Slot {
                        val,
                        boxed: map.elem() == Elem::Any,
                    }),
                    None => match self.missing_key {
                        MissingKey::Invalid => Ok(Slot::NONE),
                        MissingKey::Zero => Ok(zero(map.elem())),
                        MissingKey::Error => {
                            let message = format!("map has no entry for key {}", quoted(name));
                            Err(self.located(message, ExecErrorKind::MissingKey))
                        }
                    },
                }
            }
            val => {
                if let Some(method) = functions::method(val, name) {
                    return self.call_method(dot, method, name, val, args, last);
                }
                if matches!(val, Val::Time(_)) && matches!(name, "wall" | "ext" | "loc") {
                    let kind = receiver.static_type();
                    return Err(self.error(format!("{name} is an unexported field of struct type {kind}")));
                }
                let kind = receiver.static_type();
                Err(self.error(format!("can't evaluate field {name} in type {kind}")))
            }
        }
    }

    /// A method is a function whose first argument is its receiver.
    fn call_method(
        &mut self,
        dot: &Slot<'a>,
        method: &'static Function,
        name: &'a str,
        receiver: &Val<'a>,
        args: &'a [Expr],
        last: Option<Slot<'a>>,
    ) -> Result<Slot<'a>> {
        let at = self.at;
        let mut values: Vec<Slot<'a>> = vec![receiver.clone().into()];
        self.arguments(dot, method, name, args, last, &mut values)?;
        self.invoke(method, name, at, &values)
    }

    fn call(
        &mut self,
        dot: &Slot<'a>,
        function: &'static Function,
        blame: At<'a>,
        name: &'a str,
        args: &'a [Expr],
        last: Option<Slot<'a>>,
    ) -> Result<Slot<'a>> {
        match function.special {
            Special::And | Special::Or => {
                self.check_count(function, name, args, last.is_some(), 0)?;
                return self.short_circuit(dot, function.special == Special::Or, args, last);
            }
            Special::Call => {
                let mut values = Vec::new();
                let callee = match args.get(1) {
                    Some(arg) => arg.to_string(),
                    None => last
                        .as_ref()
                        .map_or_else(String::new, |last| functions::reflect_string(&last.val)),
                };
                self.arguments(dot, function, name, args, last, &mut values)?;
                self.at = blame;
                let message = match values.first().map(|slot| &slot.val) {
                    None | Some(Val::Nil) => "call of nil".to_owned(),
                    // Neither data nor functions hand out functions.
                    Some(val) => format!("non-function {callee} of type {}", val.type_name()),
                };
                return Err(self.error(format!("error calling call: {message}")));
            }
            Special::None => {}
        }
        let mut values = Vec::with_capacity(args.len());
        self.arguments(dot, function, name, args, last, &mut values)?;
        self.invoke(function, name, blame, &values)
    }

    fn invoke(
        &mut self,
        function: &'static Function,
        name: &str,
        blame: At<'a>,
        values: &[Slot<'a>],
    ) -> Result<Slot<'a>> {
        match (function.call)(self.cx, values) {
            Ok(val) => Ok(val.into()),
            Err(fault) => {
                self.at = blame;
                Err(match fault {
                    Fault::Message(message) => self.error(format!("error calling {name}: {message}")),
                    Fault::Fail(message) => {
                        self.located(format!("error calling {name}: {message}"), ExecErrorKind::Fail)
                    }
                    Fault::Refused(message) => {
                        self.located(format!("error calling {name}: {message}"), ExecErrorKind::Refused)
                    }
                    limit @ Fault::Limit(_) => self.fault(limit),
                })
            }
        }
    }

    /// `and` and `or` evaluate no more arguments than they must.
    fn short_circuit(
        &mut self,
        dot: &Slot<'a>,
        or: bool,
        args: &'a [Expr],
        last: Option<Slot<'a>>,
    ) -> Result<Slot<'a>> {
        let mut value = Slot::NONE;
        for arg in args.get(1..).unwrap_or_default() {
            value = self.argument(dot, Ty::Value, arg)?;
            if value.truth() == or {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn check_count(
        &self,
        function: &Function,
        name: &str,
        args: &[Expr],
        has_last: bool,
        receivers: usize,
    ) -> Result<()> {
        let given = args.len().saturating_sub(1);
        let count = given + usize::from(has_last);
        let fixed = function.params.len() - receivers;
        if function.rest.is_some() {
            if count < fixed {
                return Err(self.error(format!(
                    "wrong number of args for {name}: want at least {fixed} got {given}"
                )));
            }
        } else if count != fixed {
            return Err(self.error(format!(
                "wrong number of args for {name}: want {fixed} got {count}"
            )));
        }
        Ok(())
    }

    /// Evaluates arguments and the value that is piped in, each for the type that the function wants there. What is in `values`
    /// already is the receiver.
    fn arguments(
        &mut self,
        dot: &Slot<'a>,
        function: &'static Function,
        name: &str,
        args: &'a [Expr],
        last: Option<Slot<'a>>,
        values: &mut Vec<Slot<'a>>,
    ) -> Result<()> {
        self.check_count(function, name, args, last.is_some(), values.len())?;
        for arg in args.get(1..).unwrap_or_default() {
            let value = self.argument(dot, function.param(values.len()), arg)?;
            values.push(value);
        }
        if let Some(last) = last {
            let value = self.validate(last, function.param(values.len()))?;
            values.push(value);
        }
        Ok(())
    }

    fn argument(&mut self, dot: &Slot<'a>, ty: Ty, arg: &'a Expr) -> Result<Slot<'a>> {
        self.at = At::Expr(arg);
        match &arg.kind {
            ExprKind::Dot => self.validate(dot.clone(), ty),
            ExprKind::Nil => match ty {
                Ty::Any | Ty::Value => Ok(Slot::boxed(Val::Nil)),
                Ty::Map => Ok(Val::Map(Map::Nil(Elem::Any)).into()),
                _ => Err(self.error(format!("cannot assign nil to {}", ty.name()))),
            },
            ExprKind::Field(names) => {
                let value = self.fields(dot, dot.clone(), names, &[], None)?;
                self.validate(value, ty)
            }
            ExprKind::Variable(names) => {
                let value = self.variable(dot, arg, names, &[], None)?;
                self.validate(value, ty)
            }
            ExprKind::Pipe(pipe) => {
                let value = self.pipe(dot, pipe)?;
                self.validate(value, ty)
            }
            ExprKind::Function(function) => {
                let value = self.call(dot, function, At::Expr(arg), function.name, &[], None)?;
                self.validate(value, ty)
            }
            ExprKind::Chain(inner, names) => {
                let value = self.chain(dot, arg, inner, names, &[], None)?;
                self.validate(value, ty)
            }
            ExprKind::Bool(value) => match ty {
                Ty::Any | Ty::Value | Ty::Bool => Ok(Val::Bool(*value).into()),
                _ => Err(self.wrong_literal(ty, arg)),
            },
            ExprKind::Text(text) => match ty {
                Ty::Any | Ty::Value | Ty::Str => Ok(literal(text).into()),
                _ => Err(self.wrong_literal(ty, arg)),
            },
            ExprKind::Number(number) => match (ty, number.int, number.float, number.uint) {
                (Ty::Any | Ty::Value, ..) => self.constant(arg, number),
                (Ty::Int, Some(int), ..) => Ok(Val::Int(int).into()),
                (Ty::Duration, Some(int), ..) => Ok(Val::Duration(int).into()),
                (Ty::Float, _, Some(float), _) => Ok(Val::Float(float).into()),
                _ => Err(self.wrong_literal(ty, arg)),
            },
        }
    }

    fn wrong_literal(&self, ty: Ty, arg: &Expr) -> Box<crate::error::ExecError> {
        self.error(match ty {
            Ty::Bool => format!("expected bool; found {arg}"),
            Ty::Str => format!("expected string; found {arg}"),
            Ty::Int | Ty::Duration => format!("expected integer; found {arg}"),
            Ty::Float => format!("expected float; found {arg}"),
            _ => format!("can't handle {arg} for arg of type {}", ty.name()),
        })
    }

    /// The value as an argument of this type.
    fn validate(&self, value: Slot<'a>, ty: Ty) -> Result<Slot<'a>> {
        if value.is_none() {
            return match ty {
                Ty::Any | Ty::Value => Ok(value),
                Ty::Map => Ok(Val::Map(Map::Nil(Elem::Any)).into()),
                _ => Err(self.error(format!("invalid value; expected {}", ty.name()))),
            };
        }
        let fits = match (ty, &value.val) {
            (Ty::Any | Ty::Value, _)
            | (Ty::Str, Val::Str(_))
            | (Ty::Int, Val::Int(_))
            | (Ty::Float, Val::Float(_))
            | (Ty::Bool, Val::Bool(_))
            | (Ty::Time, Val::Time(_))
            | (Ty::Version, Val::Version(_))
            | (Ty::Duration, Val::Duration(_)) => true,
            (Ty::Map, Val::Map(map)) => map.elem() == Elem::Any,
            _ => false,
        };
        if fits {
            return Ok(value);
        }
        let got = if value.val.is_nil() {
            "interface {}"
        } else {
            value.val.type_name()
        };
        Err(self.error(format!("wrong type for value; expected {}; got {got}", ty.name())))
    }
}

fn literal(text: &Text) -> Val<'_> {
    Val::Str(match &text.value {
        Ok(text) => Str::Ref(text),
        Err(bytes) => Str::Bytes(bytes.as_ref().into()),
    })
}
