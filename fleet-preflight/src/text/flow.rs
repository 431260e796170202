//! A strict subset of YAML's flow style, for one line.

/// What a scalar on a line turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar<'t> {
    /// Its text, exactly.
    Text(&'t str),
    /// A string with escapes, or a value that is no scalar.
    Opaque,
    /// Nothing, `~` or `null`.
    Null,
}

/// Reads a quoted scalar at the start of `text`: what it is, and what follows its closing quote.
pub(super) fn quoted(text: &str) -> Option<(Scalar<'_>, &str)> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'\'' => {
            let mut at = 1;
            let mut plain = true;
            loop {
                let end = at + memchr::memchr(b'\'', bytes.get(at..)?)?;
                if bytes.get(end + 1) == Some(&b'\'') {
                    plain = false;
                    at = end + 2;
                } else {
                    let scalar = if plain {
                        Scalar::Text(&text[1..end])
                    } else {
                        Scalar::Opaque
                    };
                    return Some((scalar, &text[end + 1..]));
                }
            }
        }
        b'"' => {
            let mut at = 1;
            let mut plain = true;
            loop {
                let end = at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
                if bytes[end] == b'"' {
                    let scalar = if plain {
                        Scalar::Text(&text[1..end])
                    } else {
                        Scalar::Opaque
                    };
                    return Some((scalar, &text[end + 1..]));
                }
                if !matches!(bytes.get(end + 1)?, b'"' | b'\\' | b'n' | b't' | b'r' | b'/') {
                    return None;
                }
                plain = false;
                at = end + 2;
            }
        }
        _ => None,
    }
}

/// Reads a flow collection at the start of `text` and tells of the scalars in its outermost mapping; returns what follows.
///
/// `None` for whatever is not plainly right.
pub(super) fn collection<'t>(text: &'t str, entry: &mut dyn FnMut(&'t str, Scalar<'t>)) -> Option<&'t str> {
    let mut rest = text;
    // The brackets that are open, innermost last; bounded by the line.
    let mut open: Vec<u8> = Vec::new();
    loop {
        // Here a value begins.
        rest = rest.trim_start_matches(' ');
        let mut scalar = None;
        match *rest.as_bytes().first()? {
            bracket @ (b'{' | b'[') => {
                open.push(bracket);
                rest = rest[1..].trim_start_matches(' ');
                let close = if bracket == b'{' { b'}' } else { b']' };
                if rest.as_bytes().first() == Some(&close) {
                    open.pop();
                    rest = &rest[1..];
                } else {
                    if bracket == b'{' {
                        rest = key(rest, open.len(), entry)?;
                    }
                    continue;
                }
            }
            b'"' | b'\'' => {
                let (found, after) = quoted(rest)?;
                scalar = Some(found);
                rest = after;
            }
            _ => {
                let (found, after) = plain(rest)?;
                scalar = Some(Scalar::Text(found));
                rest = after;
            }
        }
        let _ = scalar;
        // Here a value has ended: close what ends with it, and go on after a comma.
        loop {
            if open.is_empty() {
                return Some(rest);
            }
            rest = rest.trim_start_matches(' ');
            match (*rest.as_bytes().first()?, *open.last()?) {
                (b'}', b'{') | (b']', b'[') => {
                    open.pop();
                    rest = &rest[1..];
                }
                (b',', bracket) => {
                    rest = rest[1..].trim_start_matches(' ');
                    if bracket == b'{' {
                        rest = key(rest, open.len(), entry)?;
                    }
                    break;
                }
                _ => return None,
            }
        }
    }
}

/// Reads a key and its colon; of the outermost mapping's scalars it tells.
fn key<'t>(text: &'t str, depth: usize, entry: &mut dyn FnMut(&'t str, Scalar<'t>)) -> Option<&'t str> {
    let (name, after) = if text.starts_with(['"', '\'']) {
        match quoted(text)? {
            (Scalar::Text(name), after) => (name, after),
            _ => return None,
        }
    } else {
        plain(text)?
    };
    let value = after.strip_prefix(": ")?;
    if depth == 1 {
        let trimmed = value.trim_start_matches(' ');
        let scalar = match trimmed.as_bytes().first()? {
            b'"' | b'\'' => quoted(trimmed)?.0,
            b'{' | b'[' => Scalar::Opaque,
            _ => match plain(trimmed)?.0 {
                "null" | "Null" | "NULL" | "~" => Scalar::Null,
                text => Scalar::Text(text),
            },
        };
        entry(name, scalar);
    }
    Some(value)
}

/// Reads a plain scalar made of harmless characters only.
fn plain(text: &str) -> Option<(&str, &str)> {
    let harmless =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-' | b'+' | b'=');
    let length = text.bytes().take_while(harmless).count();
    let first = *text.as_bytes().first()?;
    if length == 0 || matches!(first, b'-' | b'=') {
        return None;
    }
    Some(text.split_at(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_tells_of_its_scalars() {
        let mut seen = Vec::new();
        let rest = collection(
            "{name: web, labels: {app: x}, 'namespace': \"shop\"} # c",
            &mut |key, value| {
                seen.push((key, value));
            },
        );
        assert_eq!(rest, Some(" # c"));
        assert_eq!(
            seen,
            [
                ("name", Scalar::Text("web")),
                ("labels", Scalar::Opaque),
                ("namespace", Scalar::Text("shop"))
            ]
        );
    }

    #[test]
    fn what_is_not_plainly_right_is_refused() {
        for text in [
            "{a: b",
            "[a, ]",
            "{a}",
            "{a:b}",
            "[a b]",
            "{a: &x y}",
            "{a: }",
            "[a]]",
            "{{ .Values.x }}",
        ] {
            let rest = collection(text, &mut |_, _| {});
            assert!(rest.is_none_or(|rest| !rest.is_empty()), "{text}: {rest:?}");
        }
    }
}
