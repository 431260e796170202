//! Cluster API for the Docker and development provider, infrastructure.cluster.x-k8s.io/v1beta2.

mod dev_cluster;
mod dev_machine_template;
mod docker_cluster;
mod docker_machine_template;

pub use crate::docker::parts::{
    ConfigMapReference, DevMachineBackend, DevMachineSpec, DevMachineTemplateResource, DockerLoadBalancer,
    DockerMachineBackend, DockerMachineSpec, DockerMachineTemplateResource, InMemoryClusterBackend,
    InMemoryComponent, InMemoryMachineBackend, InMemoryProvisioning, Mount,
};
pub use dev_cluster::{
    DevCluster, DevClusterBackend, DevClusterSpec, DevClusterStatus, DockerClusterBackend,
};
pub use dev_machine_template::{DevMachineTemplate, DevMachineTemplateSpec, DevMachineTemplateStatus};
pub use docker_cluster::{DockerCluster, DockerClusterSpec, DockerClusterStatus};
pub use docker_machine_template::{
    DockerMachineTemplate, DockerMachineTemplateSpec, DockerMachineTemplateStatus,
};
