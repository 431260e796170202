//! JSON as Go's `encoding/json` writes and reads it, with its messages.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::print::Sink;
use crate::exec::cx::{Cx, Fault, Result};
use crate::exec::val::{Str, Val};
use crate::options::Limits;
use crate::value::Elem;

/// How JSON is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// `<`, `>` and `&` as escapes.
    pub(crate) escape_html: bool,
    /// Two spaces a level.
    pub(crate) indent: bool,
}

/// Writes a value; the error is Go's.
pub(crate) fn write(sink: &mut Sink<'_>, value: &Val<'_>, style: Style) -> std::result::Result<(), String> {
    nested(sink, value, style, 0)
}

fn nested(
    sink: &mut Sink<'_>,
    value: &Val<'_>,
    style: Style,
    depth: usize,
) -> std::result::Result<(), String> {
    if depth > Limits::DEPTH {
        sink.too_deep();
    }
    if sink.stopped() {
        return Ok(());
    }
    match value {
        Val::Nil => sink.push("null"),
        Val::Bool(value) => sink.push(if *value { "true" } else { "false" }),
        Val::Int(value) | Val::Int64(value) | Val::Duration(value) => sink.push(&value.to_string()),
        Val::Month(value) | Val::Weekday(value) => sink.push(&value.to_string()),
        Val::Uint8(value) => sink.push(&value.to_string()),
        Val::Uint64(value) => sink.push(&value.to_string()),
        Val::Float(value) => sink.push(&number(*value)?),
        Val::Complex(..) => return Err("json: unsupported type: complex128".to_owned()),
        Val::Str(text) => string(sink, &text.as_str(), style.escape_html),
        Val::RawJson(text) if style.escape_html => sink.push(&html_escaped(text)),
        Val::RawJson(text) => sink.push(text),
        Val::Version(version) => string(sink, &version.to_string(), style.escape_html),
        Val::Time(time) => string(sink, &time.rfc3339(), style.escape_html),
        Val::List(list) if list.is_nil() => sink.push("null"),
        Val::List(list) => {
            sink.push("[");
            for (index, item) in list.iter().enumerate() {
                if sink.stopped() {
                    return Ok(());
                }
                if index > 0 {
                    sink.push(",");
                }
                line(sink, style, depth + 1);
                nested(sink, &item, style, depth + 1)?;
            }
            if list.len() > 0 {
                line(sink, style, depth);
            }
            sink.push("]");
        }
        Val::Map(map) if map.is_nil() => sink.push("null"),
        Val::Map(map) => {
            sink.push("{");
            for (index, (key, item)) in map.entries().into_iter().enumerate() {
                if sink.stopped() {
                    return Ok(());
                }
                if index > 0 {
                    sink.push(",");
                }
                line(sink, style, depth + 1);
                string(sink, &key.as_str(), style.escape_html);
                sink.push(if style.indent { ": " } else { ":" });
                nested(sink, &item, style, depth + 1)?;
            }
            if map.len() > 0 {
                line(sink, style, depth);
            }
            sink.push("}");
        }
    }
    Ok(())
}

/// JSON text in which what HTML would read is escaped. It stands in strings only.
fn html_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn line(sink: &mut Sink<'_>, style: Style, depth: usize) {
    if style.indent {
        sink.push("\n");
        sink.repeat(' ', 2 * depth);
    }
}

/// A float: with an exponent below 1e-6 and from 1e21 on.
pub(crate) fn number(value: f64) -> std::result::Result<String, String> {
    if !value.is_finite() {
        return Err(format!(
            "json: unsupported value: {}",
            super::float::shortest(value)
        ));
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        let exponent = text.find('e').map_or(text.len(), |at| at + 1);
        let plus = if text[exponent..].starts_with('-') {
            ""
        } else {
            "+"
        };
        return Ok(format!("{}{plus}{}", &text[..exponent], &text[exponent..]));
    }
    Ok(value.to_string())
}

fn string(sink: &mut Sink<'_>, text: &str, escape_html: bool) {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' if !escape_html => out.push(c),
            '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    sink.push(&out);
}

/// What `encoding/json` says of a text that is no JSON; nothing if it is.
pub fn json_error(text: &str) -> Option<String> {
    let env = crate::options::Env::default();
    let mut cx = Cx::new(&env);
    match read(&mut cx, text) {
        Err(Fault::Message(message)) => Some(message),
        _ => None,
    }
}

/// Reads a text: every number is a float.
pub(crate) fn read<'a>(cx: &mut Cx<'a>, text: &str) -> Result<Val<'a>> {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        text,
        at: 0,
    };
    reader.space();
    let value = reader.value(cx, 0)?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.unexpected("after top-level value")),
    }
}

struct Reader<'t> {
    bytes: &'t [u8],
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The error for the byte ahead, or for the end.
    fn unexpected(&self, context: &str) -> Fault {
        let Some(byte) = self.peek() else {
            return "unexpected end of JSON input".into();
        };
        let name = match byte {
            b'\'' => r"'\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            byte => {
                let quoted = super::quote::quoted(&char::from(byte).to_string());
                format!("'{}'", &quoted[1..quoted.len() - 1])
            }
        };
        format!("invalid character {name} {context}").into()
    }

    fn value<'a>(&mut self, cx: &mut Cx<'a>, depth: usize) -> Result<Val<'a>> {
        if depth > Limits::DEPTH {
            return Err(crate::Limit::Depth(Limits::DEPTH).into());
        }
        cx.step(1)?;
        match self.peek() {
            Some(b'{') => self.object(cx, depth),
            Some(b'[') => self.array(cx, depth),
            Some(b'"') => {
                let text = self.string()?;
                cx.text(text)
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Val::Bool(true)),
            Some(b'f') => self.literal("false", Val::Bool(false)),
            Some(b'n') => self.literal("null", Val::Nil),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn literal<'a>(&mut self, word: &str, value: Val<'a>) -> Result<Val<'a>> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(self.unexpected(&context));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number<'a>(&mut self) -> Result<Val<'a>> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unexpected("in numeric literal")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if !matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.unexpected("after decimal point in numeric literal"));
            }
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.unexpected("in exponent of numeric literal"));
            }
            self.digits();
        }
        let text = &self.text[start..self.at];
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Val::Float(number)),
            _ => Err(format!("json: cannot unmarshal number {text} into Go value of type float64").into()),
        }
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Result<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let plain = self.bytes[self.at..]
                .iter()
                .take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f))
                .count();
            out.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                _ => return Err(self.unexpected("in string literal")),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<()> {
        let simple = match self.peek() {
            Some(b'u') => {
                self.at += 1;
                let unit = self.hexadecimal()?;
                out.push(self.code_point(unit)?);
                return Ok(());
            }
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        out.push(simple);
        Ok(())
    }

    /// The character of an escape, with the second half of a pair when there is one.
    fn code_point(&mut self, unit: u32) -> Result<char> {
        if let Some(c) = char::from_u32(unit) {
            return Ok(c);
        }
        if unit < 0xdc00 && self.bytes[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hexadecimal(&mut self) -> Result<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }

    fn array<'a>(&mut self, cx: &mut Cx<'a>, depth: usize) -> Result<Val<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return cx.list(Elem::Any, items);
        }
        loop {
            self.space();
            items.push(self.value(cx, depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return cx.list(Elem::Any, items);
                }
                _ => return Err(self.unexpected("after array element")),
            }
        }
    }

    fn object<'a>(&mut self, cx: &mut Cx<'a>, depth: usize) -> Result<Val<'a>> {
        self.at += 1;
        let mut entries = BTreeMap::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return cx.map(Elem::Any, entries);
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            cx.claim(key.len())?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("after object key"));
            }
            self.at += 1;
            self.space();
            let value = self.value(cx, depth + 1)?;
            entries.insert(Str::Shared(key.into()), value);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return cx.map(Elem::Any, entries);
                }
                _ => return Err(self.unexpected("after object key:value pair")),
            }
        }
    }
}
