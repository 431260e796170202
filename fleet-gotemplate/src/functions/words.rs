//! Words in a text: their case, and where to break and cut.

use crate::exec::cx::{Cx, Result};
use crate::unicode::{
    is_digit, is_letter, is_lower, is_number, is_punct, is_space, is_title, is_upper, to_lower, to_title,
    to_upper,
};

/// `strings.Title`: every letter that begins a word.
pub(super) fn title(text: &str) -> String {
    let mut previous = ' ';
    text.chars()
        .map(|c| {
            let titled = if separates(previous) { to_title(c) } else { c };
            previous = c;
            titled
        })
        .collect()
}

fn separates(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_alphanumeric() && c != '_';
    }
    !is_letter(c) && !is_digit(c) && is_space(c)
}

pub(super) fn untitle(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|c| {
            if is_space(c) {
                start = true;
                c
            } else if std::mem::take(&mut start) {
                to_lower(c)
            } else {
                c
            }
        })
        .collect()
}

pub(super) fn swap_case(text: &str) -> String {
    let mut after_space = true;
    text.chars()
        .map(|c| {
            if is_upper(c) || is_title(c) {
                after_space = false;
                to_lower(c)
            } else if is_lower(c) {
                if std::mem::take(&mut after_space) {
                    to_title(c)
                } else {
                    to_upper(c)
                }
            } else {
                after_space = is_space(c);
                c
            }
        })
        .collect()
}

/// `HelloWorld` from `hello_world`.
pub(super) fn pascal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut last = loop {
        let Some(c) = chars.next() else { return out };
        if !is_connector(c) {
            break c;
        }
        out.push(c);
    };
    let mut after_upper = is_upper(last);
    last = to_upper(last);
    for c in chars {
        let previous = std::mem::replace(&mut last, c);
        if is_connector(c) && is_connector(previous) {
            out.push(previous);
        } else if is_connector(previous) {
            after_upper = is_upper(c);
            last = to_upper(c);
        } else {
            if after_upper {
                if is_upper(c) {
                    last = to_lower(c);
                } else {
                    after_upper = false;
                }
            }
            out.push(previous);
        }
    }
    out.push(last);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// `hello_world` from `HelloWorld`.
pub(super) fn separated(text: &str, connector: char) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    if text.is_empty() {
        return out;
    }
    let (mut kind, mut word, mut rest) = next_word(text);
    while !rest.is_empty() {
        if kind != Kind::Connector {
            push_lower(&mut out, kind, word, connector);
        }
        let (previous, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        match previous {
            Kind::Number => {
                while matches!(kind, Kind::Alphabet | Kind::Number) {
                    push_lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if !matches!(kind, Kind::Nothing | Kind::Punctuation | Kind::Connector) {
                    out.push(connector);
                }
            }
            Kind::Connector => push_lower(&mut out, previous, last, connector),
            Kind::Punctuation => {}
            _ if kind != Kind::Number => {
                if !matches!(kind, Kind::Connector | Kind::Punctuation) {
                    out.push(connector);
                }
            }
            _ if rest.is_empty() => {}
            _ => {
                let number = word;
                (kind, word, rest) = next_word(rest);
                // A number belongs to the word before, unless small letters follow it.
                if kind != Kind::Alphabet {
                    push_lower(&mut out, Kind::Number, number, connector);
                    if !matches!(kind, Kind::Connector | Kind::Punctuation) {
                        out.push(connector);
                    }
                    continue;
                }
                out.push(connector);
                push_lower(&mut out, Kind::Number, number, connector);
                while matches!(kind, Kind::Alphabet | Kind::Number) {
                    push_lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if !matches!(kind, Kind::Nothing | Kind::Connector | Kind::Punctuation) {
                    out.push(connector);
                }
            }
        }
    }
    push_lower(&mut out, kind, word, connector);
    out
}

fn push_lower(out: &mut String, kind: Kind, word: &str, connector: char) {
    if !matches!(kind, Kind::Upper | Kind::Connector) {
        out.push_str(word);
        return;
    }
    for c in word.chars() {
        out.push(if is_connector(c) {
            connector
        } else if is_upper(c) {
            to_lower(c)
        } else {
            c
        });
    }
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || is_space(c)
}

/// xstrings takes Chinese characters for something else than letters.
fn is_alphabet(c: char) -> bool {
    if !is_letter(c) {
        return false;
    }
    !matches!(u32::from(c), 0x4e00..=0x9fcc | 0x3400..=0x4d85 | 0x20000..=0x2b81d)
}

/// The first word, its kind, and the rest.
fn next_word(text: &str) -> (Kind, &str, &str) {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return (Kind::Nothing, "", "");
    };
    let take_while = |holds: fn(char) -> bool| {
        text.char_indices()
            .skip(1)
            .find(|(_, c)| !holds(*c))
            .map_or(text.len(), |(at, _)| at)
    };
    let small = |c| is_alphabet(c) && !is_upper(c);
    let (kind, end) = if is_connector(first) {
        (Kind::Connector, take_while(is_connector))
    } else if is_punct(first) {
        (Kind::Punctuation, take_while(is_punct))
    } else if is_upper(first) {
        let end = match chars.next() {
            Some(second) if is_upper(second) => {
                let end = take_while(is_upper);
                // The last capital of several begins the next word.
                match text[end..].chars().next() {
                    Some(next) if is_alphabet(next) => {
                        end - text[..end].chars().next_back().map_or(0, char::len_utf8)
                    }
                    _ => end,
                }
            }
            Some(second) if is_alphabet(second) => take_while(small),
            _ => first.len_utf8(),
        };
        (Kind::Upper, end)
    } else if is_alphabet(first) {
        (Kind::Alphabet, take_while(small))
    } else if is_number(first) {
        (Kind::Number, take_while(is_number))
    } else {
        let other = |c| !is_connector(c) && !is_alphabet(c) && !is_number(c) && !is_punct(c);
        (Kind::Other, take_while(other))
    };
    (kind, &text[..end], &text[end..])
}

/// `goutils.AbbreviateFull`: cut to a width with three dots, from an offset.
pub(super) fn abbreviated(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let width = usize::try_from(width).unwrap_or(0);
    if text.len() <= width {
        return text.to_vec();
    }
    let mut offset = usize::try_from(offset).unwrap_or(0).min(text.len());
    if text.len() - offset < width - 3 {
        offset = text.len() - (width - 3);
    }
    if offset <= 4 {
        return [&text[..width - 3], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + width - 3 < text.len() {
        return [
            b"...",
            abbreviated(&text[offset..], 0, i64::try_from(width - 3).unwrap_or(0)).as_slice(),
        ]
        .concat();
    }
    [b"...", &text[text.len() - (width - 3)..]].concat()
}

/// `goutils.WrapCustom`: lines of so many bytes where spaces allow it.
pub(super) fn wrapped(
    cx: &mut Cx<'_>,
    text: &[u8],
    width: i64,
    newline: &str,
    break_words: bool,
) -> Result<Vec<u8>> {
    let newline = if newline.is_empty() { "\n" } else { newline };
    let width = usize::try_from(width).unwrap_or(1).max(1);
    let mut out = Vec::with_capacity(text.len());
    let mut offset = 0;
    while text.len() - offset > width {
        cx.step(1)?;
        if out.len() + width + newline.len() > cx.room() {
            return Err(cx.out_of_memory());
        }
        if text[offset] == b' ' {
            offset += 1;
            continue;
        }
        let (end, next) = match text[offset..=offset + width]
            .iter()
            .rposition(|byte| *byte == b' ')
        {
            Some(space) => (offset + space, offset + space + 1),
            None if break_words => (offset + width, offset + width),
            None => {
                let Some(space) = text[offset + width..].iter().position(|byte| *byte == b' ') else {
                    break;
                };
                (offset + width + space, offset + width + space + 1)
            }
        };
        out.extend_from_slice(&text[offset..end]);
        out.extend_from_slice(newline.as_bytes());
        offset = next;
    }
    out.extend_from_slice(&text[offset..]);
    Ok(out)
}
