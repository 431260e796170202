//! From tokens to the tree, refusing what Go refuses with Go's messages.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ast::{Command, Definition, Expr, ExprKind, Node, Pipe, RangeNode, TemplateCall, Text, Tree};
use super::lex::{Kind, Lexer, Token};
use super::literal::{INVALID, unquote};
use super::number::Number;
use crate::error::{Limit, ParseError};
use crate::functions;
use crate::options::Limits;
use crate::text::quote::quoted;

/// Parses a text. The tree has a definition under `name`.
pub(crate) fn parse(name: &str, text: &str) -> Result<Tree> {
    if text.len() > Limits::TEXT {
        let limit = Limit::Text(Limits::TEXT);
        return Err(ParseError {
            template: name.to_owned(),
            line: 1,
            message: limit.to_string(),
            limit: Some(limit),
        });
    }
    let mut parser = Parser {
        name,
        lexer: Lexer::new(text),
        tokens: [const { None }; 3],
        peeked: 0,
        last_line: 0,
        definitions: BTreeMap::new(),
        variables: vec!["$".into()],
        action_line: 0,
        range_depth: 0,
        nesting: 0,
    };
    let nodes = parser.top()?;
    parser.define(name.into(), nodes)?;
    Ok(Tree {
        definitions: parser.definitions,
    })
}

struct Parser<'t> {
    name: &'t str,
    lexer: Lexer<'t>,
    /// Tokens put back, the next one last.
    tokens: [Option<Token<'t>>; 3],
    peeked: usize,
    /// The line of the last token that was read: where Go says that an error is.
    last_line: usize,
    definitions: BTreeMap<Box<str>, Definition>,
    variables: Vec<Box<str>>,
    action_line: usize,
    range_depth: usize,
    nesting: usize,
}

/// What stands between two other things: a node, or the end of the list.
enum Item {
    Node(Node),
    End,
    Else,
}

impl Item {
    fn describe(&self) -> &'static str {
        match self {
            Self::Else => "{{else}}",
            _ => "{{end}}",
        }
    }
}

type Result<T> = std::result::Result<T, ParseError>;
/// Conditions and what is done when they hold.
type Branches = Vec<(Pipe, Vec<Node>)>;

impl<'t> Parser<'t> {
    fn next(&mut self) -> Token<'t> {
        if self.peeked > 0 {
            self.peeked -= 1;
            if let Some(token) = self.tokens[self.peeked].take() {
                return token;
            }
        }
        let token = self.lexer.next_token();
        self.last_line = token.line;
        token
    }

    fn put_back(&mut self, token: Token<'t>) {
        if let Some(slot) = self.tokens.get_mut(self.peeked) {
            *slot = Some(token);
            self.peeked += 1;
        }
    }

    fn peek(&mut self) -> &Token<'t> {
        if self.peeked == 0 {
            let token = self.next();
            self.put_back(token);
        }
        let at = self.peeked - 1;
        self.tokens[at].get_or_insert_with(|| Token {
            kind: Kind::Eof,
            pos: 0,
            text: "".into(),
            line: 0,
        })
    }

    fn next_non_space(&mut self) -> Token<'t> {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> &Token<'t> {
        let token = self.next_non_space();
        self.put_back(token);
        self.peek()
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError {
            template: self.name.to_owned(),
            line: self.last_line,
            message: message.into(),
            limit: None,
        }
    }

    fn unexpected(&self, token: &Token<'t>, context: &str) -> ParseError {
        if token.kind != Kind::Error {
            return self.error(format!("unexpected {} in {context}", token.describe()));
        }
        let mut message = token.text.clone().into_owned();
        if self.action_line != 0 && self.action_line != token.line {
            if !message.ends_with(" action") {
                message.push_str(" in action");
            }
            let _ = write!(message, " started at {}:{}", self.name, self.action_line);
        }
        self.error(message)
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token<'t>> {
        let token = self.next_non_space();
        if token.kind == kind {
            Ok(token)
        } else {
            Err(self.unexpected(&token, context))
        }
    }

    /// One level deeper, for as long as the level lasts.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.nesting >= Limits::NESTING {
            let limit = Limit::Nesting(Limits::NESTING);
            return Err(ParseError {
                limit: Some(limit),
                ..self.error(limit.to_string())
            });
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    fn top(&mut self) -> Result<Vec<Node>> {
        let mut nodes = Vec::new();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelim {
                let delimiter = self.next();
                let token = self.next_non_space();
                if token.kind == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.put_back(token);
                self.put_back(delimiter);
            }
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                other => return Err(self.error(format!("unexpected {}", other.describe()))),
            }
        }
        Ok(nodes)
    }

    fn definition(&mut self) -> Result<()> {
        const CONTEXT: &str = "define clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        let nodes = self.inner_template(CONTEXT)?;
        self.define(name, nodes)
    }

    /// The list of a `define` or `block`, which sees nothing of what surrounds it.
    fn inner_template(&mut self, context: &str) -> Result<Vec<Node>> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let (action_line, range_depth) = (self.action_line, self.range_depth);
        (self.action_line, self.range_depth) = (0, 0);
        let (nodes, end) = self.nested(Self::item_list)?;
        if !matches!(end, Item::End) {
            return Err(self.error(format!("unexpected {} in {context}", end.describe())));
        }
        self.variables = variables;
        (self.action_line, self.range_depth) = (action_line, range_depth);
        Ok(nodes)
    }

    /// Keeps a definition; one that is empty gives way to one that is not.
    fn define(&mut self, name: Box<str>, nodes: Vec<Node>) -> Result<()> {
        if let Some(existing) = self.definitions.get(&name)
            && !is_blank(&existing.nodes)
        {
            if is_blank(&nodes) {
                return Ok(());
            }
            return Err(self.error(format!(
                "template: multiple definition of template {}",
                quoted(&name)
            )));
        }
        self.definitions.insert(name.clone(), Definition { name, nodes });
        Ok(())
    }

    fn item_list(&mut self) -> Result<(Vec<Node>, Item)> {
        let mut nodes = Vec::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                end => return Ok((nodes, end)),
            }
        }
        Err(self.error("unexpected EOF"))
    }

    fn text_or_action(&mut self) -> Result<Item> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.text.into()))),
            Kind::LeftDelim => {
                self.action_line = token.line;
                let item = self.action()?;
                self.action_line = 0;
                Ok(item)
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    fn action(&mut self) -> Result<Item> {
        let token = self.next_non_space();
        let node = match token.kind {
            Kind::Block => self.block()?,
            Kind::Break => {
                self.loop_control("break")?;
                Node::Break
            }
            Kind::Continue => {
                self.loop_control("continue")?;
                Node::Continue
            }
            Kind::Else => {
                // `else if` and `else with` leave their keyword to whoever waits for the `else`.
                if !matches!(self.peek_non_space().kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Item::Else);
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::End);
            }
            Kind::If => {
                let (branches, otherwise) = self.branches(Kind::If, "if")?;
                Node::If(branches, otherwise)
            }
            Kind::With => {
                let (branches, otherwise) = self.branches(Kind::With, "with")?;
                Node::With(branches, otherwise)
            }
            Kind::Range => self.range()?,
            Kind::Template => self.template_call()?,
            _ => {
                self.put_back(token);
                // Variables persist until the next end.
                Node::Action(self.pipeline("command", Kind::RightDelim)?)
            }
        };
        Ok(Item::Node(node))
    }

    fn loop_control(&mut self, keyword: &str) -> Result<()> {
        let token = self.next_non_space();
        if token.kind != Kind::RightDelim {
            return Err(self.unexpected(&token, &format!("{{{{{keyword}}}}}")));
        }
        if self.range_depth == 0 {
            return Err(self.error(format!("{{{{{keyword}}}}} outside {{{{range}}}}")));
        }
        Ok(())
    }

    /// An `if` or `with` and the chain of its `else`s.
    fn branches(&mut self, keyword: Kind, context: &str) -> Result<(Branches, Vec<Node>)> {
        let scope = self.variables.len();
        let mut branches = Vec::new();
        let otherwise = loop {
            let pipe = self.pipeline(context, Kind::RightDelim)?;
            let (body, end) = self.nested(Self::item_list)?;
            branches.push((pipe, body));
            match end {
                Item::Else if self.peek().kind == keyword => {
                    self.next();
                }
                Item::Else => break self.last_else()?,
                _ => break Vec::new(),
            }
        };
        self.variables.truncate(scope);
        Ok((branches, otherwise))
    }

    fn last_else(&mut self) -> Result<Vec<Node>> {
        let (otherwise, end) = self.nested(Self::item_list)?;
        if matches!(end, Item::End) {
            Ok(otherwise)
        } else {
            Err(self.error(format!("expected end; found {}", end.describe())))
        }
    }

    fn range(&mut self) -> Result<Node> {
        let scope = self.variables.len();
        let pipe = self.pipeline("range", Kind::RightDelim)?;
        self.range_depth += 1;
        let (body, end) = self.nested(Self::item_list)?;
        self.range_depth -= 1;
        let otherwise = if matches!(end, Item::Else) {
            self.last_else()?
        } else {
            Vec::new()
        };
        self.variables.truncate(scope);
        Ok(Node::Range(Box::new(RangeNode {
            pipe,
            body,
            otherwise,
        })))
    }

    fn block(&mut self) -> Result<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let nodes = self.inner_template(CONTEXT)?;
        self.define(name.clone(), nodes)?;
        Ok(Node::Template(Box::new(TemplateCall {
            pos: position(token.pos),
            name,
            pipe: Some(pipe),
        })))
    }

    fn template_call(&mut self) -> Result<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let next = self.next_non_space();
        let pipe = if next.kind == Kind::RightDelim {
            None
        } else {
            self.put_back(next);
            Some(self.pipeline(CONTEXT, Kind::RightDelim)?)
        };
        Ok(Node::Template(Box::new(TemplateCall {
            pos: position(token.pos),
            name,
            pipe,
        })))
    }

    fn template_name(&mut self, token: &Token<'t>, context: &str) -> Result<Box<str>> {
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return Err(self.unexpected(token, context));
        }
        let name = unquote(&token.text).ok_or_else(|| self.error(INVALID))?;
        Ok(name.unwrap_or_else(|bytes| String::from_utf8_lossy(&bytes).into()))
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe> {
        let mut pipe = Pipe {
            pos: position(self.peek_non_space().pos),
            assign: false,
            variables: Vec::new(),
            commands: Vec::new(),
        };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.put_back(token);
                    pipe.commands.push(self.command()?);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
        if pipe.commands.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            if command.args.first().is_some_and(|arg| {
                matches!(
                    arg.kind,
                    ExprKind::Bool(_)
                        | ExprKind::Dot
                        | ExprKind::Nil
                        | ExprKind::Number(_)
                        | ExprKind::Text(_)
                )
            }) {
                return Err(self.error(format!("non executable command in pipeline stage {}", index + 1)));
            }
        }
        Ok(pipe)
    }

    /// `$x :=`, `$x =`, and in a range also `$i, $x :=`.
    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Result<()> {
        while self.peek_non_space().kind == Kind::Variable {
            let variable = self.next();
            let after = self.peek().clone();
            let next = self.peek_non_space().clone();
            let name: Box<str> = variable.text.clone().into();
            if matches!(next.kind, Kind::Assign | Kind::Declare) {
                pipe.assign = next.kind == Kind::Assign;
                self.next_non_space();
                pipe.variables.push(name.clone());
                self.variables.push(name);
                return Ok(());
            }
            if next.kind == Kind::Char && next.text == "," {
                self.next_non_space();
                pipe.variables.push(name.clone());
                self.variables.push(name);
                if context == "range" && pipe.variables.len() < 2 {
                    if matches!(
                        self.peek_non_space().kind,
                        Kind::Variable | Kind::RightDelim | Kind::RightParen
                    ) {
                        continue;
                    }
                    return Err(self.error("range can only initialize variables"));
                }
                return Err(self.error(format!("too many declarations in {context}")));
            }
            if after.kind == Kind::Space {
                self.put_back(after);
            }
            self.put_back(variable);
            return Ok(());
        }
        Ok(())
    }

    fn command(&mut self) -> Result<Command> {
        let mut command = Command {
            pos: position(self.peek_non_space().pos),
            args: Vec::new(),
        };
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                command.args.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.put_back(token),
                Kind::Pipe => {}
                _ => return Err(self.unexpected(&token, "operand")),
            }
            break;
        }
        if command.args.is_empty() {
            return Err(self.error("empty command"));
        }
        Ok(command)
    }

    fn operand(&mut self) -> Result<Option<Expr>> {
        let Some(term) = self.term()? else {
            return Ok(None);
        };
        if self.peek().kind != Kind::Field {
            return Ok(Some(term));
        }
        let pos = position(self.peek().pos);
        let mut names = Vec::new();
        while self.peek().kind == Kind::Field {
            names.push(Box::from(&self.next().text[1..]));
        }
        let kind = match term.kind {
            ExprKind::Field(mut fields) => {
                fields.append(&mut names);
                ExprKind::Field(fields)
            }
            ExprKind::Variable(mut fields) => {
                fields.append(&mut names);
                ExprKind::Variable(fields)
            }
            ExprKind::Bool(_) | ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Nil | ExprKind::Dot => {
                return Err(self.error(format!("unexpected . after term {}", quoted(&term.to_string()))));
            }
            _ => ExprKind::Chain(Box::new(term), names),
        };
        Ok(Some(Expr { pos, kind }))
    }

    fn term(&mut self) -> Result<Option<Expr>> {
        let token = self.next_non_space();
        let kind = match token.kind {
            Kind::Identifier => match functions::find(&token.text) {
                Some(function) => ExprKind::Function(function),
                None => return Err(self.error(format!("function {} not defined", quoted(&token.text)))),
            },
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Variable => {
                if !self.variables.iter().any(|name| **name == *token.text) {
                    return Err(self.error(format!("undefined variable {}", quoted(&token.text))));
                }
                ExprKind::Variable(vec![token.text.into()])
            }
            Kind::Field => ExprKind::Field(vec![token.text[1..].into()]),
            Kind::Bool => ExprKind::Bool(token.text == "true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let number = match token.kind {
                    Kind::CharConstant => Number::rune(&token.text),
                    Kind::Complex => Number::complex(&token.text),
                    _ => Number::new(&token.text),
                };
                ExprKind::Number(Box::new(number.map_err(|message| self.error(message))?))
            }
            Kind::LeftParen => {
                let pipe =
                    self.nested(|parser| parser.pipeline("parenthesized pipeline", Kind::RightParen))?;
                return Ok(Some(Expr {
                    pos: pipe.pos,
                    kind: ExprKind::Pipe(Box::new(pipe)),
                }));
            }
            Kind::String | Kind::RawString => {
                let value = unquote(&token.text).ok_or_else(|| self.error(INVALID))?;
                ExprKind::Text(Box::new(Text {
                    quoted: token.text.into(),
                    value,
                }))
            }
            _ => {
                self.put_back(token);
                return Ok(None);
            }
        };
        Ok(Some(Expr {
            pos: position(token.pos),
            kind,
        }))
    }
}

/// Whether a template has nothing but space.
fn is_blank(nodes: &[Node]) -> bool {
    nodes
        .iter()
        .all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
}

/// Texts are smaller than 4 GiB: `Limits::TEXT`.
fn position(pos: usize) -> u32 {
    u32::try_from(pos).unwrap_or(u32::MAX)
}
