//! One text of a template, in either language, read once and rendered many times.

use super::fasttemplate::FastTemplate;
use super::params::Scope;

/// The language of an ApplicationSet's templates.
#[derive(Clone, Debug)]
pub(crate) enum Language {
    /// The plain `{{name}}` form.
    Plain,
}

/// A text that was read.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// Nothing to render.
    Fixed(Box<str>),
    Plain(FastTemplate),
}

impl Language {
    /// Reads a text; the error is Argo CD's.
    pub(crate) fn read(&self, text: &str) -> Result<Text, String> {
        match self {
            Self::Plain => match FastTemplate::parse(text) {
                Ok(template) if template.is_plain() => Ok(Text::Fixed(text.into())),
                Ok(template) => Ok(Text::Plain(template)),
                Err(unclosed) => Err(format!("invalid template: {}", unclosed.upstream())),
            },
        }
    }
}

impl Text {
    pub(crate) fn fixed(&self) -> Option<&str> {
        match self {
            Self::Fixed(text) => Some(text),
            Self::Plain(_) => None,
        }
    }

    /// Appends the text for a set of parameters; the error is Argo CD's.
    #[allow(clippy::unnecessary_wraps)] // Rendering in Go's language fails on missing keys and the like.
    pub(crate) fn render(&self, scope: &Scope<'_>, out: &mut String) -> Result<(), String> {
        match self {
            Self::Fixed(text) => out.push_str(text),
            Self::Plain(template) => template.render(scope, out),
        }
        Ok(())
    }

    pub(crate) fn rendered(&self, scope: &Scope<'_>) -> Result<String, String> {
        let mut out = String::new();
        self.render(scope, &mut out)?;
        Ok(out)
    }
}
