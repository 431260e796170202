//! Statements: text, actions, branches, loops and calls of templates.
#![allow(clippy::unnecessary_box_returns)] // an error is large and rare

use super::cx::{Cx, Fault};
use super::val::{Slot, Val};
use crate::error::{ExecError, ExecErrorKind, Limit};
use crate::options::{Env, MissingKey, Usage};
use crate::syntax::{Command, Definition, Expr, Node, Pipe, RangeNode, TemplateCall};
use crate::template::Template;
use crate::text::print::{Sink, print};
use crate::text::quote::quoted;
use crate::value::Value;

/// Executes a template on the data and appends to the output.
pub(crate) fn execute<'a>(
    template: &'a Template,
    data: &'a Value,
    env: &'a Env<'a>,
    out: &mut String,
) -> Result<Usage> {
    let dot = if template.mutates {
        Val::from_data_mutable(data)
    } else {
        Val::from_data(data)
    };
    let mut cx = Cx::new(env);
    run(template, dot, &mut cx, out)?;
    Ok(cx.usage())
}

/// Executes a template within an execution that has begun: `tpl`.
pub(crate) fn run<'a>(template: &'a Template, dot: Val<'a>, cx: &mut Cx<'a>, out: &mut String) -> Result<()> {
    let Some(definition) = template.tree.definitions.get(&*template.name) else {
        return Ok(());
    };
    let limit = out.len().saturating_add(cx.env.limits.output);
    let mut exec = Exec {
        template,
        missing_key: template.options.missing_key,
        cx,
        sink: Sink::new(out, limit),
        current: definition,
        at: At::Start,
        variables: vec![("$", dot.clone().into())],
        base: 0,
        depth: 0,
    };
    exec.nodes(&dot.into(), &definition.nodes).map(|_| ())
}

/// The part of the template that is at work, for errors.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    Start,
    Pipe(&'a Pipe),
    Command(&'a Command),
    Expr(&'a Expr),
    Call(&'a TemplateCall),
}

/// What follows a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

pub(super) struct Exec<'a, 'c, 'o> {
    pub(super) template: &'a Template,
    pub(super) missing_key: MissingKey,
    pub(super) cx: &'c mut Cx<'a>,
    sink: Sink<'o>,
    current: &'a Definition,
    pub(super) at: At<'a>,
    /// All variables, innermost last; those of the template that is executing start at `base`.
    pub(super) variables: Vec<(&'a str, Slot<'a>)>,
    pub(super) base: usize,
    depth: usize,
}

pub(super) type Result<T> = std::result::Result<T, Box<ExecError>>;

impl<'a> Exec<'a, '_, '_> {
    fn nodes(&mut self, dot: &Slot<'a>, nodes: &'a [Node]) -> Result<Flow> {
        for node in nodes {
            let flow = self.node(dot, node)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, dot: &Slot<'a>, node: &'a Node) -> Result<Flow> {
        self.step()?;
        match node {
            Node::Text(text) => {
                self.sink.push(text);
                self.written()?;
            }
            Node::Action(pipe) => {
                let value = self.pipe(dot, pipe)?;
                if pipe.variables.is_empty() {
                    if value.is_none() {
                        self.sink.push("<no value>");
                    } else {
                        print(&mut self.sink, &value.val);
                    }
                    self.at = At::Pipe(pipe);
                    self.written()?;
                }
            }
            Node::If(branches, otherwise) => return self.branches(dot, branches, otherwise, false),
            Node::With(branches, otherwise) => return self.branches(dot, branches, otherwise, true),
            Node::Range(range) => return self.range(dot, range),
            Node::Template(call) => self.call_template(dot, call)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn branches(
        &mut self,
        dot: &Slot<'a>,
        branches: &'a [(Pipe, Vec<Node>)],
        otherwise: &'a [Node],
        with: bool,
    ) -> Result<Flow> {
        let mark = self.variables.len();
        let flow = 'found: {
            for (pipe, body) in branches {
                let value = self.pipe(dot, pipe)?;
                if value.truth() {
                    break 'found self.nodes(if with { &value } else { dot }, body)?;
                }
            }
            self.nodes(dot, otherwise)?
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, dot: &Slot<'a>, range: &'a RangeNode) -> Result<Flow> {
        let outer = self.variables.len();
        let value = self.pipe(dot, &range.pipe)?;
        let mark = self.variables.len();
        let mut some = false;
        match &value.val {
            Val::Nil => {}
            Val::Int(_)
            | Val::Int64(_)
            | Val::Uint8(_)
            | Val::Uint64(_)
            | Val::Duration(_)
            | Val::Month(_)
            | Val::Weekday(_) => {
                if range.pipe.variables.len() > 1 {
                    let text = plain(&value);
                    return Err(
                        self.error(format!("can't use {text} to iterate over more than one variable"))
                    );
                }
                let mut next = 0;
                while let Some(item) = counted(&value.val, next) {
                    some = true;
                    let flow = self.iteration(range, mark, Slot::NONE, &item.into())?;
                    if flow != Flow::Next {
                        break;
                    }
                    next += 1;
                }
            }
            Val::List(list) => {
                let boxed = list.elem() == crate::value::Elem::Any;
                for (index, item) in list.iter().enumerate() {
                    some = true;
                    let index = Val::Int(i64::try_from(index).unwrap_or(i64::MAX));
                    let flow = self.iteration(range, mark, index.into(), &Slot { val: item, boxed })?;
                    if flow != Flow::Next {
                        break;
                    }
                }
            }
            Val::Map(map) => {
                let boxed = map.elem() == crate::value::Elem::Any;
                let entries = map.entries();
                self.charge(entries.len())?;
                for (key, item) in entries {
                    some = true;
                    let flow =
                        self.iteration(range, mark, Val::Str(key).into(), &Slot { val: item, boxed })?;
                    if flow != Flow::Next {
                        break;
                    }
                }
            }
            _ => {
                let text = plain(&value);
                return Err(self.error(format!("range can't iterate over {text}")));
            }
        }
        let flow = if some {
            Flow::Next
        } else {
            self.nodes(dot, &range.otherwise)?
        };
        self.variables.truncate(outer);
        Ok(flow)
    }

    /// One turn of a loop. `Next` also when the body said `continue`.
    fn iteration(
        &mut self,
        range: &'a RangeNode,
        mark: usize,
        index: Slot<'a>,
        item: &Slot<'a>,
    ) -> Result<Flow> {
        self.step()?;
        match (range.pipe.variables.as_slice(), range.pipe.assign) {
            ([], _) => {}
            ([variable], true) => self.assign(variable, item.clone())?,
            ([first, second, ..], true) => {
                self.assign(first, index)?;
                self.assign(second, item.clone())?;
            }
            ([_], false) => self.variables[mark - 1].1 = item.clone(),
            ([..], false) => {
                self.variables[mark - 1].1 = item.clone();
                self.variables[mark - 2].1 = index;
            }
        }
        let flow = self.nodes(item, &range.body)?;
        self.variables.truncate(mark);
        Ok(if flow == Flow::Break {
            Flow::Break
        } else {
            Flow::Next
        })
    }

    fn call_template(&mut self, dot: &Slot<'a>, call: &'a TemplateCall) -> Result<()> {
        self.at = At::Call(call);
        let Some(definition) = self.template.tree.definitions.get(&call.name) else {
            return Err(self.error(format!("template {} not defined", quoted(&call.name))));
        };
        let recursion = self.cx.env.limits.recursion;
        if self.depth >= recursion {
            return Err(self.fault(Fault::Limit(Limit::Recursion(recursion))));
        }
        let dot = match &call.pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Slot::NONE,
        };
        let (base, caller, mark) = (self.base, self.current, self.variables.len());
        self.base = mark;
        self.current = definition;
        self.depth += 1;
        self.variables.push(("$", dot.clone()));
        self.nodes(&dot, &definition.nodes)?;
        self.variables.truncate(mark);
        self.depth -= 1;
        self.current = caller;
        self.base = base;
        Ok(())
    }

    /// Sets the innermost variable of a name.
    pub(super) fn assign(&mut self, name: &str, value: Slot<'a>) -> Result<()> {
        let base = self.base;
        match self.variables[base..]
            .iter_mut()
            .rev()
            .find(|(variable, _)| *variable == name)
        {
            Some(variable) => {
                variable.1 = value;
                Ok(())
            }
            None => Err(self.error(format!("undefined variable: {name}"))),
        }
    }

    pub(super) fn step(&mut self) -> Result<()> {
        self.charge(1)
    }

    fn charge(&mut self, steps: usize) -> Result<()> {
        match self.cx.step(steps) {
            Ok(()) => Ok(()),
            Err(fault) => Err(self.fault(fault)),
        }
    }

    fn written(&self) -> Result<()> {
        if self.sink.is_full() {
            return Err(self.fault(Fault::Limit(Limit::Output(self.cx.env.limits.output))));
        }
        if self.sink.is_too_deep() {
            return Err(self.fault(Fault::Limit(Limit::Depth(crate::Limits::DEPTH))));
        }
        Ok(())
    }

    pub(super) fn error(&self, message: String) -> Box<ExecError> {
        self.located(message, ExecErrorKind::Other)
    }

    /// The error for a fault that is not a function's own.
    pub(super) fn fault(&self, fault: Fault) -> Box<ExecError> {
        match fault {
            Fault::Message(message) => self.located(message, ExecErrorKind::Other),
            Fault::Fail(message) => self.located(message, ExecErrorKind::Fail),
            Fault::Refused(message) => self.located(message, ExecErrorKind::Refused),
            Fault::Limit(limit) => self.located(limit.to_string(), ExecErrorKind::Limit(limit)),
        }
    }

    pub(super) fn located(&self, message: String, kind: ExecErrorKind) -> Box<ExecError> {
        let (pos, context) = match self.at {
            At::Start => (0, String::new()),
            At::Pipe(pipe) => (pipe.pos, pipe.to_string()),
            At::Command(command) => (command.pos, command.to_string()),
            At::Expr(expr) => (expr.pos, expr.to_string()),
            At::Call(call) => (call.pos, call.to_string()),
        };
        let (line, column) = self.template.line_and_column(pos);
        Box::new(ExecError {
            file: self.template.name.clone(),
            line,
            column,
            template: self.current.name.clone(),
            context: context.into(),
            message,
            kind,
        })
    }
}

/// A value as `%v` prints it, for an error.
fn plain(value: &Slot<'_>) -> String {
    let mut text = String::new();
    print(&mut Sink::new(&mut text, 4096), &value.val);
    text
}

/// The item of a loop over an integer, while it is below that.
fn counted<'a>(limit: &Val<'_>, next: i64) -> Option<Val<'a>> {
    match limit {
        Val::Int(limit) => (next < *limit).then_some(Val::Int(next)),
        Val::Int64(limit) => (next < *limit).then_some(Val::Int64(next)),
        Val::Duration(limit) => (next < *limit).then_some(Val::Duration(next)),
        Val::Uint8(limit) => u8::try_from(next)
            .ok()
            .filter(|next| next < limit)
            .map(Val::Uint8),
        Val::Uint64(limit) => u64::try_from(next)
            .ok()
            .filter(|next| next < limit)
            .map(Val::Uint64),
        Val::Month(limit) => i8::try_from(next)
            .ok()
            .filter(|next| next < limit)
            .map(Val::Month),
        Val::Weekday(limit) => i8::try_from(next)
            .ok()
            .filter(|next| next < limit)
            .map(Val::Weekday),
        _ => None,
    }
}
