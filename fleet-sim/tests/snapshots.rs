//! Saved hubs: what goes on after a restore is what would have gone on, and damaged files are refused.

#![allow(clippy::unwrap_used)]

// Shared with `cluster_api.rs`, which uses all of it.
#[allow(dead_code)]
#[path = "cluster_api/scene.rs"]
mod scene;

use std::fs;
use std::path::Path;
use std::time::Duration;

use fleet_sim::cluster_api::{ClusterApi, Delay, Shape};
use fleet_sim::{Hub, SnapshotError};
use futures::StreamExt as _;
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use scene::{NAMESPACE, Scene};
use serde_json::{Value, json};

fn map(body: Value) -> ConfigMap {
    serde_json::from_value(body).unwrap()
}

/// A little of everything that has state: names, uids, managers, revisions, deletions.
async fn work(hub: &Hub, round: u32) {
    let maps: Api<ConfigMap> = Api::default_namespaced(hub.client());
    let generated = map(json!({"metadata": {"generateName": "made-"}}));
    let made = maps.create(&PostParams::default(), &generated).await.unwrap();
    let applied = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"round": round.to_string()}});
    let manager = PatchParams::apply(if round.is_multiple_of(2) { "one" } else { "other" }).force();
    maps.patch("applied", &manager, &Patch::Apply(&applied))
        .await
        .unwrap();
    if round.is_multiple_of(3) {
        maps.delete(&made.name_any(), &kube::api::DeleteParams::default())
            .await
            .unwrap();
    }
    hub.advance(SignedDuration::from_millis(1_700)).await;
}

async fn contents(hub: &Hub) -> String {
    let maps: Api<ConfigMap> = Api::all(hub.client());
    serde_json::to_string(&maps.list(&ListParams::default()).await.unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_resumed_hub_goes_on_as_if_nothing_had_been() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hub");
    let unbroken = Hub::builder().seed(7).history(60).start().unwrap();
    for round in 0..20 {
        work(&unbroken, round).await;
    }
    let maps: Api<ConfigMap> = Api::all(unbroken.client());
    let first_page = maps.list(&ListParams::default().limit(3)).await.unwrap();
    let old = first_page.metadata.resource_version.clone().unwrap();
    unbroken.save(&path).unwrap();
    let resumed = Hub::restore(&path).unwrap();
    assert_eq!(resumed.now(), unbroken.now());
    assert_eq!(contents(&resumed).await, contents(&unbroken).await);
    for round in 20..40 {
        work(&unbroken, round).await;
    }
    // The clock is one for both: what the other did meanwhile, it does at other times. So from the file, alone:
    let resumed = Hub::restore(&path).unwrap();
    for round in 20..40 {
        work(&resumed, round).await;
    }
    assert_eq!(contents(&resumed).await, contents(&unbroken).await);

    // Pages and watches begun before go on after.
    let resumed_maps: Api<ConfigMap> = Api::all(resumed.client());
    let token = first_page.metadata.continue_.unwrap();
    let next = ListParams::default().limit(3).continue_token(&token);
    let (a, b) = (maps.list(&next).await, resumed_maps.list(&next).await);
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
    let mut events = Vec::new();
    for api in [&maps, &resumed_maps] {
        let watch = api.watch(&WatchParams::default().timeout(5), &old).await.unwrap();
        let seen: Vec<_> = watch.map(|event| format!("{event:?}")).collect().await;
        assert!(seen.len() > 20, "{seen:?}");
        events.push(seen);
    }
    assert_eq!(events[0], events[1]);
    let gone = maps
        .watch(&WatchParams::default(), "2")
        .await
        .unwrap()
        .boxed()
        .next()
        .await;
    assert!(matches!(gone, Some(Ok(WatchEvent::Error(status))) if status.code == 410));
}

fn controllers() -> ClusterApi {
    ClusterApi::default()
        .seed(3)
        .machine_startup(Delay::around(Duration::from_secs(90), 0.3))
}

async fn fleet(client: &kube::Client) -> String {
    let mut out = String::new();
    for kind in ["clusters", "machinedeployments", "machinesets", "machines"] {
        let path = format!("/apis/cluster.x-k8s.io/v1beta2/namespaces/{NAMESPACE}/{kind}");
        let request = http::Request::get(path).body(Vec::new()).unwrap();
        let list: Value = client.request(request).await.unwrap();
        for mut object in list["items"].as_array().unwrap().clone() {
            object["metadata"]["resourceVersion"].take();
            out.push_str(&object.to_string());
            out.push('\n');
        }
    }
    out
}

#[test]
fn an_upgrade_that_was_saved_in_the_middle_ends_in_the_same_fleet() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hub");
    let virtual_time = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let unbroken = virtual_time().block_on(async {
        let scene = Scene::new(controllers());
        scene.create(Shape::V1Beta2, "a", 3, 3).await;
        scene.pass(30).await;
        scene.upgrade("a", "v1.31.0").await;
        scene.hub.advance(SignedDuration::from_secs(200)).await;
        scene.hub.save(&path).unwrap();
        scene.pass(120).await;
        assert_eq!(scene.running("a", true, "v1.31.0").await, 3);
        fleet(&scene.client).await
    });
    let resumed = virtual_time().block_on(async {
        let hub = Hub::restore(&path).unwrap();
        hub.simulate(controllers());
        hub.advance(SignedDuration::from_mins(120)).await;
        fleet(&hub.client()).await
    });
    assert_eq!(unbroken, resumed);
}

fn refusal(path: &Path, content: &[u8]) -> String {
    fs::write(path, content).unwrap();
    let error = Hub::restore(path).unwrap_err();
    assert!(!matches!(error, SnapshotError::Io { .. }));
    let shown = error.to_string();
    shown.replace(&path.display().to_string(), "FILE")
}

#[tokio::test(start_paused = true)]
async fn what_is_damaged_is_refused_with_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hub");
    let hub = Hub::builder().start().unwrap();
    work(&hub, 1).await;
    hub.save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "nothing is left beside it"
    );

    assert!(refusal(&path, b"apiVersion: v1\n").contains("FILE is not a snapshot"));
    assert!(refusal(&path, b"").contains("is not a snapshot"));
    assert!(refusal(&path, &whole[..whole.len() / 2]).contains("FILE is damaged: it holds"));
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    assert!(refusal(&path, &changed).contains("damaged"));
    let newer = String::from_utf8(whole)
        .unwrap()
        .replacen("snapshot 1 ", "snapshot 2 ", 1);
    assert!(refusal(&path, newer.as_bytes()).contains("has snapshot format 2, this fleet-sim reads up to 1"));
    let missing = Hub::restore(dir.path().join("none")).unwrap_err();
    assert!(matches!(missing, SnapshotError::Io { .. }), "{missing}");
}
