//! What there is: versions, groups, resources.

use std::collections::BTreeMap;

use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::{Answer, openapi, review};
use crate::object;
use crate::request::{Route, View};
use crate::resources::version_order;
use crate::state::State;
use crate::status::{ApiError, ApiResult};

/// The Kubernetes release that the hub behaves as.
const MAJOR: &str = "1";
const MINOR: &str = "36";
pub(super) const GIT_VERSION: &str = "v1.36.0+fleet-sim";

pub(super) fn serve(state: &State, route: &Route, view: View) -> ApiResult<Answer> {
    let body = match route {
        Route::CoreVersions | Route::Groups if view == View::Discovery => {
            return Ok(aggregated(state, *route == Route::CoreVersions));
        }
        Route::Swagger => return Ok(openapi::swagger(state)),
        Route::OpenApiIndex => return Ok(openapi::index(state)),
        Route::OpenApi { group, version } => return openapi::document(state, group, version),
        Route::Health => return Ok(Answer::text("ok")),
        Route::Version => json!({
            "major": MAJOR, "minor": MINOR, "gitVersion": GIT_VERSION, "gitCommit": "", "gitTreeState": "clean",
            "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc", "platform": "linux/amd64",
        }),
        Route::CoreVersions => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "fleet-sim"}],
        }),
        Route::Groups => {
            let groups: Vec<Value> = groups(state)
                .iter()
                .map(|(name, versions)| group(name, versions))
                .collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        Route::Group(name) => {
            let groups = groups(state);
            let versions = groups.get(name.as_str()).ok_or_else(ApiError::no_such_page)?;
            let mut body = group(name, versions);
            body["kind"] = json!("APIGroup");
            body["apiVersion"] = json!("v1");
            body
        }
        Route::Resources { group, version } => {
            let served = state
                .types
                .iter()
                .filter(|resource| resource.group() == group.as_str());
            let reviews = review::RESOURCES
                .iter()
                .filter(|(known, ..)| known == group && version == "v1");
            let reviews = reviews.map(|(_, plural, kind, namespaced)| {
                json!({"name": plural, "singularName": kind.to_lowercase(), "namespaced": namespaced, "kind": kind,
                    "verbs": ["create"]})
            });
            let resources: Vec<Value> = served
                .filter_map(|resource| Some((resource, resource.version(version).filter(|v| v.served)?)))
                .flat_map(|(resource, version)| resource.discovery(version))
                .chain(reviews)
                .collect();
            if resources.is_empty() && crate::resources::is_built_in_group(group) {
                return Err(ApiError::no_such_resource());
            }
            if resources.is_empty() {
                return Err(ApiError::no_such_page());
            }
            let group_version = if group.is_empty() {
                version.clone()
            } else {
                format!("{group}/{version}")
            };
            json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version,
                "resources": resources})
        }
        Route::Resource(_) => return Err(ApiError::no_such_resource()),
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

/// Named groups with their served versions, most preferred first.
fn groups(state: &State) -> BTreeMap<&str, Vec<&str>> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for resource in state.types.iter().filter(|resource| !resource.group().is_empty()) {
        let versions = groups.entry(resource.group()).or_default();
        for version in resource.versions.iter().filter(|version| version.served) {
            if !versions.contains(&&*version.name) {
                versions.push(&version.name);
            }
        }
        versions.sort_by(|a, b| version_order(a, b));
    }
    for (group, ..) in review::RESOURCES {
        groups.insert(group, vec!["v1"]);
    }
    groups.retain(|_, versions| !versions.is_empty());
    groups
}

/// Everything there is in one answer, as newer clients ask for it.
fn aggregated(state: &State, core: bool) -> Answer {
    let mut known = BTreeMap::new();
    if core {
        known.insert("", vec!["v1"]);
    } else {
        known = groups(state);
    }
    let items: Vec<Value> = known
        .iter()
        .map(|(name, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| json!({"version": version, "freshness": "Current", "resources": resources(state, name, version)}))
                .collect();
            let metadata = if core { json!({"creationTimestamp": null}) } else { json!({"name": name, "creationTimestamp": null}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    let body = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
    Answer {
        content_type: AGGREGATED,
        ..Answer::json(StatusCode::OK, &body)
    }
}

const AGGREGATED: HeaderValue =
    HeaderValue::from_static("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");

fn resources(state: &State, group: &str, version: &str) -> Vec<Value> {
    let kind = |name: &str| json!({"group": group, "version": version, "kind": name});
    let scope = |namespaced: bool| if namespaced { "Namespaced" } else { "Cluster" };
    let served = state.types.iter().filter(|resource| resource.group() == group);
    let served =
        served.filter_map(|resource| Some((resource, resource.version(version).filter(|v| v.served)?)));
    let mut out: Vec<Value> = served
        .map(|(resource, version)| {
            let mut entries = resource.discovery(version).into_iter();
            let own = entries.next().unwrap_or_default();
            let below: Vec<Value> = entries
                .map(|entry| {
                    let name = object::text(&entry, &["name"]).rsplit('/').next().unwrap_or_default().to_owned();
                    let response = match entry.get("group") {
                        Some(group) => json!({"group": group, "version": entry["version"], "kind": entry["kind"]}),
                        None => kind(&resource.kind),
                    };
                    json!({"subresource": name, "responseKind": response, "verbs": entry["verbs"]})
                })
                .collect();
            let mut entry = json!({"resource": &*resource.key.plural, "responseKind": kind(&resource.kind),
                "scope": scope(resource.namespaced), "singularResource": resource.singular, "verbs": own["verbs"]});
            for key in ["shortNames", "categories"] {
                if let Some(list) = own.get(key) {
                    entry[key] = list.clone();
                }
            }
            if !below.is_empty() {
                entry["subresources"] = json!(below);
            }
            entry
        })
        .collect();
    let reviews = review::RESOURCES
        .iter()
        .filter(|(known, ..)| *known == group && version == "v1");
    out.extend(reviews.map(|(_, plural, name, namespaced)| {
        json!({"resource": plural, "responseKind": kind(name), "scope": scope(*namespaced),
            "singularResource": name.to_lowercase(), "verbs": ["create"]})
    }));
    out
}

fn group(name: &str, versions: &[&str]) -> Value {
    let listed: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "preferredVersion": listed.first(), "versions": listed})
}
