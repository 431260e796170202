//! Server-side apply: ownership, conflicts, removal.

#![allow(clippy::unwrap_used, clippy::panic)]

mod widget;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};
use widget::{apply, apply_with, create, hub, merge, refusal, widgets};

/// `manager operation subresource` with the fields it owns.
fn owned(object: &DynamicObject) -> Vec<(String, Value)> {
    let entries = object.metadata.managed_fields.clone().unwrap_or_default();
    entries
        .into_iter()
        .map(|entry| {
            let who = [entry.manager, entry.operation, entry.subresource].map(Option::unwrap_or_default);
            (who.join(" ").trim_end().to_owned(), entry.fields_v1.unwrap().0)
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn applying_creates_and_records_who_set_what() {
    let hub = hub();
    let api = widgets(&hub);
    let fields = json!({"metadata": {"labels": {"a": "b"}},
        "spec": {"size": 1, "parts": [{"name": "x", "weight": 1}], "tags": ["t"], "args": ["1", "2"]}});
    let made = apply(&api, "a", "deployer", fields).await.unwrap();
    assert_eq!(
        owned(&made),
        [(
            "deployer Apply".to_owned(),
            json!({"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:size": {}, "f:args": {},
                "f:tags": {"v:\"t\"": {}},
                "f:parts": {"k:{\"name\":\"x\"}": {".": {}, "f:name": {}, "f:weight": {}}}}})
        )]
    );
    // The default is nobody's.
    assert_eq!(made.data["spec"]["colour"], "blue");
}

#[tokio::test(start_paused = true)]
async fn applying_the_same_again_changes_nothing() {
    let hub = hub();
    let api = widgets(&hub);
    let fields = json!({"spec": {"size": 1, "colour": "red"}});
    let made = apply(&api, "a", "deployer", fields.clone()).await.unwrap();
    hub.advance(jiff::SignedDuration::from_hours(1)).await;
    assert_eq!(apply(&api, "a", "deployer", fields).await.unwrap(), made);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_names_the_other_manager_and_the_fields() {
    let hub = hub();
    let api = widgets(&hub);
    apply(&api, "a", "one", json!({"spec": {"size": 1, "args": ["x"]}}))
        .await
        .unwrap();
    let status = refusal(apply(&api, "a", "two", json!({"spec": {"size": 2, "args": ["x"]}})).await);
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    assert_eq!(
        status.message,
        "Apply failed with 1 conflict: conflict with \"one\": .spec.size"
    );
    let causes = status.details.unwrap().causes;
    assert_eq!(causes.len(), 1);
    assert_eq!(
        (causes[0].reason.as_str(), causes[0].field.as_str()),
        ("FieldManagerConflict", ".spec.size")
    );
    let status = refusal(apply(&api, "a", "two", json!({"spec": {"size": 2, "args": ["y"]}})).await);
    assert_eq!(
        status.message,
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.args\n- .spec.size"
    );
}

#[tokio::test(start_paused = true)]
async fn force_takes_the_field_over() {
    let hub = hub();
    let api = widgets(&hub);
    apply(&api, "a", "one", json!({"spec": {"size": 1, "replicas": 3}}))
        .await
        .unwrap();
    let forced = PatchParams::apply("two").force();
    let taken = apply_with(&api, "a", &forced, json!({"spec": {"size": 2}}))
        .await
        .unwrap();
    assert_eq!(
        owned(&taken),
        [
            ("one Apply".to_owned(), json!({"f:spec": {"f:replicas": {}}})),
            ("two Apply".to_owned(), json!({"f:spec": {"f:size": {}}})),
        ]
    );
    // The first may give up what it still has; what it lost stays.
    let left = apply(&api, "a", "one", json!({})).await.unwrap();
    assert_eq!(left.data["spec"], json!({"size": 2, "colour": "blue"}));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_applied_goes_unless_another_holds_it() {
    let hub = hub();
    let api = widgets(&hub);
    let full = json!({"metadata": {"labels": {"x": "1", "y": "1"}},
        "spec": {"size": 1, "replicas": 1, "parts": [{"name": "p"}, {"name": "q", "weight": 2}]}});
    apply(&api, "a", "one", full).await.unwrap();
    apply(
        &api,
        "a",
        "two",
        json!({"metadata": {"labels": {"y": "1"}}, "spec": {"parts": [{"name": "q"}]}}),
    )
    .await
    .unwrap();
    let less = apply(&api, "a", "one", json!({"spec": {"size": 1}}))
        .await
        .unwrap();
    assert_eq!(
        less.metadata.labels.unwrap().into_iter().collect::<Vec<_>>(),
        [("y".into(), "1".into())]
    );
    assert_eq!(
        less.data["spec"],
        json!({"size": 1, "colour": "blue", "parts": [{"name": "q"}]})
    );
}

#[tokio::test(start_paused = true)]
async fn other_writes_own_what_they_change() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let params = PatchParams {
        field_manager: Some("editor".into()),
        ..PatchParams::default()
    };
    api.patch("a", &params, &Patch::Merge(json!({"spec": {"replicas": 2}})))
        .await
        .unwrap();
    let status = json!({"status": {"phase": "Ready"}});
    let object = api
        .patch_status("a", &params, &Patch::Merge(status))
        .await
        .unwrap();
    assert_eq!(
        owned(&object),
        [
            ("editor Update".to_owned(), json!({"f:spec": {"f:replicas": {}}})),
            (
                "editor Update status".to_owned(),
                json!({"f:status": {".": {}, "f:phase": {}}})
            ),
            (
                "unknown Update".to_owned(),
                json!({"f:spec": {".": {}, "f:colour": {}, "f:size": {}}})
            ),
        ]
    );
    let refused = refusal(apply(&api, "a", "one", json!({"spec": {"replicas": 3}})).await);
    assert_eq!(
        refused.message,
        "Apply failed with 1 conflict: conflict with \"editor\" using example.dev/v1: .spec.replicas"
    );
}

#[tokio::test(start_paused = true)]
async fn conditions_are_shared_by_type() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    for (manager, condition) in [("one", "Ready"), ("two", "Healthy")] {
        let config = json!({"apiVersion": "example.dev/v1", "kind": "Widget",
            "status": {"conditions": [{"type": condition, "status": "True"}]}});
        api.patch_status("a", &PatchParams::apply(manager), &Patch::Apply(config))
            .await
            .unwrap();
    }
    let object = api.get("a").await.unwrap();
    let types: Vec<_> = object.data["status"]["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["type"])
        .collect();
    assert_eq!(types, ["Ready", "Healthy"]);
}

#[tokio::test(start_paused = true)]
async fn an_apply_needs_a_manager_and_known_fields() {
    let hub = hub();
    let api = widgets(&hub);
    let request = http::Request::patch("/apis/example.dev/v1/namespaces/default/widgets/a")
        .header("content-type", "application/apply-patch+yaml")
        .body(b"apiVersion: example.dev/v1\nkind: Widget\nspec: {size: 1}\n".to_vec())
        .unwrap();
    let status = refusal(hub.client().request::<DynamicObject>(request).await);
    assert_eq!(status.code, 422);
    assert!(
        status.message.contains("fieldManager: Required value"),
        "{}",
        status.message
    );
    let status = refusal(apply(&api, "a", "one", json!({"spec": {"size": 1, "sise": 2}})).await);
    assert_eq!(status.code, 500);
    assert!(
        status
            .message
            .ends_with(".spec.sise: field not declared in schema"),
        "{}",
        status.message
    );
}

#[tokio::test(start_paused = true)]
async fn yaml_can_be_applied() {
    let hub = hub();
    let request = http::Request::patch("/apis/example.dev/v1/namespaces/default/widgets/a?fieldManager=me")
        .header("content-type", "application/apply-patch+yaml")
        .body(b"apiVersion: example.dev/v1\nkind: Widget\nspec:\n  size: 3\n".to_vec())
        .unwrap();
    let made: DynamicObject = hub.client().request(request).await.unwrap();
    assert_eq!(made.data["spec"]["size"], 3);
}

#[tokio::test(start_paused = true)]
async fn built_in_kinds_are_applied_field_by_field() {
    let hub = hub();
    let maps: Api<ConfigMap> = Api::default_namespaced(hub.client());
    for (manager, key) in [("one", "a"), ("two", "b")] {
        let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {key: "1"}});
        maps.patch("m", &PatchParams::apply(manager), &Patch::Apply(config))
            .await
            .unwrap();
    }
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    let left = maps
        .patch("m", &PatchParams::apply("one"), &Patch::Apply(config))
        .await
        .unwrap();
    assert_eq!(left.data.unwrap().into_keys().collect::<Vec<_>>(), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn an_applied_version_must_be_the_current_one() {
    let hub = hub();
    let api = widgets(&hub);
    let made = create(&api, "a", json!({"size": 1})).await;
    merge(&api, "a", json!({"spec": {"replicas": 1}})).await;
    let stale = json!({"metadata": {"resourceVersion": made.metadata.resource_version}, "spec": {"size": 1}});
    assert_eq!(refusal(apply(&api, "a", "one", stale).await).code, 409);
}
