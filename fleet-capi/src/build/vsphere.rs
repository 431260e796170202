//! Clusters on vSphere, with virtual machines for machines.

use fleet_core::yaml::FieldPath;

use super::ClusterSpec;
use super::kubeadm::Node;
use super::platform::{Machines, halves, missing};
use crate::Object;
use crate::admission::Problem;
use crate::meta::ApiEndpoint;
use crate::v1beta2::User;
use crate::vsphere::v1beta2::{
    CloneMode, IdentityKind, IdentityReference, NetworkDevice, NetworkSpec, PowerOffMode, VSphereCluster,
    VSphereClusterSpec, VSphereMachineSpec, VSphereMachineTemplate, VSphereMachineTemplateResource,
    VSphereMachineTemplateSpec,
};

/// A vCenter, where in it the machines are, and what is special about a cluster there.
///
/// The API server's address is a virtual one: something on the control plane must announce it, such as kube-vip in a static pod,
/// which [`ControlPlane::file`](super::ControlPlane::file) brings there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vsphere {
    server: String,
    endpoint: String,
    thumbprint: Option<String>,
    credentials: Option<String>,
    datacenter: Option<String>,
    datastore: Option<String>,
    folder: Option<String>,
    resource_pool: Option<String>,
    networks: Vec<String>,
    template: Option<String>,
    ssh_keys: Vec<String>,
}

impl Vsphere {
    pub(super) const KINDS: (&'static str, &'static str) = ("VSphereCluster", "VSphereMachineTemplate");

    /// The address of a vCenter, and the one that the cluster's API server gets.
    pub fn new(server: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            endpoint: endpoint.into(),
            ..Self::default()
        }
    }

    /// The SHA-1 checksum of the vCenter's certificate.
    pub fn thumbprint(mut self, thumbprint: impl Into<String>) -> Self {
        self.thumbprint = Some(thumbprint.into());
        self
    }

    /// The Secret that holds the credentials for the vCenter; called after the cluster where none is said.
    pub fn credentials(mut self, secret: impl Into<String>) -> Self {
        self.credentials = Some(secret.into());
        self
    }

    /// The datacenter, by name or path.
    pub fn datacenter(mut self, datacenter: impl Into<String>) -> Self {
        self.datacenter = Some(datacenter.into());
        self
    }

    /// The datastore, by name or path.
    pub fn datastore(mut self, datastore: impl Into<String>) -> Self {
        self.datastore = Some(datastore.into());
        self
    }

    /// The folder of the machines, by name or path.
    pub fn folder(mut self, folder: impl Into<String>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The resource pool, by name or path.
    pub fn resource_pool(mut self, pool: impl Into<String>) -> Self {
        self.resource_pool = Some(pool.into());
        self
    }

    /// A network of the machines, with addresses from DHCP.
    pub fn network(mut self, network: impl Into<String>) -> Self {
        self.networks.push(network.into());
        self
    }

    /// The template that machines are cloned from, which holds the image, where a half says none of its own.
    pub fn template(mut self, template: impl Into<String>) -> Self {
        self.template = Some(template.into());
        self
    }

    /// A public SSH key for the user `capv` of the machines.
    pub fn ssh_key(mut self, key: impl Into<String>) -> Self {
        self.ssh_keys.push(key.into());
        self
    }

    pub(super) fn cluster(&self, spec: &ClusterSpec) -> Object {
        let secret = self.credentials.clone().unwrap_or_else(|| spec.name.clone());
        let mut cluster = VSphereCluster::new(
            &spec.name,
            VSphereClusterSpec {
                control_plane_endpoint: Some(ApiEndpoint {
                    host: Some(self.endpoint.clone()),
                    port: Some(6443),
                    ..ApiEndpoint::default()
                }),
                identity_ref: Some(IdentityReference {
                    kind: IdentityKind::Secret,
                    name: secret,
                    extra: fleet_core::Extra::new(),
                }),
                server: self.server.clone(),
                thumbprint: self.thumbprint.clone(),
                ..VSphereClusterSpec::default()
            },
        );
        cluster.metadata = spec.meta(&spec.name);
        cluster.into()
    }

    pub(super) fn machines(&self, spec: &ClusterSpec, machines: &Machines<'_>) -> Object {
        let (processors, memory) = machines.instance_type.and_then(size).unwrap_or(SIZE);
        let device = |network: &String| NetworkDevice {
            dhcp4: Some(true),
            network_name: network.clone(),
            ..NetworkDevice::default()
        };
        let image = machines.image.or(self.template.as_deref()).unwrap_or_default();
        let machine = VSphereMachineSpec {
            clone_mode: Some(CloneMode::Linked),
            datacenter: self.datacenter.clone(),
            datastore: self.datastore.clone(),
            disk_gib: machines.disk_gib.map(super::objects::count),
            folder: self.folder.clone(),
            memory_mib: Some(memory),
            network: NetworkSpec {
                devices: self.networks.iter().map(device).collect(),
                ..NetworkSpec::default()
            },
            num_cpus: Some(processors),
            power_off_mode: Some(PowerOffMode::TrySoft),
            resource_pool: self.resource_pool.clone(),
            server: Some(self.server.clone()),
            template: image.to_owned(),
            thumbprint: self.thumbprint.clone(),
            ..VSphereMachineSpec::default()
        };
        let mut template = VSphereMachineTemplate::new(
            &machines.template,
            VSphereMachineTemplateSpec {
                template: VSphereMachineTemplateResource {
                    spec: Some(machine),
                    ..VSphereMachineTemplateResource::default()
                },
                ..VSphereMachineTemplateSpec::default()
            },
        );
        template.metadata = spec.meta(&machines.template);
        template.into()
    }

    pub(super) fn node(&self, _: &ClusterSpec, _: &str, _: bool) -> Node {
        let user = User {
            name: "capv".to_owned(),
            ssh_authorized_keys: Some(self.ssh_keys.clone()),
            sudo: Some("ALL=(ALL) NOPASSWD:ALL".to_owned()),
            ..User::default()
        };
        Node {
            name: Some("{{ local_hostname }}"),
            external_cloud: true,
            users: if self.ssh_keys.is_empty() {
                Vec::new()
            } else {
                vec![user]
            },
            ..Node::default()
        }
    }

    pub(super) fn mistakes(&self, spec: &ClusterSpec) -> Vec<(FieldPath, Problem)> {
        let at = |field: &str| FieldPath::root().field("vsphere").field(field);
        let mut found = Vec::new();
        for (value, field, expected) in [
            (&self.server, "server", "the address of a vCenter"),
            (&self.endpoint, "endpoint", "the address that the API server gets"),
        ] {
            if value.is_empty() {
                found.push(missing(at(field), expected));
            }
        }
        if self.networks.is_empty() {
            found.push(missing(at("network"), "a network of the machines"));
        }
        if self.template.is_none() {
            let images = halves(spec, "image", |it| it.image.is_some(), |it| it.image.is_some());
            let without = images.into_iter().filter(|(_, said)| !said);
            found
                .extend(without.map(|(path, _)| missing(path, "the template that machines are cloned from")));
        }
        let sizes = halves(
            spec,
            "instanceType",
            |it| it.instance_type.as_deref(),
            |it| it.instance_type.as_deref(),
        );
        for (path, text) in sizes {
            if let Some(text) = text.filter(|text| size(text).is_none()) {
                let problem = Problem::Invalid {
                    found: format!("{text:?}"),
                    expected: "processors and memory in MiB, such as 4x16384",
                };
                found.push((path, problem));
            }
        }
        found
    }
}

/// Processors and memory in MiB, from a text such as `4x16384`.
fn size(text: &str) -> Option<(i32, i64)> {
    let (processors, memory) = text.split_once('x')?;
    let (processors, memory) = (processors.parse().ok()?, memory.parse().ok()?);
    (processors > 0 && memory > 0).then_some((processors, memory))
}

const SIZE: (i32, i64) = (2, 8192);
