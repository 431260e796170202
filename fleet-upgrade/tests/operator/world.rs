//! A hub with one `FleetUpgrade`, a fleet in memory, and operators that can be killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fleet_core::{Fleet, FleetCluster, Labels};
use fleet_sim::Hub;
use fleet_upgrade::operator::{FleetUpgradeController, FleetUpgradeResource, FleetUpgradeStatus, crd};
use fleet_upgrade::ports::TokioClock;
use fleet_upgrade::testing::InMemoryUpgrader;
use http::Method;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Everything that lasts longer than an operator.
pub struct World {
    pub hub: Hub,
    pub clock: TokioClock,
    pub fleet: Fleet,
    pub clusters: InMemoryUpgrader,
}

/// Two staging clusters and four of production.
fn fleet() -> Fleet {
    let cluster = |name: &str, env| {
        FleetCluster::new(name.parse().unwrap(), "v1.30.8".parse().unwrap())
            .with_labels(Labels::from_pairs([("env", env)]).unwrap())
    };
    let staging = ["staging-0", "staging-1"].map(|name| cluster(name, "staging"));
    let production = ["prod-0", "prod-1", "prod-2", "prod-3"].map(|name| cluster(name, "production"));
    Fleet::new(staging.into_iter().chain(production)).unwrap()
}

pub fn three_stages() -> Value {
    json!({
        "target": "v1.31.4",
        "stages": [
            {"name": "staging", "selector": "env=staging", "maxConcurrent": 2, "soak": "1h"},
            {"name": "canary", "pick": {"count": 1}, "soak": "2h"},
            {"name": "production", "maxConcurrent": 2},
        ],
    })
}

impl World {
    pub async fn new(spec: Value) -> Self {
        let hub = Hub::builder().crds([crd()]).start().unwrap();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fleet"}});
        let namespaces = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"));
        Api::<DynamicObject>::all_with(hub.client(), &namespaces)
            .create(
                &PostParams::default(),
                &serde_json::from_value(namespace).unwrap(),
            )
            .await
            .unwrap();
        let clock = TokioClock::starting_at(hub.now());
        let fleet = fleet();
        let versions = fleet
            .iter()
            .map(|cluster| (cluster.name().clone(), cluster.version().clone()));
        let clusters = InMemoryUpgrader::new(versions, clock);
        let world = Self {
            hub,
            clock,
            fleet,
            clusters,
        };
        world.create("up", spec).await;
        world
    }

    pub fn api(&self) -> Api<FleetUpgradeResource> {
        Api::namespaced(self.hub.client(), "fleet")
    }

    /// The objects as they are written, whatever is in them.
    pub fn raw(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("fleet-sdk.dev", "v1alpha1", "FleetUpgrade");
        Api::namespaced_with(self.hub.client(), "fleet", &ApiResource::from_gvk(&kind))
    }

    pub async fn create(&self, name: &str, spec: Value) {
        let object = json!({
            "apiVersion": "fleet-sdk.dev/v1alpha1", "kind": "FleetUpgrade",
            "metadata": {"name": name, "namespace": "fleet"}, "spec": spec,
        });
        self.try_create(&object).await.unwrap();
    }

    /// Makes an object, or says why the API server does not.
    pub async fn try_create(&self, object: &Value) -> Result<DynamicObject, kube::Error> {
        let object: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        self.raw().create(&PostParams::default(), &object).await
    }

    pub async fn annotate(&self, key: &str, value: Option<&str>) {
        let patch = json!({"metadata": {"annotations": {key: value}}});
        self.api()
            .patch("up", &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    pub async fn status(&self) -> FleetUpgradeStatus {
        self.api().get("up").await.unwrap().status.unwrap_or_default()
    }

    pub fn controller(&self, client: Client) -> FleetUpgradeController {
        FleetUpgradeController::new(client)
            .fleet(self.fleet.clone())
            .upgrader(self.clusters.clone())
            .clock(self.clock)
    }

    /// An operator at work; aborting the task kills it.
    pub fn operator(&self) -> JoinHandle<()> {
        spawn(self.controller(self.hub.client()))
    }

    /// Waits until the status is as asked for; a thousand hours at most.
    pub async fn until(&self, holds: impl Fn(&FleetUpgradeStatus) -> bool) -> FleetUpgradeStatus {
        for _ in 0..12_000 {
            let status = self.status().await;
            if holds(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_mins(5)).await;
        }
        panic!("it never comes: {:#?}", self.status().await)
    }

    /// How often each cluster was set to a new version.
    pub fn effects(&self) -> Vec<usize> {
        let of = |cluster: &FleetCluster| {
            let calls = self.clusters.calls();
            calls
                .iter()
                .filter(|call| call.cluster == *cluster.name() && call.took_effect)
                .count()
        };
        self.fleet.iter().map(of).collect()
    }
}

pub fn spawn(controller: FleetUpgradeController) -> JoinHandle<()> {
    tokio::spawn(async move {
        controller.run(futures::future::pending()).await.unwrap();
    })
}

/// A client whose n-th write kills: before it is done or after it. Tells how many writes there were, and the death.
pub fn mortal(world: &World, dies_at: usize, after: bool) -> (Client, Arc<AtomicUsize>, Arc<Notify>) {
    let writes = Arc::new(AtomicUsize::new(0));
    let death = Arc::new(Notify::new());
    let (counter, dies) = (Arc::clone(&writes), Arc::clone(&death));
    let inner = world.hub.client();
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (inner, counter, dies) = (inner.clone(), Arc::clone(&counter), Arc::clone(&dies));
        async move {
            if request.method() == Method::GET {
                return inner.send(request).await;
            }
            let number = counter.fetch_add(1, Ordering::SeqCst);
            if number < dies_at {
                return inner.send(request).await;
            }
            if number == dies_at && after {
                inner.send(request).await?;
            }
            dies.notify_one();
            futures::future::pending().await
        }
    });
    (Client::new(service, "default"), writes, death)
}
