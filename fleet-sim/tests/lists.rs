//! Lists: selectors, pages, consistency.

#![allow(clippy::unwrap_used, clippy::panic)]

mod widget;

use fleet_sim::Hub;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{Api, DynamicObject, ListParams, PostParams, VersionMatch};
use serde_json::json;
use widget::{create, hub, merge, refusal, widgets};

fn names(list: &kube::api::ObjectList<DynamicObject>) -> Vec<&str> {
    list.items
        .iter()
        .map(|item| item.metadata.name.as_deref().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn label_selectors_choose() {
    let hub = hub();
    let api = widgets(&hub);
    for (name, env) in [("a", "prod"), ("b", "test"), ("c", "prod")] {
        create(&api, name, json!({"size": 1})).await;
        merge(&api, name, json!({"metadata": {"labels": {"env": env}}})).await;
    }
    create(&api, "d", json!({"size": 1})).await;
    let list = |selector: &str| ListParams::default().labels(selector);
    assert_eq!(names(&api.list(&list("env=prod")).await.unwrap()), ["a", "c"]);
    assert_eq!(names(&api.list(&list("env!=prod")).await.unwrap()), ["b", "d"]);
    assert_eq!(
        names(&api.list(&list("env in (test,stage)")).await.unwrap()),
        ["b"]
    );
    assert_eq!(names(&api.list(&list("!env")).await.unwrap()), ["d"]);
    assert_eq!(refusal(api.list(&list("env in prod")).await).code, 400);
}

#[tokio::test(start_paused = true)]
async fn field_selectors_choose_by_name_and_by_what_the_kind_allows() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1, "colour": "red"})).await;
    create(&api, "b", json!({"size": 1})).await;
    let list = |selector: &str| ListParams::default().fields(selector);
    assert_eq!(names(&api.list(&list("metadata.name=b")).await.unwrap()), ["b"]);
    assert_eq!(names(&api.list(&list("spec.colour=red")).await.unwrap()), ["a"]);
    assert_eq!(names(&api.list(&list("spec.colour!=red")).await.unwrap()), ["b"]);
    let status = refusal(api.list(&list("spec.size=1")).await);
    assert_eq!(
        (status.code, status.message.as_str()),
        (400, "field label not supported: spec.size")
    );

    let pods: Api<Pod> = Api::default_namespaced(hub.client());
    for (name, node) in [("p", "n1"), ("q", "n2")] {
        let pod = json!({"metadata": {"name": name}, "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}]}});
        pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap())
            .await
            .unwrap();
    }
    let on_node = pods.list(&list("spec.nodeName=n2")).await.unwrap();
    assert_eq!(on_node.items.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_holds_one_namespace_or_all() {
    let hub = Hub::builder()
        .crds([widget::definition()])
        .create_missing_namespaces(true)
        .start()
        .unwrap();
    for namespace in ["x", "x-y", "y"] {
        let api = Api::namespaced_with(hub.client(), namespace, &widget::resource("v1"));
        create(&api, "a", json!({"size": 1})).await;
    }
    let one: Api<DynamicObject> = Api::namespaced_with(hub.client(), "x", &widget::resource("v1"));
    assert_eq!(one.list(&ListParams::default()).await.unwrap().items.len(), 1);
    let all: Api<DynamicObject> = Api::all_with(hub.client(), &widget::resource("v1"));
    assert_eq!(all.list(&ListParams::default()).await.unwrap().items.len(), 3);
    let in_y = ListParams::default().fields("metadata.namespace=y");
    assert_eq!(all.list(&in_y).await.unwrap().items.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn pages_show_one_moment_whatever_happens_between_them() {
    let hub = hub();
    let api = widgets(&hub);
    for name in ["a", "b", "c", "d", "e"] {
        create(&api, name, json!({"size": 1})).await;
    }
    let first = api.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first.metadata.remaining_item_count, Some(3));
    api.delete("c", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    merge(&api, "d", json!({"spec": {"size": 9}})).await;
    create(&api, "bb", json!({"size": 1})).await;
    let token = first.metadata.continue_.clone().unwrap();
    let second = api
        .list(&ListParams::default().limit(2).continue_token(&token))
        .await
        .unwrap();
    assert_eq!(names(&second), ["c", "d"]);
    assert_eq!(second.items[1].data["spec"]["size"], 1);
    assert_eq!(second.metadata.resource_version, first.metadata.resource_version);
    let token = second.metadata.continue_.clone().unwrap();
    let third = api
        .list(&ListParams::default().limit(2).continue_token(&token))
        .await
        .unwrap();
    assert_eq!(names(&third), ["e"]);
    assert_eq!(third.metadata.continue_.as_deref().unwrap_or_default(), "");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_comes_too_late_is_gone_with_a_way_on() {
    let hub = Hub::builder()
        .crds([widget::definition()])
        .history(3)
        .start()
        .unwrap();
    let api = widgets(&hub);
    for name in ["a", "b", "c"] {
        create(&api, name, json!({"size": 1})).await;
    }
    let first = api.list(&ListParams::default().limit(1)).await.unwrap();
    for size in 2..9 {
        merge(&api, "c", json!({"spec": {"size": size}})).await;
    }
    let token = first.metadata.continue_.unwrap();
    let status = refusal(api.list(&ListParams::default().continue_token(&token)).await);
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
    let inconsistent = status.metadata.unwrap().continue_.unwrap();
    let rest = api
        .list(&ListParams::default().continue_token(&inconsistent))
        .await
        .unwrap();
    assert_eq!(names(&rest), ["b", "c"]);
    assert_eq!(
        refusal(api.list(&ListParams::default().continue_token("rubbish")).await).code,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn an_exact_version_is_served_from_the_history_and_a_future_one_refused() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let then = api
        .list(&ListParams::default())
        .await
        .unwrap()
        .metadata
        .resource_version
        .unwrap();
    create(&api, "b", json!({"size": 1})).await;
    let exact = ListParams::default().at(&then).matching(VersionMatch::Exact);
    assert_eq!(names(&api.list(&exact).await.unwrap()), ["a"]);
    let no_older = ListParams::default()
        .at(&then)
        .matching(VersionMatch::NotOlderThan);
    assert_eq!(names(&api.list(&no_older).await.unwrap()), ["a", "b"]);
    let status = refusal(api.list(&ListParams::default().at("99999")).await);
    assert_eq!((status.code, status.reason.as_str()), (504, "Timeout"));
}

#[tokio::test(start_paused = true)]
async fn a_list_names_its_kind() {
    let hub = hub();
    let maps: Api<ConfigMap> = Api::default_namespaced(hub.client());
    let list = maps.list(&ListParams::default()).await.unwrap();
    assert_eq!(list.types.kind, "ConfigMapList");
    assert_eq!(list.items.len(), 0);
}
