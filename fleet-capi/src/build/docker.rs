//! Clusters for development: of Docker containers, and of machines that are only pretended.

use std::collections::BTreeMap;

use fleet_core::yaml::FieldPath;

use super::ClusterSpec;
use super::kubeadm::Node;
use super::platform::{Machines, forbidden, halves};
use crate::admission::Problem;
use crate::docker::v1beta2::{
    DevCluster, DevClusterBackend, DevClusterSpec, DevMachineBackend, DevMachineSpec, DevMachineTemplate,
    DevMachineTemplateResource, DevMachineTemplateSpec, DockerClusterBackend, DockerMachineBackend,
    InMemoryClusterBackend, InMemoryComponent, InMemoryMachineBackend, InMemoryProvisioning,
};
use crate::{GoDuration, Object};

/// Containers on the machine that the provider runs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Docker {}

/// Machines that are only pretended: each has an API server and an etcd that answer, and nothing behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InMemory {
    startup: GoDuration,
}

impl Default for InMemory {
    /// Machines that are up after two seconds.
    fn default() -> Self {
        Self { startup: "2s".into() }
    }
}

impl InMemory {
    /// How long a machine takes to come up, in Go's notation: `30s`, and `1h` for one that never does.
    pub fn startup(mut self, duration: impl Into<GoDuration>) -> Self {
        self.startup = duration.into();
        self
    }
}

const KINDS: (&str, &str) = ("DevCluster", "DevMachineTemplate");

impl Docker {
    pub(super) const KINDS: (&'static str, &'static str) = KINDS;

    #[allow(clippy::unused_self, reason = "every platform is asked in the same way")]
    pub(super) fn cluster(&self, spec: &ClusterSpec) -> Object {
        cluster(
            spec,
            DevClusterBackend {
                docker: Some(DockerClusterBackend::default()),
                ..DevClusterBackend::default()
            },
        )
    }

    #[allow(clippy::unused_self, reason = "every platform is asked in the same way")]
    pub(super) fn machines(&self, spec: &ClusterSpec, machines: &Machines<'_>) -> Object {
        let docker = DockerMachineBackend {
            custom_image: machines.image.map(str::to_owned),
            ..DockerMachineBackend::default()
        };
        template(
            spec,
            machines,
            DevMachineBackend {
                docker: Some(docker),
                ..DevMachineBackend::default()
            },
        )
    }

    #[allow(clippy::unused_self, reason = "every platform is asked in the same way")]
    pub(super) fn node(&self, _: &ClusterSpec, _: &str, _: bool) -> Node {
        Node {
            // kind's images run containerd; and a template that says nothing at all is refused.
            cri_socket: Some(CRI_SOCKET),
            // The load balancer in front of the API servers is reached from the host, too.
            cert_sans: LOCAL.map(str::to_owned).to_vec(),
            ..Node::default()
        }
    }

    #[allow(clippy::unused_self, reason = "every platform is asked in the same way")]
    pub(super) fn mistakes(&self, spec: &ClusterSpec) -> Vec<(FieldPath, Problem)> {
        sizes(spec, "containers have the size of their host")
    }
}

impl InMemory {
    pub(super) const KINDS: (&'static str, &'static str) = KINDS;

    #[allow(clippy::unused_self, reason = "every platform is asked in the same way")]
    pub(super) fn cluster(&self, spec: &ClusterSpec) -> Object {
        cluster(
            spec,
            DevClusterBackend {
                in_memory: Some(InMemoryClusterBackend::default()),
                ..DevClusterBackend::default()
            },
        )
    }

    pub(super) fn machines(&self, spec: &ClusterSpec, machines: &Machines<'_>) -> Object {
        let component = |duration: GoDuration| {
            Some(InMemoryComponent {
                provisioning: Some(InMemoryProvisioning {
                    startup_duration: duration,
                    ..InMemoryProvisioning::default()
                }),
                ..InMemoryComponent::default()
            })
        };
        let quick = || component("1s".into());
        let in_memory = InMemoryMachineBackend {
            api_server: if machines.is_control_plane { quick() } else { None },
            etcd: if machines.is_control_plane { quick() } else { None },
            node: quick(),
            vm: component(self.startup.clone()),
            ..InMemoryMachineBackend::default()
        };
        template(
            spec,
            machines,
            DevMachineBackend {
                in_memory: Some(in_memory),
                ..DevMachineBackend::default()
            },
        )
    }

    #[allow(clippy::unused_self, reason = "every platform is asked in the same way")]
    pub(super) fn node(&self, _: &ClusterSpec, _: &str, _: bool) -> Node {
        Node {
            cri_socket: Some(CRI_SOCKET),
            cert_sans: LOCAL.map(str::to_owned).to_vec(),
            ..Node::default()
        }
    }

    #[allow(clippy::unused_self, reason = "every platform is asked in the same way")]
    pub(super) fn mistakes(&self, spec: &ClusterSpec) -> Vec<(FieldPath, Problem)> {
        let mut found = sizes(spec, "pretended machines have no size");
        let images = halves(spec, "image", |it| it.image.is_some(), |it| it.image.is_some());
        let said = images.into_iter().filter(|(_, said)| *said);
        found.extend(said.map(|(path, _)| forbidden(path, "pretended machines have no image")));
        found
    }
}

const CRI_SOCKET: &str = "unix:///var/run/containerd/containerd.sock";

const LOCAL: [&str; 2] = ["localhost", "127.0.0.1"];

fn sizes(spec: &ClusterSpec, reason: &'static str) -> Vec<(FieldPath, Problem)> {
    let settings = [
        halves(
            spec,
            "instanceType",
            |it| it.instance_type.is_some(),
            |it| it.instance_type.is_some(),
        ),
        halves(
            spec,
            "diskGib",
            |it| it.disk_gib.is_some(),
            |it| it.disk_gib.is_some(),
        ),
    ];
    let said = settings.into_iter().flatten().filter(|(_, said)| *said);
    said.map(|(path, _)| forbidden(path, reason)).collect()
}

fn cluster(spec: &ClusterSpec, backend: DevClusterBackend) -> Object {
    let mut cluster = DevCluster::new(
        &spec.name,
        DevClusterSpec {
            backend,
            ..DevClusterSpec::default()
        },
    );
    cluster.metadata = spec.meta(&spec.name);
    // Cluster API 1.14.2 panics on a DevCluster without any annotation.
    cluster.metadata.annotations = Some(BTreeMap::from([(
        "fleet-sdk.dev/cluster".to_owned(),
        spec.name.clone(),
    )]));
    cluster.into()
}

fn template(spec: &ClusterSpec, machines: &Machines<'_>, backend: DevMachineBackend) -> Object {
    let mut template = DevMachineTemplate::new(
        &machines.template,
        DevMachineTemplateSpec {
            template: DevMachineTemplateResource {
                spec: DevMachineSpec {
                    backend,
                    ..DevMachineSpec::default()
                },
                ..DevMachineTemplateResource::default()
            },
            ..DevMachineTemplateSpec::default()
        },
    );
    template.metadata = spec.meta(&machines.template);
    template.into()
}
