//! Watches: from a revision, by selector, with bookmarks, and what ends them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod widget;

use std::time::Duration;

use fleet_sim::Hub;
use futures::{StreamExt, TryStreamExt, pin_mut};
use jiff::SignedDuration;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, PropagationPolicy, WatchEvent, WatchParams};
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::json;
use widget::{create, hub, merge, widgets};

/// What a watch told until it was quiet for ten seconds: `ADDED a`, `BOOKMARK`, `ERROR 410`.
async fn told(api: &Api<DynamicObject>, params: &WatchParams, from: &str) -> Vec<String> {
    let stream = api.watch(params, from).await.unwrap();
    pin_mut!(stream);
    let mut out = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(10), stream.next()).await {
        let name = |object: DynamicObject| object.metadata.name.unwrap();
        out.push(match event.unwrap() {
            WatchEvent::Added(object) => format!("ADDED {}", name(object)),
            WatchEvent::Modified(object) => format!("MODIFIED {}", name(object)),
            WatchEvent::Deleted(object) => format!("DELETED {}", name(object)),
            WatchEvent::Bookmark(mark) => format!("BOOKMARK {:?}", mark.metadata.annotations),
            WatchEvent::Error(status) => format!("ERROR {}", status.code),
        });
    }
    out
}

fn quiet() -> WatchParams {
    WatchParams::default().disable_bookmarks()
}

async fn revision(api: &Api<DynamicObject>) -> String {
    api.list(&ListParams::default())
        .await
        .unwrap()
        .metadata
        .resource_version
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_what_happened_since_its_revision() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "before", json!({"size": 1})).await;
    let from = revision(&api).await;
    create(&api, "a", json!({"size": 1})).await;
    merge(&api, "a", json!({"spec": {"size": 2}})).await;
    api.delete("a", &DeleteParams::default()).await.unwrap();
    assert_eq!(
        told(&api, &quiet(), &from).await,
        ["ADDED a", "MODIFIED a", "DELETED a"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_a_revision_begins_with_what_is_there() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "b", json!({"size": 1})).await;
    create(&api, "a", json!({"size": 1})).await;
    assert_eq!(told(&api, &quiet(), "0").await, ["ADDED a", "ADDED b"]);
}

#[tokio::test(start_paused = true)]
async fn to_a_selector_objects_come_and_go_by_their_labels() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let from = revision(&api).await;
    for env in ["prod", "prod2", "test", "prod"] {
        merge(&api, "a", json!({"metadata": {"labels": {"env": env}}})).await;
    }
    api.delete("a", &DeleteParams::default()).await.unwrap();
    let params = quiet().labels("env in (prod,prod2)");
    assert_eq!(
        told(&api, &params, &from).await,
        ["ADDED a", "MODIFIED a", "DELETED a", "ADDED a", "DELETED a"]
    );
    assert_eq!(
        told(&api, &quiet().fields("metadata.name=other"), &from).await,
        Vec::<String>::new()
    );
}

#[tokio::test(start_paused = true)]
async fn an_open_watch_hears_of_later_writes_in_its_namespace_only() {
    let hub = Hub::builder()
        .crds([widget::definition()])
        .create_missing_namespaces(true)
        .start()
        .unwrap();
    let api = widgets(&hub);
    let elsewhere = Api::namespaced_with(hub.client(), "elsewhere", &widget::resource("v1"));
    let stream = api.watch(&quiet(), &revision(&api).await).await.unwrap();
    pin_mut!(stream);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), stream.next())
            .await
            .is_err()
    );
    create(&elsewhere, "x", json!({"size": 1})).await;
    create(&api, "a", json!({"size": 1})).await;
    let Some(Ok(WatchEvent::Added(object))) = stream.next().await else {
        panic!("expected an object")
    };
    assert_eq!(object.metadata.name.as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn initial_events_end_with_a_marked_bookmark() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let params = WatchParams::default().initial_events();
    assert_eq!(
        told(&api, &params, "0").await,
        ["ADDED a", "BOOKMARK {\"k8s.io/initial-events-end\": \"true\"}"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_watch_gets_a_bookmark_each_minute_until_its_time_is_up() {
    let hub = hub();
    let api = widgets(&hub);
    let params = WatchParams::default().timeout(150);
    let stream = api.watch(&params, &revision(&api).await).await.unwrap();
    let begun = hub.now();
    let events: Vec<WatchEvent<DynamicObject>> = stream.try_collect().await.unwrap();
    assert_eq!(hub.now().duration_since(begun), SignedDuration::from_secs(150));
    // Two on the minute, one as the last word.
    assert_eq!(events.len(), 3);
    assert!(
        events
            .iter()
            .all(|event| matches!(event, WatchEvent::Bookmark(_)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_is_no_longer_kept_is_gone() {
    let hub = Hub::builder()
        .crds([widget::definition()])
        .history(2)
        .start()
        .unwrap();
    let api = widgets(&hub);
    let from = revision(&api).await;
    create(&api, "a", json!({"size": 1})).await;
    for size in 2..9 {
        merge(&api, "a", json!({"spec": {"size": size}})).await;
    }
    assert_eq!(told(&api, &quiet(), &from).await, ["ERROR 410"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_reads_too_slowly_is_dropped_and_holds_nothing() {
    let hub = Hub::builder()
        .crds([widget::definition()])
        .history(5)
        .start()
        .unwrap();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let mut slow = Vec::new();
    for _ in 0..5_000 {
        slow.push(Box::pin(
            api.watch(&quiet(), &revision(&api).await).await.unwrap(),
        ));
    }
    for size in 2..50 {
        merge(&api, "a", json!({"spec": {"size": size}})).await;
    }
    for mut watch in slow {
        let event = watch.next().await.unwrap().unwrap();
        assert!(matches!(event, WatchEvent::Error(status) if status.code == 410));
        assert!(watch.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_another_version_sees_that_version() {
    let hub = hub();
    let old: Api<DynamicObject> = Api::default_namespaced_with(hub.client(), &widget::resource("v1alpha1"));
    create(&widgets(&hub), "a", json!({"size": 1})).await;
    let stream = old.watch(&quiet(), "0").await.unwrap();
    pin_mut!(stream);
    let Some(Ok(WatchEvent::Added(object))) = stream.next().await else {
        panic!("expected an object")
    };
    assert_eq!(object.types.unwrap().api_version, "example.dev/v1alpha1");
    assert_eq!(object.data["spec"], json!({"size": 1}));
}

async fn follow(config: watcher::Config) {
    let hub = Hub::builder()
        .crds([widget::definition()])
        .history(4)
        .start()
        .unwrap();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let stream = watcher(api.clone(), config).default_backoff().applied_objects();
    pin_mut!(stream);
    let mut seen = Vec::new();
    for round in 0..5 {
        // Enough writes in between to push the watch out of the history at times.
        for size in 1..=(1 + round * 3) {
            merge(&api, "a", json!({"spec": {"size": size + 10 * round + 1}})).await;
        }
        hub.advance(SignedDuration::from_mins(7)).await;
        while let Ok(Some(object)) = tokio::time::timeout(Duration::from_secs(30), stream.next()).await {
            // A 410 is an error that the watcher passes on and mends itself.
            if let Ok(object) = object {
                seen.push(object.data["spec"]["size"].as_i64().unwrap());
            }
        }
        assert_eq!(seen.last(), Some(&(1 + round * 3 + 10 * round + 1)));
    }
}

#[tokio::test(start_paused = true)]
async fn kubes_watcher_follows_through_timeouts_and_compaction() {
    follow(watcher::Config::default()).await;
}

#[tokio::test(start_paused = true)]
async fn kubes_streaming_watcher_follows_too() {
    follow(watcher::Config::default().streaming_lists()).await;
}

#[tokio::test(start_paused = true)]
async fn the_watches_of_a_removed_definition_end() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let stream = api.watch(&quiet(), &revision(&api).await).await.unwrap();
    let definitions: Api<
        k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    > = Api::all(hub.client());
    let params = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        ..DeleteParams::default()
    };
    definitions.delete("widgets.example.dev", &params).await.unwrap();
    let events: Vec<WatchEvent<DynamicObject>> = stream.try_collect().await.unwrap();
    assert!(
        matches!(events.as_slice(), [WatchEvent::Deleted(_)]),
        "{events:?}"
    );
    assert_eq!(widget::refusal(api.get("a").await).code, 404);
}
