//! The clusters that another controller decided on.

use fleet_core::yaml::FieldPath;
use serde_json::{Map, Value};

use super::super::error::ExpandError;
use super::super::go;
use super::super::params::{Kind, Layer, ParamSet};
use super::super::selector::{Matcher, Values, is_empty};
use super::clusters::IN_CLUSTER_NAME;
use super::{Context, Outcome, Sought, other};
use crate::application_set::ClusterDecisionResourceGenerator;
use crate::cluster::IN_CLUSTER_SERVER;

pub(super) fn run(
    generator: &ClusterDecisionResourceGenerator,
    path: &FieldPath,
    context: &Context<'_>,
) -> Outcome<Vec<ParamSet>> {
    let known = context
        .clusters(path)
        .map_err(|failure| ExpandError::source(path.clone(), failure.within("error listing clusters: ")))?;
    let reference = &generator.config_map_ref;
    let config = context.config_map(reference, path).map_err(|failure| {
        ExpandError::source(path.clone(), failure.within("error reading configMapRef: "))
    })?;
    let Some(config) = config else {
        return Err(other(
            path.clone().field("configMapRef"),
            format!("error reading configMapRef: configmaps \"{reference}\" not found"),
        ));
    };
    let text = |key: &str| config.get(key).map(String::as_str).unwrap_or_default();
    let api_version = text("apiVersion");
    let kind = text("kind");
    if kind.is_empty() || api_version.find('/').is_none_or(|at| at < 1) {
        return Err(other(
            path.clone().field("configMapRef"),
            "there is a problem with the apiVersion, kind or resourceName provided",
        ));
    }
    let name = generator.name.as_deref().unwrap_or_default();
    let selector = generator.label_selector.clone().unwrap_or_default();
    let selects = selector.match_labels.is_some() || selector.match_expressions.is_some();
    if name.is_empty() != selects {
        return Err(other(
            path.clone(),
            "there is a problem with the definition of the ClusterDecisionResource generator",
        ));
    }
    let matcher = Matcher::new(&selector, Values::Labels).map_err(|message| {
        other(
            path.clone().field("labelSelector"),
            format!("failed to get dynamic resources: {message}"),
        )
    })?;
    let resources = context
        .found(context.snapshot.resources(api_version, kind), path, || {
            Sought::Resources {
                api_version: api_version.to_owned(),
                plural: kind.to_owned(),
            }
        })
        .map_err(|failure| {
            ExpandError::source(path.clone(), failure.within("failed to get dynamic resources: "))
        })?;
    let chosen: Vec<&Value> = resources
        .iter()
        .filter(|resource| {
            if name.is_empty() {
                let labels = resource.pointer("/metadata/labels").and_then(Value::as_object);
                is_empty(&selector) || matcher.matches(&texts(labels))
            } else {
                resource.pointer("/metadata/name").and_then(Value::as_str) == Some(name)
            }
        })
        .collect();
    if chosen.is_empty() {
        return Err(other(path.clone(), "no clusterDecisionResources found"));
    }
    let list_key = match text("statusListKey") {
        "" => "clusters",
        key => key,
    };
    let match_key = text("matchKey");
    if match_key.is_empty() {
        return Ok(Vec::new());
    }
    let local = !known.values().any(|cluster| cluster.server == IN_CLUSTER_SERVER);
    let mut sets = Vec::new();
    let decisions = chosen
        .into_iter()
        .filter_map(|resource| resource.get("status")?.get(list_key)?.as_array())
        .flatten()
        .filter_map(Value::as_object);
    for decision in decisions {
        let wanted = decision.get(match_key).map(go::plain).unwrap_or_default();
        let found = known
            .values()
            .find(|cluster| cluster.name == wanted)
            .map(|cluster| (cluster.name.as_str(), cluster.server.as_str()))
            .or_else(|| (local && wanted == IN_CLUSTER_NAME).then_some((IN_CLUSTER_NAME, IN_CLUSTER_SERVER)));
        let Some((name, server)) = found.filter(|_| !wanted.is_empty()) else {
            continue;
        };
        sets.push(params(name, server, decision, generator, context.go).into());
    }
    Ok(sets)
}

fn params(
    name: &str,
    server: &str,
    decision: &Map<String, Value>,
    generator: &ClusterDecisionResourceGenerator,
    go: bool,
) -> Layer {
    let mut layer = Layer::default();
    layer.insert("name", name);
    layer.insert("server", server);
    for (key, value) in decision {
        layer.insert(key.as_str(), go::plain(value));
    }
    // Unlike those of other generators, these values are taken as they stand.
    for (key, value) in generator.values.iter().flatten() {
        if go {
            if let Value::Object(values) = layer
                .map
                .entry("values")
                .or_insert_with(|| Value::Object(Map::new()))
            {
                values.insert(key.clone(), Value::String(value.clone()));
            }
            layer.mark(&["values"], Kind::Strings);
        } else {
            layer.insert(format!("values.{key}"), value.as_str());
        }
    }
    layer
}

fn texts(labels: Option<&Map<String, Value>>) -> std::collections::BTreeMap<String, String> {
    labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
