//! The generators: from an item of `spec.generators` and a snapshot to sets of parameters.

mod clusters;
mod combine;
mod decision;
mod git;
mod list;
mod merge;
mod plugin;
mod providers;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use fleet_core::yaml::FieldPath;
use serde::Deserialize;
use serde_json::Value;

use super::bounds::Meter;
use super::error::{ExpandError, GeneratorProblem};
use super::params::ParamSet;
use super::selector::{Matcher, Values};
use super::shape;
use super::snapshot::{FailureKind, Snapshot, SnapshotCluster, SourceFailure};
use super::template::{Rendered, Template, below};
use super::text::Language;
use super::wants::{Sought, Want, Wants};
use crate::application_set::{ApplicationTemplate, Generator, NestedGenerator};

pub(crate) use providers::{pull_request_query, scm_query};

/// What every generator may look at.
pub(crate) struct Context<'a> {
    pub(crate) language: &'a Language,
    pub(crate) go: bool,
    pub(crate) meter: &'a Meter,
    pub(crate) snapshot: &'a Snapshot,
    /// Where to note what the snapshot lacks, when that is what is looked for.
    pub(crate) wants: Option<&'a Wants>,
    /// The project of the ApplicationSet's template.
    pub(crate) project: &'a str,
    pub(crate) set_name: &'a str,
}

impl<'a> Context<'a> {
    /// Something that was looked for in the snapshot. What nobody has gathered is noted, when that is the question.
    fn found<T>(
        &self,
        found: Result<T, SourceFailure>,
        path: &FieldPath,
        what: impl FnOnce() -> Sought,
    ) -> Result<T, SourceFailure> {
        if let (Err(failure), Some(wants)) = (&found, self.wants)
            && failure.kind == FailureKind::NotGathered
        {
            wants.borrow_mut().push(Want {
                path: path.clone(),
                what: what(),
            });
        }
        found
    }

    /// A `ConfigMap` that a generator refers to; nothing if there is none.
    fn config_map(
        &self,
        name: &str,
        path: &FieldPath,
    ) -> Result<Option<&'a BTreeMap<String, String>>, SourceFailure> {
        if let Some(failure) = self.snapshot.config_map_failure(name) {
            return Err(failure.clone());
        }
        if self.wants.is_some() && self.snapshot.lacks_config_map(name) {
            let missing = Err(SourceFailure::not_gathered(format!("the ConfigMap {name}")));
            return self.found(missing, path, || Sought::ConfigMap(name.to_owned()));
        }
        Ok(self.snapshot.config_map(name))
    }

    /// The registered clusters by the names of their Secrets.
    fn clusters(
        &self,
        path: &FieldPath,
    ) -> Result<&'a BTreeMap<String, Arc<SnapshotCluster>>, SourceFailure> {
        self.found(self.snapshot.known_clusters(), path, || Sought::Hub)
    }
}

/// What one kind of an item gives.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) kind: GeneratorKind,
    pub(crate) path: FieldPath,
    pub(crate) groups: Vec<Group>,
    pub(crate) template: Option<Box<ApplicationTemplate>>,
}

/// Sets of parameters that share a part: each is the shared part and one of the rest.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) outer: ParamSet,
    pub(crate) inner: Arc<[ParamSet]>,
}

/// The kinds of generators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum GeneratorKind {
    /// Parameters written out.
    List,
    /// The clusters registered in Argo CD.
    Clusters,
    /// Directories or files of a Git repository.
    Git,
    /// The repositories of an organisation.
    ScmProvider,
    /// The clusters another controller decided on.
    ClusterDecisionResource,
    /// Open pull requests.
    PullRequest,
    /// Combinations of two generators.
    Matrix,
    /// A generator overridden by others.
    Merge,
    /// An HTTP service.
    Plugin,
}

impl GeneratorKind {
    /// The field of an item of `spec.generators` that holds this kind.
    pub fn field(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Clusters => "clusters",
            Self::Git => "git",
            Self::ScmProvider => "scmProvider",
            Self::ClusterDecisionResource => "clusterDecisionResource",
            Self::PullRequest => "pullRequest",
            Self::Matrix => "matrix",
            Self::Merge => "merge",
            Self::Plugin => "plugin",
        }
    }
}

impl std::fmt::Display for GeneratorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.field())
    }
}

type Outcome<T> = Result<T, ExpandError>;

/// Runs every kind of generator an item holds, in upstream's order, and its selector.
///
/// `depth` is how many combinations the item is inside of; a third is dropped, as upstream's types do.
pub(crate) fn run(
    item: &Generator,
    path: &FieldPath,
    context: &Context<'_>,
    depth: usize,
) -> Outcome<Vec<Batch>> {
    let matcher = item
        .selector
        .as_ref()
        .map(|selector| Matcher::new(selector, Values::Any))
        .transpose()
        .map_err(|message| {
            ExpandError::generator(
                path.clone().field("selector"),
                GeneratorProblem::ParameterSelector { message },
            )
        })?;
    let mut batches = Vec::new();
    for kind in kinds_of(item, depth) {
        let path = path.clone().field(kind.field());
        let (mut groups, template) = match kind {
            GeneratorKind::List => run_leaf(
                item.list.as_ref(),
                |g| list::run(g, &path, context),
                |g| &g.template,
            ),
            GeneratorKind::Clusters => run_leaf(
                item.clusters.as_ref(),
                |g| clusters::run(g, &path, context),
                |g| &g.template,
            ),
            GeneratorKind::Git => run_leaf(
                item.git.as_ref(),
                |g| git::run(g, &path, context),
                |g| &g.template,
            ),
            GeneratorKind::ScmProvider => run_leaf(
                item.scm_provider.as_ref(),
                |g| providers::repositories(g, &path, context),
                |g| &g.template,
            ),
            GeneratorKind::ClusterDecisionResource => run_leaf(
                item.cluster_decision_resource.as_ref(),
                |g| decision::run(g, &path, context),
                |g| &g.template,
            ),
            GeneratorKind::PullRequest => run_leaf(
                item.pull_request.as_ref(),
                |g| providers::pull_requests(g, &path, context),
                |g| &g.template,
            ),
            GeneratorKind::Plugin => run_leaf(
                item.plugin.as_ref(),
                |g| plugin::run(g, &path, context),
                |g| &g.template,
            ),
            GeneratorKind::Matrix => match &item.matrix {
                Some(matrix) => combine::matrix(matrix, &path, context, depth)
                    .map(|groups| (groups, matrix.template.clone())),
                None => Ok(Default::default()),
            },
            GeneratorKind::Merge => run_leaf(
                item.merge.as_ref(),
                |g| combine::merge(g, &path, context, depth),
                |g| &g.template,
            ),
        }
        .or_else(|error| match error {
            // What comes without it is not known yet, and not asked for either.
            ExpandError::Source { failure, .. }
                if is_looking(context) && failure.kind == FailureKind::NotGathered =>
            {
                Ok(Default::default())
            }
            error => Err(error),
        })?;
        let count = groups.iter().map(|group| group.inner.len()).sum();
        context.meter.check_sets(count, &path)?;
        if let Some(matcher) = &matcher {
            for group in &mut groups {
                let kept: Vec<_> = group
                    .inner
                    .iter()
                    .filter(|inner| matcher.matches(&group.outer.joined(inner).flattened()))
                    .cloned()
                    .collect();
                group.inner = kept.into();
            }
        }
        batches.push(Batch {
            kind,
            path,
            groups,
            template,
        });
    }
    Ok(batches)
}

/// Whether the run only looks for what the snapshot lacks.
fn is_looking(context: &Context<'_>) -> bool {
    context.wants.is_some()
}

fn run_leaf<G>(
    generator: Option<&G>,
    sets: impl FnOnce(&G) -> Outcome<Vec<ParamSet>>,
    template: impl FnOnce(&G) -> &Option<Box<ApplicationTemplate>>,
) -> Outcome<(Vec<Group>, Option<Box<ApplicationTemplate>>)> {
    let Some(generator) = generator else {
        return Ok(Default::default());
    };
    let group = Group {
        outer: ParamSet::default(),
        inner: sets(generator)?.into(),
    };
    Ok((vec![group], template(generator).clone()))
}

/// The kinds an item holds, in upstream's order.
fn kinds_of(item: &Generator, depth: usize) -> Vec<GeneratorKind> {
    let combinations = depth < 2;
    [
        (item.list.is_some(), GeneratorKind::List),
        (item.clusters.is_some(), GeneratorKind::Clusters),
        (item.git.is_some(), GeneratorKind::Git),
        (item.scm_provider.is_some(), GeneratorKind::ScmProvider),
        (
            item.cluster_decision_resource.is_some(),
            GeneratorKind::ClusterDecisionResource,
        ),
        (item.pull_request.is_some(), GeneratorKind::PullRequest),
        (item.matrix.is_some() && combinations, GeneratorKind::Matrix),
        (item.merge.is_some() && combinations, GeneratorKind::Merge),
        (item.plugin.is_some(), GeneratorKind::Plugin),
    ]
    .into_iter()
    .filter_map(|(is_set, kind)| is_set.then_some(kind))
    .collect()
}

/// A generator inside a combination as one of the top level, which it is run as.
fn unnested(child: &NestedGenerator, path: &FieldPath) -> Outcome<Generator> {
    let undecodable = |what: &str, error: &serde_json::Error| {
        other(
            path.clone().field(what),
            format!("the nested {what} cannot be read: {error}"),
        )
    };
    Ok(Generator {
        list: child.list.clone(),
        clusters: child.clusters.clone(),
        git: child.git.clone(),
        scm_provider: child.scm_provider.clone(),
        cluster_decision_resource: child.cluster_decision_resource.clone(),
        pull_request: child.pull_request.clone(),
        matrix: child
            .nested_matrix()
            .map_err(|error| undecodable("matrix", &error))?,
        merge: child
            .nested_merge()
            .map_err(|error| undecodable("merge", &error))?,
        plugin: child.plugin.clone(),
        selector: child.selector.clone(),
        ..Generator::default()
    })
}

/// A generator whose texts are rendered with the parameters of another: the second child of a matrix.
struct Interpolated {
    template: Template,
    /// The result, if there is nothing to render.
    fixed: Option<Generator>,
}

impl Interpolated {
    fn new(item: &Generator, path: &FieldPath, context: &Context<'_>) -> Outcome<Self> {
        let shape = shape::of("ApplicationSetGenerator");
        let value = serde_json::to_value(item).map_err(|error| other(path.clone(), error.to_string()))?;
        let texts = value.to_string().contains("{{");
        let template = Template::new(context.language, shape, shape.without_nulls(value), is_values);
        let fixed = if texts || !template.is_fixed() {
            None
        } else {
            // What is rendered is also decoded and encoded again, which drops nulls and rounds large numbers.
            let value = template.value(&Rendered::default());
            Some(Generator::deserialize(value).map_err(|error| other(path.clone(), error.to_string()))?)
        };
        Ok(Self { template, fixed })
    }

    /// The generator for one set of parameters of the first child.
    fn render(&self, params: &ParamSet, path: &FieldPath, context: &Context<'_>) -> Outcome<Generator> {
        let scope = params.scope();
        let rendered = self
            .template
            .render(&scope, context.meter, &mut String::new())
            .map_err(|fault| {
                ExpandError::text_of_generator(below(path, &fault.segments), fault.cause, |message| {
                    format!("failed to replace parameters in generator: {message}")
                })
            })?;
        let mut value = self.template.value(&rendered);
        values::resolve_early(&mut value, &scope, path, context)?;
        Generator::deserialize(value).map_err(|error| other(path.clone(), error.to_string()))
    }
}

/// `values` are rendered by rules of their own.
fn is_values(owner: &str, field: &str) -> bool {
    field == "values" && owner.ends_with("Generator")
}

fn other(path: FieldPath, message: impl Into<String>) -> ExpandError {
    ExpandError::generator(
        path,
        GeneratorProblem::Other {
            message: message.into(),
        },
    )
}

/// A name as `nameNormalized` has it: lower case, everything but letters, digits, `-` and `.` made `-`, at most 253
/// bytes, without `-` and `.` at the ends.
pub(crate) fn normalized_name(name: &str) -> String {
    let mut normalized: String = name
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    normalized.truncate(253);
    normalized.trim_matches(['-', '.']).to_owned()
}

/// JSON under names with dots, every value as text, as the plain language takes it. What is empty has no name.
fn flattened_into(layer: &mut super::params::Layer, name: &str, value: &Value) {
    let inner = |key: &str| {
        if name.is_empty() {
            key.to_owned()
        } else {
            format!("{name}.{key}")
        }
    };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                flattened_into(layer, &inner(key), value);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                flattened_into(layer, &inner(&index.to_string()), value);
            }
        }
        scalar => layer.insert(name, super::go::plain(scalar)),
    }
}
