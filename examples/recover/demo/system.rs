//! The platform around Velero: clusters by Cluster API, Applications by Argo CD, and people who do their part in time.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fleet_argocd::{ClusterRegistry, LabelFilter};
use fleet_capi::ClusterRepository;
use fleet_sim::Hub;
use fleet_velero::execute::{RecoverySystem, StepState, SystemError};
use fleet_velero::inventory::FleetState;
use fleet_velero::recovery::{Action, RecoveryPlan, Step};
use jiff::Timestamp;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{GroupVersionKind, TypeMeta};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

const ARGOCD: &str = "argocd";
const SKIP: &str = "argocd.argoproj.io/skip-reconcile";
const MANAGER: &str = "gitops";

/// One cluster of a GitOps repository, on the hub. Clones share it.
#[derive(Clone)]
pub(super) struct Platform {
    hub: Hub,
    name: String,
    /// The cluster's objects, as Git has them.
    manifests: Arc<Vec<Value>>,
    machines: usize,
    /// When what people and platforms do in their own time was begun.
    begun: Arc<Mutex<BTreeMap<u32, Timestamp>>>,
}

type BoxError = Box<dyn Error>;

impl Platform {
    pub(super) fn new(hub: Hub, repository: &ClusterRepository, name: &str) -> Result<Self, BoxError> {
        let fleet = repository.fleet()?;
        let cluster = fleet
            .get(name)
            .ok_or_else(|| format!("the repository has no cluster {name}"))?;
        let own = repository
            .cluster(name)
            .ok_or_else(|| format!("the repository has no cluster {name}"))?;
        let manifests: Vec<Value> = own.objects().map(|object| object.value().clone()).collect();
        Ok(Self {
            hub,
            name: name.to_owned(),
            manifests: Arc::new(manifests),
            machines: usize::try_from(cluster.nodes().total())?,
            begun: Arc::default(),
        })
    }

    /// Applies the cluster, waits for its machines, and deploys to it.
    pub(super) async fn bring_up(&self, fleet: &FleetState) -> Result<(), BoxError> {
        self.provision().await?;
        while self.running().await? < self.machines {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        self.register().await?;
        let lost = fleet.cluster(&self.name);
        let namespaces = lost.iter().flat_map(|cluster| &cluster.namespaces);
        let applications: BTreeSet<&String> = namespaces
            .flat_map(|namespace| &namespace.objects)
            .filter_map(|object| object.application.as_ref())
            .collect();
        for name in applications {
            apply(
                &self.hub.client(),
                &json!({
                    "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                    "metadata": {"name": name, "namespace": ARGOCD},
                    "spec": {
                        "project": "default",
                        "source": {"repoURL": "https://git.example.com/platform/apps.git", "path": name},
                        "destination": {"name": self.name, "namespace": name},
                    },
                }),
            )
            .await?;
        }
        if let Some(cluster) = lost {
            apply(&self.hub.client(), &super::namespace("velero")).await?;
            for schedule in &cluster.schedules {
                let mut schedule = serde_json::to_value(schedule)?;
                schedule["metadata"]["namespace"] = "velero".into();
                apply(&self.hub.client(), &schedule).await?;
            }
        }
        Ok(())
    }

    /// Takes the cluster, and everything that was in it, away.
    pub(super) async fn lose(&self) -> Result<(), BoxError> {
        let client = self.hub.client();
        self.remove_cluster().await?;
        for kind in ["Backup", "BackupStorageLocation"] {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("velero.io", "v1", kind));
            let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), "velero", &resource);
            api.delete_collection(&DeleteParams::default(), &ListParams::default())
                .await?;
        }
        while self.running().await? > 0 {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        Ok(())
    }

    /// How many machines of the cluster run.
    pub(super) async fn running(&self) -> Result<usize, BoxError> {
        let resource = ApiResource::erase::<fleet_capi::v1beta2::Machine>(&());
        let machines: Api<DynamicObject> = Api::all_with(self.hub.client(), &resource);
        let list = machines.list(&ListParams::default()).await?;
        let running = list.iter().filter(|machine| {
            let text = |pointer| machine.data.pointer(pointer).and_then(Value::as_str);
            text("/spec/clusterName") == Some(&self.name) && text("/status/nodeInfo/kubeletVersion").is_some()
        });
        Ok(running.count())
    }

    async fn provision(&self) -> Result<(), BoxError> {
        let client = self.hub.client();
        for object in self.manifests.iter() {
            apply(&client, object).await?;
        }
        Ok(())
    }

    async fn remove_cluster(&self) -> Result<(), BoxError> {
        let resource = ApiResource::erase::<fleet_capi::v1beta2::Cluster>(&());
        let all: Api<DynamicObject> = Api::all_with(self.hub.client(), &resource);
        for cluster in all.list(&ListParams::default()).await? {
            if cluster.name_any() == self.name {
                let namespace = cluster.namespace().unwrap_or_default();
                let api: Api<DynamicObject> = Api::namespaced_with(self.hub.client(), &namespace, &resource);
                api.delete(&self.name, &DeleteParams::default()).await?;
            }
        }
        Ok(())
    }

    fn cluster_namespace(&self) -> String {
        let cluster = self.manifests.iter().find(|object| object["kind"] == "Cluster");
        let namespace = cluster.and_then(|object| object["metadata"]["namespace"].as_str());
        namespace.unwrap_or("default").to_owned()
    }

    async fn register(&self) -> Result<(), BoxError> {
        let registry = ClusterRegistry::new(self.hub.client(), ARGOCD);
        apply(&self.hub.client(), &super::namespace(ARGOCD)).await?;
        registry
            .register_cluster_api(
                &self.cluster_namespace(),
                &self.name,
                &BTreeMap::new(),
                &LabelFilter::all(),
            )
            .await?;
        Ok(())
    }

    fn applications(&self) -> Api<DynamicObject> {
        let resource =
            ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application"));
        Api::namespaced_with(self.hub.client(), ARGOCD, &resource)
    }

    async fn set_frozen(&self, names: &[String], frozen: bool) -> Result<(), BoxError> {
        let value = if frozen { json!("true") } else { Value::Null };
        let patch = json!({"metadata": {"annotations": {SKIP: value}}});
        for name in names {
            self.applications()
                .patch(name, &PatchParams::default(), &Patch::Merge(&patch))
                .await?;
        }
        Ok(())
    }

    async fn are_frozen(&self, names: &[String], frozen: bool) -> Result<bool, BoxError> {
        for name in names {
            let application = self.applications().get(name).await?;
            if application.annotations().contains_key(SKIP) != frozen {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What takes its time and leaves nothing on the hub to look at.
    fn in_time(&self, step: &Step) -> StepState {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        match begun.get(&step.id.number()) {
            None => StepState::NotBegun,
            Some(at) if self.hub.now().duration_since(*at) >= step.time.p50 => StepState::Done,
            Some(_) => StepState::Running("under way".to_owned()),
        }
    }

    async fn look(&self, step: &Step) -> Result<StepState, BoxError> {
        let number = step.id.number();
        let was_begun = self
            .begun
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(&number);
        let done = |done: bool| match (done, was_begun) {
            (true, _) => StepState::Done,
            (false, true) => StepState::Running("not there yet".to_owned()),
            (false, false) => StepState::NotBegun,
        };
        Ok(match &step.action {
            Action::FreezeSync { applications, .. } => done(self.are_frozen(applications, true).await?),
            Action::ReleaseSync { applications, .. } if was_begun => {
                match (self.are_frozen(applications, false).await?, self.in_time(step)) {
                    (true, state) => state,
                    (false, _) => StepState::NotBegun,
                }
            }
            Action::ProvisionCluster { .. } => done(was_begun && self.running().await? >= self.machines),
            _ => self.in_time(step),
        })
    }

    async fn act(&self, step: &Step) -> Result<(), BoxError> {
        match &step.action {
            Action::FreezeSync { applications, .. } => self.set_frozen(applications, true).await?,
            Action::ReleaseSync { applications, .. } => self.set_frozen(applications, false).await?,
            Action::ProvisionCluster { .. } => self.provision().await?,
            Action::RegisterCluster { .. } => self.register().await?,
            _ => {}
        }
        let now = self.hub.now();
        self.begun
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(step.id.number())
            .or_insert(now);
        Ok(())
    }
}

#[async_trait]
impl RecoverySystem for Platform {
    async fn observe(&self, plan: &RecoveryPlan, step: &Step) -> Result<StepState, SystemError> {
        self.look(step).await.map_err(|error| failed(plan, step, &*error))
    }

    async fn begin(&self, plan: &RecoveryPlan, step: &Step) -> Result<(), SystemError> {
        self.act(step).await.map_err(|error| failed(plan, step, &*error))
    }
}

fn failed(plan: &RecoveryPlan, step: &Step, error: &dyn Error) -> SystemError {
    SystemError::new(plan.title(step), fleet_examples::chain(error))
}

async fn apply(client: &Client, object: &Value) -> Result<(), BoxError> {
    let types: TypeMeta = serde_json::from_value(object.clone())?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(&types)?);
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    api.patch(name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(object))
        .await?;
    Ok(())
}
