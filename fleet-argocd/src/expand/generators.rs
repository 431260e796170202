//! The generators: from an item of `spec.generators` and a snapshot to sets of parameters.

use std::collections::BTreeMap;

use fleet_core::yaml::{self, FieldPath};
use serde_json::Value;

use super::error::{ExpandError, GeneratorProblem};
use super::fasttemplate::FastTemplate;
use super::go;
use super::params::Params;
use super::selector::{Matcher, Values, is_empty};
use super::snapshot::{Snapshot, SnapshotCluster};
use crate::application_set::{ApplicationTemplate, ClusterGenerator, Generator, ListGenerator};
use crate::cluster::IN_CLUSTER_SERVER;

/// A set of parameters and where it comes from.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) params: Params,
    /// The cluster, when one gave the parameters.
    pub(crate) cluster: Option<String>,
}

/// What one kind of an item gives.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) kind: GeneratorKind,
    pub(crate) path: FieldPath,
    pub(crate) generated: Vec<Generated>,
    pub(crate) template: Option<&'a ApplicationTemplate>,
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
}

impl std::fmt::Display for GeneratorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::List => "list",
            Self::Clusters => "clusters",
        })
    }
}

/// Runs every kind of generator an item holds, in upstream's order, and its selector.
pub(crate) fn run<'a>(
    item: &'a Generator,
    path: &FieldPath,
    snapshot: &Snapshot,
) -> Result<Vec<Batch<'a>>, ExpandError> {
    refuse_unsupported(item, path)?;
    let mut batches = Vec::new();
    if let Some(generator) = &item.list {
        let path = path.clone().field("list");
        batches.push(Batch {
            kind: GeneratorKind::List,
            generated: list(generator, &path)?,
            template: generator.template.as_ref(),
            path,
        });
    }
    if let Some(generator) = &item.clusters {
        let path = path.clone().field("clusters");
        batches.push(Batch {
            kind: GeneratorKind::Clusters,
            generated: clusters(generator, &path, snapshot)?,
            template: generator.template.as_ref(),
            path,
        });
    }
    if let Some(selector) = &item.selector {
        let matcher = Matcher::new(selector, Values::Any).map_err(|message| ExpandError::Generator {
            path: path.clone().field("selector"),
            problem: GeneratorProblem::ParameterSelector { message },
        })?;
        for batch in &mut batches {
            batch
                .generated
                .retain(|generated| matcher.matches(&generated.params.flattened()));
        }
    }
    Ok(batches)
}

fn refuse_unsupported(item: &Generator, path: &FieldPath) -> Result<(), ExpandError> {
    let unsupported = [
        (item.git.is_some(), "git"),
        (item.scm_provider.is_some(), "scmProvider"),
        (
            item.cluster_decision_resource.is_some(),
            "clusterDecisionResource",
        ),
        (item.pull_request.is_some(), "pullRequest"),
        (item.matrix.is_some(), "matrix"),
        (item.merge.is_some(), "merge"),
        (item.plugin.is_some(), "plugin"),
    ];
    match unsupported.into_iter().find(|(is_set, _)| *is_set) {
        None => Ok(()),
        Some((_, name)) => Err(ExpandError::Unsupported {
            path: path.clone().field(name),
            what: "this kind of generator",
            expected: "`list` or `clusters`",
        }),
    }
}

fn list(generator: &ListGenerator, path: &FieldPath) -> Result<Vec<Generated>, ExpandError> {
    let mut generated = Vec::new();
    for (index, element) in generator.elements.iter().flatten().enumerate() {
        let path = path.clone().field("elements").index(index);
        generated.push(Generated {
            params: list_element(element, &path)?,
            cluster: None,
        });
    }
    if let Some(text) = generator.elements_yaml.as_deref().filter(|text| !text.is_empty()) {
        let path = path.clone().field("elementsYaml");
        generated.extend(elements_yaml(text, &path)?);
    }
    Ok(generated)
}

fn list_element(element: &Value, path: &FieldPath) -> Result<Params, ExpandError> {
    let Value::Object(fields) = element else {
        return Err(problem(
            path.clone(),
            GeneratorProblem::ElementNotObject {
                found: go::kind(element),
            },
        ));
    };
    let mut params = Params::default();
    for (key, value) in fields {
        let path = path.clone().field(key.as_str());
        match value {
            Value::String(text) if key != "values" => params.insert(key.as_str(), text.as_str()),
            Value::Object(values) if key == "values" => {
                for (name, value) in values {
                    let Value::String(text) = value else {
                        let found = go::kind(value);
                        return Err(problem(
                            path.field(name.as_str()),
                            GeneratorProblem::NotString { found },
                        ));
                    };
                    params.insert(format!("values.{name}"), text.as_str());
                }
            }
            other if key == "values" => {
                return Err(problem(
                    path,
                    GeneratorProblem::ValuesNotObject {
                        found: go::kind(other),
                    },
                ));
            }
            other => {
                return Err(problem(
                    path,
                    GeneratorProblem::NotString {
                        found: go::kind(other),
                    },
                ));
            }
        }
    }
    Ok(params)
}

/// Unlike `elements`, these are neither checked nor flattened, also in the plain language.
fn elements_yaml(text: &str, path: &FieldPath) -> Result<Vec<Generated>, ExpandError> {
    let documents = yaml::documents(text).map_err(|error| {
        problem(
            path.clone(),
            GeneratorProblem::ElementsYamlSyntax {
                message: error.to_string(),
            },
        )
    })?;
    let items = match documents.into_iter().next().map(yaml::Document::into_value) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(other) => {
            let found = go::kind(&other);
            return Err(problem(
                path.clone(),
                GeneratorProblem::ElementsYamlShape { found, item: false },
            ));
        }
    };
    items
        .into_iter()
        .enumerate()
        .map(|(index, item)| {
            let params = match item {
                Value::Object(fields) => fields.into_iter().collect(),
                Value::Null => Params::default(),
                other => {
                    let found = go::kind(&other);
                    let path = path.clone().index(index);
                    return Err(problem(
                        path,
                        GeneratorProblem::ElementsYamlShape { found, item: true },
                    ));
                }
            };
            Ok(Generated {
                params,
                cluster: None,
            })
        })
        .collect()
}

fn clusters(
    generator: &ClusterGenerator,
    path: &FieldPath,
    snapshot: &Snapshot,
) -> Result<Vec<Generated>, ExpandError> {
    let selector = generator.selector.clone().unwrap_or_default();
    let matcher = Matcher::new(&selector, Values::Labels).map_err(|message| {
        problem(
            path.clone().field("selector"),
            GeneratorProblem::ClusterSelector { message },
        )
    })?;
    let values = templated_values(generator.values.as_ref(), path)?;

    // Of two Secrets with one cluster name Argo CD keeps the later. Argo CD's own order changes from run to run.
    let by_name: BTreeMap<&str, &SnapshotCluster> = snapshot
        .clusters()
        .filter(|cluster| matcher.matches(&cluster.labels))
        .map(|cluster| (cluster.name.as_str(), cluster))
        .collect();
    let mut generated: Vec<_> = by_name
        .values()
        .map(|cluster| Generated {
            params: with_values(cluster_params(cluster), &values),
            cluster: Some(cluster.name.clone()),
        })
        .collect();

    let local_is_registered = snapshot
        .clusters()
        .any(|cluster| cluster.server == IN_CLUSTER_SERVER);
    if is_empty(&selector) && !local_is_registered {
        generated.push(Generated {
            params: with_values(in_cluster_params(), &values),
            cluster: Some(IN_CLUSTER_NAME.to_owned()),
        });
    }
    if generator.flat_list == Some(true) {
        return Ok(vec![flat_list(&generated)]);
    }
    Ok(generated)
}

fn cluster_params(cluster: &SnapshotCluster) -> Params {
    let mut params = Params::default();
    params.insert("name", cluster.name.as_str());
    params.insert("nameNormalized", normalized_name(&cluster.name));
    params.insert("server", cluster.server.as_str());
    params.insert("project", cluster.project.as_str());
    for (key, value) in &cluster.labels {
        params.insert(format!("metadata.labels.{key}"), value.as_str());
    }
    for (key, value) in &cluster.annotations {
        if !PRIVATE_ANNOTATIONS.contains(&key.as_str()) {
            params.insert(format!("metadata.annotations.{key}"), value.as_str());
        }
    }
    params
}

fn in_cluster_params() -> Params {
    let mut params = Params::default();
    params.insert("name", IN_CLUSTER_NAME);
    params.insert("nameNormalized", IN_CLUSTER_NAME);
    params.insert("server", IN_CLUSTER_SERVER);
    params.insert("project", "");
    params
}

fn templated_values(
    values: Option<&BTreeMap<String, String>>,
    path: &FieldPath,
) -> Result<Vec<(String, FastTemplate)>, ExpandError> {
    values
        .into_iter()
        .flatten()
        .map(|(name, text)| match FastTemplate::parse(text) {
            Ok(template) => Ok((format!("values.{name}"), template)),
            Err(unclosed) => {
                let message = format!("invalid template: {}", unclosed.upstream());
                Err(problem(
                    path.clone().field("values").field(name.as_str()),
                    GeneratorProblem::Value { message },
                ))
            }
        })
        .collect()
}

/// Values see the generator's own parameters, not each other.
fn with_values(mut params: Params, values: &[(String, FastTemplate)]) -> Params {
    let rendered: Vec<_> = values
        .iter()
        .map(|(name, template)| (name, template.render(&params).into_owned()))
        .collect();
    for (name, value) in rendered {
        params.insert(name.as_str(), value);
    }
    params
}

fn flat_list(generated: &[Generated]) -> Generated {
    let clusters: Vec<Value> = generated
        .iter()
        .map(|one| {
            one.params
                .iter()
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect()
        })
        .collect();
    let mut params = Params::default();
    params.insert(
        "clusters",
        if clusters.is_empty() {
            Value::Null
        } else {
            Value::Array(clusters)
        },
    );
    Generated {
        params,
        cluster: None,
    }
}

/// A name as `nameNormalized` has it: lower case, everything but letters, digits, `-` and `.` made `-`, at most 253
/// bytes, without `-` and `.` at the ends.
fn normalized_name(name: &str) -> String {
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

fn problem(path: FieldPath, problem: GeneratorProblem) -> ExpandError {
    ExpandError::Generator { path, problem }
}

const IN_CLUSTER_NAME: &str = "in-cluster";

/// Annotations that never become parameters: Argo CD's own, which change without the cluster changing.
const PRIVATE_ANNOTATIONS: &[&str] = &[
    "argocd.argoproj.io/refresh",
    "argocd.argoproj.io/hydrate",
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/installation-id",
    "kubectl.kubernetes.io/last-applied-configuration",
];
