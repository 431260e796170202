//! Deleting: finalizers, preconditions, owners, namespaces, collections.

#![allow(clippy::unwrap_used, clippy::panic)]

mod widget;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions,
};
use serde_json::json;
use widget::{create, hub, merge, refusal, widget as new_widget, widgets};

/// A widget owned by another one.
async fn create_owned(
    api: &Api<DynamicObject>,
    name: &str,
    owner: &DynamicObject,
    blocks: bool,
) -> DynamicObject {
    let mut object = new_widget(name, json!({"size": 1}));
    object.metadata.owner_references = Some(vec![
        serde_json::from_value(json!({"apiVersion": "example.dev/v1", "kind": "Widget",
            "name": owner.metadata.name, "uid": owner.metadata.uid, "blockOwnerDeletion": blocks}))
        .unwrap(),
    ]);
    api.create(&PostParams::default(), &object).await.unwrap()
}

async fn names(api: &Api<DynamicObject>) -> Vec<String> {
    let list = api.list(&ListParams::default()).await.unwrap();
    list.items
        .into_iter()
        .map(|item| item.metadata.name.unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_delete_answers_with_a_status_that_names_the_object() {
    let hub = hub();
    let api = widgets(&hub);
    let made = create(&api, "a", json!({"size": 1})).await;
    let status = api
        .delete("a", &DeleteParams::default())
        .await
        .unwrap()
        .right()
        .unwrap();
    let details = status.details.unwrap();
    assert_eq!(
        (details.name, details.group, details.kind),
        ("a".into(), "example.dev".into(), "widgets".into())
    );
    assert_eq!(Some(details.uid), made.metadata.uid);
    assert_eq!(refusal(api.delete("a", &DeleteParams::default()).await).code, 404);
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_holds_the_object_until_it_is_taken_off() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    merge(
        &api,
        "a",
        json!({"metadata": {"finalizers": ["example.dev/hold"]}}),
    )
    .await;
    let marked = api
        .delete("a", &DeleteParams::default())
        .await
        .unwrap()
        .left()
        .unwrap();
    assert!(marked.metadata.deletion_timestamp.is_some());
    assert_eq!(marked.metadata.generation, Some(2));
    let again = api
        .delete("a", &DeleteParams::default())
        .await
        .unwrap()
        .left()
        .unwrap();
    assert_eq!(again.metadata.resource_version, marked.metadata.resource_version);
    let more = json!({"metadata": {"finalizers": ["example.dev/hold", "example.dev/late"]}});
    let status = refusal(api.patch("a", &PatchParams::default(), &Patch::Merge(more)).await);
    assert_eq!(status.code, 422);
    assert!(
        status.message.contains("no new finalizers can be added"),
        "{}",
        status.message
    );
    merge(&api, "a", json!({"metadata": {"finalizers": null}})).await;
    assert_eq!(api.get_opt("a").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn preconditions_are_held() {
    let hub = hub();
    let api = widgets(&hub);
    let made = create(&api, "a", json!({"size": 1})).await;
    let with = |uid: Option<&str>, version: Option<&str>| DeleteParams {
        preconditions: Some(Preconditions {
            uid: uid.map(str::to_owned),
            resource_version: version.map(str::to_owned),
        }),
        ..DeleteParams::default()
    };
    assert_eq!(
        refusal(api.delete("a", &with(Some("other"), None)).await).code,
        409
    );
    assert_eq!(refusal(api.delete("a", &with(None, Some("1"))).await).code, 409);
    let right = with(
        made.metadata.uid.as_deref(),
        made.metadata.resource_version.as_deref(),
    );
    api.delete("a", &right).await.unwrap();
    assert!(names(&api).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn dependents_follow_their_last_owner() {
    let hub = hub();
    let api = widgets(&hub);
    let owner = create(&api, "owner", json!({"size": 1})).await;
    let other = create(&api, "other", json!({"size": 1})).await;
    let child = create_owned(&api, "child", &owner, false).await;
    create_owned(&api, "grandchild", &child, false).await;
    create_owned(&api, "shared", &owner, false).await;
    let both = json!([
        {"apiVersion": "example.dev/v1", "kind": "Widget", "name": "owner", "uid": owner.metadata.uid},
        {"apiVersion": "example.dev/v1", "kind": "Widget", "name": "other", "uid": other.metadata.uid}]);
    merge(&api, "shared", json!({"metadata": {"ownerReferences": both}})).await;
    api.delete("owner", &DeleteParams::background()).await.unwrap();
    assert_eq!(names(&api).await, ["other", "shared"]);
    let shared = api.get("shared").await.unwrap();
    assert_eq!(shared.metadata.owner_references.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn foreground_deletion_waits_for_blocking_dependents() {
    let hub = hub();
    let api = widgets(&hub);
    let owner = create(&api, "owner", json!({"size": 1})).await;
    create_owned(&api, "child", &owner, true).await;
    merge(
        &api,
        "child",
        json!({"metadata": {"finalizers": ["example.dev/hold"]}}),
    )
    .await;
    let marked = api
        .delete("owner", &DeleteParams::foreground())
        .await
        .unwrap()
        .left()
        .unwrap();
    assert_eq!(marked.metadata.finalizers.unwrap(), ["foregroundDeletion"]);
    assert_eq!(names(&api).await, ["child", "owner"]);
    assert!(
        api.get("child")
            .await
            .unwrap()
            .metadata
            .deletion_timestamp
            .is_some()
    );
    merge(&api, "child", json!({"metadata": {"finalizers": null}})).await;
    assert!(names(&api).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn orphans_stay_and_forget_their_owner() {
    let hub = hub();
    let api = widgets(&hub);
    let owner = create(&api, "owner", json!({"size": 1})).await;
    create_owned(&api, "child", &owner, true).await;
    api.delete("owner", &DeleteParams::orphan()).await.unwrap();
    assert_eq!(names(&api).await, ["child"]);
    assert_eq!(api.get("child").await.unwrap().metadata.owner_references, None);
}

#[tokio::test(start_paused = true)]
async fn an_object_of_an_owner_that_never_was_is_collected() {
    let hub = hub();
    let api = widgets(&hub);
    let mut ghost = create(&api, "ghost", json!({"size": 1})).await;
    ghost.metadata.uid = Some("00000000-0000-4000-8000-000000000000".into());
    create_owned(&api, "child", &ghost, false).await;
    assert_eq!(names(&api).await, ["ghost"]);
}

#[tokio::test(start_paused = true)]
async fn a_collection_is_deleted_by_selector() {
    let hub = hub();
    let api = widgets(&hub);
    for (name, env) in [("a", "x"), ("b", "y"), ("c", "x")] {
        create(&api, name, json!({"size": 1})).await;
        merge(&api, name, json!({"metadata": {"labels": {"env": env}}})).await;
    }
    let gone = api
        .delete_collection(&DeleteParams::default(), &ListParams::default().labels("env=x"))
        .await
        .unwrap();
    assert_eq!(gone.left().unwrap().items.len(), 2);
    assert_eq!(names(&api).await, ["b"]);
}

#[tokio::test(start_paused = true)]
async fn the_namespaces_that_a_cluster_needs_stay() {
    let hub = hub();
    let namespaces: Api<Namespace> = Api::all(hub.client());
    for name in ["default", "kube-system", "kube-public"] {
        let refused = refusal(namespaces.delete(name, &DeleteParams::default()).await);
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (
                403,
                &*format!("namespaces \"{name}\" is forbidden: this namespace may not be deleted")
            )
        );
    }
    let (how, all) = (DeleteParams::default(), ListParams::default());
    assert_eq!(refusal(namespaces.delete_collection(&how, &all).await).code, 405);
    let core = hub.client().list_core_api_resources("v1").await.unwrap();
    let verbs = |plural: &str| {
        let found = core.resources.iter().find(|resource| resource.name == plural);
        found.map(|resource| resource.verbs.clone()).unwrap()
    };
    let together = "deletecollection".to_owned();
    assert!(!verbs("namespaces").contains(&together) && verbs("configmaps").contains(&together));
    assert_eq!(
        namespaces.list(&ListParams::default()).await.unwrap().items.len(),
        4
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_goes_when_it_is_empty() {
    let hub = hub();
    let namespaces: Api<Namespace> = Api::all(hub.client());
    let team = serde_json::from_value(json!({"metadata": {"name": "team"}})).unwrap();
    namespaces.create(&PostParams::default(), &team).await.unwrap();
    let api: Api<DynamicObject> = Api::namespaced_with(hub.client(), "team", &widget::resource("v1"));
    let maps: Api<ConfigMap> = Api::namespaced(hub.client(), "team");
    let map = serde_json::from_value(json!({"metadata": {"name": "m"}})).unwrap();
    maps.create(&PostParams::default(), &map).await.unwrap();
    create(&api, "a", json!({"size": 1})).await;
    merge(
        &api,
        "a",
        json!({"metadata": {"finalizers": ["example.dev/hold"]}}),
    )
    .await;
    namespaces.delete("team", &DeleteParams::default()).await.unwrap();
    assert_eq!(
        namespaces
            .get("team")
            .await
            .unwrap()
            .status
            .unwrap()
            .phase
            .as_deref(),
        Some("Terminating")
    );
    assert_eq!(maps.get_opt("m").await.unwrap(), None);
    let status = refusal(maps.create(&PostParams::default(), &map).await);
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
    merge(&api, "a", json!({"metadata": {"finalizers": null}})).await;
    assert_eq!(namespaces.get_opt("team").await.unwrap(), None);
}
