//! `OpenAPI` documents: what kubectl explains, validates and patches by.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Answer;
use crate::object;
use crate::resources::{ResourceType, ServedVersion};
use crate::state::State;
use crate::status::{ApiError, ApiResult};
use crate::store::ResourceKey;

/// The definitions of Kubernetes' built-in types, with their descriptions; unpacked when they are first asked for.
static DEFINITIONS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let packed: &[u8] = include_bytes!("../../kubernetes/definitions.json.gz");
    let mut text = String::new();
    let read = GzDecoder::new(packed).read_to_string(&mut text);
    read.ok()
        .and_then(|_| serde_json::from_str(&text).ok())
        .unwrap_or_default()
});

const V2: &str = "#/definitions/";
const V3: &str = "#/components/schemas/";

/// `/openapi/v3`: where each group and version has its document.
pub(super) fn index(state: &State) -> Answer {
    let mut paths = Map::new();
    for resource in state.types.iter() {
        for version in resource.versions.iter().filter(|version| version.served) {
            let place = place(resource, version);
            // The revision stands in for a hash: what definitions change, changes it.
            let url = format!("/openapi/v3/{place}?hash={:X}", definitions_revision(state));
            paths.insert(place, json!({"serverRelativeURL": url}));
        }
    }
    Answer::json(StatusCode::OK, &json!({"paths": paths}))
}

/// `/openapi/v3/apis/apps/v1`.
pub(super) fn document(state: &State, group: &str, version: &str) -> ApiResult<Answer> {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    let mut wanted = BTreeSet::new();
    for resource in state.types.iter().filter(|resource| resource.group() == group) {
        let Some(version) = resource.version(version).filter(|version| version.served) else {
            continue;
        };
        add_paths(&mut paths, resource, version);
        if resource.custom() {
            let name = custom_name(resource, version);
            schemas.insert(name, custom_schema(state, resource, version));
            wanted.insert("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta".to_owned());
        } else {
            wanted.extend(names_of(group, &version.name, &resource.kind));
        }
    }
    if paths.is_empty() {
        return Err(ApiError::no_such_page());
    }
    while let Some(name) = wanted.pop_first() {
        if schemas.contains_key(&name) {
            continue;
        }
        if let Some(definition) = DEFINITIONS.get(&name) {
            let mut definition = definition.clone();
            refer_to_components(&mut definition, &mut wanted);
            schemas.insert(name, definition);
        }
    }
    let body = json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": super::discovery::GIT_VERSION},
        "paths": paths, "components": {"schemas": schemas},
    });
    Ok(Answer::json(StatusCode::OK, &body))
}

/// `/openapi/v2`, as JSON.
pub(super) fn swagger(state: &State) -> Answer {
    let mut definitions = DEFINITIONS.clone();
    let mut paths = Map::new();
    for resource in state.types.iter() {
        for version in resource.versions.iter().filter(|version| version.served) {
            add_paths(&mut paths, resource, version);
            if resource.custom() {
                let mut schema = custom_schema(state, resource, version);
                schema["properties"]["metadata"] =
                    json!({"$ref": format!("{V2}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")});
                definitions.insert(custom_name(resource, version), schema);
            }
        }
    }
    let body = json!({
        "swagger": "2.0", "info": {"title": "Kubernetes", "version": super::discovery::GIT_VERSION},
        "paths": paths, "definitions": definitions,
    });
    Answer::json(StatusCode::OK, &body)
}

fn place(resource: &ResourceType, version: &ServedVersion) -> String {
    if resource.group().is_empty() {
        format!("api/{}", version.name)
    } else {
        format!("apis/{}/{}", resource.group(), version.name)
    }
}

fn definitions_revision(state: &State) -> u64 {
    let definitions = ResourceKey::new("apiextensions.k8s.io", "customresourcedefinitions");
    state
        .store
        .list(&definitions, None, None)
        .map(|definition| definition.revision)
        .max()
        .unwrap_or(0)
}

/// The definitions of a kind and of its list.
fn names_of(group: &str, version: &str, kind: &str) -> Vec<String> {
    let is = |definition: &Value, kind: &str| {
        let kinds = definition["x-kubernetes-group-version-kind"].as_array();
        kinds
            .into_iter()
            .flatten()
            .any(|found| found["group"] == group && found["version"] == version && found["kind"] == kind)
    };
    let list = format!("{kind}List");
    DEFINITIONS
        .iter()
        .filter(|(_, definition)| is(definition, kind) || is(definition, &list))
        .map(|(name, _)| name.clone())
        .collect()
}

/// `com.example.shop.v1.Order`.
fn custom_name(resource: &ResourceType, version: &ServedVersion) -> String {
    let mut parts: Vec<&str> = resource.group().split('.').collect();
    parts.reverse();
    format!("{}.{}.{}", parts.join("."), version.name, resource.kind)
}

/// The schema that the definition gives, with what every object has.
fn custom_schema(state: &State, resource: &ResourceType, version: &ServedVersion) -> Value {
    let definitions = ResourceKey::new("apiextensions.k8s.io", "customresourcedefinitions");
    let name = format!("{}.{}", resource.key.plural, resource.group());
    let definition = state.store.get(&definitions, &name).map(|stored| stored.value());
    let versions = definition
        .as_ref()
        .and_then(|definition| definition.pointer("/spec/versions")?.as_array());
    let given = versions
        .into_iter()
        .flatten()
        .find(|found| found["name"] == *version.name)
        .and_then(|found| found.pointer("/schema/openAPIV3Schema"));
    let mut schema = given.cloned().unwrap_or_else(|| json!({"type": "object"}));
    let text = |description: &str| json!({"type": "string", "description": description});
    let properties = object::map_mut(
        object::map_mut(&mut schema)
            .entry("properties")
            .or_insert_with(|| json!({})),
    );
    properties.insert(
        "apiVersion".into(),
        text("The version of the schema that this object is written in."),
    );
    properties.insert("kind".into(), text("The kind of this object."));
    properties.insert(
        "metadata".into(),
        json!({"description": "Standard object's metadata.",
            "allOf": [{"$ref": format!("{V3}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")}]}),
    );
    schema["x-kubernetes-group-version-kind"] = json!([kind_of(resource, version)]);
    schema
}

fn kind_of(resource: &ResourceType, version: &ServedVersion) -> Value {
    json!({"group": resource.group(), "version": &*version.name, "kind": resource.kind})
}

/// The two paths by which clients find a kind, and what its requests take.
fn add_paths(paths: &mut Map<String, Value>, resource: &ResourceType, version: &ServedVersion) {
    let scope = if resource.namespaced {
        "/namespaces/{namespace}"
    } else {
        ""
    };
    let collection = format!("/{}{scope}/{}", place(resource, version), resource.key.plural);
    let operation = |action: &str, parameters: &[&str]| {
        let parameters: Vec<Value> = parameters
            .iter()
            .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}, "type": "string"}))
            .collect();
        json!({"x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind_of(resource, version),
            "parameters": parameters, "responses": {"200": {"description": "OK"}}})
    };
    let writes = ["dryRun", "fieldManager", "fieldValidation"];
    paths.insert(
        collection.clone(),
        json!({"get": operation("list", &["labelSelector", "fieldSelector", "limit", "continue", "watch"]),
            "post": operation("post", &writes)}),
    );
    paths.insert(
        format!("{collection}/{{name}}"),
        json!({"get": operation("get", &[]), "put": operation("put", &writes),
            "patch": operation("patch", &["dryRun", "fieldManager", "fieldValidation", "force"]),
            "delete": operation("delete", &["dryRun", "gracePeriodSeconds", "propagationPolicy"])}),
    );
}

/// Rewrites references from version 2's place to version 3's, and notes what is referred to.
fn refer_to_components(value: &mut Value, wanted: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(name) = fields
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|to| to.strip_prefix(V2))
            {
                let name = name.to_owned();
                let reference = json!({"$ref": format!("{V3}{name}")});
                wanted.insert(name);
                fields.remove("$ref");
                if fields.is_empty() {
                    *value = reference;
                } else {
                    fields.insert("allOf".into(), json!([reference]));
                }
                return;
            }
            fields
                .values_mut()
                .for_each(|child| refer_to_components(child, wanted));
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|child| refer_to_components(child, wanted)),
        _ => {}
    }
}
