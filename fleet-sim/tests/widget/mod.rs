//! A custom resource to test with: `widgets.example.dev`, two versions, every kind of list.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)] // Each test crate uses its own part.

use fleet_sim::Hub;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::core::Status;
use serde_json::{Value, json};

pub fn definition() -> CustomResourceDefinition {
    let spec = json!({"type": "object", "required": ["size"], "properties": {
        "size": {"type": "integer", "minimum": 1},
        "colour": {"type": "string", "enum": ["red", "blue"], "default": "blue"},
        "replicas": {"type": "integer"},
        "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "required": ["name"],
                "properties": {"name": {"type": "string"}, "weight": {"type": "integer"}}}},
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "args": {"type": "array", "items": {"type": "string"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }});
    let status = json!({"type": "object", "properties": {
        "replicas": {"type": "integer"}, "selector": {"type": "string"},
        "phase": {"type": "string"},
        "conditions": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
            "items": {"type": "object", "properties": {"type": {"type": "string"}, "status": {"type": "string"}}}},
    }});
    let old_spec =
        json!({"type": "object", "properties": {"size": {"type": "integer"}, "legacy": {"type": "string"}}});
    let scale = json!({"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector"});
    serde_json::from_value(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.dev"},
        "spec": {
            "group": "example.dev", "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList",
                "shortNames": ["wd"], "categories": ["all"]},
            "versions": [
                {"name": "v1", "served": true, "storage": true, "subresources": {"status": {}, "scale": scale},
                    "selectableFields": [{"jsonPath": ".spec.colour"}],
                    "schema": {"openAPIV3Schema": {"type": "object",
                        "properties": {"spec": spec, "status": status}}}},
                {"name": "v1alpha1", "served": true, "storage": false, "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object",
                        "properties": {"spec": old_spec, "status": status}}}},
            ],
        },
    }))
    .unwrap()
}

pub fn resource(version: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("example.dev", version, "Widget"))
}

pub fn hub() -> Hub {
    Hub::builder().crds([definition()]).seed(7).start().unwrap()
}

pub fn widgets(hub: &Hub) -> Api<DynamicObject> {
    Api::default_namespaced_with(hub.client(), &resource("v1"))
}

/// A widget with this specification.
pub fn widget(name: &str, spec: Value) -> DynamicObject {
    let mut object = DynamicObject::new(name, &resource("v1"));
    object.data = json!({"spec": spec});
    object
}

pub async fn create(api: &Api<DynamicObject>, name: &str, spec: Value) -> DynamicObject {
    api.create(&PostParams::default(), &widget(name, spec))
        .await
        .unwrap()
}

pub async fn merge(api: &Api<DynamicObject>, name: &str, patch: Value) -> DynamicObject {
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap()
}

pub async fn apply(
    api: &Api<DynamicObject>,
    name: &str,
    manager: &str,
    fields: Value,
) -> kube::Result<DynamicObject> {
    apply_with(api, name, &PatchParams::apply(manager), fields).await
}

pub async fn apply_with(
    api: &Api<DynamicObject>,
    name: &str,
    params: &PatchParams,
    fields: Value,
) -> kube::Result<DynamicObject> {
    let mut config = json!({"apiVersion": "example.dev/v1", "kind": "Widget"});
    for (key, value) in fields.as_object().unwrap() {
        config[key] = value.clone();
    }
    api.patch(name, params, &Patch::Apply(config)).await
}

/// The Status with which a request was refused.
#[track_caller]
pub fn refusal<T: std::fmt::Debug>(result: kube::Result<T>) -> Box<Status> {
    match result {
        Err(kube::Error::Api(status)) => status,
        other => panic!("expected a Status, got {other:?}"),
    }
}

pub fn version_of(object: &DynamicObject) -> u64 {
    object
        .metadata
        .resource_version
        .as_deref()
        .unwrap()
        .parse()
        .unwrap()
}
