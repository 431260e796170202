//! Values as `%v` prints them, into a buffer that may fill up.

use std::fmt::Write as _;

use super::float::push_shortest;
use crate::exec::val::Val;
use crate::functions::dates;
use crate::options::Limits;

/// A text that grows to a limit and no further.
#[derive(Debug)]
pub(crate) struct Sink<'o> {
    out: &'o mut String,
    limit: usize,
    full: bool,
    too_deep: bool,
}

impl<'o> Sink<'o> {
    /// `limit` is the length in bytes that the text may have.
    pub(crate) fn new(out: &'o mut String, limit: usize) -> Self {
        Self {
            out,
            limit,
            full: false,
            too_deep: false,
        }
    }

    pub(crate) fn push(&mut self, text: &str) {
        if text.len() > self.limit.saturating_sub(self.out.len()) {
            self.full = true;
        } else {
            self.out.push_str(text);
        }
    }

    pub(crate) fn repeat(&mut self, c: char, count: usize) {
        if count > self.limit.saturating_sub(self.out.len()) {
            self.full = true;
        } else {
            self.out.extend(std::iter::repeat_n(c, count));
        }
    }

    /// Whether something did not fit.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Whether a value nested too deep to print.
    pub(crate) fn is_too_deep(&self) -> bool {
        self.too_deep
    }

    /// Whether to go on.
    pub(crate) fn stopped(&self) -> bool {
        self.full || self.too_deep
    }

    pub(crate) fn too_deep(&mut self) {
        self.too_deep = true;
    }
}

impl std::fmt::Write for Sink<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push(text);
        Ok(())
    }
}

/// Prints a value as `%v` does.
pub(crate) fn print(sink: &mut Sink<'_>, value: &Val<'_>) {
    nested(sink, value, 0);
}

/// The text that `%v` gives, as far as it fits.
pub(crate) fn to_text(value: &Val<'_>, limit: usize) -> Option<String> {
    let mut text = String::new();
    let mut sink = Sink::new(&mut text, limit);
    print(&mut sink, value);
    (!sink.stopped()).then_some(text)
}

/// Values that print as a text of their own: Go's `Stringer`s.
pub(crate) fn stringer(value: &Val<'_>) -> Option<String> {
    Some(match value {
        Val::Version(version) => version.to_string(),
        Val::Time(time) => time.to_string(),
        Val::Duration(nanoseconds) => dates::duration_text(*nanoseconds),
        Val::Month(month) => dates::month_name(*month),
        Val::Weekday(day) => dates::weekday_name(*day),
        _ => return None,
    })
}

fn nested(sink: &mut Sink<'_>, value: &Val<'_>, depth: usize) {
    if depth > Limits::DEPTH {
        sink.too_deep();
        return;
    }
    match value {
        Val::Nil => sink.push("<nil>"),
        Val::Bool(value) => sink.push(if *value { "true" } else { "false" }),
        Val::Int(value) | Val::Int64(value) => {
            let _ = write!(sink, "{value}");
        }
        Val::Uint8(value) => {
            let _ = write!(sink, "{value}");
        }
        Val::Uint64(value) => {
            let _ = write!(sink, "{value}");
        }
        Val::Float(value) => {
            let mut text = String::new();
            push_shortest(&mut text, *value);
            sink.push(&text);
        }
        Val::Complex(real, imaginary) => {
            let mut text = String::new();
            push_shortest(&mut text, *imaginary);
            let sign = if text.starts_with(['-', '+']) { "" } else { "+" };
            let mut first = String::new();
            push_shortest(&mut first, *real);
            let _ = write!(sink, "({first}{sign}{text}i)");
        }
        Val::Str(text) => sink.push(&text.as_str()),
        Val::RawJson(text) => {
            sink.push("{[");
            for (index, byte) in text.bytes().enumerate() {
                let _ = write!(sink, "{}{byte}", if index > 0 { " " } else { "" });
            }
            sink.push("]}");
        }
        Val::List(list) => {
            sink.push("[");
            for (index, item) in list.iter().enumerate() {
                if sink.stopped() {
                    return;
                }
                if index > 0 {
                    sink.push(" ");
                }
                nested(sink, &item, depth + 1);
            }
            sink.push("]");
        }
        Val::Map(map) => {
            sink.push("map[");
            for (index, (key, item)) in map.entries().into_iter().enumerate() {
                if sink.stopped() {
                    return;
                }
                if index > 0 {
                    sink.push(" ");
                }
                sink.push(&key.as_str());
                sink.push(":");
                nested(sink, &item, depth + 1);
            }
            sink.push("]");
        }
        Val::Version(_) | Val::Time(_) | Val::Duration(_) | Val::Month(_) | Val::Weekday(_) => {
            sink.push(&stringer(value).unwrap_or_default());
        }
    }
}
