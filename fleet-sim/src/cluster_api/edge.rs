//! The edge: one task that keeps the index, steps the clusters that need it, and carries out what they ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::stream::{BoxStream, SelectAll, StreamExt as _};
use http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::ClusterApi;
use super::index::{ClusterKey, Index};
use super::object::{CONTROL_PLANE_GROUP, GROUP, INFRASTRUCTURE_GROUP, Object, ObjectKey, ObjectKind};
use super::snapshot::references;
use super::watch::{Resource, Sighting, watch};
use super::write::Write;

const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// How often to look whether a provider that a Cluster refers to has been installed.
const UNKNOWN_PROVIDER: Duration = Duration::from_mins(1);
/// Newest first: what is served in both is watched in the first.
const VERSIONS: [&str; 2] = ["v1beta2", "v1beta1"];
/// Without these there is nothing to do.
const CORE: [ObjectKind; 5] = [
    ObjectKind::Cluster,
    ObjectKind::ControlPlane,
    ObjectKind::MachineDeployment,
    ObjectKind::MachineSet,
    ObjectKind::Machine,
];
const FIELD_MANAGER: &str = "fleet-sim-cluster-api";

/// The running controllers. Dropping the handle leaves them running.
#[derive(Clone, Debug)]
pub struct ClusterApiHandle {
    task: AbortHandle,
    shared: Arc<Shared>,
}

/// What the controllers have done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterApiStats {
    /// Times a cluster was looked at.
    pub steps: u64,
    /// Writes that succeeded.
    pub writes: u64,
    /// Writes that failed and will be decided anew.
    pub failed_writes: u64,
}

impl ClusterApiHandle {
    /// Ends the controllers. What they have begun in the API stays as it is.
    pub fn stop(&self) {
        self.task.abort();
    }

    /// Looks at every cluster once more, although nothing changed: for fault rules that changed their mind.
    pub fn look_again(&self) {
        self.shared.look_again.notify_one();
    }

    /// What they have done so far.
    pub fn stats(&self) -> ClusterApiStats {
        ClusterApiStats {
            steps: self.shared.steps.load(Ordering::Relaxed),
            writes: self.shared.writes.load(Ordering::Relaxed),
            failed_writes: self.shared.failed_writes.load(Ordering::Relaxed),
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    look_again: Notify,
    steps: AtomicU64,
    writes: AtomicU64,
    failed_writes: AtomicU64,
}

type Now = Box<dyn Fn() -> Timestamp + Send + Sync>;

pub(super) fn spawn(api: ClusterApi, client: kube::Client, now: Now) -> ClusterApiHandle {
    let shared = Arc::new(Shared::default());
    let edge = Edge {
        api,
        client,
        now,
        shared: Arc::clone(&shared),
        served: Served::default(),
        index: Index::default(),
        sightings: SelectAll::new(),
        queue: Queue::default(),
        failures: BTreeMap::new(),
        unsure: BTreeMap::new(),
        without_effect: BTreeMap::new(),
    };
    let task = tokio::spawn(edge.run()).abort_handle();
    ClusterApiHandle { task, shared }
}

struct Edge {
    api: ClusterApi,
    client: kube::Client,
    now: Now,
    shared: Arc<Shared>,
    served: Served,
    index: Index,
    sightings: SelectAll<BoxStream<'static, Sighting>>,
    queue: Queue,
    /// Failures in a row, by cluster.
    failures: BTreeMap<ClusterKey, u32>,
    /// Creates whose answer was lost: asked again, under the same name, before anything else is decided. Else a
    /// machine that was made after all would be made twice.
    unsure: BTreeMap<ClusterKey, Write>,
    /// Patches that a server took and that changed nothing, with the resourceVersion they left: fields that its schema
    /// does not keep (a v1beta1 severity where v1beta2 is stored). Sent again they would change nothing again.
    without_effect: BTreeMap<ObjectKey, (u64, Vec<Write>)>,
}

impl Edge {
    async fn run(mut self) {
        let mut pause = FIRST_RETRY;
        while !self.discover().await {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_RETRY);
        }
        loop {
            let due = self.queue.first();
            // In this order, always: what is known is taken in before anything is decided.
            tokio::select! {
                biased;
                Some(sighting) = self.sightings.next(), if !self.sightings.is_empty() => self.see(sighting),
                () = self.shared.look_again.notified() => {
                    let clusters: Vec<_> = self.index.clusters().collect();
                    for cluster in clusters {
                        self.queue.push(cluster, Instant::now());
                    }
                }
                () = sleep_until(due) => self.work().await,
            }
        }
    }

    /// Finds out what is served and watches what is not watched yet. False until the core kinds are there.
    async fn discover(&mut self) -> bool {
        match self.served.look(&self.client).await {
            Ok(new) => {
                for resource in new {
                    self.sightings.push(watch(self.client.clone(), resource));
                }
            }
            Err(error) => tracing::debug!(%error, "discovery failed"),
        }
        self.served.has_core()
    }

    fn see(&mut self, sighting: Sighting) {
        let at = Instant::now() + self.api.reaction_time;
        match sighting {
            Sighting::Listed {
                kind,
                objects,
                revision,
            } => {
                let listed: BTreeSet<ObjectKey> = objects.iter().map(|object| object.key().clone()).collect();
                for key in self.index.missing(&kind, &listed, revision) {
                    if let Some(cluster) = self.index.remove(&key) {
                        self.queue.push(cluster, at);
                    }
                }
                for object in objects {
                    if let Some(cluster) = self.index.put(object) {
                        self.queue.push(cluster, at);
                    }
                }
            }
            Sighting::Changed(object) => {
                if let Some(cluster) = self.index.put(*object) {
                    self.queue.push(cluster, at);
                }
            }
            Sighting::Gone(object) => {
                if let Some(cluster) = self.index.remove_seen(&object) {
                    self.queue.push(cluster, at);
                }
            }
        }
    }

    async fn work(&mut self) {
        for cluster in self.queue.take_due(Instant::now()) {
            self.step(&cluster).await;
        }
    }

    async fn step(&mut self, cluster: &ClusterKey) {
        let Some(snapshot) = self.index.snapshot(cluster) else {
            self.failures.remove(cluster);
            self.unsure.remove(cluster);
            return;
        };
        if let Some(write) = self.unsure.remove(cluster) {
            let after = self.send(cluster, write).await.unwrap_or(self.api.reaction_time);
            self.queue.push(cluster.clone(), Instant::now() + after);
            return;
        }
        let unknown = references(&snapshot.cluster)
            .into_iter()
            .any(|key| !self.served.watches(&key.kind));
        if unknown {
            // A provider installed after us. Its objects queue the cluster again when they are seen.
            self.discover().await;
            self.queue
                .push(cluster.clone(), Instant::now() + UNKNOWN_PROVIDER);
        }
        let now = (self.now)();
        let mut step = self.api.step(&snapshot, now);
        step.writes.retain(|write| !self.is_without_effect(write));
        self.shared.steps.fetch_add(1, Ordering::Relaxed);
        if let Some(at) = step.wake_at {
            let wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
            // A millisecond is the least tokio waits.
            self.queue.push(
                cluster.clone(),
                Instant::now() + wait.max(Duration::from_millis(1)),
            );
        }
        if step.writes.is_empty() {
            self.failures.remove(cluster);
            return;
        }
        for write in step.writes {
            if let Some(pause) = self.send(cluster, write).await {
                self.queue.push(cluster.clone(), Instant::now() + pause);
                return;
            }
        }
        self.failures.remove(cluster);
        self.queue
            .push(cluster.clone(), Instant::now() + self.api.reaction_time);
    }

    /// Carries out a write; when it fails, tells how long to leave the cluster alone.
    async fn send(&mut self, cluster: &ClusterKey, write: Write) -> Option<Duration> {
        let Err(error) = self.carry_out(&write).await else {
            self.shared.writes.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        tracing::debug!(?write, %error, "a write failed; the cluster is decided anew");
        self.shared.failed_writes.fetch_add(1, Ordering::Relaxed);
        let refused = matches!(&error, kube::Error::Api(status) if (400..500).contains(&status.code));
        if matches!(write, Write::Create { .. }) && !refused {
            self.unsure.insert(cluster.clone(), write);
        }
        let failures = self.failures.entry(cluster.clone()).or_default();
        let pause = FIRST_RETRY
            .saturating_mul(1 << (*failures).min(5))
            .min(LONGEST_RETRY);
        *failures = failures.saturating_add(1);
        Some(pause)
    }

    /// Sends a write and takes in the answer, so that the next decision knows of it even if watches lag.
    async fn carry_out(&mut self, write: &Write) -> Result<(), kube::Error> {
        let key = write.key();
        let (request, body) = match write {
            Write::Create { body, .. } => {
                let version = body.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
                let path = self.served.path(key, version, false);
                (
                    Request::post(format!("{path}?fieldManager={FIELD_MANAGER}")),
                    Some(body.clone()),
                )
            }
            Write::Patch {
                api_version, body, ..
            } => {
                let path = self.served.path(key, api_version, true);
                (
                    Request::patch(format!("{path}?fieldManager={FIELD_MANAGER}")),
                    Some(body.clone()),
                )
            }
            Write::PatchStatus {
                api_version, body, ..
            } => {
                let path = self.served.path(key, api_version, true);
                (
                    Request::patch(format!("{path}/status?fieldManager={FIELD_MANAGER}")),
                    Some(body.clone()),
                )
            }
            Write::Delete { api_version, uid, .. } => {
                let options = json!({
                    "apiVersion": "v1", "kind": "DeleteOptions",
                    "preconditions": { "uid": uid }, "propagationPolicy": "Background",
                });
                (
                    Request::delete(self.served.path(key, api_version, true)),
                    Some(options),
                )
            }
        };
        let content_type = match write {
            Write::Create { .. } | Write::Delete { .. } => "application/json",
            Write::Patch { .. } | Write::PatchStatus { .. } => "application/merge-patch+json",
        };
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let request = request
            .header(http::header::CONTENT_TYPE, content_type)
            .body(body)
            .map_err(kube::Error::HttpError)?;
        let answer = match self.client.request::<Value>(request).await {
            Err(kube::Error::Api(status)) if status.code == 409 && matches!(write, Write::Create { .. }) => {
                // It is there: made by an earlier try whose answer was lost, or by somebody else.
                self.read(key).await?
            }
            answer => answer?,
        };
        if answer.get("kind").and_then(Value::as_str) == Some("Status") {
            self.index.remove(key);
            self.without_effect.remove(key);
        } else if let Some(object) = Object::new(key.kind.clone(), answer) {
            match (self.index.revision(key), object.revision()) {
                (Some(before), Some(after)) if before == after => {
                    let known = self.without_effect.entry(key.clone()).or_default();
                    if known.0 != after {
                        *known = (after, Vec::new());
                    }
                    known.1.push(write.clone());
                }
                _ => {
                    self.index.put(object);
                }
            }
        }
        Ok(())
    }

    fn is_without_effect(&self, write: &Write) -> bool {
        let known = self.without_effect.get(write.key());
        known.is_some_and(|(at, writes)| {
            self.index.revision(write.key()) == Some(*at) && writes.contains(write)
        })
    }

    async fn read(&mut self, key: &ObjectKey) -> Result<Value, kube::Error> {
        let path = self.served.path(key, "", true);
        let request = Request::get(path)
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        self.client.request(request).await
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Which cluster to look at when. A cluster is in it at most once, at the earliest time anybody asked for.
#[derive(Default)]
struct Queue {
    by_time: BTreeSet<(Instant, ClusterKey)>,
    by_cluster: BTreeMap<ClusterKey, Instant>,
}

impl Queue {
    fn push(&mut self, cluster: ClusterKey, at: Instant) {
        if let Some(earlier) = self.by_cluster.get(&cluster).copied() {
            if earlier <= at {
                return;
            }
            self.by_time.remove(&(earlier, cluster.clone()));
        }
        self.by_cluster.insert(cluster.clone(), at);
        self.by_time.insert((at, cluster));
    }

    fn first(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    fn take_due(&mut self, now: Instant) -> Vec<ClusterKey> {
        let mut due = Vec::new();
        while self.first().is_some_and(|at| at <= now) {
            if let Some((_, cluster)) = self.by_time.pop_first() {
                self.by_cluster.remove(&cluster);
                due.push(cluster);
            }
        }
        due
    }
}

/// What the API serves, as far as it concerns us.
#[derive(Default)]
struct Served {
    /// By kind: the plural and the versions, the watched one first.
    kinds: BTreeMap<ObjectKind, (String, Vec<String>)>,
}

impl Served {
    /// Asks the API; returns what is new.
    async fn look(&mut self, client: &kube::Client) -> Result<Vec<Resource>, kube::Error> {
        let mut found: BTreeMap<ObjectKind, (String, Vec<String>)> = BTreeMap::new();
        for group in [GROUP, CONTROL_PLANE_GROUP, INFRASTRUCTURE_GROUP] {
            for version in VERSIONS {
                let api_version = format!("{group}/{version}");
                let list = match client.list_api_group_resources(&api_version).await {
                    // A version that is not served, which most providers have one of.
                    Err(kube::Error::Api(status)) if status.code == 404 => continue,
                    list => list?,
                };
                for resource in list.resources {
                    if let Some(kind) = kind_of(group, &resource.kind, &resource.name) {
                        found
                            .entry(kind)
                            .or_insert((resource.name, Vec::new()))
                            .1
                            .push(api_version.clone());
                    }
                }
            }
        }
        found.insert(ObjectKind::Secret, ("secrets".to_owned(), vec!["v1".to_owned()]));
        let mut new = Vec::new();
        for (kind, (plural, versions)) in found {
            if self.kinds.contains_key(&kind) {
                continue;
            }
            if let Some(watched) = versions.first() {
                new.push(Resource {
                    kind: kind.clone(),
                    root: root(watched),
                    plural: plural.clone(),
                    // Other Secrets are none of our business.
                    selector: if kind == ObjectKind::Secret {
                        "cluster.x-k8s.io%2Fcluster-name"
                    } else {
                        ""
                    },
                });
            }
            self.kinds.insert(kind, (plural, versions));
        }
        Ok(new)
    }

    fn has_core(&self) -> bool {
        CORE.iter().all(|kind| self.watches(kind))
    }

    fn watches(&self, kind: &ObjectKind) -> bool {
        self.kinds.contains_key(kind)
    }

    /// The path of an object (or of its collection) in this version, or in the one that is served.
    fn path(&self, key: &ObjectKey, api_version: &str, named: bool) -> String {
        let (plural, version) = match self.kinds.get(&key.kind) {
            Some((plural, versions)) => {
                let asked = versions.iter().find(|version| *version == api_version);
                (
                    plural.as_str(),
                    asked.or(versions.first()).map_or(api_version, String::as_str),
                )
            }
            None => ("", api_version),
        };
        let collection = format!("{}/namespaces/{}/{plural}", root(version), key.namespace);
        if named {
            format!("{collection}/{}", key.name)
        } else {
            collection
        }
    }
}

fn root(api_version: &str) -> String {
    if api_version.contains('/') {
        format!("/apis/{api_version}")
    } else {
        format!("/api/{api_version}")
    }
}

fn kind_of(group: &str, kind: &str, plural: &str) -> Option<ObjectKind> {
    if plural.contains('/') {
        return None;
    }
    Some(match (group, kind) {
        (GROUP, "Cluster") => ObjectKind::Cluster,
        (GROUP, "MachineDeployment") => ObjectKind::MachineDeployment,
        (GROUP, "MachineSet") => ObjectKind::MachineSet,
        (GROUP, "Machine") => ObjectKind::Machine,
        (CONTROL_PLANE_GROUP, "KubeadmControlPlane") => ObjectKind::ControlPlane,
        // Every provider names its kind so: AWSCluster, DockerCluster, VSphereCluster.
        (INFRASTRUCTURE_GROUP, kind) if kind.ends_with("Cluster") => {
            ObjectKind::InfrastructureCluster(kind.into())
        }
        _ => return None,
    })
}
