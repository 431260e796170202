//! A cluster with a managed topology: one object, and the class makes the rest of it.

use fleet_core::KubernetesVersion;
use fleet_core::yaml::FieldPath;

use super::kubeadm::listed;
use super::objects::{add_ons, autoscaling, count};
use super::platform::{forbidden, halves, missing};
use super::{ClusterSpec, NodePool};
use crate::Object;
use crate::admission::Problem;
use crate::meta::TemplateMeta;
use crate::v1beta2::{
    self, ClassReference, Cluster, ClusterClass, ClusterClassSpec, ClusterVariable, ControlPlaneTopology,
    MachineDeploymentClass, MachineDeploymentTopology, Topology, WorkersClass, WorkersTopology,
};

pub(super) fn objects(spec: &ClusterSpec, class: &str, version: &KubernetesVersion) -> Vec<Object> {
    let variable = |(name, value): (&String, &serde_json::Value)| ClusterVariable {
        name: name.clone(),
        value: value.clone(),
        ..ClusterVariable::default()
    };
    let deployments: Vec<_> = spec.pools.iter().map(deployment).collect();
    let topology = Topology {
        class_ref: ClassReference {
            name: class.to_owned(),
            ..ClassReference::default()
        },
        control_plane: Some(ControlPlaneTopology {
            replicas: Some(count(spec.control_plane.replicas)),
            ..ControlPlaneTopology::default()
        }),
        variables: listed(spec.variables.iter().map(variable).collect()),
        version: version.to_string(),
        workers: listed(deployments).map(|deployments| WorkersTopology {
            machine_deployments: Some(deployments),
            ..WorkersTopology::default()
        }),
        ..Topology::default()
    };
    let mut cluster = Cluster::new(
        &spec.name,
        v1beta2::ClusterSpec {
            cluster_network: Some(spec.network()),
            topology: Some(topology),
            ..v1beta2::ClusterSpec::default()
        },
    );
    cluster.metadata = spec.cluster_meta();
    std::iter::once(cluster.into()).chain(add_ons(spec)).collect()
}

fn deployment(pool: &NodePool) -> MachineDeploymentTopology {
    let meta = TemplateMeta {
        annotations: autoscaling(pool),
        labels: (!pool.labels.is_empty()).then(|| pool.labels.clone()),
        ..TemplateMeta::default()
    };
    MachineDeploymentTopology {
        class: worker_class(pool).to_owned(),
        failure_domain: pool.failure_domain.clone(),
        metadata: (meta != TemplateMeta::default()).then_some(meta),
        name: pool.name.clone(),
        replicas: pool.bounds.is_none().then(|| count(pool.replicas)),
        taints: listed(pool.taints.clone()),
        ..MachineDeploymentTopology::default()
    }
}

fn worker_class(pool: &NodePool) -> &str {
    pool.class.as_deref().unwrap_or("default-worker")
}

/// The class as far as the spec relies on it: it is somebody else's, and there already.
pub(super) fn known(spec: &ClusterSpec) -> Vec<Object> {
    let Some(name) = spec.platform.as_class() else {
        return Vec::new();
    };
    let class = |pool: &NodePool| MachineDeploymentClass {
        class: worker_class(pool).to_owned(),
        ..MachineDeploymentClass::default()
    };
    let mut known = ClusterClass::new(
        name,
        ClusterClassSpec {
            workers: Some(WorkersClass {
                machine_deployments: Some(spec.pools.iter().map(class).collect()),
                ..WorkersClass::default()
            }),
            ..ClusterClassSpec::default()
        },
    );
    known.metadata.namespace.clone_from(&spec.namespace);
    vec![known.into()]
}

/// What the class says, and not the cluster.
pub(super) fn mistakes(spec: &ClusterSpec) -> Vec<(FieldPath, Problem)> {
    let reason = "the class says it, or one of its variables";
    let mut found = Vec::new();
    if spec.platform.as_class().is_some_and(str::is_empty) {
        found.push(missing(
            FieldPath::root().field("class"),
            "the name of a ClusterClass",
        ));
    }
    let settings = [
        halves(
            spec,
            "instanceType",
            |it| it.instance_type.is_some(),
            |it| it.instance_type.is_some(),
        ),
        halves(spec, "image", |it| it.image.is_some(), |it| it.image.is_some()),
        halves(
            spec,
            "diskGib",
            |it| it.disk_gib.is_some(),
            |it| it.disk_gib.is_some(),
        ),
        halves(
            spec,
            "apiServerArgs",
            |it| !it.api_server_args.is_empty(),
            |_| false,
        ),
        halves(spec, "certSans", |it| !it.cert_sans.is_empty(), |_| false),
        halves(spec, "files", |it| !it.files.is_empty(), |_| false),
        halves(spec, "auditLog", |it| it.audit_log.is_some(), |_| false),
    ];
    let said = settings.into_iter().flatten().filter(|(_, said)| *said);
    found.extend(said.map(|(path, _)| forbidden(path, reason)));
    found
}
