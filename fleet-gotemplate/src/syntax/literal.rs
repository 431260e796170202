//! Go's string and character literals.

/// What a quoted or raw string literal says, or `None` when it says nothing valid.
pub(super) fn unquote(literal: &str) -> Option<Result<Box<str>, Box<[u8]>>> {
    if let Some(raw) = literal.strip_prefix('`') {
        // Go drops carriage returns from raw strings.
        return Some(Ok(raw.strip_suffix('`')?.replace('\r', "").into()));
    }
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let (piece, after) = unquote_char(rest, '"')?;
        match piece {
            Piece::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Piece::Byte(byte) => out.push(byte),
        }
        rest = after;
    }
    Some(match String::from_utf8(out) {
        Ok(text) => Ok(text.into()),
        Err(error) => Err(error.into_bytes().into()),
    })
}

/// The number that a character constant is, quotes included.
pub(super) fn unquote_rune(literal: &str) -> Result<i64, String> {
    let (piece, rest) = literal
        .strip_prefix('\'')
        .and_then(|rest| unquote_char(rest, '\''))
        .ok_or_else(|| INVALID.to_owned())?;
    if rest != "'" {
        return Err(format!("malformed character constant: {literal}"));
    }
    Ok(match piece {
        Piece::Char(c) => i64::from(u32::from(c)),
        Piece::Byte(byte) => i64::from(byte),
    })
}

/// `strconv.ErrSyntax`.
pub(super) const INVALID: &str = "invalid syntax";

enum Piece {
    Char(char),
    /// A byte that is no character by itself.
    Byte(u8),
}

fn unquote_char(text: &str, quote: char) -> Option<(Piece, &str)> {
    let mut chars = text.chars();
    let c = chars.next()?;
    if c == quote || c == '\n' {
        return None;
    }
    if c != '\\' {
        return Some((Piece::Char(c), chars.as_str()));
    }
    let escape = chars.next()?;
    let rest = chars.as_str();
    let simple = match escape {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        '\'' | '"' if escape == quote => escape,
        'x' => return byte(rest, 2, 16),
        'u' => return code(rest, 4),
        'U' => return code(rest, 8),
        '0'..='7' => return byte(&text[1..], 3, 8),
        _ => return None,
    };
    Some((Piece::Char(simple), rest))
}

fn byte(text: &str, digits: usize, radix: u32) -> Option<(Piece, &str)> {
    let value = number(text, digits, radix)?;
    let value = u8::try_from(value).ok()?;
    let piece = if value.is_ascii() {
        Piece::Char(char::from(value))
    } else {
        Piece::Byte(value)
    };
    Some((piece, &text[digits..]))
}

fn code(text: &str, digits: usize) -> Option<(Piece, &str)> {
    let value = char::from_u32(number(text, digits, 16)?)?;
    Some((Piece::Char(value), &text[digits..]))
}

fn number(text: &str, digits: usize, radix: u32) -> Option<u32> {
    let text = text.get(..digits)?;
    if text.starts_with('+') {
        return None;
    }
    u32::from_str_radix(text, radix).ok()
}
