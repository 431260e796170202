//! The string form of a selector: `env in (production),tier!=gold`.

use std::collections::BTreeSet;

use super::{Operator, Requirement, Selector, SelectorError, one};

/// A recursive-descent parser of the string form.
pub(super) struct Parser<'a> {
    text: &'a str,
    /// The byte offset of what comes next.
    at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Symbol(&'static str),
    End,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn selector(mut self) -> Result<Selector, SelectorError> {
        let mut requirements = Vec::new();
        if self.peek().1 == Token::End {
            return Ok(Selector::everything());
        }
        loop {
            requirements.push(self.requirement()?);
            match self.next() {
                (_, Token::End) => return Ok(Selector::all_of(requirements)),
                (_, Token::Symbol(",")) => {}
                (place, token) => return Err(self.unexpected(place, token, "`,` or the end")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        if self.peek().1 == Token::Symbol("!") {
            self.next();
            let key = self.word("a label's key after `!`")?;
            return Requirement::new(key, Operator::DoesNotExist);
        }
        let key = self.word("a label's key")?;
        let operator = match self.peek() {
            (_, Token::End | Token::Symbol(",")) => Operator::Exists,
            (place, token) => {
                self.next();
                match token {
                    Token::Symbol("=" | "==") => one(self.value()?),
                    Token::Symbol("!=") => Operator::NotIn(BTreeSet::from([self.value()?.to_owned()])),
                    Token::Symbol(">") => Operator::GreaterThan(self.integer(key)?),
                    Token::Symbol("<") => Operator::LessThan(self.integer(key)?),
                    Token::Word("in") => Operator::In(self.values()?),
                    Token::Word("notin") => Operator::NotIn(self.values()?),
                    _ => {
                        return Err(self.unexpected(place, token, "an operator: =, ==, !=, in, notin, >, <"));
                    }
                }
            }
        };
        Requirement::new(key, operator)
    }

    fn values(&mut self) -> Result<BTreeSet<String>, SelectorError> {
        let mut values = BTreeSet::new();
        match self.next() {
            (_, Token::Symbol("(")) => {}
            (place, token) => return Err(self.unexpected(place, token, "`(`")),
        }
        if self.peek().1 == Token::Symbol(")") {
            self.next();
            return Ok(values);
        }
        loop {
            // As in Kubernetes, `(a,)` has two values, of which one is empty.
            let value = match self.peek().1 {
                Token::Word(word) => {
                    self.next();
                    word
                }
                _ => "",
            };
            values.insert(value.to_owned());
            match self.next() {
                (_, Token::Symbol(")")) => return Ok(values),
                (_, Token::Symbol(",")) => {}
                (place, token) => return Err(self.unexpected(place, token, "`,` or `)`")),
            }
        }
    }

    fn value(&mut self) -> Result<&'a str, SelectorError> {
        match self.peek() {
            // `a=` requires the empty value.
            (_, Token::End | Token::Symbol(",")) => Ok(""),
            _ => self.word("a value"),
        }
    }

    fn integer(&mut self, key: &str) -> Result<i64, SelectorError> {
        let value = self.value()?;
        value.parse().map_err(|_| SelectorError::NotAnInteger {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }

    fn word(&mut self, expected: &'static str) -> Result<&'a str, SelectorError> {
        match self.next() {
            (_, Token::Word(word)) => Ok(word),
            (place, token) => Err(self.unexpected(place, token, expected)),
        }
    }

    fn peek(&self) -> (usize, Token<'a>) {
        let (place, token, _) = self.token();
        (place, token)
    }

    fn next(&mut self) -> (usize, Token<'a>) {
        let (place, token, end) = self.token();
        self.at = end;
        (place, token)
    }

    /// The next token: where it starts, what it is, where it ends.
    fn token(&self) -> (usize, Token<'a>, usize) {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start_matches(WHITESPACE);
        let start = self.at + rest.len() - trimmed.len();
        if trimmed.is_empty() {
            return (start, Token::End, start);
        }
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| trimmed.starts_with(**symbol)) {
            return (start, Token::Symbol(symbol), start + symbol.len());
        }
        let length = trimmed
            .find(|c| WHITESPACE.contains(&c) || SPECIAL.contains(&c))
            .unwrap_or(trimmed.len());
        (start, Token::Word(&trimmed[..length]), start + length)
    }

    fn unexpected(&self, place: usize, found: Token<'_>, expected: &'static str) -> SelectorError {
        SelectorError::Syntax {
            selector: self.text.to_owned(),
            position: self.text[..place].chars().count() + 1,
            found: match found {
                Token::Word(word) => format!("`{word}`"),
                Token::Symbol(symbol) => format!("`{symbol}`"),
                Token::End => "the end".to_owned(),
            },
            expected,
        }
    }
}

const WHITESPACE: [char; 4] = [' ', '\t', '\r', '\n'];
const SPECIAL: [char; 7] = ['=', '!', '(', ')', ',', '>', '<'];
/// Longer symbols first.
const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
