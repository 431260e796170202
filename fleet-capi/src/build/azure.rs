//! Clusters on Azure, with virtual machines for machines.

use fleet_core::yaml::FieldPath;
use k8s_openapi::api::core::v1::ObjectReference;

use super::ClusterSpec;
use super::kubeadm::Node;
use super::platform::{Machines, missing};
use crate::Object;
use crate::admission::Problem;
use crate::azure::v1beta1::{
    AzureCluster, AzureClusterSpec, AzureMachineSpec, AzureMachineTemplate, AzureMachineTemplateResource,
    AzureMachineTemplateSpec, DataDisk, Image, ManagedDisk, NetworkSpec, OsDisk, SubnetRole, SubnetSpec,
    VnetSpec,
};
use crate::v1beta2::{
    DiskSetup, File, Filesystem, Partition, PartitionTableType, SecretKeyReference, SecretSource,
};

/// A location of Azure, a subscription, and what is special about a cluster there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Azure {
    location: String,
    subscription: String,
    resource_group: Option<String>,
    identity: Option<String>,
    ssh_public_key: Option<String>,
    network: Option<Network>,
}

#[derive(Debug, Clone, PartialEq)]
struct Network {
    vnet: String,
    control_plane: String,
    nodes: String,
}

impl Azure {
    pub(super) const KINDS: (&'static str, &'static str) = ("AzureCluster", "AzureMachineTemplate");

    /// A location and a subscription's id.
    pub fn new(location: impl Into<String>, subscription: impl Into<String>) -> Self {
        Self {
            location: location.into(),
            subscription: subscription.into(),
            ..Self::default()
        }
    }

    /// The resource group; called after the cluster where none is said.
    pub fn resource_group(mut self, name: impl Into<String>) -> Self {
        self.resource_group = Some(name.into());
        self
    }

    /// The `AzureClusterIdentity` that the provider acts as.
    pub fn identity(mut self, name: impl Into<String>) -> Self {
        self.identity = Some(name.into());
        self
    }

    /// A public SSH key in base64, for the user `capi` of the machines.
    pub fn ssh_public_key(mut self, key: impl Into<String>) -> Self {
        self.ssh_public_key = Some(key.into());
        self
    }

    /// The address ranges of the virtual network that is made, and of its two subnets.
    pub fn network(
        mut self,
        vnet: impl Into<String>,
        control_plane: impl Into<String>,
        nodes: impl Into<String>,
    ) -> Self {
        self.network = Some(Network {
            vnet: vnet.into(),
            control_plane: control_plane.into(),
            nodes: nodes.into(),
        });
        self
    }

    pub(super) fn cluster(&self, spec: &ClusterSpec) -> Object {
        let group = self.resource_group.clone().unwrap_or_else(|| spec.name.clone());
        let identity = self.identity.as_ref().map(|name| ObjectReference {
            api_version: Some("infrastructure.cluster.x-k8s.io/v1beta1".to_owned()),
            kind: Some("AzureClusterIdentity".to_owned()),
            name: Some(name.clone()),
            ..ObjectReference::default()
        });
        let mut cluster = AzureCluster::new(
            &spec.name,
            AzureClusterSpec {
                identity_ref: identity,
                location: self.location.clone(),
                network_spec: Some(self.network_of(spec)),
                resource_group: Some(group),
                subscription_id: Some(self.subscription.clone()),
                ..AzureClusterSpec::default()
            },
        );
        cluster.metadata = spec.meta(&spec.name);
        cluster.into()
    }

    fn network_of(&self, spec: &ClusterSpec) -> NetworkSpec {
        let ranges =
            |of: fn(&Network) -> &String| self.network.as_ref().map(|network| vec![of(network).clone()]);
        let subnet = |role: SubnetRole, suffix: &str, cidr_blocks| SubnetSpec {
            cidr_blocks,
            id: None,
            name: format!("{}-{suffix}-subnet", spec.name),
            nat_gateway: None,
            private_endpoints: None,
            role,
            route_table: None,
            security_group: None,
            service_endpoints: None,
            extra: fleet_core::Extra::new(),
        };
        NetworkSpec {
            subnets: Some(vec![
                subnet(
                    SubnetRole::ControlPlane,
                    "control-plane",
                    ranges(|network| &network.control_plane),
                ),
                subnet(SubnetRole::Node, "node", ranges(|network| &network.nodes)),
            ]),
            vnet: Some(VnetSpec {
                cidr_blocks: ranges(|network| &network.vnet),
                name: format!("{}-vnet", spec.name),
                ..VnetSpec::default()
            }),
            ..NetworkSpec::default()
        }
    }

    pub(super) fn machines(&self, spec: &ClusterSpec, machines: &Machines<'_>) -> Object {
        let disk = |size: i32| ManagedDiskSize {
            size,
            disk: ManagedDisk {
                storage_account_type: Some("Premium_LRS".to_owned()),
                ..ManagedDisk::default()
            },
        };
        let system = disk(machines.disk_gib.map_or(128, super::objects::count));
        // etcd writes to a disk of its own, which nothing else slows down.
        let etcd = machines.is_control_plane.then(|| {
            let etcd = disk(256);
            vec![DataDisk {
                disk_size_gb: etcd.size,
                lun: Some(0),
                managed_disk: Some(etcd.disk),
                name_suffix: "etcddisk".to_owned(),
                ..DataDisk::default()
            }]
        });
        let machine = AzureMachineSpec {
            data_disks: etcd,
            image: machines.image.map(|id| Image {
                id: Some(id.to_owned()),
                ..Image::default()
            }),
            os_disk: OsDisk {
                disk_size_gb: Some(system.size),
                managed_disk: Some(system.disk),
                os_type: "Linux".to_owned(),
                ..OsDisk::default()
            },
            ssh_public_key: self.ssh_public_key.clone(),
            vm_size: machines.instance_type.unwrap_or(VM_SIZE).to_owned(),
            ..AzureMachineSpec::default()
        };
        let mut template = AzureMachineTemplate::new(
            &machines.template,
            AzureMachineTemplateSpec {
                template: AzureMachineTemplateResource {
                    spec: machine,
                    ..AzureMachineTemplateResource::default()
                },
                ..AzureMachineTemplateSpec::default()
            },
        );
        template.metadata = spec.meta(&machines.template);
        template.into()
    }

    #[allow(clippy::unused_self, reason = "every platform is asked in the same way")]
    pub(super) fn node(&self, _: &ClusterSpec, template: &str, is_control_plane: bool) -> Node {
        // The provider writes the cloud provider's settings into a Secret that is called after the template.
        let key = if is_control_plane {
            "control-plane-azure.json"
        } else {
            "worker-node-azure.json"
        };
        let settings = File {
            content_from: Some(SecretSource {
                secret: SecretKeyReference {
                    key: key.to_owned(),
                    name: format!("{template}-azure-json"),
                    ..SecretKeyReference::default()
                },
                ..SecretSource::default()
            }),
            owner: Some("root:root".to_owned()),
            path: "/etc/kubernetes/azure.json".to_owned(),
            permissions: Some("0644".to_owned()),
            ..File::default()
        };
        let mut node = Node {
            name: Some("{{ ds.meta_data[\"local_hostname\"] }}"),
            external_cloud: true,
            files: vec![settings],
            ..Node::default()
        };
        if is_control_plane {
            node.disks = Some(etcd_disk());
            node.mounts = vec![vec!["LABEL=etcd_disk".to_owned(), "/var/lib/etcddisk".to_owned()]];
            node.etcd_directory = Some("/var/lib/etcddisk/etcd");
        }
        node
    }

    pub(super) fn mistakes(&self, _: &ClusterSpec) -> Vec<(FieldPath, Problem)> {
        let at = |field: &str| FieldPath::root().field("azure").field(field);
        let mut found = Vec::new();
        if self.location.is_empty() {
            found.push(missing(at("location"), "a location, such as westeurope"));
        }
        if self.subscription.is_empty() {
            found.push(missing(at("subscription"), "the id of a subscription"));
        }
        found
    }
}

struct ManagedDiskSize {
    size: i32,
    disk: ManagedDisk,
}

fn etcd_disk() -> DiskSetup {
    let device = "/dev/disk/azure/scsi1/lun0".to_owned();
    DiskSetup {
        filesystems: Some(vec![Filesystem {
            device: device.clone(),
            extra_opts: Some(vec![
                "-E".to_owned(),
                "lazy_itable_init=1,lazy_journal_init=1".to_owned(),
            ]),
            filesystem: "ext4".to_owned(),
            label: Some("etcd_disk".to_owned()),
            ..Filesystem::default()
        }]),
        partitions: Some(vec![Partition {
            device,
            layout: Some(true),
            overwrite: Some(false),
            table_type: Some(PartitionTableType::Gpt),
            ..Partition::default()
        }]),
        ..DiskSetup::default()
    }
}

/// Two processors and eight GiB.
const VM_SIZE: &str = "Standard_D2s_v5";
