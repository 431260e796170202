//! Finds API versions in text that cannot be parsed: unrendered templates and broken documents.

use std::borrow::Cow;

/// Whether a text is a template of the kind that Helm renders.
pub(crate) fn is_template(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), b"{{")
        .is_some_and(|start| memchr::memmem::find(&text.as_bytes()[start..], b"}}").is_some())
}

/// Whether a value is a variable that something replaces before the text is applied: `${API_VERSION}`, `$NAME`.
pub(crate) fn is_variable(value: &str) -> bool {
    value.contains("${")
        || value.contains("$(")
        || value
            .strip_prefix('$')
            .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
        || value.contains("{{")
}

/// A version and a kind that stand in a text near each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guess<'t> {
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) api_version: Cow<'t, str>,
    pub(crate) kind: Cow<'t, str>,
}

/// Every literal `apiVersion` of a text with the kinds that may belong to it.
///
/// A version goes with the kinds that follow it at the same indentation before another block of versions begins; so of
/// several versions that a template chooses from, each goes with the one kind below them.
pub(crate) fn versions(text: &str) -> Vec<Guess<'_>> {
    let mut guesses = Vec::new();
    let mut versions: Vec<(u64, usize, &str)> = Vec::new();
    let mut early_kind: Option<(usize, &str)> = None;
    let mut had_kind = false;
    for (number, line) in (1_u64..).zip(text.lines()) {
        if line.starts_with("---") {
            versions.clear();
            early_kind = None;
            had_kind = false;
            continue;
        }
        if let Some((column, version)) = field(line, "apiVersion") {
            if had_kind {
                versions.clear();
                had_kind = false;
            }
            if let Some((_, kind)) = early_kind.take_if(|(indent, _)| *indent == column) {
                guesses.push(guess(number, column, version, kind));
            } else {
                versions.push((number, column, version));
            }
        } else if let Some((column, kind)) = field(line, "kind") {
            let fitting = versions.iter().filter(|(_, indent, _)| *indent == column);
            let before = guesses.len();
            guesses.extend(fitting.map(|(number, column, version)| guess(*number, *column, version, kind)));
            if guesses.len() > before {
                had_kind = true;
            } else {
                early_kind = Some((column, kind));
            }
        }
    }
    guesses
}

fn guess<'t>(line: u64, column: usize, api_version: &'t str, kind: &'t str) -> Guess<'t> {
    Guess {
        line,
        column: column as u64 + 1,
        api_version: Cow::Borrowed(api_version),
        kind: Cow::Borrowed(kind),
    }
}

/// The literal value of a field on a line, and the field's column from 0; a dash before it counts as indentation.
fn field<'t>(line: &'t str, name: &str) -> Option<(usize, &'t str)> {
    let mut rest = line.trim_start_matches([' ', '\t']);
    while let Some(after) = rest.strip_prefix("- ") {
        rest = after.trim_start_matches(' ');
    }
    let column = line.len() - rest.len();
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let rest = rest.strip_prefix(name)?;
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let value = rest.trim_start_matches(' ').strip_prefix(':')?.trim();
    let value = match value.as_bytes().first()? {
        quote @ (b'"' | b'\'') => {
            let end = memchr::memchr(*quote, &value.as_bytes()[1..])?;
            &value[1..=end]
        }
        _ => value.split([' ', '#', ',']).next()?,
    };
    let literal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-');
    (!value.is_empty() && value.chars().all(literal)).then_some((column, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_a_template_chooses_from_goes_with_the_kind_below() {
        let text = "{{- if a }}\napiVersion: networking.k8s.io/v1\n{{- else }}\napiVersion: \"extensions/v1beta1\"\n{{- end }}\n\
                    kind: Ingress\n---\nkind: A\napiVersion: b/v1\n";
        let seen: Vec<_> = versions(text)
            .into_iter()
            .map(|g| (g.line, g.api_version.into_owned(), g.kind.into_owned()))
            .collect();
        let expected = [
            (2, "networking.k8s.io/v1", "Ingress"),
            (4, "extensions/v1beta1", "Ingress"),
            (9, "b/v1", "A"),
        ];
        assert_eq!(
            seen,
            expected.map(|(line, a, b)| (line, a.to_owned(), b.to_owned()))
        );
    }

    #[test]
    fn what_is_computed_is_no_version() {
        assert_eq!(versions("apiVersion: {{ x }}\nkind: Ingress\n"), []);
        assert!(is_variable("${A}") && is_variable("$NAME") && !is_variable("v1") && !is_variable("a$"));
    }
}
