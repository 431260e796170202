//! The three languages of path patterns that Argo CD's Git generator speaks.
//!
//! Directories are matched by Go's `path.Match`; files by `git ls-files` pathspecs, or by doublestar where the controller
//! is told so. Each is read into the same tokens and matched in time proportional to pattern times path.

/// A pattern that was read.
#[derive(Debug)]
pub(crate) struct Pattern {
    alternatives: Vec<Vec<Token>>,
}

#[derive(Clone, Debug)]
enum Token {
    Char(char),
    /// One character; `/` only if it says so.
    Any {
        slash: bool,
    },
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
        slash: bool,
    },
    /// Any number of characters; `/` only if it says so.
    Star {
        slash: bool,
    },
    /// `**/`: any number of whole directories.
    Directories,
}

/// A pattern that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A pathspec of `git ls-files`.
#[derive(Debug)]
pub(crate) struct Pathspec {
    literal: String,
    pattern: Option<Pattern>,
    exclude: bool,
    fold_case: bool,
}

/// Why git refuses a pathspec, in its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathspecError(pub(crate) String);

impl Pattern {
    /// A pattern of Go's `path.Match`: `*` stays in a segment, and `**` is two of them.
    pub(crate) fn path_match(text: &str) -> Result<Self, Malformed> {
        let mut tokens = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            tokens.push(match char {
                '*' => Token::Star { slash: false },
                '?' => Token::Any { slash: false },
                '\\' => Token::Char(chars.next().ok_or(Malformed)?),
                '[' => class(&mut chars, &['^'], true)?,
                other => Token::Char(other),
            });
        }
        Ok(Self {
            alternatives: vec![tokens],
        })
    }

    /// A pattern of doublestar: `**` is any depth where it is a whole segment, and `{a,b}` are alternatives.
    pub(crate) fn doublestar(text: &str) -> Result<Self, Malformed> {
        let mut alternatives = Vec::new();
        for text in braces(text)? {
            alternatives.push(segments(&text)?);
            // `a/**` is also `a`.
            if let Some(directory) = text.strip_suffix("/**") {
                alternatives.push(segments(directory)?);
            }
        }
        Ok(Self { alternatives })
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        let path: Vec<char> = path.chars().collect();
        self.alternatives
            .iter()
            .any(|tokens| matches_tokens(tokens, &path))
    }
}

impl Pathspec {
    pub(crate) fn parse(text: &str) -> Result<Self, PathspecError> {
        let (magic, rest) = split_magic(text)?;
        let (mut glob, mut literal_only, mut exclude, mut fold_case) = (false, false, false, false);
        for word in &magic {
            match word.as_str() {
                "top" | "" => {}
                "glob" => glob = true,
                "literal" => literal_only = true,
                "icase" => fold_case = true,
                "exclude" => exclude = true,
                word if word.starts_with("attr:") || word.starts_with("prefix:") => {
                    return Err(PathspecError(format!(
                        "fatal: pathspec magic not supported by this command: '{word}' in '{text}'"
                    )));
                }
                word => {
                    return Err(PathspecError(format!(
                        "fatal: Invalid pathspec magic '{word}' in '{text}'"
                    )));
                }
            }
        }
        let literal = normalized(rest)
            .ok_or_else(|| PathspecError(format!("fatal: {text}: '{rest}' is outside repository")))?;
        let has_wildcard = !literal_only && literal.contains(['*', '?', '[', '\\']);
        let folded = if fold_case {
            literal.to_lowercase()
        } else {
            literal.clone()
        };
        let pattern = if !has_wildcard {
            None
        } else if glob {
            segments(&folded).ok().map(|tokens| Pattern {
                alternatives: vec![tokens],
            })
        } else {
            wildmatch(&folded).ok()
        };
        Ok(Self {
            literal: folded,
            pattern,
            exclude,
            fold_case,
        })
    }

    pub(crate) fn selects(&self, path: &str) -> bool {
        let folded;
        let path = if self.fold_case {
            folded = path.to_lowercase();
            &folded
        } else {
            path
        };
        let literal = self.literal.trim_end_matches('/');
        let below = literal.is_empty()
            || path.strip_prefix(literal).is_some_and(|rest| {
                rest.starts_with('/') || (rest.is_empty() && !self.literal.ends_with('/'))
            });
        let selected = below || self.pattern.as_ref().is_some_and(|pattern| pattern.matches(path));
        selected != self.exclude
    }
}

fn split_magic(text: &str) -> Result<(Vec<String>, &str), PathspecError> {
    let Some(rest) = text.strip_prefix(':') else {
        return Ok((Vec::new(), text));
    };
    if let Some(long) = rest.strip_prefix('(') {
        let Some((words, rest)) = long.split_once(')') else {
            return Err(PathspecError(format!(
                "fatal: Missing ')' at the end of pathspec magic in '{text}'"
            )));
        };
        return Ok((words.split(',').map(str::to_owned).collect(), rest));
    }
    let mut magic = Vec::new();
    let mut rest = rest;
    while let Some(char) = rest.chars().next() {
        match char {
            '/' => magic.push("top".to_owned()),
            '!' | '^' => magic.push("exclude".to_owned()),
            ':' => {
                rest = &rest[1..];
                break;
            }
            other if other.is_ascii_punctuation() && !"*?[]\\.-_".contains(other) => {
                return Err(PathspecError(format!(
                    "fatal: Unimplemented pathspec magic '{other}' in '{text}'"
                )));
            }
            _ => break,
        }
        rest = &rest[char.len_utf8()..];
    }
    Ok((magic, rest))
}

/// The path without `.` and `..`; nothing if it leaves the repository.
fn normalized(path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    let mut joined = parts.join("/");
    if path.ends_with('/') && !joined.is_empty() {
        joined.push('/');
    }
    Some(joined)
}

/// Git's wildmatch without `WM_PATHNAME`: every wildcard crosses `/`.
fn wildmatch(text: &str) -> Result<Pattern, Malformed> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        tokens.push(match char {
            '*' => Token::Star { slash: true },
            '?' => Token::Any { slash: true },
            '\\' => Token::Char(chars.next().ok_or(Malformed)?),
            '[' => class(&mut chars, &['!', '^'], true)?,
            other => Token::Char(other),
        });
    }
    Ok(Pattern {
        alternatives: vec![tokens],
    })
}

/// A pattern in which `**` is any depth where it is a whole segment, and every other wildcard stays in its segment.
fn segments(text: &str) -> Result<Vec<Token>, Malformed> {
    let mut tokens = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        if *part == "**" {
            if last {
                tokens.push(Token::Star { slash: true });
            } else {
                tokens.push(Token::Directories);
            }
            continue;
        }
        let mut chars = part.chars().peekable();
        while let Some(char) = chars.next() {
            tokens.push(match char {
                '*' => Token::Star { slash: false },
                '?' => Token::Any { slash: false },
                '\\' => Token::Char(chars.next().ok_or(Malformed)?),
                '[' => class(&mut chars, &['!', '^'], false)?,
                other => Token::Char(other),
            });
        }
        if !last {
            tokens.push(Token::Char('/'));
        }
    }
    Ok(tokens)
}

/// The alternatives of a pattern with braces, which may nest.
fn braces(text: &str) -> Result<Vec<String>, Malformed> {
    let Some((open, close, commas)) = outermost_braces(text)? else {
        return Ok(vec![text.to_owned()]);
    };
    let mut found = Vec::new();
    let mut start = open + 1;
    for end in commas.into_iter().chain([close]) {
        let text = format!("{}{}{}", &text[..open], &text[start..end], &text[close + 1..]);
        found.extend(braces(&text)?);
        if found.len() > MAX_ALTERNATIVES {
            return Err(Malformed);
        }
        start = end + 1;
    }
    Ok(found)
}

type Braces = (usize, usize, Vec<usize>);

fn outermost_braces(text: &str) -> Result<Option<Braces>, Malformed> {
    let (mut open, mut depth, mut commas, mut escaped, mut in_class) = (0, 0, Vec::new(), false, false);
    for (at, char) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match char {
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            _ if in_class => {}
            '{' => {
                if depth == 0 {
                    open = at;
                }
                depth += 1;
            }
            ',' if depth == 1 => commas.push(at),
            '}' if depth == 1 => return Ok(Some((open, at, commas))),
            '}' if depth > 0 => depth -= 1,
            _ => {}
        }
    }
    if depth > 0 { Err(Malformed) } else { Ok(None) }
}

fn class(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    negations: &[char],
    slash: bool,
) -> Result<Token, Malformed> {
    let negated = chars.next_if(|char| negations.contains(char)).is_some();
    let mut ranges = Vec::new();
    loop {
        let mut low = chars.next().ok_or(Malformed)?;
        if low == ']' && !ranges.is_empty() {
            break;
        }
        if matches!(low, ']' | '-') && negations.len() == 1 {
            return Err(Malformed);
        }
        if low == '\\' {
            low = chars.next().ok_or(Malformed)?;
        }
        let mut high = low;
        if chars.peek() == Some(&'-') {
            chars.next();
            match chars.peek() {
                Some(']') if negations.len() == 1 => return Err(Malformed),
                Some(']') => {
                    ranges.push(('-', '-'));
                }
                Some(_) => {
                    high = chars.next().ok_or(Malformed)?;
                    if high == '\\' {
                        high = chars.next().ok_or(Malformed)?;
                    }
                }
                None => return Err(Malformed),
            }
        }
        ranges.push((low, high));
    }
    Ok(Token::Class {
        negated,
        ranges,
        slash,
    })
}

/// Whether the tokens match the whole path: which positions of the path each prefix of the tokens can reach.
fn matches_tokens(tokens: &[Token], path: &[char]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for token in tokens {
        let mut next = vec![false; path.len() + 1];
        match token {
            Token::Star { slash } => {
                let mut open = false;
                for at in 0..=path.len() {
                    open |= reached[at];
                    next[at] = open;
                    if at < path.len() && path[at] == '/' && !slash {
                        open = false;
                    }
                }
            }
            Token::Directories => {
                let mut open = false;
                for at in 0..=path.len() {
                    if reached[at] {
                        next[at] = true;
                        open = true;
                    }
                    if open && at < path.len() && path[at] == '/' {
                        next[at + 1] = true;
                    }
                }
            }
            single => {
                for at in 0..path.len() {
                    next[at + 1] = reached[at] && single.matches(path[at]);
                }
            }
        }
        reached = next;
    }
    reached[path.len()]
}

impl Token {
    fn matches(&self, char: char) -> bool {
        match self {
            Self::Char(expected) => *expected == char,
            Self::Any { slash } => *slash || char != '/',
            Self::Class {
                negated,
                ranges,
                slash,
            } => {
                (*slash || char != '/')
                    && ranges.iter().any(|(low, high)| (*low..=*high).contains(&char)) != *negated
            }
            Self::Star { .. } | Self::Directories => false,
        }
    }
}

/// How many alternatives braces may make.
const MAX_ALTERNATIVES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_match_stays_in_a_segment() {
        let matches = |pattern: &str, path: &str| Pattern::path_match(pattern).unwrap().matches(path);
        assert!(matches("addons/*", "addons/a"));
        assert!(!matches("addons/*", "addons/a/b"));
        assert!(!matches("**", "a/b"));
        assert!(matches("a[b-d]?", "acx"));
        assert!(matches("[^a]", "b"));
        for malformed in ["[", "a[", "[]", "a\\", "[a-]", "[-a]"] {
            assert!(Pattern::path_match(malformed).is_err(), "{malformed}");
        }
    }

    #[test]
    fn doublestar_reaches_any_depth() {
        let matches = |pattern: &str, path: &str| Pattern::doublestar(pattern).unwrap().matches(path);
        for path in ["a/x.json", "a/b/x.json", "a/b/c/x.json"] {
            assert!(matches("a/**/x.json", path), "{path}");
        }
        assert!(!matches("a/**/x.json", "ab/x.json"));
        assert!(matches("a/**", "a/b/c"));
        assert!(matches("{a,b/{c,d}}/x", "b/d/x"));
        assert!(!matches("a/*", "a/b/c"));
    }

    #[test]
    fn pathspecs_select_what_git_lists() {
        let selects = |spec: &str, path: &str| Pathspec::parse(spec).unwrap().selects(path);
        assert!(selects("clusters/*.json", "clusters/a/b.json"));
        assert!(selects("clusters", "clusters/a/b.json"));
        assert!(!selects("clusters", "clusters-2/a"));
        assert!(selects(":(glob)clusters/**/config.json", "clusters/config.json"));
        assert!(!selects(":(glob)clusters/*.json", "clusters/a/b.json"));
        assert!(!selects("{a,b}.json", "a.json"));
        assert!(selects(":(icase)A/b", "a/B"));
        assert!(Pathspec::parse("../x").is_err());
        assert!(Pathspec::parse(":(nosuch)x").is_err());
    }
}
