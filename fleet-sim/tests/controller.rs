//! kube's own `Controller`, under ten minutes of broken connections, on virtual time.

use std::sync::Arc;
use std::time::Duration;

use fleet_sim::faults::Fault;
use fleet_sim::{Hub, Verb};
use futures::StreamExt;
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, DeleteParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{Client, Resource, ResourceExt};
use serde_json::json;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// Keeps a Secret beside every `ConfigMap` that asks for one, with the same text in it.
async fn reconcile(map: Arc<ConfigMap>, client: Arc<Client>) -> Result<Action, kube::Error> {
    let text = map
        .data
        .as_ref()
        .and_then(|data| data.get("text"))
        .cloned()
        .unwrap_or_default();
    let owner: Option<OwnerReference> = map.controller_owner_ref(&());
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(map.name_any()),
            owner_references: owner.map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        string_data: Some([("text".to_owned(), text)].into()),
        ..Secret::default()
    };
    let secrets: Api<Secret> = Api::default_namespaced(Client::clone(&client));
    // Read, then write what was read: the kind of controller that conflicts hurt.
    match secrets.get_opt(&map.name_any()).await? {
        None => {
            secrets.create(&PostParams::default(), &secret).await?;
        }
        Some(found) => {
            let mut next = secret;
            next.metadata.resource_version = found.resource_version();
            secrets
                .replace(&map.name_any(), &PostParams::default(), &next)
                .await?;
        }
    }
    Ok(Action::await_change())
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_controller_converges_through_ten_minutes_of_trouble() -> TestResult {
    for seed in 0..3 {
        // A short history makes watches that fell behind start anew with 410 Gone.
        let hub = Hub::builder().seed(seed).history(15).start()?;
        hub.inject(
            Fault::drop_watch(Duration::from_secs(7))
                .on_verb(Verb::Watch)
                .at_rate(0.4),
        );
        hub.inject(
            Fault::expire_watch(Duration::from_secs(13))
                .on_verb(Verb::Watch)
                .at_rate(0.3),
        );
        hub.inject(Fault::gone().on_verb(Verb::Watch).at_rate(0.2));
        hub.inject(Fault::conflict().on_verb(Verb::Update).at_rate(0.3));
        hub.inject(Fault::lost_acknowledgement().on_verb(Verb::Create).at_rate(0.2));
        hub.inject(Fault::unavailable().at_rate(0.05));
        let client = hub.client();
        let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
        let secrets: Api<Secret> = Api::default_namespaced(client.clone());
        let controller = Controller::new(maps, watcher::Config::default())
            .owns(secrets, watcher::Config::default())
            .run(
                reconcile,
                |_, _, _| Action::requeue(Duration::from_secs(5)),
                Arc::new(client),
            )
            .for_each(|_| std::future::ready(()));
        let running = tokio::spawn(controller);

        // People go on working meanwhile, undisturbed.
        let work: Api<ConfigMap> = Api::default_namespaced(hub.undisturbed_client());
        let secrets: Api<Secret> = Api::default_namespaced(hub.undisturbed_client());
        for minute in 0..10_u32 {
            for index in 0..6 {
                let name = format!("map-{index}");
                let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"text": format!("{minute}-{index}")}});
                work.patch(&name, &PatchParams::apply("people"), &Patch::Apply(&map))
                    .await?;
                if index == 5 && minute % 3 == 2 {
                    work.delete(&name, &DeleteParams::default()).await?;
                }
                if index == 2 {
                    // Someone meddles with what the controller keeps.
                    let meddled = json!({"stringData": {"text": "meddled"}});
                    let _ = secrets
                        .patch(&name, &PatchParams::default(), &Patch::Merge(&meddled))
                        .await;
                }
                hub.advance(SignedDuration::from_secs(10)).await;
            }
        }
        let struck = hub.faults().log().len();
        assert!(struck > 10, "only {struck} faults struck");
        hub.faults().clear();
        // kube's watchers wait longer after each failure, and never more than a minute or so.
        hub.advance(SignedDuration::from_mins(3)).await;

        for map in work.list(&kube::api::ListParams::default()).await? {
            let secret = secrets.get(&map.name_any()).await?;
            let text = secret.data.unwrap_or_default().remove("text").unwrap_or_default();
            assert_eq!(
                String::from_utf8(text.0)?,
                map.data.unwrap_or_default()["text"],
                "seed {seed}: {}",
                secret.metadata.name.unwrap_or_default()
            );
        }
        let kept = secrets.list(&kube::api::ListParams::default()).await?.items.len();
        assert_eq!(
            kept,
            work.list(&kube::api::ListParams::default()).await?.items.len(),
            "seed {seed}"
        );
        running.abort();
    }
    Ok(())
}
