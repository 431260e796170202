//! What a cluster is to be, in as few words as possible.

use std::collections::BTreeMap;

use fleet_core::KubernetesVersion;
use fleet_core::yaml::FieldPath;
use serde_json::Value;

use super::control_plane::{AuditLog, ControlPlane};
use super::platform::{Platform, forbidden, halves, missing};
use super::{AddOn, NodePool, objects, topology};
use crate::admission::{self, Mistake, Mistakes, Problem};
use crate::conversion::{ApiVersions, to_v1beta1};
use crate::{CLUSTER_NAME_LABEL, Object};

/// A cluster to be made.
///
/// See [the module](super) for an example. Names follow the cluster's: the control plane of `eu` is `eu-control-plane`, its
/// pool `workers` is the `MachineDeployment` `eu-workers`.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterSpec {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) version: Option<KubernetesVersion>,
    pub(super) pods: Vec<String>,
    pub(super) services: Vec<String>,
    pub(super) service_domain: Option<String>,
    pub(super) control_plane: ControlPlane,
    pub(super) pools: Vec<NodePool>,
    pub(super) add_ons: Vec<AddOn>,
    pub(super) health_checks: bool,
    pub(super) variables: BTreeMap<String, Value>,
    pub(super) platform: Platform,
}

impl ClusterSpec {
    /// A cluster on a platform: one control-plane machine and no workers until more is said.
    pub fn new(name: impl Into<String>, platform: impl Into<Platform>) -> Self {
        Self {
            name: name.into(),
            namespace: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            version: None,
            pods: vec!["192.168.0.0/16".to_owned()],
            services: vec!["10.128.0.0/12".to_owned()],
            service_domain: None,
            control_plane: ControlPlane::new(1),
            pools: Vec::new(),
            add_ons: Vec::new(),
            health_checks: true,
            variables: BTreeMap::new(),
            platform: platform.into(),
        }
    }

    /// A cluster on AWS, in a region. For more than the region: [`Aws`](super::Aws).
    #[cfg(feature = "aws")]
    pub fn aws(name: impl Into<String>, region: impl Into<String>) -> Self {
        Self::new(name, super::Aws::new(region))
    }

    /// A cluster on Azure, in a location and a subscription. For more: [`Azure`](super::Azure).
    #[cfg(feature = "azure")]
    pub fn azure(
        name: impl Into<String>,
        location: impl Into<String>,
        subscription: impl Into<String>,
    ) -> Self {
        Self::new(name, super::Azure::new(location, subscription))
    }

    /// A cluster on vSphere, on a vCenter, its API server at an address. For more: [`Vsphere`](super::Vsphere).
    #[cfg(feature = "vsphere")]
    pub fn vsphere(name: impl Into<String>, server: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self::new(name, super::Vsphere::new(server, endpoint))
    }

    /// A cluster of Docker containers, for development.
    #[cfg(feature = "docker")]
    pub fn docker(name: impl Into<String>) -> Self {
        Self::new(name, super::Docker::default())
    }

    /// A cluster whose machines are only pretended, for tests.
    #[cfg(feature = "docker")]
    pub fn in_memory(name: impl Into<String>) -> Self {
        Self::new(name, super::InMemory::default())
    }

    /// A cluster with a managed topology: what it is made of stands in a `ClusterClass`.
    pub fn of_class(name: impl Into<String>, class: impl Into<String>) -> Self {
        Self::new(name, Platform::class(class))
    }

    /// The namespace of all its objects; the one of whoever applies them where none is said.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Labels of the cluster, by which fleets are selected.
    pub fn labels<K: Into<String>, V: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.labels
            .extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// An annotation of the cluster.
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    /// The Kubernetes version of all machines.
    pub fn version(mut self, version: KubernetesVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// The address ranges of pods: one, or one of each family.
    pub fn pods<R: Into<String>>(mut self, ranges: impl IntoIterator<Item = R>) -> Self {
        self.pods = ranges.into_iter().map(Into::into).collect();
        self
    }

    /// The address ranges of services; none for kubeadm's own.
    pub fn services<R: Into<String>>(mut self, ranges: impl IntoIterator<Item = R>) -> Self {
        self.services = ranges.into_iter().map(Into::into).collect();
        self
    }

    /// The DNS domain of services; `cluster.local` where none is said.
    pub fn service_domain(mut self, domain: impl Into<String>) -> Self {
        self.service_domain = Some(domain.into());
        self
    }

    /// The control plane: a number of machines, or a [`ControlPlane`].
    pub fn control_plane(mut self, control_plane: impl Into<ControlPlane>) -> Self {
        self.control_plane = control_plane.into();
        self
    }

    /// A pool of workers.
    pub fn pool(mut self, pool: NodePool) -> Self {
        self.pools.push(pool);
        self
    }

    /// Manifests that the cluster gets as soon as its API server answers.
    pub fn add_on(mut self, add_on: AddOn) -> Self {
        self.add_ons.push(add_on);
        self
    }

    /// No machine is replaced because it is unhealthy.
    pub fn without_health_checks(mut self) -> Self {
        self.health_checks = false;
        self
    }

    /// A value of one of the class's variables, for clusters [of a class](Self::of_class).
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The objects, in an order in which they can be applied, in v1beta2.
    ///
    /// # Errors
    /// All that is missing, and all that [`admission::check`] finds.
    pub fn manifests(&self) -> Result<Vec<Object>, Mistakes> {
        let mistakes = self.mistakes();
        let Some(version) = self.version.as_ref().filter(|_| mistakes.is_empty()) else {
            return Err(mistakes.into_iter().collect());
        };
        let objects = match self.platform.as_class() {
            Some(class) => topology::objects(self, class, version),
            None => objects::objects(self, version),
        };
        // The class is there already.
        admission::check_beside(&objects, &topology::known(self))?;
        Ok(objects)
    }

    /// As [`manifests`](Self::manifests), Cluster API's own kinds in v1beta1. The providers' stay as they are: AWS
    /// serves no other version.
    ///
    /// # Errors
    /// As [`manifests`](Self::manifests).
    pub fn manifests_v1beta1(&self) -> Result<Vec<Object>, Mistakes> {
        let versions = ApiVersions::default();
        let (mut objects, mut mistakes) = (Vec::new(), Vec::new());
        for object in self.manifests()? {
            if object.api_kind().api_version.starts_with("infrastructure.") {
                objects.push(object);
                continue;
            }
            match to_v1beta1(&object, &versions) {
                Ok(object) => objects.push(object),
                Err(error) => mistakes.push(Mistake {
                    kind: object.api_kind().kind.to_owned(),
                    name: object.name().to_owned(),
                    path: FieldPath::root(),
                    problem: Problem::Unconvertible {
                        reason: error.to_string(),
                    },
                }),
            }
        }
        if mistakes.is_empty() {
            return Ok(objects);
        }
        Err(mistakes.into_iter().collect())
    }

    /// What must be said before anything can be made, and what was said in vain.
    fn mistakes(&self) -> Vec<Mistake> {
        let root = FieldPath::root;
        let mut found = Vec::new();
        if self.version.is_none() {
            found.push(missing(root().field("version"), "a Kubernetes version"));
        }
        if self.platform.as_class().is_none() {
            for name in self.variables.keys() {
                let reason = "only a cluster of a class has variables";
                found.push(forbidden(root().field("variables").field(name), reason));
            }
        }
        found.extend(self.platform.mistakes(self));
        if self.labels.contains_key(CLUSTER_NAME_LABEL) {
            let reason = "it is the cluster's own name, and there already";
            found.push(forbidden(
                root().field("labels").field(CLUSTER_NAME_LABEL),
                reason,
            ));
        }
        let sizes = halves(self, "diskGib", |it| it.disk_gib, |it| it.disk_gib);
        found.extend(
            sizes
                .into_iter()
                .filter(|(_, size)| *size == Some(0))
                .map(|(path, _)| {
                    let expected = "a number of GiB";
                    let problem = Problem::Invalid {
                        found: "0".to_owned(),
                        expected,
                    };
                    (path, problem)
                }),
        );
        found.extend(self.control_plane.audit_log.as_ref().and_then(AuditLog::mistake));
        let mut names = std::collections::BTreeSet::new();
        for (index, pool) in self.pools.iter().enumerate() {
            let at = root().field("pools").index(index);
            if !names.insert(&pool.name) {
                let name = pool.name.clone();
                found.push((at.clone().field("name"), Problem::Duplicate { name }));
            }
            for key in pool
                .labels
                .keys()
                .filter(|key| OWN_LABELS.contains(&key.as_str()))
            {
                let reason = "Cluster API selects the pool's machines by it";
                found.push(forbidden(at.clone().field("labels").field(key), reason));
            }
            if pool.class.is_some() && self.platform.as_class().is_none() {
                let reason = "only the pools of a cluster of a class have one";
                found.push(forbidden(at.clone().field("class"), reason));
            }
            if let Some((least, most)) = pool.bounds.filter(|(least, most)| least > most) {
                let problem = Problem::Invalid {
                    found: format!("{least} to {most}"),
                    expected: "a least number that is not above the most",
                };
                found.push((at.field("autoscaled"), problem));
            }
        }
        let mistake = |(path, problem)| Mistake {
            kind: "ClusterSpec".to_owned(),
            name: self.name.clone(),
            path,
            problem,
        };
        found.into_iter().map(mistake).collect()
    }
}

/// By these the machines of a pool are known.
const OWN_LABELS: [&str; 2] = [CLUSTER_NAME_LABEL, "cluster.x-k8s.io/deployment-name"];
