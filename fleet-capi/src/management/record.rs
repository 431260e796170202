//! One object, reduced to what a rollout and an inventory need of it: a Machine of 8 KB becomes one of 2.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleet_core::{Networks, NodeCounts};
use jiff::Timestamp;
use serde_json::Value;

use crate::inventory::{failure_domains, networks, replicas, topology_nodes};
use crate::rollout::read;
use crate::rollout::{ClusterState, GroupKind, MachineGroup, MachineSetState, MachineState, StateError};

/// What is kept of an object.
pub(super) struct Record {
    pub(super) namespace: String,
    pub(super) name: String,
    /// The Cluster it belongs to; none for a control plane, which its Cluster names.
    pub(super) owner: Option<String>,
    /// `metadata.resourceVersion`, which servers count up (KEP-5504): which of two states is the newer one.
    pub(super) revision: Option<u64>,
    pub(super) last_change: Option<Timestamp>,
    pub(super) content: Result<Content, Arc<StateError>>,
}

/// By kind.
pub(super) enum Content {
    Cluster(Box<Head>),
    ControlPlane(Box<ControlPlane>),
    Workers(Box<Workers>),
    Set(Box<MachineSetState>),
    Machine(Box<MachineState>),
}

/// A Cluster object.
pub(super) struct Head {
    pub(super) state: ClusterState,
    pub(super) facts: Facts,
}

/// What an inventory says of a cluster, beside its state.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) infrastructure: String,
    pub(crate) failure_domains: Vec<String>,
    /// As far as the Cluster itself says: its infrastructure object is not watched.
    pub(crate) networks: Networks,
    /// Of a managed topology.
    pub(crate) nodes: Option<NodeCounts>,
    /// Group, kind and name.
    pub(crate) control_plane: Option<(String, String, String)>,
    /// `status.controlPlane`, for control planes that are not looked into.
    pub(crate) reported_version: Option<String>,
    pub(crate) reported_replicas: Option<u32>,
}

#[derive(Clone)]
pub(super) struct ControlPlane {
    pub(super) group: MachineGroup,
    pub(super) replicas: u32,
    pub(super) last_change: Option<Timestamp>,
}

pub(super) struct Workers {
    pub(super) group: MachineGroup,
    pub(super) facts: WorkerFacts,
}

/// What an inventory says of a worker group.
pub(crate) struct WorkerFacts {
    pub(crate) replicas: u32,
    pub(crate) failure_domains: Vec<String>,
}

impl Record {
    /// Reads an object; `None` for one without a name.
    pub(super) fn of(object: &Value, is_control_plane: bool) -> Option<Self> {
        let kind = text(object, "/kind")?;
        let content = match kind {
            _ if is_control_plane => read::group(GroupKind::ControlPlane, object).map(|group| {
                let (replicas, last_change) = (replicas(object), read::last_change(object));
                Content::ControlPlane(Box::new(ControlPlane {
                    group,
                    replicas,
                    last_change,
                }))
            }),
            "Cluster" => read::head(object).map(|state| {
                let facts = Facts::of(object);
                Content::Cluster(Box::new(Head { state, facts }))
            }),
            "MachineDeployment" => workers(GroupKind::MachineDeployment, object),
            "MachinePool" => workers(GroupKind::MachinePool, object),
            "MachineSet" => read::machine_set(object).map(|set| Content::Set(Box::new(set))),
            "Machine" => read::machine(object).map(|machine| Content::Machine(Box::new(machine))),
            _ => return None,
        };
        let owner = if kind == "Cluster" {
            text(object, "/metadata/name")
        } else {
            read::owner(object)
        };
        Some(Self {
            namespace: text(object, "/metadata/namespace").unwrap_or_default().to_owned(),
            name: text(object, "/metadata/name")?.to_owned(),
            owner: owner.map(str::to_owned),
            revision: text(object, "/metadata/resourceVersion").and_then(|text| text.parse().ok()),
            last_change: read::last_change(object),
            content: content.map_err(Arc::new),
        })
    }
}

impl Facts {
    fn of(cluster: &Value) -> Self {
        let labels = cluster.pointer("/metadata/labels").and_then(Value::as_object);
        let labels = labels.into_iter().flatten();
        let reference = |field: &str| text(cluster, &format!("/spec/controlPlaneRef/{field}"));
        let group = reference("apiGroup").or_else(|| Some(reference("apiVersion")?.split_once('/')?.0));
        Self {
            labels: labels
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect(),
            infrastructure: text(cluster, "/spec/infrastructureRef/kind")
                .unwrap_or_default()
                .to_owned(),
            failure_domains: failure_domains(cluster),
            networks: networks(cluster, None),
            nodes: topology_nodes(cluster),
            control_plane: read::control_plane_of(cluster).map(|(kind, name)| {
                let group = group.unwrap_or(super::CONTROL_PLANE_GROUP);
                (group.to_owned(), kind.to_owned(), name.to_owned())
            }),
            reported_version: text(cluster, "/status/controlPlane/versions/0/version").map(str::to_owned),
            reported_replicas: cluster
                .pointer("/status/controlPlane/desiredReplicas")
                .and_then(|count| count.as_u64()?.try_into().ok()),
        }
    }
}

fn workers(kind: GroupKind, object: &Value) -> Result<Content, StateError> {
    let group = read::group(kind, object)?;
    let facts = WorkerFacts {
        replicas: replicas(object),
        failure_domains: failure_domains(object),
    };
    Ok(Content::Workers(Box::new(Workers { group, facts })))
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}
