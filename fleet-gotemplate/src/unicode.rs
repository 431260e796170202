//! Characters as Go's package `unicode` classifies and maps them.

use unicode_general_category::{GeneralCategory as Category, get_general_category as category};

/// `unicode.IsLetter`.
pub(crate) fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    matches!(
        category(c),
        Category::UppercaseLetter
            | Category::LowercaseLetter
            | Category::TitlecaseLetter
            | Category::ModifierLetter
            | Category::OtherLetter
    )
}

/// `unicode.IsDigit`.
pub(crate) fn is_digit(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    category(c) == Category::DecimalNumber
}

/// `unicode.IsNumber`.
pub(crate) fn is_number(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    matches!(
        category(c),
        Category::DecimalNumber | Category::LetterNumber | Category::OtherNumber
    )
}

/// `unicode.IsPunct`.
pub(crate) fn is_punct(c: char) -> bool {
    matches!(
        category(c),
        Category::ConnectorPunctuation
            | Category::DashPunctuation
            | Category::OpenPunctuation
            | Category::ClosePunctuation
            | Category::InitialPunctuation
            | Category::FinalPunctuation
            | Category::OtherPunctuation
    )
}

/// `unicode.IsSpace`.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// `unicode.IsUpper`.
pub(crate) fn is_upper(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_uppercase();
    }
    category(c) == Category::UppercaseLetter
}

/// `unicode.IsLower`.
pub(crate) fn is_lower(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_lowercase();
    }
    category(c) == Category::LowercaseLetter
}

/// `unicode.IsTitle`.
pub(crate) fn is_title(c: char) -> bool {
    category(c) == Category::TitlecaseLetter
}

/// `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the space.
pub(crate) fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    !matches!(
        category(c),
        Category::Control
            | Category::Format
            | Category::Surrogate
            | Category::PrivateUse
            | Category::Unassigned
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::SpaceSeparator
    )
}

/// `unicode.ToUpper`: one character to one.
pub(crate) fn to_upper(c: char) -> char {
    single(c.to_uppercase()).unwrap_or_else(|| iota_subscript(c))
}

/// `unicode.ToLower`: one character to one.
pub(crate) fn to_lower(c: char) -> char {
    // Rust writes the dot of U+0130 as a second character.
    single(c.to_lowercase()).unwrap_or(if c == '\u{130}' { 'i' } else { c })
}

/// `unicode.ToTitle`: one character to one; the digraphs are the only ones whose title case is not their upper case.
pub(crate) fn to_title(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        // Georgian has upper case, but no title case.
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        _ => to_upper(c),
    }
}

/// `strings.ToUpper`.
pub(crate) fn upper(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_uppercase()
    } else {
        text.chars().map(to_upper).collect()
    }
}

/// `strings.ToLower`.
pub(crate) fn lower(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().map(to_lower).collect()
    }
}

fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next()?;
    mapped.next().is_none().then_some(first)
}

/// The Greek letters with an iota below, whose full upper case is two characters and whose simple one is the title case.
fn iota_subscript(c: char) -> char {
    let code = u32::from(c);
    let shifted = match code {
        0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7 => code + 8,
        0x1fb3 | 0x1fc3 | 0x1ff3 => code + 9,
        _ => code,
    };
    char::from_u32(shifted).unwrap_or(c)
}
