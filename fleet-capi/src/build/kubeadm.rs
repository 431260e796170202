//! What kubeadm is told on the machines of a platform.

use super::ClusterSpec;
use crate::v1beta2::{
    ApiServer, Arg, ClusterConfiguration, ControlPlaneComponent, DiskSetup, Etcd, File, InitConfiguration,
    JoinConfiguration, KubeadmConfigSpec, LocalEtcd, NodeRegistration, User,
};

/// What a platform asks of kubeadm on a machine of its.
#[derive(Default)]
pub(super) struct Node {
    /// The name of the node, where it is not the machine's own.
    pub name: Option<&'static str>,
    pub cri_socket: Option<&'static str>,
    /// The cloud provider is an external one.
    pub external_cloud: bool,
    pub files: Vec<File>,
    pub users: Vec<User>,
    pub commands: Vec<String>,
    pub disks: Option<DiskSetup>,
    pub mounts: Vec<Vec<String>>,
    pub etcd_directory: Option<&'static str>,
    pub cert_sans: Vec<String>,
}

pub(super) fn arg(name: &str, value: &str) -> Arg {
    Arg {
        name: name.to_owned(),
        value: value.to_owned(),
        ..Arg::default()
    }
}

/// Of the control plane's machines.
pub(super) fn control_plane(spec: &ClusterSpec, node: Node) -> KubeadmConfigSpec {
    let control_plane = &spec.control_plane;
    let mut cert_sans = control_plane.cert_sans.clone();
    cert_sans.extend(node.cert_sans.clone());
    let api_server = ApiServer {
        cert_sans: listed(cert_sans),
        extra_args: listed(control_plane.args()),
        extra_volumes: listed(control_plane.volumes()),
        ..ApiServer::default()
    };
    let controller_manager = node.external_cloud.then(|| ControlPlaneComponent {
        extra_args: Some(vec![arg("cloud-provider", "external")]),
        ..ControlPlaneComponent::default()
    });
    let etcd = node.etcd_directory.map(|directory| Etcd {
        local: Some(LocalEtcd {
            data_dir: Some(directory.to_owned()),
            ..LocalEtcd::default()
        }),
        ..Etcd::default()
    });
    let configuration = ClusterConfiguration {
        api_server: (api_server != ApiServer::default()).then_some(api_server),
        controller_manager,
        etcd,
        ..ClusterConfiguration::default()
    };
    let registration = registration(&node);
    let mut config = machine(node);
    config.cluster_configuration =
        (configuration != ClusterConfiguration::default()).then_some(configuration);
    config.init_configuration = registration.clone().map(|registration| InitConfiguration {
        node_registration: Some(registration),
        ..InitConfiguration::default()
    });
    config.join_configuration = registration.map(join);
    let files = config
        .files
        .into_iter()
        .flatten()
        .chain(control_plane.all_files());
    config.files = listed(files.collect());
    config
}

/// Of a pool's machines.
pub(super) fn worker(node: Node) -> KubeadmConfigSpec {
    // An empty one would be refused: the machine joins either way.
    let registration = registration(&node);
    let mut config = machine(node);
    config.join_configuration = registration.map(join);
    config
}

fn join(registration: NodeRegistration) -> JoinConfiguration {
    JoinConfiguration {
        node_registration: Some(registration),
        ..JoinConfiguration::default()
    }
}

fn registration(node: &Node) -> Option<NodeRegistration> {
    let cloud = node
        .external_cloud
        .then(|| vec![arg("cloud-provider", "external")]);
    let registration = NodeRegistration {
        cri_socket: node.cri_socket.map(str::to_owned),
        kubelet_extra_args: cloud,
        name: node.name.map(str::to_owned),
        ..NodeRegistration::default()
    };
    (registration != NodeRegistration::default()).then_some(registration)
}

fn machine(node: Node) -> KubeadmConfigSpec {
    KubeadmConfigSpec {
        disk_setup: node.disks,
        files: listed(node.files),
        mounts: listed(node.mounts),
        pre_kubeadm_commands: listed(node.commands),
        users: listed(node.users),
        ..KubeadmConfigSpec::default()
    }
}

/// A list that says something.
pub(super) fn listed<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}
