//! The plain `{{name}}` template language, as fasttemplate and Argo CD read it.

use serde_json::Value;

use super::go::quoted;
use super::params::Scope;

/// A text with placeholders, read once and rendered many times.
///
/// - A text is a template only if some line of it holds `{{` and, after it, `}}`; any other text stays as it is.
/// - A placeholder is what stands between `{{` and the next `}}`, with the space around it taken off.
/// - It is replaced if a parameter of that name exists and is a string; otherwise it stays, byte for byte.
/// - What is put in is not read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FastTemplate {
    /// Nothing to replace.
    Plain(String),
    /// Text and placeholders in turn.
    Parts(Vec<Part>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// What stands between the braces.
    Placeholder {
        /// As written.
        tag: String,
        /// Without the space around it.
        name: String,
    },
}

/// A `{{` without a `}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unclosed {
    template: String,
    rest: String,
}

impl FastTemplate {
    pub(crate) fn parse(text: &str) -> Result<Self, Unclosed> {
        if !looks_like_template(text) {
            return Ok(Self::Plain(text.to_owned()));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let Some((tag, next)) = after.split_once(CLOSE) else {
                return Err(Unclosed {
                    template: text.to_owned(),
                    rest: after.to_owned(),
                });
            };
            parts.push(Part::Placeholder {
                tag: tag.to_owned(),
                name: tag.trim().to_owned(),
            });
            rest = next;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self::Parts(parts))
    }

    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Appends the text for a set of parameters.
    pub(crate) fn render(&self, scope: &Scope<'_>, out: &mut String) {
        let parts = match self {
            Self::Plain(text) => return out.push_str(text),
            Self::Parts(parts) => parts,
        };
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Placeholder { tag, name } => match scope.get(name) {
                    Some(Value::String(value)) if !name.is_empty() => out.push_str(value),
                    _ => {
                        out.push_str(OPEN);
                        out.push_str(tag);
                        out.push_str(CLOSE);
                    }
                },
            }
        }
    }
}

impl Unclosed {
    /// What Argo CD says.
    pub(crate) fn upstream(&self) -> String {
        format!(
            "Cannot find end tag=\"}}}}\" in the template={} starting from {}",
            quoted(&self.template),
            quoted(&self.rest)
        )
    }
}

/// Whether a text would be taken for a template: a line holds an opening and, after it, a closing brace pair.
pub(crate) fn looks_like_template(text: &str) -> bool {
    text.split('\n').any(|line| {
        line.split_once(OPEN)
            .is_some_and(|(_, after)| after.contains(CLOSE))
    })
}

/// Whether a text holds a placeholder of this language: not one of Helm's or Go's, which begin with `.`, `$`
/// or a bracket, nor an empty one.
pub(crate) fn has_placeholder(text: &str) -> bool {
    if !text.contains(OPEN) || !looks_like_template(text) {
        return false;
    }
    text.split(OPEN)
        .skip(1)
        .filter_map(|rest| rest.split_once(CLOSE))
        .any(|(tag, _)| tag.trim().starts_with(|first: char| first.is_alphanumeric()))
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

#[cfg(test)]
mod tests {
    use super::super::params::{Layer, ParamSet};
    use super::*;

    fn rendered(text: &str) -> String {
        let mut layer = Layer::default();
        layer.insert("a", "x");
        layer.insert("n", 3);
        layer.insert("braces", "{{a}}");
        let mut out = String::new();
        FastTemplate::parse(text)
            .unwrap()
            .render(&ParamSet::from(layer).scope(), &mut out);
        out
    }

    #[test]
    fn space_inside_the_braces_does_not_count() {
        assert_eq!(rendered("{{a}}{{ a }}{{\ta\n}}"), "xxx");
    }

    #[test]
    fn what_cannot_be_replaced_stays_as_it_is() {
        assert_eq!(
            rendered("{{ b }}-{{}}-{{ .Values.a }}-{{{a}}}-{{n}}"),
            "{{ b }}-{{}}-{{ .Values.a }}-{{{a}}}-{{n}}"
        );
    }

    #[test]
    fn what_is_put_in_is_not_read_again() {
        assert_eq!(rendered("{{braces}}"), "{{a}}");
    }

    #[test]
    fn braces_on_different_lines_are_no_template() {
        assert_eq!(rendered("{{\na\n}}"), "{{\na\n}}");
        assert_eq!(rendered("{{a"), "{{a");
    }

    #[test]
    fn an_unclosed_placeholder_after_a_closed_one_is_an_error() {
        let error = FastTemplate::parse("{{a}}-{{b").unwrap_err();
        assert_eq!(
            error.upstream(),
            r#"Cannot find end tag="}}" in the template="{{a}}-{{b" starting from "b""#
        );
    }
}
