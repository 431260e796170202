//! Why an ApplicationSet cannot be expanded.

use fleet_core::yaml::{FieldPath, Segment};

use super::snapshot::SourceFailure;
use super::text::TextFault;

/// Why an ApplicationSet cannot be expanded. Every error names the place in the ApplicationSet.
///
/// Where Argo CD fails too, [`upstream`](Self::upstream) is the text it puts into the ApplicationSet's status and
/// [`reason`](Self::reason) the condition's reason.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// `goTemplateOptions` holds an option that Go does not know. Argo CD's controller panics at it.
    #[error(
        "{path}: {option:?} is no option of Go's templates; expected missingkey=default, missingkey=zero or \
         missingkey=error"
    )]
    TemplateOption {
        /// Where it stands.
        path: FieldPath,
        /// The option.
        option: String,
        /// What Argo CD says.
        upstream: String,
    },
    /// A bound of [`Bounds`](super::Bounds) is exceeded, or a template calls a function that has no place outside Argo CD.
    /// Argo CD itself would go on.
    #[error("{path}: {message}")]
    Bound {
        /// Where the template or the generator stands.
        path: FieldPath,
        /// Which bound or function.
        message: String,
    },
    /// A generator's parameters cannot be made.
    #[error("{path}: {problem}")]
    Generator {
        /// The generator, or the part of it that is at fault.
        path: FieldPath,
        /// What is wrong.
        problem: GeneratorProblem,
        /// What Argo CD says.
        upstream: String,
    },
    /// What a generator looks at could not be had, or is not in the snapshot. Nothing is expanded from what is left.
    #[error("{path}: {failure}")]
    Source {
        /// The generator.
        path: FieldPath,
        /// Why.
        failure: SourceFailure,
        /// What Argo CD says.
        upstream: String,
    },
    /// A template does not parse, or cannot be rendered.
    #[error("{path}: {message}")]
    Template {
        /// Where the template stands.
        path: FieldPath,
        /// The template's text.
        template: String,
        /// What is wrong with it, in Argo CD's words.
        message: String,
    },
    /// The ApplicationSet, or what its template renders to, does not have the types of an Application.
    #[error("{path}: an Application cannot be made of the rendered template: {message}")]
    Shape {
        /// The generator's path.
        path: FieldPath,
        /// What does not fit.
        message: String,
    },
}

/// What is wrong with a generator.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GeneratorProblem {
    /// A list element that is not an object.
    #[error("found {found}, expected an object of parameters")]
    ElementNotObject {
        /// The kind of what was found.
        found: &'static str,
    },
    /// A parameter that is not a string, in the plain template language.
    #[error(
        "the parameter is {found}; the plain template language takes strings only, so quote it or set goTemplate"
    )]
    NotString {
        /// The kind of what was found.
        found: &'static str,
    },
    /// `values` of a list element that is not an object.
    #[error("`values` is {found}, expected an object of strings")]
    ValuesNotObject {
        /// The kind of what was found.
        found: &'static str,
    },
    /// `elementsYaml` that is not YAML.
    #[error("the text is not YAML: {message}")]
    ElementsYamlSyntax {
        /// What the parser says, with line and column.
        message: String,
    },
    /// `elementsYaml` that is not a list of objects.
    #[error("the YAML is {found}, expected a list of objects")]
    ElementsYamlShape {
        /// The kind of what was found.
        found: &'static str,
        /// Whether it is an item of the list, not the whole.
        item: bool,
    },
    /// A selector of clusters that Kubernetes refuses.
    #[error("the selector is refused: {message}")]
    ClusterSelector {
        /// Kubernetes' message.
        message: String,
    },
    /// A selector of parameters that is refused.
    #[error("the selector is refused: {message}")]
    ParameterSelector {
        /// Kubernetes' message.
        message: String,
    },
    /// A template among a generator's `values`, or in a generator inside a matrix.
    #[error("the template cannot be rendered: {message}")]
    Template {
        /// What is wrong, in Argo CD's words.
        message: String,
    },
    /// Something else, in Argo CD's words.
    #[error("{message}")]
    Other {
        /// What is wrong.
        message: String,
    },
}

impl ExpandError {
    /// Where in the ApplicationSet (`spec.generators[0].list.elements[2].replicas`).
    pub fn path(&self) -> &FieldPath {
        match self {
            Self::TemplateOption { path, .. }
            | Self::Bound { path, .. }
            | Self::Generator { path, .. }
            | Self::Source { path, .. }
            | Self::Template { path, .. }
            | Self::Shape { path, .. } => path,
        }
    }

    /// The text that Argo CD shows in the ApplicationSet's status, if it fails as well.
    pub fn upstream(&self) -> Option<String> {
        match self {
            Self::Generator { upstream, .. }
            | Self::Source { upstream, .. }
            | Self::TemplateOption { upstream, .. } => Some(upstream.clone()),
            Self::Template { message, .. } => Some(message.clone()),
            Self::Bound { .. } | Self::Shape { .. } => None,
        }
    }

    /// The reason of the condition that Argo CD sets, if it fails as well.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            // The controller's reconciliation ends there, and sets no condition.
            Self::Generator { upstream, .. } if upstream.starts_with("panic: ") => None,
            Self::Generator { .. } | Self::Source { .. } => Some("ApplicationGenerationFromParamsError"),
            Self::Template { .. } => Some("RenderTemplateParamsError"),
            Self::TemplateOption { .. } | Self::Bound { .. } | Self::Shape { .. } => None,
        }
    }
}

impl ExpandError {
    pub(crate) fn generator(path: FieldPath, problem: GeneratorProblem) -> Self {
        let upstream = problem.upstream();
        Self::Generator {
            path,
            problem,
            upstream,
        }
    }

    /// A text among a generator's own that cannot be rendered; `words` are what Argo CD says around it.
    pub(crate) fn text_of_generator(
        path: FieldPath,
        fault: TextFault,
        words: impl FnOnce(String) -> String,
    ) -> Self {
        match fault {
            TextFault::Upstream(message) => Self::generator(
                path,
                GeneratorProblem::Template {
                    message: words(message),
                },
            ),
            other => Self::text(path, String::new(), other, |message| message),
        }
    }

    /// A text of the Applications' template, or the patch, that cannot be rendered.
    pub(crate) fn text(
        path: FieldPath,
        template: String,
        fault: TextFault,
        words: impl FnOnce(String) -> String,
    ) -> Self {
        match fault {
            TextFault::Upstream(message) => Self::Template {
                path,
                template,
                message: words(message),
            },
            TextFault::Option(bad) => Self::TemplateOption {
                path: FieldPath::default()
                    .field("spec")
                    .field("goTemplateOptions")
                    .index(bad.index),
                upstream: bad.upstream(),
                option: bad.option,
            },
            TextFault::Refused(message) => Self::Bound { path, message },
        }
    }

    pub(crate) fn source(path: FieldPath, failure: SourceFailure) -> Self {
        let upstream = failure.message.clone();
        Self::Source {
            path,
            failure,
            upstream,
        }
    }

    /// Puts words before what Argo CD says, as it does around the errors of inner generators.
    pub(crate) fn within(mut self, words: &str) -> Self {
        if let Self::Generator { upstream, .. } | Self::Source { upstream, .. } = &mut self
            && !upstream.starts_with("panic: ")
        {
            upstream.insert_str(0, words);
        }
        self
    }
}

impl GeneratorProblem {
    fn upstream(&self) -> String {
        let into_map = |found: &str| {
            format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}")
        };
        match self {
            Self::ElementNotObject { found: "null" } => {
                "error unmarshling list element unexpected end of JSON input".to_owned()
            }
            Self::ElementNotObject { found } => format!("error unmarshling list element {}", into_map(found)),
            // Argo CD wraps an error that is nil here.
            Self::NotString { .. } => "error parsing value as string %!w(<nil>)".to_owned(),
            Self::ValuesNotObject { .. } => "error parsing values map".to_owned(),
            Self::ElementsYamlShape { found, item } => {
                let message = if *item {
                    into_map(found)
                } else {
                    format!(
                        "json: cannot unmarshal {found} into Go value of type []map[string]interface {{}}"
                    )
                };
                format!(
                    "error unmarshling decoded ElementsYaml error unmarshaling JSON: while decoding JSON: {message}"
                )
            }
            Self::ClusterSelector { message } => {
                format!("error getting cluster secrets: error converting label selector: {message}")
            }
            Self::ParameterSelector { message } => format!("error parsing label selector: {message}"),
            Self::ElementsYamlSyntax { message } | Self::Template { message } | Self::Other { message } => {
                message.clone()
            }
        }
    }
}

/// A template that fails, and where in the value it stands.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) template: String,
    pub(crate) cause: TextFault,
    pub(crate) segments: Vec<Segment>,
}
