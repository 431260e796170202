//! From a value to block YAML in the layout of `kubectl get -o yaml`.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use super::error::YamlError;
use super::scalar::Scalar;

/// Writes a value as one block-style YAML document, without `---`.
///
/// Keys are sorted and lists stand at their key's indentation, as `kubectl get -o yaml` prints them. Strings that
/// Kubernetes (or a YAML 1.2 reader) would take for something else, such as `no`, `0644` or `1e3`, are quoted; text of
/// several lines becomes a literal block. What is written reads back as the same value.
///
/// ```
/// use serde_json::json;
///
/// let text = fleet_core::yaml::to_string(&json!({"mode": "0644", "args": ["on", "x"], "replicas": 3}))?;
/// assert_eq!(text, "args:\n- \"on\"\n- x\nmode: \"0644\"\nreplicas: 3\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`YamlError::Serialize`] when the value's own `Serialize` fails, or when a map has keys that are not strings. A
/// float that is not finite becomes null, as `serde_json` has it.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, YamlError> {
    let value = serde_json::to_value(value).map_err(YamlError::Serialize)?;
    let mut out = String::new();
    match &value {
        Value::Object(map) if !map.is_empty() => mapping(&mut out, map, 0, false),
        Value::Array(items) if !items.is_empty() => sequence(&mut out, items, 0, false),
        scalar => {
            inline(&mut out, scalar, 0);
            out.push('\n');
        }
    }
    Ok(out)
}

fn mapping(out: &mut String, map: &Map<String, Value>, indent: usize, mut started: bool) {
    // serde_json's map is sorted unless another crate turns on its `preserve_order`.
    let mut fields: Vec<(&String, &Value)> = map.iter().collect();
    fields.sort_by_key(|(name, _)| *name);
    for (name, value) in fields {
        if !std::mem::take(&mut started) {
            pad(out, indent);
        }
        let key = key(name);
        // YAML finds a plain key's colon within 1024 characters only.
        if key.len() > 1_000 {
            out.push_str("? ");
            out.push_str(&key);
            out.push('\n');
            pad(out, indent);
        } else {
            out.push_str(&key);
        }
        out.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                out.push('\n');
                mapping(out, map, indent + 2, false);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                sequence(out, items, indent, false);
            }
            scalar => {
                out.push(' ');
                inline(out, scalar, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn sequence(out: &mut String, items: &[Value], indent: usize, mut started: bool) {
    for item in items {
        if !std::mem::take(&mut started) {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => mapping(out, map, indent + 2, true),
            Value::Array(items) if !items.is_empty() => sequence(out, items, indent + 2, true),
            scalar => {
                inline(out, scalar, indent + 2);
                out.push('\n');
            }
        }
    }
}

/// A scalar or an empty collection, without a line break behind it.
fn inline(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        Value::String(text) if is_literal(text) => literal(out, text, indent),
        scalar => out.push_str(&single_line(scalar)),
    }
}

/// A scalar on one line, plain where that says the same and quoted where it does not.
pub(super) fn single_line(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) if is_plain(text) => Cow::Borrowed(text),
        Value::String(text) => Cow::Owned(double_quoted(text)),
        other => Cow::Owned(other.to_string()),
    }
}

fn key(name: &str) -> Cow<'_, str> {
    if is_plain(name) && name != "<<" {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(double_quoted(name))
    }
}

/// In double quotes, on one line.
pub(super) fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                // Writing to a String cannot fail.
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

/// In single quotes, when that can say it.
pub(super) fn single_quoted(text: &str) -> Option<String> {
    text.chars()
        .all(is_printable)
        .then(|| format!("'{}'", text.replace('\'', "''")))
}

/// Whether the text can stand plain, in block and in flow collections, and is a string to every reader.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let starts_well = first.is_alphanumeric()
        || matches!(first, '/' | '_' | '(' | '.' | '$' | '+' | '=' | ';' | '^')
        || (matches!(first, '-' | '<') && text.chars().nth(1).is_some_and(char::is_alphanumeric));
    starts_well
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && text
            .chars()
            .all(|c| is_printable(c) && !matches!(c, ',' | '[' | ']' | '{' | '}'))
        && !text.starts_with("---")
        && !text.starts_with("...")
        && text != "="
        && !looks_like_a_number(text)
        && matches!(Scalar::plain(Cow::Borrowed(text)), Scalar::Str(_))
}

/// Digits that Kubernetes takes for a string and another YAML reader for a number or a date: better quoted.
fn looks_like_a_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.chars().all(|c| {
            c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '-' | '+' | '_' | 'o' | 'x' | 'X' | 'T' | 'Z')
        })
        && unsigned.matches('.').count() < 2
}

fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a literal block (`|`) says the text: several lines, none of which is blank but not empty at the start.
fn is_literal(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text.chars().all(|c| c == '\n' || c == '\t' || is_printable(c))
        && text
            .lines()
            .all(|line| !line.trim().is_empty() || line.is_empty())
}

fn literal(out: &mut String, text: &str, indent: usize) {
    let body = text.trim_end_matches('\n');
    out.push_str(match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
    }
    // The caller ends the last line.
    out.extend(std::iter::repeat_n(
        '\n',
        (text.len() - body.len()).saturating_sub(1),
    ));
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}
