//! `printf`: Go's verbs, flags, widths and argument indexes, and what it writes when they do not fit.

use std::fmt::Write as _;

use super::float;
use super::print::{Sink, stringer};
use super::quote::{quoted_ascii, quoted_bytes, quoted_char};
use crate::exec::val::{List, Map, Slot, Str, Val};
use crate::options::Limits;
use crate::unicode::is_print;

/// Formats the arguments into the sink.
pub(crate) fn sprintf(sink: &mut Sink<'_>, format: &str, args: &[Slot<'_>]) {
    Printer {
        sink,
        flags: Flags::default(),
        reordered: false,
        good_index: true,
    }
    .run(format, args);
}

#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)] // they are flags
struct Flags {
    sharp: bool,
    zero: bool,
    plus: bool,
    minus: bool,
    space: bool,
    /// `%#v`.
    sharp_v: bool,
    /// `%+v`.
    plus_v: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

struct Printer<'s, 'o> {
    sink: &'s mut Sink<'o>,
    flags: Flags,
    reordered: bool,
    good_index: bool,
}

/// Go refuses larger widths and precisions.
const TOO_LARGE: i64 = 1_000_000;

impl Printer<'_, '_> {
    fn run(&mut self, format: &str, args: &[Slot<'_>]) {
        let bytes = format.as_bytes();
        let mut at = 0;
        let mut next = 0;
        while at < bytes.len() && !self.sink.stopped() {
            self.good_index = true;
            let literal = format[at..].find('%').unwrap_or(format.len() - at);
            self.sink.push(&format[at..at + literal]);
            at += literal;
            if at >= bytes.len() {
                break;
            }
            at += 1;
            self.flags = Flags::default();
            while let Some(byte) = bytes.get(at) {
                match byte {
                    b'#' => self.flags.sharp = true,
                    b'0' => self.flags.zero = true,
                    b'+' => self.flags.plus = true,
                    b'-' => self.flags.minus = true,
                    b' ' => self.flags.space = true,
                    _ => break,
                }
                at += 1;
            }
            let mut after_index = self.index(format, &mut at, &mut next, args.len());
            if bytes.get(at) == Some(&b'*') {
                at += 1;
                match int_argument(args, &mut next) {
                    Some(width) => {
                        if width < 0 {
                            self.flags.minus = true;
                            self.flags.zero = false;
                        }
                        self.flags.width = usize::try_from(width.unsigned_abs()).ok();
                    }
                    None => self.sink.push("%!(BADWIDTH)"),
                }
                after_index = false;
            } else {
                self.flags.width = number(bytes, &mut at);
                if after_index && self.flags.width.is_some() {
                    self.good_index = false;
                }
            }
            if at + 1 < bytes.len() && bytes[at] == b'.' {
                at += 1;
                if after_index {
                    self.good_index = false;
                }
                after_index = self.index(format, &mut at, &mut next, args.len());
                if bytes.get(at) == Some(&b'*') {
                    at += 1;
                    self.flags.precision =
                        int_argument(args, &mut next).and_then(|precision| usize::try_from(precision).ok());
                    if self.flags.precision.is_none() {
                        self.sink.push("%!(BADPREC)");
                    }
                    after_index = false;
                } else {
                    self.flags.precision = Some(number(bytes, &mut at).unwrap_or(0));
                }
            }
            if !after_index {
                self.index(format, &mut at, &mut next, args.len());
            }
            let Some(verb) = format.get(at..).and_then(|rest| rest.chars().next()) else {
                self.sink.push("%!(NOVERB)");
                break;
            };
            at += verb.len_utf8();
            if verb == '%' {
                self.sink.push("%");
            } else if !self.good_index {
                let _ = write!(self.sink, "%!{verb}(BADINDEX)");
            } else if let Some(arg) = args.get(next) {
                if matches!(verb, 'v' | 'w') {
                    self.flags.sharp_v = std::mem::take(&mut self.flags.sharp);
                    self.flags.plus_v = std::mem::take(&mut self.flags.plus);
                }
                self.arg(&arg.val, verb);
                next += 1;
            } else {
                let _ = write!(self.sink, "%!{verb}(MISSING)");
            }
        }
        if !self.reordered && next < args.len() {
            self.extra(&args[next..]);
        }
    }

    fn extra(&mut self, args: &[Slot<'_>]) {
        self.flags = Flags::default();
        self.sink.push("%!(EXTRA ");
        for (index, arg) in args.iter().enumerate() {
            if index > 0 {
                self.sink.push(", ");
            }
            if arg.val.is_nil() {
                self.sink.push("<nil>");
            } else {
                self.sink.push(arg.val.type_name());
                self.sink.push("=");
                self.arg(&arg.val, 'v');
            }
        }
        self.sink.push(")");
    }

    /// Reads `[n]`, when there is one; says whether.
    fn index(&mut self, format: &str, at: &mut usize, next: &mut usize, count: usize) -> bool {
        let bytes = format.as_bytes();
        if bytes.get(*at) != Some(&b'[') {
            return false;
        }
        self.reordered = true;
        let Some(length) = format[*at..].find(']').filter(|_| format.len() - *at >= 3) else {
            self.good_index = false;
            *at += 1;
            return false;
        };
        let mut digits = *at + 1;
        let end = *at + length;
        let index = number(&bytes[..end], &mut digits);
        *at = end + 1;
        match index {
            Some(index) if digits == end => {
                if index >= 1 && index <= count {
                    *next = index - 1;
                } else {
                    self.good_index = false;
                }
                true
            }
            _ => {
                self.good_index = false;
                false
            }
        }
    }

    fn arg(&mut self, value: &Val<'_>, verb: char) {
        match verb {
            'T' => return self.text(value.type_name()),
            'p' => return self.bad_verb(value, verb),
            _ => {}
        }
        if value.is_nil() {
            if verb == 'v' {
                self.pad("<nil>");
            } else {
                self.bad_verb(value, verb);
            }
            return;
        }
        self.value(value, verb, 0);
    }

    fn value(&mut self, value: &Val<'_>, verb: char, depth: usize) {
        if depth > Limits::DEPTH {
            self.sink.too_deep();
            return;
        }
        if self.sink.stopped() {
            return;
        }
        if !self.flags.sharp_v
            && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
            && let Some(text) = stringer(value)
        {
            return self.string(value, &Str::Ref(&text), verb);
        }
        match value {
            // What an interface in a list holds; every verb writes the same.
            Val::Nil => self.sink.push(if self.flags.sharp_v {
                "interface {}(nil)"
            } else {
                "<nil>"
            }),
            Val::Bool(flag) => match verb {
                't' | 'v' => self.pad(if *flag { "true" } else { "false" }),
                _ => self.bad_verb(value, verb),
            },
            Val::Int(number) | Val::Int64(number) | Val::Duration(number) => {
                self.integer(value, number.unsigned_abs(), *number < 0, verb);
            }
            Val::Month(number) | Val::Weekday(number) => {
                self.integer(value, u64::from(number.unsigned_abs()), *number < 0, verb);
            }
            Val::Uint8(number) => self.integer(value, u64::from(*number), false, verb),
            Val::Uint64(number) => self.integer(value, *number, false, verb),
            Val::Float(number) => self.float(value, *number, verb),
            Val::Complex(real, imaginary) => {
                if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
                    return self.bad_verb(value, verb);
                }
                let plus = self.flags.plus;
                self.sink.push("(");
                self.float(value, *real, verb);
                self.flags.plus = true;
                self.float(value, *imaginary, verb);
                self.sink.push("i)");
                self.flags.plus = plus;
            }
            Val::Str(text) => self.string(value, text, verb),
            Val::RawJson(text) if verb == 's' => {
                self.sink.push("{");
                self.sink.push(text);
                self.sink.push("}");
            }
            Val::RawJson(_) => super::print::print(self.sink, value),
            Val::List(list) => self.list(value, list, verb, depth),
            Val::Map(map) => self.map(value, map, verb, depth),
            Val::Version(_) | Val::Time(_) => {
                // A struct of fields that nobody prints on purpose.
                self.bad_verb(value, verb);
            }
        }
    }

    fn list(&mut self, value: &Val<'_>, list: &List<'_>, verb: char, depth: usize) {
        let (open, between, close) = if self.flags.sharp_v {
            self.sink.push(value.type_name());
            if list.is_nil() {
                return self.sink.push("(nil)");
            }
            ("{", ", ", "}")
        } else {
            ("[", " ", "]")
        };
        self.sink.push(open);
        for (index, item) in list.iter().enumerate() {
            if self.sink.stopped() {
                return;
            }
            if index > 0 {
                self.sink.push(between);
            }
            self.value(&item, verb, depth + 1);
        }
        self.sink.push(close);
    }

    fn map(&mut self, value: &Val<'_>, map: &Map<'_>, verb: char, depth: usize) {
        let (open, between, close) = if self.flags.sharp_v {
            self.sink.push(value.type_name());
            if map.is_nil() {
                return self.sink.push("(nil)");
            }
            ("{", ", ", "}")
        } else {
            ("map[", " ", "]")
        };
        self.sink.push(open);
        for (index, (key, item)) in map.entries().into_iter().enumerate() {
            if self.sink.stopped() {
                return;
            }
            if index > 0 {
                self.sink.push(between);
            }
            self.value(&Val::Str(key), verb, depth + 1);
            self.sink.push(":");
            self.value(&item, verb, depth + 1);
        }
        self.sink.push(close);
    }

    fn bad_verb(&mut self, value: &Val<'_>, verb: char) {
        let _ = write!(self.sink, "%!{verb}(");
        if value.is_nil() {
            self.sink.push("<nil>");
        } else {
            self.sink.push(value.type_name());
            self.sink.push("=");
            self.value(value, 'v', 0);
        }
        self.sink.push(")");
    }

    fn pad(&mut self, text: &str) {
        let width = self.flags.width.unwrap_or(0).saturating_sub(text.chars().count());
        if self.flags.minus {
            self.sink.push(text);
            self.sink.repeat(' ', width);
        } else {
            self.sink.repeat(if self.flags.zero { '0' } else { ' ' }, width);
            self.sink.push(text);
        }
    }

    /// Pads with spaces whatever the flags say.
    fn pad_with_spaces(&mut self, text: &str) {
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(text);
        self.flags.zero = zero;
    }

    /// Cut to the precision and padded.
    fn text(&mut self, text: &str) {
        match self.flags.precision {
            Some(precision) => {
                let end = text
                    .char_indices()
                    .nth(precision)
                    .map_or(text.len(), |(at, _)| at);
                self.pad(&text[..end]);
            }
            None => self.pad(text),
        }
    }

    fn string(&mut self, value: &Val<'_>, text: &Str<'_>, verb: char) {
        match verb {
            'v' if self.flags.sharp_v => self.quote(text),
            'v' | 's' => self.text(&text.as_str()),
            'x' | 'X' => self.hexadecimal(text.as_bytes(), verb == 'X'),
            'q' => self.quote(text),
            _ => self.bad_verb(value, verb),
        }
    }

    fn quote(&mut self, text: &Str<'_>) {
        let bytes = match (text, self.flags.precision) {
            (text, None) => text.as_bytes().to_vec(),
            (text, Some(precision)) => text
                .as_str()
                .chars()
                .take(precision)
                .collect::<String>()
                .into_bytes(),
        };
        let quoted = match std::str::from_utf8(&bytes) {
            Ok(text) if self.flags.sharp && can_be_raw(text) => format!("`{text}`"),
            Ok(text) if self.flags.plus => quoted_ascii(text),
            _ => quoted_bytes(&bytes, self.flags.plus),
        };
        self.pad(&quoted);
    }

    fn hexadecimal(&mut self, bytes: &[u8], upper: bool) {
        let bytes = &bytes[..self.flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
        if bytes.is_empty() {
            self.sink.repeat(
                if self.flags.zero && !self.flags.minus {
                    '0'
                } else {
                    ' '
                },
                self.flags.width.unwrap_or(0),
            );
            return;
        }
        let prefix = match (self.flags.sharp, upper) {
            (false, _) => "",
            (true, false) => "0x",
            (true, true) => "0X",
        };
        let mut text = String::from(prefix);
        for (index, byte) in bytes.iter().enumerate() {
            if self.flags.space && index > 0 {
                text.push(' ');
                text.push_str(prefix);
            }
            let _ = if upper {
                write!(text, "{byte:02X}")
            } else {
                write!(text, "{byte:02x}")
            };
        }
        self.pad(&text);
    }

    fn integer(&mut self, value: &Val<'_>, number: u64, negative: bool, verb: char) {
        let (base, upper) = match verb {
            'v' if self.flags.sharp_v && matches!(value, Val::Uint8(_) | Val::Uint64(_)) => {
                self.flags.sharp = true;
                self.based(number, negative, 16, false, verb);
                self.flags.sharp = false;
                return;
            }
            'v' | 'd' => (10, false),
            'b' => (2, false),
            'o' | 'O' => (8, false),
            'x' => (16, false),
            'X' => (16, true),
            'c' => return self.pad(&character(number, negative).to_string()),
            'q' => {
                let quoted = quoted_char(character(number, negative), self.flags.plus);
                return self.pad(&quoted);
            }
            'U' => return self.code_point(if negative { number.wrapping_neg() } else { number }),
            _ => return self.bad_verb(value, verb),
        };
        self.based(number, negative, base, upper, verb);
    }

    fn based(&mut self, number: u64, negative: bool, base: u32, upper: bool, verb: char) {
        let flags = self.flags;
        if flags.precision == Some(0) && number == 0 {
            return self.sink.repeat(' ', flags.width.unwrap_or(0));
        }
        let signed = negative || flags.plus || flags.space;
        let least = match (flags.precision, flags.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if flags.zero && !flags.minus => width.saturating_sub(usize::from(signed)),
            _ => 0,
        };
        let digits = match base {
            2 => format!("{number:b}"),
            8 => format!("{number:o}"),
            16 if upper => format!("{number:X}"),
            16 => format!("{number:x}"),
            _ => number.to_string(),
        };
        let mut text = String::new();
        text.push_str(match (negative, flags.plus, flags.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        });
        let zeros = least.saturating_sub(digits.len());
        if verb == 'O' {
            text.push_str("0o");
        }
        if flags.sharp {
            text.push_str(match base {
                2 => "0b",
                8 if zeros == 0 && !digits.starts_with('0') => "0",
                16 if upper => "0X",
                16 => "0x",
                _ => "",
            });
        }
        text.extend(std::iter::repeat_n('0', zeros));
        text.push_str(&digits);
        self.pad_with_spaces(&text);
    }

    fn code_point(&mut self, number: u64) {
        let precision = self.flags.precision.unwrap_or(0).max(4);
        let mut text = format!("U+{number:0precision$X}");
        if self.flags.sharp
            && let Some(c) = u32::try_from(number).ok().and_then(char::from_u32)
            && is_print(c)
        {
            let _ = write!(text, " '{c}'");
        }
        self.pad_with_spaces(&text);
    }

    fn float(&mut self, value: &Val<'_>, number: f64, verb: char) {
        let (format, precision) = match verb {
            'v' => ('g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb, None),
            'f' | 'e' | 'E' => (verb, Some(6)),
            'F' => ('f', Some(6)),
            _ => return self.bad_verb(value, verb),
        };
        let precision = self.flags.precision.or(precision);
        let mut text = float::format(number, format, precision);
        if !text.starts_with(['-', '+']) {
            text.insert(0, '+');
        }
        if self.flags.space && text.starts_with('+') && !self.flags.plus {
            text.replace_range(..1, " ");
        }
        if !number.is_finite() {
            if number.is_nan() && !self.flags.space && !self.flags.plus {
                text.remove(0);
            }
            return self.pad_with_spaces(&text);
        }
        if self.flags.sharp && format != 'b' {
            text = with_point(&text, format, precision);
        }
        if self.flags.plus || !text.starts_with('+') {
            let width = self.flags.width.unwrap_or(0);
            if self.flags.zero && !self.flags.minus && width > text.len() {
                self.sink.push(&text[..1]);
                self.sink.repeat('0', width - text.len());
                return self.sink.push(&text[1..]);
            }
            return self.pad(&text);
        }
        self.pad(&text[1..]);
    }
}

/// `%#g` and its like: a decimal point always, and as many digits as the precision says. The text has a sign.
fn with_point(text: &str, verb: char, precision: Option<usize>) -> String {
    let mut digits = if matches!(verb, 'g' | 'G' | 'x') {
        precision.unwrap_or(6)
    } else {
        0
    };
    let tail_at = text
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, 'p' | 'P') || (matches!(c, 'e' | 'E') && !matches!(verb, 'x' | 'X')))
        .map_or(text.len(), |(at, _)| at);
    let (number, tail) = text.split_at(tail_at);
    let mut significant = false;
    for c in number.chars().skip(1).filter(|c| *c != '.') {
        significant |= c != '0';
        if significant {
            digits = digits.saturating_sub(1);
        }
    }
    let mut out = number.to_owned();
    if !number.contains('.') {
        if number.len() == 2 && number.ends_with('0') {
            digits = digits.saturating_sub(1);
        }
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', digits));
    out.push_str(tail);
    out
}

/// The character that a number is, as `%c` writes it.
fn character(number: u64, negative: bool) -> char {
    if negative {
        return char::REPLACEMENT_CHARACTER;
    }
    u32::try_from(number)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn can_be_raw(text: &str) -> bool {
    text.chars()
        .all(|c| c == '\t' || (c >= ' ' && !matches!(c, '`' | '\u{7f}' | '\u{feff}')))
}

/// A decimal number at a place. One that is too large spoils the rest of the format, as in Go.
fn number(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value: Option<i64> = None;
    while let Some(digit) = bytes.get(*at).filter(|byte| byte.is_ascii_digit()) {
        let so_far = value.unwrap_or(0);
        if so_far > TOO_LARGE {
            *at = bytes.len();
            return None;
        }
        value = Some(so_far * 10 + i64::from(digit - b'0'));
        *at += 1;
    }
    usize::try_from(value?).ok()
}

/// The argument that is a width or a precision.
fn int_argument(args: &[Slot<'_>], next: &mut usize) -> Option<i64> {
    let number = match args.get(*next)?.val {
        Val::Int(number) | Val::Int64(number) | Val::Duration(number) => Some(number),
        Val::Uint64(number) => i64::try_from(number).ok(),
        Val::Uint8(number) => Some(i64::from(number)),
        _ => None,
    };
    *next += 1;
    number.filter(|number| (-TOO_LARGE..=TOO_LARGE).contains(number))
}
