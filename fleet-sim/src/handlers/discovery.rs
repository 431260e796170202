//! What there is: versions, groups, resources.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use crate::request::Route;
use crate::resources::{KNOWN_GROUPS, version_order};
use crate::state::State;
use crate::status::{ApiError, ApiResult};

/// The Kubernetes release that the hub behaves as.
const MAJOR: &str = "1";
const MINOR: &str = "36";
const GIT_VERSION: &str = "v1.36.0+fleet-sim";

pub(super) fn serve(state: &State, route: &Route) -> ApiResult<Answer> {
    let body = match route {
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
            let resources: Vec<Value> = served
                .filter_map(|resource| Some((resource, resource.version(version).filter(|v| v.served)?)))
                .flat_map(|(resource, version)| resource.discovery(version))
                .collect();
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
    for resource in state
        .types
        .iter()
        .filter(|resource| resource.group() != KNOWN_GROUPS[0])
    {
        let versions = groups.entry(resource.group()).or_default();
        for version in resource.versions.iter().filter(|version| version.served) {
            if !versions.contains(&&*version.name) {
                versions.push(&version.name);
            }
        }
        versions.sort_by(|a, b| version_order(a, b));
    }
    groups.retain(|_, versions| !versions.is_empty());
    groups
}

fn group(name: &str, versions: &[&str]) -> Value {
    let listed: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "preferredVersion": listed.first(), "versions": listed})
}
