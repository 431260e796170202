//! The objects of a cluster without a class.

use std::collections::BTreeMap;

use fleet_core::{KubernetesVersion, NodeCounts};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::kubeadm::{self, listed};
use super::platform::Machines;
use super::{AddOn, ClusterSpec, NodePool};
use crate::meta::{ClusterNetwork, NetworkRanges, TemplateMeta};
use crate::v1beta2::{
    self as v1beta2, Bootstrap, Cluster, ClusterResourceSet, ClusterResourceSetSpec, ContractReference,
    DeletionTimeouts, HealthCheckRemediation, HealthChecks, KubeadmConfigTemplate,
    KubeadmConfigTemplateResource, KubeadmConfigTemplateSpec, KubeadmControlPlane,
    KubeadmControlPlaneMachineSpec, KubeadmControlPlaneMachineTemplate, KubeadmControlPlaneSpec,
    MachineDeployment, MachineDeploymentSpec, MachineHealthCheck, MachineHealthCheckSpec, MachineSpec,
    MachineTemplate, RemediationTrigger, UnhealthyNodeCondition,
};
use crate::{CLUSTER_NAME_LABEL, Object};

const INFRASTRUCTURE: &str = "infrastructure.cluster.x-k8s.io";
const BOOTSTRAP: &str = "bootstrap.cluster.x-k8s.io";
const CONTROL_PLANE: &str = "controlplane.cluster.x-k8s.io";

/// Templates, infrastructure, control plane, cluster, workers, health checks, add-ons: each refers to what comes before it.
pub(super) fn objects(spec: &ClusterSpec, version: &KubernetesVersion) -> Vec<Object> {
    let mut objects = Vec::new();
    let name = spec.control_plane_name();
    let half = Machines {
        template: name.clone(),
        instance_type: spec.control_plane.instance_type.as_deref(),
        image: spec.control_plane.image.as_deref(),
        disk_gib: spec.control_plane.disk_gib,
        is_control_plane: true,
    };
    objects.extend(spec.platform.machines(spec, &half));
    for pool in &spec.pools {
        let template = spec.pool_name(pool);
        let half = Machines {
            template: template.clone(),
            instance_type: pool.instance_type.as_deref(),
            image: pool.image.as_deref(),
            disk_gib: pool.disk_gib,
            is_control_plane: false,
        };
        objects.extend(spec.platform.machines(spec, &half));
        objects.push(bootstrap(spec, template).into());
    }
    objects.extend(spec.platform.cluster(spec));
    objects.push(control_plane(spec, version).into());
    objects.push(cluster(spec).into());
    for pool in &spec.pools {
        objects.push(deployment(spec, pool, version).into());
    }
    if spec.health_checks {
        // One machine that is replaced takes its etcd with it.
        if spec.control_plane.replicas >= 3 {
            let labels = [("cluster.x-k8s.io/control-plane", "")];
            objects.push(health_check(spec, &name, labels).into());
        }
        for pool in &spec.pools {
            let name = spec.pool_name(pool);
            let labels = [("cluster.x-k8s.io/deployment-name", name.as_str())];
            objects.push(health_check(spec, &name, labels).into());
        }
    }
    objects.extend(add_ons(spec));
    objects
}

impl ClusterSpec {
    pub(super) fn control_plane_name(&self) -> String {
        format!("{}-control-plane", self.name)
    }

    pub(super) fn pool_name(&self, pool: &NodePool) -> String {
        format!("{}-{}", self.name, pool.name)
    }

    /// Name and namespace of one of its objects, and the label that says whose it is.
    pub(super) fn meta(&self, name: impl Into<String>) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.into()),
            namespace: self.namespace.clone(),
            labels: Some(BTreeMap::from([(
                CLUSTER_NAME_LABEL.to_owned(),
                self.name.clone(),
            )])),
            ..ObjectMeta::default()
        }
    }

    /// The metadata of the Cluster itself.
    pub(super) fn cluster_meta(&self) -> ObjectMeta {
        let mut meta = self.meta(&self.name);
        let labels = meta.labels.get_or_insert_default();
        labels.extend(self.labels.clone());
        meta.annotations = (!self.annotations.is_empty()).then(|| self.annotations.clone());
        meta
    }

    pub(super) fn network(&self) -> ClusterNetwork {
        let ranges = |blocks: &Vec<String>| {
            listed(blocks.clone()).map(|cidr_blocks| NetworkRanges {
                cidr_blocks,
                ..NetworkRanges::default()
            })
        };
        ClusterNetwork {
            pods: ranges(&self.pods),
            services: ranges(&self.services),
            service_domain: self.service_domain.clone(),
            ..ClusterNetwork::default()
        }
    }

    /// How many nodes the cluster will have.
    pub fn nodes(&self) -> NodeCounts {
        NodeCounts {
            control_plane: self.control_plane.replicas,
            workers: self.pools.iter().map(|pool| pool.replicas).sum(),
        }
    }
}

fn cluster(spec: &ClusterSpec) -> Cluster {
    let (kind, _) = spec.platform.kinds();
    let mut cluster = Cluster::new(
        &spec.name,
        v1beta2::ClusterSpec {
            cluster_network: Some(spec.network()),
            control_plane_ref: Some(ContractReference::new(
                CONTROL_PLANE,
                "KubeadmControlPlane",
                spec.control_plane_name(),
            )),
            infrastructure_ref: Some(ContractReference::new(INFRASTRUCTURE, kind, &spec.name)),
            ..v1beta2::ClusterSpec::default()
        },
    );
    cluster.metadata = spec.cluster_meta();
    cluster
}

fn control_plane(spec: &ClusterSpec, version: &KubernetesVersion) -> KubeadmControlPlane {
    let name = spec.control_plane_name();
    let (_, kind) = spec.platform.kinds();
    let config = kubeadm::control_plane(spec, spec.platform.node(spec, &name, true));
    let machine = KubeadmControlPlaneMachineSpec {
        deletion: Some(deletion()),
        infrastructure_ref: ContractReference::new(INFRASTRUCTURE, kind, &name),
        ..KubeadmControlPlaneMachineSpec::default()
    };
    let mut control_plane = KubeadmControlPlane::new(
        &name,
        KubeadmControlPlaneSpec {
            kubeadm_config_spec: Some(config)
                .filter(|config| *config != v1beta2::KubeadmConfigSpec::default()),
            machine_template: KubeadmControlPlaneMachineTemplate {
                spec: machine,
                ..KubeadmControlPlaneMachineTemplate::default()
            },
            replicas: Some(count(spec.control_plane.replicas)),
            version: version.to_string(),
            ..KubeadmControlPlaneSpec::default()
        },
    );
    control_plane.metadata = spec.meta(&name);
    control_plane
}

fn bootstrap(spec: &ClusterSpec, name: String) -> KubeadmConfigTemplate {
    let config = kubeadm::worker(spec.platform.node(spec, &name, false));
    let mut template = KubeadmConfigTemplate::new(
        &name,
        KubeadmConfigTemplateSpec {
            template: KubeadmConfigTemplateResource {
                spec: Some(config).filter(|config| *config != v1beta2::KubeadmConfigSpec::default()),
                ..KubeadmConfigTemplateResource::default()
            },
            ..KubeadmConfigTemplateSpec::default()
        },
    );
    template.metadata = spec.meta(name);
    template
}

fn deployment(spec: &ClusterSpec, pool: &NodePool, version: &KubernetesVersion) -> MachineDeployment {
    let name = spec.pool_name(pool);
    let (_, kind) = spec.platform.kinds();
    let labels = BTreeMap::from([
        (CLUSTER_NAME_LABEL.to_owned(), spec.name.clone()),
        ("cluster.x-k8s.io/deployment-name".to_owned(), name.clone()),
    ]);
    let mut all = labels.clone();
    all.extend(pool.labels.clone());
    let machine = MachineSpec {
        bootstrap: Bootstrap {
            config_ref: Some(ContractReference::new(BOOTSTRAP, "KubeadmConfigTemplate", &name)),
            ..Bootstrap::default()
        },
        cluster_name: spec.name.clone(),
        deletion: Some(deletion()),
        failure_domain: pool.failure_domain.clone(),
        infrastructure_ref: ContractReference::new(INFRASTRUCTURE, kind, &name),
        taints: listed(pool.taints.clone()),
        version: Some(version.to_string()),
        ..MachineSpec::default()
    };
    let mut deployment = MachineDeployment::new(
        &name,
        MachineDeploymentSpec {
            cluster_name: spec.name.clone(),
            // Where the autoscaler sets it, the webhook takes its least number; a manifest that said one would fight it.
            replicas: pool.bounds.is_none().then(|| count(pool.replicas)),
            selector: LabelSelector {
                match_labels: Some(labels),
                ..LabelSelector::default()
            },
            template: MachineTemplate {
                metadata: Some(TemplateMeta {
                    labels: Some(all),
                    ..TemplateMeta::default()
                }),
                spec: machine,
                ..MachineTemplate::default()
            },
            ..MachineDeploymentSpec::default()
        },
    );
    deployment.metadata = spec.meta(&name);
    deployment.metadata.annotations = autoscaling(pool);
    deployment
}

/// The cluster autoscaler's bounds.
pub(super) fn autoscaling(pool: &NodePool) -> Option<BTreeMap<String, String>> {
    let (least, most) = pool.bounds?;
    let key = |which: &str| format!("cluster.x-k8s.io/cluster-api-autoscaler-node-group-{which}-size");
    Some(BTreeMap::from([
        (key("min"), least.to_string()),
        (key("max"), most.to_string()),
    ]))
}

fn health_check<'a>(
    spec: &'a ClusterSpec,
    name: &str,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> MachineHealthCheck {
    let labels = labels
        .into_iter()
        .chain([(CLUSTER_NAME_LABEL, spec.name.as_str())]);
    let mut check = MachineHealthCheck::new(
        name,
        MachineHealthCheckSpec {
            checks: Some(health_checks()),
            cluster_name: spec.name.clone(),
            remediation: Some(HealthCheckRemediation {
                trigger_if: Some(remediation_trigger()),
                ..HealthCheckRemediation::default()
            }),
            selector: LabelSelector {
                match_labels: Some(
                    labels
                        .map(|(key, value)| (key.to_owned(), value.to_owned()))
                        .collect(),
                ),
                ..LabelSelector::default()
            },
            ..MachineHealthCheckSpec::default()
        },
    );
    check.metadata = spec.meta(name);
    check
}

fn health_checks() -> HealthChecks {
    let not_ready = |status: &str| UnhealthyNodeCondition {
        status: status.to_owned(),
        timeout_seconds: 300,
        type_: "Ready".to_owned(),
        ..UnhealthyNodeCondition::default()
    };
    HealthChecks {
        node_startup_timeout_seconds: Some(1200),
        unhealthy_node_conditions: Some(vec![not_ready("False"), not_ready("Unknown")]),
        ..HealthChecks::default()
    }
}

fn remediation_trigger() -> RemediationTrigger {
    RemediationTrigger {
        unhealthy_less_than_or_equal_to: Some(IntOrString::String("40%".to_owned())),
        ..RemediationTrigger::default()
    }
}

fn resource_set(spec: &ClusterSpec, add_on: &AddOn) -> ClusterResourceSet {
    let name = format!("{}-{}", spec.name, add_on.name);
    let labels = BTreeMap::from([(CLUSTER_NAME_LABEL.to_owned(), spec.name.clone())]);
    let mut set = ClusterResourceSet::new(
        &name,
        ClusterResourceSetSpec {
            cluster_selector: LabelSelector {
                match_labels: Some(labels),
                ..LabelSelector::default()
            },
            resources: add_on.resources.clone(),
            strategy: Some(add_on.strategy.clone()),
            ..ClusterResourceSetSpec::default()
        },
    );
    set.metadata = spec.meta(name);
    set
}

pub(super) fn add_ons(spec: &ClusterSpec) -> impl Iterator<Item = Object> + '_ {
    spec.add_ons
        .iter()
        .map(|add_on| resource_set(spec, add_on).into())
}

fn deletion() -> DeletionTimeouts {
    DeletionTimeouts {
        node_drain_timeout_seconds: Some(600),
        node_volume_detach_timeout_seconds: Some(300),
        ..DeletionTimeouts::default()
    }
}

pub(super) fn count(number: u32) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
