//! From a cluster's objects to its state: from files, from API servers, from anything that gives objects.

use std::collections::{BTreeMap, BTreeSet};

use fleet_core::{ClusterName, yaml};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ClusterState, NamespaceState, ObjectState, RecoveryPoint, Server, VolumePod, VolumeState};
use crate::protection::Measurements;
use crate::schedules::bytes_of;
use crate::{
    Backup, BackupStorageLocation, DataDownload, PodVolumeRestore, ResourcePolicies, Restore, Schedule,
    ServerStatusRequest, VolumeSnapshotLocation,
};

/// Something that holds one object: a document of a file, or a value.
pub trait ObjectSource {
    /// Why it cannot be read as a type.
    type Error;

    /// The value.
    fn value(&self) -> &Value;

    /// The object as a type.
    fn read<T: DeserializeOwned>(&self) -> Result<T, Self::Error>;
}

impl ObjectSource for yaml::Document {
    type Error = yaml::DecodeError;

    fn value(&self) -> &Value {
        self.value()
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, Self::Error> {
        self.decode()
    }
}

impl ObjectSource for Value {
    type Error = serde_json::Error;

    fn value(&self) -> &Value {
        self
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, Self::Error> {
        T::deserialize(self)
    }
}

/// The annotation of a Namespace with those that must be back before it, separated by commas.
pub const DEPENDS_ON: &str = "fleet-sdk.dev/depends-on";
/// The label of a Namespace with its tier.
pub const TIER: &str = "tier";
/// The annotation of a claim whose data can be thrown away.
pub const DISPOSABLE: &str = "fleet-sdk.dev/disposable";

const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";

/// A cluster's state in the making: give it every object, in any order.
///
/// ```
/// use fleet_core::yaml;
/// use fleet_velero::inventory::Gather;
///
/// let mut gather = Gather::new("production".parse()?);
/// for document in yaml::documents(
///     "{apiVersion: v1, kind: Namespace, metadata: {name: payments, labels: {tier: gold}}}
/// ---
/// apiVersion: v1
/// kind: PersistentVolumeClaim
/// metadata: {name: data, namespace: payments}
/// spec: {resources: {requests: {storage: 20Gi}}}",
/// )? {
///     gather.add(&document)?;
/// }
/// let cluster = gather.finish();
/// assert_eq!(cluster.namespaces[0].volumes[0].bytes, 20 << 30);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Gather {
    cluster: ClusterState,
    namespaces: BTreeMap<String, NamespaceState>,
    claims: Vec<PersistentVolumeClaim>,
    /// Drivers by the volume's name.
    drivers: BTreeMap<String, String>,
    pods: Vec<Pod>,
    snapshot_drivers: BTreeSet<String>,
    /// `ConfigMap`s of Velero's namespace.
    config_maps: BTreeMap<String, BTreeMap<String, String>>,
    server: Option<Server>,
    node_agent: bool,
    version: Option<String>,
    restores: Vec<Restore>,
    measured: Measurements,
    velero_namespace: String,
}

impl Gather {
    /// An empty cluster.
    pub fn new(name: ClusterName) -> Self {
        Self {
            cluster: ClusterState::new(name),
            namespaces: BTreeMap::new(),
            claims: Vec::new(),
            drivers: BTreeMap::new(),
            pods: Vec::new(),
            snapshot_drivers: BTreeSet::new(),
            config_maps: BTreeMap::new(),
            server: None,
            node_agent: false,
            version: None,
            restores: Vec::new(),
            measured: Measurements::default(),
            velero_namespace: "velero".to_owned(),
        }
    }

    /// What no object says: region, version, whether it is the hub.
    pub fn cluster_mut(&mut self) -> &mut ClusterState {
        &mut self.cluster
    }

    /// Velero's restores that were seen, for [`lint_restores`](crate::lint::lint_restores).
    pub fn restores(&self) -> &[Restore] {
        &self.restores
    }

    /// How fast restores were that were seen, for [`RtoModel::calibrate`](crate::protection::RtoModel::calibrate).
    pub fn measurements(&self) -> &Measurements {
        &self.measured
    }

    /// Adds an object.
    ///
    /// # Errors
    /// It does not fit its kind.
    pub fn add<S: ObjectSource>(&mut self, source: &S) -> Result<(), S::Error> {
        let kind = source.value()["kind"].as_str().unwrap_or_default().to_owned();
        let api_version = source.value()["apiVersion"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        match (group, kind.as_str()) {
            ("velero.io", _) => self.velero(source, &kind)?,
            ("", "Namespace") => {
                let namespace: Namespace = source.read()?;
                self.namespace(namespace.metadata);
            }
            ("", "PersistentVolumeClaim") => self.claims.push(source.read()?),
            ("", "PersistentVolume") => {
                let volume: PersistentVolume = source.read()?;
                let csi = volume.spec.and_then(|spec| spec.csi);
                if let (Some(name), Some(csi)) = (volume.metadata.name, csi) {
                    self.drivers.insert(name, csi.driver);
                }
            }
            ("", "Pod") => self.pods.push(source.read()?),
            ("snapshot.storage.k8s.io", "VolumeSnapshotClass") => {
                let class: SnapshotClass = source.read()?;
                let marks = class.metadata.labels.unwrap_or_default();
                if marks.contains_key("velero.io/csi-volumesnapshot-class") {
                    self.snapshot_drivers.insert(class.driver);
                }
            }
            _ => {
                match (group, kind.as_str()) {
                    ("", "ConfigMap") => {
                        let map: ConfigMap = source.read()?;
                        if map.metadata.namespace.as_deref() == Some(&self.velero_namespace) {
                            let name = map.metadata.name.clone().unwrap_or_default();
                            self.config_maps.insert(name, map.data.unwrap_or_default());
                        }
                    }
                    ("apps", "Deployment") => {
                        let deployment: Deployment = source.read()?;
                        self.deployment(&deployment);
                    }
                    ("apps", "DaemonSet") => {
                        let set: DaemonSet = source.read()?;
                        let is_agent = set.metadata.name.as_deref() == Some("node-agent");
                        self.node_agent |=
                            is_agent && set.metadata.namespace.as_deref() == Some(&self.velero_namespace);
                    }
                    _ => {}
                }
                let any: AnyObject = source.read()?;
                self.object(group, &kind, any.metadata);
            }
        }
        Ok(())
    }

    fn velero<S: ObjectSource>(&mut self, source: &S, kind: &str) -> Result<(), S::Error> {
        match kind {
            "Schedule" => self.cluster.schedules.push(source.read::<Schedule>()?),
            "Backup" => {
                let backup: Backup = source.read()?;
                let point = RecoveryPoint::of(&backup, &mut self.cluster.scopes);
                self.cluster.backups.push(point);
            }
            "BackupStorageLocation" => self
                .cluster
                .locations
                .push(source.read::<BackupStorageLocation>()?),
            "VolumeSnapshotLocation" => {
                self.cluster
                    .snapshot_locations
                    .push(source.read::<VolumeSnapshotLocation>()?);
            }
            "Restore" => {
                let restore: Restore = source.read()?;
                self.measured.restore(&restore);
                self.restores.push(restore);
            }
            "PodVolumeRestore" => self
                .measured
                .pod_volume_restore(&source.read::<PodVolumeRestore>()?),
            "DataDownload" => self.measured.data_download(&source.read::<DataDownload>()?),
            "ServerStatusRequest" => {
                let request: ServerStatusRequest = source.read()?;
                self.version = request
                    .status
                    .and_then(|status| status.server_version)
                    .or(self.version.take());
            }
            _ => {}
        }
        Ok(())
    }

    fn state_of(&mut self, namespace: &str) -> &mut NamespaceState {
        self.namespaces
            .entry(namespace.to_owned())
            .or_insert_with(|| NamespaceState {
                name: namespace.to_owned(),
                ..NamespaceState::default()
            })
    }

    fn namespace(&mut self, metadata: ObjectMeta) {
        let name = metadata.name.unwrap_or_default();
        let annotations = metadata.annotations.unwrap_or_default();
        let state = self.state_of(&name);
        state.labels = metadata.labels.unwrap_or_default();
        state.tier = state.labels.get(TIER).cloned();
        let needed = annotations
            .get(DEPENDS_ON)
            .map(String::as_str)
            .unwrap_or_default();
        let needed = needed.split(',').map(str::trim).filter(|name| !name.is_empty());
        state.depends_on = needed.map(str::to_owned).collect();
    }

    /// The server's version and flags, where its Deployment is seen.
    fn deployment(&mut self, deployment: &Deployment) {
        let metadata = &deployment.metadata;
        if metadata.name.as_deref() != Some("velero")
            || metadata.namespace.as_deref() != Some(&self.velero_namespace)
        {
            return;
        }
        let pod = deployment.spec.template.spec.as_ref();
        let Some(container) = pod.and_then(|pod| pod.containers.first()) else {
            return;
        };
        let image = container.image.as_deref().unwrap_or_default();
        let tag = image.split('@').next().and_then(|image| image.rsplit_once(':'));
        if let Some((_, tag)) = tag {
            self.version.get_or_insert_with(|| tag.to_owned());
        }
        let mut server = Server::default();
        for argument in container
            .args
            .iter()
            .flatten()
            .chain(container.command.iter().flatten())
        {
            let Some(flag) = argument.strip_prefix("--") else {
                continue;
            };
            let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
            match name {
                "default-volumes-to-fs-backup" => server.default_volumes_to_fs_backup = value == "true",
                "default-snapshot-move-data" => server.default_snapshot_move_data = value == "true",
                "features" => server.csi = value.split(',').any(|feature| feature == "EnableCSI"),
                "default-backup-storage-location" => value.clone_into(&mut server.default_location),
                "concurrent-backups" => server.concurrent_backups = value.parse().unwrap_or(1),
                "client-qps" => server.client_qps = value.parse().unwrap_or(100),
                "default-backup-ttl" => {
                    let ttl = fleet_core::GoDuration::from(value).as_signed();
                    server.default_ttl = ttl.unwrap_or(server.default_ttl);
                }
                "fs-backup-timeout" => {
                    let timeout = fleet_core::GoDuration::from(value).as_signed();
                    server.fs_backup_timeout = timeout.unwrap_or(server.fs_backup_timeout);
                }
                _ => {}
            }
        }
        self.server = Some(server);
    }

    fn object(&mut self, group: &str, kind: &str, metadata: ObjectMeta) {
        let (Some(namespace), Some(name)) = (metadata.namespace.as_deref(), metadata.name.as_deref()) else {
            return;
        };
        let owners = metadata.owner_references.iter().flatten();
        let outside = ["ExternalSecret", "SealedSecret", "Certificate"];
        let synced = owners.clone().any(|owner| outside.contains(&owner.kind.as_str()));
        let state = self.state_of(namespace);
        state.object_count += 1;
        // What a controller makes comes back with what it was made of; what Kubernetes makes, comes back by itself.
        let is_made = owners.count() > 0 && !synced;
        let is_kubernetes_own = matches!(
            (kind, name),
            ("ConfigMap", "kube-root-ca.crt") | ("ServiceAccount", "default")
        ) || matches!(
            kind,
            "Event" | "Endpoints" | "EndpointSlice" | "Lease" | "Application"
        );
        if is_made || is_kubernetes_own {
            return;
        }
        let plural = match kind.to_lowercase() {
            name if name.ends_with('s') || name.ends_with('x') => format!("{name}es"),
            name if name.ends_with('y') => format!("{}ies", &name[..name.len() - 1]),
            name => format!("{name}s"),
        };
        state.objects.push(ObjectState {
            resource: if group.is_empty() {
                plural
            } else {
                format!("{plural}.{group}")
            },
            name: name.to_owned(),
            application: application(&metadata),
            labels: metadata.labels.unwrap_or_default(),
            synced,
        });
    }

    /// The cluster's state.
    pub fn finish(mut self) -> ClusterState {
        let pods = std::mem::take(&mut self.pods);
        for claim in std::mem::take(&mut self.claims) {
            self.claim(claim, &pods);
        }
        let has_velero = self.server.is_some()
            || self.version.is_some()
            || !self.cluster.schedules.is_empty()
            || !self.cluster.locations.is_empty();
        if self.cluster.server.is_none() && has_velero {
            let mut server = self.server.take().unwrap_or_default();
            if let Some(version) = self.version.as_deref().and_then(|version| version.parse().ok()) {
                server.version = version;
            }
            server.node_agent = self.node_agent;
            self.cluster.server = Some(server);
        }
        let templates = self
            .cluster
            .schedules
            .iter()
            .map(|schedule| &schedule.spec.template);
        let specs = templates.chain(self.cluster.scopes.iter().map(|(_, spec)| spec));
        let named: BTreeSet<String> = specs
            .filter_map(|spec| Some(spec.resource_policy.as_ref()?.name.clone()))
            .collect();
        for name in named {
            match self.config_maps.get(&name).map(ResourcePolicies::from_data) {
                Some(Ok(policies)) => _ = self.cluster.policies.insert(name, policies),
                Some(Err(error)) => _ = self.cluster.refused_policies.insert(name, chain(&error)),
                None => {}
            }
        }
        // What comes with every cluster, and Velero's own, which is installed and not restored.
        let own = [
            "kube-system",
            "kube-public",
            "kube-node-lease",
            self.velero_namespace.as_str(),
        ];
        let namespaces = self.namespaces.into_values();
        self.cluster.namespaces = namespaces
            .filter(|namespace| !own.contains(&namespace.name.as_str()))
            .collect();
        self.cluster
    }

    fn claim(&mut self, claim: PersistentVolumeClaim, pods: &[Pod]) {
        let metadata = claim.metadata;
        let (Some(namespace), Some(name)) = (metadata.namespace.clone(), metadata.name.clone()) else {
            return;
        };
        let spec = claim.spec.unwrap_or_default();
        let capacity = claim
            .status
            .and_then(|status| status.capacity)
            .unwrap_or_default();
        let requested = spec
            .resources
            .and_then(|resources| resources.requests)
            .unwrap_or_default();
        let size = capacity.get("storage").or_else(|| requested.get("storage"));
        let driver = spec
            .volume_name
            .as_ref()
            .and_then(|volume| self.drivers.get(volume))
            .cloned();
        let annotations = metadata.annotations.as_ref();
        let volume = VolumeState {
            has_snapshot_class: driver
                .as_ref()
                .is_some_and(|driver| self.snapshot_drivers.contains(driver)),
            driver,
            volume_mode: spec.volume_mode,
            access_modes: spec.access_modes.unwrap_or_default(),
            storage_class: spec.storage_class_name,
            bytes: size.and_then(|size| bytes_of(&size.0)).unwrap_or(0),
            files: None,
            pod: pods.iter().find_map(|pod| mounting(pod, &namespace, &name)),
            disposable: annotations
                .is_some_and(|all| all.get(DISPOSABLE).is_some_and(|value| value == "true")),
            application: application(&metadata),
            labels: metadata.labels.unwrap_or_default(),
            claim: name,
        };
        let state = self.state_of(&namespace);
        state.object_count += 1;
        state.volumes.push(volume);
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The Application an object is tracked by.
fn application(metadata: &ObjectMeta) -> Option<String> {
    let id = metadata.annotations.as_ref()?.get(TRACKING_ID)?;
    let (application, object) = id.split_once(':')?;
    // A copy names the object it was copied from, and is not Argo CD's.
    let (_, place) = object.split_once(':')?;
    let own = (metadata.namespace.as_deref(), metadata.name.as_deref());
    (place
        .split_once('/')
        .map(|(namespace, name)| (Some(namespace), Some(name)))
        == Some(own))
    .then(|| application.to_owned())
}

/// The pod, if it mounts the claim.
fn mounting(pod: &Pod, namespace: &str, claim: &str) -> Option<VolumePod> {
    if pod.metadata.namespace.as_deref() != Some(namespace) {
        return None;
    }
    let mut volumes = pod.spec.as_ref()?.volumes.iter().flatten();
    let volume = volumes.find(|volume| {
        let source = volume.persistent_volume_claim.as_ref();
        source.is_some_and(|source| source.claim_name == claim)
    })?;
    let named = |annotation: &str| {
        let listed = pod
            .metadata
            .annotations
            .as_ref()
            .and_then(|all| all.get(annotation));
        listed.is_some_and(|names| names.split(',').any(|name| name.trim() == volume.name))
    };
    Some(VolumePod {
        name: pod.metadata.name.clone().unwrap_or_default(),
        labels: pod.metadata.labels.clone().unwrap_or_default(),
        opts_in: named("backup.velero.io/backup-volumes"),
        opts_out: named("backup.velero.io/backup-volumes-excludes"),
    })
}

#[derive(Deserialize)]
struct AnyObject {
    #[serde(default)]
    metadata: ObjectMeta,
}

#[derive(Deserialize)]
struct SnapshotClass {
    #[serde(default)]
    metadata: ObjectMeta,
    driver: String,
}
