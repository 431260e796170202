//! What can go wrong, in Go's own words.

use std::fmt;

/// A template that does not parse.
///
/// Its text is Go's: `template: NAME:LINE: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {template}:{line}: {message}")]
#[non_exhaustive]
pub struct ParseError {
    /// The template's name.
    pub template: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
    /// Which bound the text exceeds, when that is what is wrong.
    pub limit: Option<Limit>,
}

/// An execution that failed.
///
/// Its text is Go's: `template: NAME:LINE:COLUMN: executing "NAME" at <CONTEXT>: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {file}:{line}:{column}: executing {} at <{context}>: {message}", crate::text::quote::quoted(.template))]
#[non_exhaustive]
pub struct ExecError {
    /// The name under which the text was parsed.
    pub file: Box<str>,
    /// The line, from 1.
    pub line: usize,
    /// The byte in the line as Go counts it: from 0 in the first line, from 1 in the others.
    pub column: usize,
    /// The template that was executing: the text itself or one that it defines.
    pub template: Box<str>,
    /// The part of the template that failed, as Go prints it.
    pub context: Box<str>,
    /// What is wrong there.
    pub message: String,
    /// Why, where callers tell causes apart.
    pub kind: ExecErrorKind,
}

/// The cause of an [`ExecError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecErrorKind {
    /// A key is not there and the option is `missingkey=error`.
    MissingKey,
    /// The template called `fail`.
    Fail,
    /// A bound of the caller's [`Limits`](crate::Limits) was exceeded.
    Limit(Limit),
    /// The function exists in Argo CD and is refused here; the message says why.
    Refused,
    /// Anything else.
    Other,
}

impl ExecError {
    /// Whether a key was missing under `missingkey=error`.
    pub fn is_missing_key(&self) -> bool {
        self.kind == ExecErrorKind::MissingKey
    }

    /// The bound that was exceeded, when that is the cause.
    pub fn limit(&self) -> Option<Limit> {
        match self.kind {
            ExecErrorKind::Limit(limit) => Some(limit),
            _ => None,
        }
    }
}

/// A bound that a template exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// The size of the template's text.
    Text(usize),
    /// The nesting of actions and parentheses in the template's text.
    Nesting(usize),
    /// The steps of one execution.
    Steps(u64),
    /// The bytes that one execution writes.
    Output(usize),
    /// The bytes of the values that one execution makes on its way.
    Memory(usize),
    /// The depth of templates within templates.
    Recursion(usize),
    /// The depth of lists and maps within each other.
    Depth(usize),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(max) => write!(f, "template text exceeds the limit of {max} bytes"),
            Self::Nesting(max) => write!(f, "template nests deeper than the limit of {max} levels"),
            Self::Steps(max) => write!(f, "execution exceeds the limit of {max} steps"),
            Self::Output(max) => write!(f, "output exceeds the limit of {max} bytes"),
            Self::Memory(max) => write!(f, "values made by the template exceed the limit of {max} bytes"),
            // Go's own words for its own, far higher, limit.
            Self::Recursion(max) => write!(f, "exceeded maximum template depth ({max})"),
            Self::Depth(max) => write!(f, "values nest deeper than the limit of {max} levels"),
        }
    }
}

/// A template option that Go does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", if .option.is_empty() { "empty option string".to_owned() } else { format!("unrecognized option: {}", .option) })]
#[non_exhaustive]
pub struct OptionError {
    /// The option as written.
    pub option: String,
}
