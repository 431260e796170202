//! From files to a running fleet: the hub, the clusters on it, and what is deployed to them.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use fleet_argocd::{ApplicationSet, ClusterRegistry, Deletions, LabelFilter, Snapshot, expand};
use fleet_capi::repository::RepositoryObject;
use fleet_capi::rollout::{ClusterState, RolloutStatus};
use fleet_core::{ClusterName, Fleet, FleetCluster};
use fleet_sim::Hub;
use fleet_sim::cluster_api::{ClusterApi, Delay};
use jiff::Timestamp;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{GroupVersionKind, TypeMeta};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::input::Input;
use crate::story::Application;

/// A hub with our CRDs and simulated Cluster API controllers.
pub fn hub(seed: u64, now: Timestamp) -> Result<Hub, Box<dyn Error>> {
    let crds = fleet_capi::crds().into_iter().chain(fleet_argocd::crds());
    let hub = Hub::builder().crds(crds).seed(seed).starting_at(now).start()?;
    let time = hub.clone();
    ClusterApi::default()
        .seed(seed)
        .machine_startup(Delay::around(Duration::from_secs(150), 0.3))
        .spawn(hub.client(), move || time.now());
    Ok(hub)
}

/// Applies the repository's objects, as a GitOps tool would, and waits until every node of every cluster is up.
pub async fn clusters(hub: &Hub, input: &Input) -> Result<(), Box<dyn Error>> {
    let client = hub.client();
    let namespaces: BTreeSet<_> = input
        .repository
        .objects()
        .filter_map(RepositoryObject::namespace)
        .chain([ARGOCD])
        .collect();
    for namespace in namespaces {
        apply(
            &client,
            &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }),
        )
        .await?;
    }
    for object in input.repository.objects() {
        apply(&client, object.value()).await?;
    }
    let deadline = tokio::time::Instant::now() + LONGEST_BRING_UP;
    loop {
        let late = late(hub, &input.fleet).await?;
        if late.is_empty() {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            let mut text = format!(
                "after {} minutes not all machines are up:",
                LONGEST_BRING_UP.as_secs() / 60
            );
            for (cluster, running) in late {
                let why = obstacle(&client, cluster).await?;
                write!(
                    text,
                    "\n  {}: {running} of {} machines{why}",
                    cluster.name(),
                    cluster.nodes().total()
                )?;
            }
            return Err(text.into());
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
}

/// The clusters with another number of nodes than their replicas add up to, and that number.
async fn late<'a>(hub: &Hub, fleet: &'a Fleet) -> Result<Vec<(&'a FleetCluster, u32)>, Box<dyn Error>> {
    let mut running: BTreeMap<ClusterName, u32> = BTreeMap::new();
    for (cluster, _) in nodes(hub).await? {
        *running.entry(cluster).or_default() += 1;
    }
    let clusters = fleet
        .iter()
        .map(|cluster| (cluster, running.get(cluster.name()).copied().unwrap_or(0)));
    Ok(clusters
        .filter(|(cluster, running)| *running != cluster.nodes().total())
        .collect())
}

/// What Cluster API says holds a cluster up, led by a colon; nothing where it says nothing.
async fn obstacle(client: &Client, cluster: &FleetCluster) -> Result<String, Box<dyn Error>> {
    let kinds = [
        ApiResource::erase::<fleet_capi::v1beta2::Cluster>(&()),
        ApiResource::erase::<fleet_capi::v1beta2::KubeadmControlPlane>(&()),
        ApiResource::erase::<fleet_capi::v1beta2::MachineDeployment>(&()),
        ApiResource::erase::<fleet_capi::v1beta2::MachineSet>(&()),
        ApiResource::erase::<fleet_capi::v1beta2::Machine>(&()),
    ];
    let mut objects = Vec::new();
    for kind in &kinds {
        let api: Api<DynamicObject> = Api::all_with(client.clone(), kind);
        objects.extend(api.list(&ListParams::default()).await?);
    }
    let state = ClusterState::from_objects(cluster.name().as_str(), objects)?;
    let blocked = RolloutStatus::of(&state, cluster.version());
    Ok(blocked
        .blocked()
        .map_or_else(String::new, |blocked| format!(": {blocked}")))
}

/// Registers each cluster with Argo CD, expands the ApplicationSets and applies what comes out.
pub async fn deploy(hub: &Hub, input: &Input) -> Result<Vec<Application>, Box<dyn Error>> {
    let client = hub.client();
    let registry = ClusterRegistry::new(client.clone(), ARGOCD);
    for cluster in input.repository.clusters() {
        let labels = input
            .fleet
            .get(cluster.name())
            .map(|cluster| cluster.labels().clone())
            .unwrap_or_default();
        let namespace = cluster.namespace().unwrap_or("default");
        registry
            .register_cluster_api(namespace, cluster.name(), &labels.into(), &LabelFilter::all())
            .await?;
    }
    let spokes = registry.list().await?;
    let by_server: BTreeMap<_, _> = spokes
        .iter()
        .map(|spoke| (spoke.server.as_str(), spoke.name.as_str()))
        .collect();
    let snapshot = Snapshot::empty().with_clusters(&spokes);

    let mut deployed = Vec::new();
    for set in &input.application_sets {
        // What is on the hub has the identity that its Applications refer to as their owner.
        let set: ApplicationSet = serde_json::from_value(apply(&client, &serde_json::to_value(set)?).await?)?;
        let expansion = expand(&set, &snapshot)?;
        fleet_argocd::apply(&client, &set, &expansion, Deletions::Never).await?;
        deployed.extend(expansion.iter().map(|application| {
            let text = |path: &[&str]| application.text(path).unwrap_or_default();
            let server = text(&["spec", "destination", "server"]);
            Application {
                name: application.name().to_owned(),
                from: set.metadata.name.clone().unwrap_or_default(),
                cluster: by_server.get(server).copied().unwrap_or(server).to_owned(),
                namespace: text(&["spec", "destination", "namespace"]).to_owned(),
                project: text(&["spec", "project"]).to_owned(),
            }
        }));
    }
    Ok(deployed)
}

/// The nodes of each cluster, with the version that their kubelets run.
///
/// Read as plain JSON: on a hub without conversion webhooks a Machine has the shape it was written in, v1beta1 or v1beta2, and
/// these two fields are the same in both.
pub async fn nodes(hub: &Hub) -> Result<Vec<(ClusterName, String)>, Box<dyn Error>> {
    let resource = ApiResource::erase::<fleet_capi::v1beta2::Machine>(&());
    let machines: Api<DynamicObject> = Api::all_with(hub.client(), &resource);
    let mut nodes = Vec::new();
    for machine in machines.list(&ListParams::default()).await? {
        let text = |pointer| machine.data.pointer(pointer).and_then(Value::as_str);
        if let (Some(cluster), Some(version)) =
            (text("/spec/clusterName"), text("/status/nodeInfo/kubeletVersion"))
        {
            nodes.push((cluster.parse()?, version.to_owned()));
        }
    }
    Ok(nodes)
}

async fn apply(client: &Client, object: &Value) -> Result<Value, Box<dyn Error>> {
    let types: TypeMeta = serde_json::from_value(object.clone())?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(&types)?);
    let name = object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let api: Api<DynamicObject> = match object.pointer("/metadata/namespace").and_then(Value::as_str) {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    Ok(serde_json::to_value(
        api.patch(name, &PatchParams::apply(MANAGER), &Patch::Apply(object))
            .await?,
    )?)
}

/// Where Argo CD lives on the hub.
pub const ARGOCD: &str = "argocd";
/// Git's own field manager: what the repository says is the repository's.
const MANAGER: &str = "gitops";
/// In virtual time.
const LONGEST_BRING_UP: Duration = Duration::from_hours(2);
