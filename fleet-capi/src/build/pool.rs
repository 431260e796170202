//! Pools of workers.

use std::collections::BTreeMap;

use crate::meta::{MachineTaint, TaintEffect, TaintPropagation};

/// Workers of one make.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePool {
    pub(super) name: String,
    pub(super) replicas: u32,
    pub(super) instance_type: Option<String>,
    pub(super) image: Option<String>,
    pub(super) disk_gib: Option<u32>,
    pub(super) failure_domain: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) taints: Vec<MachineTaint>,
    pub(super) bounds: Option<(u32, u32)>,
    pub(super) class: Option<String>,
}

impl NodePool {
    /// A pool of so many machines. Its `MachineDeployment` is called after the cluster and the pool.
    pub fn new(name: impl Into<String>, replicas: u32) -> Self {
        Self {
            name: name.into(),
            replicas,
            instance_type: None,
            image: None,
            disk_gib: None,
            failure_domain: None,
            labels: BTreeMap::new(),
            taints: Vec::new(),
            bounds: None,
            class: None,
        }
    }

    /// The size of the machines, as the platform calls it: `m6i.large`, `Standard_D4s_v5`; on vSphere as processors and
    /// memory in MiB, such as `4x16384`.
    pub fn instance_type(mut self, instance_type: impl Into<String>) -> Self {
        self.instance_type = Some(instance_type.into());
        self
    }

    /// The machine image: an AMI's id, an Azure image's id, a vSphere template, a Docker image. Where none is said the
    /// platform looks for its own of the Kubernetes version; vSphere has none.
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// The size of the machines' first disk, in GiB.
    pub fn disk_gib(mut self, size: u32) -> Self {
        self.disk_gib = Some(size);
        self
    }

    /// The failure domain of all its machines, such as an availability zone.
    pub fn failure_domain(mut self, domain: impl Into<String>) -> Self {
        self.failure_domain = Some(domain.into());
        self
    }

    /// Labels of the machines. Cluster API takes those of `node.cluster.x-k8s.io/` and
    /// `node-role.kubernetes.io/` over to the nodes.
    pub fn labels<K: Into<String>, V: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.labels
            .extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// A taint of the nodes, kept there for good. The management cluster needs Cluster API's feature gate
    /// `MachineTaintPropagation`.
    pub fn taint(mut self, key: impl Into<String>, value: impl Into<String>, effect: TaintEffect) -> Self {
        self.taints.push(MachineTaint {
            effect,
            key: key.into(),
            propagation: TaintPropagation::Always,
            value: Some(value.into()),
            extra: fleet_core::Extra::new(),
        });
        self
    }

    /// The cluster autoscaler keeps the number of machines between these; then it is only where it starts.
    pub fn autoscaled(mut self, least: u32, most: u32) -> Self {
        self.bounds = Some((least, most));
        self
    }

    /// The class of workers in the `ClusterClass`; `default-worker` where none is said.
    pub fn class(mut self, class: impl Into<String>) -> Self {
        self.class = Some(class.into());
        self
    }
}
