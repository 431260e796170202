//! Creating, reading, replacing and patching objects.

#![allow(clippy::unwrap_used, clippy::panic)]

mod widget;

use fleet_sim::{Hub, Verb};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Secret};
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::json;
use widget::{create, hub, merge, refusal, version_of, widget as new_widget, widgets};

#[tokio::test(start_paused = true)]
async fn a_created_object_gets_identity_time_and_generation() {
    let hub = hub();
    hub.advance(SignedDuration::from_secs(90)).await;
    let made = create(&widgets(&hub), "a", json!({"size": 1})).await;
    assert_eq!(made.metadata.namespace.as_deref(), Some("default"));
    assert_eq!(made.metadata.generation, Some(1));
    assert_eq!(made.metadata.uid.as_ref().unwrap().len(), 36);
    let created = made.metadata.creation_timestamp.unwrap().0;
    assert_eq!(created.to_string(), "2026-01-01T00:01:30Z");
    assert_eq!(hub.requests().of(Verb::Create), 1);
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_one_sequence_of_answers() {
    async fn run(seed: u64) -> Vec<DynamicObject> {
        let hub = Hub::builder()
            .crds([widget::definition()])
            .seed(seed)
            .start()
            .unwrap();
        let api = widgets(&hub);
        let mut generated = new_widget("", json!({"size": 1}));
        generated.metadata.name = None;
        generated.metadata.generate_name = Some("w-".into());
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(api.create(&PostParams::default(), &generated).await.unwrap());
        }
        made
    }
    assert_eq!(run(1).await, run(1).await);
    assert_ne!(run(1).await, run(2).await);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_once() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let status = refusal(
        api.create(&PostParams::default(), &new_widget("a", json!({"size": 1})))
            .await,
    );
    assert_eq!((status.code, status.reason.as_str()), (409, "AlreadyExists"));
    assert_eq!(status.message, "widgets.example.dev \"a\" already exists");
}

#[tokio::test(start_paused = true)]
async fn an_object_needs_a_valid_name() {
    let hub = hub();
    let api = widgets(&hub);
    let status = refusal(
        api.create(
            &PostParams::default(),
            &new_widget("Not Valid", json!({"size": 1})),
        )
        .await,
    );
    assert_eq!((status.code, status.reason.as_str()), (422, "Invalid"));
    assert!(
        status
            .message
            .contains("metadata.name: Invalid value: \"Not Valid\""),
        "{}",
        status.message
    );
    let mut nameless = new_widget("", json!({"size": 1}));
    nameless.metadata.name = None;
    let status = refusal(api.create(&PostParams::default(), &nameless).await);
    assert!(
        status.message.contains("name or generateName is required"),
        "{}",
        status.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_must_exist_unless_the_hub_makes_it() {
    let strict = hub();
    let api: Api<DynamicObject> = Api::namespaced_with(strict.client(), "nowhere", &widget::resource("v1"));
    let status = refusal(
        api.create(&PostParams::default(), &new_widget("a", json!({"size": 1})))
            .await,
    );
    assert_eq!(
        (status.code, status.message.as_str()),
        (404, "namespaces \"nowhere\" not found")
    );

    let easy = Hub::builder()
        .crds([widget::definition()])
        .create_missing_namespaces(true)
        .start()
        .unwrap();
    let api: Api<DynamicObject> = Api::namespaced_with(easy.client(), "nowhere", &widget::resource("v1"));
    create(&api, "a", json!({"size": 1})).await;
    let namespaces: Api<Namespace> = Api::all(easy.client());
    let phase = namespaces.get("nowhere").await.unwrap().status.unwrap().phase;
    assert_eq!(phase.as_deref(), Some("Active"));
}

#[tokio::test(start_paused = true)]
async fn replacing_needs_the_version_that_was_read() {
    let hub = hub();
    let api = widgets(&hub);
    let mut first = create(&api, "a", json!({"size": 1})).await;
    let mut second = first.clone();
    first.data["spec"]["size"] = json!(2);
    let written = api.replace("a", &PostParams::default(), &first).await.unwrap();
    assert_eq!(written.metadata.generation, Some(2));
    second.data["spec"]["size"] = json!(3);
    let status = refusal(api.replace("a", &PostParams::default(), &second).await);
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    assert!(
        status.message.contains("the object has been modified"),
        "{}",
        status.message
    );
    second.metadata.resource_version = None;
    let status = refusal(api.replace("a", &PostParams::default(), &second).await);
    assert_eq!(status.code, 422);
    assert!(
        status.message.contains("must be specified for an update"),
        "{}",
        status.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_that_changes_nothing_moves_nothing() {
    let hub = hub();
    let api = widgets(&hub);
    let made = create(&api, "a", json!({"size": 1})).await;
    assert_eq!(
        api.replace("a", &PostParams::default(), &made).await.unwrap(),
        made
    );
    assert_eq!(merge(&api, "a", json!({"spec": {"size": 1}})).await, made);
    assert_eq!(
        merge(&api, "a", json!({"metadata": {"labels": null}})).await,
        made
    );
}

#[tokio::test(start_paused = true)]
async fn generation_moves_with_the_spec_only() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let labelled = merge(&api, "a", json!({"metadata": {"labels": {"x": "y"}}})).await;
    assert_eq!(labelled.metadata.generation, Some(1));
    let status = json!({"status": {"phase": "Ready"}});
    let ready = api
        .patch_status("a", &PatchParams::default(), &Patch::Merge(status))
        .await
        .unwrap();
    assert_eq!(
        (ready.metadata.generation, &ready.data["status"]["phase"]),
        (Some(1), &json!("Ready"))
    );
    let bigger = merge(&api, "a", json!({"spec": {"size": 2}})).await;
    assert_eq!(
        (bigger.metadata.generation, &bigger.data["status"]["phase"]),
        (Some(2), &json!("Ready"))
    );
    assert!(version_of(&bigger) > version_of(&ready));
}

#[tokio::test(start_paused = true)]
async fn the_status_is_written_through_its_subresource_only() {
    let hub = hub();
    let api = widgets(&hub);
    let mut object = new_widget("a", json!({"size": 1}));
    object.data["status"] = json!({"phase": "Early"});
    let made = api.create(&PostParams::default(), &object).await.unwrap();
    assert_eq!(made.data.get("status"), None);
    let patched = merge(&api, "a", json!({"status": {"phase": "Sly"}})).await;
    assert_eq!(patched, made);
    let both = json!({"metadata": {"labels": {"x": "y"}}, "spec": {"size": 9}, "status": {"phase": "Ready"}});
    let ready = api
        .patch_status("a", &PatchParams::default(), &Patch::Merge(both))
        .await
        .unwrap();
    assert_eq!(
        ready.data,
        json!({"spec": {"size": 1, "colour": "blue"}, "status": {"phase": "Ready"}})
    );
    assert_eq!(ready.metadata.labels, None);
}

#[tokio::test(start_paused = true)]
async fn a_json_patch_applies_whole_or_not_at_all() {
    let hub = hub();
    let api = widgets(&hub);
    let made = create(&api, "a", json!({"size": 1})).await;
    let patch = |value| Patch::<()>::Json(serde_json::from_value(value).unwrap());
    let good = patch(json!([{"op": "test", "path": "/spec/size", "value": 1},
        {"op": "replace", "path": "/spec/size", "value": 5}]));
    let patched = api.patch("a", &PatchParams::default(), &good).await.unwrap();
    assert_eq!(patched.data["spec"]["size"], 5);
    let status = refusal(api.patch("a", &PatchParams::default(), &good).await);
    assert_eq!((status.code, status.reason.as_str()), (422, "Invalid"));
    assert!(version_of(&patched) > version_of(&made));
    assert_eq!(api.get("a").await.unwrap(), patched);
}

#[tokio::test(start_paused = true)]
async fn a_patch_with_a_stale_version_is_a_conflict() {
    let hub = hub();
    let api = widgets(&hub);
    let made = create(&api, "a", json!({"size": 1})).await;
    merge(&api, "a", json!({"spec": {"size": 2}})).await;
    let stale = json!({"metadata": {"resourceVersion": made.metadata.resource_version}, "spec": {"size": 3}});
    let status = refusal(
        api.patch("a", &PatchParams::default(), &Patch::Merge(stale))
            .await,
    );
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
}

#[tokio::test(start_paused = true)]
async fn a_strategic_patch_merges_containers_by_name() {
    let hub = hub();
    let pods: Api<Pod> = Api::default_namespaced(hub.client());
    let pod = serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": {"containers": [
        {"name": "a", "image": "one"}, {"name": "b", "image": "two"}]}}))
    .unwrap();
    pods.create(&PostParams::default(), &pod).await.unwrap();
    let patch = json!({"spec": {"containers": [{"name": "b", "image": "three"}]}});
    let patched = pods
        .patch("p", &PatchParams::default(), &Patch::Strategic(&patch))
        .await
        .unwrap();
    let images: Vec<_> = patched
        .spec
        .unwrap()
        .containers
        .into_iter()
        .map(|c| c.image.unwrap())
        .collect();
    assert_eq!(images, ["one", "three"]);

    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let status = refusal(
        api.patch("a", &PatchParams::default(), &Patch::Strategic(&patch))
            .await,
    );
    assert_eq!(
        (status.code, status.reason.as_str()),
        (415, "UnsupportedMediaType")
    );
}

#[tokio::test(start_paused = true)]
async fn the_immutable_cannot_be_changed() {
    let hub = hub();
    let api = widgets(&hub);
    let made = create(&api, "a", json!({"size": 1})).await;
    let patch = |value| Patch::Merge(json!({"metadata": value}));
    let params = PatchParams::default();
    let status = refusal(api.patch("a", &params, &patch(json!({"name": "b"}))).await);
    assert_eq!(status.code, 400);
    assert_eq!(
        status.message,
        "the name of the object (b) does not match the name on the URL (a)"
    );
    let status = refusal(api.patch("a", &params, &patch(json!({"uid": "other"}))).await);
    assert_eq!(status.code, 422);
    assert!(
        status
            .message
            .contains("metadata.uid: Invalid value: \"other\": field is immutable")
    );
    // What the server keeps is taken back without a word.
    let older = patch(json!({"creationTimestamp": "2020-01-01T00:00:00Z", "generation": 9}));
    assert_eq!(api.patch("a", &params, &older).await.unwrap(), made);
    let mut other = made.clone();
    other.metadata.uid = Some("other".into());
    assert_eq!(
        refusal(api.replace("a", &PostParams::default(), &other).await).code,
        409
    );
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_answers_and_keeps_nothing() {
    let hub = hub();
    let api = widgets(&hub);
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let shown = api
        .create(&dry, &new_widget("a", json!({"size": 1})))
        .await
        .unwrap();
    assert_eq!(shown.data["spec"]["colour"], "blue");
    assert_eq!(api.get_opt("a").await.unwrap(), None);
    let made = create(&api, "a", json!({"size": 1})).await;
    let params = PatchParams {
        dry_run: true,
        ..PatchParams::default()
    };
    let shown = api
        .patch("a", &params, &Patch::Merge(json!({"spec": {"size": 4}})))
        .await
        .unwrap();
    assert_eq!(shown.data["spec"]["size"], 4);
    assert_eq!(api.get("a").await.unwrap(), made);
}

#[tokio::test(start_paused = true)]
async fn a_secrets_plain_strings_become_data() {
    let hub = hub();
    let secrets: Api<Secret> = Api::default_namespaced(hub.client());
    let secret =
        serde_json::from_value(json!({"metadata": {"name": "s"}, "stringData": {"user": "me"}})).unwrap();
    let made: Secret = secrets.create(&PostParams::default(), &secret).await.unwrap();
    assert_eq!(made.string_data, None);
    assert_eq!(made.data.unwrap()["user"].0, b"me");
    assert_eq!(made.type_.as_deref(), Some("Opaque"));
}

#[tokio::test(start_paused = true)]
async fn scale_reads_and_writes_the_replicas() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1, "replicas": 2})).await;
    let observed = json!({"status": {"replicas": 1, "selector": "app=a"}});
    api.patch_status("a", &PatchParams::default(), &Patch::Merge(observed))
        .await
        .unwrap();
    let scale = api.get_scale("a").await.unwrap();
    assert_eq!(scale.spec.as_ref().unwrap().replicas, Some(2));
    assert_eq!(scale.status.as_ref().unwrap().selector.as_deref(), Some("app=a"));
    let to_five = Patch::Merge(json!({"spec": {"replicas": 5}}));
    let scaled = api
        .patch_scale("a", &PatchParams::default(), &to_five)
        .await
        .unwrap();
    assert_eq!(scaled.spec.unwrap().replicas, Some(5));
    let object = api.get("a").await.unwrap();
    assert_eq!(
        (&object.data["spec"]["replicas"], object.metadata.generation),
        (&json!(5), Some(2))
    );
    let negative = Patch::Merge(json!({"spec": {"replicas": -1}}));
    assert_eq!(
        refusal(api.patch_scale("a", &PatchParams::default(), &negative).await).code,
        422
    );
}

#[tokio::test(start_paused = true)]
async fn metadata_alone_can_be_asked_for() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let one = api.get_metadata("a").await.unwrap();
    assert_eq!(one.metadata.name.as_deref(), Some("a"));
    assert_eq!(one.types.unwrap().kind, "PartialObjectMetadata");
    assert_eq!(
        api.list_metadata(&kube::api::ListParams::default())
            .await
            .unwrap()
            .items
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_found() {
    let hub = hub();
    let maps: Api<ConfigMap> = Api::default_namespaced(hub.client());
    let status = refusal(maps.get("none").await);
    assert_eq!(
        (status.code, status.message.as_str()),
        (404, "configmaps \"none\" not found")
    );
    let details = status.details.unwrap();
    assert_eq!(
        (details.name.as_str(), details.kind.as_str()),
        ("none", "configmaps")
    );
    let gvk = kube::api::GroupVersionKind::gvk("example.dev", "v9", "Widget");
    let unserved: Api<DynamicObject> =
        Api::default_namespaced_with(hub.client(), &kube::api::ApiResource::from_gvk(&gvk));
    let status = refusal(unserved.get("a").await);
    assert_eq!(
        (status.code, status.message.as_str()),
        (404, "404 page not found")
    );
}
