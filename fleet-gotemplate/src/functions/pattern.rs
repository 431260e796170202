//! Go's regular expressions in the syntax of the crate `regex`, which reads the same family slightly differently: here `\d`,
//! `\w` and `\s` are ASCII, `**` is refused, `\Q` quotes, and a class has no operators. The messages are Go's.

use std::fmt::Write as _;

/// A translated expression, and the names of its groups.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) pattern: String,
    pub(super) groups: Vec<Option<String>>,
}

type Result<T> = std::result::Result<T, String>;

/// Translates, or says what Go's `regexp.Compile` says.
pub(super) fn translate(text: &str) -> Result<Translated> {
    let mut translator = Translator {
        text,
        at: 0,
        out: String::with_capacity(text.len() + 16),
        groups: vec![None],
        open: 0,
    };
    translator.run()?;
    Ok(Translated {
        pattern: translator.out,
        groups: translator.groups,
    })
}

pub(super) fn error(what: &str, part: &str) -> String {
    format!("error parsing regexp: {what}: `{part}`")
}

struct Translator<'t> {
    text: &'t str,
    at: usize,
    out: String,
    groups: Vec<Option<String>>,
    open: usize,
}

impl<'t> Translator<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn run(&mut self) -> Result<()> {
        // Whether there is something to repeat, and where the repetition before began.
        let mut repeatable = false;
        let mut repeated_at: Option<usize> = None;
        while let Some(c) = self.rest().chars().next() {
            let start = self.at;
            let repetition = match c {
                '*' | '+' | '?' => Some(1),
                '{' => self.counts()?,
                _ => None,
            };
            if let Some(length) = repetition {
                self.at += length;
                if self.rest().starts_with('?') {
                    self.at += 1;
                }
                if let Some(before) = repeated_at {
                    return Err(error(
                        "invalid nested repetition operator",
                        &self.text[before..self.at],
                    ));
                }
                if !repeatable {
                    return Err(error(
                        "missing argument to repetition operator",
                        &self.text[start..start + length],
                    ));
                }
                self.out.push_str(&self.text[start..self.at]);
                repeated_at = Some(start);
                continue;
            }
            repeated_at = None;
            repeatable = true;
            match c {
                '(' => repeatable = self.group()?,
                ')' => {
                    if self.open == 0 {
                        return Err(error("unexpected )", self.text));
                    }
                    self.open -= 1;
                    self.at += 1;
                    self.out.push(')');
                }
                '|' => {
                    repeatable = false;
                    self.at += 1;
                    self.out.push('|');
                }
                '^' | '$' | '.' => {
                    self.at += 1;
                    self.out.push(c);
                }
                '[' => self.class()?,
                '\\' => repeatable = self.escape()?,
                c => {
                    self.at += c.len_utf8();
                    literal(&mut self.out, c);
                }
            }
        }
        if self.open > 0 {
            return Err(error("missing closing )", self.text));
        }
        Ok(())
    }

    /// The length of `{2,3}`, when that is what is ahead; anything else is literal.
    fn counts(&self) -> Result<Option<usize>> {
        let Some(end) = self.rest().find('}') else {
            return Ok(None);
        };
        let inner = &self.rest()[1..end];
        let (least, most) = inner
            .split_once(',')
            .map_or((inner, None), |(least, most)| (least, Some(most)));
        let number = |digits: &str| {
            let canonical = digits == "0" || !digits.starts_with('0');
            (canonical && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| digits.parse::<u32>().unwrap_or(u32::MAX))
        };
        let Some(least) = number(least) else {
            return Ok(None);
        };
        let most = match most {
            None | Some("") => least,
            Some(most) => match number(most) {
                Some(most) => most,
                None => return Ok(None),
            },
        };
        if least > 1_000 || most > 1_000 || least > most {
            return Err(error("invalid repeat count", &self.rest()[..=end]));
        }
        Ok(Some(end + 1))
    }

    /// An opening parenthesis; says whether it is a whole item already, as `(?i)` is none.
    fn group(&mut self) -> Result<bool> {
        let rest = self.rest();
        if !rest.starts_with("(?") {
            self.open += 1;
            self.at += 1;
            self.groups.push(None);
            self.out.push('(');
            return Ok(false);
        }
        let name_at = if rest.starts_with("(?P<") {
            Some(4)
        } else if rest.starts_with("(?<") {
            Some(3)
        } else {
            None
        };
        if let Some(name_at) = name_at {
            return self.named_group(name_at);
        }
        let mut negative = false;
        let mut some = false;
        for (offset, c) in rest.char_indices().skip(2) {
            match c {
                'i' | 'm' | 's' | 'U' => some = true,
                '-' if !negative => {
                    negative = true;
                    some = false;
                }
                ':' | ')' => {
                    if negative && !some {
                        break;
                    }
                    let flags = &rest[..=offset];
                    // `(?)` does nothing, and `regex` refuses it.
                    if flags != "(?)" {
                        self.out.push_str(flags);
                    }
                    self.at += flags.len();
                    if c == ':' {
                        self.open += 1;
                    }
                    return Ok(false);
                }
                c => {
                    let end = offset + c.len_utf8();
                    return Err(error("invalid or unsupported Perl syntax", &rest[..end]));
                }
            }
        }
        match rest.find(')') {
            Some(end) => Err(error("invalid or unsupported Perl syntax", &rest[..=end])),
            None => Err(error("missing closing )", self.text)),
        }
    }

    fn named_group(&mut self, name_at: usize) -> Result<bool> {
        let rest = self.rest();
        let Some(end) = rest.find('>') else {
            return Err(error("invalid named capture", rest));
        };
        let name = &rest[name_at..end];
        let whole = &rest[..=end];
        let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !valid {
            return Err(error("invalid named capture", whole));
        }
        if self.groups.iter().any(|group| group.as_deref() == Some(name)) {
            return Err(error("duplicate capture group name", name));
        }
        self.groups.push(Some(name.to_owned()));
        self.open += 1;
        self.at += whole.len();
        self.out.push('(');
        Ok(false)
    }

    /// A backslash outside of a class; says whether the item can be repeated.
    fn escape(&mut self) -> Result<bool> {
        let rest = self.rest();
        match rest.as_bytes().get(1) {
            Some(b'A' | b'z') => {
                self.out.push_str(&rest[..2]);
                self.at += 2;
            }
            Some(b'b') => {
                self.out.push_str("(?-u:\\b)");
                self.at += 2;
            }
            Some(b'B') => {
                self.out.push_str("\\B");
                self.at += 2;
            }
            Some(b'C') => return Err(error("invalid escape sequence", "\\C")),
            Some(b'Q') => {
                let quoted = &rest[2..];
                let (quoted, length) = match quoted.find("\\E") {
                    Some(end) => (&quoted[..end], end + 4),
                    None => (quoted, rest.len()),
                };
                for c in quoted.chars() {
                    literal(&mut self.out, c);
                }
                self.at += length;
                return Ok(!quoted.is_empty());
            }
            _ => {
                if let Some(class) = self.perl_class() {
                    let (negated, ranges) = class;
                    let _ = write!(self.out, "[{}{ranges}]", if negated { "^" } else { "" });
                } else if !self.unicode_class()? {
                    let c = self.escaped_char()?;
                    literal(&mut self.out, c);
                }
            }
        }
        Ok(true)
    }

    /// `\d` and its like: whether it is negated, and what it has.
    fn perl_class(&mut self) -> Option<(bool, &'static str)> {
        let letter = *self.rest().as_bytes().get(1)?;
        let ranges = match letter.to_ascii_lowercase() {
            b'd' => "0-9",
            b's' => r"\t\n\f\r\x20",
            b'w' => "0-9A-Za-z_",
            _ => return None,
        };
        self.at += 2;
        Some((letter.is_ascii_uppercase(), ranges))
    }

    /// `\pL` or `\p{Greek}`, copied; says whether there is one.
    fn unicode_class(&mut self) -> Result<bool> {
        let rest = self.rest();
        if !rest.starts_with("\\p") && !rest.starts_with("\\P") {
            return Ok(false);
        }
        let end = if rest[2..].starts_with('{') {
            rest.find('}')
                .map(|end| end + 1)
                .ok_or_else(|| error("invalid character class range", rest))?
        } else {
            2 + rest[2..].chars().next().map_or(0, char::len_utf8)
        };
        let whole = &rest[..end];
        let name = whole[2..].trim_start_matches('{').trim_end_matches('}');
        let negated = whole.starts_with("\\P") != name.starts_with('^');
        let class = format!(
            "\\{}{{{}}}",
            if negated { 'P' } else { 'p' },
            name.trim_start_matches('^')
        );
        if name.is_empty() || regex::Regex::new(&class).is_err() {
            return Err(error("invalid character class range", whole));
        }
        self.out.push_str(&class);
        self.at += end;
        Ok(true)
    }

    /// The character that an escape stands for.
    fn escaped_char(&mut self) -> Result<char> {
        let rest = self.rest();
        let mut chars = rest[1..].chars();
        let Some(c) = chars.next() else {
            return Err("error parsing regexp: trailing backslash at end of expression: ``".to_owned());
        };
        let invalid = |length: usize| error("invalid escape sequence", rest.get(..length).unwrap_or(rest));
        let simple = match c {
            '1'..='7' if !rest[2..].starts_with(|c| matches!(c, '0'..='7')) => return Err(invalid(2)),
            '0'..='7' => {
                let digits = rest[1..]
                    .bytes()
                    .take(3)
                    .take_while(|byte| matches!(byte, b'0'..=b'7'))
                    .count();
                self.at += 1 + digits;
                let code = u32::from_str_radix(&rest[1..=digits], 8).unwrap_or(0);
                return Ok(char::from_u32(code).unwrap_or('\0'));
            }
            'x' => {
                let (digits, length) = if rest[2..].starts_with('{') {
                    let end = rest.find('}').ok_or_else(|| invalid(rest.len()))?;
                    (&rest[3..end], end + 1)
                } else {
                    (rest.get(2..4).ok_or_else(|| invalid(rest.len()))?, 4)
                };
                let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                let c = code
                    .filter(|_| !digits.starts_with('+'))
                    .ok_or_else(|| invalid(length))?;
                self.at += length;
                return Ok(c);
            }
            'a' => '\u{7}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            c if c.is_ascii_punctuation() => c,
            c => return Err(invalid(1 + c.len_utf8())),
        };
        self.at += 1 + c.len_utf8();
        Ok(simple)
    }

    fn class(&mut self) -> Result<()> {
        let start = self.at;
        let missing = error("missing closing ]", &self.text[start..]);
        self.at += 1;
        self.out.push('[');
        if self.rest().starts_with('^') {
            self.at += 1;
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(missing);
            };
            if c == ']' && !first {
                self.at += 1;
                self.out.push(']');
                return Ok(());
            }
            // A dash may stand first and last only.
            if c == '-' && !first && !self.rest().starts_with("-]") {
                let end = self.rest().chars().take(2).map(char::len_utf8).sum();
                if self.rest().len() == 1 {
                    return Err(missing);
                }
                return Err(error("invalid character class range", &self.rest()[..end]));
            }
            first = false;
            if self.rest().starts_with("[:")
                && let Some(end) = self.rest().find(":]")
            {
                let name = &self.rest()[..end + 2];
                if !POSIX.contains(
                    &name
                        .trim_start_matches("[:")
                        .trim_start_matches('^')
                        .trim_end_matches(":]"),
                ) {
                    return Err(error("invalid character class range", name));
                }
                self.out.push_str(name);
                self.at += name.len();
                continue;
            }
            if c == '\\' {
                if let Some((negated, ranges)) = self.perl_class() {
                    let _ = if negated {
                        write!(self.out, "[^{ranges}]")
                    } else {
                        write!(self.out, "{ranges}")
                    };
                    continue;
                }
                if self.unicode_class()? {
                    continue;
                }
            }
            let range_start = self.at;
            let low = self.class_char(&missing)?;
            let mut high = low;
            if self.rest().starts_with('-') && !self.rest().starts_with("-]") && self.rest().len() > 1 {
                self.at += 1;
                high = self.class_char(&missing)?;
                if high < low {
                    return Err(error(
                        "invalid character class range",
                        &self.text[range_start..self.at],
                    ));
                }
            }
            let _ = write!(self.out, "\\x{{{:x}}}", u32::from(low));
            if high != low {
                let _ = write!(self.out, "-\\x{{{:x}}}", u32::from(high));
            }
        }
    }

    fn class_char(&mut self, missing: &str) -> Result<char> {
        match self.rest().chars().next() {
            None => Err(missing.to_owned()),
            Some('\\') => self.escaped_char(),
            Some(c) => {
                self.at += c.len_utf8();
                Ok(c)
            }
        }
    }
}

fn literal(out: &mut String, c: char) {
    if c.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(c);
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];
