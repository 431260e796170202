//! The clusters registered in Argo CD.

use std::collections::BTreeMap;

use fleet_core::yaml::FieldPath;
use serde_json::{Map, Value};

use super::super::error::{ExpandError, GeneratorProblem};
use super::super::params::{Kind, Layer, ParamSet};
use super::super::selector::{Matcher, Values, is_empty};
use super::super::snapshot::SnapshotCluster;
use super::values::ValueTemplates;
use super::{Context, Outcome, normalized_name};
use crate::application_set::ClusterGenerator;
use crate::cluster::IN_CLUSTER_SERVER;

pub(super) fn run(
    generator: &ClusterGenerator,
    path: &FieldPath,
    context: &Context<'_>,
) -> Outcome<Vec<ParamSet>> {
    let selector = generator.selector.clone().unwrap_or_default();
    let matcher = Matcher::new(&selector, Values::Labels).map_err(|message| {
        ExpandError::generator(
            path.clone().field("selector"),
            GeneratorProblem::ClusterSelector { message },
        )
    })?;
    let known = context.clusters(path).map_err(|failure| {
        ExpandError::source(path.clone(), failure.within("error getting cluster secrets: "))
    })?;
    let words = "error appending templated values for cluster: ";
    let values = ValueTemplates::new(generator.values.as_ref(), path, words, context);

    // Of two Secrets with one cluster name Argo CD keeps the later. Argo CD's own order changes from run to run.
    let by_name: BTreeMap<&str, &SnapshotCluster> = known
        .values()
        .filter(|cluster| matcher.matches(&cluster.labels))
        .map(|cluster| (cluster.name.as_str(), &**cluster))
        .collect();
    let mut sets = Vec::with_capacity(by_name.len() + 1);
    for cluster in by_name.values() {
        sets.push(values.applied(cluster_params(cluster, context.go), context)?);
    }
    let local_is_registered = by_name
        .values()
        .any(|cluster| cluster.server == IN_CLUSTER_SERVER);
    if is_empty(&selector) && !local_is_registered {
        let words = "error appending templated values for local cluster: ";
        let values = ValueTemplates::new(generator.values.as_ref(), path, words, context);
        sets.push(values.applied(in_cluster_params(), context)?);
    }
    if generator.flat_list == Some(true) {
        return Ok(vec![flat_list(&sets)]);
    }
    Ok(sets)
}

fn cluster_params(cluster: &SnapshotCluster, go: bool) -> Layer {
    let mut layer = Layer::default();
    layer.insert("name", cluster.name.as_str());
    layer.insert("nameNormalized", normalized_name(&cluster.name));
    layer.insert("server", cluster.server.as_str());
    layer.insert("project", cluster.project.as_str());
    let annotations = cluster
        .annotations
        .iter()
        .filter(|(key, _)| !PRIVATE_ANNOTATIONS.contains(&key.as_str()));
    if go {
        let text = |(key, value): (&String, &String)| (key.clone(), Value::String(value.clone()));
        let mut metadata = Map::new();
        if !cluster.annotations.is_empty() {
            metadata.insert("annotations".to_owned(), annotations.map(text).collect());
        }
        if !cluster.labels.is_empty() {
            metadata.insert("labels".to_owned(), cluster.labels.iter().map(text).collect());
        }
        layer.insert("metadata", Value::Object(metadata));
        layer.mark(&["metadata", "annotations"], Kind::Strings);
        layer.mark(&["metadata", "labels"], Kind::Strings);
    } else {
        for (key, value) in annotations {
            layer.insert(format!("metadata.annotations.{key}"), value.as_str());
        }
        for (key, value) in &cluster.labels {
            layer.insert(format!("metadata.labels.{key}"), value.as_str());
        }
    }
    layer
}

fn in_cluster_params() -> Layer {
    let mut layer = Layer::default();
    layer.insert("name", IN_CLUSTER_NAME);
    layer.insert("nameNormalized", IN_CLUSTER_NAME);
    layer.insert("server", IN_CLUSTER_SERVER);
    layer.insert("project", "");
    layer
}

fn flat_list(sets: &[ParamSet]) -> ParamSet {
    let mut layer = Layer::default();
    let mut clusters = Vec::with_capacity(sets.len());
    for (index, set) in sets.iter().enumerate() {
        let flat = set.flat();
        for (path, kind) in flat.kinds {
            let path = ["clusters".to_owned(), index.to_string()]
                .into_iter()
                .chain(path)
                .collect();
            layer.kinds.push((path, kind));
        }
        clusters.push(Value::Object(flat.map));
    }
    let clusters = if clusters.is_empty() {
        Value::Null
    } else {
        Value::Array(clusters)
    };
    layer.insert("clusters", clusters);
    layer.kinds.push((vec!["clusters".to_owned()], Kind::Sets));
    layer.into()
}

/// The name of the cluster Argo CD runs in.
pub(super) const IN_CLUSTER_NAME: &str = "in-cluster";

/// Annotations that never become parameters: Argo CD's own, which change without the cluster changing.
const PRIVATE_ANNOTATIONS: &[&str] = &[
    "argocd.argoproj.io/refresh",
    "argocd.argoproj.io/hydrate",
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/installation-id",
    "kubectl.kubernetes.io/last-applied-configuration",
];
