//! The tokens of a template's text.

use crate::text::quote::quoted;
use crate::unicode::{is_digit, is_letter, is_print};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    // Keywords.
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
    Dot,
}

impl Kind {
    fn is_keyword(self) -> bool {
        matches!(
            self,
            Self::Block
                | Self::Break
                | Self::Continue
                | Self::Define
                | Self::Else
                | Self::End
                | Self::If
                | Self::Nil
                | Self::Range
                | Self::Template
                | Self::With
                | Self::Dot
        )
    }
}

#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) pos: usize,
    pub(super) text: std::borrow::Cow<'t, str>,
    pub(super) line: usize,
}

impl Token<'_> {
    /// As Go names the token in an error.
    pub(super) fn describe(&self) -> String {
        match self.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error => self.text.clone().into_owned(),
            kind if kind.is_keyword() => format!("<{}>", self.text),
            _ if self.text.len() > 10 => {
                let start: String = self.text.chars().take(10).collect();
                format!("{}...", quoted(&start))
            }
            _ => quoted(&self.text),
        }
    }
}

/// Reads tokens on demand: what a character means depends on whether it stands in an action.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    input: &'t str,
    pos: usize,
    start: usize,
    line: usize,
    start_line: usize,
    paren_depth: usize,
    inside_action: bool,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(input: &'t str) -> Self {
        Self {
            input,
            pos: 0,
            start: 0,
            line: 1,
            start_line: 1,
            paren_depth: 0,
            inside_action: false,
        }
    }

    pub(super) fn next_token(&mut self) -> Token<'t> {
        if self.inside_action {
            self.action()
        } else {
            self.text()
        }
    }

    fn rest(&self) -> &'t str {
        &self.input[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn emit(&mut self, kind: Kind) -> Token<'t> {
        let token = Token {
            kind,
            pos: self.start,
            text: self.input[self.start..self.pos].into(),
            line: self.start_line,
        };
        self.start = self.pos;
        self.start_line = self.line;
        token
    }

    /// Moves on over text whose lines are not yet counted, and forgets it.
    fn skip(&mut self, bytes: usize) {
        self.line += newlines(&self.input[self.pos..self.pos + bytes]);
        self.pos += bytes;
        self.start = self.pos;
        self.start_line = self.line;
    }

    fn error(&mut self, message: impl Into<String>) -> Token<'t> {
        let token = Token {
            kind: Kind::Error,
            pos: self.start,
            text: message.into().into(),
            line: self.start_line,
        };
        // Nothing is read after an error.
        self.input = "";
        self.pos = 0;
        self.start = 0;
        token
    }

    fn text(&mut self) -> Token<'t> {
        loop {
            let Some(found) = self.rest().find("{{") else {
                self.line += newlines(self.rest());
                self.pos = self.input.len();
                return self.emit(if self.pos > self.start {
                    Kind::Text
                } else {
                    Kind::Eof
                });
            };
            if found > 0 {
                let delimiter = self.pos + found;
                let mut end = delimiter;
                if has_left_trim_marker(&self.input[delimiter + 2..]) {
                    end = self.start + self.input[self.start..delimiter].trim_end_matches(SPACES).len();
                }
                self.line += newlines(&self.input[self.start..end]);
                self.pos = end;
                let token = self.emit(Kind::Text);
                self.skip(delimiter - end);
                if !token.text.is_empty() {
                    return token;
                }
            }
            let after = self.pos + 2;
            let marker = if has_left_trim_marker(&self.input[after..]) {
                TRIM_MARKER
            } else {
                0
            };
            if self.input[after + marker..].starts_with("/*") {
                self.skip(2 + marker);
                if let Err(message) = self.comment() {
                    return self.error(message);
                }
                continue;
            }
            self.pos = after;
            let token = self.emit(Kind::LeftDelim);
            self.inside_action = true;
            self.paren_depth = 0;
            self.skip(marker);
            return token;
        }
    }

    /// Passes over a comment and what it trims. Its `/*` is ahead.
    fn comment(&mut self) -> Result<(), &'static str> {
        let end = self.rest()[2..].find("*/").ok_or("unclosed comment")? + 4;
        let (delimiter, trim) = at_right_delim(&self.rest()[end..]);
        if !delimiter {
            return Err("comment ends before closing delimiter");
        }
        let mut length = end + 2;
        if trim {
            length += TRIM_MARKER;
            length += leading_spaces(&self.rest()[length..]);
        }
        self.skip(length);
        Ok(())
    }

    fn right_delim(&mut self) -> Token<'t> {
        let (_, trim) = at_right_delim(self.rest());
        if trim {
            self.skip(TRIM_MARKER);
        }
        self.pos += 2;
        let token = self.emit(Kind::RightDelim);
        if trim {
            self.skip(leading_spaces(self.rest()));
        }
        self.inside_action = false;
        token
    }

    fn action(&mut self) -> Token<'t> {
        if at_right_delim(self.rest()).0 {
            if self.paren_depth == 0 {
                return self.right_delim();
            }
            return self.error("unclosed left paren");
        }
        let Some(c) = self.peek() else {
            return self.error("unclosed action");
        };
        if is_space(c) {
            return self.spaces();
        }
        let dot_starts_number =
            c == '.' && self.rest()[1..].chars().next().is_none_or(|c| c.is_ascii_digit());
        if dot_starts_number || matches!(c, '+' | '-' | '0'..='9') {
            return self.number();
        }
        if is_alphanumeric(c) {
            return self.identifier();
        }
        self.bump();
        match c {
            '=' => self.emit(Kind::Assign),
            ':' => {
                if self.bump() == Some('=') {
                    self.emit(Kind::Declare)
                } else {
                    self.error("expected :=")
                }
            }
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant"),
            '`' => loop {
                match self.bump() {
                    None => return self.error("unterminated raw quoted string"),
                    Some('`') => return self.emit(Kind::RawString),
                    Some(_) => {}
                }
            },
            '$' => self.field_or_variable(Kind::Variable),
            '.' => self.field_or_variable(Kind::Field),
            '(' => {
                self.paren_depth += 1;
                self.emit(Kind::LeftParen)
            }
            ')' => {
                if self.paren_depth == 0 {
                    return self.error("unexpected right paren");
                }
                self.paren_depth -= 1;
                self.emit(Kind::RightParen)
            }
            c if c.is_ascii() && is_print(c) => self.emit(Kind::Char),
            c => self.error(format!("unrecognized character in action: {}", code_point(c))),
        }
    }

    /// A run of spaces, but for the last one when it belongs to a trimming delimiter.
    fn spaces(&mut self) -> Token<'t> {
        let length = leading_spaces(self.rest());
        let last = &self.rest()[length - 1..];
        if at_right_delim(last) == (true, true) {
            if length == 1 {
                return self.right_delim();
            }
            self.line += newlines(&self.rest()[..length - 1]);
            self.pos += length - 1;
        } else {
            self.line += newlines(&self.rest()[..length]);
            self.pos += length;
        }
        self.emit(Kind::Space)
    }

    fn identifier(&mut self) -> Token<'t> {
        self.alphanumerics();
        if !self.at_terminator() {
            return self.bad_character();
        }
        let kind = match &self.input[self.start..self.pos] {
            "block" => Kind::Block,
            "break" => Kind::Break,
            "continue" => Kind::Continue,
            "define" => Kind::Define,
            "else" => Kind::Else,
            "end" => Kind::End,
            "if" => Kind::If,
            "range" => Kind::Range,
            "nil" => Kind::Nil,
            "template" => Kind::Template,
            "with" => Kind::With,
            "true" | "false" => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.emit(kind)
    }

    /// What follows a dot or a dollar sign, which is already behind.
    fn field_or_variable(&mut self, kind: Kind) -> Token<'t> {
        if self.at_terminator() {
            return self.emit(if kind == Kind::Field { Kind::Dot } else { kind });
        }
        self.alphanumerics();
        if !self.at_terminator() {
            return self.bad_character();
        }
        self.emit(kind)
    }

    fn alphanumerics(&mut self) {
        while self.peek().is_some_and(is_alphanumeric) {
            self.bump();
        }
    }

    fn bad_character(&mut self) -> Token<'t> {
        let c = self.peek().unwrap_or('\u{fffd}');
        self.error(format!("bad character {}", code_point(c)))
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None => true,
            Some(c) => {
                is_space(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(') || self.rest().starts_with("}}")
            }
        }
    }

    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Token<'t> {
        loop {
            match self.bump() {
                Some('\\') => {
                    if matches!(self.bump(), None | Some('\n')) {
                        return self.error(unterminated);
                    }
                }
                None | Some('\n') => return self.error(unterminated),
                Some(c) if c == quote => return self.emit(kind),
                Some(_) => {}
            }
        }
    }

    fn number(&mut self) -> Token<'t> {
        if !self.scan_number() {
            return self.bad_number();
        }
        if matches!(self.peek(), Some('+' | '-')) {
            if !self.scan_number() || !self.input[..self.pos].ends_with('i') {
                return self.bad_number();
            }
            return self.emit(Kind::Complex);
        }
        self.emit(Kind::Number)
    }

    fn bad_number(&mut self) -> Token<'t> {
        let text = quoted(&self.input[self.start..self.pos]);
        self.error(format!("bad number syntax: {text}"))
    }

    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if (digits.len() == 11 && self.accept("eE")) || (digits.len() == 23 && self.accept("pP")) {
            self.accept("+-");
            self.accept_run("0123456789_");
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.bump();
            return false;
        }
        true
    }

    fn accept(&mut self, valid: &str) -> bool {
        let found = self.peek().is_some_and(|c| valid.contains(c));
        if found {
            self.bump();
        }
        found
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }
}

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];
/// The length of a trim marker: a dash and a space.
const TRIM_MARKER: usize = 2;

fn is_space(c: char) -> bool {
    SPACES.contains(&c)
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || is_letter(c) || is_digit(c)
}

fn leading_spaces(text: &str) -> usize {
    text.len() - text.trim_start_matches(SPACES).len()
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn has_left_trim_marker(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('-') && chars.next().is_some_and(is_space)
}

/// Whether the text starts with a right delimiter, and whether that one trims.
fn at_right_delim(text: &str) -> (bool, bool) {
    let trims = text.starts_with(SPACES) && text[1..].starts_with("-}}");
    (trims || text.starts_with("}}"), trims)
}

/// Go's `%#U`.
fn code_point(c: char) -> String {
    let code = u32::from(c);
    if is_print(c) {
        format!("U+{code:04X} '{c}'")
    } else {
        format!("U+{code:04X}")
    }
}
