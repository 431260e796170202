//! Faults between a client and the hub: each does what it says, is logged, and is the same under the same seed.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fleet_sim::faults::{ConnectionFault, Fault, Faults};
use fleet_sim::{Hub, Verb};
use futures::StreamExt as _;
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams, ObjectMeta, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{Client, ResourceExt as _};
use serde_json::json;
use tokio::time::Instant;

struct Scene {
    hub: Hub,
    faults: Faults,
    /// Through the faults.
    maps: Api<ConfigMap>,
    /// Past them.
    direct: Api<ConfigMap>,
}

fn scene() -> Scene {
    let hub = Hub::builder().start().unwrap();
    let faults = Faults::seeded(7);
    Scene {
        maps: Api::default_namespaced(faults.wrap(hub.client())),
        direct: Api::default_namespaced(hub.client()),
        hub,
        faults,
    }
}

fn map(name: &str, value: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some(BTreeMap::from([("value".to_owned(), value.to_owned())])),
        ..ConfigMap::default()
    }
}

fn code(error: &kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        _ => 0,
    }
}

/// The break of a connection somewhere beneath an error.
fn broken(error: &kube::Error) -> Option<ConnectionFault> {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(fault) = error.downcast_ref::<ConnectionFault>() {
            return Some(*fault);
        }
        cause = error.source();
    }
    None
}

async fn set(api: &Api<ConfigMap>, name: &str, value: &str) -> kube::Result<ConfigMap> {
    let patch = Patch::Merge(json!({"data": {"value": value}}));
    api.patch(name, &PatchParams::default(), &patch).await
}

#[tokio::test(start_paused = true)]
async fn refusals_are_the_servers_own_and_strike_as_often_as_asked() {
    let Scene {
        faults, maps, direct, ..
    } = scene();
    direct
        .create(&PostParams::default(), &map("a", "1"))
        .await
        .unwrap();
    for (fault, wanted) in [
        (Fault::too_many_requests(3), 429),
        (Fault::internal_error(), 500),
        (Fault::unavailable(), 503),
    ] {
        let id = faults.inject(
            fault
                .on_verb(Verb::Get)
                .on_resource("configmaps")
                .after(1)
                .times(2),
        );
        assert!(maps.get("a").await.is_ok(), "the first passes");
        for _ in 0..2 {
            assert_eq!(code(&maps.get("a").await.unwrap_err()), wanted);
        }
        assert!(maps.get("a").await.is_ok(), "twice is enough");
        assert_eq!(faults.strikes(id), 2, "{wanted}");
        assert!(maps.list(&ListParams::default()).await.is_ok(), "another verb");
        faults.clear();
    }
    faults.inject(Fault::conflict().named("a").once());
    assert_eq!(code(&set(&maps, "a", "2").await.unwrap_err()), 409);
    assert!(set(&maps, "a", "2").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn latency_pauses_and_time_outs_take_virtual_time() {
    let Scene {
        faults, maps, direct, ..
    } = scene();
    direct
        .create(&PostParams::default(), &map("a", "1"))
        .await
        .unwrap();
    let began = Instant::now();
    faults.inject(Fault::latency(Duration::from_secs(5)).once());
    maps.get("a").await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 5);
    faults.inject(Fault::pause(Duration::from_mins(2)).once());
    maps.get("a").await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 125);
    faults.inject(Fault::time_out(Duration::from_secs(30)).once());
    assert_eq!(
        broken(&maps.get("a").await.unwrap_err()),
        Some(ConnectionFault::TimedOut)
    );
    assert_eq!(began.elapsed().as_secs(), 155);
}

#[tokio::test(start_paused = true)]
async fn a_lost_acknowledgement_is_a_write_that_happened() {
    let Scene {
        faults, maps, direct, ..
    } = scene();
    direct
        .create(&PostParams::default(), &map("a", "1"))
        .await
        .unwrap();
    faults.inject(Fault::lost_acknowledgement().on_verb(Verb::Patch).once());
    assert_eq!(
        broken(&set(&maps, "a", "2").await.unwrap_err()),
        Some(ConnectionFault::Reset)
    );
    assert_eq!(direct.get("a").await.unwrap().data.unwrap()["value"], "2");
}

#[tokio::test(start_paused = true)]
async fn a_stale_read_shows_the_past_and_a_cut_body_breaks() {
    let Scene {
        faults, maps, direct, ..
    } = scene();
    direct
        .create(&PostParams::default(), &map("a", "1"))
        .await
        .unwrap();
    faults.inject(Fault::stale_read().script([false, true, false]));
    assert_eq!(maps.get("a").await.unwrap().data.unwrap()["value"], "1");
    set(&direct, "a", "2").await.unwrap();
    assert_eq!(maps.get("a").await.unwrap().data.unwrap()["value"], "1");
    assert_eq!(maps.get("a").await.unwrap().data.unwrap()["value"], "2");
    faults.clear();
    faults.inject(Fault::cut_body(20).once());
    assert_eq!(
        broken(&maps.get("a").await.unwrap_err()),
        Some(ConnectionFault::Reset)
    );
    assert!(maps.get("a").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_cluster_ends_watches_too_and_comes_back() {
    let Scene { faults, maps, .. } = scene();
    let mut events = maps.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    let id = faults.inject(Fault::unreachable());
    assert!(events.next().await.unwrap().is_err());
    assert_eq!(
        broken(&maps.list(&ListParams::default()).await.unwrap_err()),
        Some(ConnectionFault::Refused)
    );
    assert!(faults.remove(id));
    assert!(maps.list(&ListParams::default()).await.is_ok());
}

/// The names and kinds of the events of a watch while three objects are made.
async fn events(fault: Fault) -> Vec<String> {
    let Scene {
        faults, maps, direct, ..
    } = scene();
    faults.inject(fault);
    let events = maps.watch(&WatchParams::default(), "1").await.unwrap();
    for name in ["a", "b", "c"] {
        direct
            .create(&PostParams::default(), &map(name, "1"))
            .await
            .unwrap();
    }
    let quiet = tokio::time::sleep(Duration::from_secs(30));
    let seen = events.take_until(quiet).map(|event| match event {
        Ok(WatchEvent::Added(map)) => map.name_any(),
        Ok(WatchEvent::Error(status)) => status.code.to_string(),
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("{}", matches!(error, kube::Error::ReadEvents(_))),
    });
    seen.collect().await
}

#[tokio::test(start_paused = true)]
async fn events_come_twice_in_another_order_or_no_more() {
    assert_eq!(
        events(Fault::duplicate_events().script([false, true])).await,
        ["a", "b", "b", "c"]
    );
    assert_eq!(
        events(Fault::reorder_events().script([true])).await,
        ["b", "a", "c"]
    );
    assert_eq!(
        events(Fault::reorder_events().after(2).once()).await,
        ["a", "b", "c"]
    );
    let expired = events(Fault::expire_watch(Duration::from_secs(9))).await;
    assert_eq!(expired, ["a", "b", "c", "410"]);
    let dropped = events(Fault::drop_watch(Duration::from_secs(9))).await;
    assert_eq!(
        (&dropped[..3], dropped.len()),
        (&["a", "b", "c"].map(str::to_owned)[..], 4)
    );
}

#[tokio::test(start_paused = true)]
async fn one_seed_strikes_the_same_requests() {
    let run = async |seed| {
        let hub = Hub::builder().start().unwrap();
        let faults = Faults::seeded(seed);
        faults.inject(Fault::internal_error().at_rate(0.3));
        let maps: Api<ConfigMap> = Api::default_namespaced(faults.wrap(hub.client()));
        let mut struck = Vec::new();
        for _ in 0..100 {
            struck.push(maps.list(&ListParams::default()).await.is_err());
        }
        struck
    };
    let first = run(1).await;
    let count = first.iter().filter(|struck| **struck).count();
    assert!((15..45).contains(&count), "{count} of 100 at a rate of 0.3");
    assert_eq!(first, run(1).await);
    assert_ne!(first, run(2).await);
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct ReconcileError(#[from] kube::Error);

/// Keeps `copy-<name>` equal to each `source-<name>`, by whole replacement on the revision it read.
async fn copy(source: Arc<ConfigMap>, client: Arc<Client>) -> Result<Action, ReconcileError> {
    let again = Action::requeue(Duration::from_secs(20));
    let name = source.name_any();
    let Some(name) = name.strip_prefix("source-").map(|name| format!("copy-{name}")) else {
        return Ok(again);
    };
    let maps: Api<ConfigMap> = Api::default_namespaced((*client).clone());
    let data = maps.get(&source.name_any()).await?.data;
    match maps.get_opt(&name).await? {
        None => {
            let mut copy = map(&name, "");
            copy.data = data;
            maps.create(&PostParams::default(), &copy).await?;
        }
        Some(copy) if copy.data == data => {}
        Some(mut copy) => {
            copy.data = data;
            maps.replace(&name, &PostParams::default(), &copy).await?;
        }
    }
    Ok(again)
}

#[tokio::test(start_paused = true)]
async fn a_controller_converges_through_ten_minutes_of_dropped_watches_410s_and_conflicts() {
    let Scene {
        hub, faults, direct, ..
    } = scene();
    let secs = Duration::from_secs;
    let ids = [
        Fault::drop_watch(fleet_sim::cluster_api::Delay::uniform(secs(1), secs(20))).at_rate(0.5),
        // No watch lives longer: what is not dropped expires.
        Fault::expire_watch(fleet_sim::cluster_api::Delay::uniform(secs(1), secs(20))),
        Fault::gone().on_verb(Verb::Watch).at_rate(0.3),
        Fault::conflict().at_rate(0.4),
        Fault::lost_acknowledgement().at_rate(0.2),
        Fault::internal_error().at_rate(0.1),
        Fault::duplicate_events().at_rate(0.2),
        Fault::latency(fleet_sim::cluster_api::Delay::uniform(secs(0), secs(2))).at_rate(0.3),
    ]
    .map(|fault| faults.inject(fault));
    let client = faults.wrap(hub.client());
    let sources: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let controller = Controller::new(sources, watcher::Config::default())
        .run(
            copy,
            move |_, _: &ReconcileError, _| Action::requeue(secs(2)),
            Arc::new(client),
        )
        .for_each(|_| async {});
    let running = tokio::spawn(controller);

    // Ten minutes in which everything changes all the time, and somebody else tears at the copies.
    for round in 0..60 {
        for number in 0..5 {
            let (source, copy) = (format!("source-{number}"), format!("copy-{number}"));
            if round == 0 {
                direct
                    .create(&PostParams::default(), &map(&source, "0"))
                    .await
                    .unwrap();
            }
            set(&direct, &source, &format!("{round}-{number}")).await.unwrap();
            if round % 7 == number {
                let _ = set(&direct, &copy, "torn").await;
            }
        }
        hub.advance(SignedDuration::from_secs(10)).await;
    }
    let strikes = ids.map(|id| faults.strikes(id));
    assert!(
        strikes.iter().all(|times| *times > 3),
        "{strikes:?}: too few to show anything"
    );
    // The faults go on; only the changes stop.
    hub.advance(SignedDuration::from_mins(3)).await;
    for number in 0..5 {
        let copy = direct.get(&format!("copy-{number}")).await.unwrap();
        assert_eq!(copy.data.unwrap()["value"], format!("59-{number}"));
    }
    assert_eq!(
        direct.list(&ListParams::default()).await.unwrap().items.len(),
        10,
        "none too many"
    );
    running.abort();
}
