//! One text of a template, in either language, read once and rendered many times.

use fleet_gotemplate::{Env, ExecErrorKind, MissingKey, Options, Template};

use super::bounds::Meter;
use super::fasttemplate::FastTemplate;
use super::params::Scope;

/// The language of an ApplicationSet's templates.
#[derive(Clone, Debug)]
pub(crate) enum Language {
    /// The plain `{{name}}` form.
    Plain,
    /// Go's, with its options.
    Go(Result<Options, BadOption>),
}

/// An option that Go does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadOption {
    /// Its index in `goTemplateOptions`.
    pub(crate) index: usize,
    pub(crate) option: String,
}

/// A text that was read.
#[derive(Debug)]
pub(crate) enum Text {
    /// Nothing to render.
    Fixed(Box<str>),
    Plain(FastTemplate),
    Go(Box<Template>),
}

/// Why a text cannot be read or rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TextFault {
    /// Argo CD fails too; its words.
    Upstream(String),
    /// Argo CD's controller panics.
    Option(BadOption),
    /// A bound is exceeded, or a function is refused. Argo CD would go on.
    Refused(String),
}

impl Language {
    /// Go's language with the options of an ApplicationSet.
    pub(crate) fn go(options: &[String]) -> Self {
        let unknown = options
            .iter()
            .position(|option| Options::from_go([option]).is_err());
        Self::Go(match unknown {
            Some(index) => Err(BadOption {
                index,
                option: options[index].clone(),
            }),
            None => Ok(Options::from_go(options).unwrap_or_default()),
        })
    }

    /// The same language, in which a missing key is an error.
    pub(crate) fn strict(&self) -> Self {
        match self {
            Self::Plain => Self::Plain,
            // An unknown rule for missing keys counts no more; any other unknown option does.
            Self::Go(Err(bad)) if !bad.option.starts_with("missingkey=") => Self::Go(Err(bad.clone())),
            Self::Go(_) => Self::Go(Ok(Options::default().missing_key(MissingKey::Error))),
        }
    }

    /// Reads a text.
    pub(crate) fn read(&self, text: &str) -> Result<Text, TextFault> {
        match self {
            Self::Plain => match FastTemplate::parse(text) {
                Ok(template) if template.is_plain() => Ok(Text::Fixed(text.into())),
                Ok(template) => Ok(Text::Plain(template)),
                Err(unclosed) => Err(TextFault::Upstream(format!(
                    "invalid template: {}",
                    unclosed.upstream()
                ))),
            },
            Self::Go(Err(bad)) => Err(TextFault::Option(bad.clone())),
            Self::Go(Ok(_)) if !text.contains("{{") => Ok(Text::Fixed(text.into())),
            Self::Go(Ok(options)) => match Template::parse(NAME, text, options) {
                Ok(template) => Ok(match template.literal() {
                    Some(literal) => Text::Fixed(literal.into()),
                    None => Text::Go(Box::new(template)),
                }),
                Err(error) => {
                    let message = format!("failed to parse template {text}: {error}");
                    Err(if error.limit.is_some() {
                        TextFault::Refused(message)
                    } else {
                        TextFault::Upstream(message)
                    })
                }
            },
        }
    }
}

impl Text {
    /// The text, if it does not depend on parameters.
    pub(crate) fn fixed(&self) -> Option<&str> {
        match self {
            Self::Fixed(text) => Some(text),
            Self::Plain(_) | Self::Go(_) => None,
        }
    }

    /// Appends the text for a set of parameters.
    pub(crate) fn render(&self, scope: &Scope<'_>, meter: &Meter, out: &mut String) -> Result<(), TextFault> {
        let before = out.len();
        match self {
            Self::Fixed(text) => out.push_str(text),
            Self::Plain(template) => template.render(scope, out),
            Self::Go(template) => {
                let env = Env::default().limits(meter.limits());
                let usage = template
                    .render(scope.dot(), &env, out)
                    .map_err(|error| match error.kind {
                        ExecErrorKind::Limit(_) | ExecErrorKind::Refused => {
                            TextFault::Refused(format!("{error} (in the template {})", template.text()))
                        }
                        _ => TextFault::Upstream(format!(
                            "failed to execute go template {}: {error}",
                            template.text()
                        )),
                    })?;
                meter.count_steps(usage.steps)?;
            }
        }
        meter.count_output(out.len() - before)
    }

    pub(crate) fn rendered(&self, scope: &Scope<'_>, meter: &Meter) -> Result<String, TextFault> {
        let mut out = String::new();
        self.render(scope, meter, &mut out)?;
        Ok(out)
    }
}

impl BadOption {
    /// What Go's runtime says.
    pub(crate) fn upstream(&self) -> String {
        if self.option.is_empty() {
            "panic: empty option string".to_owned()
        } else {
            format!("panic: unrecognized option: {}", self.option)
        }
    }
}

/// What Argo CD calls every template.
const NAME: &str = "base";
