//! Patterns of namespaces, as Velero 1.18 takes them: `*`, `?` and classes in brackets.

use std::fmt;

/// A pattern of namespaces or resources.
///
/// ```
/// use fleet_velero::schedules::Glob;
///
/// let teams = Glob::namespace("team-?-*")?;
/// assert!(teams.matches("team-a-web"));
/// assert!(!teams.matches("team-ab-web"));
/// assert!(Glob::namespace("team-**").is_err());
/// # Ok::<(), fleet_velero::schedules::GlobError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob(String);

/// Why Velero refuses a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlobError {
    /// `**` stands for nothing that `*` does not.
    #[error("`{0}`: ** is not allowed")]
    DoubleStar(String),
    /// One of `| ( ) ! { } ,`.
    #[error("`{pattern}`: `{character}` is not allowed")]
    Character {
        /// The pattern.
        pattern: String,
        /// The character.
        character: char,
    },
    /// A class that is not closed, or empty.
    #[error("`{0}`: a bracket is not closed, or holds nothing")]
    Bracket(String),
    /// Without its wildcards it is no name of a namespace.
    #[error("`{0}` can match no namespace: names have lower-case letters, digits and hyphens, at most 63")]
    Name(String),
}

impl Glob {
    /// A pattern of namespaces, if Velero takes it. The empty one is taken, and matches nothing.
    pub fn namespace(pattern: &str) -> Result<Self, GlobError> {
        if pattern.contains("**") {
            return Err(GlobError::DoubleStar(pattern.to_owned()));
        }
        if let Some(character) = pattern.chars().find(|c| "|()!{},".contains(*c)) {
            return Err(GlobError::Character {
                pattern: pattern.to_owned(),
                character,
            });
        }
        let mut open = false;
        let mut held = 0;
        for c in pattern.chars() {
            match c {
                '[' if !open => (open, held) = (true, 0),
                ']' if open && held == 0 => return Err(GlobError::Bracket(pattern.to_owned())),
                ']' => open = false,
                _ => held += 1,
            }
        }
        if open {
            return Err(GlobError::Bracket(pattern.to_owned()));
        }
        let plain = pattern.replace(['*', '?', '[', ']'], "x");
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_name = plain.len() <= 63 && plain.chars().all(inner);
        if !is_name || plain.starts_with('-') || plain.ends_with('-') {
            return Err(GlobError::Name(pattern.to_owned()));
        }
        Ok(Self(pattern.to_owned()))
    }

    /// A pattern as it stands, whatever Velero says of it.
    pub fn lenient(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// Whether a name matches.
    pub fn matches(&self, name: &str) -> bool {
        matches(self.0.as_bytes(), name.as_bytes())
    }

    /// Whether it has wildcards.
    pub fn is_pattern(&self) -> bool {
        self.0.contains(['*', '?', '['])
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names are ASCII, so bytes are characters. After a star, only the last one needs to be gone back to.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(b'?') => {
                (p, n) = (p + 1, n + 1);
                continue;
            }
            Some(b'[') => {
                if let Some(end) = class(&pattern[p..], name[n]) {
                    (p, n) = (p + end, n + 1);
                    continue;
                }
            }
            Some(byte) if *byte == name[n] => {
                (p, n) = (p + 1, n + 1);
                continue;
            }
            _ => {}
        }
        // The last star takes one character more.
        let Some((at, from)) = star else { return false };
        star = Some((at, from + 1));
        (p, n) = (at + 1, from + 1);
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// How long the class at the start of `pattern` is, if it takes `byte`.
fn class(pattern: &[u8], byte: u8) -> Option<usize> {
    let end = pattern.iter().position(|c| *c == b']')?;
    let mut held = &pattern[1..end];
    let mut taken = false;
    while let [first, rest @ ..] = held {
        held = if let [b'-', last, after @ ..] = rest {
            taken |= (*first..=*last).contains(&byte);
            after
        } else {
            taken |= *first == byte;
            rest
        };
    }
    taken.then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*", "shop", true),
            ("shop", "shop", true),
            ("shop", "shops", false),
            ("team-*", "team-", true),
            ("*-prod", "team-prod-prod", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXcXb", false),
            ("team-[a-c]", "team-b", true),
            ("team-[a-c]", "team-d", false),
            ("team-[xz]?", "team-z1", true),
            ("", "shop", false),
        ] {
            assert_eq!(Glob::lenient(pattern).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn what_velero_refuses() {
        for refused in [
            "a**", "a|b", "(a)", "!a", "{a}", "a,b", "[", "a[]", "[a-", "A", "-a", "a.b", "a_b",
        ] {
            assert!(Glob::namespace(refused).is_err(), "{refused}");
        }
        for taken in ["", "*", "a?", "team-[ab]", "x-*"] {
            assert!(Glob::namespace(taken).is_ok(), "{taken}");
        }
    }
}
