//! What Go's YAML reader says of a text it refuses, where ours refuses it as well.
//!
//! Ours says more, and says it in our errors' own text; this is what Argo CD puts into an ApplicationSet's status.

use fleet_core::yaml::{self, ValueProblem, YamlError};
use serde_json::Value;

use super::go;

/// The message, with Go's `yaml: ` before it where it has one.
pub(crate) fn message(error: &YamlError, text: &str) -> String {
    match error {
        YamlError::Syntax { position, problem } => {
            let words = Words::of(problem, text);
            // Lines count from 0, and the first is not named. Go's scanner then adds one, its parser does not.
            let line = match words.at {
                At::Scanner => position.line,
                At::Parser => position.line.saturating_sub(1),
                At::End => text.lines().count() as u64,
            };
            let first = u64::from(words.at == At::Scanner);
            if line > first {
                format!("yaml: line {line}: {}", words.text)
            } else {
                format!("yaml: {}", words.text)
            }
        }
        YamlError::Value {
            problem: ValueProblem::NotFinite,
            ..
        } => "json: unsupported value: +Inf".to_owned(),
        YamlError::Value {
            problem: ValueProblem::Key { found: "a mapping" },
            ..
        } => match unrendered_key(text) {
            Some((_, false)) => "yaml: did not find expected key".to_owned(),
            Some((name, true)) => {
                format!(
                    "yaml: invalid map key: map[interface {{}}]interface {{}}{{{name:?}:interface {{}}(nil)}}"
                )
            }
            None => format!("yaml: {error}"),
        },
        YamlError::Value {
            problem: ValueProblem::Key { .. },
            position,
            ..
        } => match value_of_null_key(text, position.line) {
            Some(value) => format!("unsupported map key of type: %!s(<nil>), key: <nil>, value: {value}"),
            None => format!("yaml: {error}"),
        },
        other => format!("yaml: {other}"),
    }
}

/// The name in a placeholder that nothing replaced: to YAML, a mapping as a key.
///
/// With it comes whether the line ends there; if it goes on, Go gives up before it looks at the key.
fn unrendered_key(text: &str) -> Option<(&str, bool)> {
    let (_, rest) = text.split_once("{{")?;
    let (name, rest) = rest.split_once("}}")?;
    let name = name.trim();
    let plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let rest = rest.lines().next().unwrap_or_default().trim_start();
    let ends = rest.is_empty() || rest.starts_with([',', ':', '#', '}', ']']);
    (!name.is_empty() && name.chars().all(plain)).then_some((name, ends))
}

/// The value of a key that is null: what stands behind it in its line, as Go prints it.
fn value_of_null_key(text: &str, line: u64) -> Option<String> {
    let line = text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let (key, value) = line.split_once(':')?;
    if !matches!(key.trim(), "~" | "null" | "Null" | "NULL" | "") {
        return None;
    }
    match yaml::documents(value).ok()?.into_iter().next()?.into_value() {
        Value::String(text) => Some(go::quoted(&text)),
        Value::Null => Some("interface {}(nil)".to_owned()),
        scalar @ (Value::Bool(_) | Value::Number(_)) => Some(scalar.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

struct Words<'a> {
    text: &'a str,
    at: At,
}

/// Which part of Go's reader gives up, and where it says that is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Scanner,
    Parser,
    /// The parser, behind the last line.
    End,
}

impl<'a> Words<'a> {
    fn of(problem: &'a str, text: &'a str) -> Self {
        // Ours names what it was doing first.
        let problem = match problem
            .strip_prefix("while ")
            .and_then(|rest| rest.split_once(", "))
        {
            Some((_, what)) => what,
            None => problem,
        };
        let (text, at) = match problem {
            "unclosed bracket '['" if ends_in_value(text) => ("did not find expected ',' or ']'", At::End),
            "unclosed bracket '{'" if ends_in_value(text) => ("did not find expected ',' or '}'", At::End),
            "unclosed bracket '['" | "unclosed bracket '{'" => {
                ("did not find expected node content", At::End)
            }
            "unclosed quote" => ("found unexpected end of stream", At::Scanner),
            "simple key expected ':'" => ("could not find expected ':'", At::Scanner),
            "tabs disallowed within this context (block indentation)" => {
                ("found character that cannot start any token", At::Scanner)
            }
            "unsupported YAML major version" => ("found incompatible YAML document", At::Parser),
            "did not find expected hexadecimal number" => {
                ("did not find expected hexdecimal number", At::Scanner)
            }
            "misplaced bracket" | "\"-\" is only valid inside a block" => {
                ("did not find expected node content", At::Parser)
            }
            other if other.starts_with("unexpected character: ") => {
                ("found character that cannot start any token", At::Scanner)
            }
            other if other.starts_with("invalid trailing content after") => {
                ("did not find expected key", At::Parser)
            }
            other if other.starts_with("unexpected EOF while parsing a block") => {
                ("did not find expected node content", At::Parser)
            }
            other if PARSER.contains(&other) => (other, At::Parser),
            other => (other, At::Scanner),
        };
        Self { text, at }
    }
}

/// Whether the last thing in a text is a value, after which a flow collection would go on with a comma.
fn ends_in_value(text: &str) -> bool {
    !text.trim_end().ends_with(['[', '{', ',', ':'])
}

/// What both readers' parsers say in the same words.
const PARSER: &[&str] = &["did not find expected key", "did not find expected '-' indicator"];
