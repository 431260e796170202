//! Custom resources: definitions, schemas, versions, discovery.

#![allow(clippy::unwrap_used, clippy::panic)]

mod widget;

use fleet_sim::{Hub, HubError};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams, ValidationDirective};
use kube::discovery::{Discovery, Scope};
use kube::runtime::{conditions, wait::await_condition};
use serde_json::json;
use widget::{create, definition, hub, refusal, widget as new_widget, widgets};

#[tokio::test(start_paused = true)]
async fn a_definition_created_over_the_api_is_served_and_established() {
    let hub = Hub::builder().start().unwrap();
    let api = widgets(&hub);
    let early = refusal(
        api.create(&PostParams::default(), &new_widget("a", json!({"size": 1})))
            .await,
    );
    assert_eq!(early.code, 404);
    let definitions: Api<CustomResourceDefinition> = Api::all(hub.client());
    definitions
        .create(&PostParams::default(), &definition())
        .await
        .unwrap();
    await_condition(
        definitions,
        "widgets.example.dev",
        conditions::is_crd_established(),
    )
    .await
    .unwrap();
    create(&api, "a", json!({"size": 1})).await;
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_cannot_be_served_is_refused() {
    let mut crd = definition();
    crd.metadata.name = Some("gadgets.example.dev".into());
    let error = Hub::builder().crds([crd.clone()]).start().unwrap_err();
    let HubError::Definition { name, message } = error else {
        panic!("another error")
    };
    assert_eq!(name, "gadgets.example.dev");
    assert!(message.contains("metadata.name"), "{message}");
    let hub = Hub::builder().start().unwrap();
    let definitions: Api<CustomResourceDefinition> = Api::all(hub.client());
    let mut two_storages = definition();
    two_storages
        .spec
        .versions
        .iter_mut()
        .for_each(|version| version.storage = true);
    let status = refusal(definitions.create(&PostParams::default(), &two_storages).await);
    assert_eq!((status.code, status.reason.as_str()), (422, "Invalid"));
}

#[tokio::test(start_paused = true)]
async fn unknown_fields_are_dropped_and_absent_ones_defaulted() {
    let hub = hub();
    let spec = json!({"size": 1, "unknown": 1, "free": {"any": [1]}, "parts": [{"name": "p", "odd": 2}]});
    let made = create(&widgets(&hub), "a", spec).await;
    assert_eq!(
        made.data["spec"],
        json!({"size": 1, "colour": "blue", "free": {"any": [1]}, "parts": [{"name": "p"}]})
    );
}

#[tokio::test(start_paused = true)]
async fn strict_validation_refuses_unknown_fields() {
    let hub = hub();
    let api = widgets(&hub);
    let request =
        http::Request::post("/apis/example.dev/v1/namespaces/default/widgets?fieldValidation=Strict")
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&new_widget("a", json!({"size": 1, "x": 1, "a": 1}))).unwrap())
            .unwrap();
    let status = refusal(hub.client().request::<DynamicObject>(request).await);
    assert_eq!((status.code, status.reason.as_str()), (400, "BadRequest"));
    assert_eq!(
        status.message,
        "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"spec.a\", \
         unknown field \"spec.x\""
    );
    create(&api, "a", json!({"size": 1})).await;
    let params = PatchParams {
        field_validation: Some(ValidationDirective::Strict),
        ..PatchParams::default()
    };
    let status = refusal(
        api.patch("a", &params, &Patch::Merge(json!({"spec": {"x": 1}})))
            .await,
    );
    assert_eq!(status.code, 422);
    assert!(
        status.message.contains("unknown field \\\"spec.x\\\"")
            || status.message.contains("unknown field \"spec.x\"")
    );
}

#[tokio::test(start_paused = true)]
async fn the_schema_is_held_and_every_violation_told() {
    let hub = hub();
    let api = widgets(&hub);
    let object = new_widget("a", json!({"size": 0, "colour": "green", "tags": ["t", "t"]}));
    let status = refusal(api.create(&PostParams::default(), &object).await);
    assert_eq!((status.code, status.reason.as_str()), (422, "Invalid"));
    let details = status.details.unwrap();
    assert_eq!(
        (details.kind.as_str(), details.group.as_str()),
        ("Widget", "example.dev")
    );
    let causes: Vec<(&str, &str)> = details
        .causes
        .iter()
        .map(|cause| (cause.field.as_str(), cause.reason.as_str()))
        .collect();
    assert_eq!(
        causes,
        [
            ("spec.colour", "FieldValueNotSupported"),
            ("spec.size", "FieldValueInvalid"),
            ("spec.tags[1]", "FieldValueDuplicate"),
        ]
    );
    let status = refusal(
        api.create(&PostParams::default(), &new_widget("a", json!({})))
            .await,
    );
    assert_eq!(
        status.message,
        "Widget.example.dev \"a\" is invalid: spec.size: Required value"
    );
}

#[tokio::test(start_paused = true)]
async fn every_served_version_reads_and_writes_the_same_object() {
    let hub = hub();
    let new = widgets(&hub);
    let old: Api<DynamicObject> = Api::default_namespaced_with(hub.client(), &widget::resource("v1alpha1"));
    create(&new, "a", json!({"size": 1})).await;
    let read = old.get("a").await.unwrap();
    assert_eq!(read.types.as_ref().unwrap().api_version, "example.dev/v1alpha1");
    assert_eq!(read.data["spec"], json!({"size": 1}));
    old.patch(
        "a",
        &PatchParams::default(),
        &Patch::Merge(json!({"spec": {"size": 3}})),
    )
    .await
    .unwrap();
    let read = new.get("a").await.unwrap();
    assert_eq!(read.types.unwrap().api_version, "example.dev/v1");
    assert_eq!(read.data["spec"]["size"], 3);
    assert_eq!(read.metadata.generation, Some(2));
}

#[tokio::test(start_paused = true)]
async fn discovery_finds_groups_versions_and_kinds() {
    let hub = hub();
    let version = hub.client().apiserver_version().await.unwrap();
    assert_eq!(version.major, "1");
    let discovery = Discovery::new(hub.client()).run().await.unwrap();
    let gvk = kube::api::GroupVersionKind::gvk("example.dev", "v1", "Widget");
    let (resource, capabilities) = discovery.resolve_gvk(&gvk).unwrap();
    assert_eq!(
        (resource.plural.as_str(), capabilities.scope),
        ("widgets", Scope::Namespaced)
    );
    assert_eq!(capabilities.subresources.len(), 2);
    let group = discovery.get("example.dev").unwrap();
    assert_eq!(group.versions().collect::<Vec<_>>(), ["v1", "v1alpha1"]);
    let node = kube::api::GroupVersionKind::gvk("", "v1", "Node");
    assert_eq!(discovery.resolve_gvk(&node).unwrap().1.scope, Scope::Cluster);
}
